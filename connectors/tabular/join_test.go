package tabular

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestJoin holds that whatever is joined without a complaint can be parted again.
func TestJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(`[ab;|]{0,3}`), 1, 4).Draw(t, "values")
		part := rapid.SampledFrom([]string{";", "||", ""}).Draw(t, "part")
		buf, plain := []byte("before;"), true
		from := len(buf)
		for n, v := range values {
			var ok bool
			buf, ok = Join(buf, from, n, []byte(v), part)
			plain = plain && ok
		}
		clash := len(values) > 1 && (part == "" || strings.Contains(strings.Join(values, "\x00"), part))
		if plain == clash {
			t.Fatalf("%q by %q: plain is %v", values, part, plain)
		}
		if got := string(buf[from:]); got != strings.Join(values, part) {
			t.Fatalf("%q", got)
		}
	})
}
