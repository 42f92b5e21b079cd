package likeness

import (
	"math"
	"testing"
)

// The vectors are Winkler's (1990, table 1) and Damerau's kind of slips.
func TestJaroWinkler(t *testing.T) {
	for _, v := range []struct {
		a, b string
		want float64
	}{
		{"martha", "marhta", 0.961}, {"dixon", "dicksonx", 0.813}, {"dwayne", "duane", 0.840}, {"MARTHA", "MARHTA", 0.961},
		{"jones", "johnson", 0.832}, {"abroms", "abrams", 0.922}, {"hardin", "martinez", 0.722}, {"itman", "smith", 0.467},
		{"jeraldine", "geraldine", 0.926}, {"michelle", "michael", 0.921}, {"julies", "julius", 0.933}, {"tanya", "tonya", 0.880},
		{"sean", "susan", 0.805}, {"jon", "john", 0.933}, {"jon", "jan", 0.800}, {"", "a", 0}, {"", "", 1}, {"ab", "cd", 0},
	} {
		if got := JaroWinkler(v.a, v.b); math.Abs(got-v.want) > 0.0006 {
			t.Errorf("JaroWinkler(%q, %q) = %.4f, want %.3f", v.a, v.b, got, v.want)
		}
	}
}
