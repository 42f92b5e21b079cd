package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"uoma/internal/fault"
)

var (
	_ fs.FS        = (*Folder)(nil)
	_ fs.StatFS    = (*Folder)(nil)
	_ fs.ReadDirFS = (*Folder)(nil)
)

// Folder is a directory tree. It is safe for concurrent use. Errors are [*fs.PathError] around a fault of scope Source.
type Folder struct {
	ctx  context.Context
	root *os.Root
}

// Open opens the tree at a path of this machine, which is configuration and may itself lead through links. Nothing of it
// is read when ctx has ended.
func Open(ctx context.Context, dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errOpen.Because(err)
	}
	return &Folder{ctx, root}, nil
}

// Close releases the folder. Files opened from it stay open.
func (f *Folder) Close() error { return f.root.Close() }

// Open opens a regular file or a directory. A file also is an [io.ReaderAt].
func (f *Folder) Open(name string) (fs.File, error) {
	want, err := f.lookup("open", name)
	if err != nil {
		return nil, err
	}
	if want.IsDir() {
		return f.openDir(name, want)
	}
	// O_NONBLOCK: a pipe put in the file's place after the look-up must not make us wait for a writer.
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	got, err := file.Stat()
	if err == nil && (!got.Mode().IsRegular() || !os.SameFile(want, got)) {
		err = errChanged
	}
	if err != nil {
		return nil, errors.Join(pathError("open", name, err), file.Close())
	}
	return &opened{file, f.ctx}, nil
}

// Stat describes a regular file or a directory.
func (f *Folder) Stat(name string) (fs.FileInfo, error) { return f.lookup("stat", name) }

// ReadDir lists the usable entries of a directory, sorted by name; see [Folder.List] for the others.
func (f *Folder) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, _, err := f.List(name)
	return entries, err
}

// List gives the usable entries of a directory, sorted by name, and one fault for each entry that is refused.
func (f *Folder) List(name string) (entries []fs.DirEntry, refused fault.List, err error) {
	info, err := f.lookup("readdir", name)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return nil, nil, pathError("readdir", name, syscall.ENOTDIR)
	}
	all, err := f.entries(name)
	if err != nil {
		return nil, nil, pathError("readdir", name, err)
	}
	entries, refused = Screen(name, all)
	return entries, refused, nil
}

// Screen parts the entries of a directory of any transport into those that may be used, and one fault for each other one.
func Screen(dir string, all []fs.DirEntry) (usable []fs.DirEntry, refused fault.List) {
	clashes := clashing(all)
	for _, e := range all {
		if reason := refusal(e, clashes); reason != nil {
			refused = append(refused, reason.At(fault.Place{File: Shown(path.Join(dir, e.Name()))}))
			continue
		}
		usable = append(usable, e)
	}
	return usable, refused
}

func (f *Folder) entries(dir string) ([]fs.DirEntry, error) { return fs.ReadDir(f.root.FS(), dir) }

// refusal says why an entry cannot be used, or nil.
func refusal(e fs.DirEntry, clashes map[string]int) *fault.Error {
	switch {
	case !validName(e.Name()) || clashes[Folded(e.Name())] > 1:
		return errName
	case !e.Type().IsRegular() && !e.IsDir():
		return errKind
	}
	return nil
}

func clashing(entries []fs.DirEntry) map[string]int {
	count := make(map[string]int, len(entries))
	for _, e := range entries {
		count[Folded(e.Name())]++
	}
	return count
}

// lookup walks to a name without following any link and describes what it found.
func (f *Folder) lookup(op, name string) (fs.FileInfo, error) {
	if !validName(name) {
		if fs.ValidPath(name) {
			return nil, pathError(op, name, errName)
		}
		return nil, pathError(op, name, errors.Join(errName, fs.ErrInvalid))
	}
	if f.ctx.Err() != nil {
		return nil, context.Cause(f.ctx)
	}
	info, err := f.root.Lstat(".")
	if err != nil || name == "." {
		return info, pathError(op, name, err)
	}
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		if err := f.checkClash(at, part); err != nil {
			return nil, pathError(op, name, err)
		}
		at = path.Join(at, part)
		if info, err = f.root.Lstat(at); err != nil {
			return nil, pathError(op, name, err)
		}
		if at != name && !info.IsDir() {
			return nil, pathError(op, name, fs.ErrNotExist)
		}
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, pathError(op, name, errKind)
	}
	return info, nil
}

// checkClash refuses a name that another name of the same directory folds to.
func (f *Folder) checkClash(dir, part string) error {
	all, err := f.entries(path.Join(".", dir))
	if err != nil {
		return err
	}
	if clashing(all)[Folded(part)] > 1 {
		return errName
	}
	return nil
}

// opened is an opened file.
type opened struct {
	file *os.File
	ctx  context.Context
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.file.Stat() }

func (o *opened) Close() error { return o.file.Close() }

func (o *opened) Seek(offset int64, whence int) (int64, error) { return o.file.Seek(offset, whence) }

func (o *opened) Read(p []byte) (int, error) {
	if o.ctx.Err() != nil {
		return 0, context.Cause(o.ctx)
	}
	return o.file.Read(p)
}

func (o *opened) ReadAt(p []byte, at int64) (int, error) {
	if o.ctx.Err() != nil {
		return 0, context.Cause(o.ctx)
	}
	return o.file.ReadAt(p, at)
}

// directory is an opened directory whose entries pass the same rules as [Folder.List].
type directory struct {
	fs.File
	info    fs.FileInfo
	entries []fs.DirEntry
}

func (f *Folder) openDir(name string, info fs.FileInfo) (fs.File, error) {
	entries, err := f.ReadDir(name)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &directory{file, info, entries}, nil
}

func (d *directory) Stat() (fs.FileInfo, error) { return d.info, nil }

func (d *directory) ReadDir(n int) ([]fs.DirEntry, error) { return Page(&d.entries, n) }

// pathError names the path and keeps the rule; the text of an operating-system error is of our own names only.
func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var own *fault.Error
	if errors.As(err, &own) {
		placed := own.At(fault.Place{File: Shown(name)})
		if errors.Is(err, fs.ErrInvalid) {
			placed = placed.Wrap(fs.ErrInvalid)
		}
		err = placed
	} else if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: Shown(name), Err: err}
}
