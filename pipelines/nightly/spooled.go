package nightly

import (
	"errors"
	"io"

	"uoma/connectors/blob"
)

// spooled is an export in an encrypted file of the workspace, which goes when it is closed.
type spooled struct {
	*blob.File
	store *blob.Store
	name  string
}

// newSpooled copies an export from its start to its end.
func newSpooled(store *blob.Store, name string, r io.Reader) (*spooled, error) {
	w, err := store.Create()
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	if _, err := w.Commit(name, ""); err != nil {
		return nil, err
	}
	f, err := store.Open(name)
	if err != nil {
		return nil, err
	}
	return &spooled{f, store, name}, nil
}

// Close removes the copy.
func (s *spooled) Close() error { return errors.Join(s.File.Close(), s.store.Remove(s.name)) }
