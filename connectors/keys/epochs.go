package keys

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"filippo.io/age"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

// Epochs is the content of the epochs file: which master keys there were, and the keys that they wrap. Without a file
// there is one master key, which is the root.
type Epochs struct {
	Version int               `json:"version"`
	Masters []MasterEpoch     `json:"masters"`
	Root    sealed            `json:"root"`              // the key from which all others are derived
	Domains map[string]Domain `json:"domains,omitempty"` // those whose key was replaced
	Tokens  map[string]Tokens `json:"tokens,omitempty"`  // those that stand under an outer key
}

// MasterEpoch is one master key. Its id names it and says nothing of it.
type MasterEpoch struct {
	Epoch   int64  `json:"epoch"`
	ID      string `json:"id"`
	Retired bool   `json:"retired,omitempty"` // nothing is wrapped by it any more
}

// Domain is a pseudonymisation domain whose key was replaced. The key of epoch 1 is derived from the root.
type Domain struct {
	Epoch int64            `json:"epoch"` // in which pseudonyms are made
	Keys  map[int64]sealed `json:"keys"`  // by epoch, from 2 on
}

// sealed is a key as each master key in use wraps it, by that one's epoch.
type sealed map[int64][]byte

// epochsVersion is that of a file without tokens, tokensVersion that of one with them: a release that knows nothing of outer
// keys would make tokens without them.
const (
	epochsVersion = 1
	tokensVersion = 2
)

var (
	errEpochs  = fault.New("UOMA-KEY-EPOCHS", "the file of the keys' epochs is missing or damaged", "restore keys/epochs.json from the backup that has the vault; the master key alone does not replace it")
	errOther   = fault.New("UOMA-KEY-OTHER", "the configured master key is not the one in use", "compare keys: in uoma.yaml with what uoma key list shows; after a rotation keys.master names the new one")
	errRetired = fault.New("UOMA-KEY-RETIRED", "keys.next names a master key that was in use before", "let it name a new one, as file:keys/master-3.key")
	errSince   = fault.New("UOMA-KEY-SINCE", "another program changed the keys since this one read them, and nothing was written", "run the same command again")
	errRotate  = fault.New("UOMA-KEY-ROTATE", "the keys cannot be written", "check free space and the owner of keys/, then run the same command again: it goes on where it stopped")
)

// keyID names a key without telling anything of it.
func keyID(key []byte) string { return hex.EncodeToString(derive(key, "key-id")[:8]) }

func derive(key []byte, purpose string) []byte {
	k, err := hkdf.Key(sha256.New, key, nil, "uoma/1/"+purpose, Size)
	if err != nil {
		panic("keys: hkdf: " + err.Error()) // only a length over 255 hashes fails
	}
	return k
}

