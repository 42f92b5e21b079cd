package main

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// TestPrintable prints rows that came from outside: nothing in them may steer the terminal.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"1;Åsa\r\n":            "1;Åsa",
		"\x1b]0;owned\x07x":    `\x1b]0;owned\ax`,
		"a\u202eb":             `a\u202eb`,
		"tab\there":            `tab\there`,
		"two\nlines":           `two\nlines`,
		"bad \xff byte":        `bad � byte`,
		`{"nimi":"O'Esimerk"}`: `{"nimi":"O'Esimerk"}`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := printable(rapid.String().Draw(t, "row"))
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q", s)
		}
	})
}
