package resolve_test

import (
	"testing"

	"uoma/transforms/resolve"
)

// TestWhoIsKnownToBeTwo has two records that people or their code joined, and that are two subjects on the next night. That they are two
// people is known where what they say contradicts or people found it, and of which of the two it is not known where the first one says
// of itself what it did not say on the last night.
func TestWhoIsKnownToBeTwo(t *testing.T) {
	names := []string{"family_name", "Esimerkki", "given_names", "Aino"}
	said := func(feed, key string, facts ...string) row { return person(feed, key, append(facts, names...)...) }
	mine, theirs := said(peppi, "1", "email", "a@mail.example"), said(register, "2", "email", "a@mail.example")
	const code, other = "010190-900P", "140385-901E"
	pair := []resolve.Pair{{A: mine.record(), B: theirs.record()}}
	for _, tt := range []struct {
		name       string
		then, now  []row
		together   bool // last night, by people's decision
		apart      bool // tonight
		told, back bool // of the first that the second is another, and the other way round
	}{
		{name: "another code", then: []row{mine.with("hetu", code), theirs.with("hetu", code)}, now: []row{theirs.with("hetu", other)}, told: true},
		{name: "another code of both", then: []row{mine, theirs}, together: true, now: []row{mine.with("hetu", code), theirs.with("hetu", other)}},
		{name: "another birth date", then: []row{mine.with("birth_date", "1990-03-04"), theirs.with("birth_date", "1990-03-04")}, together: true,
			now: []row{theirs.with("birth_date", "1971-08-19")}, told: true},
		{name: "another learner number, of which somebody may have two", then: []row{mine.with("oppijanumero", "1.2.246.562.24.10000000003"), theirs}, together: true,
			now: []row{theirs.with("oppijanumero", "1.2.246.562.24.20000000002", "given_names", "Liisa")}},
		{name: "people's word", then: []row{mine, theirs}, together: true, apart: true, told: true, back: true},
		{name: "no evidence any more", then: []row{mine.with("email", ""), theirs}, together: true},
		{name: "another address and name", then: []row{mine, theirs}, together: true, now: []row{theirs.with("email", "b@mail.example", "given_names", "Liisa")}},
		{name: "people's word and another address", then: []row{mine, theirs}, together: true, apart: true, now: []row{mine.with("email", "b@mail.example")}, told: true, back: true},
		{name: "people's word and another name", then: []row{mine, theirs}, together: true, apart: true, now: []row{mine.with("family_name", "Malli")}, back: true},
		{name: "people's word and another row", then: []row{mine, theirs}, together: true, apart: true, now: []row{mine.with("row", "9", "hetu", code)}, back: true},
		{name: "people's word and another row that says nothing", then: []row{mine, theirs}, together: true, apart: true, now: []row{person(peppi, "1", "row", "9", "phone", "+358400000001")}, told: true, back: true},
		{name: "two from the first", then: []row{mine.with("hetu", code), theirs.with("hetu", other)}, apart: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := among(t, tt.then...)
			if tt.together {
				e.Decide(nil, pair)
			}
			if res := resolved(t, e); tt.name != "two from the first" && !same(t, res, tt.then[0], tt.then[1]) {
				t.Fatal("they are not one to begin with")
			}
			add(e, tt.now...)
			if e.Decide(nil, nil); tt.apart {
				e.Decide(pair, nil)
			}
			res := resolved(t, e)
			if same(t, res, mine, theirs) {
				t.Fatal("they are not two")
			}
			at, of := map[resolve.Key]int{}, map[string][]int{}
			for i, r := range res.Records {
				at[resolve.Key{System: r.System, PersonKey: r.PersonKey}] = i
				of[r.Subject] = append(of[r.Subject], i)
			}
			i, j := at[mine.record()], at[theirs.record()]
			a, b := of[res.Records[i].Subject], of[res.Records[j].Subject]
			if told, back := res.Parted(i, j, a, b), res.Parted(j, i, b, a); told != tt.told || back != tt.back {
				t.Errorf("%v, and %v the other way round", told, back)
			}
		})
	}
}
