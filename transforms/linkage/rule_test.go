package linkage

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// enrolled are columns of students: who they are, and which number they have where.
func enrolled() []Field {
	return []Field{{"id", RecordID, false}, {"system", Source, false}, {"given", GivenNames, false}, {"family", FamilyName, false}, {"birth", BirthDate, false},
		{"number", Mark, false}, {"institution", Mark, false}, {"status", Mark, false}}
}

// crowdOf gives records of people who are not alike, for a model to learn from, and of each one twice.
func crowdOf(n int) (rows cells) {
	for i := range n {
		for k := range 2 {
			rows = append(rows, []string{fmt.Sprint("p", i, "-", k), "other", fmt.Sprintf("Given%c%c", 'a'+i%23, 'a'+i/23), fmt.Sprintf("Family%c%c", 'a'+i%19, 'a'+i/19),
				fmt.Sprintf("%d-%02d-%02d", 1940+i%60, 1+i%12, 1+i%28), "", "", ""})
		}
	}
	return rows
}

func TestTwoActiveNumbersOfOneInstitutionAreTwoPeople(t *testing.T) {
	student := func(id, number, institution, status string) []string {
		return []string{id, "peppi", "Iiris", "Lumikumpu", "1988-03-04", number, institution, status}
	}
	rule := []Rule{{Of: "number", Within: "institution", While: "status", Is: []string{"Active", "present"}}}
	for _, tt := range []struct {
		name  string
		a, b  []string
		rules []Rule
		one   bool
	}{
		{"two active of one institution", student("a", "2001", "X", "active"), student("b", "2002", "x", "ACTIVE"), rule, false},
		{"another word for active", student("a", "2001", "X", "active"), student("b", "2002", "X", "present"), rule, false},
		{"the same number", student("a", "2001", "X", "active"), student("b", "2001", "X", "active"), rule, true},
		{"two institutions", student("a", "2001", "X", "active"), student("b", "2002", "Y", "active"), rule, true},
		{"an old number", student("a", "2001", "X", "active"), student("b", "2002", "X", "left"), rule, true},
		{"a status that is not told", student("a", "2001", "X", "active"), student("b", "2002", "X", ""), rule, true},
		{"an institution that is not told", student("a", "2001", "", "active"), student("b", "2002", "", "active"), rule, true},
		{"no number", student("a", "2001", "X", "active"), student("b", "", "X", "active"), rule, true},
		{"whatever the status", student("a", "2001", "X", "left"), student("b", "2002", "X", "active"), []Rule{{Of: "number", Within: "institution"}}, false},
		{"wherever", student("a", "2001", "X", "left"), student("b", "2002", "Y", "left"), []Rule{{Of: "number"}}, false},
		{"without a rule", student("a", "2001", "X", "active"), student("b", "2002", "X", "active"), nil, true},
	} {
		table := tableOf(enrolled(), slices.Concat(crowdOf(200), cells{tt.a, tt.b}), 0)
		o := Defaults()
		o.Unique = tt.rules
		res := link(t, table, o)
		if linked(t, table, res, "a", "b") != tt.one {
			t.Errorf("%s: one person: %v", tt.name, !tt.one)
		}
		a, _ := table.Find("a")
		b, _ := table.Find("b")
		if broken := table.Broken(tt.rules, a, b); (len(broken) > 0) == tt.one {
			t.Errorf("%s: broken: %+v", tt.name, broken)
		}
	}
}

// Of two records that both could be a third one's, the one that agrees more has it.
func TestTheSurerLinkWinsOneToOne(t *testing.T) {
	rows := slices.Concat(crowdOf(200), cells{
		{"hr", "hr", "Iiris", "Lumikumpu", "1988-03-04", "", "", ""},
		{"crm1", "crm", "Iiriss", "Lumikumpu", "1988-03-04", "", "", ""},
		{"crm2", "crm", "Iiris", "Lumikumpu", "1988-03-04", "", "", ""},
		{"cms", "cms", "Iiris", "Lumikumpu", "1988-03-04", "", "", ""},
	})
	table := tableOf(enrolled(), rows, 0)
	if !linked(t, table, link(t, table, Defaults()), "hr", "crm1", "crm2", "cms") {
		t.Fatal("they are not alike enough for a test")
	}
	o := Defaults()
	o.OneToOne = [][]string{{"hr", "crm"}}
	for seed := range uint64(4) {
		table := tableOf(enrolled(), shuffled(rows, seed), 0)
		res := link(t, table, o)
		if !linked(t, table, res, "hr", "crm2", "cms") || linked(t, table, res, "hr", "crm1") {
			t.Errorf("order %d: the worse record has it", seed)
		}
	}
}

func TestUnknownFieldsOfRulesAreRefused(t *testing.T) {
	table := tableOf(enrolled(), crowdOf(3), 0)
	for _, r := range []Rule{{Of: "given"}, {Of: "number", Within: "campus"}, {Of: "number", While: "state"}} {
		o := Defaults()
		o.Unique = []Rule{r}
		if _, err := table.Link(o); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	o := Defaults()
	o.OneToOne = [][]string{nil}
	for i := range maxPaired + 1 {
		o.OneToOne[0] = append(o.OneToOne[0], fmt.Sprint("s", i))
	}
	if _, err := table.Link(o); err == nil {
		t.Error("too many sources are taken")
	}
}

// Whatever the records say, in small sets and in crowds, no cluster breaks a rule, and their order changes nothing.
func TestRulesHoldForAnyRecords(t *testing.T) {
	base := crowdOf(40)
	for _, source := range []string{"hr", "crm", "cms"} {
		base = append(base, []string{source, source, "Onni", "Mallinen", "1985-07-01", "", "", ""})
	}
	learned := tableOf(enrolled(), base, 0)
	model := link(t, learned, Defaults()).Model
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(rt, "cell") }
		rows := slices.Clone(base)
		n := rapid.SampledFrom([]int{3, 12, maxComponent + 20}).Draw(rt, "alike")
		for i := range n {
			rows = append(rows, []string{fmt.Sprint("r", i), pick("hr", "crm", "cms", "other", ""), pick("Iiris", "Iiriss"), "Lumikumpu", pick("1988-03-04", "1988-04-03"),
				pick("1", "2", "3", ""), pick("X", "Y", ""), pick("active", "left")})
		}
		table := tableOf(enrolled(), rows, 0)
		o := Defaults()
		o.Model = model
		o.Unique = []Rule{{Of: "number", Within: "institution", While: "status", Is: []string{"active"}}}
		if rapid.Bool().Draw(rt, "paired") {
			o.OneToOne = [][]string{{"hr", "crm", "cms"}}
		}
		res := link(t, table, o)
		members := map[int32][]int32{}
		for i, c := range res.Cluster {
			members[c] = append(members[c], int32(i))
		}
		for _, all := range members {
			count := map[string]int{}
			for i, a := range all {
				count[table.SourceOf(a)]++
				for _, b := range all[:i] {
					if len(table.Broken(o.Unique, a, b)) > 0 {
						rt.Fatal("one person has two active numbers of one institution")
					}
				}
			}
			for _, list := range o.OneToOne {
				for i, x := range list {
					for _, y := range list[:i] {
						if min(count[x], count[y]) > 0 && max(count[x], count[y]) > 1 {
							rt.Fatalf("%d records of %s and %d of %s are one person's", count[x], x, count[y], y)
						}
					}
				}
			}
		}
		again := tableOf(enrolled(), shuffled(rows, 1), 7)
		if written(again, link(t, again, o)) != written(table, res) {
			rt.Fatal("another outcome in another order")
		}
	})
}
