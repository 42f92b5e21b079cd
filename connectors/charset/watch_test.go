package charset_test

import (
	"io"
	"strings"
	"testing"

	"uoma/connectors/charset"
)

// TestWatch counts characters beyond ASCII of texts that come in pieces of any length.
func TestWatch(t *testing.T) {
	for in, want := range map[string]int64{
		"":                                0,
		"ASCII alone, of several lines\n": 0,
		"ä":                               1,
		"12345678ä2345678€2345678𐍈":       3,
		"1234567ä123456789Å":              2,
		"ääkköset 学生":                     5,
		"ä\xe4":                           0, // one that is no UTF-8
		"ä\xe4bc":                         0,
		"ä, then a lot of text\xff":       0,
		"\xffä":                           0,
		"ä\xc3":                           0, // one that is not whole
		"ä\xe4b\xa4\x84":                  0, // nor is one with something in the middle
		"ä\u00e4\xe2\x82":                 0,
		"�":                               1,
	} {
		for step := 1; step <= 17; step++ {
			w := charset.NewWatch(strings.NewReader(in))
			var got strings.Builder
			if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, w, make([]byte, step)); err != nil || got.String() != in || w.Wide() != want {
				t.Errorf("%q in pieces of %d: %d beyond ASCII, want %d; %q, %v", in, step, w.Wide(), want, got.String(), err)
			}
		}
	}
}
