package remote

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

var (
	errUnreachable = fault.New("UOMA-SRC-UNREACHABLE", "the server does not answer: several attempts in a row brought nothing",
		"check the network and the server, then run the same date again").For(fault.Source)
	errDenied = fault.New("UOMA-SRC-DENIED", "the server does not let us use the file or folder",
		"ask the server's owner for the right to read it, or of a target to write there").For(fault.Source)
	errChanged = fault.New("UOMA-LND-CHANGED", "the file changed while it was read",
		"let the source write under another name and rename the file when it is complete, then run again").For(fault.Source)
	errMany = fault.New("UOMA-SRC-ENTRIES", "the folder has more entries than an export needs, or its listing does not end",
		"let the source keep a folder of its own for us, and remove old exports").For(fault.Source)
	errKind = fault.New("UOMA-LND-KIND", "only regular files are read, no link, pipe or device",
		"put the file itself into the inbox").For(fault.Source)
)

// Changed is the error of a file that is no longer the one that was described.
func Changed(name string) error { return errChanged.At(fault.Place{File: folder.Shown(name)}) }

// IsChanged tells whether an error is that of [Changed].
func IsChanged(err error) bool { return errors.Is(err, errChanged) }

// Unreachable is the error of a source that was lost, and cannot be read on from where it was lost.
func Unreachable(cause error) error { return errUnreachable.Wrap(cause) }

// permanent tells whether asking again cannot help. What nobody understands may be the line's fault.
func permanent(err error) bool {
	return fault.Code(err) != "" || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) ||
		errors.Is(err, errors.ErrUnsupported)
}

// later gives how long the source asked to wait, 0 when it did not.
func later(err error) time.Duration {
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) {
		return told.RetryAfter()
	}
	return 0
}

// pathError names the path and keeps faults as they are.
func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if own := (*fault.Error)(nil); errors.As(err, &own) && own.Place == (fault.Place{}) {
		err = own.At(fault.Place{File: folder.Shown(name)})
	} else if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: folder.Shown(name), Err: err}
}

// ended gives why a context ended, or nil.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
