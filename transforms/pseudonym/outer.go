package pseudonym

import (
	"crypto/aes"
	"crypto/cipher"
)

// Outer is a key that tokens are put under once more: a permutation of their 128 bits (AES-256, FIPS 197), so that two
// tokens stay two, and that whoever has the key finds the inner token again. A domain's own key cannot be replaced where
// what it was made of is gone; its outer key can, for every token that stands anywhere. It is safe for concurrent use. A nil
// Outer leaves tokens as they are.
type Outer struct{ block cipher.Block }

// NewOuter makes one of a key of 32 bytes; none of no key.
func NewOuter(key []byte) *Outer {
	if len(key) == 0 {
		return nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("pseudonym: an outer key has 16, 24 or 32 bytes")
	}
	return &Outer{block}
}

// Cover puts an inner token under the key. What is no token stays as it is.
func (o *Outer) Cover(token string) string {
	if o == nil {
		return token
	}
	return turned(token, o.block.Encrypt)
}

// Uncover gives the inner token again.
func (o *Outer) Uncover(token string) string {
	if o == nil {
		return token
	}
	return turned(token, o.block.Decrypt)
}

func turned(token string, turn func(dst, src []byte)) string {
	if !Valid(token) {
		return token
	}
	b, _ := alphabet.DecodeString(token) // as valid tokens decode
	turn(b, b)
	return alphabet.EncodeToString(b)
}

// Valid tells whether a text has the form of a token: [Length] characters of the alphabet, of which the last has two bits
// that are never set.
func Valid(token string) bool {
	if len(token) != Length {
		return false
	}
	b, err := alphabet.DecodeString(token)
	return err == nil && alphabet.EncodeToString(b) == token
}

// Under makes the domain's tokens from now on come under an outer key.
func (d *Domain) Under(o *Outer) *Domain {
	d.outer = o
	return d
}
