package sftp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/pkg/sftp"

	"uoma/connectors/drop"
	"uoma/internal/fault"
)

// Drop is a folder at an SSH server into which files are laid for whoever fetches them there.
type Drop struct {
	fs  *FS
	ctx context.Context
}

var _ drop.Place = (*Drop)(nil)

// OpenDrop checks the settings. The drop ends with ctx.
func OpenDrop(ctx context.Context, s Settings) (*Drop, error) {
	f, err := Open(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Drop{f, ctx}, nil
}

// Close implements [drop.Place].
func (d *Drop) Close() error { return d.fs.Close() }

// writeBytes is what is written at once, in packets that travel together.
const writeBytes = 1 << 20

// syncs is the extension by which a server brings a file onto its disk.
const syncs = "fsync@openssh.com"

// Stage implements [drop.Place]. The server says how many bytes it has before the file counts as staged.
func (d *Drop) Stage(name string, write func(io.Writer) error) error {
	var own error // of write itself: trying again would not help
	err := d.at(name, func(c *sftp.Client, path func(string) string) error {
		staged := path(drop.Beside(name))
		if err := removed(c, staged); err != nil {
			return err
		}
		file, err := c.OpenFile(staged, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		if errors.Is(err, fs.ErrNotExist) {
			return drop.ErrFolder.Wrap(err)
		} else if err != nil {
			return err
		}
		if err := private(file); err != nil {
			return errors.Join(err, file.Close(), c.Remove(staged))
		}
		to := &drop.Noting{To: file}
		w := bufio.NewWriterSize(to, writeBytes)
		if own = write(w); own == nil {
			own = w.Flush()
		}
		if to.Err != nil {
			own, err = nil, to.Err
		} else if own == nil {
			err = whole(c, file)
		}
		return errors.Join(err, file.Close())
	})
	if own != nil {
		return errors.Join(own, d.Unstage(name))
	}
	return err
}

// private makes a file that has no byte yet its owner's alone, whatever mode the server gives to new ones. Servers that do not
// let us, as those that keep files in a bucket, may not say that others can read it.
func private(file *sftp.File) error {
	refused := file.Chmod(0o600)
	if !answered(refused) {
		return refused
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = drop.ErrWrite.Because(errors.New("others than its owner can read it at the server, which does not let us change that"))
	}
	return err
}

// whole has the server bring a file onto its disk, where it can, and tell that it has all bytes.
func whole(c *sftp.Client, file *sftp.File) error {
	want, err := file.Seek(0, io.SeekCurrent) // how many were written
	if err != nil {
		return err
	}
	if _, able := c.HasExtension(syncs); able {
		if err := file.Sync(); err != nil {
			return err
		}
	}
	info, err := file.Stat()
	if err == nil && info.Size() != want {
		err = drop.ErrWrite.Because(errors.New("the server does not have all bytes"))
	}
	return err
}

// Unstage implements [drop.Place].
func (d *Drop) Unstage(name string) error {
	return d.at(name, func(c *sftp.Client, path func(string) string) error { return removed(c, path(drop.Beside(name))) })
}

// removed removes a file that may be there.
func removed(c *sftp.Client, path string) error {
	there, err := lies(c, path)
	if err == nil && there {
		err = c.Remove(path)
	}
	return err
}

// lies tells whether anything has a name.
func lies(c *sftp.Client, path string) (bool, error) {
	_, err := c.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Publish implements [drop.Place] by the protocol's own rename, which every server has and which replaces nothing; the
// extension posix-rename would. A server may make the new name before it takes the old one away.
func (d *Drop) Publish(name string) error {
	asked := false
	return d.at(name, func(c *sftp.Client, path func(string) string) error {
		staged, published, err := both(c, name, path)
		switch {
		case err != nil:
			return err
		case published && asked && !staged: // the line broke before the answer came
			return nil
		case published:
			return drop.ErrExists
		case !staged:
			return drop.ErrWrite.Because(errors.New("nothing is staged"))
		}
		asked = true
		err = c.Rename(path(drop.Beside(name)), path(name))
		if err != nil && answered(err) { // by the one code that the protocol has for everything
			if taken, _ := lies(c, path(name)); taken {
				return drop.ErrExists.Wrap(err)
			}
		}
		return err
	})
}

// Find implements [drop.Place].
func (d *Drop) Find(name string) (staged, published bool, err error) {
	err = d.at(name, func(c *sftp.Client, path func(string) string) (err error) {
		staged, published, err = both(c, name, path)
		return err
	})
	return staged, published, err
}

func both(c *sftp.Client, name string, path func(string) string) (staged, published bool, err error) {
	if staged, err = lies(c, path(drop.Beside(name))); err == nil {
		published, err = lies(c, path(name))
	}
	return staged, published, err
}

// Open implements [drop.Place].
func (d *Drop) Open(name string) (io.ReadCloser, error) { return d.fs.Open(name) }

// Ask implements [drop.Place]: the server lets us in, and has the folder.
func (d *Drop) Ask() error {
	info, err := d.fs.Stat(".")
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return drop.ErrFolder
	}
	return err
}

// at calls do with a live session, again when the line breaks, and names the file in a fault.
func (d *Drop) at(name string, do func(c *sftp.Client, path func(string) string) error) error {
	if err := drop.Check(name); err != nil {
		return err
	}
	line := &d.fs.store.line
	err := line.settings.Retry.Do(d.ctx, func() error {
		_, err := line.with(d.ctx, func(c *sftp.Client) error { return do(c, line.settings.at) })
		var status *sftp.StatusError
		if fault.Code(err) == "" && errors.As(err, &status) { // a full disk, a quota: asking again would not help
			err = drop.ErrWrite.Wrap(err)
		}
		return err
	})
	var own *fault.Error
	if errors.As(err, &own) && own.Place == (fault.Place{}) {
		return own.At(fault.Place{File: name})
	}
	return err
}
