package layout_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/layout"
)

const small = `system: demo
title: Demo
controller: "10118"
dates: [d.M.yyyy]
feeds:
- name: people
  file: "people_{yyyyMMdd}.csv"
  format: {type: csv}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true}
  - {name: born, as: date, to: person.birth_date}
  - {name: mail, as: email, to: email.personal}
`

func TestParseDefaults(t *testing.T) {
	l, err := layout.Parse("demo.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	f := l.Feed("people")
	sum := sha256.Sum256([]byte(small))
	switch {
	case l.Zone != "Europe/Helsinki", l.Region != "FI", l.Decimal != ".":
		t.Errorf("layout defaults: %q %q %q", l.Zone, l.Region, l.Decimal)
	case l.Digest() != hex.EncodeToString(sum[:]):
		t.Error("the digest is not the file's SHA-256")
	case f.Guard != (layout.Guard{Removed: 2, Shrink: 20}):
		t.Errorf("guard: %+v", f.Guard)
	case f.FullName() != "demo/people":
		t.Error("names")
	case f.Columns[0].Invalid != layout.Quarantine, f.Columns[1].Invalid != layout.Null:
		t.Error("a key quarantines its row, another column does not")
	case f.Columns[1].Formats[0] != "d.M.yyyy", f.Columns[1].Position != 2:
		t.Error("column defaults")
	}
}

// Each case replaces one text of the small layout; the finding must name the very place.
// TestWhatAnExportMayLeaveOut: records have the properties that they need, tables have all their columns.
func TestWhatAnExportMayLeaveOut(t *testing.T) {
	for format, want := range map[string]bool{"{type: csv}": true, "{type: json}": false, "{type: ldif}": false, "{type: xml, rows: people/person}": false} {
		src := strings.Replace(small, "{type: csv}", format, 1)
		l, err := layout.Parse("demo.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if f := &l.Feeds[0]; f.Misses("born") != want || !f.Misses("id") {
			t.Errorf("%s: born is missed %v, id %v", format, f.Misses("born"), f.Misses("id"))
		}
		strict, err := layout.Parse("demo.yaml", []byte(strings.Replace(src, "  key:", "  drift: evolve\n  key:", 1)))
		if err != nil || !strict.Feeds[0].Misses("born") {
			t.Errorf("%s: what the layout says itself goes first: %v", format, err)
		}
	}
}

const holders = `holders:
- name: cards
  file: "cards_{yyyyMMdd}.csv"
  format: {type: csv}
  columns:
  - {name: card, required: true, to: card}
  - {name: from, as: instant, to: issued}
  - {name: until, as: instant, to: returned}
  - {name: who, to: holder}
`

func TestFindings(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown key", "as: date,", "az: date,", "UOMA-CFG-SCHEMA demo.yaml:13:5 (feeds.0.columns.1)"},
		{"controller", `"10118"`, `"118"`, "UOMA-CFG-SCHEMA demo.yaml:3:13 (controller)"},
		{"zone", "title: Demo", "title: Demo\nzone: Europe/Nowhere", "UOMA-LAY-ZONE demo.yaml:3:7"},
		{"file without date", "people_{yyyyMMdd}.csv", "people.csv", "UOMA-LAY-FILE demo.yaml:7:9"},
		{"file in a folder", "people_{yyyyMMdd}.csv", "../people_{yyyyMMdd}.csv", "UOMA-LAY-FILE demo.yaml:7:9"},
		{"trailer", "{type: csv}", "{type: csv, trailer: '(x'}", "UOMA-LAY-PATTERN demo.yaml:8:32"},
		{"trailer with two counts", "{type: csv}", "{type: csv, trailer: '^(a) (b)$'}", "UOMA-LAY-TRAILER demo.yaml:8:32"},
		{"required trailer", "{type: csv}", "{type: csv, trailer-required: true}", "UOMA-LAY-TRAILER demo.yaml:8:11"},
		{"dependent column", "as: email,", "as: email, by: id,", "UOMA-LAY-POINT demo.yaml:14:5"},
		{"dependent on nothing", "as: email, to: email.personal", "as: postcode, by: no, to: address.home.postcode", "UOMA-LAY-COLUMN demo.yaml:14:36"},
		{"same position", "{type: csv}\n", "{type: csv, header: none}\n", ""},
		{"rule", "as: date,", "as: dates,", "UOMA-LAY-RULE demo.yaml:13:22 (feeds.0.columns.1.as)"},
		{"format", "dates: [d.M.yyyy]\n", "", "UOMA-LAY-FORMAT demo.yaml:12:5"},
		{"table", "person.birth_date", "people.birth_date", "UOMA-LAY-TARGET demo.yaml:13:32"},
		{"column", "person.birth_date", "person.born", "UOMA-LAY-TARGET demo.yaml:13:32"},
		{"provenance is no target", "person.birth_date", "person.row_key", "UOMA-LAY-TARGET demo.yaml:13:32"},
		{"kind", "email.personal", "email.private", "UOMA-LAY-TARGET demo.yaml:14:33"},
		{"type", "as: date, to: person.birth_date", "as: bool, to: person.birth_date", "UOMA-LAY-TYPE demo.yaml:13:32"},
		{"flag of no boolean", "to: email.personal", "to: objection.marketing", "UOMA-LAY-TYPE demo.yaml:14:33"},
		{"filled twice", "{name: id, required: true}", "{name: id, as: email, to: email.personal}", "UOMA-LAY-FILLED demo.yaml:14:33"},
		{"key column", "key: [id]", "key: [no]", "UOMA-LAY-COLUMN demo.yaml:9:9"},
		{"alternative", "key: [id]", "key: [[id, no]]", "UOMA-LAY-COLUMN demo.yaml:9:9"},
		{"latest by a date", "person: [id]", "latest: born\n  person: [id]", ""},
		{"latest by nothing", "person: [id]", "latest: no\n  person: [id]", "UOMA-LAY-COLUMN demo.yaml:10:11"},
		{"latest by a text", "person: [id]", "latest: mail\n  person: [id]", "UOMA-LAY-LATEST demo.yaml:10:11"},
		{"latest by the key", "key: [id]", "key: [born]\n  latest: born", "UOMA-LAY-LATEST demo.yaml:10:11"},
		{"no person", "  person: [id]\n", "", "UOMA-LAY-PERSON demo.yaml:6:3"},
		{"list of holders", "feeds:", holders + "feeds:", ""},
		{"holders without a return", "feeds:", strings.Replace(holders, "to: returned", "to: checked", 1) + "feeds:", "UOMA-LAY-TYPE demo.yaml:12:36"},
		{"holders of no card", "feeds:", strings.Replace(holders, ", to: card", "", 1) + "feeds:", "UOMA-LAY-HOLDERS demo.yaml:10:3"},
		{"holders twice", "feeds:", strings.Replace(holders, "to: holder", "to: card", 1) + "feeds:", "UOMA-LAY-FILLED demo.yaml:13:21"},
		{"holders named as a feed", "feeds:", strings.Replace(holders, "name: cards", "name: people", 1) + "feeds:", "UOMA-LAY-TWICE"},
		{"holders that are a feed", "feeds:", strings.Replace(holders, "  columns:", "  key: [card]\n  columns:", 1) + "feeds:", "UOMA-CFG-SCHEMA"},
		{"holders that fill the register", "feeds:", strings.Replace(holders, "to: holder", "to: person.eppn", 1) + "feeds:", "UOMA-CFG-SCHEMA"},
		{"holders without a date", "feeds:", strings.Replace(holders, "_{yyyyMMdd}", "", 1) + "feeds:", "UOMA-LAY-FILE"},
		{"nobody and a person", "person: [id]", "person: nobody", "UOMA-LAY-NOBODY demo.yaml:10:11"},
		{"nobody else", "person: [id]", "person: somebody", "UOMA-CFG-SCHEMA demo.yaml:10:11"},
		{"key of another system", "person: [id]", "person: {of: other, key: [no]}", "UOMA-LAY-COLUMN demo.yaml:10:29"},
		{"point", "person: [id]", "person: {point: mail}", "UOMA-LAY-POINT demo.yaml:10:19"},
		{"blocked domains", "as: email,", "as: email, block: [test, Mail.bots.example, xn--hman-5qa.example],", ""},
		{"a blocked address", "as: email,", "as: email, block: [a@bots.example],", "UOMA-LAY-BLOCK demo.yaml:14:37"},
		{"a blocked domain as people write it", "as: email,", "as: email, block: [test, öhman.example],", "UOMA-LAY-BLOCK demo.yaml:14:43"},
		{"a blocked domain with a dot before it", "as: email,", "as: email, block: [.example],", "UOMA-LAY-BLOCK demo.yaml:14:37"},
		{"domains of no address", "as: date,", "as: date, block: [bots.example],", "UOMA-LAY-BLOCK demo.yaml:13:36"},
		{"point without by", "as: email", "as: point", "UOMA-LAY-POINT demo.yaml:14:5"},
		{"skip filled", "{type: csv}", "{type: csv, skip-when-filled: [no]}", "UOMA-LAY-COLUMN demo.yaml:8:42"},
		{"skip", "{type: csv}", "{type: csv, skip-when-empty: [no]}", "UOMA-LAY-COLUMN demo.yaml:8:41"},
		{"column twice", "name: born", "name: ID", "UOMA-LAY-TWICE demo.yaml:13:12"},
		{"dropped and read", "columns:", "drop: [Born]\n  columns:", "UOMA-LAY-TWICE demo.yaml:11:10"},
		{"when", "columns:", "rows: {person: {when: no=1}}\n  columns:", "UOMA-LAY-COLUMN demo.yaml:11:25"},
		{"row", "columns:", "rows: {people: {when: id}}\n  columns:", "UOMA-LAY-TARGET demo.yaml:11:18"},
		{"constant's column", "columns:", "rows: {person: {set: {no: x}}}\n  columns:", "UOMA-LAY-TARGET demo.yaml:11:29"},
		{"constant's type", "columns:", "rows: {person: {set: {deceased_date: soon}}}\n  columns:", "UOMA-LAY-ROW demo.yaml:11:40"},
		{"list that fills nothing", "as: email, to: email.personal", "as: email, list: ';'", ""},
		{"list of texts", "as: email, to: email.personal", "list: ';', to: study.programme_name", ""},
		{"list", "as: email, to: email.personal", "as: email, list: ';', to: email.personal", "UOMA-LAY-LIST demo.yaml:14:"},
		{"split", "as: email, to: email.personal", "as: name, split: family-first, to: person.family_name", "UOMA-LAY-SPLIT demo.yaml:14:5"},
		{"merged into", "as: email, to: email.personal", "to: person.merged_into", ""},
		{"merged, and nobody's key", "key: [id]", "key: [id, mail]\n  columns: [{name: id}, {name: mail, to: person.merged_into}]\n- name: more\n  file: \"more_{yyyyMMdd}.csv\"\n  format: {type: csv}\n  key: [id]", "UOMA-LAY-MERGED"},
		{"or", "{name: id, required: true}", "{name: id, required: true}\n  - {name: other, as: date}\n  - {name: third, as: date, or: [other, born]}", ""},
		{"or nothing", "as: email,", "as: email, or: [no],", "UOMA-LAY-COLUMN demo.yaml:14:34"},
		{"or another type", "as: email,", "as: email, or: [born],", "UOMA-LAY-OR demo.yaml:14:34"},
		{"or itself", "as: email,", "as: email, or: [mail],", "UOMA-LAY-OR demo.yaml:14:34"},
		{"or another rule", "as: email,", "as: email, or: [id],", "UOMA-LAY-OR demo.yaml:14:34"},
		{"or any text", "{name: id, required: true}", "{name: id, required: true, or: [mail]}", ""},
		{"or a year", "{name: id, required: true}", "{name: id, required: true}\n  - {name: year, as: year}\n  - {name: third, as: date, or: [year]}", ""},
		{"or past the codes", "{name: id, required: true}", "{name: id, required: true, codes: {a: b}, or: [mail]}", "UOMA-LAY-OR demo.yaml:12:52"},
		{"or past the pattern", "{name: id, required: true}", "{name: id, required: true, pattern: x, or: [mail]}", "UOMA-LAY-OR demo.yaml:12:49"},
		{"or past the domains", "{name: id, required: true}", "{name: id, required: true}\n  - {name: other, as: email}\n  - {name: third, as: email, block: [bots.example], or: [other]}", "UOMA-LAY-OR demo.yaml:14:58"},
		{"or what is forbidden", "{name: id, required: true}", "{name: id, required: true}\n  - {name: third, forbid: true, or: [id]}", "UOMA-LAY-OR demo.yaml:13:38"},
		{"or its default", "as: email,", "as: email, default: a@b.example, or: [id],", "UOMA-LAY-OR demo.yaml:14:56"},
		{"pattern", "as: email,", "as: email, pattern: '[',", "UOMA-LAY-PATTERN demo.yaml:14:38"},
		{"key of another format", "{type: csv}", "{type: json, delimiter: ','}", "UOMA-LAY-KEY demo.yaml:8:35"},
		{"rows of a table", "{type: csv}", "{type: csv, rows: a/b}", "UOMA-LAY-KEY demo.yaml:8:29"},
		{"XML without rows", "{type: csv}", "{type: xml}", "UOMA-LAY-ROWS demo.yaml:8:11"},
		{"a sheet with three rows of names", "{type: csv}", "{type: xlsx, header-lines: 3}", "UOMA-LAY-LINES demo.yaml:8:38"},
		{"a sheet without names", "{type: csv}", "{type: xlsx, header: none}", "UOMA-LAY-KEY demo.yaml:8:32"},
		{"path in a table", "name: born,", "name: born, path: a/b,", "UOMA-LAY-KEY demo.yaml:13:24"},
		{"compressed workbook", "{type: csv}", "{type: xlsx, compression: gzip}", ""},
		{"compressed Parquet", "{type: csv}", "{type: parquet, compression: zstd}", ""},
		{"unknown compression", "{type: csv}", "{type: csv, compression: zip}", "UOMA-CFG-SCHEMA demo.yaml:8:36"},
		{"characters are missing", "{type: csv}", "{type: fixed}", "UOMA-LAY-AT demo.yaml:12:5"},
		{"characters elsewhere", "name: born,", "name: born, at: 1-8,", "UOMA-LAY-KEY demo.yaml:13:22"},
		{"address without a column", "email.personal", "address.home", "UOMA-LAY-TARGET demo.yaml:14:33"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(small, tt.old) {
				t.Fatal("the case replaces nothing")
			}
			_, err := layout.Parse("demo.yaml", []byte(strings.Replace(small, tt.old, tt.new, 1)))
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got  %v\nwant %v", err, tt.want)
			}
		})
	}
}

