package remote

import (
	"context"
	"errors"
	"io"
)

// Whole reads the body of an answer, which may be cut by a context that ends before ctx does. long is the error of one
// that is longer than most.
func Whole(ctx context.Context, body io.Reader, most int64, long error) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case int64(len(b)) > most:
		return nil, long
	case err != nil: // the line was cut, or the time is over
		return nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return b, nil
}
