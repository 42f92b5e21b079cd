package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/pkg/sftp"

	"uoma/connectors/remote"
)

// Pieces read ahead: together more than the way to the server and back holds at 1 Gbit/s and 15 ms.
const (
	pieceBytes = 1 << 20
	parallel   = 2
)

// FS is a folder at an SSH server. It is safe for concurrent use.
type FS struct {
	*remote.FS
	store *store
}

// Open checks the settings. The file system ends with ctx.
func Open(ctx context.Context, s Settings) (*FS, error) {
	address, err := s.address()
	if err != nil {
		return nil, err
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	st := &store{line{settings: s, address: address, config: config}}
	return &FS{remote.New(ctx, st, s.Retry), st}, nil
}

type store struct{ line line }

var _ remote.Store = (*store)(nil)

// Entry walks to a name without following a link.
func (s *store) Entry(ctx context.Context, name string) (e remote.Entry, err error) {
	_, err = s.line.with(ctx, func(c *sftp.Client) error {
		if name == "." { // the folder is configuration, and may itself lead through links
			return s.describe(&e, name, c.Stat)
		}
		at := ""
		for part := range strings.SplitSeq(name, "/") {
			if at != "" && !e.IsDir() {
				return fs.ErrNotExist
			}
			at = path.Join(at, part)
			if err := s.describe(&e, at, c.Lstat); err != nil {
				return err
			}
		}
		return nil
	})
	return e, err
}

func (s *store) describe(e *remote.Entry, name string, stat func(string) (fs.FileInfo, error)) error {
	info, err := stat(s.line.settings.at(name))
	if err != nil {
		return err
	}
	*e = entry(name, info)
	return nil
}

func entry(name string, info fs.FileInfo) remote.Entry {
	return remote.Entry{Path: name, Bytes: info.Size(), Time: info.ModTime(), Kind: info.Mode().Type()}
}

// Entries lists a folder.
func (s *store) Entries(ctx context.Context, name string) (out []remote.Entry, err error) {
	_, err = s.line.with(ctx, func(c *sftp.Client) error {
		infos, err := c.ReadDirContext(ctx, s.line.settings.at(name))
		out = make([]remote.Entry, 0, len(infos))
		for _, info := range infos {
			// Not path.Join: a name that a server made up must arrive as it is, to be refused.
			out = append(out, entry(strings.TrimPrefix(name+"/"+info.Name(), "./"), info))
		}
		return err
	})
	return out, err
}

// From opens a file and reads ahead of the reader.
func (s *store) From(ctx context.Context, e remote.Entry, offset int64) (io.ReadCloser, error) {
	var file *sftp.File
	on, err := s.line.with(ctx, func(c *sftp.Client) (err error) {
		file, err = s.open(c, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	pieces := remote.Ahead(ctx, offset, e.Bytes, pieceBytes, parallel, func(_ context.Context, p []byte, at int64) (int, error) {
		n, err := readFull(file, p, at)
		s.line.judge(on, err)
		return n, err
	})
	return &download{pieces, file}, nil
}

// open opens a file that must still be as described.
func (s *store) open(c *sftp.Client, e remote.Entry) (*sftp.File, error) {
	file, err := c.Open(s.line.settings.at(e.Path))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !e.Same(entry(e.Path, info)) {
		err = remote.Changed(e.Path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Close gives up the connection.
func (s *store) Close() error { return s.line.close() }

// readFull reads until p is full. The library takes an answer that is shorter than asked for as the end of the file; a
// server may answer with less, so that only an empty answer is the end.
func readFull(r io.ReaderAt, p []byte, at int64) (n int, err error) {
	for n < len(p) {
		more, err := r.ReadAt(p[n:], at+int64(n))
		n += more
		if err != nil && (more == 0 || !errors.Is(err, io.EOF)) {
			return n, err
		}
	}
	return n, nil
}

// download is a file that is being read.
type download struct {
	io.ReadCloser
	file *sftp.File
}

// Close waits for the pieces under way: the library cannot take requests back.
func (d *download) Close() error { return errors.Join(d.ReadCloser.Close(), d.file.Close()) }
