package target

import (
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

const small = `target: small
title: A small file
policy: xamk
system: somewhere
purpose: alumni_information
file: "small_{yyyyMMdd}.csv"
form: {type: csv}
columns:
- {name: Name, from: person.family_name, required: true}
`

func TestShippedAreNamedAsTheirFiles(t *testing.T) {
	all, err := Shipped()
	if err != nil || len(all) < 6 {
		t.Fatalf("%d targets, %v", len(all), err)
	}
	for _, x := range all {
		if _, err := ShippedSource(x.Name + ".yaml"); err != nil {
			t.Error(err)
		}
	}
	onDisk, err := os.ReadFile("target.schema.json")
	if err != nil || string(onDisk) != string(Schema()) {
		t.Errorf("another schema is published: %v", err)
	}
}

func TestParseNamesThePlace(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, code, at string }{
		"sound":                      {"", "", "", ""},
		"a misspelt key":             {"title:", "titel:", "UOMA-CFG-SCHEMA", "small.yaml:"},
		"no such column":             {"person.family_name", "person.surname", "UOMA-TGT-FIELD", "small.yaml:9:22 (columns.0.from)"},
		"no such table":              {"person.family_name", "persons.family_name", "UOMA-TGT-FIELD", "9:22"},
		"a kind without a value":     {"person.family_name", "address.home", "UOMA-TGT-FIELD", "9:22"},
		"provenance":                 {"person.family_name", "person.row_key", "UOMA-TGT-FIELD", "9:22"},
		"another row":                {"person.family_name", "degree.title", "UOMA-TGT-TABLE", "9:22"},
		"the latest other row":       {"columns:", "latest: {degree: date}\ncolumns:\n- {name: Degree, from: degree.title}", "", ""},
		"the latest, then the lower": {"columns:", "latest: {employment: [start, unit_code]}\ncolumns:\n- {name: Unit, from: employment.unit}", "", ""},
		"the latest by two dates":    {"columns:", "latest: {employment: [start, end]}\ncolumns:", "UOMA-TGT-TABLE", "(latest.employment)"},
		"the latest by no column":    {"columns:", "latest: {employment: [start, none]}\ncolumns:", "UOMA-TGT-TABLE", "(latest.employment)"},
		"the latest by a text":       {"columns:", "latest: {degree: title}\ncolumns:", "UOMA-TGT-TABLE", "(latest.degree)"},
		"the latest person":          {"columns:", "latest: {person: birth_date}\ncolumns:", "UOMA-TGT-TABLE", "(latest.person)"},
		"the latest word":            {"columns:", "latest: {objection: time}\ncolumns:", "UOMA-TGT-TABLE", "(latest.objection)"},
		"the latest beside a row":    {"columns:", "each: study\nlatest: {degree: date}\ncolumns:", "UOMA-TGT-TABLE", "(latest.degree)"},
		"rows of contact points":     {"columns:", "each: email\ncolumns:", "UOMA-TGT-TABLE", "(each)"},
		"rows of words":              {"columns:", "each: consent\ncolumns:", "UOMA-TGT-TABLE", "(each)"},
		"having no such":             {"columns:", "having: {table: emails}\ncolumns:", "UOMA-TGT-TABLE", "(having.table)"},
		"nothing to hold":            {"from: person.family_name, ", "", "UOMA-TGT-FILL", "9:10"},
		"two things to hold":         {"required: true", "value: x", "UOMA-TGT-FILL", "9:10"},
		"copied from no list":        {"from: person.family_name", "copy: true", "UOMA-TGT-FILL", "9:10"},
		"twice":                      {"columns:", "columns:\n- {name: Name, value: x}", "UOMA-TGT-NAME", "(columns.1.name)"},
		"a sheet of text":            {"{type: csv}", "{type: csv, sheet: x}", "UOMA-TGT-FORM", "(form.sheet)"},
		"xml without a root":         {"{type: csv}", "{type: xml}", "UOMA-TGT-FORM", "(form)"},
		"a path of text":             {"columns:", "path: x\ncolumns:", "UOMA-TGT-FORM", "(form)"},
		"a format of no date":        {"required: true", "format: yyyy", "UOMA-TGT-DATE", "(columns.0.format)"},
		"a condition elsewhere":      {"required: true", "if: {degree.scale: x}", "UOMA-TGT-TABLE", "(columns.0.if)"},
		"beside nothing":             {"required: true", "beside: Other", "UOMA-TGT-BESIDE", "(columns.0.beside)"},
		"needs a column":             {"columns:", "needs: [Name]\ncolumns:", "", ""},
		"needs what is not there":    {"columns:", "needs: [Name, Nam]\ncolumns:", "UOMA-TGT-NEEDS", "8:15 (needs.1)"},
		"a list without its key":     {"columns:", "asked: {file: \"l_{yyyyMMdd}.csv\", key: id, is: person.student_number}\ncolumns:", "UOMA-TGT-ASKED", "(asked)"},
		"counts of people":           {"from: person.family_name, required: true}", "from: [person.home_municipality, address.home.city]}\n- {name: N, value: \"{people}\"}", "", ""},
		"counts of names":            {"required: true}", "}\n- {name: N, value: \"{people}\"}", "UOMA-TGT-COUNT", "(columns.0.name)"},
		"counts by a key":            {"columns:", "each: degree\ncolumns:\n- {name: K, from: degree.key}\n- {name: N, value: \"{people}\"}", "UOMA-TGT-COUNT", "(columns.0.name)"},
		"counts in words":            {"required: true}", "}\n- {name: N, value: \"{people} of us\"}", "UOMA-TGT-COUNT", "(columns.1.name)"},
		"nothing but counts":         {"{name: Name, from: person.family_name, required: true}", "{name: N, value: \"{people}\"}", "UOMA-TGT-COUNT", "(columns)"},
		"counts twice":               {"columns:", "columns:\n- {name: M, value: \"{people}\"}\n- {name: N, value: \"{people}\"}", "UOMA-TGT-COUNT", "(columns.1.name)"},
		"counts that go back":        {"columns:", "return_after_days: 3\ncolumns:\n- {name: N, value: \"{people}\"}", "UOMA-TGT-COUNT", "(columns)"},
		"a file without its date":    {"small_{yyyyMMdd}.csv", "small.csv", "UOMA-CFG-SCHEMA", "(file)"},
		"a file elsewhere":           {"small_{yyyyMMdd}.csv", "../small_{yyyyMMdd}.csv", "UOMA-CFG-SCHEMA", "(file)"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(small, tt.old) < 1 {
				t.Fatalf("no %s", tt.old)
			}
			_, err := Parse("small.yaml", []byte(strings.Replace(small, tt.old, tt.new, 1)))
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			list, _ := err.(fault.List)
			if !slices.ContainsFunc(list, func(e *fault.Error) bool { return e.Code == tt.code && strings.Contains(e.Error(), tt.at) }) {
				t.Errorf("%v", err)
			}
		})
	}
}

