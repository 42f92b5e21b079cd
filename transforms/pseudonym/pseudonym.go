// Package pseudonym turns keys and subject ids into keyed tokens (GDPR Art. 4(5)): the same input gives the same token
// under the same key, and without the key a token says nothing, however few the possible inputs are.
//
// A [Domain] is one key for one purpose: the register, one recipient's extracts, the index of source rows. Two domains
// share no token, so that two readers cannot join what they hold. A token is the first 128 bits of HMAC-SHA-256
// (RFC 2104) over length-prefixed parts, written in 26 lower-case base32 characters.
//
// What a token was made of may be gone while the token still stands somewhere, so a domain's key is not replaced itself. An
// [Outer] key lies over it, is replaced for every token that stands, and is destroyed after that.
//
// The package knows neither where keys come from nor what a token stands for.
package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"sync"
)

// Length is the number of characters of a token.
const Length = 26

// alphabet is Crockford's: no i, l, o, u, so that a token read aloud is not misread.
var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Domain makes tokens under one key. It is safe for concurrent use, as a token made of two people's would be taken for
// somebody else's; who makes many has one of their own, so that none waits.
type Domain struct {
	mu    sync.Mutex // of what follows
	mac   hash.Hash
	outer *Outer
	msg   []byte // the parts, so that the hash is written to once
	buf   [sha256.Size]byte
	out   [Length]byte
}

// NewDomain makes a domain from a key of 32 bytes.
func NewDomain(key []byte) *Domain { return &Domain{mac: hmac.New(sha256.New, key)} }

// Append appends the token of the parts to dst. Parts are prefixed with their length, so that ("ab","c") and ("a","bc")
// differ.
func (d *Domain) Append(dst []byte, parts ...string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mac.Reset()
	d.msg = d.msg[:0]
	for _, p := range parts {
		d.msg = append(binary.BigEndian.AppendUint32(d.msg, uint32(len(p))), p...)
	}
	d.mac.Write(d.msg)
	token := d.mac.Sum(d.buf[:0])[:16]
	if d.outer != nil {
		d.outer.block.Encrypt(token, token)
	}
	alphabet.Encode(d.out[:], token)
	return append(dst, d.out[:]...)
}

// Spell writes 16 bytes as a token: those of a random pseudonym, which no key gives.
func Spell(b []byte) string { return alphabet.EncodeToString(b[:16]) }

// Token is Append as a string.
func (d *Domain) Token(parts ...string) string {
	return string(d.Append(nil, parts...))
}
