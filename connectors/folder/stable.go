package folder

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"time"

	"uoma/internal/fault"
)

// Stable is a file of fixed content: [Stable.Read] gives exactly the bytes that the file had when it was wrapped, or an
// error of code UOMA-LND-CHANGED. It is not safe for concurrent use, but ReadAt is when the file's own ReadAt is.
type Stable struct {
	file    fs.File
	name    string
	size    int64
	changed time.Time
	at      int64
	sum     hash.Hash
}

// NewStable notes size and modification time on the open handle. name is for messages only.
func NewStable(file fs.File, name string) (*Stable, error) {
	s := &Stable{file: file, name: Shown(name), sum: sha256.New()}
	info, err := file.Stat()
	if err != nil {
		return nil, errOpen.At(s.place()).Wrap(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errKind.At(s.place())
	}
	s.size, s.changed = info.Size(), info.ModTime()
	return s, nil
}

func (s *Stable) place() fault.Place { return fault.Place{File: s.name} }

// Size gives the noted size in bytes.
func (s *Stable) Size() int64 { return s.size }

// ModTime gives the noted modification time.
func (s *Stable) ModTime() time.Time { return s.changed }

// Sum gives the SHA-256 of what Read has given so far; ReadAt does not count.
func (s *Stable) Sum() [sha256.Size]byte { return [sha256.Size]byte(s.sum.Sum(nil)) }

// Read gives the file from its start. It answers [io.EOF] only after the file proved to be unchanged.
func (s *Stable) Read(p []byte) (int, error) {
	if s.at == s.size {
		return 0, s.end()
	}
	if left := s.size - s.at; int64(len(p)) > left {
		p = p[:left]
	}
	n, err := s.file.Read(p)
	s.at += int64(n)
	s.sum.Write(p[:n])
	if err == io.EOF {
		err = nil
		if s.at < s.size {
			err = errChanged.At(s.place())
		}
	}
	return n, err
}

// end looks for bytes beyond the noted size before it trusts the handle's own description.
func (s *Stable) end() error {
	var more [1]byte
	n, err := s.file.Read(more[:])
	if n > 0 {
		return errChanged.At(s.place())
	}
	if err != nil && err != io.EOF {
		return err
	}
	if err := s.Verify(); err != nil {
		return err
	}
	return io.EOF
}

// ReadAt reads anywhere within the noted size. Call [Stable.Verify] after the last ReadAt. It fails with
// [fs.ErrInvalid] when the transport's files cannot be read out of order.
func (s *Stable) ReadAt(p []byte, off int64) (int, error) {
	ra, ok := s.file.(io.ReaderAt)
	if !ok {
		return 0, &fs.PathError{Op: "readat", Path: s.name, Err: fs.ErrInvalid}
	}
	if off < 0 || off >= s.size {
		return 0, io.EOF
	}
	short := false
	if left := s.size - off; int64(len(p)) > left {
		p, short = p[:left], true
	}
	n, err := ra.ReadAt(p, off)
	if err == io.EOF && n < len(p) {
		return n, errChanged.At(s.place())
	}
	if n == len(p) && short {
		return n, io.EOF
	}
	return n, err
}

// Verify fails when size and modification time on the handle are no longer those noted.
func (s *Stable) Verify() error { return s.noted(s.file.Stat()) }

// VerifyName fails when the name leads to a file of another size or modification time than those noted: a file that was put
// in its place leaves the handle as it was.
func (s *Stable) VerifyName(files fs.FS, name string) error {
	info, err := fs.Stat(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return errChanged.At(s.place())
	}
	return s.noted(info, err)
}

func (s *Stable) noted(info fs.FileInfo, err error) error {
	if fault.Code(err) != "" { // the transport itself says what is wrong
		return err
	}
	if err != nil {
		return errOpen.At(s.place()).Wrap(err)
	}
	if info.Size() != s.size || !info.ModTime().Equal(s.changed) {
		return errChanged.At(s.place())
	}
	return nil
}

// Close closes the file.
func (s *Stable) Close() error { return s.file.Close() }
