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
// killed meanwhile leaves no empty file that would be taken for a damaged key. Only a disk that knows no links, as a removable
// one for shares may be, gets it in place: there a killed program leaves a part of it under its name, to be removed by hand.
func WriteNew(path, text string) error {
	if err := create(path, text); err != nil {
		return errWrite.At(fault.Place{File: path}).Because(err)
	}
	return errors.Join(RemoveParts(path), durable.Folder(filepath.Dir(path)))
}

func create(path, text string) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist // nothing is written for a name that is taken
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+partial) // for its owner alone
	if err != nil {
		return err
	}
	if err := fill(part, text); err != nil {
		return err
	}
	err = os.Link(part.Name(), path) // unlike a rename it replaces nothing
	if err != nil && !errors.Is(err, fs.ErrExist) {
		var f *os.File
		if f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = fill(f, text)
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}

// fill writes a new file onto the disk, or removes it.
func fill(f *os.File, text string) error {
	_, err := f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// partial ends the name of a file that is not whole yet.
const partial = ".partial"

// RemoveParts removes what killed programs left of the making of a key that is there: it may be the key itself under a second
// name, which would outlast its destruction. Of a key that is not there it removes nothing, as one may be at work on it.
func RemoveParts(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil
	}
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !partOf(e.Name(), filepath.Base(path)) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) { // another removed it
			return err
		}
	}
	return nil
}

// partOf tells whether a file is a part of a key: its name is the key's, a number but in older releases, and the ending.
func partOf(name, key string) bool {
	name, part := strings.CutSuffix(name, partial)
	number, ours := strings.CutPrefix(name, key+".")
	return part && (name == key || ours && number != "" && strings.Trim(number, "0123456789") == "")
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
