package conform_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// one conforms a single row of a shipped feed.
func one(t *testing.T, name string, row cells) *outcome {
	t.Helper()
	c, f := conformer(t, name)
	return run(t, c, raw(t, f, 2, row))
}

// An identity code with a good check character and another's birth date is how two people would be merged on purpose.
func TestThreat_T07_IdentityCodeThatDisagreesIsNotUsed(t *testing.T) {
	o := one(t, "peppi/alumnit", aino().with(cells{"henkilotunnus": "140385-901E"}))
	if strings.Contains(o.table("person")[0], "hetu=") || o.warned("henkilotunnus", "birth-date-conflict") != 1 {
		t.Error(o.text())
	}
	if !strings.Contains(o.table("person")[0], "birth_date=1990-01-01") {
		t.Error("the birth date itself is kept")
	}
}

// A key that passes for another row's or for a contact point would hijack a record.
func TestThreat_T07_KeysCannotBeForged(t *testing.T) {
	right := cast()["student-register/opiskeluoikeudet"][0]
	for _, forged := range []cells{{"oikeus_avain": "1\x1f2"}, {"opiskelija_avain": "@email:aino.esimerkki@mail.example"}} {
		c, f := conformer(t, "student-register/opiskeluoikeudet")
		batch := raw(t, f, 2, right.with(forged))
		o := run(t, c, batch)
		if len(o.rejected) != 1 || o.rejected[0].Code != "key-unsafe" && o.rejected[0].Code != "pattern" {
			t.Errorf("%q: %s", forged, o.text())
		}
		_, row := c.Key(batch, 0, nil)
		_, person := c.PersonKey(batch, 0, nil)
		if row && person {
			t.Errorf("%q makes keys", forged)
		}
	}
}

func TestInvalidIdentifierKeepsTheRow(t *testing.T) {
	o := one(t, "peppi/alumnit", aino().with(cells{"henkilotunnus": "010190-900R", "oppijanumero": "1.2.246.562.24.10000000004"}))
	person := o.table("person")[0]
	if strings.Contains(person, "hetu=") || strings.Contains(person, "oppijanumero=") {
		t.Error(person)
	}
	if o.invalid("henkilotunnus", "check-char") != 1 || o.invalid("oppijanumero", "check-digit") != 1 || o.sink.Rows().Conformed != 1 {
		t.Error(o.text())
	}
}

func TestTemporaryCodesByDefault(t *testing.T) {
	l, f := feed(t, "peppi/alumnit")
	c, err := conform.New(l, f, conform.Settings{RunDate: settings().RunDate})
	if err != nil {
		t.Fatal(err)
	}
	if o := run(t, c, raw(t, f, 2, aino())); o.invalid("henkilotunnus", "temporary") != 1 {
		t.Error(o.text())
	}
}

func TestBirthDateFromIdentityCode(t *testing.T) {
	person := one(t, "peppi/alumnit", aino().with(cells{"syntymaaika": ""})).table("person")[0]
	if !strings.Contains(person, "birth_date=1990-01-01 birth_year=1990") || !strings.Contains(person, "hetu=") {
		t.Error(person)
	}
}

func TestCallName(t *testing.T) {
	for _, tt := range []struct{ given, call, want string }{
		{"Aino *Maria*", "", "given_names=Aino Maria call_name=Maria"},
		{"Aino *Maria*", "Aino", "given_names=Aino Maria call_name=Aino"},
		{"Aino Maria", "", "given_names=Aino Maria sex"},
	} {
		person := one(t, "peppi/alumnit", aino().with(cells{"etunimet": tt.given, "kutsumanimi": tt.call})).table("person")[0]
		if !strings.Contains(person, tt.want) {
			t.Errorf("%s: %s", tt.want, person)
		}
	}
}

