package keys_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/keys"
	"uoma/internal/fault"
)

// slowTimes multiplies in GF(2^8) as on paper: polynomials over GF(2), then the remainder by x^8+x^4+x^3+x+1.
func slowTimes(a, b int) int {
	product := 0
	for i := range 8 {
		if b>>i&1 == 1 {
			product ^= a << i
		}
	}
	for i := 15; i >= 8; i-- {
		if product>>i&1 == 1 {
			product ^= 0x11b << (i - 8)
		}
	}
	return product
}

// slowAtZero finds the value at 0 of the polynomial through points, by trying every divisor.
func slowAtZero(xs, ys []int) int {
	sum := 0
	for i := range xs {
		term := ys[i]
		for j := range xs {
			if i == j {
				continue
			}
			for q := range 256 {
				if slowTimes(q, xs[j]^xs[i]) == xs[j] {
					term = slowTimes(term, q)
					break
				}
			}
		}
		sum ^= term
	}
	return sum
}

func TestSharesAgreeWithASlowReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "secret")
		k := rapid.IntRange(2, 6).Draw(t, "k")
		n := rapid.IntRange(k, 9).Draw(t, "n")
		shares, err := keys.Split(secret, n, k, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		some := rapid.Permutation(shares).Draw(t, "some")[:k]
		got, err := keys.Combine(some)
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("%d of %d: %v", k, n, err)
		}
		for at := range some[0].Values {
			var xs, ys []int
			for _, s := range some {
				xs, ys = append(xs, s.Number), append(ys, int(s.Values[at]))
			}
			if want := slowAtZero(xs, ys); at >= 16 && want != int(secret[at-16]) {
				t.Fatalf("byte %d is %d by the reference", at, want)
			}
		}
	})
}

func TestThreat_T18_SharesAreTypedAndChecked(t *testing.T) {
	secret := []byte(strings.Repeat("master ", 15))
	shares, err := keys.Split(secret, 5, 3, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.Split(secret, 5, 3, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var typed []keys.Share
	for i := range shares {
		text := shares[i].Text()
		s, err := keys.ParseShare(" " + strings.ToLower(strings.ReplaceAll(text, "\n", "\r\n  ")))
		if err != nil || s.Number != i+1 || !bytes.Equal(s.Values, shares[i].Values) {
			t.Fatal(err)
		}
		typed = append(typed, s)
		for at := len("UOMA-SHARE-1 "); at < len(text); at++ { // every single mistake is found
			wrong := []byte(text)
			if wrong[at] == ' ' || wrong[at] == '\n' {
				continue
			}
			if wrong[at] = '3'; text[at] == '3' {
				wrong[at] = '4'
			}
			if _, err := keys.ParseShare(string(wrong)); fault.Code(err) != "UOMA-KEY-SHARE" {
				t.Fatalf("a mistake at %d: %v", at, err)
			}
		}
	}
	for name, set := range map[string][]keys.Share{
		"none": {}, "too few": typed[:2], "one twice": {typed[0], typed[1], typed[1]}, "of two sets": {typed[0], typed[1], other[2]},
	} {
		if _, err := keys.Combine(set); fault.Code(err) != "UOMA-KEY-FEW" {
			t.Errorf("%s: %v", name, err)
		}
	}
	damaged := []keys.Share{typed[0], typed[1], typed[2]}
	damaged[2].Values = bytes.Clone(damaged[2].Values)
	damaged[2].Values[20] ^= 1
	if _, err := keys.Combine(damaged); fault.Code(err) != "UOMA-KEY-FEW" {
		t.Errorf("a damaged share: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", typed[0], typed[0], typed[0], typed[0]); s != "[secret] [secret] [secret] [secret]" {
		t.Error("a share prints")
	}
	for _, c := range [][2]int{{1, 1}, {3, 1}, {2, 3}, {256, 2}} {
		if _, err := keys.Split(secret, c[0], c[1], rand.Reader); fault.Code(err) != "UOMA-KEY-SHARES" {
			t.Errorf("%d shares of which %d are needed: %v", c[0], c[1], err)
		}
	}
}

// TestThreat_T18_FewerSharesSayNothing counts: with k-1 shares every value of a byte is as likely as any other.
func TestThreat_T18_FewerSharesSayNothing(t *testing.T) {
	const rounds = 256 * 64
	var counts [256]int
	for range rounds {
		shares, err := keys.Split([]byte{42}, 2, 2, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		counts[shares[0].Values[16]]++
	}
	chi := 0.0
	for _, c := range counts {
		d := float64(c) - rounds/256
		chi += d * d / (rounds / 256)
	}
	if chi > 400 { // 255 degrees of freedom; 400 comes by chance once in 10^7
		t.Errorf("chi squared %.0f", chi)
	}
}

func FuzzParseShare(f *testing.F) {
	shares, err := keys.Split([]byte("secret"), 3, 2, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shares[0].Text())
	f.Add("UOMA-SHARE-1 0011223344556677 2 1 AAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := keys.ParseShare(text)
		if err != nil {
			return
		}
		if again, err := keys.ParseShare(s.Text()); err != nil || !bytes.Equal(again.Values, s.Values) || again.Number != s.Number {
			t.Errorf("a share changed on its second way: %v", err)
		}
	})
}
