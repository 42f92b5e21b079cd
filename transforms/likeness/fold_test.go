package likeness

import (
	"testing"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Söderström": "soderstrom", "ÅSE": "ase", "Bækken-Øst": "bakken ost", "O'Specimen": "ospecimen", "O’Specimen": "ospecimen",
		"  Anna   Maria ": "anna maria", "Anna-Maria": "anna maria", "A.M. Näyte": "a m nayte", "*Juhani* Aleksi": "juhani aleksi",
		"Dvořák": "dvorak", "Łukasz": "lukasz", "Straße": "strasse", "STRAẞE": "strasse", "Þór": "thor", "ﬁnn": "finn", "İnci": "inci",
		"So\u0308der": "soder", "Ｆｕｌｌ": "full", "Иван": "иван", "a\xffb": "ab", "Smith (Jones)": "smith jones", "sm!th": "smth", "12 B/3": "12 b 3",
		"´": "", "-": "", "a ": "a", "\u00a0a\u00a0b": "a b", "x₂": "x2",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldOfKinds(t *testing.T) {
	for _, v := range []struct {
		fold     func(string) string
		in, want string
	}{
		{FoldPhone, "+358 40 000 1234", "+358400001234"}, {FoldPhone, "+358 (0)40 0001234", "+358400001234"},
		{FoldPhone, "00358-40-0001234", "+358400001234"}, {FoldPhone, "040 0001234", "0400001234"}, {FoldPhone, "", ""}, {FoldPhone, "+", ""},
		{FoldEmail, " Anna.Specimen@Mail.Example ", "anna.specimen@mail.example"}, {FoldEmail, "mailto:a@b.example", "a@b.example"},
		{FoldEmail, "<a@b.example>;", "a@b.example"}, {FoldEmail, "Jörgen@b.example", "jorgen@b.example"},
		{FoldCode, "SE-123 45", "se12345"}, {FoldCode, "010190-900X", "010190900x"},
		{FoldNumber, "007", "7"}, {FoldNumber, "1,50", "1.5"}, {FoldNumber, "-0.50", "-0.5"}, {FoldNumber, "0", "0"}, {FoldNumber, "-0", "0"},
		{FoldNumber, "100", "100"}, {FoldNumber, "none", ""},
	} {
		if got := v.fold(v.in); got != v.want {
			t.Errorf("folded %q is %q, want %q", v.in, got, v.want)
		}
	}
}

// dirty draws what stands in columns: names, junk, any bytes.
func dirty() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-e]{0,6}( [a-e]{1,5}){0,2}`), rapid.StringMatching(`[aeosk ]{0,8}`), rapid.StringMatching(`[ÅÄÖåäöØæ'’. -]{0,6}[a-c@.,+0-3-]{0,9}`),
		rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 90), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"", " ", "anna", "anna maria", "maria anna", "jussi", "juhani", "johannes", "a", "katu", "kauppakatu 12", "kauppak 12 a", "12 baker st"}),
	)
}

// What is appended is what is folded, whatever stands before it and however little room there is.
func TestFoldsAreAppended(t *testing.T) {
	folds := []struct {
		fold   func(string) string
		append func([]byte, string) []byte
	}{{Fold, AppendFold}, {FoldCode, AppendCode}, {FoldPhone, AppendPhone}, {FoldEmail, AppendEmail}, {FoldNumber, AppendNumber}}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(dirty(), rapid.StringMatching(`[ +(]{0,2}0{0,3}(\(0\))?[0-9 -]{0,9}`)).Draw(t, "s")
		before := make([]byte, 0, rapid.IntRange(2, 20).Draw(t, "room"))
		before = append(before, "0 "...)
		for i, f := range folds {
			if got, want := string(f.append(before, s)), "0 "+f.fold(s); got != want {
				t.Errorf("fold %d: %q becomes %q, want %q", i, s, got, want)
			}
		}
	})
}

func TestFoldsAreIdempotent(t *testing.T) {
	for _, c := range Comparators() {
		t.Run(c.Name, rapid.MakeCheck(func(t *rapid.T) {
			s := dirty().Draw(t, "s")
			once := c.Fold(s)
			if twice := c.Fold(once); twice != once {
				t.Fatalf("%q folds to %q and that to %q", s, once, twice)
			}
		}))
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Söderström", "O'Specimen-Næss", "a\xffb", "İ", "+358 (0)40", "mailto:<a@b>", "-0,50"} {
		f.Add(s)
	}
	folds := Comparators()
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range folds {
			once := c.Fold(s)
			if twice := c.Fold(once); twice != once {
				t.Errorf("%s: %q folds to %q and that to %q", c.Name, s, once, twice)
			}
		}
	})
}
