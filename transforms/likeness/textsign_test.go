package likeness

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// twoTexts draws pairs of texts of several words that are often alike.
func twoTexts() *rapid.Generator[[2]string] {
	word := rapid.OneOf(rapid.StringMatching(`[a-e]{1,5}`), rapid.StringMatching(`[a-z]{1,9}`), rapid.StringMatching(`(ae|oe|aa|ue|k){1,3}`),
		rapid.StringMatching(`[öя漢0-9]{1,3}`), rapid.SampledFrom([]string{"north", "n", "st", "street", "str", "road", "kauppa", "kirkko", "mill"}))
	end := rapid.SampledFrom([]string{"", "", "katu", " katu", "street", " street", " st", "gatan", " road", "vag", "vagen", "crescent", " 12"})
	text := rapid.Custom(func(t *rapid.T) string {
		words := rapid.SliceOfN(word, 1, 3).Draw(t, "words")
		return strings.Join(words, rapid.SampledFrom([]string{" ", " ", ""}).Draw(t, "between")) + end.Draw(t, "end")
	})
	return rapid.Custom(func(t *rapid.T) [2]string {
		a := text.Draw(t, "a")
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			return [2]string{a, text.Draw(t, "b")}
		case 1: // one end or another
			return [2]string{a + end.Draw(t, "end"), slipped(t, a) + end.Draw(t, "other end")}
		case 2: // words of one in another order
			words := strings.Fields(a + " " + word.Draw(t, "word"))
			return [2]string{a, strings.Join(rapid.Permutation(words).Draw(t, "order"), " ")}
		}
		return [2]string{a, slipped(t, a)}
	})
}

// TestTextSignsProve holds what signs of texts prove to what the comparators say.
func TestTextSignsProve(t *testing.T) {
	texts := twoTexts()
	rapid.Check(t, func(t *rapid.T) {
		w := texts.Draw(t, "texts")
		a, b := w[0], w[1]
		if a == b {
			return
		}
		x, y := NewTextSign(a), NewTextSign(b)
		if l := Text(a, b); l != Different && x.TextApart(&y) {
			t.Errorf("texts %q and %q are %s", a, b, TextLevels[l])
		}
		if l := City(a, b); l != Different && x.CityApart(&y) {
			t.Errorf("towns %q and %q are %s", a, b, CityLevels[l])
		}
		x, y = NewStreetSign(a), NewStreetSign(b)
		if l := Street(a, b); l != Different && x.StreetApart(&y) {
			t.Errorf("streets %q and %q are %s", a, b, StreetLevels[l])
		}
	})
}

// TestTextSignsKnowTheirEdges has pairs that are just alike enough, each by one of the things that a sign must look at.
func TestTextSignsKnowTheirEdges(t *testing.T) {
	for _, c := range []struct{ what, a, b string }{
		{"respelt", "oe oe oe", "ooo"},
		{"abbreviated", "crescent boulevard", "cr bvd"},
		{"three slips before one road", "abcdef ghi katu", "abcdef xyz katu"},
		{"a space before one road", "abcdefghi katu", "abcdefxyzkatu"},
	} {
		x, y := NewStreetSign(c.a), NewStreetSign(c.b)
		if Street(c.a, c.b) == Different || x.StreetApart(&y) || y.StreetApart(&x) {
			t.Errorf("streets, %s: %q and %q", c.what, c.a, c.b)
		}
	}
	for _, c := range []struct{ what, a, b string }{
		{"respelt", "oe oe oe", "ooo"}, {"a start in common, and most letters in their order", "ecrpltkn", "ecrplitgkhn"},
	} {
		x, y := NewTextSign(c.a), NewTextSign(c.b)
		if Text(c.a, c.b) == Different || x.TextApart(&y) || y.TextApart(&x) {
			t.Errorf("texts, %s: %q and %q", c.what, c.a, c.b)
		}
	}
}

// TestRoadsDoNotNest holds that a street ends with one word for a road at most, which its sign goes by.
func TestRoadsDoNotNest(t *testing.T) {
	for i, r := range roads {
		for j, s := range roads {
			if i != j && strings.HasSuffix(r[0], s[0]) {
				t.Errorf("%q ends with %q", r[0], s[0])
			}
		}
	}
	if len(roads) > roadMask {
		t.Errorf("%d words for a road have no room in a sign", len(roads))
	}
}

// TestTextSignsTell says how much signs tell of texts that have nothing to do with each other.
func TestTextSignsTell(t *testing.T) {
	names := strings.Split("kauppakatu,kirkkokatu,koulukatu,asemakatu,rantatie,myllytie,metsatie,koivukuja,pihlajatie,kuusitie,mantytie,"+
		"hameenkatu,aleksanterinkatu,mannerheimintie,brown street,chapman crescent,ainsworth street,burramurra street,hawkesbury crescent,"+
		"mcginness street,tillyard drive,kingsford smith drive,companion crescent,southern cross drive,storgatan,kungsgatan,drottninggatan", ",")
	for name, x := range map[string]struct {
		compare func(a, b string) Level
		apart   func(a, b string) bool
		percent int
	}{
		"street": {Street, func(a, b string) bool { x, y := NewStreetSign(a), NewStreetSign(b); return x.StreetApart(&y) }, 60},
		"city":   {City, func(a, b string) bool { x, y := NewTextSign(a), NewTextSign(b); return x.CityApart(&y) }, 60},
		"text":   {Text, func(a, b string) bool { x, y := NewTextSign(a), NewTextSign(b); return x.TextApart(&y) }, 60},
	} {
		told, all := 0, 0
		for i, a := range names {
			for _, b := range names[i+1:] {
				if x.compare(a, b) == Different {
					all++
					if x.apart(a, b) {
						told++
					}
				}
			}
		}
		t.Logf("%s: %d of %d", name, told, all)
		if told*100 < all*x.percent {
			t.Errorf("%s: of %d pairs of different names %d are told", name, all, told)
		}
	}
}
