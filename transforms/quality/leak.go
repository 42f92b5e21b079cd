package quality

import (
	"bytes"
	"html"
	"strings"

	"uoma/internal/late"
)

// What a person's values look like, each anchored at the place where it may begin. The patterns are wide on purpose: a
// code that looks like a value is refused, a value that looks like a code is not missed.
var (
	// Finnish identity code (DVV: every century sign of the 2023 reform), Norwegian number, learner number (OID).
	identityPattern = late.Compile(`^(?:[0-9]{6}[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Za-z]|[0-9]{11}|1\.2\.246\.562\.2[0-9]{0,2}\.[0-9]+)(?:[^0-9A-Za-z]|$)`)
	// International and Finnish mobile numbers as people write them.
	phonePattern = late.Compile(`^(?:\+[1-9][0-9](?:[ ()/.-]{0,2}[0-9]){6,}|00[1-9][0-9](?:[ ()/.-]{0,2}[0-9]){6,}(?:[^0-9A-Za-z]|$)|0[45][0-9](?:[ -]?[0-9]){5,8}(?:[^0-9A-Za-z]|$))`)
	// UUIDs are keys of our own, and now and then one holds what looks like a number.
	uuidPattern = late.Compile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[^0-9A-Za-z-]|$)`)
)

const uuidLength = 36

// window is how many bytes around a sign are looked at; the longest address has 254 (RFC 5321).
const window = 320

// leaks finds the byte ranges of text that look like a person's values, in order and apart from each other.
func leaks(text []byte) [][2]int {
	var found [][2]int
	add := func(from, to int) {
		if n := len(found); n > 0 && from < found[n-1][1] {
			found[n-1][1] = max(found[n-1][1], to)
			return
		}
		found = append(found, [2]int{from, to})
	}
	for i := 0; i < len(text); i++ {
		if i+uuidLength <= len(text) && text[i+8] == '-' && text[i+13] == '-' && (i == 0 || !alphanumeric(text[i-1])) &&
			uuidPattern().Match(text[i:min(len(text), i+uuidLength+1)]) {
			i += uuidLength - 1
			continue
		}
		switch c := text[i]; {
		case c == '@' || c == '%' && bytes.HasPrefix(text[i:], escapedAt) || c == wideAt[0] && bytes.HasPrefix(text[i:], wideAt):
			if from, to, ok := address(text, i); ok {
				add(from, to)
			}
		case c == '+' || c >= '0' && c <= '9' && (i == 0 || !alphanumeric(text[i-1])):
			if n := numberAt(text[i:min(len(text), i+window)]); n > 0 {
				add(i, i+n)
			}
		}
	}
	return found
}

// numberAt gives the length of the identity code or telephone number that rest begins with, or 0. The first bytes tell
// which pattern is worth asking: most digits of a report begin neither.
func numberAt(rest []byte) int {
	if sixDigits(rest) || bytes.HasPrefix(rest, learnerRoot) {
		if m := identityPattern().FindIndex(rest); m != nil {
			return m[1]
		}
	}
	if rest[0] == '+' || rest[0] == '0' && len(rest) > 1 && (rest[1] == '0' || rest[1] == '4' || rest[1] == '5') {
		if m := phonePattern().FindIndex(rest); m != nil {
			return m[1]
		}
	}
	return 0
}

var learnerRoot = []byte("1.2.246.")

func sixDigits(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	for _, c := range b[:6] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Other ways to write the sign of an address.
var escapedAt, wideAt = []byte("%40"), []byte("＠")

// address tells whether the sign at i joins a mailbox and a domain with a dot and a name of letters behind it.
func address(text []byte, i int) (from, to int, ok bool) {
	sign := 1
	if text[i] != '@' {
		sign = len(escapedAt) // both others have three bytes
	}
	from, to = i, i+sign
	for from > 0 && i-from < window && mailByte(text[from-1]) {
		from--
	}
	for to < len(text) && to-i < window && mailByte(text[to]) {
		to++
	}
	for p := i + sign + 1; p+2 < to; p++ {
		if text[p] == '.' && letter(text[p+1]) && letter(text[p+2]) {
			return from, to, from < i
		}
	}
	return 0, 0, false
}

func mailByte(c byte) bool { return c > ' ' && strings.IndexByte(`@<>"'(),;:`, c) < 0 }

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func looksLikeValue(s string) bool { return len(leaks([]byte(s))) > 0 }

// scan counts hits in rendered bytes, as they stand and as a browser reads them.
func scan(rendered []byte) int {
	n := len(leaks(rendered))
	if bytes.IndexByte(rendered, '&') >= 0 && bytes.IndexByte(rendered, '<') >= 0 {
		n = max(n, len(leaks([]byte(html.UnescapeString(string(rendered))))))
	}
	return n
}

// mask puts a word in place of every hit.
func mask(s string) (clean string, hits int) {
	found := leaks([]byte(s))
	if len(found) == 0 {
		return s, 0
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(s[at:f[0]])
		b.WriteString(removed)
		at = f[1]
	}
	b.WriteString(s[at:])
	return b.String(), len(found)
}
