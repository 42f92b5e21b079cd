package rowfile_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

func write(t testing.TB, src string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wide encodes text as UTF-16.
func wide(s string, little bool) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune(s)) {
		if little {
			b.Write([]byte{byte(u), byte(u >> 8)})
		} else {
			b.Write([]byte{byte(u >> 8), byte(u)})
		}
	}
	return b.String()
}

// all reads every row of the named columns.
func all(t testing.TB, f *rowfile.File, columns ...string) (rows [][]string, bad []canon.Rejection) {
	t.Helper()
	r, err := f.Reader(columns, func(x canon.Rejection) { bad = append(bad, x) })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for b, err := range r.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			row := make([]string, len(columns))
			for c := range columns {
				row[c] = strings.Clone(b.Col(canon.RawFirst + c).Text(i))
			}
			rows = append(rows, row)
		}
	}
	if sum := r.Summary(); sum.Rows != int64(len(rows)) || sum.Rejected != int64(len(bad)) {
		t.Errorf("the summary says %d rows and %d bad ones of %d and %d", sum.Rows, sum.Rejected, len(rows), len(bad))
	}
	return rows, bad
}

func TestTheFormIsFound(t *testing.T) {
	const text = "id;name;note\n1;Äijälä, Aino;a\n2;Mallinen;b,c\n3;Testinen;\n"
	windows := strings.NewReplacer("Ä", "\xc4", "ä", "\xe4").Replace(text)
	tests := []struct {
		name, src string
		delimiter byte
		encoding  string
		sure      bool
	}{
		{"semicolon", text, ';', "utf-8", true},
		{"comma", "id,name,note\n1,\"Äijälä, Aino\",a\n2,Mallinen,\"b,c\"\n3,Testinen,\n", ',', "utf-8", true},
		{"tab", strings.ReplaceAll(text, ";", "\t"), '\t', "utf-8", true},
		{"bar, carriage returns", strings.NewReplacer(";", "|", "\n", "\r\n").Replace(text), '|', "utf-8", true},
		{"windows-1252", windows, ';', "windows-1252", true},
		{"byte order mark", "\ufeff" + text, ';', "utf-8", true},
		{"utf-16 with a mark", "\xff\xfe" + wide(text, true), ';', "utf-16le", true},
		{"utf-16, big end first", "\xfe\xff" + wide(text, false), ';', "utf-16be", true},
		{"utf-16 without a mark", wide(text, true), ';', "utf-16le", true},
		{"told to a spreadsheet", "sep=;\n" + text, ';', "utf-8", true},
		{"blank lines above", "\n\r\n" + text, ';', "utf-8", true},
		{"quoted names", "\"id\";\"name\";\"note\"\n1;\"Äijälä, Aino\";a\n2;Mallinen;\"b,c\"\n3;Testinen;\n", ';', "utf-8", true},
	}
	want := [][]string{{"1", "Äijälä, Aino", "a"}, {"2", "Mallinen", "b,c"}, {"3", "Testinen", ""}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := rowfile.Open(write(t, tt.src))
			if err != nil {
				t.Fatal(err)
			}
			if f.Delimiter != tt.delimiter || f.Encoding != tt.encoding || f.Sure != tt.sure || f.Parquet {
				t.Errorf("got %q %s sure=%v", f.Delimiter, f.Encoding, f.Sure)
			}
			if !slices.Equal(f.Columns, []string{"id", "name", "note"}) {
				t.Fatalf("got columns %q", f.Columns)
			}
			if got := f.Sample(10); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got sample %q", got)
			}
			if got, bad := all(t, f, f.Columns...); fmt.Sprint(got) != fmt.Sprint(want) || len(bad) != 0 {
				t.Errorf("got %q, bad %v", got, bad)
			}
		})
	}
}

