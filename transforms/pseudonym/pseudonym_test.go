package pseudonym_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/pseudonym"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestTokenIsStable(t *testing.T) {
	// computed apart from this code, with another language's HMAC and base32
	const want = "5dbpsp610ahjq4kk28b9f6eqg0"
	if got := pseudonym.NewDomain(key(1)).Token("subject", "a"); got != want {
		t.Fatalf("got %s", got)
	}
}

func TestThreat_T14_DomainsShareNoToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Byte().Draw(t, "a"), rapid.Byte().Draw(t, "b")
		s := rapid.String().Draw(t, "s")
		same := pseudonym.NewDomain(key(a)).Token(s) == pseudonym.NewDomain(key(b)).Token(s)
		if same != (a == b) {
			t.Fatal("tokens of two domains agree, or of one differ")
		}
	})
}

func TestPartsAreKeptApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "x")
		y := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "y")
		d := pseudonym.NewDomain(key(1))
		equal := len(x) == len(y)
		for i := range x {
			equal = equal && i < len(y) && x[i] == y[i]
		}
		if (d.Token(x...) == d.Token(y...)) != equal {
			t.Fatalf("%q and %q", x, y)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	d := pseudonym.NewDomain(key(1))
	dst := make([]byte, 0, pseudonym.Length)
	b.ReportAllocs()
	for b.Loop() {
		dst = d.Append(dst[:0], "peppi", "10118\x1f2100001")
	}
}
