package archive

import (
	"bytes"
	"cmp"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/klauspost/compress/flate"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// node is a path of the archive. It describes itself as [fs.FileInfo] and [fs.DirEntry].
type node struct {
	name     string
	dir      bool
	entry    *entry // nil for a directory
	children []*node
}

var (
	_ fs.FileInfo = (*node)(nil)
	_ fs.DirEntry = (*node)(nil)
)

func (n *node) sort() {
	slices.SortFunc(n.children, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
}

func (n *node) Name() string               { return path.Base(n.name) }
func (n *node) IsDir() bool                { return n.dir }
func (n *node) Type() fs.FileMode          { return n.Mode().Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }
func (n *node) Sys() any                   { return nil }

func (n *node) Size() int64 {
	if n.dir {
		return 0
	}
	return int64(n.entry.size)
}

func (n *node) Mode() fs.FileMode {
	if n.dir {
		return fs.ModeDir | 0o500
	}
	return 0o400
}

func (n *node) ModTime() time.Time {
	if n.dir {
		return time.Time{}
	}
	return n.entry.modified
}

func (n *node) list() []fs.DirEntry {
	out := make([]fs.DirEntry, len(n.children))
	for i, c := range n.children {
		out[i] = c
	}
	return out
}

func (a *Archive) node(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: folder.Shown(name), Err: fs.ErrInvalid}
	}
	n, ok := a.nodes[name]
	if !ok {
		return nil, &fs.PathError{Op: op, Path: folder.Shown(name), Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open opens an entry for one reading from start to end, or a directory.
func (a *Archive) Open(name string) (fs.File, error) {
	n, err := a.node("open", name)
	if err != nil {
		return nil, err
	}
	if n.dir {
		return &directory{n, n.list()}, nil
	}
	e := n.entry
	packed := io.NewSectionReader(a.r, int64(e.data), int64(e.packed))
	f := &file{node: n, sum: crc32.NewIEEE(), r: packed}
	if e.method == methodDeflate {
		f.inflater = flate.NewReader(packed)
		f.r = f.inflater
	}
	return f, nil
}

// Stat describes an entry or a directory.
func (a *Archive) Stat(name string) (fs.FileInfo, error) { return a.node("stat", name) }

// ReadDir lists a directory, sorted by name.
func (a *Archive) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := a.node("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.dir {
		return nil, &fs.PathError{Op: "readdir", Path: folder.Shown(name), Err: errors.New("not a directory")}
	}
	return n.list(), nil
}

type directory struct {
	node *node
	rest []fs.DirEntry
}

func (d *directory) Stat() (fs.FileInfo, error)           { return d.node, nil }
func (d *directory) ReadDir(n int) ([]fs.DirEntry, error) { return folder.Page(&d.rest, n) }
func (d *directory) Close() error                         { return nil }
func (d *directory) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.node.name, Err: errors.New("is a directory")}
}

// file reads one entry and holds it to what the directory declared.
type file struct {
	node     *node
	inflater io.ReadCloser // nil for a stored entry
	r        io.Reader
	sum      hash.Hash32
	read     uint64
	err      error // sticky
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }

// Read gives the entry. It answers [io.EOF] only after size and checksum proved right.
func (f *file) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	left := f.node.entry.size - f.read
	if left == 0 {
		f.err = f.end()
		return 0, f.err
	}
	if uint64(len(p)) > left {
		p = p[:left]
	}
	n, err := f.r.Read(p)
	f.read += uint64(n)
	f.sum.Write(p[:n])
	if err == io.EOF && f.read == f.node.entry.size {
		err = nil // the next call looks at what follows
	}
	f.err = f.lying(err)
	return n, f.err
}

// end proves that nothing follows the declared size and that the checksum is right.
func (f *file) end() error {
	if n, err := io.CopyN(io.Discard, f.r, 1); n > 0 {
		return f.fault("it inflates to more than declared")
	} else if err != io.EOF {
		return f.lying(err)
	}
	if f.sum.Sum32() != f.node.entry.crc {
		return f.fault("its checksum is wrong")
	}
	return io.EOF
}

// lying translates the inflater's errors; those of the transport pass.
func (f *file) lying(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil:
		return nil
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return f.fault("it inflates to less than declared")
	case errors.As(err, &corrupt):
		return f.fault("its compressed bytes are damaged")
	}
	return err
}

func (f *file) fault(why string) error {
	return errLying.At(fault.Place{File: folder.Shown(f.node.name)}).Because(errors.New(why))
}

func (f *file) Close() error {
	f.err = fs.ErrClosed
	if f.inflater == nil {
		return nil
	}
	return f.inflater.Close()
}

// IsZip tells whether a file begins as a ZIP does, with an entry or, when it is empty, with the end record.
func IsZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}
