package remote

import (
	"io/fs"
	"path"
	"time"
)

// Entry describes a file or folder of a source. It is its own [fs.FileInfo] and [fs.DirEntry].
type Entry struct {
	Path   string // within the file system, "." for its root
	Bytes  int64
	Time   time.Time // of the last change
	Mark   string    // by which the source tells versions apart; "" when size and time must do
	Kind   fs.FileMode
	Detail any // what the store wants to know again when it reads the file
}

var (
	_ fs.FileInfo = Entry{}
	_ fs.DirEntry = Entry{}
)

// Name implements [fs.FileInfo].
func (e Entry) Name() string { return path.Base(e.Path) }

// Size implements [fs.FileInfo].
func (e Entry) Size() int64 { return e.Bytes }

// ModTime implements [fs.FileInfo].
func (e Entry) ModTime() time.Time { return e.Time }

// Mode implements [fs.FileInfo].
func (e Entry) Mode() fs.FileMode {
	if e.Kind.IsDir() {
		return e.Kind | 0o500
	}
	return e.Kind | 0o400
}

// IsDir implements [fs.FileInfo].
func (e Entry) IsDir() bool { return e.Kind.IsDir() }

// Type implements [fs.DirEntry].
func (e Entry) Type() fs.FileMode { return e.Kind.Type() }

// Info implements [fs.DirEntry].
func (e Entry) Info() (fs.FileInfo, error) { return e, nil }

// Sys implements [fs.FileInfo].
func (e Entry) Sys() any { return nil }

// Same tells whether both describe the same content.
func (e Entry) Same(o Entry) bool {
	return e.Bytes == o.Bytes && e.Mark == o.Mark && e.Kind == o.Kind && (e.Mark != "" || e.Time.Equal(o.Time))
}
