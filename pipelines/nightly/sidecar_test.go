package nightly

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"uoma/connectors/folder"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/conform"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

const listLayout = `system: lists
title: Lists
controller: "02472"
feeds:
- name: bought
  file: "bought_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  sidecar:
    keys:
    - {name: kind, required: true, only: [purchased, public]}
    - {name: provider}
    - {name: until, required: true, as: date}
    - {name: note, only: [x]}
  key: [mail]
  person: [mail]
  columns:
  - {name: mail, required: true, to: email.work}
  - {name: who, sidecar: provider, required: true, to: attribution.provider}
  - {name: until, sidecar: until, as: date, formats: [d.M.yyyy, yyyy-MM-dd, yyyyMMdd], empty: [open], to: attribution.licence_until}
  - {name: seen, sidecar: until, as: date, formats: [yyyy-MM-dd], to: employment.start}
`

// readListed opens a file of a list and reads what its rows say.
func readListed(t *testing.T, src, file, beside string) ([]string, tabular.Summary, error) {
	t.Helper()
	l, err := layout.Parse("lists.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	f := &l.Feeds[0]
	const name = "lists/bought_20261121.csv"
	files := fstest.MapFS{name: {Data: []byte(file)}}
	if beside != "" {
		files["lists/"+f.SidecarName("bought_20261121.csv")] = &fstest.MapFile{Data: []byte(beside)}
	}
	options, err := tabularOptions(f, name, func(canon.Rejection) { t.Error("a row was rejected") })
	if err != nil {
		t.Fatal(err)
	}
	e, err := openFile(t.Context(), files, nil, "", f, name, options)
	if err != nil {
		return nil, tabular.Summary{}, err
	}
	defer e.Close()
	var rows []string
	for b, err := range e.Batches(t.Context()) {
		if err != nil {
			return nil, tabular.Summary{}, err
		}
		for i := range b.Len() {
			var cells []string
			for c := canon.RawFirst; c < len(b.Table.Columns); c++ {
				cells = append(cells, b.Col(c).Text(i))
			}
			rows = append(rows, strings.Join(cells, " "))
		}
	}
	return rows, e.Summary(), e.Verify()
}

func TestASidecarSaysWhatRowsDoNot(t *testing.T) {
	const says = `{"kind":"purchased","provider":"Broker","until":"2027-06-30"}`
	for name, tt := range map[string]struct {
		file, beside string
		want         []string
	}{
		"no column of it": {"mail\na@x.example\nb@x.example\n", says, []string{"a@x.example Broker 2027-06-30 2027-06-30", "b@x.example Broker 2027-06-30 2027-06-30"}},
		"the row's own":   {"mail;who\na@x.example;Other\nb@x.example;\n", says, []string{"a@x.example Other 2027-06-30 2027-06-30", "b@x.example Broker 2027-06-30 2027-06-30"}},
		"the earlier end": {"mail;until\na@x.example;1.5.2027\nb@x.example;1.8.2027\nc@x.example;2027-06-30\nd@x.example;N/A\ne@x.example;open\n", says,
			[]string{"a@x.example Broker 1.5.2027 2027-06-30", "b@x.example Broker 2027-06-30 2027-06-30", "c@x.example Broker 2027-06-30 2027-06-30",
				"d@x.example Broker 2027-06-30 2027-06-30", "e@x.example Broker 2027-06-30 2027-06-30"}},
		"an end that is none gives way": {"mail;until\na@x.example;until further notice\nb@x.example;30/9/2026\nc@x.example;1.5.1826\nd@x.example;\u200b1.5.2027\n", says,
			[]string{"a@x.example Broker 2027-06-30 2027-06-30", "b@x.example Broker 2027-06-30 2027-06-30", "c@x.example Broker 2027-06-30 2027-06-30",
				"d@x.example Broker \u200b1.5.2027 2027-06-30"}},
		"another date of the row": {"mail;seen\na@x.example;2028-01-01\n", says, []string{"a@x.example Broker 2027-06-30 2028-01-01"}},
		"a key without a text":    {"mail;who\na@x.example;\n", `{"kind":"public","provider":" ","until":"2027-06-30","note":"x"}`, []string{"a@x.example  2027-06-30 2027-06-30"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sum, err := readListed(t, listLayout, tt.file, tt.beside)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
			l, _ := layout.Parse("lists.yaml", []byte(listLayout))
			if missing := absent(&l.Feeds[0], sum.Missing); len(missing) > 0 {
				t.Errorf("drift: %q", missing)
			}
		})
	}
}

// TestNoLicenceLosesItsEnd: whatever a row says of it, the row has an end no later than the side-car's, or is refused.
func TestNoLicenceLosesItsEnd(t *testing.T) {
	const until = "2027-06-30"
	for name, tt := range map[string]struct {
		column, cell string
		kind         byte
		want         string // "" is refused
	}{
		"a day":                           {"", "1.5.2027", canon.KindText, "2027-05-01"},
		"a later day":                     {"", "1.8.2027", canon.KindText, until},
		"no day":                          {"", "soon", canon.KindText, until},
		"another format":                  {"", "30/9/2026", canon.KindText, until},
		"before all time":                 {"", "1.5.1826", canon.KindText, until},
		"no day, refused":                 {"invalid: quarantine, ", "soon", canon.KindText, ""},
		"no day, required":                {"required: true, ", "soon", canon.KindText, ""},
		"before all time, refused":        {"invalid: quarantine, ", "1.5.1826", canon.KindText, ""},
		"no end":                          {"open: true, invalid: quarantine, ", "9999/12/31", canon.KindText, until},
		"no end either":                   {"open: true, invalid: quarantine, ", "2099/12/31", canon.KindText, until},
		"no value":                        {"invalid: quarantine, ", "\u200bopen", canon.KindText, until},
		"a date cell":                     {"", "2027-05-01T00:00:00", canon.KindDate, "2027-05-01"},
		"a later date cell":               {"", "2027-08-01", canon.KindDate, until},
		"a number cell":                   {"", "46508", canon.KindNumber, "2027-05-01"},
		"a number cell from 1904":         {"", "45046", canon.KindNumber1904, "2027-05-01"},
		"a number cell that is a year":    {"", "2027", canon.KindNumber, until},
		"a number cell written as a day":  {"", "20270501.0", canon.KindNumber, "2027-05-01"},
		"a number cell that is no day":    {"", "0", canon.KindNumber, until},
		"a cell that is true":             {"", "true", canon.KindBool, until},
		"a cell that is true is refused":  {"invalid: quarantine, ", "true", canon.KindBool, ""},
		"a cell of an error says nothing": {"", "", canon.KindError, until},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := layout.Parse("lists.yaml", []byte(strings.Replace(listLayout, "name: until, sidecar: until, ", "name: until, sidecar: until, "+tt.column, 1)))
			if err != nil {
				t.Fatal(err)
			}
			f := &l.Feeds[0]
			raw := canon.NewBuilder(f.RawTable(), f.FullName())
			raw.Int(canon.RawLine, 1)
			raw.Bytes(canon.RawKinds, []byte{canon.KindText, canon.KindText, tt.kind, canon.KindEmpty})
			raw.Text(canon.RawFirst, "a@x.example")
			raw.Text(canon.RawFirst+1, "Broker")
			if raw.Text(canon.RawFirst+2, tt.cell); tt.cell == "" {
				raw.Null(canon.RawFirst + 2)
			}
			raw.Null(canon.RawFirst + 3)
			raw.EndRow()
			c, err := conform.New(l, f, conform.Settings{RunDate: 20_778})
			if err != nil {
				t.Fatal(err)
			}
			got, refused := "", 0
			sink := c.NewSink(func(b *canon.Batch) error {
				if b.Table.Name != canon.Attribution {
					return nil
				}
				if d, ok := b.Named("licence_until").Day(0); ok {
					got = d.String()
				}
				return nil
			}, func(canon.Rejection) error { refused++; return nil })
			filler := filled{feed: f, says: map[int]string{2: until, 3: until}, date: identifier.Rules()["date"]}
			if err := errors.Join(c.Batch(filler.fill(raw.Flush()), sink), sink.Flush()); err != nil {
				t.Fatal(err)
			}
			if got != tt.want || (refused == 1) != (tt.want == "") {
				t.Errorf("%q, %d refused, want %q", got, refused, tt.want)
			}
		})
	}
}

