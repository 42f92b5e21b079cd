package parcel

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

//go:embed recipient.schema.json
var recipientSchema []byte

// RecipientSchema gives the JSON Schema of recipients/<id>.yaml.
func RecipientSchema() []byte { return slices.Clone(recipientSchema) }

// warnBefore is how long before the last key ends a person is told.
const warnBefore = 30 * 24 * time.Hour

// Recipient is a pinned recipient, recipients/<id>.yaml. No key is trusted on first use: what does not stand here is not
// used.
type Recipient struct {
	ID                string         `yaml:"id"`
	Name              string         `yaml:"name"`
	Country           string         `yaml:"country"` // ISO 3166-1 alpha-2
	URL               string         `yaml:"url"`
	CA                string         `yaml:"ca"` // PEM file, relative to the recipient's file
	SPKIPins          []string       `yaml:"spki_pins"`
	Keys              []RecipientKey `yaml:"keys"`
	ReceiptKeyLines   []string       `yaml:"receipt_keys"`
	RevokedLines      []string       `yaml:"revoked_keys"`
	ApprovedBy        []string       `yaml:"approved_by"`
	FingerprintSource string         `yaml:"fingerprint_source"`

	receiptKeys []AllowedSigner
	revokedKeys []string // age recipients
}

// RecipientKey is one key to encrypt to, on the days from NotBefore to NotAfter, both included, in UTC.
type RecipientKey struct {
	KeyID     string     `yaml:"key_id"`
	Recipient string     `yaml:"recipient"` // age1… or age1pq1…
	NotBefore canon.Date `yaml:"not_before"`
	NotAfter  canon.Date `yaml:"not_after"`
}

func (k RecipientKey) valid(at time.Time) bool {
	day := canon.DateOf(at.UTC())
	return k.NotBefore <= day && day <= k.NotAfter
}

// LoadRecipient reads <folder>/<id>.yaml. The errors are [ErrUnpinned] when nobody, or not two people, pinned the
// recipient, [ErrExpired] when no key is valid at the time, and what [document.Decode] finds. warnings holds
// [ErrExpiresSoon] from 30 days before the last key ends.
func LoadRecipient(folder, id string, at time.Time) (r *Recipient, warnings fault.List, err error) {
	if !idPattern.MatchString(id) {
		return nil, nil, ErrUnpinned
	}
	path := filepath.Join(folder, id+".yaml")
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, ErrUnpinned.At(fault.Place{File: path})
	}
	if err != nil {
		return nil, nil, ErrUnpinned.At(fault.Place{File: path}).Because(errors.Unwrap(err))
	}
	if r, err = ParseRecipient(path, src); err != nil {
		return nil, nil, err
	}
	if r.ID != id {
		return nil, nil, ErrUnpinned.At(document.Locate(path, src, "id")).Because(errors.New("the file's id is not its name"))
	}
	if r.CA != "" && !filepath.IsAbs(r.CA) {
		r.CA = filepath.Join(folder, r.CA)
	}
	warnings, err = r.checkTime(document.Locate(path, src, "keys"), at)
	return r, warnings, err
}

// ParseRecipient reads a pinned recipient without asking whether it is valid today.
func ParseRecipient(file string, src []byte) (*Recipient, error) {
	r := new(Recipient)
	if err := document.Decode(file, src, document.CompileSchema("recipient.schema.json", recipientSchema), r); err != nil {
		return nil, err
	}
	if !twoPeople(r.ApprovedBy) {
		return nil, ErrUnpinned.At(document.Locate(file, src, "approved_by")).Because(errors.New("two different people must approve"))
	}
	if err := r.checkKeys(); err != nil {
		return nil, ErrUnpinned.At(document.Locate(file, src, "keys")).Because(err)
	}
	signers, err := ParseAllowedSigners([]byte(strings.Join(r.ReceiptKeyLines, "\n")))
	if err != nil {
		return nil, ErrUnpinned.At(document.Locate(file, src, "receipt_keys")).Wrap(err)
	}
	for _, s := range signers {
		if s.Principal != EndpointPrincipal(r.ID) {
			return nil, ErrUnpinned.At(document.Locate(file, src, "receipt_keys")).Because(errors.New("a receipt key's principal is not endpoint@<id>"))
		}
	}
	revoked, err := r.splitRevoked()
	if err != nil {
		return nil, ErrUnpinned.At(document.Locate(file, src, "revoked_keys")).Wrap(err)
	}
	r.receiptKeys = Revoke(signers, revoked)
	return r, nil
}

// splitRevoked keeps the revoked age recipients and gives the revoked signing keys.
func (r *Recipient) splitRevoked() ([]ssh.PublicKey, error) {
	var lines []string
	for _, line := range r.RevokedLines {
		if _, err := ParseAgeRecipient(line); err == nil {
			r.revokedKeys = append(r.revokedKeys, line)
			continue
		}
		lines = append(lines, line)
	}
	return ParseRevoked([]byte(strings.Join(lines, "\n")))
}

func twoPeople(names []string) bool {
	different := map[string]bool{}
	for _, n := range names {
		different[strings.ToLower(strings.Join(strings.Fields(n), " "))] = true
	}
	delete(different, "")
	return len(different) >= 2
}

func (r *Recipient) checkKeys() error {
	ids := map[string]bool{}
	for _, k := range r.Keys {
		if _, err := ParseAgeRecipient(k.Recipient); err != nil {
			return errors.New("a key is not a native age recipient")
		}
		if k.NotAfter < k.NotBefore {
			return errors.New("a key ends before it begins")
		}
		if ids[k.KeyID] {
			return errors.New("a key_id stands twice")
		}
		ids[k.KeyID] = true
	}
	return nil
}

func (r *Recipient) checkTime(place fault.Place, at time.Time) (fault.List, error) {
	valid := r.validKeys(at)
	if len(valid) == 0 {
		return nil, ErrExpired.At(place)
	}
	if later := r.validKeys(at.Add(warnBefore)); len(later) == 0 {
		return fault.List{ErrExpiresSoon.At(place)}, nil
	}
	return nil, nil
}

func (r *Recipient) validKeys(at time.Time) []RecipientKey {
	var out []RecipientKey
	for _, k := range r.Keys {
		if k.valid(at) && !slices.Contains(r.revokedKeys, k.Recipient) {
			out = append(out, k)
		}
	}
	return out
}

// EncryptTo gives every key that is valid at the time, for [Seal] and for the manifest's container, in the same order.
func (r *Recipient) EncryptTo(at time.Time) ([]age.Recipient, []SealedTo, error) {
	var keys []age.Recipient
	var named []SealedTo
	for _, k := range r.validKeys(at) {
		key, err := ParseAgeRecipient(k.Recipient)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
		named = append(named, SealedTo{KeyID: k.KeyID, RecipientSHA256: SHA256Hex([]byte(k.Recipient))})
	}
	if len(keys) == 0 {
		return nil, nil, ErrExpired
	}
	return keys, named, checkRecipients(keys)
}

// ReceiptKeys gives the keys that may sign receipts and key lists, revoked ones marked.
func (r *Recipient) ReceiptKeys() []AllowedSigner { return slices.Clone(r.receiptKeys) }