// wrapper makes the cipher by which a master key wraps others.
func wrapper(master []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(derive(master, "vault-wrap"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Open reads the master keys of their holders, the storage identity, and the epochs file at path, which may be missing.
// Of the holders the first is that of the key in use; a second one is that of the key that takes its place, and may have
// none yet.
func Open(ctx context.Context, holders []Holder, storagePath, path string, random io.Reader) (*Ring, error) {
	text, err := ReadSecret(storagePath)
	if err != nil {
		return nil, err
	}
	identity, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, errForm.At(fault.Place{File: storagePath})
	}
	r := &Ring{identity: identity, random: random, path: path, wraps: map[int64]cipher.AEAD{}}
	found, err := r.readEpochs()
	if err != nil {
		return nil, err
	}
	for i, h := range holders {
		m, err := h.Read(ctx)
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			r.absent = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := r.take(m, i > 0, found); err != nil {
			return nil, err
		}
	}
	return r, r.unlock(found)
}

// readEpochs reads the file, if there is one.
func (r *Ring) readEpochs() (found bool, err error) {
	b, err := r.content()
	if err != nil || b == nil {
		return false, err
	}
	place := fault.Place{File: filepath.Base(r.path)}
	if json.Unmarshal(b, &r.epochs) != nil || (r.epochs.Version != epochsVersion && r.epochs.Version != tokensVersion) || len(r.epochs.Masters) == 0 {
		return false, errEpochs.At(place)
	}
	r.was = b
	return true, nil
}

// content gives the bytes of the file, nil when there is none.
func (r *Ring) content() ([]byte, error) {
	b, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) || r.path == "" {
		return nil, nil
	}
	if err != nil {
		return nil, errEpochs.At(fault.Place{File: filepath.Base(r.path)}).Because(errors.Unwrap(err))
	}
	return b, nil
}

// take finds a master key's place among the epochs.
func (r *Ring) take(m Master, next, found bool) error {
	wrap, err := wrapper(m.Key)
	if err != nil {
		return err
	}
	id := keyID(m.Key)
	for _, e := range r.epochs.Masters {
		if e.ID == id {
			if !e.Retired {
				r.wraps[e.Epoch] = wrap
			}
			return nil
		}
	}
	switch {
	case next:
		r.next = &m
		return nil
	case found:
		return errOther
	case !m.Root:
		return errEpochs.At(fault.Place{File: filepath.Base(r.path)})
	}
	r.root, r.wraps[1] = m.Key, wrap
	r.epochs = Epochs{Version: epochsVersion, Masters: []MasterEpoch{{Epoch: 1, ID: id}}, Domains: map[string]Domain{}}
	return nil
}

// unlock opens the root under the master key in use.
func (r *Ring) unlock(found bool) (err error) {
	current, ok := r.wraps[r.Epoch()]
	if !ok {
		return errOther
	}
	r.current = current
	if r.epochs.Domains == nil {
		r.epochs.Domains = map[string]Domain{}
	}
	if found {
		r.root, err = r.unseal(r.epochs.Root, "root")
	}
	return err
}

// Epoch gives the epoch of the master key that wraps from now on.
func (r *Ring) Epoch() int64 { return r.epochs.Masters[len(r.epochs.Masters)-1].Epoch }

// InUse tells whether a master key is the one that wraps from now on.
func (r *Ring) InUse(m Master) bool {
	return r.epochs.Masters[len(r.epochs.Masters)-1].ID == keyID(m.Key)
}

// Masters lists the master keys, oldest first.
func (r *Ring) Masters() []MasterEpoch { return append([]MasterEpoch(nil), r.epochs.Masters...) }

// Pending gives the id of a master key that waits to take the place of the one in use, or "".
func (r *Ring) Pending() string {
	if r.next == nil {
		return ""
	}
	return keyID(r.next.Key)
}

// Offer names a master key that is to take the place of the one in use. One that is
// in use changes nothing; one that was retired does not come back.
func (r *Ring) Offer(m Master) error {
	for _, e := range r.epochs.Masters {
		if e.Retired && e.ID == keyID(m.Key) {
			return errRetired
		}
	}
	return r.take(m, true, true)
}

// sealPlace binds a sealed key to its name and to the master key's epoch.
func sealPlace(name string, master int64) []byte {
	return strconv.AppendInt([]byte("epochs|"+name+"|"), master, 10)
}

// Awaits tells whether a holder was named for a master key that is not in use yet, made or not.
func (r *Ring) Awaits() bool { return r.absent || r.next != nil }

// seal wraps a key under every master key in use.
func (r *Ring) seal(key []byte, name string) (sealed, error) {
	out := sealed{}
	for epoch, wrap := range r.wraps {
		nonce := make([]byte, wrap.NonceSize())
		if _, err := io.ReadFull(r.random, nonce); err != nil {
			return nil, err
		}
		out[epoch] = wrap.Seal(nonce, nonce, key, sealPlace(name, epoch))
	}
	return out, nil
}

func (r *Ring) unseal(s sealed, name string) ([]byte, error) {
	cell := s[r.Epoch()]
	if n := r.current.NonceSize(); len(cell) > n {
		if key, err := r.current.Open(nil, cell[:n], cell[n:], sealPlace(name, r.Epoch())); err == nil && len(key) == Size {
			return key, nil
		}
	}
	return nil, errEpochs.At(fault.Place{File: filepath.Base(r.path), Field: name})
}

// domainName is the name of a domain's key in an epoch.
func domainName(name string, epoch int64) string {
	return "domain/" + name + "/" + strconv.FormatInt(epoch, 10)
}

// DomainEpoch gives the epoch in which a domain's pseudonyms are made.
func (r *Ring) DomainEpoch(name string) int64 { return max(1, r.epochs.Domains[name].Epoch) }

// Replaced gives the domains whose key was replaced, with the epoch that they are in.
func (r *Ring) Replaced() map[string]int64 {
	out := map[string]int64{}
	for name, d := range r.epochs.Domains {
		out[name] = d.Epoch
	}
	return out
}

// DomainKey gives the key of a domain in an epoch.
func (r *Ring) DomainKey(name string, epoch int64) ([]byte, error) {
	if epoch == 1 {
		return r.Derive("domain", name, "1"), nil
	}
	return r.unseal(r.epochs.Domains[name].Keys[epoch], domainName(name, epoch))
}

// ReplaceDomain gives a domain a new random key. Old epochs stay readable.
func (r *Ring) ReplaceDomain(name string) (epoch int64, err error) {
	key := make([]byte, Size)
	if _, err := io.ReadFull(r.random, key); err != nil {
		return 0, err
	}
	epoch = r.DomainEpoch(name) + 1
	cell, err := r.seal(key, domainName(name, epoch))
	if err != nil {
		return 0, err
	}
	d := Domain{Epoch: epoch, Keys: map[int64]sealed{epoch: cell}}
	for e, old := range r.epochs.Domains[name].Keys {
		d.Keys[e] = old
	}
	return epoch, r.change(func(e *Epochs) { e.Domains[name] = d })
}

// Adopt makes the pending master key the one in use: everything of the epochs file is wrapped by it, too. What the older
// ones wrap elsewhere stays readable until [Ring.Retire]. Without a pending key it does nothing, as after a repetition.
func (r *Ring) Adopt() error {
	if r.next == nil {
		return nil
	}
	wrap, err := wrapper(r.next.Key)
	if err != nil {
		return err
	}
	was, epoch := r.current, r.Epoch()+1
	keys, err := r.opened()
	if err != nil {
		return err
	}
	r.wraps[epoch] = wrap
	err = r.rewrapped(keys, func(e *Epochs) {
		e.Masters = append(e.Masters, MasterEpoch{Epoch: epoch, ID: keyID(r.next.Key)})
	})
	if err != nil {
		delete(r.wraps, epoch)
		r.current = was
		return err
	}
	r.current, r.next = wrap, nil
	return nil
}

// Retire drops every master key but the one in use. The caller has proved that they wrap nothing any more.
func (r *Ring) Retire() error {
	keys, err := r.opened()
	if err != nil {
		return err
	}
	r.wraps = map[int64]cipher.AEAD{r.Epoch(): r.current}
	return r.rewrapped(keys, func(e *Epochs) {
		for i := range e.Masters[:len(e.Masters)-1] {
			e.Masters[i].Retired = true
		}
	})
}

// opened gives every key of the epochs file by its name.
func (r *Ring) opened() (map[string][]byte, error) {
	out := map[string][]byte{"root": r.root}
	for name, d := range r.epochs.Domains {
		for epoch, cell := range d.Keys {
			key, err := r.unseal(cell, domainName(name, epoch))
			if err != nil {
				return nil, err
			}
			out[domainName(name, epoch)] = key
		}
	}
	for name, t := range r.epochs.Tokens {
		for _, c := range t.cells(name) {
			key, err := r.unseal(*c.cell, c.name)
			if err != nil {
				return nil, err
			}
			out[c.name] = key
		}
	}
	return out, nil
}

// rewrapped writes the epochs with every key wrapped anew by the master keys in use.
func (r *Ring) rewrapped(keys map[string][]byte, change func(*Epochs)) error {
	cells := map[string]sealed{}
	for name, key := range keys {
		cell, err := r.seal(key, name)
		if err != nil {
			return err
		}
		cells[name] = cell
	}
	return r.change(func(e *Epochs) {
		change(e)
		e.Root = cells["root"]
		for name, d := range e.Domains {
			for epoch := range d.Keys {
				d.Keys[epoch] = cells[domainName(name, epoch)]
			}
		}
		for name, t := range e.Tokens {
			for _, c := range t.cells(name) {
				*c.cell = cells[c.name]
			}
			e.Tokens[name] = t
		}
	})
}

// change writes changed epochs, whole or not at all, and takes them over when they are written. A file that another program
// changed since this one read it has keys that would be lost, so that it is left as it is. Callers hold a lease, so that
// nobody changes it between the look and the writing.
func (r *Ring) change(f func(*Epochs)) error {
	now, err := r.content()
	if err != nil {
		return err
	}
	if !bytes.Equal(now, r.was) {
		return errSince.At(fault.Place{File: filepath.Base(r.path)})
	}
	before, err := json.Marshal(r.epochs)
	if err != nil {
		return err
	}
	var e Epochs // a copy of its own
	if err := json.Unmarshal(before, &e); err != nil {
		return err
	}
	if e.Domains == nil {
		e.Domains = map[string]Domain{}
	}
	if e.Root == nil {
		if e.Root, err = r.seal(r.root, "root"); err != nil {
			return err
		}
	}
	f(&e)
	if len(e.Tokens) > 0 {
		e.Version = tokensVersion
	}
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if err := replace(r.path, text); err != nil {
		return errRotate.At(fault.Place{File: filepath.Base(r.path)}).Because(err)
	}
	r.epochs, r.was = e, text
	return nil
}

// replace writes a file whole or not at all, also over a loss of power.
func replace(path string, b []byte) error {
	part := path + partial
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f, string(b)); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return durable.Folder(filepath.Dir(path))
}

// epochMark begins what a master key of an epoch after the first has wrapped, before the epoch's number.
const epochMark = 2

// wrappedFirst is the length of a key wrapped in epoch 1: nonce, key, tag. A later one has a mark and the epoch before.
const (
	wrappedFirst = 12 + Size + 16
	markSize     = 1 + 4
)

// Mark gives the bytes that begin what is wrapped in an epoch; none in the first.
func Mark(epoch int64) []byte {
	if epoch == 1 {
		return nil
	}
	return binary.BigEndian.AppendUint32([]byte{epochMark}, uint32(epoch))
}

// WrappedIn tells in which epoch a key was wrapped, by its length and mark; 0 is none.
func WrappedIn(wrapped []byte) int64 {
	switch {
	case len(wrapped) == wrappedFirst:
		return 1
	case len(wrapped) == markSize+wrappedFirst && wrapped[0] == epochMark:
		return int64(binary.BigEndian.Uint32(wrapped[1:]))
	}
	return 0
}
