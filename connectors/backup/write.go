package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"uoma/connectors/database"
	"uoma/internal/durable"
	"uoma/internal/fault"
)

var (
	errWrite  = fault.New("UOMA-BCK-WRITE", "the backup cannot be written", "name a file that is not there yet, in a folder of the run user with enough space")
	errRead   = fault.New("UOMA-BCK-READ", "the backup cannot be read", "check the file, and that the age identity is that of a recipient whom backup.recipients named")
	errForged = fault.New("UOMA-BCK-CHANGED", "the backup is not what was saved, or not whole", "take another backup; a copy that was cut off or changed is of no use")
)

// Names of the parts of an archive.
const (
	filesDir     = "files/"
	storesDir    = "stores/"
	manifestName = "manifest.json"
	signName     = "manifest.sig"
)

// Manifest says what a backup holds.
type Manifest struct {
	Version int               `json:"version"`
	Made    time.Time         `json:"made"`
	Facts   map[string]string `json:"facts"` // what the caller says of it
	Parts   []Part            `json:"parts"`
}

// Part is one part of the archive.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows,omitempty"` // of a store's table
	SHA256 string `json:"sha256"`
}

const version = 1

// Writer makes a backup. One of Commit and Discard must end it; Discard after Commit does nothing.
type Writer struct {
	path     string
	f        *os.File
	buffered *bufio.Writer
	age      io.WriteCloser
	zstd     *zstd.Encoder
	tar      *tar.Writer
	manifest Manifest
	dialect  database.Dialect // of the store that is being added
}

const partial = ".partial"

// Create begins a backup, which is not there yet. What a killed program left of one goes.
func Create(path string, made time.Time, facts map[string]string, recipients ...age.Recipient) (*Writer, error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil, errWrite.At(fault.Place{File: path}).Because(errors.New("there is something already"))
	}
	f, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, errWrite.At(fault.Place{File: path}).Because(errors.Unwrap(err))
	}
	w := &Writer{path: path, f: f, buffered: bufio.NewWriterSize(f, 1<<20), manifest: Manifest{Version: version, Made: made.UTC(), Facts: facts}}
	if w.age, err = age.Encrypt(w.buffered, recipients...); err == nil {
		w.zstd, err = zstd.NewWriter(w.age, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		w.Discard()
		return nil, errWrite.At(fault.Place{File: path}).Wrap(err)
	}
	w.tar = tar.NewWriter(w.zstd)
	return w, nil
}

// File adds a file of so many bytes under a path with slashes.
func (w *Writer) File(name string, size int64, content io.Reader) error {
	return w.part(Part{Name: filesDir + name, Bytes: size}, content)
}

func (w *Writer) part(p Part, content io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: p.Name, Size: p.Bytes, Mode: 0o600, Format: tar.FormatPAX}); err != nil {
		return w.failed(err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, h), io.LimitReader(content, p.Bytes))
	if err != nil {
		return w.failed(err)
	}
	if n != p.Bytes {
		return w.failed(io.ErrUnexpectedEOF) // the file became shorter
	}
	p.SHA256 = hex.EncodeToString(h.Sum(nil))
	w.manifest.Parts = append(w.manifest.Parts, p)
	return nil
}

func (w *Writer) failed(err error) error { return errWrite.At(fault.Place{File: w.path}).Wrap(err) }

// Commit signs the manifest and makes the backup visible, whole and on disk. It gives the SHA-256 of the manifest.
func (w *Writer) Commit(sign func(message []byte) ([]byte, error)) (digest string, err error) {
	text, err := json.Marshal(w.manifest)
	if err != nil {
		return "", err
	}
	signature, err := sign(text)
	if err != nil {
		return "", err
	}
	for _, p := range []struct {
		name string
		text []byte
	}{{manifestName, text}, {signName, signature}} {
		if err := w.part(Part{Name: p.name, Bytes: int64(len(p.text))}, bytes.NewReader(p.text)); err != nil {
			return "", err
		}
	}
	err = errors.Join(w.tar.Close(), w.zstd.Close(), w.age.Close(), w.buffered.Flush(), w.f.Sync(), w.f.Close())
	if err == nil {
		err = os.Link(w.path+partial, w.path) // unlike a renaming it never overwrites
	}
	if err == nil {
		err = os.Remove(w.path + partial)
	}
	if err == nil {
		err = durable.Folder(filepath.Dir(w.path))
	}
	if err != nil {
		return "", w.failed(err)
	}
	w.f = nil
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Manifest gives what was added so far.
func (w *Writer) Manifest() Manifest { return w.manifest }

// Discard gives the backup up.
func (w *Writer) Discard() {
	if w.f != nil {
		w.f.Close()
		os.Remove(w.path + partial) // it was of no use to anybody
		w.f = nil
	}
}
