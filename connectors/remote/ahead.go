package remote

import (
	"context"
	"errors"
	"io"
)

// Fetch reads up to len(p) bytes of a file from an offset on. With an error it gives what came before it.
type Fetch func(ctx context.Context, p []byte, offset int64) (int, error)

// Ahead reads a file from an offset to its size in pieces, several at once, and gives them in order. It holds parallel
// pieces in memory and no more. The bytes before a failure are given before the failure.
func Ahead(ctx context.Context, offset, size int64, piece, parallel int, fetch Fetch) io.ReadCloser {
	ctx, stop := context.WithCancel(ctx)
	return &ahead{ctx: ctx, stop: stop, next: offset, size: size, piece: piece, parallel: parallel, fetch: fetch}
}

type ahead struct {
	ctx      context.Context
	stop     context.CancelFunc
	next     int64 // offset of the piece that is begun next
	size     int64
	piece    int
	parallel int
	fetch    Fetch

	pending []*part
	rest    []byte // of the piece that is given now
	free    []byte // a buffer to be used again
	current []byte // the buffer that rest lies in
	err     error  // sticky, after rest
}

// part is a piece under way. Its fields may be read when done is closed.
type part struct {
	buf  []byte
	n    int
	err  error
	done chan struct{}
}

func (a *ahead) begin() {
	for len(a.pending) < a.parallel && a.next < a.size {
		n := int(min(int64(a.piece), a.size-a.next))
		p := &part{done: make(chan struct{})}
		if p.buf, a.free = a.free, nil; cap(p.buf) < n {
			p.buf = make([]byte, n)
		}
		p.buf = p.buf[:n]
		offset := a.next
		a.next += int64(n)
		a.pending = append(a.pending, p)
		go func() {
			defer close(p.done)
			p.n, p.err = a.fetch(a.ctx, p.buf, offset)
		}()
	}
}

// Read implements [io.Reader].
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		a.free, a.current = a.current, nil
		a.begin()
		if len(a.pending) == 0 {
			a.err = io.EOF
			return 0, a.err
		}
		first := a.pending[0]
		<-first.done // fetch ends with the context
		a.pending = a.pending[1:]
		a.current, a.rest = first.buf, first.buf[:first.n]
		if first.n < len(first.buf) {
			if a.err = first.err; a.err == nil || errors.Is(a.err, io.EOF) {
				a.err = io.ErrUnexpectedEOF
			}
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close ends what is under way.
func (a *ahead) Close() error {
	a.stop()
	for _, p := range a.pending {
		<-p.done
	}
	a.pending, a.rest, a.err = nil, nil, context.Canceled
	return nil
}
