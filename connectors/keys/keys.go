// Package keys holds a workspace's key material: the master key, from which every symmetric key is derived by
// HKDF-SHA-256 with a fixed label, and the age identity that opens files at rest.
//
// A [Holder] keeps the master key: a [File], a program ([Command]), or a service of the package kms. [Open] makes a [Ring]
// of it. [Ring.Derive] gives a key per purpose, so that the key of the identifier index, of each pseudonymisation domain
// and of the audit log are never the same bytes. [Ring.Wrap] and [Ring.Unwrap] seal one subject's key under the master key;
// destroying the wrapped form destroys all that was sealed under it.
//
// Keys have epochs. A new master key wraps the root from which the others are derived, so that nothing that was derived
// changes; what was wrapped by an older one says so and opens until it is wrapped anew ([Ring.Adopt], [Ring.Retire]). A
// domain gets a new key of its own ([Ring.ReplaceDomain]). Which epochs there are stands, sealed, in the epochs file.
//
// [Split] makes shares of a secret, of which some together give it back.
//
// The package knows no table and no stage. Keys never print: a Ring has no exported field and formats as "[secret]".
package keys

import (
	"crypto/cipher"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"filippo.io/age"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

// Size is the length of every symmetric key, in bytes.
const Size = 32

var (
	errRead  = fault.New("UOMA-KEY-READ", "the key file cannot be read", "check the path under keys: in uoma.yaml, or make a workspace with uoma init")
	errPerms = fault.New("UOMA-KEY-PERMS", "the key file may be read by others", "chmod 600 the file and make sure that the run user owns it")
	errForm  = fault.New("UOMA-KEY-FORM", "the key file is not of the expected form", "restore it from the escrow; a key file is never edited by hand")
	errWrite = fault.New("UOMA-KEY-WRITE", "the key file cannot be written", "name a file that is not there yet, in a folder of the run user; a key is never overwritten")
	errWrap  = fault.New("UOMA-KEY-UNWRAP", "a subject key does not open under this master key", "check that the vault and the master key belong to the same workspace")
)

// Ring is a workspace's key material.
type Ring struct {
	root     []byte // of which every other key is derived
	identity *age.X25519Identity
	random   io.Reader
	path     string // of the epochs file
	epochs   Epochs
	was      []byte                // what the epochs file has, as far as this ring knows; nil is no file
	wraps    map[int64]cipher.AEAD // of master keys in use, by epoch
	current  cipher.AEAD           // of the latest
	next     *Master               // waits to take its place
	absent   bool                  // the holder of the next one has none yet
}

// String hides the keys from every print verb.
func (*Ring) String() string { return "[secret]" }

// GoString hides the keys from %#v.
func (*Ring) GoString() string { return "[secret]" }

// Create writes a new master key and a new storage identity. It never overwrites.
func Create(masterPath, storagePath string, random io.Reader) error {
	m := Master{Key: make([]byte, Size), Root: true}
	if _, err := io.ReadFull(random, m.Key); err != nil {
		return err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	if err := WriteNew(masterPath, m.Text()); err != nil {
		return err
	}
	return WriteNew(storagePath, identity.String()+"\n")
}

// WriteNew writes a secret into a new file that its owner alone may read. It has its name when it is whole: a program that is
// killed meanwhile leaves no empty file that would be taken for a damaged key.
func WriteNew(path, text string) error {
	part := path + partial
	if err := write(part, os.O_TRUNC, text); err != nil {
		return errWrite.At(fault.Place{File: path}).Because(err)
	}
	err := os.Link(part, path) // unlike a rename it replaces nothing
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = write(path, os.O_EXCL, text) // a disk that knows no links, as one for shares may be
	}
	if err != nil {
		return errors.Join(errWrite.At(fault.Place{File: path}).Because(err), os.Remove(part))
	}
	return errors.Join(os.Remove(part), durable.Folder(filepath.Dir(path)))
}

// partial ends the name of a file that is not whole yet.
const partial = ".partial"

// write writes a file of its owner alone, onto the disk.
func write(path string, flag int, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// ReadSecret reads a one-line secret from a file that only its owner, who must be the run user, may read.
func ReadSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errRead.At(fault.Place{File: path}).Because(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", errRead.At(fault.Place{File: path}).Because(err)
	}
	sys, known := st.Sys().(*syscall.Stat_t)
	if st.Mode().Perm()&0o077 != 0 || (known && int(sys.Uid) != os.Getuid()) {
		return "", errPerms.At(fault.Place{File: path})
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", errRead.At(fault.Place{File: path}).Because(err)
	}
	return strings.TrimSpace(string(b)), nil
}

// Derive gives the 32-byte key for a purpose, by HKDF-SHA-256 (RFC 5869) with the label "uoma/1/" and the purpose's parts.
func (r *Ring) Derive(purpose ...string) []byte { return derive(r.root, strings.Join(purpose, "/")) }

// Storage gives the identity that opens files at rest, and through it the recipient that they are written for.
func (r *Ring) Storage() *age.X25519Identity { return r.identity }

// Wrap seals a subject's key under the master key in use, and says so; aad binds it to its place (subject and epoch).
func (r *Ring) Wrap(key, aad []byte) ([]byte, error) {
	mark := Mark(r.Epoch())
	nonce := make([]byte, r.current.NonceSize())
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return nil, err
	}
	return r.current.Seal(append(mark, nonce...), nonce, key, aad), nil
}

// Unwrap opens what Wrap sealed for the same place, under whichever master key in use.
func (r *Ring) Unwrap(wrapped, aad []byte) ([]byte, error) {
	wrap, ok := r.wraps[WrappedIn(wrapped)]
	if !ok {
		return nil, errWrap
	}
	wrapped = wrapped[len(wrapped)-wrappedFirst:]
	n := wrap.NonceSize()
	key, err := wrap.Open(nil, wrapped[:n], wrapped[n:], aad)
	if err != nil {
		return nil, errWrap
	}
	return key, nil
}
