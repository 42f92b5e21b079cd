package keys

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"uoma/internal/fault"
)

// Share is one person's part of a secret (Shamir 1979): each byte of the secret is the value at 0 of a random polynomial
// of degree k-1 over GF(2^8) with the polynomial of AES, and a share holds the values at its own number. Fewer than k
// shares say nothing.
type Share struct {
	Set    string // names the secret that was split: 16 hex digits
	Needed int    // how many give the secret back
	Number int    // 1 and up
	Values []byte
}

// String hides the values from every print verb.
func (Share) String() string { return "[secret]" }

// GoString hides the values from %#v.
func (Share) GoString() string { return "[secret]" }

// maxShares is how many numbers there are besides 0.
const maxShares = 255

var (
	errShares = fault.New("UOMA-KEY-SHARES", "the shares cannot be made so", "ask for 2 to 255 shares of which at least 2 are needed")
	errShare  = fault.New("UOMA-KEY-SHARE", "a share is not as it was made", "type it again from the paper, or take another person's")
	errFew    = fault.New("UOMA-KEY-FEW", "the shares do not give the secret back", "bring as many different shares of one set as the set needs")
)

// checkSize is how many bytes of the secret's SHA-256 are split along, so that a wrong secret is not taken for the right one.
const checkSize = 16

// Split makes n shares of a secret of which any k give it back.
func Split(secret []byte, n, k int, random io.Reader) ([]Share, error) {
	if k < 2 || n < k || n > maxShares || len(secret) == 0 {
		return nil, errShares
	}
	sum := sha256.Sum256(secret)
	plain := append(append([]byte(nil), sum[:checkSize]...), secret...)
	defer clear(plain)
	var set [8]byte
	if _, err := io.ReadFull(random, set[:]); err != nil {
		return nil, err
	}
	out := make([]Share, n)
	for i := range out {
		out[i] = Share{Set: hex.EncodeToString(set[:]), Needed: k, Number: i + 1, Values: make([]byte, len(plain))}
	}
	polynomial := make([]byte, k)
	defer clear(polynomial)
	for at, b := range plain {
		polynomial[0] = b
		if _, err := io.ReadFull(random, polynomial[1:]); err != nil {
			return nil, err
		}
		for i := range out {
			out[i].Values[at] = evaluate(polynomial, byte(i+1))
		}
	}
	return out, nil
}

// Combine gives the secret of as many shares as are needed. More are held against the others by leaving them out: a
// damaged share among too many is found only when it is used.
func Combine(shares []Share) ([]byte, error) {
	if len(shares) == 0 || len(shares) < shares[0].Needed {
		return nil, errFew
	}
	seen := map[int]bool{}
	for _, s := range shares {
		if s.Set != shares[0].Set || s.Needed != shares[0].Needed || len(s.Values) != len(shares[0].Values) || seen[s.Number] {
			return nil, errFew
		}
		seen[s.Number] = true
	}
	shares = shares[:shares[0].Needed]
	plain := make([]byte, len(shares[0].Values))
	for i, s := range shares {
		weight := byte(1) // of this share's value at 0, by Lagrange
		for j, other := range shares {
			if i != j {
				weight = multiply(weight, multiply(byte(other.Number), invert(byte(other.Number)^byte(s.Number))))
			}
		}
		for at, v := range s.Values {
			plain[at] ^= multiply(weight, v)
		}
	}
	secret := plain[checkSize:]
	sum := sha256.Sum256(secret)
	if subtle.ConstantTimeCompare(sum[:checkSize], plain[:checkSize]) != 1 {
		clear(plain)
		return nil, errFew
	}
	return secret, nil
}

// evaluate gives a polynomial's value at x, by Horner.
func evaluate(polynomial []byte, x byte) (y byte) {
	for i := len(polynomial) - 1; i >= 0; i-- {
		y = multiply(y, x) ^ polynomial[i]
	}
	return y
}

// multiply multiplies in GF(2^8) modulo x^8+x^4+x^3+x+1, in the same time for all values.
func multiply(a, b byte) (p byte) {
	for range 8 {
		p ^= a & -(b & 1)
		a = a<<1 ^ 0x1b&-(a>>7)
		b >>= 1
	}
	return p
}

// invert gives a^254, which is 1/a.
func invert(a byte) byte {
	out := byte(1)
	for range 7 { // 254 is 2+4+…+128
		a = multiply(a, a)
		out = multiply(out, a)
	}
	return out
}

// Form of a share as text: header, set, number of needed, number, then groups of five letters of base32 whose last bytes
// are a checksum of the whole.
const (
	shareHeader = "UOMA-SHARE-1"
	shareSum    = 4
	shareGroup  = 5
)

var shareLetters = base32.StdEncoding.WithPadding(base32.NoPadding)

func (s *Share) checksum() []byte {
	sum := sha256.Sum256(append(fmt.Appendf(nil, "%s %s %d %d ", shareHeader, s.Set, s.Needed, s.Number), s.Values...))
	return sum[:shareSum]
}

// Text gives the share in a form that people can write down and type.
func (s *Share) Text() string {
	letters := shareLetters.EncodeToString(append(append([]byte(nil), s.Values...), s.checksum()...))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d %d\n", shareHeader, s.Set, s.Needed, s.Number)
	for i := 0; i < len(letters); i += shareGroup {
		b.WriteString(letters[i:min(i+shareGroup, len(letters))])
		if i/shareGroup%10 == 9 {
			b.WriteByte('\n')
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.TrimRight(b.String(), " \n") + "\n"
}

// ParseShare reads a share as people typed it: in either case, with any space.
func ParseShare(text string) (Share, error) {
	fields := strings.Fields(strings.ToUpper(text))
	if len(fields) < 5 || fields[0] != shareHeader || len(text) > maxSecret {
		return Share{}, errShare.Because(errors.New("it does not begin with " + shareHeader))
	}
	s := Share{Set: strings.ToLower(fields[1])}
	var err1, err2, err3 error
	s.Needed, err1 = strconv.Atoi(fields[2])
	s.Number, err2 = strconv.Atoi(fields[3])
	b, err3 := shareLetters.DecodeString(strings.Join(fields[4:], ""))
	if errors.Join(err1, err2, err3) != nil || len(b) <= shareSum+checkSize || s.Needed < 2 || s.Needed > maxShares || s.Number < 1 || s.Number > maxShares {
		return Share{}, errShare
	}
	s.Values = b[:len(b)-shareSum]
	if subtle.ConstantTimeCompare(s.checksum(), b[len(s.Values):]) != 1 {
		return Share{}, errShare
	}
	return s, nil
}
