package tabular

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TestTextBelowMarksIsNormal asks the tables of the library about every character that is passed without asking.
func TestTextBelowMarksIsNormal(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		text := []byte(string(r) + "a" + string(r) + string(r))
		if belowMarks(text) != (r < 0x300) {
			t.Fatalf("%U: below the marks: %v", r, belowMarks(text))
		}
		if p := norm.NFC.Properties([]byte(string(r))); r < 0x300 && (!norm.NFC.IsNormal(text) || p.CCC() != 0) {
			t.Fatalf("%U is not in NFC as it stands", r)
		}
	}
}
