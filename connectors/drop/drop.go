// Package drop lays files for a recipient: whole, or not at all.
//
// A [Place] is where they are laid. [Place.Stage] writes a file beside its place where nobody fetches it; [Place.Publish] gives it
// its name. Killed at any point there is the staged file, or the whole one; which it is tells [Place.Find], so that a
// successor knows whether the recipient could have seen anything. Nothing is ever replaced.
//
// A [Folder] is a place of this machine, whose files are their owner's alone. Those of an SSH server and of a bucket are
// packages sftp and s3; package droptest holds all three to one contract.
//
// The package must not know what the bytes are, or who fetches them.
package drop

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"uoma/connectors/folder"
	"uoma/internal/durable"
	"uoma/internal/fault"
)

// Place is where files are laid for a recipient. It is used by one goroutine.
type Place interface {
	// Stage writes what write gives beside its place, in place of what a killed process left there. Over a line that breaks
	// write is called again. An error of its own is given as it is, and nothing stays staged.
	Stage(name string, write func(io.Writer) error) error
	// Unstage removes a staged file, if there is one.
	Unstage(name string) error
	// Publish gives a staged file its name, or [ErrExists] when that is taken.
	Publish(name string) error
	// Find tells whether a file is staged, and whether it is there under its name. Both is possible where giving a name takes
	// two steps, and when somebody else took it.
	Find(name string) (staged, published bool, err error)
	// Open opens a file under its name for reading.
	Open(name string) (io.ReadCloser, error)
	// Ask asks whether files could be laid there, and writes nothing.
	Ask() error
	Close() error
}

var _ Place = (*Folder)(nil)

// Check refuses names that are none of a file in the place itself.
func Check(name string) error {
	if err := folder.CheckName(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, ".") || strings.Contains(name, "/") {
		return ErrWrite.Because(errors.New("its name is hidden, or leads elsewhere"))
	}
	return nil
}

// Beside gives the name that a file has before it has its own.
func Beside(name string) string { return "." + name + ".partial" }

// Errors of every place.
var (
	ErrFolder     = fault.New("UOMA-DRP-FOLDER", "the folder for a recipient's files cannot be used", "make it, owned by the user of the program and closed to others' writing, or correct targets: in uoma.yaml")
	ErrWrite      = fault.New("UOMA-DRP-WRITE", "a file for a recipient cannot be written", "check free space and the folder's owner")
	errFileSystem = fault.New("UOMA-DRP-FILE-SYSTEM", "the folder's file system can give a file no name without replacing another of that name", "let the target name the server itself (url: sftp://… or s3://…) in place of a mount of it, or a folder on a file system that has hard links and lets us make them (lsattr shows attributes that do not), then run the same date again")
	errOwner      = fault.New("UOMA-DRP-OWNER", "the file that is to get its name belongs to another user than the program's, and the kernel gives such files no second name (fs.protected_hardlinks)", "run the program as one user always, and mount the folder so that files belong to who makes them; then run the same date again")
	ErrExists     = fault.New("UOMA-DRP-EXISTS", "another file of that name lies in the recipient's folder", "ask who put it there; nothing is replaced")
)

// Folder is an open folder.
type Folder struct {
	root *os.Root
	user int // who we are
}

// Open opens a folder. Where it is the program's own, it is made.
func Open(dir string, own bool) (*Folder, error) {
	if own {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, ErrFolder.At(fault.Place{File: dir}).Because(err)
		}
	}
	st, err := os.Stat(dir)
	if err != nil {
		return nil, ErrFolder.At(fault.Place{File: dir}).Because(errors.Unwrap(err))
	}
	if st.Mode().Perm()&0o002 != 0 && st.Mode()&os.ModeSticky == 0 {
		return nil, ErrFolder.At(fault.Place{File: dir}).Because(errors.New("everybody may write there"))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, ErrFolder.At(fault.Place{File: dir}).Because(err)
	}
	return &Folder{root, os.Geteuid()}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Stage implements [Place], and syncs the file.
