package remote

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"uoma/internal/fault"
)

// longestWait bounds a wait. A source that asks for a longer one has failed: the night does not wait, and coming back
// earlier than told is how one is locked out.
const longestWait = 5 * time.Minute

// Retry is how patient a transport is with its line. The zero value waits 1, 2, 4 and 8 seconds between five attempts.
type Retry struct {
	Attempts int           // in a row without a byte gained; 0 means 5
	Base     time.Duration // first wait, which doubles; 0 means a second
}

// Do calls request until it succeeds, fails for good, or patience ends.
func (r Retry) Do(ctx context.Context, request func() error) error {
	for failures := 0; ; {
		if err := ended(ctx); err != nil {
			return err
		}
		err := request()
		if err == nil {
			return nil
		}
		if err := r.Wait(ctx, &failures, err); err != nil {
			return err
		}
	}
}

// Wait counts a failure and waits until the next attempt. It gives an error when there is to be none.
func (r Retry) Wait(ctx context.Context, failures *int, err error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	if fault.Code(err) == "" && errors.Is(err, fs.ErrPermission) {
		return errDenied.Wrap(err)
	}
	if permanent(err) {
		return err
	}
	attempts, base := r.Attempts, r.Base
	if attempts == 0 {
		attempts = 5
	}
	if base == 0 {
		base = time.Second
	}
	told := later(err)
	if *failures++; *failures >= attempts || told > longestWait {
		return errUnreachable.Wrap(err)
	}
	return Sleep(ctx, max(base<<(*failures-1), told))
}

// Sleep waits, or gives the context's error when that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