// TestAFarEndIsKeptOrTheRowRefused: the column is optional, and no end that somebody gave is lost in it, whoever gave it.
func TestAFarEndIsKeptOrTheRowRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		until string // of the side-car; "" where it says none
		own   string
		want  string
		cause string // why the row is refused
	}{
		"ten years and more":        {"2045-06-30", "", "2045-06-30", ""},
		"the row's, years ahead":    {"2045-06-30", "1.5.2044", "2044-05-01", ""},
		"the row's later one":       {"2045-06-30", "1.5.2046", "2045-06-30", ""},
		"the row's alone":           {"", "1.5.2046", "2046-05-01", ""},
		"further than any licence":  {"9999-12-31", "", "", "out-of-range"},
		"before all time":           {"1826-06-30", "", "", "out-of-range"},
		"the row's, before time":    {"", "1.5.1826", "", "out-of-range"},
		"the row's, which is none":  {"", "soon", "", "pattern"},
		"of neither":                {"", "", "", ""},
		"the row says it has none":  {"", "N/A", "", ""},
		"the row's own, which ends": {"9999-12-31", "1.5.2027", "2027-05-01", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := layout.Parse("lists.yaml", []byte(listLayout))
			if err != nil {
				t.Fatal(err)
			}
			f := &l.Feeds[0]
			raw := canon.NewBuilder(f.RawTable(), f.FullName())
			raw.Int(canon.RawLine, 1)
			raw.Bytes(canon.RawKinds, []byte{canon.KindText, canon.KindText, canon.KindText, canon.KindEmpty})
			raw.Text(canon.RawFirst, "a@x.example")
			raw.Text(canon.RawFirst+1, "Broker")
			raw.Text(canon.RawFirst+2, tt.own)
			raw.Null(canon.RawFirst + 3)
			raw.EndRow()
			c, err := conform.New(l, f, conform.Settings{RunDate: 20_778})
			if err != nil {
				t.Fatal(err)
			}
			got, cause, rows := "", "", 0
			sink := c.NewSink(func(b *canon.Batch) error {
				if b.Table.Name != canon.Attribution {
					return nil
				}
				rows += b.Len()
				if d, ok := b.Named("licence_until").Day(0); ok {
					got = d.String()
				}
				return nil
			}, func(r canon.Rejection) error {
				cause = r.Code
				return nil
			})
			filler := filled{feed: f, says: map[int]string{}, date: identifier.Rules()["date"]}
			if tt.until != "" {
				filler.says[2] = tt.until
			}
			if err := errors.Join(c.Batch(filler.fill(raw.Flush()), sink), sink.Flush()); err != nil {
				t.Fatal(err)
			}
			if got != tt.want || cause != tt.cause || (rows == 0) != (tt.cause != "") {
				t.Errorf("%q of %d rows, refused as %q; want %q, %q", got, rows, cause, tt.want, tt.cause)
			}
		})
	}
}

