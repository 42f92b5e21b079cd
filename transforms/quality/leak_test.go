package quality

import (
	"strings"
	"testing"
)

func TestLeaks(t *testing.T) {
	for _, s := range []string{"010190-900P", "x 010190A900P.", "010190y9001", "_311299+934C_", "14838510117", "(1.2.246.562.24.10000000003)",
		"a@b.example", "a%40b.example", "x=a.b+c@posti.example;", "+358400001234", "+358 (0)40 000 1234", "00358 40 0001234", "040 0001234", "0500-001234", "050.csv 0400001234.csv"} {
		if len(leaks([]byte(s))) == 0 {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{"", "nightly-2026-11-22", "peppi_alumnit_20261122.csv", "2026-11-22T00:14:05Z", "110092", "+188", "+1\u202f234\u202f567",
		strings.Repeat("0", 2) + "123456789" + strings.Repeat("ab", 26), "123456a123f0", "@media print", "XAMK-31", "99.99", "UOMA-LND-SHRUNK",
		"019ab3c4-0412-7456-9123-04512345678a", "sha256:04512345678901234567890123456789"} {
		if found := leaks([]byte(s)); len(found) > 0 {
			t.Errorf("%q is refused at %v", s, found)
		}
	}
}

func TestMask(t *testing.T) {
	got, hits := mask("row of 010190-900P, a@b.example and +358400001234 end")
	if hits != 3 || strings.ContainsAny(got, "@+") || !strings.HasPrefix(got, "row of (removed)") || !strings.HasSuffix(got, " end") {
		t.Errorf("%d hits: %s", hits, got)
	}
}

func FuzzMaskLeavesNothing(f *testing.F) {
	for _, s := range []string{"010190-900P", "a@b.example+358400001234", "1.2.246.562.24.10000000003", "a%40b.example", "019ab3c4-0412-7456-9123-04512345678a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := &door{}
		for _, out := range []string{d.name(s), d.prose(s), d.file(s), d.digest(s)} {
			if looksLikeValue(out) {
				t.Errorf("%q came out of the door", out)
			}
			for _, r := range out {
				if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
					t.Errorf("%q holds a control character", out)
				}
			}
		}
	})
}
