package charset

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestInspectionIsThatOfEachCharacter compares what is looked at many bytes at once with a look at each character.
func TestInspectionIsThatOfEachCharacter(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "plain text of some length", "ä", "ö", "À", "߿", "\u07ff", "\u0800", "–", "€", "𝄞", "\u00a0", "§", "\u0085", "\u0080", "\u009f", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc3", "\xdf", "\xe4", "\x80", "\xbf", "\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"})
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Repeat([]byte("xä"), rapid.IntRange(0, 40).Draw(t, "head"))
		for _, p := range rapid.SliceOfN(part, 0, 12).Draw(t, "parts") {
			b = append(b, p...)
		}
		b = append(b, bytes.Repeat([]byte("ä"), rapid.IntRange(0, 40).Draw(t, "tail"))...)
		valid, control := utf8.Valid(b), false
		for _, r := range string(b) {
			control = control || 0x80 <= r && r < 0xA0
		}
		gotValid, gotControl := InspectWide(b, nil)
		if gotValid != valid || valid && gotControl != control {
			t.Fatalf("%q: %v %v, want %v %v", b, gotValid, gotControl, valid, control)
		}
	})
}
