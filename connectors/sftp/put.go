package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/pkg/sftp"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// partial marks a file that is not whole yet.
const partial = ".partial"

// Put writes a file that must not be there yet. It has its name when it is whole, and not before: it is written under
// another name and then renamed, by the protocol's own rename, which replaces nothing. After an error a part may lie
// under the other name; the next Put writes it anew.
func (f *FS) Put(ctx context.Context, name string, r io.Reader) error {
	if err := folder.CheckName(name); err != nil {
		return err
	}
	at, place := f.store.line.settings.at(name), fault.Place{File: name}
	_, err := f.store.line.with(ctx, func(c *sftp.Client) error {
		// Some servers replace the target of a rename; look first.
		if _, err := c.Lstat(at); err == nil {
			return errExists.At(place)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := write(c, at+partial, r, place); err != nil {
			return err
		}
		if err := c.Rename(at+partial, at); err != nil {
			if _, there := c.Lstat(at); there == nil {
				return errExists.At(place).Wrap(err)
			}
			return err
		}
		return nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func write(c *sftp.Client, at string, r io.Reader, place fault.Place) error {
	file, err := c.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	n, err := io.Copy(file, r)
	if err == nil {
		err = sized(file, n, place)
	}
	return errors.Join(err, file.Close())
}

// sized asks the server how many bytes it has.
func sized(file *sftp.File, want int64, place fault.Place) error {
	info, err := file.Stat()
	if err == nil && info.Size() != want {
		err = errWritten.At(place)
	}
	return err
}
