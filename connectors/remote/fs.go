package remote

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// Store is what a transport knows of its source. It is used by several goroutines at once. An error that is no fault, and
// not of [fs.ErrNotExist], [fs.ErrPermission], [fs.ErrInvalid] or [errors.ErrUnsupported], may be the line's: the same
// request is made again.
type Store interface {
	// Entry describes a file or folder as it is now. Links are not followed.
	Entry(ctx context.Context, name string) (Entry, error)
	// Entries lists a folder in any order, with whatever names stand there; only Path, of which the last element counts,
	// and Kind are needed.
	Entries(ctx context.Context, name string) ([]Entry, error)
	// From opens a file from an offset on. It fails with [Changed] when it knows that the file is no longer as described;
	// a reader that ends too early is read on from where it ended.
	From(ctx context.Context, e Entry, offset int64) (io.ReadCloser, error)
	// Close gives up the connection.
	Close() error
}

// MaxEntries is how many entries a folder may have. A store need not list more than one beyond.
const MaxEntries = 100_000

// FS is a store as a file system. It is safe for concurrent use.
type FS struct {
	ctx   context.Context
	store Store
	retry Retry
}

var (
	_ fs.StatFS    = (*FS)(nil)
	_ fs.ReadDirFS = (*FS)(nil)
)

// New makes a file system that ends with ctx. Nothing is asked of the source yet.
func New(ctx context.Context, s Store, r Retry) *FS { return &FS{ctx, s, r} }

// Close gives up the connection. Files opened before cannot be read on.
func (f *FS) Close() error { return f.store.Close() }

// Stat describes a regular file or a folder.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	e, err := f.entry("stat", name)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (f *FS) entry(op, name string) (e Entry, err error) {
	if err := folder.CheckName(name); err != nil {
		if own := (*fault.Error)(nil); errors.As(err, &own) && !fs.ValidPath(name) {
			err = own.Wrap(fs.ErrInvalid)
		}
		return e, pathError(op, name, err)
	}
	err = f.retry.Do(f.ctx, func() (err error) { e, err = f.store.Entry(f.ctx, name); return err })
	if err == nil && !e.Kind.IsRegular() && !e.Kind.IsDir() {
		err = errKind
	}
	return e, pathError(op, name, err)
}

// ReadDir lists the usable entries of a folder, sorted by name; see [FS.List] for the others.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, _, err := f.List(name)
	return entries, err
}

// List gives the usable entries of a folder, sorted by name, and one fault for each entry that is refused.
func (f *FS) List(name string) (entries []fs.DirEntry, refused fault.List, err error) {
	e, err := f.entry("readdir", name)
	if err != nil {
		return nil, nil, err
	}
	if !e.IsDir() {
		return nil, nil, pathError("readdir", name, syscall.ENOTDIR)
	}
	var found []Entry
	err = f.retry.Do(f.ctx, func() (err error) { found, err = f.store.Entries(f.ctx, name); return err })
	if err == nil && len(found) > MaxEntries {
		err = errMany
	}
	if err != nil {
		return nil, nil, pathError("readdir", name, err)
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	all := make([]fs.DirEntry, len(found))
	for i := range found {
		all[i] = listed{f, found[i]}
	}
	entries, refused = folder.Screen(name, all)
	return entries, refused, nil
}

// listed is an entry of a listing, which is described when it is asked for more than its name.
type listed struct {
	f *FS
	Entry
}

// Info describes the entry as it is now.
func (l listed) Info() (fs.FileInfo, error) { return l.f.Stat(l.Path) }

// Open opens a regular file or a folder.
func (f *FS) Open(name string) (fs.File, error) {
	e, err := f.entry("open", name)
	if err != nil {
		return nil, err
	}
	if !e.IsDir() {
		return &File{fs: f, entry: e}, nil
	}
	entries, err := f.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return &directory{e, entries}, nil
}

type directory struct {
	entry Entry
	rest  []fs.DirEntry
}

func (d *directory) Stat() (fs.FileInfo, error)           { return d.entry, nil }
func (d *directory) ReadDir(n int) ([]fs.DirEntry, error) { return folder.Page(&d.rest, n) }
func (d *directory) Close() error                         { return nil }
func (d *directory) Read([]byte) (int, error) {
	return 0, pathError("read", d.entry.Path, syscall.EISDIR)
}