// A protected person's whereabouts never get past this stage, from whatever column they come.
func TestProtectedPeopleHaveNoWhereabouts(t *testing.T) {
	for _, mark := range []string{"K", "1", "true"} {
		o := one(t, "peppi/alumnit", aino().with(cells{"turvakielto": mark}))
		if len(o.table("address")) != 0 || strings.Contains(o.text(), "home_municipality") || strings.Contains(o.text(), "Mallikatu") {
			t.Errorf("%s: %s", mark, o.text())
		}
		if len(o.table("phone")) != 1 || len(o.table("email")) != 2 {
			t.Error("mobile phone and e-mail say nothing of a place")
		}
	}
	for _, mark := range []string{"", "?"} {
		if o := one(t, "peppi/alumnit", aino().with(cells{"turvakielto": mark})); len(o.rejected) != 1 {
			t.Errorf("a mark that cannot be read must not count as unprotected: %s", o.text())
		}
	}
}

// The kind of a phone may itself be a column: a home number goes with the address.
func TestProtectedHomePhone(t *testing.T) {
	src := `{system: s, title: t, controller: "10118", feeds: [{name: f, file: "f_{yyyyMMdd}", format: {type: csv}, key: [a], person: [a],
  columns: [{name: a}, {name: b, as: bool, to: person.protected}, {name: n, as: phone, to: phone.1.number}, {name: k, to: phone.1.kind}, {name: h, as: phone, to: phone.home}]}]}`
	l, err := layout.Parse("f.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, &l.Feeds[0], settings())
	if err != nil {
		t.Fatal(err)
	}
	row := cells{"a": "1", "b": "true", "n": "0400000001", "k": "home", "h": "0400000002"}
	if o := run(t, c, raw(t, &l.Feeds[0], 1, row, row.with(cells{"k": "mobile"}), row.with(cells{"b": "false"}))); len(o.table("phone")) != 3 {
		t.Error(o.text())
	}
}

func TestWorkbookCells(t *testing.T) {
	party := cast()["reportronic/projektihenkilot"][0]
	tests := []struct {
		name   string
		change cells
		want   string // part of the outcome
	}{
		{"number under a text key", cells{"Projektinumero": "n|21"}, "rejected line=2 field=Projektinumero code=spreadsheet"},
		{"date under a text key", cells{"Projektinumero": "d|2021-02-01"}, "rejected line=2 field=Projektinumero code=spreadsheet"},
		{"number under a text", cells{"Titteli": "n|7"}, "invalid Titteli spreadsheet 1"},
		{"number padded", cells{"Henkilönumero": "n|4711"}, "person_key=004711"},
		{"text not padded", cells{"Henkilönumero": "4711"}, "person_key=4711"},
		{"date under a number", cells{"Henkilönumero": "d|2021-02-01"}, "person_key=veikko@posti.example"},
		{"serial date", cells{"Alkupvm": "n|44440"}, "start=2021-09-01"},
		{"date with a time", cells{"Alkupvm": "d|2021-09-01T00:00:00"}, "start=2021-09-01"},
		{"open end", cells{"Loppupvm": "d|9999-12-31"}, "start=2025-01-01\n"},
		{"cell error", cells{"Titteli": "e|"}, "warning Titteli cell-error 1"},
		{"cell error in a key", cells{"Projektinumero": "e|"}, "rejected line=2 field=Projektinumero code=cell-error"},
		{"bool under a name", cells{"Nimi": "b|true"}, "rejected line=2 field=Nimi code=spreadsheet"},
		{"name alone as key", cells{"Sähköposti": ""}, "person_key=Testaaja Veikko"},
		{"particles", cells{"Nimi": "von Testaaja Veikko Olavi"}, "family_name=von Testaaja call_name=Veikko Olavi"},
		{"one name", cells{"Nimi": "Testaaja"}, "family_name=Testaaja modified_at"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := one(t, "reportronic/projektihenkilot", party.with(tt.change)).text(); !strings.Contains(got, tt.want) {
				t.Errorf("want %s in\n%s", tt.want, got)
			}
		})
	}
}