// TestAFileWithoutItsSidecarIsNotRead, nor is one whose side-car says what the layout does not take.
func TestAFileWithoutItsSidecarIsNotRead(t *testing.T) {
	for name, tt := range map[string]struct{ beside, code, why string }{
		"none":               {"", "UOMA-LND-SIDECAR-NONE", "bought_20261121.csv.meta.json"},
		"no object":          {"[]", "UOMA-LND-SIDECAR", ""},
		"a key is missing":   {`{"kind":"purchased"}`, "UOMA-LND-SIDECAR", "until"},
		"a key is empty":     {`{"kind":"purchased","until":"  "}`, "UOMA-LND-SIDECAR", "until"},
		"another kind":       {`{"kind":"stolen","until":"2027-06-30"}`, "UOMA-LND-SIDECAR", "kind"},
		"no date":            {`{"kind":"public","until":"30.6.2027"}`, "UOMA-LND-SIDECAR", "until"},
		"no day":             {`{"kind":"public","until":"2027-02-30"}`, "UOMA-LND-SIDECAR", "until"},
		"a key nobody knows": {`{"kind":"public","until":"2027-06-30","untill":"2026-06-30"}`, "UOMA-LND-SIDECAR", "1 keys"},
		"twice":              {`{"kind":"public","until":"2027-06-30","until":"2028-06-30"}`, "UOMA-LND-SIDECAR", "twice"},
		"too large":          {`{"kind":"public","until":"2027-06-30"}` + strings.Repeat(" ", 70<<10), "UOMA-LND-SIDECAR", "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, _, err := readListed(t, listLayout, "mail\na@x.example\n", tt.beside)
			if len(rows) > 0 || fault.Code(err) != tt.code || fault.ScopeOf(err) != fault.Source || !strings.Contains(fmt.Sprint(err), tt.why) || strings.Contains(fmt.Sprint(err), "stolen") || strings.Contains(fmt.Sprint(err), "untill") {
				t.Errorf("%q, %v", rows, err)
			}
		})
	}
}

