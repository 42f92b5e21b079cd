package likeness

import (
	"testing"

	"pgregory.net/rapid"
)

// pairs are values that a comparator must put on one level.
type pairs struct {
	name, level string
	values      [][2]string
}

func TestLevels(t *testing.T) {
	for _, p := range []pairs{
		{"given", "same", [][2]string{{"Anna", "ANNA"}, {"Anna-Maria", "Anna Maria"}}},
		{"given", "spelt otherwise", [][2]string{{"Annamaria", "Anna Maria"}, {"Aase", "Åse"}, {"Joergen", "Jørgen"}}},
		{"given", "part", [][2]string{{"Anna", "Anna Maria"}, {"Anna Maria", "Maria Anna"}, {"Maria", "Anna Maria Elina"}}},
		{"given", "slips", [][2]string{{"Katariina", "Katarina"}, {"Mikko", "Mkiko"}, {"Juhani Matias", "Juhnai Matias"}, {"Ben", "Bne"}}},
		{"given", "initial", [][2]string{{"A", "Anna"}, {"A", "Anna Maria"}, {"Anna M", "Anna Maria"}, {"J", "Juhani"}}},
		{"given", "everyday form", [][2]string{{"Jussi", "Juhani"}, {"Bob", "Robert"}, {"Liz", "Elizabeth"}, {"Lotta", "Charlotta Maria"}}},
		{"given", "similar", [][2]string{{"Anna", "Anja"}, {"Mika", "Mira"}, {"Jessica", "aessicJ"}}},
		{"given", "one in common", [][2]string{{"Anna Maria", "Anna Liisa"}}},
		{"given", "different", [][2]string{{"Anna", "Pekka"}, {"Pekka", "Helena"}, {"A", "Berit"}, {"", "Anna"}}},
		{"family", "same", [][2]string{{"Söderström", "soderstrom"}}},
		{"family", "spelt otherwise", [][2]string{{"Soederstroem", "Söderström"}, {"Moeller", "Möller"}, {"Mac Donald", "MacDonald"}}},
		{"family", "part", [][2]string{{"Näyte-Öhman", "Öhman"}, {"von Essen", "Essen"}, {"de la Gardie", "Gardie"}}},
		{"family", "slips", [][2]string{{"Virtanen", "Virtannen"}, {"Smith", "Smiht"}}},
		{"family", "sounds alike", [][2]string{{"Sjöberg", "Schoberg"}, {"Qwarnström", "Kvarnstrom"}}},
		{"family", "similar", [][2]string{{"Robinson", "Rosnbino"}}},
		{"family", "different", [][2]string{{"Virtanen", "Korhonen"}, {"Kallioniemi", "Kalliojärvi"}, {"von Essen", "von Fersen Platen"}}},
		{"phone", "same", [][2]string{{"+358 40 0001234", "00358400001234"}}},
		{"phone", "other prefix", [][2]string{{"040 000 1234", "+358 40 0001234"}, {"4001234", "040 4001234"}}},
		{"phone", "one slip", [][2]string{{"040 0001234", "040 0001235"}, {"040 0001234", "040 0001243"}}},
		{"phone", "different", [][2]string{{"040 0001234", "040 0005678"}, {"112", "112112"}}},
		{"email", "same", [][2]string{{"Anna@mail.example", "anna@MAIL.example"}}},
		{"email", "other marks", [][2]string{{"anna.specimen@mail.example", "annaspecimen@mail.example"}, {"anna+news@mail.example", "anna@mail.example"}}},
		{"email", "other domain", [][2]string{{"anna.specimen@mail.example", "anna.specimen@post.example"}}},
		{"email", "one or two slips", [][2]string{{"anna.specimen@mail.example", "ana.specimen@mial.example"}}},
		{"email", "similar", [][2]string{{"anna.specimen@mail.example", "nana.spceimen12@mail.example"}}},
		{"email", "different", [][2]string{{"anna@mail.example", "pekka@mail.example"}, {"", "a@b.example"}}},
		{"postcode", "one slip", [][2]string{{"50190", "50109"}, {"50190", "50191"}}},
		{"postcode", "same area", [][2]string{{"50190", "50870"}}},
		{"postcode", "different", [][2]string{{"50190", "00100"}, {"50", "51"}}},
		{"house_number", "same number", [][2]string{{"12 A", "12"}}},
		{"house_number", "one slip", [][2]string{{"12", "21"}, {"112", "113"}}},
		{"house_number", "different", [][2]string{{"1", "2"}, {"12", "13"}, {"", "1"}}},
		{"street", "spelt otherwise", [][2]string{{"Kauppakatu 12", "Kauppak. 12"}, {"Baker St. 3", "Baker Street 3"}, {"Kauppa katu 1", "Kauppakatu 1"}, {"12 Baker Street", "Baker St 12"}}},
		{"street", "slips", [][2]string{{"Kauppakatu 12", "Kaupakatu 12"}}},
		{"street", "other words", [][2]string{{"Kauppakatu 12 A 3", "Kauppakatu 12"}, {"Kauppakatu", "Kauppakatu 12"}, {"North Baker Street", "Baker Street"}}},
		{"street", "other number", [][2]string{{"Kauppakatu 12", "Kauppakatu 13"}, {"1 Baker Street", "2 Baker St"}}},
		{"street", "similar", [][2]string{{"Wheadon Street", "Hawdon Street"}}},
		{"street", "different", [][2]string{{"Wallace Street", "Baker Street"}, {"Vuorikatu 3", "Puistokatu 3"}}},
		{"city", "one slip", [][2]string{{"Lappeenranta", "Lappenranta"}, {"Malmoe", "Malmö"}}},
		{"city", "part", [][2]string{{"Mikkeli", "Mikkeli Anttola"}}},
		{"city", "different", [][2]string{{"Mikkeli", "Kouvola"}}},
		{"text", "slips", [][2]string{{"software designer", "sofware desinger"}}},
		{"text", "other words", [][2]string{{"shopping centre", "centre shopping north"}}},
		{"text", "different", [][2]string{{"nurse", "teacher"}}},
		{"identifier", "one slip", [][2]string{{"1234567", "1234576"}, {"AB1234", "AB-1235"}}},
		{"identifier", "two slips", [][2]string{{"1234567", "2134576"}}},
		{"identifier", "different", [][2]string{{"123", "124"}, {"123456", "213465"}}},
		{"number", "same", [][2]string{{"1,50", "1.5"}}},
		{"number", "one slip", [][2]string{{"1234", "1243"}}},
		{"number", "near", [][2]string{{"100", "99"}, {"-100", "-98.5"}}},
		{"number", "different", [][2]string{{"100", "200"}, {"5", "-5"}}},
	} {
		c := comparator(t, p.name)
		for _, v := range p.values {
			if got := c.Levels[c.Compare(c.Fold(v[0]), c.Fold(v[1]))]; got != p.level {
				t.Errorf("%s: %q and %q are %q, want %q", p.name, v[0], v[1], got, p.level)
			}
		}
	}
}

