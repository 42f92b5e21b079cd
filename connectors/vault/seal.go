package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"strconv"

	"uoma/internal/fault"
)

// Keyring wraps subject keys under the workspace's master key. aad binds a wrapped key to its subject and epoch:
// Unwrap fails unless it is given the same. Wrap is called by one goroutine at a time, Unwrap by several.
type Keyring interface {
	Wrap(key, aad []byte) ([]byte, error)
	Unwrap(wrapped, aad []byte) ([]byte, error)
}

const (
	keySize   = 32 // AES-256
	nonceSize = 12
	maxSeals  = 1 << 31 // under one key; far below the birthday bound of random nonces
)

// The groups of an entry are the sealed columns, in this order everywhere.
const (
	names = iota
	identifiers
	contacts
	groups
)

var groupColumns = [groups]string{"names", "identifiers", "contacts"}

// Groups says which cells are opened.
type Groups uint8

const (
	Names       Groups = 1 << names
	Identifiers Groups = 1 << identifiers
	Contacts    Groups = 1 << contacts
	Everything         = Names | Identifiers | Contacts
)

// key is a subject's own key.
type key struct {
	plain   [keySize]byte
	aead    cipher.AEAD // of plain, when it is ready for use
	epoch   int64
	seals   int64
	wrapped []byte
	created string // run
	fresh   bool   // not in the store yet
}

func (k *key) ready() error {
	block, err := aes.NewCipher(k.plain[:])
	if err != nil {
		return errCell
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return errCell
	}
	return nil
}

// separator stands between the parts of additional data; none of them, names and tokens of ours, holds it.
const separator = '|'

// appendPlace makes the additional data of a cell.
func appendPlace(b []byte, column, subject, sourceKey string, epoch int64) []byte {
	b = append(append(b, "identity|"...), column...)
	b = append(append(b, separator), subject...)
	b = append(append(b, separator), sourceKey...)
	return strconv.AppendInt(append(b, separator), epoch, 10)
}

// wrapPlace makes the additional data of a wrapped key.
func wrapPlace(subject string, epoch int64) []byte {
	b := append([]byte("subject|wrapped_key|"), subject...)
	return strconv.AppendInt(append(b, separator), epoch, 10)
}

var (
	errCell = fault.New("UOMA-VLT-CELL", "a sealed cell does not open in its place",
		"it was changed or moved by somebody else: restore the vault from its backup")
	errWorn = fault.New("UOMA-VLT-WORN", "a subject's key has sealed as many cells as it may",
		"this release gives no subject a new key: keep the workspace and report the code")
	errRandom = fault.New("UOMA-VLT-RANDOM", "the system gave no random bytes", "look at the system's entropy source, then run again")
	errErased = fault.New("UOMA-VLT-ERASED", "an entry belongs to a subject whose key is destroyed",
		"erased persons stay erased: resolve again with the suppression list")
)

// sealed are an entry's cells; a group without facts is nil.
type sealed [groups][]byte

// sealer seals with buffers of its own, so that each goroutine has one.
type sealer struct {
	plain, place []byte
	inner        func(sourceKey string) string
}

// seal seals an entry's groups. nonces holds one for each group.
func (s *sealer) seal(e *Entry, k *key, nonces []byte) (out sealed) {
	for g, facts := range e.groups() {
		if len(facts) == 0 {
			continue
		}
		s.plain = appendFacts(s.plain[:0], facts)
		s.place = appendPlace(s.place[:0], groupColumns[g], e.Subject, s.inner(e.SourceKey), k.epoch)
		nonce := nonces[g*nonceSize : (g+1)*nonceSize]
		cell := make([]byte, nonceSize, nonceSize+len(s.plain)+k.aead.Overhead())
		copy(cell, nonce)
		out[g] = k.aead.Seal(cell, nonce, s.plain, s.place)
	}
	clear(s.plain)
	return out
}

// open opens the group of an entry.
func (s *sealer) open(e *Entry, g int, k *key, cell []byte) ([]Fact, error) {
	if len(cell) < nonceSize {
		return nil, errCell
	}
	s.place = appendPlace(s.place[:0], groupColumns[g], e.Subject, s.inner(e.SourceKey), k.epoch)
	plain, err := k.aead.Open(s.plain[:0], cell[:nonceSize], cell[nonceSize:], s.place)
	if err != nil {
		return nil, errCell
	}
	facts, err := parseFacts(plain)
	clear(plain)
	s.plain = plain[:0]
	return facts, err
}
