package linkage

import (
	"slices"
	"testing"
)

// person writes a row of campusFields in few words.
type person struct {
	id, given, family, former, born, sex, street, post, city, phone, mail, hetu, student string
}

func (p person) row() []string {
	call := ""
	if first, _, more := cutWord(p.given); more {
		call = first
	}
	return []string{p.id, "peppi", p.given, call, p.family, p.former, p.born, p.sex, p.street, p.post, p.city, p.phone, p.mail, p.hetu, "", p.student, ""}
}

func cutWord(s string) (word, rest string, more bool) {
	for i := range s {
		if s[i] == ' ' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// cases are people among those of a campus. Records whose ids differ in their last digit alone are one person's where one
// is given, and two people's elsewhere.
var cases = []struct {
	name   string
	rows   []person
	one    [][]string // sets that must be one cluster
	apart  [][]string // records that must all be in clusters of their own
	within []string   // records of which at least two must be apart
}{
	{name: "same person, typing mistakes",
		rows: []person{
			{id: "typo1", given: "Aino Iiris", family: "Ketonummi", born: "1984-05-06", sex: "f", street: "Rantatie 4 B", post: "48100", city: "Kotka", phone: "+358400001771", mail: "aino.ketonummi@mail.example"},
			{id: "typo2", given: "Aino Iris", family: "Ketonumi", born: "1984-05-06", sex: "f", street: "Rantatie 4", post: "48100", city: "Kotka", phone: "040 000 1771"}},
		one: [][]string{{"typo1", "typo2"}}},
	{name: "names in each other's place",
		rows: []person{
			{id: "swap1", given: "Valtteri", family: "Honkapuro", born: "1991-02-17", sex: "m", post: "50100", city: "Mikkeli", phone: "+358400001881"},
			{id: "swap2", given: "Honkapuro", family: "Valtteri", born: "1991-02-17", sex: "m", post: "50100", city: "Mikkeli", phone: "+358400001881"}},
		one: [][]string{{"swap1", "swap2"}}},
	{name: "new family name",
		rows: []person{
			{id: "wed1", given: "Elina Sofia", family: "Suvikorpi", born: "1990-09-03", sex: "f", phone: "+358400001991", mail: "elina.suvikorpi@mail.example"},
			{id: "wed2", given: "Elina Sofia", family: "Talviranta", former: "Suvikorpi", born: "1990-09-03", sex: "f", phone: "+358400001991"}},
		one: [][]string{{"wed1", "wed2"}}},
	{name: "what is missing says nothing",
		rows: []person{
			{id: "gap1", given: "Onni Eemeli", family: "Kirkkoniitty", born: "1979-12-24", sex: "m", street: "Myllytie 9", post: "45100", city: "Kouvola", phone: "+358400001661", mail: "onni.kirkkoniitty@mail.example"},
			{id: "gap2", given: "Onni", family: "Kirkkoniitty", mail: "onni.kirkkoniitty@mail.example"}},
		one: [][]string{{"gap1", "gap2"}}},
	{name: "couple",
		rows: []person{
			{id: "pair1", given: "Mikael", family: "Sysimetsä", born: "1975-01-30", sex: "m", street: "Kivikatu 12", post: "20100", city: "Turku", phone: "+358400001551"},
			{id: "pair2", given: "Johanna", family: "Sysimetsä", born: "1977-08-11", sex: "f", street: "Kivikatu 12", post: "20100", city: "Turku", phone: "+358400001551"}},
		apart: [][]string{{"pair1", "pair2"}}},
	{name: "twins",
		rows: []person{
			{id: "twin1", given: "Eero Juhani", family: "Hallaniemi", born: "1996-06-06", sex: "m", street: "Peltotie 3", post: "33100", city: "Tampere", phone: "+358400001441"},
			{id: "twin2", given: "Aapo Oskari", family: "Hallaniemi", born: "1996-06-06", sex: "m", street: "Peltotie 3", post: "33100", city: "Tampere", phone: "+358400001442"}},
		apart: [][]string{{"twin1", "twin2"}}},
	{name: "father and son of one name",
		rows: []person{
			{id: "heir1", given: "Kaarlo", family: "Routaharju", born: "1951-03-02", sex: "m", street: "Harjukuja 1", post: "70100", city: "Kuopio"},
			{id: "heir2", given: "Kaarlo", family: "Routaharju", born: "1983-10-19", sex: "m", street: "Harjukuja 1", post: "70100", city: "Kuopio"}},
		apart: [][]string{{"heir1", "heir2"}}},
	{name: "namesakes",
		rows: []person{
			{id: "name1", given: "Matti", family: "Virtanen", born: "1970-01-09", sex: "m", post: "00100", city: "Helsinki"},
			{id: "name2", given: "Matti", family: "Virtanen", born: "1988-07-21", sex: "m", post: "90100", city: "Oulu"}},
		apart: [][]string{{"name1", "name2"}}},
	{name: "two right identity codes",
		rows: []person{
			{id: "code1", given: "Sanna", family: "Kuuralahti", born: "1982-02-13", sex: "f", street: "Lehtotie 5", post: "20100", city: "Turku", hetu: "210292Y987R"},
			{id: "code2", given: "Sanna", family: "Kuuralahti", born: "1982-02-13", sex: "f", street: "Lehtotie 5", post: "20100", city: "Turku", hetu: "060589X9683"}},
		apart: [][]string{{"code1", "code2"}}},
	{name: "one number of two people",
		rows: []person{
			{id: "shared1", given: "Tarmo", family: "Jäkäläpää", born: "1968-11-05", sex: "m", post: "33100", city: "Tampere", student: "10118:9990001"},
			{id: "shared2", given: "Tarmo", family: "Jäkäläpää", born: "1968-11-05", sex: "m", post: "33100", city: "Tampere", student: "10118:9990001"},
			{id: "shared3", given: "Kerttu", family: "Savisalmi", born: "1993-04-28", sex: "f", post: "20100", city: "Turku", student: "10118:9990001"},
			{id: "shared4", given: "Kerttu", family: "Savisalmi", born: "1993-04-28", sex: "f", post: "20100", city: "Turku", student: "10118:9990001"}},
		one: [][]string{{"shared1", "shared2"}, {"shared3", "shared4"}}, within: []string{"shared1", "shared3"}},
	{name: "chain whose ends contradict each other",
		rows: []person{
			{id: "chain1", given: "Oiva", family: "Pihkavaara", born: "1960-05-05", sex: "m", street: "Suotie 8", post: "33100", city: "Tampere", hetu: "270995Y9860", mail: "oiva.pihkavaara@mail.example"},
			{id: "chain2", given: "Oiva", family: "Pihkavaara", mail: "oiva.pihkavaara@mail.example", phone: "+358400001331"},
			{id: "chain3", given: "Oiva", family: "Pihkavaara", born: "1995-08-29", sex: "m", street: "Kaarikatu 77", post: "90100", city: "Oulu", hetu: "210885-946E", phone: "+358400001331"}},
		within: []string{"chain1", "chain2", "chain3"}},
}

func TestCases(t *testing.T) {
	var rows cells
	for _, c := range cases {
		for _, p := range c.rows {
			rows = append(rows, p.row())
		}
	}
	p := campusRecords(t, campusOf{several(20_000), 5, 0.7})
	table := tableOf(campusFields(), slices.Concat(p.rows, rows), 0)
	res := link(t, table, Defaults())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			explain := func(a, b string) {
				x, _ := table.Find(a)
				y, _ := table.Find(b)
				t.Logf("%+v", table.Explain(res.Model, x, y))
			}
			for _, set := range c.one {
				if !linked(t, table, res, set...) {
					t.Errorf("%v are not one person", set)
					explain(set[0], set[1])
				}
			}
			for _, set := range c.apart {
				for i := range set {
					for j := range i {
						if linked(t, table, res, set[i], set[j]) {
							t.Errorf("%v and %v are one person", set[j], set[i])
							explain(set[j], set[i])
						}
					}
				}
			}
			if c.within != nil && linked(t, table, res, c.within...) {
				t.Errorf("%v are one person", c.within)
			}
		})
	}
}