// What a spreadsheet stores of a number is more than it shows, and of a day it is a number too.
func TestNumbersOfWorkbooks(t *testing.T) {
	const feed = `{system: s, title: t, controller: "10118", decimal: ",", dates: [d.M.yyyy, yyyyMMdd], feeds: [{name: f, file: "f_{yyyyMMdd}", format: {type: xlsx}, key: [a], person: [a],
  columns: [{name: a}, {name: b, %s}, {name: c, as: date, to: degree.date}]}]}`
	tests := []struct{ column, cell, want string }{
		{"as: credits, to: degree.ects", "n|240.5", "ects=240.5"},
		{"as: credits, to: degree.ects", "240,5", "ects=240.5"},
		{"as: decimal, to: degree.grade", "n|2.2999999999999998", "grade=2.3\n"},
		{"as: decimal, to: degree.grade", "n|19.989999999999998", "grade=19.99\n"},
		{"as: decimal, to: degree.grade", "n|7.0000000000000007E-2", "grade=0.07\n"},
		{"as: decimal, to: degree.grade", "n|3.6666666666666665", "invalid b pattern 1"},
		{"as: decimal, to: degree.grade", "n|123456.123456", "grade=123456.123456\n"},
		{"as: decimal, to: degree.grade", "n|1.5E+16", "invalid b spreadsheet 1"},
		{"as: decimal, to: degree.grade", "N|3.5", "grade=3.5\n"},
		{"as: integer, to: person.birth_year", "n|1980.0", "birth_year=1980"},
		{"codes: {\"12345678901234567\": x}, to: person.title", "n|12345678901234567", "title=x"},
		{"as: date, to: study.start", "n|44440", "start=2021-09-01"},
		{"as: date, to: study.start", "N|42978", "start=2021-09-01"},
		{"as: date, to: study.start", "N|42978.25", "start=2021-09-01"},
		{"as: date, to: study.start", "n|20210901", "start=2021-09-01"},
		{"as: date, to: study.start", "n|2021", "invalid b partial 1"},
		{"as: date, to: study.start", "N|2021", "invalid b partial 1"},
		{"as: date, formats: [excel], to: study.start", "n|2021", "start=1905-07-13"},
		{"as: date, formats: [excel], to: study.start", "N|2021", "start=1909-07-14"},
		{"as: date, empty: [\"1900\"], invalid: quarantine, to: study.start", "n|1900", "rejected=0"},
		{"as: date, codes: {\"2021\": 1.1.2021}, to: study.start", "n|2021", "start=2021-01-01"},
		{"as: date, to: study.start", "n|2101", "start=1905-10-01"},
		{"as: instant, formats: [excel], to: person.modified_at", "n|44440.5", "modified_at=2021-09-01T09:00:00Z"},
		{"as: instant, formats: [excel], to: person.modified_at", "N|42978.5", "modified_at=2021-09-01T09:00:00Z"},
		{"as: instant, formats: [epoch-ms], to: person.modified_at", "n|1630486800000", "modified_at=2021-09-01T09:00:00Z"},
		{"as: instant, formats: [d.M.yyyy], to: person.modified_at", "n|44440.5", "invalid b spreadsheet 1"},
		{"codes: {\"2.3\": x}, to: person.title", "n|2.2999999999999998", "title=x"},
		{"as: decimal, to: degree.grade", "n|434.99999999999994", "grade=435\n"},
		{"as: date, forbid: true", "n|2021", "warning b forbidden 1"},
	}
	for _, tt := range tests {
		t.Run(tt.column+" "+tt.cell, func(t *testing.T) {
			l, err := layout.Parse("f.yaml", fmt.Appendf(nil, feed, tt.column))
			if err != nil {
				t.Fatal(err)
			}
			c, err := conform.New(l, &l.Feeds[0], settings())
			if err != nil {
				t.Fatal(err)
			}
			if got := run(t, c, raw(t, &l.Feeds[0], 1, cells{"a": "1", "b": tt.cell, "c": "1.2.2020"})).text() + "\n"; !strings.Contains(got, tt.want) {
				t.Errorf("want %s in\n%s", tt.want, got)
			}
		})
	}
}