// TestTheDelimiterOfMostFieldsIsTaken has more than one delimiter in the first line.
func TestTheDelimiterOfMostFieldsIsTaken(t *testing.T) {
	for _, tt := range []struct {
		src       string
		delimiter byte
		columns   []string
	}{
		{"a,b,c;d\n1,2,3;4\n5,6,7;8\n", ',', []string{"a", "b", "c;d"}},
		{"a;b;c,d\n1;2;3,4\n5;6;7,8\n", ';', []string{"a", "b", "c,d"}},
		{"a;b;c|d\n1;2;3\n4;5;6\n", ';', []string{"a", "b", "c|d"}},           // no row has the bar
		{"a|b\n1\n2\n3\n", ',', []string{"a|b"}},                              // nor here, where the rows have one field
		{"name, given\nAnna\nMatti\nMaria\n", ',', []string{"name", "given"}}, // nothing fits: the commonest
	} {
		f, err := rowfile.Open(write(t, tt.src))
		if err != nil {
			t.Errorf("%q: %v", tt.src, err)
			continue
		}
		if f.Delimiter != tt.delimiter || !slices.Equal(f.Columns, tt.columns) {
			t.Errorf("%q: got %q and columns %q, want %q and %q", tt.src, f.Delimiter, f.Columns, tt.delimiter, tt.columns)
		}
	}
}

