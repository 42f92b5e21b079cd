package quality

import (
	"bytes"
	"html"
	"regexp"
	"strings"
)

// What a person's values look like, each anchored at the place where it may begin. The patterns are wide on purpose: a
// code that looks like a value is refused, a value that looks like a code is not missed.
var (
	// Finnish identity code (DVV: every century sign of the 2023 reform), Norwegian number, learner number (OID).
	identityPattern = regexp.MustCompile(`^(?:[0-9]{6}[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Za-z]|[0-9]{11}|1\.2\.246\.562\.2[0-9]{0,2}\.[0-9]+)(?:[^0-9A-Za-z]|$)`)
	// International and Finnish mobile numbers as people write them.
	phonePattern = regexp.MustCompile(`^(?:\+[1-9][0-9](?:[ ()/.-]{0,2}[0-9]){6,}|00[1-9][0-9](?:[ ()/.-]{0,2}[0-9]){6,}(?:[^0-9A-Za-z]|$)|0[45][0-9](?:[ -]?[0-9]){5,8}(?:[^0-9A-Za-z]|$))`)
	// UUIDs are keys of our own, and now and then one holds what looks like a number.
	uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[^0-9A-Za-z-]|$)`)
	mailPattern = regexp.MustCompile(`[^\s@<>"'(),;:]+(?:@|%40|＠)[^\s@<>"'(),;:]+\.[A-Za-z]{2,}`)
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
			uuidPattern.Match(text[i:min(len(text), i+uuidLength+1)]) {
			i += uuidLength - 1
			continue
		}
		switch c := text[i]; {
		case c == '@' || c == '%' && bytes.HasPrefix(text[i:], []byte("%40")) || c == 0xEF && bytes.HasPrefix(text[i:], []byte("＠")):
			from := max(0, i-window)
			for _, m := range mailPattern.FindAllIndex(text[from:min(len(text), i+window)], -1) {
				if from+m[0] < i && i < from+m[1] {
					add(from+m[0], from+m[1])
				}
			}
		case c == '+' || c >= '0' && c <= '9' && (i == 0 || !alphanumeric(text[i-1])):
			rest := text[i:min(len(text), i+window)]
			if m := identityPattern.FindIndex(rest); m != nil {
				add(i, i+m[1])
			} else if m := phonePattern.FindIndex(rest); m != nil {
				add(i, i+m[1])
			}
		}
	}
	return found
}

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
