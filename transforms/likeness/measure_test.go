package likeness

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The vectors are those of Winkler's tables as the U.S. Census Bureau published them.
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

func TestEdits(t *testing.T) {
	long := strings.Repeat("abcdefghij", 9)
	for _, v := range []struct {
		a, b  string
		limit int
		want  int
	}{
		{"", "", 2, 0}, {"a", "", 2, 1}, {"kitten", "sitting", 5, 3}, {"kitten", "sitting", 2, 3}, {"ca", "abc", 9, 3},
		{"martha", "marhta", 2, 1}, {"anna", "nana", 2, 1}, {"ab", "ba", 1, 1}, {"abc", "cba", 3, 2}, {"same", "same", 0, 0},
		{"one", "two", 0, 1}, {"Åsa", "Åse", 2, 1}, {long, long[1:], 3, 1}, {long, "x" + long + "x", 3, 2},
		{"x" + long, long + "x", 3, 2}, {"ba" + long + "yz", "ab" + long + "zy", 3, 2}, {long, strings.ToUpper(long), 3, 4},
		{long, strings.ToUpper(long), 40, 41}, {long, strings.ToUpper(long[:31]) + long[31:], 40, 31}, {long, "x" + long + long[:40] + "x", 50, 51},
	} {
		if got := Edits(v.a, v.b, v.limit); got != v.want {
			t.Errorf("Edits(%q, %q, %d) = %d, want %d", v.a, v.b, v.limit, got, v.want)
		}
	}
}

// edits is the distance as its definition has it.
func edits(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestEditsIsTheDistance(t *testing.T) {
	letters := map[string]*rapid.Generator[string]{
		"short": rapid.StringMatching(`[abc]{0,9}`), "bytes": rapid.StringMatching(`[abä!]{0,9}`),
		"long": rapid.StringMatching(`[ab]{60,90}`), "apart": rapid.StringMatching(`[abcdefgh]{60,140}`),
	}
	for name, gen := range letters {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			a, b, limit := gen.Draw(t, "a"), gen.Draw(t, "b"), rapid.IntRange(0, 2*bandMost).Draw(t, "limit")
			got, want := Edits(a, b, limit), min(edits(a, b), limit+1)
			if cut := want > bandMost && min(len(a), len(b)) > word; got != want && !(cut && got == limit+1) {
				t.Fatalf("Edits(%q, %q, %d) = %d, want %d", a, b, limit, got, want)
			}
		}))
	}
}

func TestJaroWinklerOfAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[abcd]{0,70}`).Draw(t, "a"), rapid.StringMatching(`[abcd]{0,70}`).Draw(t, "b")
		up := strings.NewReplacer("a", "A", "b", "B", "c", "C", "d", "D")
		if x, y := JaroWinkler(a, b), JaroWinkler(up.Replace(a), up.Replace(b)); x != y || x < 0 || x > 1 {
			t.Fatalf("JaroWinkler(%q, %q) = %v, in capitals %v", a, b, x, y)
		}
	})
}

func TestDice(t *testing.T) {
	for _, v := range []struct {
		a, b string
		want float64
	}{{"night", "nacht", 0.25}, {"context", "contact", 0.5}, {"", "", 1}, {"a", "b", 0}, {"ab", "ab", 1}, {"ab", "cd", 0}} {
		if got := Dice(v.a, v.b); math.Abs(got-v.want) > 1e-9 {
			t.Errorf("Dice(%q, %q) = %v, want %v", v.a, v.b, got, v.want)
		}
	}
}

func TestSound(t *testing.T) {
	for _, names := range [][]string{
		{"Lindqvist", "Lindquist", "Lindkvist", "Lindkwist"}, {"Virtanen", "Wirtanen"}, {"Karlsson", "Carlson", "Karlson"},
		{"Sjöberg", "Shoberg", "Schöberg"}, {"Nyström", "Nystrøm", "Nistrom"}, {"Smith", "Smyth", "Smit"}, {"Schmidt", "Schmitt"},
		{"Hjalmarsson", "Jalmarson"}, {"Ljungberg", "Jungberg"}, {"Gjert", "Jert"}, {"Kjellström", "Källström", "Tjellström"},
		{"Gustafsson", "Gustavson"}, {"Philip", "Filip"}, {"Alexander", "Aleksander"}, {"Zachris", "Sakris"}, {"Bäck", "Beck", "Bak"},
		{"Yohan", "Johan"}, {"Qvarnström", "Kvarnström"}, {"Thomas", "Tomas"}, {"Mats", "Maz", "Mas"},
		{"Tsaikovski", "Chaikovski", "Tchaikovsky"}, {"Bengtsson", "Bengtson"}, {"Michael", "Mikael"},
		{"Ekström", "Äkström"}, {"Moeller", "Möller"}, {"Åse", "Aase"}, {"Löfven", "Löven"},
	} {
		want := string(Sound(nil, Fold(names[0])))
		for _, n := range names[1:] {
			if got := string(Sound(nil, Fold(n))); got != want {
				t.Errorf("Sound(%q) = %q, Sound(%q) = %q", n, got, names[0], want)
			}
		}
	}
	for _, two := range [][2]string{{"Virtanen", "Korhonen"}, {"Berg", "Borgen"}, {"Lahti", "Lampi"}, {"Fors", "Vors"}, {"Hall", "Aall"}} {
		if a, b := Sound(nil, Fold(two[0])), Sound(nil, Fold(two[1])); string(a) == string(b) {
			t.Errorf("%q and %q both sound %q", two[0], two[1], a)
		}
	}
	if got := string(Sound([]byte("key:"), "xx")); got != "key:ksks" {
		t.Errorf("a key appended is %q", got)
	}
}
