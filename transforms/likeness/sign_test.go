package likeness

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// twoWords draws pairs of words that are often alike.
func twoWords() *rapid.Generator[[2]string] {
	word := rapid.OneOf(
		rapid.StringMatching(`[aekmno]{1,9}`), rapid.StringMatching(`[a-z]{1,12}`), rapid.StringMatching(`(ae|oe|aa|ue|k|m){1,6}`),
		rapid.StringMatching(`[äöåя漢a-c]{1,6}`),
		rapid.SampledFrom([]string{"jussi", "juhani", "johannes", "matti", "matias", "liisa", "elisabet", "virtanen", "wirtanen", "kallioniemi", "m", "j", "aaa"}))
	return rapid.Custom(func(t *rapid.T) [2]string {
		a := word.Draw(t, "a")
		if rapid.Bool().Draw(t, "other") {
			return [2]string{a, word.Draw(t, "b")}
		}
		return [2]string{a, slipped(t, a)}
	})
}

// slipped makes some slips in a value.
func slipped(t *rapid.T, s string) string {
	b := []byte(s)
	for range rapid.IntRange(1, 4).Draw(t, "slips") {
		i := rapid.IntRange(0, len(b)).Draw(t, "place")
		c := rapid.SampledFrom([]byte("aeikn0159")).Draw(t, "sign")
		switch how := rapid.IntRange(0, 3).Draw(t, "how"); {
		case how == 0 || i == len(b):
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case how == 1 && len(b) > 1:
			b = append(b[:i], b[i+1:]...)
		case how == 2 && i > 0:
			b[i-1], b[i] = b[i], b[i-1]
		default:
			b[i] = c
		}
	}
	return string(b)
}

// TestSignsProve holds what signs prove to what the comparators say.
func TestSignsProve(t *testing.T) {
	words, codes := twoWords(), rapid.StringMatching(`[+]?0{0,2}[0-9]{1,15}|[0-9a-f]{1,18}`)
	rapid.Check(t, func(t *rapid.T) {
		w := words.Draw(t, "words")
		if w[0] != w[1] {
			x, y := NewSign(w[0]), NewSign(w[1])
			if l := Given(w[0], w[1]); l != Different && x.GivenApart(&y) {
				t.Errorf("given names %q and %q are %s", w[0], w[1], GivenLevels[l])
			}
			if l := Family(w[0], w[1]); l != Different && x.FamilyApart(&y) {
				t.Errorf("family names %q and %q are %s", w[0], w[1], FamilyLevels[l])
			}
		}
		a := codes.Draw(t, "code")
		b := codes.Draw(t, "other code")
		if rapid.Bool().Draw(t, "alike") {
			b = slipped(t, a)
		}
		if l := Identifier(a, b); l != Different && NewSketch(a).IdentifierApart(NewSketch(b)) {
			t.Errorf("codes %q and %q are %s", a, b, IdentifierLevels[l])
		}
		p, q := FoldPhone(a), FoldPhone(b)
		if l := Phone(p, q); l != Different && NewPhoneSketch(p).PhoneApart(NewPhoneSketch(q)) {
			t.Errorf("numbers %q and %q are %s", p, q, PhoneLevels[l])
		}
	})
}

// TestEmailSignsProve holds what signs of addresses prove to what the comparator says.
func TestEmailSignsProve(t *testing.T) {
	address := rapid.OneOf(
		rapid.StringMatching(`[a-d]{1,5}[.][a-d]{1,5}[0-9]{0,3}@(aa[.]example|bb[.]example)`), rapid.StringMatching(`[a-z.+_-]{1,12}@[a-c]{1,3}`),
		rapid.StringMatching(`[ab@.]{1,9}`), rapid.StringMatching(`[a-z]{60,70}@a`),
		rapid.SampledFrom([]string{"anna.specimen@campus.example", "anna.virtanen12@mail.example", "a@b", "ab@cd@ef", "ö@ä"}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := address.Draw(t, "a"), address.Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b = slipped(t, a)
		}
		x, y := NewEmailSign(a), NewEmailSign(b)
		if l := Email(a, b); a != b && (l > x.Most(&y) || x.Most(&y) != y.Most(&x)) {
			t.Errorf("addresses %q and %q are %s", a, b, EmailLevels[l])
		}
	})
}

// TestSignsTell says how much signs tell of values that have nothing to do with each other.
func TestSignsTell(t *testing.T) {
	names := strings.Fields("virtanen korhonen makinen nieminen makela hamalainen laine heikkinen koskinen jarvinen lehtonen lehtinen saarinen " +
		"salminen heinonen niemi heikkila kinnunen salonen turunen salo laitinen tuominen rantanen karjalainen jokinen mattila savolainen")
	told, all := 0, 0
	for i, a := range names {
		for _, b := range names[i+1:] {
			x, y := NewSign(a), NewSign(b)
			if Family(a, b) == Different {
				all++
				if x.FamilyApart(&y) {
					told++
				}
			}
		}
	}
	if told*10 < all*6 {
		t.Errorf("of %d pairs of different names %d are told", all, told)
	}
}
