// Package drop lays files for a recipient into a folder of this machine: whole, or not at all.
//
// [Folder.Stage] writes a file beside its place under a name that nobody fetches, and syncs it; [Folder.Publish] gives it its
// name. Killed at any point the folder has the staged file, or the whole one; what is there is told by [Folder.Find], so that
// a successor knows whether the recipient could have seen anything. Nothing is ever replaced. Files are their owner's alone.
//
// The package must not know what the bytes are, or who fetches them.
package drop

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

const (
	hidden  = "."
	partial = ".partial"
)

var (
	errFolder = fault.New("UOMA-DRP-FOLDER", "the folder for a recipient's files cannot be used", "make it, owned by the user of the program and closed to others' writing, or correct targets: in uoma.yaml")
	errWrite  = fault.New("UOMA-DRP-WRITE", "a file for a recipient cannot be written", "check free space and the folder's owner")
	errExists = fault.New("UOMA-DRP-EXISTS", "another file of that name lies in the recipient's folder", "ask who put it there; nothing is replaced")
)

// Folder is an open folder.
type Folder struct{ root *os.Root }

// Open opens a folder. Where it is the program's own, it is made.
func Open(dir string, own bool) (*Folder, error) {
	if own {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, errFolder.At(fault.Place{File: dir}).Because(err)
		}
	}
	st, err := os.Stat(dir)
	if err != nil {
		return nil, errFolder.At(fault.Place{File: dir}).Because(errors.Unwrap(err))
	}
	if st.Mode().Perm()&0o002 != 0 && st.Mode()&os.ModeSticky == 0 {
		return nil, errFolder.At(fault.Place{File: dir}).Because(errors.New("everybody may write there"))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errFolder.At(fault.Place{File: dir}).Because(err)
	}
	return &Folder{root}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Stage writes a file beside its place, in place of what a killed process left there.
func (f *Folder) Stage(name string, r io.Reader) (err error) {
	if err := f.Unstage(name); err != nil {
		return err
	}
	out, err := f.root.OpenFile(hidden+name+partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return errWrite.Because(err)
	}
	_, err = io.Copy(out, r)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(errWrite.Because(err), f.Unstage(name))
	}
	return f.sync()
}

// Unstage removes a staged file, if there is one.
func (f *Folder) Unstage(name string) error {
	if err := f.root.Remove(hidden + name + partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errWrite.Because(err)
	}
	return nil
}

// Publish gives a staged file its name, which nobody may have.
func (f *Folder) Publish(name string) error {
	if _, there, err := f.Find(name); err != nil || there {
		return errors.Join(err, errExists.At(fault.Place{File: name}))
	}
	if err := f.root.Rename(hidden+name+partial, name); err != nil {
		return errWrite.Because(err)
	}
	return f.sync()
}

// Find tells whether a file is staged, and whether it is there under its name.
func (f *Folder) Find(name string) (staged, published bool, err error) {
	for _, x := range []struct {
		name string
		is   *bool
	}{{hidden + name + partial, &staged}, {name, &published}} {
		switch _, err := f.root.Lstat(x.name); {
		case err == nil:
			*x.is = true
		case !errors.Is(err, fs.ErrNotExist):
			return false, false, errWrite.Because(err)
		}
	}
	return staged, published, nil
}

// Open opens a file under its name for reading.
func (f *Folder) Open(name string) (io.ReadCloser, error) {
	in, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, errWrite.Because(err)
	}
	return in, nil
}

func (f *Folder) sync() error {
	if err := durable.Root(f.root, "."); err != nil {
		return errWrite.Because(err)
	}
	return nil
}