const orders = `target: orders
title: Orders
policy: metropolia_exam
system: axis
purpose: exam_supervision
recipient: caverion
file: "delete_{yyyyMMdd}.jsonl"
form: {type: jsonl}
each: recording
orders: {answers: "deleted_{yyyyMMdd}.jsonl", order: id, result: result, results: {deleted: gone}}
columns:
- {name: key, from: recording.key, required: true}
- {name: id, from: ended.order}
- {name: until, from: ended.due, format: d.M.yyyy}
`

func TestParseNamesThePlaceOfOrders(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, code, at string }{
		"sound":                  {"", "", "", ""},
		"without a number":       {"- {name: id, from: ended.order}\n", "", "UOMA-TGT-ORDERS", "(columns)"},
		"two numbers":            {"name: until, from: ended.due, format: d.M.yyyy", "name: until, from: ended.order", "UOMA-TGT-ORDERS", "(columns)"},
		"of people":              {"each: recording", "each: person", "UOMA-TGT-ORDERS", "(orders)"},
		"of contact points":      {"each: recording", "each: email", "UOMA-TGT-ORDERS", "(orders)"},
		"of what nothing holds":  {"each: recording", "each: study", "UOMA-TGT-ORDERS", "(orders)"},
		"somebody's name":        {"recording.key", "person.family_name", "UOMA-TGT-ORDERS", "(columns.0.from)"},
		"a name in a row":        {"each: recording\n", "each: internship\n", "UOMA-TGT-TABLE", "(columns.0.from)"},
		"of one event":           {"file:", "event: {system: a, key: b}\nfile:", "UOMA-TGT-ORDERS", "(orders)"},
		"to be given back":       {"file:", "return_after_days: 3\nfile:", "UOMA-TGT-ORDERS", "(orders)"},
		"by pseudonyms":          {"columns:", "columns:\n- {name: p, value: \"{pseudonym}\"}", "UOMA-TGT-ORDERS", "(orders)"},
		"no such field":          {"ended.due", "ended.until", "UOMA-TGT-FIELD", "(columns.2.from)"},
		"no such column":         {"recording.key", "recording.keys", "UOMA-TGT-FIELD", "(columns.0.from)"},
		"a result that is none":  {"deleted: gone", "deleted: done", "UOMA-CFG-SCHEMA", "(orders.results.deleted)"},
		"answers without a date": {"deleted_{yyyyMMdd}", "deleted", "UOMA-CFG-SCHEMA", "(orders.answers)"},
		"a delimiter":            {"{type: jsonl}", "{type: jsonl, delimiter: \",\"}", "UOMA-TGT-FORM", "(form.delimiter)"},
		"no orders":              {"orders: {", "having: {table: study}\n# {", "UOMA-TGT-TABLE", "(each)"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(orders, tt.old) < 1 {
				t.Fatalf("no %s", tt.old)
			}
			_, err := Parse("orders.yaml", []byte(strings.Replace(orders, tt.old, tt.new, 1)))
			list, _ := err.(fault.List)
			switch {
			case tt.code == "":
				if err != nil {
					t.Error(err)
				}
			case !slices.ContainsFunc(list, func(e *fault.Error) bool { return e.Code == tt.code && strings.Contains(e.Error(), tt.at) }):
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := Parse("small.yaml", []byte(strings.Replace(small, "person.family_name", "ended.order", 1))); fault.Code(err) != "UOMA-TGT-TABLE" {
		t.Errorf("of a row that has not ended: %v", err)
	}
}

func TestFilesOfAnswers(t *testing.T) {
	for pattern, names := range map[string]map[string]bool{
		"deleted_{yyyyMMdd}.jsonl":    {"deleted_20261121.jsonl": true, "deleted_20261131.jsonl": false, "deleted_2026-11-21.jsonl": false, "deleted_.jsonl": false, "deleted_20261121.jsonl.age": false},
		"deleted_{yyyy-MM-dd}_a.json": {"deleted_2026-11-21_a.json": true, "deleted_20261121_a.json": false, "deleted_2026-11-21.json": false},
	} {
		for name, is := range names {
			if o := (Orders{Answers: pattern}); o.Match(name) != is {
				t.Errorf("%s is of %s: %v", name, pattern, !is)
			}
		}
	}
}

const table = `target: small
title: Rows of a table
policy: seamk
system: dynamics365
purpose: information
form: {type: dataverse, set: contacts, id: contactid, key: [number]}
columns:
- {name: number, from: person.student_number, required: true}
- {name: lastname, from: person.family_name}
- {name: gendercode, from: person.sex, kind: choice, codes: {"1": "1", "2": "2"}}
- {name: birthdate, from: person.birth_date, kind: date}
- {name: followemail, value: "false", kind: bool}
- {name: place, kind: number, from: person.home_municipality, codes: {"091": "91"}, default: "0"}
- {name: parent, from: person.institution_code, lookup: {set: accounts, by: accountnumber}}
`

func TestParseNamesThePlaceInATable(t *testing.T) {
	x, err := Parse("table.yaml", []byte(table))
	if err != nil || !x.InTable() || x.Sealed() || x.Form.Write != "upsert" || x.Form.Gone != "clear" || x.FileName(0) != "" {
		t.Fatalf("%+v %v", x, err)
	}
	for name, tt := range map[string]struct{ old, new, code, at string }{
		"a file":                  {"form:", "file: \"x_{yyyyMMdd}.csv\"\nform:", "UOMA-CFG-SCHEMA", "6:7 (file)"},
		"sealed":                  {"form:", "seal: age\nform:", "UOMA-CFG-SCHEMA", "(seal)"},
		"an unknown way":          {"id: contactid,", "id: contactid, write: merge,", "UOMA-CFG-SCHEMA", "(form.write)"},
		"a delimiter":             {"id: contactid,", "id: contactid, delimiter: \",\",", "UOMA-TGT-FORM", "(form.delimiter)"},
		"no set":                  {"set: contacts, ", "", "UOMA-TGT-FORM", "6:7 (form)"},
		"a set in a file":         {"type: dataverse", "type: csv", "UOMA-CFG-SCHEMA", ""},
		"no such key":             {"key: [number]", "key: [numbers]", "UOMA-TGT-KEY", "6:61 (form.key.0)"},
		"a key that may be empty": {", required: true", "", "UOMA-TGT-KEY", "(form.key.0)"},
		"a key that is cut":       {"required: true", "required: true, max: 5", "UOMA-TGT-KEY", "(form.key.0)"},
		"a key that is a choice":  {"key: [number]", "key: [gendercode]", "UOMA-TGT-KEY", "(form.key.0)"},
		"a national code":         {"name: lastname", "name: GovernmentId", "UOMA-TGT-PROPERTY", "9:10 (columns.1.name)"},
		"the service's own key":   {"name: lastname", "name: contactid", "UOMA-TGT-PROPERTY", "(columns.1.name)"},
		"a path":                  {"name: lastname", "name: a/b", "UOMA-TGT-PROPERTY", "(columns.1.name)"},
		"a choice without codes":  {", codes: {\"1\": \"1\", \"2\": \"2\"}", "", "UOMA-TGT-KIND", "10:10 (columns.2.name)"},
		"an option by its label":  {"\"2\": \"2\"", "\"2\": female", "UOMA-TGT-KIND", "(columns.2.name)"},
		"a date of a text":        {"person.birth_date", "person.family_name", "UOMA-TGT-KIND", "(columns.3.name)"},
		"a date in a format":      {"kind: date", "kind: date, format: yyyy", "UOMA-TGT-KIND", "(columns.3.name)"},
		"a bool of no kind":       {"\"false\"", "\"no\"", "UOMA-TGT-KIND", "(columns.4.name)"},
		"a default of words":      {"default: \"0\"", "default: none", "UOMA-TGT-KIND", "(columns.5.name)"},
		"a lookup of a kind":      {"lookup: {", "kind: text, lookup: {", "UOMA-TGT-KIND", "(columns.6.name)"},
		"a lookup by nothing":     {", by: accountnumber", "", "UOMA-CFG-SCHEMA", "(columns.6.lookup)"},
		"a kind of a table":       {"kind: date", "kind: money", "UOMA-CFG-SCHEMA", "(columns.3.kind)"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(table, tt.old) < 1 {
				t.Fatalf("no %s", tt.old)
			}
			_, err := Parse("table.yaml", []byte(strings.Replace(table, tt.old, tt.new, 1)))
			list, _ := err.(fault.List)
			if !slices.ContainsFunc(list, func(e *fault.Error) bool { return e.Code == tt.code && strings.Contains(e.Error(), tt.at) }) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := Parse("small.yaml", []byte(strings.Replace(small, "required: true", "kind: text", 1))); err == nil || !strings.Contains(err.Error(), "UOMA-TGT-KIND") {
		t.Errorf("a kind in a file: %v", err)
	}
}

func TestNamesOfFiles(t *testing.T) {
	x, err := Parse("small.yaml", []byte(small+"return_after_days: 30\n"))
	if err != nil {
		t.Fatal(err)
	}
	day, _ := canon.NewDate(2026, 11, 21)
	back, ends := x.ReturnBy(day)
	if got := x.FileName(day); got != "small_20261121.csv" || x.Sealed() || back.String() != "2026-12-21" || !ends {
		t.Errorf("%s, %s", got, back)
	}
}

func TestARowOfCells(t *testing.T) {
	const columns = `- {name: Key, from: degree.key, required: true}
- {name: Who, from: [person.call_name, person.given_names], max: 4}
- {name: Sex, from: person.sex, codes: {"1": M, "2": F}, default: "?"}
- {name: Born, from: person.birth_date, format: d.M.yyyy}
- {name: Day, from: degree.date, format: dd/MM/yyyy}
- {name: Credits, from: degree.ects, decimal: ","}
- {name: Grade, from: degree.grade, if: {degree.scale: Five}}
- {name: None, value: none, if: {degree.scale: ""}}
- {name: Mail, from: email.personal, of: [portal]}
- {name: Kind, value: mail, beside: Mail}
- {name: Back, value: "by {return_by}"}
`
	src := small[:strings.Index(small, "columns:")] + "each: degree\ncolumns:\n" + columns
	x, err := Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	from := func(values map[string]string) Lookup {
		return func(f Field, of []string) Value {
			name := f.Name + strings.Join(of, "")
			if values[name] == "" {
				return Value{}
			}
			return Value{values[name], "row of " + f.Name}
		}
	}
	person := map[string]string{"person.given_names": "Aino\tMaria", "person.sex": "9", "person.birth_date": "1990-01-02", "email.personal": "a@b.example"}
	degree := map[string]string{"degree.key": "k1", "degree.date": "2021-06-05", "degree.ects": "210.5", "degree.grade": "4", "degree.scale": "Five"}
	texts := func() (out []string, lacks string) {
		cells, lacks := x.Row(from(person), from(degree), nil, strings.NewReplacer("{return_by}", "2026-12-21"))
		for _, c := range cells {
			out = append(out, c.Text)
			if strings.HasPrefix(c.Key, "row of ") != (c.From != "") {
				t.Errorf("%+v", c)
			}
		}
		return out, lacks
	}
	got, lacks := texts()
	want := []string{"k1", "Aino", "?", "2.1.1990", "05/06/2021", "210,5", "4", "", "", "", "by 2026-12-21"}
	if lacks != "" || !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	person["email.personalportal"], person["person.sex"], person["person.call_name"] = "p@b.example", "2", "Ann"
	delete(degree, "degree.scale")
	delete(degree, "degree.key")
	got, lacks = texts()
	want = []string{"", "Ann", "F", "2.1.1990", "05/06/2021", "210,5", "", "none", "p@b.example", "mail", "by 2026-12-21"}
	if lacks != "Key" || !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if got, want := x.Tables(), []string{"degree", "email", "person"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got, want := x.ColumnsOf("degree"), []string{"date", "ects", "grade", "key", "scale"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestARowLacksWhatItNeeds by the first that it has not: a required column, then an element of which no column has anything.
func TestARowLacksWhatItNeeds(t *testing.T) {
	src := strings.Replace(small[:strings.Index(small, "columns:")], "file: \"small_{yyyyMMdd}.csv\"\nform: {type: csv}", `file: "small_{yyyyMMdd}.xml"
form: {type: xml, root: All}
path: One
each: degree
needs: [Grade, Note]`, 1) + `columns:
- {name: Key, from: degree.key, required: true}
- {name: Grade/Five, from: degree.grade, if: {degree.scale: Five}}
- {name: Grade/None, value: none, if: {degree.scale: ""}}
- {name: Graded, value: "yes"}
- {name: Note, from: degree.title}
`
	x, err := Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ key, scale, grade, title, lacks string }{
		{"k", "Five", "4", "T", ""},
		{"k", "", "", "T", ""},
		{"k", "Five", "", "T", "Grade"},
		{"k", "Six", "4", "T", "Grade"},
		{"k", "Six", "4", "", "Grade"},
		{"k", "Five", "4", "", "Note"},
		{"", "Six", "4", "", "Key"},
	} {
		own := func(f Field, _ []string) Value {
			return Value{Text: map[string]string{"key": tt.key, "scale": tt.scale, "grade": tt.grade, "title": tt.title}[f.Column]}
		}
		if _, lacks := x.Row(own, own, nil, strings.NewReplacer()); lacks != tt.lacks {
			t.Errorf("%+v: it lacks %q", tt, lacks)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	files, _ := shipped.ReadDir("shipped")
	for _, x := range files {
		src, err := ShippedSource(x.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		x, err := Parse("x.yaml", src)
		if err != nil {
			return
		}
		none := func(Field, []string) Value { return Value{} }
		for _, b := range x.Blocks() {
			if cells, _ := b.Row(none, none, func(string) string { return "" }, strings.NewReplacer()); len(cells) != len(b.Columns) {
				t.Error("a row of another width")
			}
		}
	})
}
