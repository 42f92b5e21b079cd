package parcel

import (
	"bytes"
	"encoding/json"
	"errors"

	"uoma/internal/fault"
)

// encode gives a document's bytes: indented for people, a line end last, no HTML escapes. What it gives, the strict
// reader takes.
func encode(document any, limit int, kind *fault.Error, check func() error) ([]byte, error) {
	if err := check(); err != nil {
		return nil, kind.Because(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return nil, kind.Because(errors.New("a value cannot be written"))
	}
	if b.Len() > limit {
		return nil, kind.Because(errors.New("it is larger than its limit"))
	}
	if _, err := strictTree(b.Bytes()); err != nil {
		return nil, kind.Because(err)
	}
	return b.Bytes(), nil
}
