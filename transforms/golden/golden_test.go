package golden_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/golden"
)

var update = flag.Bool("update", false, "write the golden files anew")

func parse(t testing.TB, src string) *golden.Rules {
	t.Helper()
	r, err := golden.Parse("t.yaml", []byte("golden: t\ntitle: T\n"+src))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func shipped(t testing.TB, id string) *golden.Rules {
	t.Helper()
	r, ok := golden.Shipped(id)
	if !ok {
		t.Fatal("no such rules")
	}
	return r
}

// rec makes a record: source, id, time, then fields and texts in turn.
func rec(source, id string, time int64, pairs ...string) golden.Record {
	r := golden.Record{Source: source, ID: id, Modified: time}
	for i := 0; i < len(pairs); i += 2 {
		r.Values = append(r.Values, golden.Value{Field: pairs[i], Text: pairs[i+1]})
	}
	return r
}

func day(t testing.TB, s string) *canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

func until(r golden.Record, d *canon.Date) golden.Record {
	for i := range r.Values {
		r.Values[i].Until = d
	}
	return r
}

func TestWhoseValueWins(t *testing.T) {
	const order = "order: [a, [b, c], d/x]\n"
	on := day(t, "2026-11-22")
	tests := []struct {
		name, rules string
		in          []golden.Record
		want        string // value, reason, source
	}{
		{"alone", order, []golden.Record{rec("z", "1", 0, "f", "v")}, "v, only value, z"},
		{"precedence before time", order, []golden.Record{rec("a", "1", 1, "f", "old"), rec("b", "1", 9, "f", "new")}, "old, precedence, a"},
		{"equals by time", order, []golden.Record{rec("b", "1", 1, "f", "old"), rec("c", "1", 9, "f", "new")}, "new, recency, c"},
		{"named before unnamed", order, []golden.Record{rec("z", "1", 9, "f", "new"), rec("c", "1", 1, "f", "old")}, "old, precedence, c"},
		{"a feed's own place", order, []golden.Record{rec("d/y", "1", 9, "f", "new"), rec("d/x", "1", 1, "f", "old")}, "old, precedence, d/x"},
		{"a system's place is that of its feeds", order, []golden.Record{rec("z", "1", 9, "f", "new"), rec("a/y", "1", 1, "f", "old")}, "old, precedence, a/y"},
		{"time before agreement", "", []golden.Record{rec("x", "1", 1, "f", "one"), rec("y", "1", 1, "f", "one"), rec("z", "1", 2, "f", "two")}, "two, recency, z"},
		{"agreement", "", []golden.Record{rec("z", "1", 1, "f", "Öhman"), rec("y", "1", 1, "f", "OHMAN"), rec("x", "1", 1, "f", "Näyte")}, "OHMAN, agreement, y"},
		{"one system agrees with itself once", "", []golden.Record{rec("z/1", "1", 1, "f", "one"), rec("z/2", "1", 1, "f", "one"), rec("x", "1", 1, "f", "two")}, "two, tie-break, x"},
		{"all agree", order, []golden.Record{rec("z", "1", 1, "f", "Öhman"), rec("a", "1", 1, "f", "öhman ")}, "öhman , agreement, a"},
		{"tie", "", []golden.Record{rec("x", "1", 1, "f", "two"), rec("x", "2", 1, "f", "one")}, "one, tie-break, x"},
		{"another order of reasons", "fields: [{of: [f], by: [agreement, recency]}]\n",
			[]golden.Record{rec("x", "1", 1, "f", "one"), rec("y", "1", 1, "f", "one"), rec("z", "1", 2, "f", "two")}, "one, agreement, x"},
		{"the export's date stands in", "", []golden.Record{{Source: "x", Exported: 5, Values: []golden.Value{{Field: "f", Text: "new"}}}, rec("w", "1", 4, "f", "old")}, "new, recency, x"},
		{"missing never wins", order, []golden.Record{rec("a", "1", 9, "f", " "), rec("z", "1", 1, "f", "v")}, "v, only value, z"},
		{"a placeholder never wins", order + "placeholders: [Ei Ole]\n",
			[]golden.Record{rec("a", "1", 9, "f", "ei ole"), rec("a", "2", 9, "f", "N/A"), rec("b", "1", 9, "f", "?"), rec("z", "1", 1, "f", "v")}, "v, only value, z"},
		{"invalid loses", "fields: [{of: [f], as: email, order: [a]}]\n", []golden.Record{rec("a", "1", 9, "f", "aino@"), rec("z", "1", 1, "f", "aino@mail.example")}, "aino@mail.example, validity, z"},
		{"refused by its reader", order, []golden.Record{
			{Source: "a", Values: []golden.Value{{Field: "f", Text: "bad", Invalid: true}}}, rec("z", "1", 1, "f", "v")}, "v, validity, z"},
		{"invalid alone", "fields: [{of: [f], as: email}]\n", []golden.Record{rec("a", "1", 9, "f", "aino@")}, "aino@, only value, a, invalid"},
		{"expired loses", order, []golden.Record{until(rec("a", "1", 9, "f", "was"), day(t, "2026-11-21")), until(rec("z", "1", 1, "f", "is"), on)}, "is, validity, z"},
		{"expired before invalid", "fields: [{of: [f], as: email}]\n",
			[]golden.Record{until(rec("a", "1", 1, "f", "was@mail.example"), day(t, "2026-11-21")), rec("z", "1", 9, "f", "is@")}, "was@mail.example, validity, a"},
		{"never", order + "never: [y]\n", []golden.Record{rec("y", "1", 9, "f", "bought"), rec("z", "1", 1, "f", "v")}, "v, only value, z"},
		{"a rule's own never", order + "never: [y]\nfields: [{of: [f], never: [z]}]\n", []golden.Record{rec("y", "1", 1, "f", "v"), rec("z", "1", 9, "f", "w")}, "v, only value, y"},
		{"others never", "fields: [{of: [f], order: [a], others: never}]\n", []golden.Record{rec("a", "1", 1, "f", "v"), rec("z", "1", 9, "f", "w")}, "v, only value, a"},
		{"nobody may", "never: [z]\n", []golden.Record{rec("z", "1", 9, "f", "w")}, ""},
		{"nobody", "", nil, ""},
		{"the longest name decides", "fields: [{of: [g], order: [b]}, {of: [g.h], order: [a]}]\n",
			[]golden.Record{rec("a", "1", 1, "g.h.f", "v", "g.x", "no"), rec("b", "1", 9, "g.h.f", "w")}, "v, precedence, a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, f := range golden.New(parse(t, tt.rules), *on).Merge(tt.in).Fields {
				if strings.HasSuffix(f.Name, "f") {
					got = fmt.Sprintf("%s, %s, %s", f.Text, f.Why, f.Source)
					if f.Invalid {
						got += ", invalid"
					}
				}
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestTogether(t *testing.T) {
	rules := parse(t, "order: [a, b]\nfields: [{of: [family, given], together: true, needs: [family, given]}, {of: [home], together: true}]\n")
	got := golden.New(rules, 0).Merge([]golden.Record{
		rec("a", "1", 9, "family", "Specimen", "home.line1", "Mallikatu 1", "home.city", "Mikkeli"),
		rec("b", "1", 1, "family", "Näyte", "given", "Åsa", "home.line1", "Toinen tie 2", "home.city", "Kouvola", "home.country", "FI"),
	})
	if got.First("family") != "Näyte" || got.First("given") != "Åsa" || got.Fields[0].Why != golden.Completeness {
		t.Errorf("the names come from the record that has both: %v", got)
	}
	if got.First("home.line1") != "Mallikatu 1" || got.First("home.country") != "" {
		t.Errorf("an address is not put together of two: %v", got)
	}
}

func TestSets(t *testing.T) {
	rules := parse(t, "order: [portal, crm]\nfields: [{of: [email], as: email, many: true, at-most: 3}, {of: [phone], as: phone, many: true}]\n")
	got := golden.New(rules, 0).Merge([]golden.Record{
		rec("crm", "1", 9, "email", "Work@Mail.example", "email", "aino@", "email", "x@mail.example", "phone", "0400000001"),
		rec("portal", "1", 1, "email", "own@mail.example", "phone", "+358 40 0000001"),
		rec("zzz", "1", 9, "email", "work@mail.example", "email", "y@mail.example"),
	})
	if want := []string{"own@mail.example", "Work@Mail.example", "x@mail.example"}; !slices.Equal(got.All("email"), want) {
		t.Errorf("got %q, want %q", got.All("email"), want)
	}
	if want := []string{"+358 40 0000001"}; !slices.Equal(got.All("phone"), want) {
		t.Errorf("two spellings of one number are one: %q", got.All("phone"))
	}
	last := got.Fields[2]
	if want := []golden.Passed{{Source: "zzz", Record: "1", Why: golden.Surplus}, {Source: "crm", Record: "1", Why: golden.Validity}}; !reflect.DeepEqual(last.Passed, want) {
		t.Errorf("got %v", last.Passed)
	}
}

func TestPreferChangesAFieldAndNothingElse(t *testing.T) {
	base := shipped(t, "xamk")
	in := []golden.Record{
		rec("alumni-portal", "g1", 1, "person.family_name", "Portaali", "person.given_names", "Aino", "email.personal", "portal@mail.example", "phone.home", "+358400000001"),
		rec("student-register", "s1", 1, "person.family_name", "Esimerkki", "person.given_names", "Aino", "email.personal", "register@mail.example", "phone.home", "+358400000002"),
	}
	mine := base.Prefer("email", "student-register").Prefer("person.given_names", "alumni-portal")
	got := golden.New(mine, 0).Merge(in)
	if got.First("email.personal") != "register@mail.example" || got.First("person.family_name") != "Portaali" || len(got.All("phone.home")) != 1 {
		t.Errorf("%v", got)
	}
	if got := golden.New(base, 0).Merge(in); got.First("email.personal") != "portal@mail.example" || got.First("person.family_name") != "Esimerkki" {
		t.Errorf("the rules themselves have changed: %v", got)
	}
}

// The notice of SeAMK: Pegasos is the master of the basics of staff (SEAMK-39), Reportronic of everything else about them
// (SEAMK-40), Dynamics 365 of the people in organisations (SEAMK-37). Newer values elsewhere change nothing.
func TestSEAMK37_SEAMK39_SEAMK40_MasterByField(t *testing.T) {
	staff := []golden.Record{
		rec("pegasos/henkilot", "004711", 1, "person.family_name", "Koe", "person.given_names", "Olli Antti", "person.call_name", "Olli", "employment.title", "Lehtori",
			"employment.unit", "Tekniikka", "email.institution", "o.koe@seamk.example", "phone.work", "0400000004", "person.eppn", "vanha@seamk.example"),
		rec("reportronic/henkilosto", "004711", 5, "person.family_name", "Koe-Väärä", "person.call_name", "Olli A", "employment.title", "Yliopettaja",
			"email.institution", "olli.koe@seamk.example", "phone.work", "+358400000005", "person.eppn", "okoe@seamk.example"),
		rec("reportronic/projektihenkilot", "21-0045", 7, "project.key", "21-0045", "project.role", "Projektipäällikkö", "phone.work", "+358400000006"),
		rec("dynamics365/contacts", "c1", 9, "person.family_name", "Kö", "person.call_name", "O", "employment.title", "Opettaja", "phone.work", "+358400000007"),
	}
	got := golden.New(shipped(t, "seamk"), 0).Merge(staff)
	want := map[string][2]string{ // value and clause
		"person.family_name": {"Koe", "SEAMK-39"}, "person.given_names": {"Olli Antti", "SEAMK-39"}, "person.call_name": {"Olli", "SEAMK-39"},
		"employment.title": {"Lehtori", "SEAMK-39"}, "employment.unit": {"Tekniikka", "SEAMK-39"},
		"email.institution": {"olli.koe@seamk.example", "SEAMK-40"}, "phone.work": {"+358400000005", "SEAMK-40"},
		"person.eppn": {"okoe@seamk.example", "SEAMK-40"}, "project.role": {"Projektipäällikkö", "SEAMK-36"},
	}
	for field, w := range want {
		at := slices.IndexFunc(got.Fields, func(f golden.Field) bool { return f.Name == field })
		if at < 0 || got.Fields[at].Text != w[0] || got.Fields[at].Clause != w[1] {
			t.Errorf("%s: want the value under %s:\n%v", field, w[1], got)
		}
	}

	contact := []golden.Record{
		rec("reportronic/projektihenkilot", "p1", 9, "person.family_name", "Testaja", "person.given_names", "V", "email.work", "vanha@posti.example", "org.name", "Malli"),
		rec("dynamics365/contacts", "c2", 1, "person.family_name", "Testaaja", "person.given_names", "Veikko", "email.work", "veikko@posti.example", "org.name", "Mallipaja Oy"),
	}
	got = golden.New(shipped(t, "seamk"), 0).Merge(contact)
	if got.First("person.family_name") != "Testaaja" || got.First("email.work") != "veikko@posti.example" || got.First("org.name") != "Mallipaja Oy" {
		t.Errorf("SEAMK-37: the CRM is the master of organisations and of their people:\n%v", got)
	}
}

func TestShippedRulesAreRead(t *testing.T) {
	if want := []string{"default", "seamk", "xamk"}; !slices.Equal(golden.ShippedIDs(), want) {
		t.Fatalf("got %v", golden.ShippedIDs())
	}
	for _, id := range golden.ShippedIDs() {
		src, _ := golden.ShippedSource(id)
		if r, err := golden.Parse(id+".yaml", src); err != nil || r.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, ok := golden.Shipped("nobody"); ok {
		t.Error("rules of nobody")
	}
}

func TestFindingsCarryTheirPlace(t *testing.T) {
	tests := []struct{ src, want string }{
		{"golden: t\ntitle: T\nfeilds: []\n", "UOMA-CFG-SCHEMA t.yaml:1:1: the file does not follow its schema: additional properties 'feilds' not allowed"},
		{"golden: t\ntitle: T\norder: [a, 7]\n", "UOMA-CFG-SCHEMA t.yaml:3:12 (order.1)"},
		{"golden: t\ntitle: T\nfields:\n- {of: [f], by: [luck]}\n", "UOMA-CFG-SCHEMA t.yaml:4:18 (fields.0.by.0)"},
		{"golden: t\ntitle: T\nfields:\n- {of: [f]}\n- {of: [g, f]}\n", `UOMA-GLD-TWICE t.yaml:5:12 (fields.1.of.1): the field stands in two rules: "f"`},
		{"golden: t\ntitle: T\norder: [a, [b, a]]\n", "UOMA-GLD-ORDER t.yaml:3:12 (order.1)"},
		{"golden: t\ntitle: T\norder: [a]\nnever: [b, a]\n", "UOMA-GLD-ORDER t.yaml:4:12 (never.1)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], order: [a], never: [a]}]\n", "UOMA-GLD-ORDER t.yaml:3:40 (fields.0.never.0)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], as: emial}]\n", "UOMA-GLD-AS t.yaml:3:24 (fields.0.as)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], many: true, together: true}]\n", "UOMA-GLD-ONE t.yaml:3:10 (fields.0)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], at-most: 2}]\n", "UOMA-GLD-ONE t.yaml:3:10 (fields.0)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], together: true, needs: [f.g, g]}]\n", "UOMA-GLD-NEEDS t.yaml:3:49 (fields.0.needs.1)"},
		{"golden: t\ntitle: T\nfields: [{of: [f], others: never}]\n", "UOMA-GLD-OTHERS t.yaml:3:28 (fields.0.others)"},
	}
	for _, tt := range tests {
		_, err := golden.Parse("t.yaml", []byte(tt.src))
		var list fault.List
		if !errors.As(err, &list) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// explained are the records of one synthetic person in six systems.
func explained(t testing.TB) []golden.Record {
	left := rec("pegasos/henkilot", "004711", 0, "employment.title", "Lehtori", "employment.unit", "Tekniikka")
	left.Exported = 1795212000000000
	return []golden.Record{
		rec("student-register/opiskelijat", "12345", 1700000000000000, "person.family_name", "Esimerkki", "person.given_names", "Aino Maria", "person.birth_date", "1990-01-01",
			"email.personal", "aino.vanha@mail.example", "person.contact_language", "fi"),
		rec("peppi/alumnit", "777", 1600000000000000, "person.family_name", "ESIMERKKI", "person.given_names", "Aino Maria", "person.birth_date", "1990-01-01", "degree.title", "Tradenomi (AMK)"),
		rec("alumni-portal/profiles", "g1", 1790000000000000, "person.family_name", "Esimerkki-Uusi", "person.given_names", "Aino", "email.personal", "aino.esimerkki@mail.example",
			"phone.home", "+358400000001", "degree.title", "Maisteri", "employment.title", "Toimitusjohtaja", "person.contact_language", "sv"),
		rec("dynamics365/contacts", "c1", 1795000000000000, "person.family_name", "Wrong", "email.personal", "aino@", "phone.home", "+358400000009", "email.work", "aino@work.example"),
		until(left, day(t, "2026-10-31")),
		rec("external/list", "x", 1799000000000000, "email.work", "-", "person.family_name", "Esimerkki"),
	}
}

func TestAnExplainedExample(t *testing.T) {
	on := *day(t, "2026-11-22")
	var b bytes.Buffer
	if err := golden.New(shipped(t, "xamk"), on).Merge(explained(t)).Explain(&b); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/explained.txt"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s differs from what is explained; look at the difference, then run with -update:\n%s", file, &b)
	}
}

func TestThreat_T36_WhereAValueComesFromSaysNoValue(t *testing.T) {
	in := explained(t)
	got := golden.New(shipped(t, "xamk"), 0).Merge(in)
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	log.Info("golden", "result", got, "copy", *got, "field", got.Fields[0], "record", in[0], "value", in[0].Values[0])
	fmt.Fprintf(&b, "%v %+v %s %v %v %v", got, *got, got.Fields, in, in[0].Values, &in[0])
	for _, r := range in {
		for _, v := range r.Values {
			if len(v.Text) > 2 && strings.Contains(b.String(), v.Text) {
				t.Errorf("a value of %s is shown", v.Field)
			}
		}
		if len(r.ID) > 2 && strings.Contains(b.String(), r.ID) {
			t.Errorf("a key of %s is shown", r.Source)
		}
	}
}

const drawn = `order: [a, [b, c]]
never: [n]
fields:
- {of: [name, given], as: name, together: true, needs: [name]}
- {of: [email], as: email, many: true, at-most: 2}
- {of: [set], many: true, by: [agreement, recency]}
- {of: [vote], by: [agreement, precedence]}
- {of: [only], order: [b], others: never}
- {of: [home], together: true, by: []}
`

// records draws the records of somebody with everything that may go wrong.
func records(t *rapid.T) []golden.Record {
	text := rapid.SampledFrom([]string{"", "-", "Öhman", "ohman", "Näyte", "Åsa", "a@mail.example", "A@mail.example", "b@mail.example", "b@", "x\xff", "?", "1"})
	fields := []string{"name", "given", "email", "set", "vote", "only", "home.a", "home.b", "other"}
	var out []golden.Record
	for range rapid.IntRange(0, 7).Draw(t, "records") {
		r := golden.Record{Source: rapid.SampledFrom([]string{"a", "b", "b/f", "c", "d", "n"}).Draw(t, "source"), ID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"),
			Modified: int64(rapid.IntRange(0, 2).Draw(t, "modified")), Exported: int64(rapid.IntRange(0, 2).Draw(t, "exported"))}
		for range rapid.IntRange(0, 8).Draw(t, "values") {
			v := golden.Value{Field: rapid.SampledFrom(fields).Draw(t, "field"), Text: text.Draw(t, "text"), Invalid: rapid.IntRange(0, 5).Draw(t, "invalid") == 0}
			if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
				d := canon.Date(rapid.IntRange(8, 12).Draw(t, "until"))
				v.Until = &d
			}
			r.Values = append(r.Values, v)
		}
		out = append(out, r)
	}
	return out
}

func shuffled(in []golden.Record, seed int64) []golden.Record {
	random := rand.New(rand.NewSource(seed))
	out := slices.Clone(in)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		v := slices.Clone(out[i].Values)
		random.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		out[i].Values = v
	}
	return out
}

func TestOrderOfRecordsSaysNothing(t *testing.T) {
	m := golden.New(parse(t, drawn), 10)
	rapid.Check(t, func(t *rapid.T) {
		in := records(t)
		if a, b := m.Merge(in), m.Merge(shuffled(in, rapid.Int64().Draw(t, "seed"))); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\n%+v", a.Fields, b.Fields)
		}
	})
}

// where gives a result without its reasons.
func where(r *golden.Result) []golden.Field {
	out := slices.Clone(r.Fields)
	for i := range out {
		out[i].Why, out[i].Passed = "", nil
	}
	return out
}

func TestAResultPutBackInChangesNothing(t *testing.T) {
	m := golden.New(parse(t, drawn), 10)
	rapid.Check(t, func(t *rapid.T) {
		in := records(t)
		once := m.Merge(in)
		if again := m.Merge(once.Records()); !reflect.DeepEqual(where(once), where(again)) {
			t.Fatalf("alone: %#v\n%#v", where(once), where(again))
		}
		if again := m.Merge(append(slices.Clone(in), once.Records()...)); !reflect.DeepEqual(once, again) {
			t.Fatalf("beside its records: %#v\n%#v", once, again)
		}
	})
}

// Every field names a record that has that very value; one field alone has several values only where they are a set; no
// source that never gives a field gives it; and a valid value is never passed over for one that is not.
func TestEveryFieldIsSomeRecords(t *testing.T) {
	m := golden.New(parse(t, drawn), 10)
	rapid.Check(t, func(t *rapid.T) {
		in := records(t)
		out := m.Merge(in)
		seen := map[string]int{}
		for _, f := range out.Fields {
			has := func(r golden.Record) bool {
				return r.Source == f.Source && r.ID == f.Record && r.Modified == f.Modified && r.Exported == f.Exported &&
					slices.ContainsFunc(r.Values, func(v golden.Value) bool { return v.Field == f.Name && v.Text == f.Text })
			}
			if !slices.ContainsFunc(in, has) || f.Why == "" || f.Agreed < 1 || f.Source == "n" || f.Name == "only" && f.Source[0] != 'b' {
				t.Fatalf("%#v", f)
			}
			seen[f.Name]++
			if seen[f.Name] > 1 && f.Name != "email" && f.Name != "set" || seen["email"] > 2 {
				t.Fatalf("%s has %d values", f.Name, seen[f.Name])
			}
			if f.Invalid && f.Name == "vote" && slices.ContainsFunc(in, func(r golden.Record) bool {
				return r.Source != "n" && slices.ContainsFunc(r.Values, func(v golden.Value) bool {
					return v.Field == "vote" && !v.Invalid && v.Text == "Näyte"
				})
			}) {
				t.Fatal("an invalid value won over a valid one")
			}
		}
		for _, name := range []string{"other", "vote"} { // what is there is not lost
			given := slices.ContainsFunc(in, func(r golden.Record) bool {
				return r.Source != "n" && slices.ContainsFunc(r.Values, func(v golden.Value) bool { return v.Field == name && v.Text == "1" })
			})
			if given && seen[name] == 0 {
				t.Fatalf("%s is lost", name)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, id := range golden.ShippedIDs() {
		src, _ := golden.ShippedSource(id)
		f.Add(src)
	}
	f.Add([]byte("golden: t\ntitle: T\n" + drawn))
	in := []golden.Record{rec("a", "1", 1, "f", "v", "person.family_name", "x"), rec("b", "1", 2, "f", "w")}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := golden.Parse("f.yaml", src)
		if err != nil {
			return
		}
		m := golden.New(r, 0)
		if !reflect.DeepEqual(m.Merge(in), m.Merge(shuffled(in, 1))) {
			t.Error("the order of records decides")
		}
		golden.New(r.Prefer("person", "b"), 0).Merge(in)
	})
}

func BenchmarkMerge(b *testing.B) {
	m, in := golden.New(shipped(b, "xamk"), *day(b, "2026-11-22")), explained(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Merge(in)
	}
}
