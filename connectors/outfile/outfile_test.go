package outfile

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

func written(t testing.TB, f Form, blocks []Block, rows ...[]string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, f, blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(0, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCSV(t *testing.T) {
	one := []Block{{Columns: []string{"a", "b c"}}}
	for name, tt := range map[string]struct {
		form Form
		row  []string
		want string
	}{
		"plain":         {Form{Delimiter: ","}, []string{"x", ""}, "a,b c\r\nx,\r\n"},
		"quotes":        {Form{Delimiter: ";"}, []string{`say "so"`, "x;y"}, "a;b c\r\n\"say \"\"so\"\"\";\"x;y\"\r\n"},
		"space":         {Form{Delimiter: ";"}, []string{" x", "y\n"}, "a;b c\r\n\" x\";\"y\n\"\r\n"},
		"all and LF":    {Form{Delimiter: ",", QuoteAll: true, LF: true}, []string{"x", ""}, "\"a\",\"b c\"\n\"x\",\"\"\n"},
		"mark":          {Form{Delimiter: ",", Encoding: "utf-8-bom"}, []string{"ä", "€"}, "\uFEFFa,b c\r\nä,€\r\n"},
		"windows":       {Form{Delimiter: ",", Encoding: "windows-1252"}, []string{"ä", "€’"}, "a,b c\r\n\xe4,\x80\x92\r\n"},
		"formulas":      {Form{Delimiter: ",", NoFormula: true}, []string{"=1+1", "+358"}, "a,b c\r\n'=1+1,'+358\r\n"},
		"formulas kept": {Form{Delimiter: ","}, []string{"=1+1", "+358"}, "a,b c\r\n=1+1,+358\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.form.Type = CSV
			if got := written(t, tt.form, one, tt.row); got != tt.want {
				t.Errorf("%q, not %q", got, tt.want)
			}
		})
	}
	phones := []Block{{Columns: []string{"a", "b"}, Phones: []bool{true, false}}}
	for cell, want := range map[string]string{"+358401234567": "+358401234567", "+1+1": "'+1+1", "+0401234567": "'+0401234567", "=1": "'=1", "+12345678901234567": "'+12345678901234567"} {
		if got := written(t, Form{Type: CSV, Delimiter: ",", NoFormula: true}, phones, []string{cell, "+358401234567"}); got != "a,b\r\n"+want+",'+358401234567\r\n" {
			t.Errorf("%q", got)
		}
	}
	narrow := Form{Type: CSV, Encoding: "windows-1252"}
	if narrow.Writable("Łódź") || !narrow.Writable("Ängström €") || !(&Form{Type: CSV}).Writable("Łódź") {
		t.Error("what can be written is told otherwise")
	}
}

// What a standard reader reads is what was written.
func TestCSVIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Form{Type: CSV, Delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter"), QuoteAll: rapid.Bool().Draw(t, "all")}
		cell := rapid.StringOf(rapid.SampledFrom([]rune("aä \";,|\t\n'=x"))) // a carriage return is lost in the reader
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 3, 3), 0, 5).Draw(t, "rows")
		var b bytes.Buffer
		w, err := New(&b, f, []Block{{Columns: []string{"x", "y", "z"}}})
		for _, r := range rows {
			if err == nil {
				err = w.Row(0, r)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		in := csv.NewReader(&b)
		in.Comma = rune(f.Delimiter[0])
		got, err := in.ReadAll()
		if err != nil || !slices.EqualFunc(got, append([][]string{{"x", "y", "z"}}, rows...), slices.Equal) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

func TestJSONLines(t *testing.T) {
	got := written(t, Form{Type: JSONL}, []Block{{Columns: []string{"order_id", `a "b"`}}}, []string{"x", ""}, []string{"", "say \"so\"\n€"})
	if want := `{"order_id":"x","a \"b\"":null}` + "\n" + `{"order_id":null,"a \"b\"":"say \"so\"\n€"}` + "\n"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestXLSXIsReadBack(t *testing.T) {
	columns := make([]string, 30)
	for i := range columns {
		columns[i] = "c" + letters(i)
	}
	row := make([]string, 30)
	row[0], row[1], row[2], row[29] = "=1+1", "  0012 ", "<a> & ä\x01", "12345678901"
	form := Form{Type: XLSX, Sheet: `R&D "x"`}
	text := written(t, form, []Block{{Columns: columns}}, row, make([]string, 30))
	if text != written(t, form, []Block{{Columns: columns}}, row, make([]string, 30)) {
		t.Error("two files of the same rows differ")
	}
	book, err := excelize.OpenReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	got, err := book.GetRows(form.Sheet)
	if err != nil || len(got) < 2 || !slices.Equal(got[0], columns) {
		t.Fatalf("%q %v", got, err)
	}
	row[2] = "<a> & ä"
	if !slices.Equal(got[1], row) {
		t.Errorf("%q", got[1])
	}
	if f, err := book.GetCellFormula(form.Sheet, "A2"); f != "" || err != nil {
		t.Errorf("a formula %q, %v", f, err)
	}
	if letters(25) != "Z" || letters(26) != "AA" || letters(701) != "ZZ" || letters(702) != "AAA" {
		t.Error("columns are named otherwise")
	}
}

func TestXML(t *testing.T) {
	blocks := []Block{
		{Path: "List/Person", Columns: []string{"@key", "Name", "Home/City", "Home/@kind"}},
		{Path: "Degrees/Degree", Columns: []string{"@key", "Title", "Grade/Five"}},
	}
	var b bytes.Buffer
	w, err := New(&b, Form{Type: XML, Root: "All", Namespace: "urn:x"}, blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		block int
		cells []string
	}{
		{0, []string{"1", `O'Speci<men> & "x"`, "", ""}}, {1, []string{"d1", "A", "5"}}, {1, []string{"d2", "B\x0b", ""}},
		{0, []string{"2", "Ä", "Oulu", "home"}},
	} {
		if err := w.Row(r.block, r.cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := xml.Header + `<All xmlns="urn:x">
  <List>
    <Person key="1">
      <Name>O&#39;Speci&lt;men&gt; &amp; &#34;x&#34;</Name>
      <Degrees>
        <Degree key="d1">
          <Title>A</Title>
          <Grade>
            <Five>5</Five>
          </Grade>
        </Degree>
        <Degree key="d2">
          <Title>B</Title>
        </Degree>
      </Degrees>
    </Person>
    <Person key="2">
      <Name>Ä</Name>
      <Home kind="home">
        <City>Oulu</City>
      </Home>
    </Person>
  </List>
</All>
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}

// Whatever stands in a cell, the document is one, and says the cell again without what XML cannot hold.
func FuzzXML(f *testing.F) {
	for _, s := range []string{"x", "]]>", "\x00\x1f", "<!--", "&amp;", "\xff", "é\u2028", "\uFFFE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := written(t, Form{Type: XML, Root: "R"}, []Block{{Path: "P", Columns: []string{"@a", "B"}}}, []string{s, s})
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
		}
	})
}

// Every text of the encoding is written as the encoding's own encoder does.
func TestWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("aäöåÄÖÅéß€’–ñ"))).Draw(t, "s")
		var b bytes.Buffer
		w, err := New(&b, Form{Type: CSV, Delimiter: ",", Encoding: "windows-1252", QuoteAll: true}, []Block{{Columns: []string{"c"}}})
		if err != nil || w.Row(0, []string{s}) != nil {
			t.Fatal(err)
		}
		want, err := charmap.Windows1252.NewEncoder().String(s)
		if got := strings.TrimPrefix(b.String(), "\"c\"\r\n"); err != nil || got != `"`+want+"\"\r\n" {
			t.Fatalf("%q %v", got, err)
		}
	})
}
