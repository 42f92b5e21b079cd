package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"uoma/internal/fault"
)

// Sink takes the parts of a backup, in the order in which they were saved.
type Sink interface {
	File(name string, content io.Reader) error
	Rows(*Rows) error
}

const (
	maxParts  = 10_000_000
	maxMemory = 64 << 20 // of a part that is read whole
)

// Read gives the parts of a backup to a sink and proves all of them by the manifest, and the manifest by verify.
func Read(path string, identities []age.Identity, sink Sink, verify func(manifest, signature []byte) error) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errRead.At(fault.Place{File: path}).Because(errors.Unwrap(err))
	}
	defer f.Close()
	plain, err := age.Decrypt(f, identities...)
	if err != nil {
		return nil, errRead.At(fault.Place{File: path}).Wrap(err)
	}
	z, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory))
	if err != nil {
		return nil, errRead.At(fault.Place{File: path}).Wrap(err)
	}
	defer z.Close()
	r := &reader{tar: tar.NewReader(z), sink: sink}
	if err := r.all(); err != nil {
		if fault.Code(err) == "" {
			err = errForged.Wrap(err)
		}
		return nil, err
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // what comes after the end belongs to it as well
		return nil, errForged.At(fault.Place{File: path}).Wrap(err)
	}
	m, err := r.proved(verify)
	if err != nil {
		return nil, err
	}
	return m, nil
}

type reader struct {
	tar                 *tar.Reader
	sink                Sink
	parts               []Part // as they came
	manifest, signature []byte
}

func (r *reader) all() error {
	for {
		h, err := r.tar.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || r.signature != nil || len(r.parts) >= maxParts {
			return errForged
		}
		if err := r.one(h.Name, h.Size); err != nil {
			return err
		}
	}
}

func (r *reader) one(name string, size int64) error {
	h := sha256.New()
	content := io.TeeReader(r.tar, h)
	p := Part{Name: name, Bytes: size}
	file, isFile := strings.CutPrefix(name, filesDir)
	switch {
	case isFile && fs.ValidPath(file) && r.manifest == nil:
		if err := r.sink.File(file, content); err != nil {
			return err
		}
	case size > maxMemory:
		return errForged
	default:
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		switch {
		case name == manifestName && r.manifest == nil:
			r.manifest = text
			return nil
		case name == signName && r.manifest != nil:
			r.signature = text
			return nil
		case r.manifest != nil || !strings.HasPrefix(name, storesDir):
			return errForged
		}
		rows, err := parseRows(name, text)
		if err != nil {
			return err
		}
		p.Rows = int64(rows.Len())
		if err := r.sink.Rows(rows); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil { // whatever the sink left
		return err
	}
	p.SHA256 = hex.EncodeToString(h.Sum(nil))
	r.parts = append(r.parts, p)
	return nil
}

// proved holds what came against the manifest.
func (r *reader) proved(verify func(manifest, signature []byte) error) (*Manifest, error) {
	var m Manifest
	if r.signature == nil || json.NewDecoder(bytes.NewReader(r.manifest)).Decode(&m) != nil || m.Version != version || len(m.Parts) != len(r.parts) {
		return nil, errForged
	}
	for i, p := range m.Parts {
		if p != r.parts[i] {
			return nil, errForged.At(fault.Place{Field: p.Name})
		}
	}
	if err := verify(r.manifest, r.signature); err != nil {
		return nil, err
	}
	return &m, nil
}
