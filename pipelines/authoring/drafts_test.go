package authoring_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/ziptest"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

var update = flag.Bool("update", false, "rewrite the drafts in testdata")

// roundTrip drafts a layout of an export, has it checked, and reads every table of the export by it. It gives the draft and
// the rows of each feed.
func roundTrip(t *testing.T, file string) (string, map[string]int64) {
	t.Helper()
	s, err := authoring.Suggest(t.Context(), file, shipped(t), authoring.SuggestOptions{Controller: "10118", RunDate: today()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("draft.yaml", []byte(s.Layout))
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Layout)
	}
	rows := map[string]int64{}
	for i := range l.Feeds {
		name := l.Feeds[i].Name
		trial, err := authoring.Try(t.Context(), file, l, authoring.TryOptions{Feed: name,
			Settings: conform.Settings{RunDate: today(), AllowTemporary: true, AllowSynthetic: true}})
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Layout)
		}
		if trial.Read == 0 || 5*trial.Refused > 2*trial.Read || !trial.Same() {
			t.Errorf("%s: %d of %d rows refused, %+v\n%s", name, trial.Refused, trial.Read, trial.Columns, s.Layout)
		}
		rows[name] = trial.Read
		c, err := authoring.Compare(t.Context(), file, l, name)
		if err != nil || !c.Same() {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for _, line := range strings.Split(s.Layout, "\n") {
		if strings.HasPrefix(line, "  - {") && !strings.Contains(line, " %: ") {
			t.Errorf("nothing says how sure this is: %s", line)
		}
	}
	return s.Layout, rows
}