func TestDatesAndRanges(t *testing.T) {
	tests := []struct {
		name   string
		change cells
		want   string
	}{
		{"open end 9999", cells{"paattymispvm": "31.12.9999"}, "kind=student from=2017-08-01\n"},
		{"open end 2099", cells{"paattymispvm": "31.12.2099"}, "kind=student from=2017-08-01\n"},
		{"born after the run", cells{"syntymaaika": "1.1.2027"}, "invalid syntymaaika out-of-range 1"},
		{"far start", cells{"aloituspvm": "1.1.2050"}, "invalid aloituspvm out-of-range 1"},
		{"end before start", cells{"paattymispvm": "1.1.2010"}, "warning paattymispvm order 1"},
		{"ISO in a Finnish file", cells{"aloituspvm": "2017-08-01"}, "invalid aloituspvm pattern 1"},
		{"no degree without its date", cells{"valmistumispvm": ""}, "read=1 conformed=1"},
		{"comma is the mark", cells{"laajuus_op": "210.0"}, "invalid laajuus_op pattern 1"},
		{"foreign postcode", cells{"maa": "Ruotsi", "postinumero": "111 22"}, "postcode=111 22"},
		{"Finnish postcode", cells{"postinumero": "111 22"}, "invalid postinumero pattern 1"},
		{"state by number", cells{"tila": "7"}, "state=7"},
		{"state of no list", cells{"tila": "8"}, "invalid tila pattern 1"},
		{"code in capitals", cells{"tila": "KESKEYTTÄNYT"}, "state=5"},
		{"decomposed code", cells{"tila": "keskeytta\u0308nyt"}, "state=5"},
		{"migrated number", cells{"opiskelijanumero": "2100001Y"}, "person_key=10118/2100001Y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := one(t, "peppi/alumnit", aino().with(tt.change))
			if !strings.Contains(o.text(), tt.want) {
				t.Errorf("want %s in\n%s", tt.want, o.text())
			}
			if tt.change["valmistumispvm"] == "" && strings.HasPrefix(tt.name, "no degree") && len(o.table("degree"))+len(o.table("role")) != 1 {
				t.Error("a right without a graduation has no degree and no graduate")
			}
		})
	}
}

func TestForbiddenColumnGoesNowhere(t *testing.T) {
	o := one(t, "dynamics365/contacts", cast()["dynamics365/contacts"][0])
	if strings.Contains(o.text(), "311292") || o.warned("governmentid", "forbidden") != 1 {
		t.Error(o.text())
	}
}

// A snapshot made under an older layout lacks columns and may have others between.
func TestColumnsAreFoundByName(t *testing.T) {
	c, f := conformer(t, "student-register/opiskeluoikeudet")
	table := canon.RawTable(f.FullName(), []string{"other", "myontaja", "opiskelija_avain", "oikeus_avain"})
	b := canon.NewBuilder(table, f.FullName())
	b.Int(canon.RawLine, 2)
	b.Null(canon.RawKinds)
	for i, v := range []string{"x", "10118", "12345", "98765"} {
		b.Text(canon.RawFirst+i, v)
	}
	b.EndRow()
	o := run(t, c, b.Flush())
	if len(o.table("study")) != 1 || !strings.Contains(o.rows[0], "institution_code=10118") {
		t.Error(o.text())
	}
}