func TestASCIIAloneIsNotSure(t *testing.T) {
	f, err := rowfile.Open(write(t, "id,name\n1,Esimerkki\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Encoding != "utf-8" || f.Sure {
		t.Errorf("got %s sure=%v", f.Encoding, f.Sure)
	}
}

func TestWhatIsNoFileOfRowsIsRefused(t *testing.T) {
	tests := []struct{ name, src, code string }{
		{"empty", "", "UOMA-LNK-EMPTY"},
		{"blank", "\n \n", "UOMA-LNK-EMPTY"},
		{"archive", "PK\x03\x04rest", "UOMA-LNK-FORMAT"},
		{"compressed", "\x1f\x8b\x08rest", "UOMA-LNK-FORMAT"},
		{"zstd", "\x28\xb5\x2f\xfdid,name\n1,Esimerkki\n", "UOMA-LNK-FORMAT"},
		{"cut Parquet", "PAR1rest", "UOMA-LNK-PARQUET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := rowfile.Open(write(t, tt.src)); fault.Code(err) != tt.code {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := rowfile.Open(t.TempDir()); fault.Code(err) != "UOMA-LNK-OPEN" {
		t.Errorf("a folder: got %v", err)
	}
}

// The sample comes from all over a file that is too large to be looked at in full.
func TestTheSampleIsSpread(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,name,note\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&b, "%d,\"Esimerkki, Aino\",%s\n", i, strings.Repeat("x", 40))
	}
	f, err := rowfile.Open(write(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Sample(2000)
	if len(got) != 2000 {
		t.Fatalf("%d rows", len(got))
	}
	tenths := map[int]int{}
	for _, row := range got {
		var i int
		if _, err := fmt.Sscan(row[0], &i); err != nil || row[1] != "Esimerkki, Aino" {
			t.Fatalf("a row is torn: %q", row)
		}
		tenths[i*10/rows]++
	}
	for i := range 10 {
		if tenths[i] < 100 {
			t.Errorf("%d rows of the %d. tenth", tenths[i], i+1)
		}
	}
	f.Forget()
	if len(f.Sample(1)) != 0 {
		t.Error("the sample is kept")
	}
}

// What the standard library writes is found out and read as it was.
func TestAnyTableIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 6).Draw(t, "width")
		cell := rapid.OneOf(rapid.StringMatching(`[a-zåäö0-9 "']{1,20}`), rapid.Just("x"))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 30).Draw(t, "rows")
		var names []string
		for i := range width {
			names = append(names, fmt.Sprintf("column %d", i))
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune(",;\t|")).Draw(t, "delimiter")
		if err := w.WriteAll(append([][]string{names}, rows...)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "table.csv")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := rowfile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if rune(f.Delimiter) != w.Comma || !slices.Equal(f.Columns, names) {
			t.Fatalf("got %q and columns %q", f.Delimiter, f.Columns)
		}
		var got [][]string
		r, err := f.Reader(names, func(canon.Rejection) { t.Fatal("a row is bad") })
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for batch, err := range r.Batches(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range batch.Len() {
				row := make([]string, width)
				for c := range names {
					row[c] = strings.Clone(batch.Col(canon.RawFirst + c).Text(i))
				}
				got = append(got, row)
			}
		}
		want := slices.DeleteFunc(rows, func(row []string) bool { return strings.TrimSpace(strings.Join(row, "")) == "" })
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("got %q want %q", got, want)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("id;name\n1;Aino\n"))
	f.Add([]byte("sep=,\nid,\"na\nme\"\n\"1"))
	f.Add([]byte("\xff\xfei\x00d\x00"))
	f.Add([]byte("sep=0"))
	f.Add([]byte("PAR1PAR1"))
	name := "Äijälä"
	whole, err := os.ReadFile(people(f, []person{{ID: "a", Name: &name}, {ID: "b"}}, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	path := filepath.Join(f.TempDir(), "fuzz.csv")
	f.Fuzz(func(t *testing.T, src []byte) {
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, err := rowfile.Open(path)
		if err != nil {
			if fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for _, row := range opened.Sample(100) {
			if len(row) > len(opened.Columns) {
				t.Fatal("a row of the sample is wider than the header")
			}
		}
		r, err := opened.Reader(slices.DeleteFunc(opened.Columns, func(c string) bool { return c == "" }), nil)
		if err != nil {
			return // two columns of one name
		}
		defer r.Close()
		for _, err := range r.Batches(t.Context()) {
			if err != nil && fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
		}
	})
}

// TestAFirstRowThatIsDataIsKept opens files with and without a row of names: none of data becomes a name.
func TestAFirstRowThatIsDataIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		src      string
		headless bool
		rows     int
	}{
		"names":            {"given;born\nAada;1.2.1990\nEino;3.4.1985\n", false, 2},
		"names with years": {"given;points2021;line 2\nAada;17;b\nEino;12;c\n", false, 2},
		"names come again": {"given;family\nAada;Korpi\ngiven;family\nEino;Salo\n", false, 2},
		"years":            {"student;2021;2022\nA1;1200;3000\nA2;1100;2900\n", false, 2},
		"codes":            {"A100;B200\nA101;B201\n", false, 1},
		"names alone":      {"id;score_2023\n", false, 0},
		"an at sign":       {"name;e-mail (@)\nAada;\n", false, 1},
		"ticks":            {"student;staff;alumni\nstudent;;\n;staff;\nstudent;;alumni\n", false, 3},
		"another header":   {"given;family;mail\nAada;Korpi;\ngiven;family;e-mail\nEino;Salo;\n", false, 3},
		"dates":            {"Aada;1.2.1990\nEino;3.4.1985\nAino;5.6.1999\n", true, 3},
		"e-mail":           {"Aada;aada@mail.example\nEino;\n", true, 2},
		"numbers":          {"100234,Aada\n100235,Eino\n100236,Aino\n", true, 3},
		"words":            {"Aada;Korpi\nEino;Salo\nAada;Salo\nEino;Korpi\n", true, 4},
		"one row":          {"100234;Aada\n", true, 1},
	} {
		f, err := rowfile.Open(write(t, c.src))
		if err != nil {
			t.Fatal(name, err)
		}
		rows, _ := all(t, f, f.Columns...)
		if f.Headless != c.headless || len(rows) != c.rows || c.headless && f.Columns[1] != "column 2" {
			t.Errorf("%s: %v, %d rows of %d, columns %q", name, f.Headless, len(rows), c.rows, f.Columns)
		}
	}
}

// FuzzInspect looks at any bytes: it ends, and what it finds has columns whose names differ.
func FuzzInspect(f *testing.F) {
	for _, seed := range []string{"a;b\n1;2\n", "{\"a\":[{\"b\":1},{\"b\":[2]}]}", "{\"a\":1}\n{\"a\":2}\n", "<a><b c='1'><d>x</d></b><b/></a>", "dn: uid=1\nuid: 1\nuid:: AP8=\n\n",
		"PK\x03\x04", "\x1f\x8b\x08", "PAR1PAR1", "\x28\xb5\x2f\xfd", "\xff\xfea\x00;\x00", "a  b\nc  d\n", "[]", "\xff\xfe<\x00a\x00/\x00>\x00"} {
		f.Add([]byte(seed))
	}
	file := filepath.Join(f.TempDir(), "export")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		forms, _, err := rowfile.Inspect(file)
		if (err == nil) != (len(forms) > 0) && err == nil {
			t.Error("neither tables nor a fault")
		}
		for _, form := range forms {
			if form.Type == "" || len(form.Columns) == 0 {
				t.Errorf("%+v", form)
			}
		}
	})
}
