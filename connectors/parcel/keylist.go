package parcel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"uoma/internal/canon"
)

// KeyList is keys.json: the keys that a recipient has today, signed by one that the sender already trusts. It changes
// nothing by itself: a person reads the changes and pins them.
type KeyList struct {
	Version     int64          `json:"version"` // rises with every publication
	Expires     time.Time      `json:"expires"`
	Recipients  []PublishedKey `json:"recipients"`
	ReceiptKeys []string       `json:"receipt_keys"` // lines of allowed signers
	Revoked     []string       `json:"revoked"`      // age recipients and OpenSSH public keys
	Critical    []string       `json:"critical,omitempty"`
}

// PublishedKey is a [RecipientKey] as it is published.
type PublishedKey struct {
	KeyID     string     `json:"key_id"`
	Recipient string     `json:"recipient"`
	NotBefore canon.Date `json:"not_before"`
	NotAfter  canon.Date `json:"not_after"`
}

// Encode checks the list and gives the bytes to sign with [KeysNamespace].
func (l *KeyList) Encode() ([]byte, error) { return encode(l, MaxDocument, ErrKeys, l.check) }

// DecodeKeyList reads a key list as strictly as [DecodeManifest] reads a manifest.
func DecodeKeyList(b []byte) (*KeyList, error) {
	l := new(KeyList)
	if err := strictDecode(b, MaxDocument, l); err != nil {
		return nil, ErrKeys.Because(err)
	}
	if err := l.check(); err != nil {
		return nil, ErrKeys.Because(err)
	}
	return l, nil
}

func (l *KeyList) check() error {
	all := []error{
		rule(l.Version >= 1, "version begins at 1"),
		rule(inUTC(l.Expires), "expires is not in UTC"),
		rule(len(l.Recipients) > 0 && len(l.ReceiptKeys) > 0, "it lists no keys"),
		checkCritical(l.Critical, l),
	}
	for _, k := range l.Recipients {
		_, err := ParseAgeRecipient(k.Recipient)
		all = append(all, rule(err == nil && labelPattern.MatchString(k.KeyID) && k.NotBefore <= k.NotAfter, "a recipient key cannot be read"))
	}
	_, err := ParseAllowedSigners([]byte(strings.Join(l.ReceiptKeys, "\n")))
	return findings(append(all, rule(err == nil, "a receipt key cannot be read"))...)
}

// KeyChange is one difference between a published key list and the pinned keys.
type KeyChange struct {
	What string // "add", "remove" or "revoke"
	Key  string // an age recipient, a line of allowed signers, or an OpenSSH public key: all public
}

// CheckKeyList takes a published key list only if a pinned key of the recipient, valid now and allowed for
// [KeysNamespace], signed it, its version is higher than the one seen last, and it has not expired. It gives the changes
// against the pinned keys.
func CheckKeyList(raw, sig []byte, pinned *Recipient, seen int64, at time.Time) (*KeyList, []KeyChange, error) {
	if _, err := Verify(sig, raw, KeysNamespace, EndpointPrincipal(pinned.ID), pinned.receiptKeys, at); err != nil {
		return nil, nil, err
	}
	l, err := DecodeKeyList(raw)
	if err != nil {
		return nil, nil, err
	}
	if l.Version <= seen {
		return nil, nil, ErrKeys.Because(fmt.Errorf("its version %d is not higher than %d", l.Version, seen))
	}
	if !at.Before(l.Expires) {
		return nil, nil, ErrKeys.Because(errors.New("it has expired"))
	}
	return l, l.changes(pinned), nil
}

func (l *KeyList) changes(pinned *Recipient) []KeyChange {
	var published, known []string
	for _, k := range l.Recipients {
		published = append(published, fmt.Sprint(k.Recipient, " ", k.NotBefore, " ", k.NotAfter))
	}
	for _, k := range pinned.Keys {
		known = append(known, fmt.Sprint(k.Recipient, " ", k.NotBefore, " ", k.NotAfter))
	}
	published, known = append(published, l.ReceiptKeys...), append(known, pinned.ReceiptKeyLines...)
	var out []KeyChange
	out = append(out, without("add", published, known)...)
	out = append(out, without("remove", known, published)...)
	return append(out, without("revoke", l.Revoked, pinned.RevokedLines)...)
}

// without gives what stands in a and not in b.
func without(what string, a, b []string) []KeyChange {
	var out []KeyChange
	for _, key := range a {
		if !slices.Contains(b, key) {
			out = append(out, KeyChange{what, key})
		}
	}
	return out
}
