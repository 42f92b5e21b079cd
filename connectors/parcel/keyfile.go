package parcel

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

// maxKeyFile bounds a private key file in bytes.
const maxKeyFile = 64 << 10

// LoadSigner reads an unencrypted OpenSSH Ed25519 private key from a file that nobody but its owner may use.
func LoadSigner(path string) (*Signer, error) {
	b, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	key, err := ssh.ParsePrivateKey(b)
	if err != nil || key.PublicKey().Type() != ssh.KeyAlgoED25519 {
		return nil, ErrKeyFile.At(secretPlace(path)).Because(errors.New("it is not an unencrypted OpenSSH Ed25519 key"))
	}
	return &Signer{key}, nil
}

// Identity is the private keys of one recipient, the current one and older ones. Printing it prints "[secret]".
type Identity struct{ keys []age.Identity }

var _ age.Identity = (*Identity)(nil)

// Unwrap tries every key in turn.
func (i *Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, k := range i.keys {
		fileKey, err := k.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return fileKey, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// Format prints no key, whatever the verb.
func (i *Identity) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "[secret]") }

// Recipients gives the public halves, in the file's order.
func (i *Identity) Recipients() []string {
	var out []string
	for _, k := range i.keys {
		switch k := k.(type) {
		case *age.X25519Identity:
			out = append(out, k.Recipient().String())
		case *age.HybridIdentity:
			out = append(out, k.Recipient().String())
		}
	}
	return out
}

// LoadIdentity reads a file of age-keygen, which may hold several keys, as [LoadSigner] reads a signing key.
func LoadIdentity(path string) (*Identity, error) {
	b, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	keys, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, ErrKeyFile.At(secretPlace(path)).Because(errors.New("it is not a file of native age identities"))
	}
	return &Identity{keys}, nil
}

func secretPlace(path string) fault.Place { return fault.Place{File: filepath.Base(path)} }

// readSecret reads a file only after the open file itself, not its name, has been found to be a regular one that nobody
// but the user who runs the program may use.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, ErrKeyFile.At(secretPlace(path)).Because(errors.Unwrap(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, ErrKeyFile.At(secretPlace(path)).Because(errors.Unwrap(err))
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || !ownFile(info) {
		return nil, ErrKeyPerms.At(secretPlace(path))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil || len(b) > maxKeyFile {
		return nil, ErrKeyFile.At(secretPlace(path)).Because(errors.New("it cannot be read, or is larger than 64 KiB"))
	}
	return b, nil
}

// CreateSigner makes a new Ed25519 key from random and writes <name> and <name>.pub below root, as ssh-keygen -t ed25519
// -N ” does. It overwrites nothing.
func CreateSigner(root *os.Root, name string, random io.Reader, comment string) (*Signer, error) {
	seed := make([]byte, ed25519.SeedSize)
	defer clear(seed)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, ErrKeyFile.Because(errors.New("no randomness"))
	}
	private := ed25519.NewKeyFromSeed(seed)
	defer clear(private)
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, ErrKeyFile.Wrap(err)
	}
	text := pem.EncodeToMemory(block)
	defer clear(text)
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, ErrKeyFile.Wrap(err)
	}
	public := bytes.TrimSuffix(ssh.MarshalAuthorizedKey(key.PublicKey()), []byte("\n"))
	if comment != "" {
		public = append(append(public, ' '), comment...)
	}
	if err := createFile(root, name, text); err != nil {
		return nil, err
	}
	return &Signer{key}, createFile(root, name+".pub", append(public, '\n'))
}

// CreateIdentity makes a new X25519 identity and writes it below root as age-keygen does, with the moment of its creation.
// It overwrites nothing and gives the recipient string. The age library takes its randomness from the operating system
// and from nowhere else.
func CreateIdentity(root *os.Root, name string, created time.Time) (recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", ErrKeyFile.Wrap(err)
	}
	recipient = id.Recipient().String()
	text := fmt.Appendf(nil, "# created: %s\n# public key: %s\n%s\n", created.Format(time.RFC3339), recipient, id)
	defer clear(text)
	return recipient, createFile(root, name, text)
}

func createFile(root *os.Root, name string, b []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return ErrKeyFile.At(fault.Place{File: name}).Because(errors.Unwrap(err))
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = root.Remove(name)
		return writeFault(err)
	}
	return writeFault(durable.Root(root, "."))
}
