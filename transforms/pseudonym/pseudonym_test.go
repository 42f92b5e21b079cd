package pseudonym_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

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

// TestTokenIsTheStandardHMAC holds the tokens to the library's HMAC, over messages of all lengths.
func TestTokenIsTheStandardHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		d := pseudonym.NewDomain(k)
		for range 3 { // a domain is used again and again
			parts := rapid.SliceOfN(rapid.StringN(-1, -1, 300), 0, 4).Draw(t, "parts")
			mac := hmac.New(sha256.New, k)
			for _, p := range parts {
				mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
				mac.Write([]byte(p))
			}
			want := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16])
			if got := d.Token(parts...); got != want {
				t.Fatalf("%q: %s, want %s", parts, got, want)
			}
		}
	})
}

// TestThreat_T13_EnumerationFindsNothingWithoutTheKey tries every one of many ids against a person's token, with what
// somebody without the key can compute: digests without a key, and tokens under keys that are guessed.
func TestThreat_T13_EnumerationFindsNothingWithoutTheKey(t *testing.T) {
	ids := 200_000
	if testing.Short() {
		ids = 20_000
	}
	id := func(n int) string { return fmt.Sprintf("%06d-%04d", n/10_000, n%10_000) }
	held := map[string]bool{}
	secret := pseudonym.NewDomain([]byte("0123456789abcdef0123456789abcdef"))
	for n := 0; n < ids; n += 1000 {
		held[secret.Token(id(n))] = true
	}
	letters := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
	guesses := []*pseudonym.Domain{pseudonym.NewDomain(make([]byte, 32)), pseudonym.NewDomain(key(1))}
	for n := range ids {
		sum := sha256.Sum256([]byte(id(n)))
		tries := []string{letters.EncodeToString(sum[:16])}
		for _, d := range guesses {
			tries = append(tries, d.Token(id(n)))
		}
		for _, try := range tries {
			if held[try] {
				t.Fatal("an id was found without the key")
			}
		}
	}
	if !held[secret.Token(id(1000))] {
		t.Error("with the key nothing is found either")
	}
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

// TestSeveralAskOneDomain: two rows of one feed, or two people who approve in the same moment, ask one domain.
func TestSeveralAskOneDomain(t *testing.T) {
	shared, want := pseudonym.NewDomain(key(1)), make([]string, 50_000)
	for i := range want {
		want[i] = pseudonym.NewDomain(key(1)).Token(strconv.Itoa(i))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range want {
				if got := shared.Token(strconv.Itoa(i)); got != want[i] {
					t.Errorf("%d: %s, alone %s", i, got, want[i])
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkAppend(b *testing.B) {
	d := pseudonym.NewDomain(key(1))
	dst := make([]byte, 0, pseudonym.Length)
	b.ReportAllocs()
	cpu := userTime(b)
	for b.Loop() {
		dst = d.Append(dst[:0], "peppi", "10118\x1f2100001")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(float64(b.N)/(userTime(b)-cpu).Seconds(), "tokens/cpu-s")
}

// userTime gives the processor time that the program has used.
func userTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}
