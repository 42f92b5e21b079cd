package policy

import (
	"testing"

	"uoma/internal/canon"
)

func table(t testing.TB, name string) *canon.Table {
	t.Helper()
	for _, c := range canon.Tables() {
		if c.Name == name {
			return &c
		}
	}
	t.Fatalf("no table %s", name)
	return nil
}

// rows makes a batch whose rows have one text column set and every other one missing.
func rows(t testing.TB, feed, name, column string, values ...string) *canon.Batch {
	t.Helper()
	tab := table(t, name)
	b := canon.NewBuilder(tab, feed)
	for _, v := range values {
		for i := range tab.Columns {
			if i == tab.Index(column) {
				b.TextOrNull(i, v)
				continue
			}
			b.Null(i)
		}
		b.EndRow()
	}
	return b.Flush()
}

func TestCategories(t *testing.T) {
	p := xamk(t)
	tests := []struct{ system, feed, table, want, clause string }{
		{"peppi", "peppi/alumnit", "person", "alumni_basics", "XAMK-24"},
		{"peppi", "alumnit", "person", "alumni_basics", "XAMK-24"},
		{"student-register", "tutkinnot", "degree", "education", "XAMK-25"},
		{"student-register", "opiskelijat", "email", "contact", "XAMK-58"},
		{"student-register", "opiskelijat", "objection", "consent", "XAMK-40"},
		{"alumni-portal", "profiles", "employment", "alumni_basics", "XAMK-28"},
		{"alumni-portal", "consents", "consent", "consent", "XAMK-40"},
		{"peppi", "alumnit", "employment", "", "XAMK-34"},
		{"dynamics365", "contacts", "person", "stakeholder", "XAMK-24"},
		{"dynamics365", "contacts", "org", "stakeholder", "XAMK-24"},
		{"dynamics365", "contacts", "interaction", "stakeholder", "XAMK-24"},
		{"peppi", "alumnit", "exam", "", "XAMK-26"},
		{"reportronic", "projektihenkilot", "person", "stakeholder", "XAMK-24"},
		{"reportronic", "henkilosto", "person", "staff", "XAMK-17"},
		{"reportronic", "projektihenkilot", "project", "project", "XAMK-17"},
		{"reportronic", "henkilosto", "address", "", "XAMK-34"},
		{"pegasos", "henkilot", "employment", "staff", "XAMK-17"},
		{"pegasos", "henkilot", "payment", "", "XAMK-34"},
		{"exam", "exams", "recording", "", "XAMK-26"},
	}
	l := p.Loader(day(t, "2026-11-22"))
	for _, tt := range tests {
		c, ok := p.Category(tt.system, tt.feed, tt.table)
		got := ""
		if ok {
			got = c.ID
		}
		d := l.Table(fullFeed(tt.system, tt.feed), tt.table)
		if got != tt.want || d.Allow != (tt.want != "") || d.Category != tt.want || d.Clause != tt.clause {
			t.Errorf("%s %s %s: %q, %+v", tt.system, tt.feed, tt.table, got, d)
		}
		if d.Allow && d.LegalBasis == "" {
			t.Errorf("%s %s is loaded without a basis", tt.feed, tt.table)
		}
	}
	if d := l.Table("peppi/alumnit", "person"); d.LegalBasis != "6(1)(e)" || !d.MembersOnly {
		t.Errorf("%+v", d)
	}
	if d := p.Loader(day(t, "2022-12-07")).Table("peppi/alumnit", "person"); d.Allow || d.Clause != "XAMK-02" {
		t.Errorf("before the notice: %+v", d)
	}
}

func TestRowRules(t *testing.T) {
	l := xamk(t).Loader(day(t, "2026-11-22"))
	tests := []struct{ feed, table, column, value, clause string }{
		{"peppi/alumnit", "degree", "institution_code", "10118", ""},
		{"peppi/alumnit", "degree", "institution_code", "02506", ""},
		{"peppi/alumnit", "degree", "institution_code", "02608", ""},
		{"peppi/alumnit", "degree", "institution_code", "10066", "XAMK-12"},
		{"student-register/tutkinnot", "degree", "institution_code", "", ""},
		{"alumni-portal/profiles", "degree", "institution_code", "10066", "XAMK-12"},
		{"peppi/alumnit", "address", "kind", "home", "XAMK-27"},
		{"dynamics365/contacts", "address", "kind", "work", ""},
		{"alumni-portal/profiles", "address", "kind", "home", ""},
		{"student-register/opiskelijat", "phone", "kind", "mobile", ""},
		{"dynamics365/contacts", "phone", "kind", "home", "XAMK-27"},
		{"pegasos/henkilot", "address", "kind", "work", "XAMK-34"},
	}
	for _, tt := range tests {
		clause, withheld := l.Row(rows(t, tt.feed, tt.table, tt.column, tt.value), 0)
		if clause != tt.clause || withheld != (tt.clause != "") {
			t.Errorf("%s %s %s=%s: %q %v", tt.feed, tt.table, tt.column, tt.value, clause, withheld)
		}
	}
}

func TestRowConditions(t *testing.T) {
	p := xamk(t)
	yes, no := true, false
	tab := table(t, "degree")
	b := canon.NewBuilder(tab, "peppi/alumnit")
	for i := range tab.Columns {
		switch tab.Columns[i].Name {
		case "date":
			b.Day(i, day(t, "2020-01-31"))
		case "code":
			b.Text(i, "631101")
		default:
			b.Null(i)
		}
	}
	b.EndRow()
	batch := b.Flush()
	tests := []struct {
		name string
		test Condition
		want bool
	}{
		{"in", Condition{Column: "code", In: []string{"631101"}}, true},
		{"not in the list", Condition{Column: "code", In: []string{"1"}}, false},
		{"not_in", Condition{Column: "code", NotIn: []string{"1"}}, true},
		{"not_in of a missing value", Condition{Column: "title", NotIn: []string{"1"}}, false},
		{"missing", Condition{Column: "title", Missing: &yes}, true},
		{"present", Condition{Column: "code", Missing: &no}, true},
		{"from the day", Condition{Column: "date", From: "x", day: day(t, "2020-01-31")}, true},
		{"from the day after", Condition{Column: "date", From: "x", day: day(t, "2020-02-01")}, false},
		{"before the day", Condition{Column: "date", Before: "x", day: day(t, "2020-01-31")}, false},
		{"before the day after", Condition{Column: "date", Before: "x", day: day(t, "2020-02-01")}, true},
	}
	for _, tt := range tests {
		p.Load.Rows = []RowRule{{Tables: []string{"degree"}, If: []Condition{tt.test}, Entry: Entry{Clause: []string{"XAMK-12"}}}}
		if _, got := p.Loader(day(t, "2026-11-22")).Row(batch, 0); got != tt.want {
			t.Errorf("%s: withheld %v", tt.name, got)
		}
	}
}

func TestColumns(t *testing.T) {
	l := xamk(t).Loader(day(t, "2026-11-22"))
	tests := []struct {
		column          string
		store, matching bool
	}{{"hetu", false, true}, {"fnr", false, true}, {"oppijanumero", true, true}, {"birth_date", true, true}, {"sex", false, false}}
	for _, tt := range tests {
		if _, store, matching := l.Column("person", tt.column); store != tt.store || matching != tt.matching {
			t.Errorf("%s: store %v, matching %v", tt.column, store, matching)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	l := xamk(b).Loader(day(b, "2026-11-22"))
	batch := rows(b, "peppi/alumnit", "degree", "institution_code", "10118", "02506")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.Row(batch, i&1)
	}
}
