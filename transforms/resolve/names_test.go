package resolve

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Näyte-Öhman": "nayte ohman", "O'Specimen": "ospecimen", "Åsa": "asa", " ": "", "Koe,": "koe", "Prøve": "prove", "koe": "koe",
		"A. M. Koe": "a m koe", "von  der–Koe": "von der koe", "Straße": "strasse",
	} {
		if got := Fold(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Values from Winkler, String Comparator Metrics and Enhanced Decision Rules (1990).
func TestJaroWinkler(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"martha", "marhta", 0.961}, {"dwayne", "duane", 0.84}, {"dixon", "dicksonx", 0.813}, {"a", "a", 1}, {"", "a", 0}, {"abc", "xyz", 0},
		{"anna", "anni", 0.883}, {"katariina", "katarina", 0.978},
	} {
		if got := jaroWinkler(c.a, c.b); math.Abs(got-c.want) > 0.001 {
			t.Errorf("%s %s: got %.3f, want %.3f", c.a, c.b, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching("[a-d]{0,70}").Draw(t, "a"), rapid.StringMatching("[a-d]{0,70}").Draw(t, "b")
		x, y := jaroWinkler(a, b), jaroWinkler(b, a)
		if math.Abs(x-y) > 1e-12 || x < 0 || x > 1 {
			t.Fatalf("got %v one way and %v the other", x, y)
		}
	})
}

// oneEdit agrees with trying every edit.
func TestOneEdit(t *testing.T) {
	word := rapid.StringMatching("[abc]{0,5}")
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := oneEdit(a, b), edits(a)[b] && a != b; got != want {
			t.Fatalf("%q and %q: got %v", a, b, got)
		}
	})
}

func edits(a string) map[string]bool {
	out := map[string]bool{}
	for i := range len(a) + 1 {
		for _, c := range "abc" {
			out[a[:i]+string(c)+a[i:]] = true
			if i < len(a) {
				out[a[:i]+string(c)+a[i+1:]] = true
			}
		}
		if i < len(a) {
			out[a[:i]+a[i+1:]] = true
		}
		if i+1 < len(a) {
			out[a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:]] = true
		}
	}
	return out
}

func TestEverydayNames(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"johannes", "jussi", true}, {"jussi", "juhani", true}, {"katariina", "kaisa", true}, {"johanna", "hanna", true}, {"veikko", "reijo", false},
		{"johannes", "juhani", false}, {"jussi", "juha", false}, {"aino", "aino", false},
	} {
		if everyday(c.a, c.b) != c.want || everyday(c.b, c.a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
	for name := range everydayIndex {
		if Fold(name) != name || strings.Contains(name, "|") {
			t.Errorf("%s is not written as names are compared", name)
		}
	}
}

func TestGivenNames(t *testing.T) {
	o := newOnomasticon(nil)
	for _, c := range []struct {
		a, aCall, b, bCall string
		want               agreement
	}{
		{"aino maria", "", "aino maria", "", equal},
		{"aino maria", "", "maria aino", "", equal},
		{"aino maria", "", "aino maria elina", "", equal},
		{"aino maria", "", "aino", "", equal},
		{"aino maria", "maria", "", "maria", equal},
		{"aino maria", "", "", "maria", equal},
		{"aino maria", "aino", "", "maria", unclear},
		{"aino maria", "", "aimo maria", "", unclear},
		{"aino m", "", "aino maria", "", unclear},
		{"aino maria", "", "aino elina", "", contradict},
		{"a", "", "aino", "", unclear},
		{"aino", "", "", "", unclear},
		{"aino", "", "eino", "", contradict},
		{"mika", "", "miika", "", alike},
		{"anna", "", "anja", "", contradict},
		{"anna maria", "", "annamaria", "", equal},
		{"anna maria", "", "annamari", "", contradict},
		{"mika", "", "mira", "", contradict},
		{"matti", "", "mtati", "", alike},
		{"nora ingrid", "nora", "", "nra", alike},
		{"hege marianne", "", "hgge marianne", "", unclear},
		{"mikael", "miakel", "mikael", "mikael", alike},
		{"anna maria elina", "anna maria", "", "anna", alike},
	} {
		x, y := &Member{Given: c.a, Call: c.aCall}, &Member{Given: c.b, Call: c.bCall}
		if got := o.givenNames(x, y); got != c.want {
			t.Errorf("%q (%s) and %q (%s): got %d, want %d", c.a, c.aCall, c.b, c.bCall, got, c.want)
		}
		if got := o.givenNames(y, x); got != c.want {
			t.Errorf("%q (%s) and %q (%s): got %d, want %d", c.b, c.bCall, c.a, c.aCall, got, c.want)
		}
	}
}

func TestFamilyNames(t *testing.T) {
	o := newOnomasticon(nil)
	for _, c := range []struct {
		a, aFormer, b, bFormer string
		want                   agreement
	}{
		{"koe", "", "koe", "", equal}, {"koe", "nayte", "nayte", "", equal}, {"koe", "", "testaaja", "", contradict}, {"koe", "", "", "", unclear},
		{"nayte ohman", "", "ohman", "", alike}, {"testaaja", "", "testaja", "", alike}, {"aho", "", "laho", "", contradict}, {"von koe", "", "vonkoe", "", equal},
	} {
		x, y := &Member{Family: c.a, Former: c.aFormer}, &Member{Family: c.b, Former: c.bFormer}
		if o.familyNames(x, y) != c.want || o.familyNames(y, x) != c.want {
			t.Errorf("%s and %s: got %d, want %d", c.a, c.b, o.familyNames(x, y), c.want)
		}
	}
}

// Blocks hold exactly the records that have a value in common, each once, in order.
func TestBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byRecord := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching("[a-e]?"), 0, 4), 0, 30).Draw(t, "values")
		records := make([]record, len(byRecord))
		want := map[string][]int32{}
		for i, values := range byRecord {
			seen := map[string]bool{}
			for _, v := range values {
				records[i].rows = append(records[i].rows, &Member{Hetu: v})
				if v != "" && !seen[v] {
					want[v] = append(want[v], int32(i))
					seen[v] = true
				}
			}
		}
		bl := strong("hetu", hetuOf)
		bl.limit = 10
		got := bl.block(records)
		blocks, oversized := 0, 0
		for _, w := range want {
			switch {
			case len(w) > 10:
				oversized++
			case len(w) > 1:
				blocks++
			}
		}
		if got.len() != blocks || got.oversized != oversized {
			t.Fatalf("got %d blocks and %d oversized, want %d and %d", got.len(), got.oversized, blocks, oversized)
		}
		for i := range got.len() {
			block := got.at(i)
			v := byRecord[block[0]]
			found := false
			for _, x := range v {
				found = found || x != "" && equalInts(want[x], block)
			}
			if !found {
				t.Fatal("a block is not the records of one value")
			}
		}
	})
}

func equalInts(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
