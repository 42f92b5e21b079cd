// Package keys holds a workspace's key material: the master key, from which every symmetric key is derived by
// HKDF-SHA-256 with a fixed label, and the age identity that opens files at rest.
//
// A [Ring] is loaded from two files that only their owner may read. [Ring.Derive] gives a key per purpose, so that the
// key of the identifier index, of each pseudonymisation domain, of the vault's wrapping and of each run's report are
// never the same bytes. [Ring.Wrap] and [Ring.Unwrap] seal one subject's key under the master key; destroying the
// wrapped form destroys all that was sealed under it.
//
// The package knows no table and no stage. Keys never print: a Ring has no exported field and formats as "[secret]".
package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"filippo.io/age"

	"uoma/internal/fault"
)

// Size is the length of every symmetric key, in bytes.
const Size = 32

// header begins a master key file, so that another file is not taken for one by mistake.
const header = "UOMA-MASTER-KEY-1 "

var (
	errRead  = fault.New("UOMA-KEY-READ", "the key file cannot be read", "check the path under keys: in uoma.yaml, or make a workspace with uoma init")
	errPerms = fault.New("UOMA-KEY-PERMS", "the key file may be read by others", "chmod 600 the file and make sure that the run user owns it")
	errForm  = fault.New("UOMA-KEY-FORM", "the key file is not of the expected form", "restore it from the escrow; a key file is never edited by hand")
	errWrap  = fault.New("UOMA-KEY-UNWRAP", "a subject key does not open under this master key", "check that the vault and the master key belong to the same workspace")
)

// Ring is a workspace's key material.
type Ring struct {
	master   []byte
	identity *age.X25519Identity
	wrap     cipher.AEAD
	random   io.Reader
}

// String hides the keys from every print verb.
func (*Ring) String() string { return "[secret]" }

// GoString hides the keys from %#v.
func (*Ring) GoString() string { return "[secret]" }

// New makes a ring from a 32-byte master key and a storage identity. random gives the nonces of [Ring.Wrap].
func New(master []byte, identity *age.X25519Identity, random io.Reader) (*Ring, error) {
	if len(master) != Size {
		return nil, errForm
	}
	r := &Ring{master: master, identity: identity, random: random}
	block, err := aes.NewCipher(r.Derive("vault-wrap"))
	if err != nil {
		return nil, err
	}
	r.wrap, err = cipher.NewGCM(block)
	return r, err
}

// Load reads the master key and the storage identity from their files.
func Load(masterPath, storagePath string, random io.Reader) (*Ring, error) {
	text, err := ReadSecret(masterPath)
	if err != nil {
		return nil, err
	}
	encoded, ok := strings.CutPrefix(text, header)
	if !ok {
		return nil, errForm.At(fault.Place{File: masterPath})
	}
	master, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(master) != Size {
		return nil, errForm.At(fault.Place{File: masterPath})
	}
	text, err = ReadSecret(storagePath)
	if err != nil {
		return nil, err
	}
	identity, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, errForm.At(fault.Place{File: storagePath})
	}
	return New(master, identity, random)
}

// Create writes a new master key and a new storage identity. It never overwrites.
func Create(masterPath, storagePath string, random io.Reader) error {
	master := make([]byte, Size)
	if _, err := io.ReadFull(random, master); err != nil {
		return err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	if err := writeNew(masterPath, header+base64.StdEncoding.EncodeToString(master)+"\n"); err != nil {
		return err
	}
	return writeNew(storagePath, identity.String()+"\n")
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errRead.At(fault.Place{File: path}).Because(err)
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
func (r *Ring) Derive(purpose ...string) []byte {
	k, err := hkdf.Key(sha256.New, r.master, nil, "uoma/1/"+strings.Join(purpose, "/"), Size)
	if err != nil {
		panic(fmt.Sprintf("keys: hkdf of %d bytes: %v", Size, err)) // only a length over 255 hashes fails
	}
	return k
}

// Storage gives the identity that opens files at rest, and through it the recipient that they are written for.
func (r *Ring) Storage() *age.X25519Identity { return r.identity }

// Wrap seals a subject's key; aad binds it to its place (subject and epoch).
func (r *Ring) Wrap(key, aad []byte) ([]byte, error) {
	out := make([]byte, r.wrap.NonceSize(), r.wrap.NonceSize()+len(key)+r.wrap.Overhead())
	if _, err := io.ReadFull(r.random, out); err != nil {
		return nil, err
	}
	return r.wrap.Seal(out, out, key, aad), nil
}

// Unwrap opens what Wrap sealed for the same place.
func (r *Ring) Unwrap(wrapped, aad []byte) ([]byte, error) {
	n := r.wrap.NonceSize()
	if len(wrapped) < n {
		return nil, errWrap
	}
	key, err := r.wrap.Open(nil, wrapped[:n], wrapped[n:], aad)
	if err != nil {
		return nil, errWrap
	}
	return key, nil
}
