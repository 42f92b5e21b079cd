// Package spool makes a stream readable here and there, for formats that jump about in what is compressed, lies in an
// archive or comes over a network.
//
// [New] reads a stream to its end into an encrypted file of a store, which goes when the spool is closed; on disk it is
// never plain. [Hold] is for whoever has no store: it keeps so much in memory, and no more.
//
// Whoever hands in a stream bounds it: packages archive and compressed do. The package knows no format.
package spool

import (
	"context"
	"errors"
	"io"

	"uoma/connectors/blob"
	"uoma/internal/fault"
)

var (
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end", "check the transport and run again").For(fault.Source)
	errHeld = fault.New("UOMA-LND-HELD", "what is in the archive or the compressed file is too large to be looked at there",
		"unpack it and try it alone; a night reads it as it is").For(fault.Source)
)

// maxHeld is how much is held in memory where there is no place for a copy.
const maxHeld = 512 << 20

// Spool is a stream that was read to its end.
type Spool struct {
	io.ReaderAt
	Size int64

	close func() error
}

// New reads a stream, as long as ctx lives, into a file of that name in store. Without a store it is held in memory.
func New(ctx context.Context, store *blob.Store, name string, r io.Reader) (*Spool, error) {
	r = source{ctx, r}
	if store == nil {
		return Hold(r)
	}
	w, err := store.Create()
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	if err := w.Spool(name); err != nil {
		return nil, err
	}
	f, err := store.Open(name)
	if err != nil {
		return nil, errors.Join(err, store.Remove(name))
	}
	return &Spool{f, f.Size, func() error { return errors.Join(f.Close(), store.Remove(name)) }}, nil
}

// Hold reads a stream into memory: little more than it has, and no more than so much.
func Hold(r io.Reader) (*Spool, error) { return hold(r, maxHeld) }

func hold(r io.Reader, most int64) (*Spool, error) {
	var p pieces
	if _, err := io.Copy(&p, io.LimitReader(r, most+1)); err != nil {
		return nil, err
	}
	if p.size > most {
		return nil, errHeld
	}
	return &Spool{p, p.size, func() error { return nil }}, nil
}

// pieces is a stream in memory. It grows by pieces, as one buffer that grows is there twice each time.
type pieces struct {
	all  [][]byte // each of pieceBytes
	size int64
}

const pieceBytes = 1 << 20

// Write implements [io.Writer].
func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if p.size%pieceBytes == 0 {
			p.all = append(p.all, make([]byte, pieceBytes))
		}
		n := copy(p.all[len(p.all)-1][p.size%pieceBytes:], rest)
		rest, p.size = rest[n:], p.size+int64(n)
	}
	return len(b), nil
}

// ReadAt implements [io.ReaderAt].
func (p pieces) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("an offset below the beginning")
	}
	for n < len(b) && off+int64(n) < p.size {
		at := off + int64(n)
		n += copy(b[n:], p.all[at/pieceBytes][at%pieceBytes:min(pieceBytes, p.size-at+at%pieceBytes)])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Reader reads the spool from its start.
func (s *Spool) Reader() io.Reader { return io.NewSectionReader(s, 0, s.Size) }

// Close removes what was copied.
func (s *Spool) Close() error { return s.close() }

// source reads as long as a context lives. An error that says nothing of itself is one of the export, and not of the store.
type source struct {
	ctx context.Context
	r   io.Reader
}

func (s source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF && fault.Code(err) == "" {
		err = errRead.Wrap(err)
	}
	return n, err
}