func (f *Folder) Stage(name string, write func(io.Writer) error) error {
	if err := Check(name); err != nil {
		return err
	}
	if err := f.Unstage(name); err != nil {
		return err
	}
	out, err := f.root.OpenFile(Beside(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return ErrWrite.Because(err)
	}
	to := &Noting{To: out}
	err = write(to)
	if err == nil || to.Err != nil {
		if err = errors.Join(to.Err, out.Sync()); err != nil {
			err = ErrWrite.Because(err)
		}
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, f.Unstage(name))
	}
	return f.sync()
}

// Unstage implements [Place].
func (f *Folder) Unstage(name string) error {
	if err := f.root.Remove(Beside(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ErrWrite.Because(err)
	}
	return nil
}

// Publish implements [Place].
func (f *Folder) Publish(name string) error {
	if err := Check(name); err != nil {
		return err
	}
	return f.give(name, f.rename, f.relink) // NFS, for one, knows links alone
}

// give gives a staged file its name in the first way that the file system has. There is no third one: whatever else makes a name
// shows a file that is not whole, or replaces one.
func (f *Folder) give(name string, ways ...func(name string) error) error {
	for _, way := range ways {
		switch err := way(name); {
		case err == nil:
			return f.sync()
		case errors.Is(err, fs.ErrExist):
			return ErrExists.At(fault.Place{File: name})
		case fault.Code(err) != "":
			return err
		case !errors.Is(err, unix.EINVAL) && !errors.Is(err, errors.ErrUnsupported):
			return ErrWrite.Because(err)
		}
	}
	return errFileSystem.At(fault.Place{File: name})
}

// rename gives a staged file its name in one step, which fails where there is a file.
func (f *Folder) rename(name string) error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close() // only named
	at := int(dir.Fd())
	return unix.Renameat2(at, Beside(name), at, name, unix.RENAME_NOREPLACE)
}

// relink makes a second name, which fails where there is a file, and then takes the first one away.
func (f *Folder) relink(name string) error {
	if err := f.root.Link(Beside(name), name); err != nil {
		return f.unlinked(name, err)
	}
	return f.root.Remove(Beside(name))
}

// unlinked tells why a staged file was given no second name. EPERM is what link(2) says of a file system without links, and where the
// kernel protects files of other users from them.
func (f *Folder) unlinked(name string, err error) error {
	if !errors.Is(err, unix.EPERM) {
		return err
	}
	var st unix.Stat_t
	if dir, err := f.root.Open("."); err == nil {
		defer dir.Close() // only named
		if unix.Fstatat(int(dir.Fd()), Beside(name), &st, unix.AT_SYMLINK_NOFOLLOW) == nil && int(st.Uid) != f.user {
			return errOwner.At(fault.Place{File: name})
		}
	}
	return errors.ErrUnsupported
}

// Find implements [Place].
func (f *Folder) Find(name string) (staged, published bool, err error) {
	for _, x := range []struct {
		name string
		is   *bool
	}{{Beside(name), &staged}, {name, &published}} {
		switch _, err := f.root.Lstat(x.name); {
		case err == nil:
			*x.is = true
		case !errors.Is(err, fs.ErrNotExist):
			return false, false, ErrWrite.Because(err)
		}
	}
	return staged, published, nil
}

// Open implements [Place].
func (f *Folder) Open(name string) (io.ReadCloser, error) {
	in, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, ErrWrite.Because(err)
	}
	return in, nil
}

// Ask implements [Place]: what could be wrong was found when the folder was opened.
func (f *Folder) Ask() error { return nil }

func (f *Folder) sync() error {
	if err := durable.Root(f.root, "."); err != nil {
		return ErrWrite.Because(err)
	}
	return nil
}

// Noting remembers how writing failed, which tells a place's own failure from that of whoever writes.
type Noting struct {
	To  io.Writer
	Err error
}

// Write implements [io.Writer].
func (n *Noting) Write(p []byte) (int, error) {
	k, err := n.To.Write(p)
	if err != nil {
		n.Err = err
	}
	return k, err
}