func comparator(t *testing.T, name string) Comparator {
	t.Helper()
	for _, c := range Comparators() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no comparator %s", name)
	return Comparator{}
}

// checkPair tells what a comparator owes to any two values.
func checkPair(t interface{ Fatalf(string, ...any) }, c Comparator, a, b string) {
	x, y := c.Compare(a, b), c.Compare(b, a)
	top := Level(len(c.Levels) - 1)
	switch {
	case x != y:
		t.Fatalf("%s: %q, %q is %q, the other way round %q", c.Name, a, b, c.Levels[x], c.Levels[y])
	case x > top:
		t.Fatalf("%s: %q, %q has no level", c.Name, a, b)
	case (x == top) != (a == b):
		t.Fatalf("%s: %q, %q is %q", c.Name, a, b, c.Levels[x])
	}
}

func TestComparatorsAreSymmetricAndTotal(t *testing.T) {
	for _, c := range Comparators() {
		t.Run(c.Name, rapid.MakeCheck(func(t *rapid.T) {
			a, b := dirty().Draw(t, "a"), dirty().Draw(t, "b")
			checkPair(t, c, a, b)
			checkPair(t, c, c.Fold(a), c.Fold(b))
		}))
	}
}

func FuzzCompare(f *testing.F) {
	for _, v := range [][2]string{
		{"", ""}, {"anna", "anna maria"}, {"jussi", "juhani"}, {" ", "a"}, {"kauppak 12", "kauppakatu 12 a"}, {"a@b", "a+c@b"},
		{"+358400001234", "0400001234"}, {"-1.5", "-"}, {"\xff", "ä"}, {" 0A", "00"}, {"b 0", "0 b"},
	} {
		f.Add(v[0], v[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, c := range Comparators() {
			checkPair(t, c, a, b)
			checkPair(t, c, c.Fold(a), c.Fold(b))
		}
		if x := JaroWinkler(a, b); x != JaroWinkler(b, a) || x < 0 || x > 1 {
			t.Errorf("JaroWinkler of %q, %q is %v", a, b, x)
		}
		if x := Dice(a, b); x != Dice(b, a) || x < 0 || x > 1 {
			t.Errorf("Dice of %q, %q is %v", a, b, x)
		}
		Sound(nil, a)
		MailboxNames(a, []string{b}, []string{a})
	})
}

func TestMailboxNames(t *testing.T) {
	for _, v := range []struct{ local, given, family, wantGiven, wantFamily string }{
		{"anna.specimen", "anna maria", "specimen", "", ""}, {"specimen.anna", "anna", "specimen", "", ""}, {"annaspecimen41332", "anna", "specimen", "", ""},
		{"a.specimen", "anna", "specimen", "", ""}, {"maria_s", "anna maria", "specimen", "", ""}, {"info", "anna", "specimen", "", ""},
		{"anna.specimen", "anna", "", "", "specimen"}, {"anna.specimen", "", "specimen", "anna", ""}, {"specimen-anna7", "", "specimen", "anna", ""},
		{"anna.specimen", "anna maria", "virtanen", "", "specimen"}, {"anna.specimen", "ana", "specimen", "anna", ""}, {"anna.specimen", "a", "specimen", "anna", ""},
		{"a.specimen", "anna", "", "", "specimen"}, {"a.specimen", "", "specimen", "a", ""}, {"anna.s", "", "specimen", "anna", ""},
		{"annaspecimen", "anna", "", "", "specimen"}, {"annaspecimen", "", "specimen", "anna", ""}, {"aspecimen12", "", "specimen", "a", ""}, {"specimena", "", "specimen", "a", ""},
		{"anna.specimen", "", "", "", ""}, {"annabel", "anna", "", "", ""}, {"b.virtanen", "anna", "", "", ""}, {"tuula.k.laine", "tuula", "", "", ""},
		{"", "anna", "specimen", "", ""}, {"...", "anna", "", "", ""}, {"änna.specimen", "", "specimen", "", ""}, {"j2.laine", "", "laine", "", ""},
	} {
		var given, family []string
		if v.given != "" {
			given = []string{v.given}
		}
		if v.family != "" {
			family = []string{v.family}
		}
		if g, f := MailboxNames(v.local, given, family); g != v.wantGiven || f != v.wantFamily {
			t.Errorf("%q of %q %q tells %q and %q, want %q and %q", v.local, v.given, v.family, g, f, v.wantGiven, v.wantFamily)
		}
	}
	if n := testing.AllocsPerRun(10, func() { MailboxNames("anna.specimen41", []string{"anna maria"}, []string{"virtanen"}) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func TestComparatorsAllocateNothing(t *testing.T) {
	values := []string{"", "anna maria", "annika", "kauppakatu 12 a", "anna.specimen@mail.example", "+358400001234", "19850732", "söderström", "-1.5"}
	for _, c := range Comparators() {
		got := testing.AllocsPerRun(10, func() {
			for _, a := range values {
				for _, b := range values {
					c.Compare(a, b)
				}
			}
		})
		if got != 0 {
			t.Errorf("%s allocates %v times", c.Name, got)
		}
	}
}