// TestASidecarOfAnotherName is found where the layout says.
func TestASidecarOfAnotherName(t *testing.T) {
	src := strings.Replace(listLayout, "    keys:", "    file: \"about_{file}.json\"\n    keys:", 1)
	l, err := layout.Parse("lists.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]bool{"about_bought_20261121.csv.json": true, "about_bought_20261131.csv.json": false, "bought_20261121.csv": false, "bought_20261121.csv.meta.json": false} {
		if l.Feeds[0].IsSidecar(name) != is {
			t.Errorf("%s", name)
		}
	}
	if rows, _, err := readListed(t, src, "mail\na@x.example\n", `{"kind":"public","until":"2027-06-30"}`); err != nil || len(rows) != 1 {
		t.Errorf("%q %v", rows, err)
	}
}

// TestASidecarOfAWorkbook: what it says is a text among cells that have kinds.
func TestASidecarOfAWorkbook(t *testing.T) {
	src := `system: lists
title: Lists
controller: "02472"
feeds:
- name: bought
  file: "bought_{yyyyMMdd}.xlsx"
  format: {type: xlsx}
  sidecar: {keys: [{name: until, required: true, as: date}]}
  key: [id]
  person: [id]
  drop: [note]
  columns:
  - {name: id, required: true}
  - {name: until, sidecar: until, as: date, formats: [yyyy-MM-dd], to: attribution.licence_until}
  - {name: name, to: attribution.provider}
`
	l, err := layout.Parse("lists.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	f, name := &l.Feeds[0], "lists/bought_20261121.xlsx"
	work, dir := workOf(t)
	files := fstest.MapFS{name: {Data: sheetLines(t, [][]string{{"1", "Broker", "x"}})}, name + ".meta.json": {Data: []byte(`{"until":"2027-06-30"}`)}}
	options, err := tabularOptions(f, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := openFile(t.Context(), files, work, "spool", f, name, options)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for b, err := range (read{e}).Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			rows++
			if kinds := b.Col(canon.RawKinds).Text(i); kinds != "sss" || b.Named("until").Text(i) != "2027-06-30" || b.Named("name").Text(i) != "Broker" {
				t.Errorf("kinds %q, until %q", kinds, b.Named("until").Text(i))
			}
		}
	}
	if rows != 1 {
		t.Errorf("%d rows", rows)
	}
	nothingIn(t, dir)
}

// replaced does something once, behind the opening of a name.
type replaced struct {
	fs.FS
	name string
	do   func()
}

func (r *replaced) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if do := r.do; do != nil && name == r.name {
		r.do = nil
		do()
	}
	return f, err
}

// TestAListAndItsSidecarAreOfOneDelivery: another list or another side-car that is put in the place of the one that was opened
// gives no rows under a licence that is not theirs.
func TestAListAndItsSidecarAreOfOneDelivery(t *testing.T) {
	const list, about = "bought_20261121.csv", "bought_20261121.csv.meta.json"
	says := func(until string) []byte {
		return []byte(`{"kind":"purchased","provider":"Broker","until":"` + until + `"}`)
	}
	for name, tt := range map[string]struct {
		behind string
		puts   []string
		code   string
	}{
		"none":                              {list, nil, ""},
		"both, before the side-car is read": {list, []string{list, about}, "UOMA-LND-CHANGED"},
		"the list, before":                  {list, []string{list}, "UOMA-LND-CHANGED"},
		"both, after":                       {about, []string{list, about}, "UOMA-LND-CHANGED"},
		"the list, after":                   {about, []string{list}, "UOMA-LND-CHANGED"},
		"the side-car, after":               {about, []string{about}, "UOMA-LND-CHANGED"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := layout.Parse("lists.yaml", []byte(listLayout))
			if err != nil {
				t.Fatal(err)
			}
			dir, minute := t.TempDir(), 0
			put := func(name string, text []byte) { // under another name first, as whoever delivers does
				minute++
				at := time.Date(2026, 11, 21, 0, minute, 0, 0, time.UTC)
				beside, to := filepath.Join(dir, "next"), filepath.Join(dir, name)
				if err := errors.Join(os.WriteFile(beside, text, 0o600), os.Chtimes(beside, at, at), os.Rename(beside, to)); err != nil {
					t.Fatal(err)
				}
			}
			texts := map[string][]byte{list: []byte("mail\nb@x.example\n"), about: says("2028-06-30")}
			put(list, []byte("mail\na@x.example\n"))
			put(about, says("2027-06-30"))
			in, err := folder.Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			options, err := tabularOptions(&l.Feeds[0], list, nil)
			if err != nil {
				t.Fatal(err)
			}
			e, err := openFile(t.Context(), &replaced{in, tt.behind, func() {
				for _, p := range tt.puts {
					put(p, texts[p])
				}
			}}, nil, "", &l.Feeds[0], list, options)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for _, err := range e.Batches(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Verify(); fault.Code(err) != tt.code {
				t.Error(err)
			}
		})
	}
}