// TestEveryExportGivesALayout makes the round trip with each export of the fixtures, whatever its format.
func TestEveryExportGivesALayout(t *testing.T) {
	kinds := map[string]int{}
	for _, folder := range []string{demo, "../../fixtures/systems"} {
		err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && strings.Contains(d.Name(), "20261121") && !strings.HasSuffix(name, ".meta.json") { // a side-car is no export
				kinds[strings.ToLower(filepath.Ext(name))]++
				t.Run(name, func(t *testing.T) { roundTrip(t, filepath.Join(folder, name)) })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{".csv", ".xlsx", ".zip", ".xml", ".json", ".ldif"} {
		if kinds[kind] == 0 {
			t.Errorf("no export is a %s", kind)
		}
	}
}

// borrower is a row of the exports below.
type borrower struct {
	Card   string   `parquet:"card_id" json:"card_id"`
	Family string   `parquet:"family_name" json:"family_name"`
	Given  string   `parquet:"given_name" json:"given_name"`
	Born   string   `parquet:"birth_date" json:"birth_date"`
	Email  []string `parquet:"emails,list" json:"emails"`
	Home   struct {
		Street string `parquet:"street" json:"street"`
		City   string `parquet:"city" json:"city"`
	} `parquet:"home" json:"home"`
}

func borrowers() (out []borrower) {
	for i, name := range []string{"Esimerkki", "Testaaja", "Näyte", "Koe", "Prøve", "Specimen"} {
		b := borrower{Card: fmt.Sprint(200100 + i), Family: name, Given: "Aino", Born: fmt.Sprintf("19%d-03-14", 80+i),
			Email: []string{fmt.Sprintf("reader%d@mail.example", i), fmt.Sprintf("r%d@library.example", i)}}
		b.Home.Street, b.Home.City = fmt.Sprintf("Koekatu %d", i+1), "Kotka"
		out = append(out, b)
	}
	return out
}

// TestDraftsOfMadeExports makes the round trip with containers and formats that the fixtures have not.
func TestDraftsOfMadeExports(t *testing.T) {
	lines, list, table := "", "", "card_id;family_name;given_name;birth_date\n"
	for i, b := range borrowers() {
		sep := ","
		if i == 0 {
			sep = ""
		}
		record := fmt.Sprintf(`{"card_id":%q,"family_name":%q,"given_name":%q,"birth_date":%q,"emails":[%q,%q],"home":{"street":%q,"city":%q},"loans":[{"no":1},{"no":2}]}`,
			b.Card, b.Family, b.Given, b.Born, b.Email[0], b.Email[1], b.Home.Street, b.Home.City)
		lines += record + "\n"
		list += sep + record
		table += strings.Join([]string{b.Card, b.Family, b.Given, b.Born}, ";") + "\n"
	}
	document := `{"made":"2026-11-21","data":{"borrowers":[` + list + `]}}`
	elements := `<?xml version="1.0" encoding="ISO-8859-1"?><lib:Export xmlns:lib="urn:lib"><lib:Head><lib:Made>2026-11-21</lib:Made></lib:Head><lib:Readers>`
	for _, b := range borrowers() {
		elements += fmt.Sprintf(`<lib:Reader card="%s"><lib:Name><lib:Family>%s</lib:Family><lib:Given>%s</lib:Given></lib:Name><lib:Born>%s</lib:Born></lib:Reader>`,
			b.Card, strings.NewReplacer("ä", "\xe4", "ø", "\xf8").Replace(b.Family), b.Given, b.Born)
	}
	elements += "</lib:Readers></lib:Export>"
	cases := map[string]struct {
		content string
		rows    map[string]int64
		golden  bool
		want    string // a line that the draft has
	}{
		"library_borrowers_20261121.json":    {document, map[string]int64{"borrowers": 6}, true, `format: {type: json, rows: data/borrowers}`},
		"library_borrowers_20261121.ndjson":  {lines, map[string]int64{"borrowers": 6}, false, `format: {type: ndjson}`},
		"library_borrowers_20261121.xml":     {elements, map[string]int64{"borrowers": 6}, true, `format: {type: xml, rows: Export/Readers/Reader}`},
		"library_borrowers_20261121.parquet": {parquetOf(t), map[string]int64{"borrowers": 6}, true, `format: {type: parquet}`},
		"library_borrowers_20261121.csv.gz":  {packed(t, "gzip", table), map[string]int64{"borrowers": 6}, false, `format: {type: csv, compression: gzip, delimiter: ";"}`},
		"library_borrowers_20261121.json.zst": {packed(t, "zstd", document), map[string]int64{"borrowers": 6}, false,
			`format: {type: json, compression: zstd, rows: data/borrowers}`},
		"library_20261121.zip": {string(ziptest.Pack(t, "readers_20261121.csv", table, "deep/staff.xlsx", workbook(t), "more.ndjson.gz", packed(t, "gzip", lines), "README.txt", "Made at night.\n")),
			map[string]int64{"readers": 6, "people": 6, "units": 2, "more-ndjson": 6}, true, `member: "readers_{yyyyMMdd}.csv"`},
		"library_borrowers_20261121.parquet.gz": {packed(t, "gzip", parquetOf(t)), map[string]int64{"borrowers": 6}, false, `format: {type: parquet, compression: gzip}`},
		"library_staff_20261121.xlsx.zst": {packed(t, "zstd", workbook(t)), map[string]int64{"people": 6, "units": 2}, false,
			`format: {type: xlsx, compression: zstd, sheet: People, header-lines: 2}`},
		"library_1904_20261121.xlsx":  {from1904(t, workbook(t)), map[string]int64{"people": 6, "units": 2}, false, `{name: Number, as: integer`},
		"library_staff_20261121.xlsx": {workbook(t), map[string]int64{"people": 6, "units": 2}, true, `format: {type: xlsx, sheet: People, header-lines: 2}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			draft, rows := roundTrip(t, file)
			if fmt.Sprint(rows) != fmt.Sprint(c.rows) || !strings.Contains(draft, c.want) {
				t.Errorf("%v\n%s", rows, draft)
			}
			for _, b := range borrowers() {
				if strings.Contains(draft, b.Card) || strings.Contains(draft, b.Family) {
					t.Error("the draft holds a value")
				}
			}
			if !c.golden {
				return
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(draft), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || string(want) != draft {
				t.Errorf("the draft is another one than %s (go test -update): %v\n%s", golden, err, draft)
			}
		})
	}
}

// TestADraftKeepsWhatRowsMean: a column that says something under a condition, or of a purpose that stands nowhere in the export, says
// the same in a draft, or nothing.
func TestADraftKeepsWhatRowsMean(t *testing.T) {
	for file, want := range map[string][]string{
		demo + "/alumni-portal/alumni_profiles_20261121.csv":          {`role.alumnus: {when: ["status=active|left"]}`, `{name: status, required: true, codes: {`},
		"../../fixtures/systems/graduway/connect_users_20261121.csv":  {`consent.1: {when: ["Newsletter Opt In=granted", "Registration Status=approved"], set: {channel: email, purpose: news, source: connect}}`},
		"../../fixtures/systems/webforms/webforms_20261121.csv":       {`consent: {when: ["consent_newsletter=granted", "email_verified_at", "form_version!=2017-01"], set: {channel: email, purpose: newsletter, source: form}}`, `invalid: quarantine`},
		"../../fixtures/systems/virta/virta_suoritukset_20261121.xml": {`degree: {when: ["Laji=1"], set: {institution_code: "10118"}}`, `exam: {when: ["Laji=2"]}`},
	} {
		draft, _ := roundTrip(t, file)
		for _, line := range want {
			if !strings.Contains(draft, line) {
				t.Errorf("%s: no %s in\n%s", file, line, draft)
			}
		}
	}
	known, err := layout.Parse("known.yaml", []byte(`
system: known
title: Known
controller: "10118"
feeds:
- name: members
  file: "members_{yyyyMMdd}.csv"
  format: {type: csv}
  key: [member_no]
  person: [member_no]
  rows:
    role.alumnus: {when: kind_of_member=full}
    consent: {when: "!letters_off", set: {purpose: newsletter, channel: email}}
  columns:
  - {name: member_no, to: person.source_key}
  - {name: kind_of_member, codes: {F: full, G: guest}}
  - {name: member_since, as: date, formats: [yyyy-MM-dd], to: role.alumnus.from}
  - {name: letters_ok, codes: {Y: granted, N: withdrawn}, to: consent.state}
  - {name: letters_off}
  - {name: no_survey, as: bool, to: objection.survey}
- name: others
  file: "others_{yyyyMMdd}.csv"
  format: {type: csv}
  key: [member_no]
  person: [member_no]
  columns:
  - {name: member_no, to: person.source_key}
  - {name: no_survey, as: bool, negate: true, to: objection.survey}
`))
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string][]string{
		"member_no;member_since;kind_of_member\nA1;2020-01-01;F\nA2;2021-01-01;G\n": {`role.alumnus: {when: ["kind_of_member=full"]}`, "to: role.alumnus.from"},
		"member_no;member_since;kind_of_member\nA1;2020-01-01;x\nA2;2021-01-01;y\n": {"", "role.alumnus"},
		"member_no;member_since\nA1;2020-01-01\nA2;2021-01-01\n":                    {"", "role.alumnus"},
		"member_no;letters_ok\nA1;Y\nA2;N\n":                                        {"", "consent"},
		"member_no;no_survey\nA1;true\nA2;false\n":                                  {"", "objection"},
	} {
		file := filepath.Join(t.TempDir(), strings.Repeat("long", 20)+"_members_20261121.csv")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := authoring.Suggest(t.Context(), file, []*layout.Layout{known}, authoring.SuggestOptions{Controller: "10118", RunDate: today()})
		if err != nil || want[0] != "" && !strings.Contains(s.Layout, want[0]) || strings.Contains(s.Layout, want[1]) != (want[0] != "") {
			t.Errorf("%q: %v\n%s", content, err, s.Layout)
		}
	}
}

// TestNamesOfManyTables: tables of one long name are told apart within what a name may be; a system may be called like a word of YAML.
func TestNamesOfManyTables(t *testing.T) {
	table, long := "card_id;family_name\n1;Koe\n2;Testaaja\n", strings.Repeat("abcdefgh-", 6)
	file := filepath.Join(t.TempDir(), "true_20261121.zip")
	content := ziptest.Pack(t, "a/"+long+".csv", table, "b/"+long+".csv", table, "a.png", "\x89PNG\r\n\x1a\n\x00\x00\x00", "Aino Esimerkki.XLSX", "no workbook", "b.xml", "<a><b>")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	draft, rows := roundTrip(t, file)
	if want := map[string]int64{long[:40]: 2, long[:38] + "-2": 2}; fmt.Sprint(rows) != fmt.Sprint(want) || !strings.Contains(draft, `system: "true"`) {
		t.Errorf("%v\n%s", rows, draft)
	}
	if !strings.Contains(draft, "# Of the archive gave no table: 1 .xlsx (UOMA-LNK-TABLE), 1 .png (UOMA-LNK-FORMAT), 1 .xml (UOMA-LND-XML).") || strings.Contains(draft, "Aino") {
		t.Error(draft)
	}
}

func parquetOf(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[borrower](&out)
	_, err := w.Write(borrowers())
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func packed(t *testing.T, kind, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := interface {
		Write([]byte) (int, error)
		Close() error
	}(gzip.NewWriter(&out))
	if kind == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&out); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Write([]byte(content))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// workbook has a sheet below titles whose names stand in two rows, one with a plain header, and one of notes.
func workbook(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	put := func(sheet string, rows ...[]any) {
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	people := [][]any{{"Staff of the library"}, {"Made", "21.11.2026"}, {}, {"", "Name", "", "Contact", ""}, {"Number", "Family name", "Given name", "E-mail", "Phone"}}
	for i, b := range borrowers() {
		people = append(people, []any{200100 + i, b.Family, b.Given, b.Email[0], "+35840000000" + fmt.Sprint(i)})
	}
	put("People", people...)
	put("Units", []any{"unit_id", "Phone"}, []any{"kirja-1", "+358400000021"}, []any{"kirja-2", "+358400000022"})
	put("Notes", []any{"Ask the library before you use this."})
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// from1904 makes the same workbook count its days from 1904.
func from1904(t *testing.T, book string) string {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	yes := true
	if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWhatMakesNoLayout: what cannot be drafted is said, with a way on.
func TestWhatMakesNoLayout(t *testing.T) {
	cases := map[string]struct{ content, code string }{
		"fixed":                   {"200100 Esimerkki   Aino   19800314\n200101 Testaaja    Veikko 19850314\n200102 Näyte       Åsa    19960229\n", "UOMA-LNK-FIXED"},
		"a picture":               {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "UOMA-LNK-FORMAT"},
		"an old workbook":         {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "UOMA-LND-XLSX"},
		"a workbook twice packed": {packed(t, "zstd", packed(t, "gzip", workbook(t))), "UOMA-LNK-FORMAT"},
		"an archive in gzip":      {packed(t, "gzip", string(ziptest.Pack(t, "a.csv", "id;name\n1;Koe\n"))), "UOMA-LND-XLSX"},
		"a cut workbook in gzip":  {packed(t, "gzip", workbook(t)[:2000]), "UOMA-LND-ARCHIVE"},
		"a cut gzip of Parquet":   {packed(t, "gzip", parquetOf(t))[:600], "UOMA-LND-TRUNCATED"},
		"an archive of pictures":  {string(ziptest.Pack(t, "a.png", "\x89PNG\r\n\x1a\n\x00\x00\x00")), "UOMA-LNK-FORMAT"},
		"an empty archive":        {string(ziptest.Pack(t)), "UOMA-LNK-INSIDE"},
		"damaged XML":             {"<a><b>", "UOMA-LND-XML"},
		"a page":                  {"<!DOCTYPE html><html></html>", "UOMA-LND-XML"},
		"damaged JSON":            {"{\"a\":", "UOMA-LND-TRUNCATED"},
		"nothing":                 {"", "UOMA-LNK-EMPTY"},
		"XML without records":     {"<a/>", "UOMA-LNK-TABLE"},
		"keyed by people":         {`{"200100":{"family":"Esimerkki"},"aino@mail.example":{"family":"Testaaja"}}`, "UOMA-LNK-TABLE"},
		"nothing that is known":   {"x;y\n1;2\n1;2\n", "UOMA-AUT-DRAFT"},
	}
	for name, c := range cases {
		file := filepath.Join(t.TempDir(), "export_20261121.bin")
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := authoring.Suggest(t.Context(), file, shipped(t), authoring.SuggestOptions{Controller: "10118", RunDate: canon.Date(today())})
		if fault.Code(err) != c.code || !strings.Contains(err.Error(), "export_20261121.bin") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
