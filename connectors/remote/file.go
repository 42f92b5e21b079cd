package remote

import (
	"errors"
	"io"
	"io/fs"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// File is a file of fixed content, read over a line that may break. It is not safe for concurrent use.
//
// It is no [io.ReaderAt] on purpose: a format that jumps about would make a request of each jump. Such a format reads a
// copy.
type File struct {
	fs     *FS
	entry  Entry
	at     int64
	body   io.ReadCloser // nil before the first read, after a failure and after a jump
	closed bool
}

var _ io.ReadSeekCloser = (*File)(nil)

// Stat asks the source what the file is now, and fails with UOMA-LND-CHANGED when it is not what was opened.
func (f *File) Stat() (fs.FileInfo, error) {
	if f.closed {
		return nil, f.wrong("stat", fs.ErrClosed)
	}
	return f.entry, f.verify()
}

func (f *File) verify() error {
	now, err := f.fs.entry("stat", f.entry.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !f.entry.Same(now) {
		return Changed(f.entry.Path)
	}
	return err
}

// Read gives the file from the current position. Only the size that the file was opened with ends it.
func (f *File) Read(p []byte) (int, error) {
	if f.closed {
		return 0, f.wrong("read", fs.ErrClosed)
	}
	left := f.entry.Bytes - f.at
	if left <= 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(left, int64(len(p)))]
	for failures := 0; ; {
		n, err := f.some(p)
		f.at += int64(n)
		if err != nil {
			f.drop()
		}
		if n > 0 {
			return n, nil
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // too early: the line was cut, or the file
			if err := f.verify(); err != nil {
				return 0, err
			}
		}
		if err := f.fs.retry.Wait(f.fs.ctx, &failures, err); err != nil {
			return 0, f.wrong("read", err)
		}
	}
}

func (f *File) some(p []byte) (int, error) {
	if err := ended(f.fs.ctx); err != nil {
		return 0, err
	}
	if f.body == nil {
		body, err := f.fs.store.From(f.fs.ctx, f.entry, f.at)
		if err != nil {
			return 0, err
		}
		f.body = body
	}
	return f.body.Read(p)
}

func (f *File) drop() {
	if f.body != nil {
		f.body.Close() // only read from
		f.body = nil
	}
}

// Seek sets the position of the next Read.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.entry.Bytes
	}
	if f.closed || offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, f.wrong("seek", fs.ErrInvalid)
	}
	if offset != f.at {
		f.drop()
		f.at = offset
	}
	return offset, nil
}

// Close gives up the download.
func (f *File) Close() error {
	if f.closed {
		return f.wrong("close", fs.ErrClosed)
	}
	f.closed = true
	f.drop()
	return nil
}

func (f *File) wrong(op string, err error) error {
	var own *fault.Error
	if errors.As(err, &own) && own.Place == (fault.Place{}) {
		return own.At(fault.Place{File: folder.Shown(f.entry.Path)})
	}
	return pathError(op, f.entry.Path, err)
}