func TestBatchesAreFullButTheLast(t *testing.T) {
	c, f := conformer(t, "student-register/opiskeluoikeudet")
	rows := make([]cells, 3000)
	for i := range rows {
		rows[i] = cast()["student-register/opiskeluoikeudet"][0]
	}
	var sizes []int
	sink := c.NewSink(func(b *canon.Batch) error {
		if b.Table.Name == "study" {
			sizes = append(sizes, b.Len())
		}
		return nil
	}, func(canon.Rejection) error { return nil })
	for range 3 {
		if err := c.Batch(raw(t, f, 1, rows...), sink); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Flush(); err != nil {
		t.Fatal(err)
	}
	want := slices.Repeat([]int{canon.BatchRows}, 9000/canon.BatchRows)
	if want = append(want, 9000%canon.BatchRows); !slices.Equal(sizes, want) {
		t.Errorf("got batches of %v rows, want %v", sizes, want)
	}
}

func TestSinkErrorsEndTheBatch(t *testing.T) {
	c, f := conformer(t, "peppi/alumnit")
	full := errors.New("quarantine cannot be written")
	sink := c.NewSink(func(*canon.Batch) error { return nil }, func(canon.Rejection) error { return full })
	if err := c.Batch(raw(t, f, 2, aino().with(cells{"turvakielto": ""})), sink); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// demo makes a conformer of a small layout: columns and rows as YAML.
func demo(t *testing.T, rows, columns string) (*conform.Conformer, *layout.Feed) {
	t.Helper()
	src := `{system: s, title: t, controller: "10118", dates: [d.M.yyyy], feeds: [{name: f, file: "f_{yyyyMMdd}", format: {type: csv}, key: [a], person: [a], rows: {` +
		rows + `}, columns: [{name: a, to: person.source_key}, ` + columns + `]}]}`
	return parsed(t, src)
}

// parsed makes a conformer of the one feed of a layout.
func parsed(t *testing.T, src string) (*conform.Conformer, *layout.Feed) {
	t.Helper()
	l, err := layout.Parse("demo.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, &l.Feeds[0], settings())
	if err != nil {
		t.Fatal(err)
	}
	return c, &l.Feeds[0]
}

func TestNotation(t *testing.T) {
	tests := []struct {
		name, rows, columns string
		row                 cells
		want                string // a row, or "" when the table has none
		table               string
	}{
		{"value present", "role.staff: {when: b}", "{name: b}", cells{"b": "x"}, "kind=staff", "role"},
		{"value absent", "role.staff: {when: b}", "{name: b}", nil, "", "role"},
		{"absent wanted", `role.staff: {when: "!b"}`, "{name: b}", nil, "kind=staff", "role"},
		{"one of", "role.staff: {when: b=x|y}", "{name: b}", cells{"b": "y"}, "kind=staff", "role"},
		{"none of", "role.staff: {when: b!=x|y}", "{name: b}", cells{"b": "y"}, "", "role"},
		{"all hold", "role.staff: {when: [b=y, c]}", "{name: b}, {name: c}", cells{"b": "y"}, "", "role"},
		{"condition on the canonical value", "role.staff: {when: b=true}", "{name: b, as: bool}", cells{"b": "1"}, "kind=staff", "role"},
		{"constants", "employment: {set: {employer: Xamk, start: 2020-02-03}}", "{name: b, to: employment.title}", cells{"b": "Lehtori"}, "employer=Xamk title=Lehtori start=2020-02-03", "employment"},
		{"flag by two columns", "", "{name: b, as: bool, to: objection.marketing.sms}, {name: c, as: bool, to: objection.marketing.sms}", cells{"b": "0", "c": "1"}, "scope=marketing channel=sms", "objection"},
		{"flag down", "", "{name: b, as: bool, to: objection.marketing}", cells{"b": "0"}, "", "objection"},
		{"negated flag", "", "{name: b, as: bool, negate: true, to: objection.survey}", cells{"b": "0"}, "scope=survey", "objection"},
		{"negated and silent", "", "{name: b, as: bool, negate: true, to: objection.survey}", nil, "", "objection"},
		{"flag of a role", "", "{name: b, as: bool, to: role.donor}", cells{"b": "1"}, "kind=donor", "role"},
		{"numbered rows", "", "{name: b, to: study.1.right_key}, {name: c, to: study.2.right_key}", cells{"c": "7"}, "right_key=7", "study"},
		{"local day of an instant", "", "{name: b, as: instant, to: role.staff.from}", cells{"b": "2020-02-02T22:30:00Z"}, "kind=staff from=2020-02-03", "role"},
		{"year", "", "{name: b, as: year, to: study.start}", cells{"b": "2008"}, "start=2008-01-01", "study"},
		{"default", "", "{name: b, default: x, to: study.right_key}", nil, "right_key=x", "study"},
		{"default of an unknown code", "", "{name: b, default: work, codes: {p: personal}, to: email.1.kind}, {name: c, as: email, to: email.1.address}", cells{"b": "?", "c": "a@b.example"}, "kind=work address=a@b.example", "email"},
		{"further empty marker", "", "{name: b, empty: [puuttuu], to: study.right_key}", cells{"b": "Puuttuu"}, "", "study"},
		{"number as text", "", "{name: b, as: decimal, to: degree.grade}, {name: c, as: date, to: degree.date}", cells{"b": "3.50", "c": "1.2.2020"}, "date=2020-02-01 grade=3.5", "degree"},
		{"attribution of a row", "attribution: {set: {licence: L-1}}", "{name: b, to: study.right_key}, {name: c, to: attribution.provider}", cells{"b": "7", "c": "Lists"}, "provider=Lists licence=L-1", "attribution"},
		{"list with a bad value", "", `{name: b, as: country-numeric, list: ",", to: person.nationality}`, cells{"b": "246,000"}, "institution_code=10118", "person"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, f := demo(t, tt.rows, tt.columns)
			o := run(t, c, raw(t, f, 1, cells{"a": "1"}.with(tt.row)))
			got := o.table(tt.table)
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasSuffix(got[0], " "+tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAnAttributionAloneIsNoContent: a row that says who gave it, and nothing else, says nothing.
func TestAnAttributionAloneIsNoContent(t *testing.T) {
	src := `{system: s, title: t, controller: "10118", feeds: [{name: f, file: "f_{yyyyMMdd}", format: {type: csv}, key: [a], person: [a], rows: {attribution: {set: {licence: L-1}}}, columns: [` +
		`{name: a}, {name: b, as: email, to: email.work}]}]}`
	l, err := layout.Parse("f.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, &l.Feeds[0], settings())
	if err != nil {
		t.Fatal(err)
	}
	for mail, want := range map[string]int{"": 0, "a@b.example": 1} {
		o := run(t, c, raw(t, &l.Feeds[0], 1, cells{"a": "1", "b": mail}))
		if n := len(o.table(canon.Attribution)); n != want || len(o.table("email")) != want {
			t.Errorf("%q: %d attributions\n%s", mail, n, o.text())
		}
	}
}

// A birth number in two columns, the first without its leading zero, and a telephone number in three.
func TestJoinedColumns(t *testing.T) {
	l, f := feed(t, "fs/candidates")
	settings := settings()
	settings.AllowSynthetic = true
	c, err := conform.New(l, f, settings)
	if err != nil {
		t.Fatal(err)
	}
	person := cells{"personlopenr": "1", "etternavn": "Prøve", "fornavn": "Kari", "status_dod": "N"}
	tests := []struct {
		change          cells
		number, reading string
	}{
		{cells{"fodselsdato": "148385", "personnr": "10117", "telefonlandnr_mobil": "47", "telefonnr_mobil": "40000005"}, "14838510117", "+4740000005"},
		{cells{"telefonnr_mobil": "40000005"}, "", "+4740000005"}, // no country: a number of the layout's own
		{cells{"telefonlandnr_mobil": "358", "telefonretnnr_mobil": "40", "telefonnr_mobil": "0000001"}, "", "+358400000001"},
		{cells{"fodselsdato": "148385", "telefonlandnr_mobil": "47"}, "", ""}, // nothing is joined to nothing
	}
	for i, tt := range tests {
		o := run(t, c, raw(t, f, 2, person.with(tt.change)))
		rows := strings.Join(o.rows, "\n")
		if (tt.number != "") != strings.Contains(rows, "fnr="+tt.number) || (tt.reading != "") != strings.Contains(rows, " number="+tt.reading) {
			t.Errorf("%d: %s", i, rows)
		}
	}
}

// A name with a comma has the family name before it; one without begins with it.
func TestNamesWithACommaAreSplitThere(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [id], person: [id],
		columns: [{name: id, required: true}, {name: person, split: family-first, to: [person.family_name, person.call_name]}]}]}`
	l, err := layout.Parse("demo.yaml", []byte(strings.ReplaceAll(src, "\t", "  ")))
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, &l.Feeds[0], settings())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"af Testaaja, Veikko", "af Testaaja Veikko"} {
		o := run(t, c, raw(t, &l.Feeds[0], 2, cells{"id": "1", "person": name}))
		if rows := strings.Join(o.table("person"), ""); !strings.Contains(rows, "family_name=af Testaaja call_name=Veikko") {
			t.Errorf("%q: %s", name, rows)
		}
	}
}