const nested = `system: demo
title: Demo
controller: "10118"
feeds:
- name: rights
  file: "rights_{yyyyMMdd}.xml.gz"
  format: {type: xml, compression: gzip, rows: "Virta/v:List/v:Right", each: State, count: List/@count, namespaces: {v: "urn:demo"}}
  key: [id]
  person: [id]
  columns:
  - {name: id, path: ../@id, required: true}
  - {name: name, path: "Name[@lang=fi]", list: ",", to: person.family_name}
`

func TestPathsOfRecords(t *testing.T) {
	l, err := layout.Parse("demo.yaml", []byte(nested))
	if err != nil {
		t.Fatal(err)
	}
	f := l.Feeds[0].Format
	if f.Rows != "Virta/v:List/v:Right" || f.Each != "State" || f.Count != "List/@count" || f.Namespaces["v"] != "urn:demo" || !f.Paths() || f.Jumps() {
		t.Errorf("%+v", f)
	}
	for old, want := range map[string]string{
		"path: ../@id":       "UOMA-LAY-PATH demo.yaml:11:22",
		"each: State, ":      "UOMA-LAY-PATH demo.yaml:11:22",
		"count: List/@count": "UOMA-CFG-SCHEMA demo.yaml:7:92",
	} {
		replacement := map[string]string{"path: ../@id": "path: ../../@id", "count: List/@count": "count: List//@count"}[old]
		if _, err := layout.Parse("demo.yaml", []byte(strings.Replace(nested, old, replacement, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", old, err, want)
		}
	}
}

func TestCharactersOfAColumn(t *testing.T) {
	for at, want := range map[string][2]int{"1-10": {1, 10}, "7": {7, 7}, "10-9": {}, "0-3": {}, "": {}, "a": {}, "1-": {}} {
		c := layout.Column{At: at}
		from, to, ok := c.Characters()
		if ok != (want[0] > 0) || ok && (from != want[0] || to != want[1]) {
			t.Errorf("%q: %d %d %v", at, from, to, ok)
		}
	}
}

func TestPositionsWithoutHeader(t *testing.T) {
	src := strings.NewReplacer("{type: csv}", "{type: csv, header: none}", "name: born,", "name: born, position: 1,").Replace(small)
	if _, err := layout.Parse("demo.yaml", []byte(src)); fault.Code(err) != "UOMA-LAY-POSITION" {
		t.Fatalf("got %v", err)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	src := small + strings.Repeat("  - {name: id}\n", 1000)
	_, err := layout.Parse("demo.yaml", []byte(src))
	if list, ok := err.(fault.List); !ok || len(list) != 200 {
		t.Fatalf("got %T of %d", err, len(list))
	}
}

func TestAllFindingsAtOnce(t *testing.T) {
	src := strings.NewReplacer("as: date", "as: dates", "person.birth_date", "person.born", "key: [id]", "key: [no]").Replace(small)
	_, err := layout.Parse("demo.yaml", []byte(src))
	if list, ok := err.(fault.List); !ok || len(list) != 3 {
		t.Fatalf("want three findings, got %v", err)
	}
}

func TestShipped(t *testing.T) {
	all, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	own := map[string]bool{} // of a controller
	for _, l := range all {
		names = append(names, l.Name())
		if key := l.System + " " + l.Controller; own[key] {
			t.Errorf("%s: two layouts of one system for one controller", l.Name())
		} else {
			own[key] = true
		}
		if !strings.HasPrefix(l.Name(), l.System) {
			t.Errorf("%s describes %s", l.Name(), l.System)
		}
	}
	want := []string{"access-control", "alumni-portal", "axis", "dynamics365-marketing", "dynamics365-seamk", "dynamics365", "exam",
		"external-lists-ljmu", "external-lists", "fs", "graduway", "haka", "hatu", "mira", "pegasos", "peppi", "raisers-edge", "reportronic",
		"student-register-ljmu", "student-register", "virta", "webforms"}
	if !slices.Equal(names, want) {
		t.Fatalf("got %v", names)
	}
}

// What stands in an export and not in the purpose is not even read.
func TestShippedMinimise(t *testing.T) {
	all, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		for i := range l.Feeds {
			for _, name := range []string{"ESIHENKILO", "POISSAOLO", "AY_JASEN", "PALKKALUOKKA", "Tuntihinta", "Palkkaryhmä", "arvioija",
				"CnBio_Marital_status", "CnSpSpBio_First_Name", "Palaute", "Haltija_nimi", "diet", "client_ip", "additionalInfo"} {
				if l.Feeds[i].Index(name) >= 0 {
					t.Errorf("%s reads %s", l.Feeds[i].FullName(), name)
				}
			}
			if l.System == "pegasos" && len(l.Feeds[i].Columns) != 13 {
				t.Errorf("pegasos reads %d columns, not 13", len(l.Feeds[i].Columns))
			}
		}
	}
}

func TestMatch(t *testing.T) {
	l, err := layout.Parse("demo.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	day, _ := canon.NewDate(2026, 11, 22)
	tests := []struct {
		file string
		ok   bool
	}{
		{"people_20261122.csv", true},
		{"people_20261131.csv", false},
		{"people_2026112.csv", false},
		{"people_20261122.csv.tmp", false},
		{"x/people_20261122.csv", false},
		{"people_2026112a.csv", false},
		{"PEOPLE_20261122.csv", false},
		{"", false},
	}
	f := l.Feed("people")
	for _, tt := range tests {
		if got, ok := f.Match(tt.file); ok != tt.ok || ok && got != day {
			t.Errorf("%q: %v %v", tt.file, got, ok)
		}
	}
	if name := f.FileName(day); name != "people_20261122.csv" {
		t.Error(name)
	}
}

func TestSchemaIsPublishedWhole(t *testing.T) {
	onDisk, err := os.ReadFile("layout.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(onDisk) != string(layout.Schema()) || !json.Valid(onDisk) {
		t.Fatal("the embedded schema is not the published one")
	}
	for _, r := range []string{"hetu", "point", "year", "koulutuskoodi"} {
		if _, ok := layout.RuleType(r); !ok || !strings.Contains(string(onDisk), r) {
			t.Errorf("rule %s is not documented", r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	for _, name := range []string{"peppi.yaml", "reportronic.yaml", "dynamics365.yaml"} {
		src, err := layout.ShippedSource(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := layout.Parse("f.yaml", src)
		if err != nil {
			return
		}
		for i := range l.Feeds {
			l.Feeds[i].RawTable()
			for _, fill := range l.Feeds[i].Fillings() {
				for _, v := range fill.Values {
					_ = fill.Table.Columns[v.Column]
				}
			}
		}
	})
}

// Whatever a layout says, only tables and columns of the compiled list come out of it.
func TestThreat_T08_TargetsComeFromTheCompiledList(t *testing.T) {
	for _, target := range []string{"person.hetu'; --", "person`.hetu", "person.hetu\\0", "sqlite_master.sql", "email.personal.address; x", "person"} {
		_, err := layout.Parse("demo.yaml", []byte(strings.Replace(small, "person.birth_date", `"`+target+`"`, 1)))
		if fault.Code(err) != "UOMA-LAY-TARGET" {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// Patterns are RE2, which takes linear time, and bounded in length; there is no template and no expression.
func TestThreat_T09_PatternsAreBounded(t *testing.T) {
	long := strings.Repeat("(a|b)*", 1<<17)
	_, err := layout.Parse("demo.yaml", []byte(strings.Replace(small, "as: email,", "as: email, pattern: '"+long+"',", 1)))
	if fault.Code(err) != "UOMA-CFG-SCHEMA" {
		t.Errorf("got code %q", fault.Code(err))
	}
}

// TestOneValue has every rule of a text: two contact points or names of somebody are no value, two words or codes are.
func TestOneValue(t *testing.T) {
	for rule, want := range map[string]bool{"email": true, "phone": true, "point": true, "hetu": true, "hetu-virta": true, "fnr": true, "oppijanumero": true,
		"orcid": true, "ytunnus": true, "eppn": true, "guid": true, "schac_hetu": true, "schac_number": true, "student_number": true, "employee_number": true,
		"virta_avain": true, "text": false, "html": false, "name": false, "language": false, "country": false, "country-numeric": false, "institution": false} {
		if got := layout.OneValue(rule); got != want {
			t.Errorf("%s: %t", rule, got)
		}
	}
}
