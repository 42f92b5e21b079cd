package xlsx_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

type result struct {
	rows     []string // line, kinds and cells joined by bars; "<null>" for a null
	rejected []canon.Rejection
	sum      tabular.Summary
	err      error
}

func read(b []byte, o xlsx.Options) result {
	var res result
	o.Feed = "demo/sheet"
	o.Reject = func(r canon.Rejection) { res.rejected = append(res.rejected, r) }
	r := xlsx.New(bytes.NewReader(b), int64(len(b)), o)
	for batch, err := range r.Batches(context.Background()) {
		if err != nil {
			res.err = err
			break
		}
		for i := range batch.Len() {
			row := []string{fmt.Sprint(batch.Col(canon.RawLine).Int(i)), batch.Col(canon.RawKinds).Text(i)}
			for c := canon.RawFirst; c < len(batch.Table.Columns); c++ {
				v := "<null>"
				if !batch.Col(c).Null(i) {
					v = batch.Col(c).Text(i)
				}
				row = append(row, v)
			}
			res.rows = append(res.rows, strings.Join(row, "|"))
		}
	}
	res.sum = r.Summary()
	return res
}

func columns(names ...string) xlsx.Options {
	var o xlsx.Options
	for _, n := range names {
		o.Columns = append(o.Columns, tabular.Column{Name: n})
	}
	o.Columns[0].Required = true
	return o
}

// parts is a workbook by hand; whatever is not set takes the plainest form.
type parts struct{ workbook, styles, strings, sheet string }

const types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

func (p parts) pack(t testing.TB) []byte {
	t.Helper()
	or := func(s, d string) string {
		if s == "" {
			return d
		}
		return s
	}
	files := [][2]string{
		{"_rels/.rels", `<Relationships><Relationship Id="r" Type="` + types + `/officeDocument" Target="/xl/workbook.xml"/></Relationships>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="` + types + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="r2" Type="` + types + `/styles" Target="styles.xml"/><Relationship Id="r3" Type="` + types + `/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`},
		{"xl/workbook.xml", or(p.workbook, `<workbook><sheets><sheet name="Raportti" sheetId="1" r:id="r1"/></sheets></workbook>`)},
		{"xl/styles.xml", or(p.styles, `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>`)},
		{"xl/sharedStrings.xml", or(p.strings, `<sst><si><t>a</t></si><si><t>b</t></si></sst>`)},
		{"xl/worksheets/sheet1.xml", or(p.sheet, `<worksheet><sheetData>`+head+`</sheetData></worksheet>`)},
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		part, err := w.Create(f[0])
		if err == nil {
			_, err = io.WriteString(part, f[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const head = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>`

func rows(xml string) parts {
	return parts{sheet: `<?xml version="1.0"?><x:worksheet xmlns:x="main"><sheetViews><c/></sheetViews><sheetData>` + head + xml + `</sheetData><mergeCells/></x:worksheet>`}
}

func TestCells(t *testing.T) {
	cases := map[string]struct{ row, want string }{
		"shared string":      {`<c t="s"><v>1</v></c>`, "s |b|<null>"},
		"inline":             {`<c t="inlineStr"><is><r><t>Näyte</t></r><r><rPr/><t xml:space="preserve"> 1</t></r><rPh><t>x</t></rPh></is></c>`, "s |Näyte 1|<null>"},
		"number as stored":   {`<c><v>004711</v></c><c t="n"><v>1.0000000000000001E-2</v></c>`, "nn|004711|1.0000000000000001E-2"},
		"formula":            {`<c><f>SUM(A1:A2)</f><v>3</v></c><c t="str"><f>A1</f><v>x &amp; _x0041_</v></c>`, "ns|3|x & A"},
		"boolean":            {`<c t="b"><v>1</v></c><c t="b"><v>0</v></c>`, "bb|true|false"},
		"cell error":         {`<c t="e"><v>#N/A</v></c><c><v>1</v></c>`, "en|<null>|1"},
		"no number":          {`<c><v>x</v></c><c><v>1</v></c>`, "en|<null>|1"},
		"date":               {`<c s="1"><v>44440</v></c><c s="2"><v>46330.965277777781</v></c>`, "dd|2021-09-01|2026-11-04T23:10:00"},
		"time, thousandths":  {`<c s="2"><v>0.5</v></c><c s="1"><v>1.00000578703</v></c>`, "dd|12:00:00|1900-01-01T00:00:00.500"},
		"day that never was": {`<c s="1"><v>60</v></c><c s="1"><v>61</v></c>`, "nd|60|1900-03-01"},
		"beyond any date":    {`<c s="1"><v>-1</v></c><c s="1"><v>2958466</v></c>`, "nn|-1|2958466"},
		"last date":          {`<c s="1"><v>1</v></c><c s="1"><v>2958465</v></c>`, "dd|1900-01-01|9999-12-31"},
		"ISO date":           {`<c t="d"><v>2021-09-01T00:00:00</v></c>`, "d |2021-09-01|<null>"},
		"only B":             {`<c r="B2"><v>1</v></c>`, " n|<null>|1"},
		"empty text":         {`<c t="inlineStr"><is><t></t></is></c><c><v>1</v></c>`, " n|<null>|1"},
		"escapes":            {`<c t="inlineStr"><is><t>a_x000D_b_x005F_x0041_ _x &#228;&#xE4;&lt;</t></is></c>`, "s |a\rb_x0041_ _x ää<|<null>"},
		"CDATA, comment":     {`<c><!-- <v> --><v><![CDATA[1]]>2</v></c>`, "n |12|<null>"},
		"decomposed":         {`<c t="inlineStr"><is><t>a` + "\u0308" + `</t></is></c>`, "s |ä|<null>"},
		"beyond the header":  {`<c><v>1</v></c><c><v>2</v></c><c><v>3</v></c>`, "nn|1|2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := read(rows(`<row r="2">`+c.row+`</row>`).pack(t), columns("a", "b"))
			if got.err != nil || len(got.rows) != 1 || got.rows[0] != "2|"+c.want {
				t.Fatalf("got %q, %v, want %q", got.rows, got.err, c.want)
			}
		})
	}
}

func TestDate1904AndFormats(t *testing.T) {
	p := rows(`<row><c s="1"><v>0</v></c><c s="2"><v>42978</v></c></row><row><c s="3"><v>1.5</v></c><c s="4"><v>42978</v></c></row><row><c s="5"><v>42978</v></c><c s="6"><v>7</v></c></row>`)
	p.workbook = `<workbook><workbookPr date1904="1"/><sheets><sheet name="x" r:id="r9"/><sheet name="RAPORTTI" r:id="r1"/></sheets></workbook>`
	p.styles = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-40B]d\.m\.yyyy"/><numFmt numFmtId="165" formatCode="[h]:mm"/>` +
		`<numFmt numFmtId="166" formatCode="&quot;päivä &quot;0"/><numFmt numFmtId="167" formatCode="yyyy;@"/><numFmt numFmtId="168" formatCode="[Red]0.00_d;d"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/></cellXfs></styleSheet>`
	o := columns("a", "b")
	o.Sheet = "raportti "
	got := read(p.pack(t), o)
	want := []string{"2|dd|1904-01-01|2021-09-01", "3|NN|1.5|42978", "4|dN|2021-09-01|7"}
	if got.err != nil || !reflect.DeepEqual(got.rows, want) {
		t.Fatalf("%q %v", got.rows, got.err)
	}
	o.Sheet = "missing"
	if got := read(p.pack(t), o); fault.Code(got.err) != "UOMA-LND-SHEET" {
		t.Fatal(got.err)
	}
}

func TestReport(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(f.SetSheetName("Sheet1", "Raportti"))
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	check(err)
	set := func(row int, cells ...any) {
		check(f.SetSheetRow("Raportti", fmt.Sprintf("A%d", row), &cells))
	}
	set(1, "Projektihenkilöt")
	check(f.MergeCell("Raportti", "A1", "D1"))
	set(2, "Rajaus", "kaikki")
	set(3, "Ajettu", time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	set(4, "Projektinumero", "Alkupvm", "Nimi", "Palkkaryhmä", "Tunnit")
	set(5, "21-0045", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), "Testaaja Veikko", "IV", 7.5)
	check(f.SetCellStyle("Raportti", "B5", "B5", date))
	set(6, "21-0045", nil, nil, nil, 7.5)
	set(8, "21-0046", nil, "Näyte-Öhman Åsa", "V", 2)
	set(9, "Yhteensä", nil, nil, nil, 9.5)
	b, err := f.WriteToBuffer()
	check(err)

	o := columns("Nimi", "Projektinumero", "Alkupvm", "Tunnit", "URL")
	o.Sheet, o.SkipWhenEmpty = "Raportti", []string{"Nimi"}
	got := read(b.Bytes(), o)
	want := []string{"5|ssdn |Testaaja Veikko|21-0045|2025-01-01|7.5|<null>", "8|ss n |Näyte-Öhman Åsa|21-0046|<null>|2|<null>"}
	if got.err != nil || !reflect.DeepEqual(got.rows, want) {
		t.Fatalf("%q %v", got.rows, got.err)
	}
	sum := tabular.Summary{Encoding: "xlsx", Rows: 2, Header: 4, Unknown: []string{"Palkkaryhmä"}, Missing: []string{"URL"}, Reordered: true, Places: []int{3, 1, 2, 5, 0},
		Skipped: map[string]int64{"title": 3, "subtotal": 1, "summary": 1}}
	if !reflect.DeepEqual(got.sum, sum) {
		t.Fatalf("%+v", got.sum)
	}
}

// TestMergedHeaders reads a header whose groups are merged over their columns, and whose first column is merged over both
// of its rows.
func TestMergedHeaders(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for row, cells := range map[int][]any{
		1: {"Degrees of a year"}, 3: {"Student number", "Degree", nil, "Right to study", nil, "Note"}, 4: {nil, "Date", "Title", "Start", "End"},
		5: {"2200001", "2021-05-31", "Bachelor", "2017-08-01", "2021-05-31", "x"}, 6: {"2200002", nil, nil, "2019-08-01"},
	} {
		check(f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", row), &cells))
	}
	for from, to := range map[string]string{"A1": "F1", "A3": "A4", "B3": "C3", "D3": "E3", "F3": "F4"} {
		check(f.MergeCell("Sheet1", from, to))
	}
	b, err := f.WriteToBuffer()
	check(err)
	o := columns("student number", "Degree / Date", "Title", "Right to study / Start", "note")
	o.HeaderRows = 2
	got := read(b.Bytes(), o)
	want := []string{"5|sssss|2200001|2021-05-31|Bachelor|2017-08-01|x", "6|s  s |2200002|<null>|<null>|2019-08-01|<null>"}
	if got.err != nil || !reflect.DeepEqual(got.rows, want) || !reflect.DeepEqual(got.sum.Unknown, []string{"Right to study / End"}) || got.sum.Header != 4 {
		t.Fatalf("%q %v %+v", got.rows, got.err, got.sum)
	}
}

// TestAgreesWithExcelize writes sheets with excelize and compares every cell that both read.
func TestAgreesWithExcelize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := excelize.NewFile()
		defer f.Close()
		width := rapid.IntRange(1, 5).Draw(t, "width")
		o := xlsx.Options{}
		for i := range width {
			name := fmt.Sprintf("column %d", i)
			o.Columns = append(o.Columns, tabular.Column{Name: name, Required: i == 0})
			cell, _ := excelize.CoordinatesToCellName(i+1, 1)
			if err := f.SetCellValue("Sheet1", cell, name); err != nil {
				t.Fatal(err)
			}
		}
		value := rapid.OneOf(rapid.Just[any](nil), rapid.Custom(func(t *rapid.T) any { return rapid.StringMatching(`[a-zåäö<>&"' _x0-9\n]{1,12}`).Draw(t, "s") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.IntRange(-1e9, 1e9).Draw(t, "i") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.Float64Range(-1e6, 1e6).Draw(t, "f") }))
		for row := range rapid.IntRange(1, 12).Draw(t, "rows") {
			for i := range width {
				cell, _ := excelize.CoordinatesToCellName(i+1, row+2)
				if err := f.SetCellValue("Sheet1", cell, value.Draw(t, "value")); err != nil {
					t.Fatal(err)
				}
			}
		}
		b, err := f.WriteToBuffer()
		if err != nil {
			t.Fatal(err)
		}
		again, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		want, err := again.GetRows("Sheet1", excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i, row := range want[1:] {
			for len(row) < width {
				row = append(row, "")
			}
			if strings.TrimSpace(strings.Join(row, "")) == "" {
				continue
			}
			for j, v := range row {
				if v == "" {
					row[j] = "<null>"
				}
			}
			lines = append(lines, fmt.Sprint(i+2)+"|"+strings.Join(row, "|"))
		}
		got := read(b.Bytes(), o)
		var plain []string
		for _, row := range got.rows {
			p := strings.SplitN(row, "|", 3)
			plain = append(plain, p[0]+"|"+p[2])
		}
		if got.err != nil || !reflect.DeepEqual(plain, lines) {
			t.Fatalf("got %q, %v\nexcelize has %q", plain, got.err, lines)
		}
	})
}

func TestRejectedRows(t *testing.T) {
	o := columns("a", "b")
	o.Limits = tabular.Limits{RowBytes: 10, Columns: 3}
	p := rows(`<row r="2"><c t="inlineStr"><is><t>x_x0000_</t></is></c></row><row r="3"><c t="inlineStr"><is><t>12345678901</t></is></c></row>` +
		`<row r="4"><c r="D4"><v>1</v></c></row><row r="5"><c><v>5</v></c></row>`)
	got := read(p.pack(t), o)
	var codes []string
	for _, r := range got.rejected {
		codes = append(codes, fmt.Sprint(r.Line, r.Code))
	}
	want := []string{"2control-character", "3row-too-long", "4too-many-columns"}
	if got.err != nil || !reflect.DeepEqual(codes, want) || !reflect.DeepEqual(got.rows, []string{"5|n |5|<null>"}) {
		t.Fatalf("%q %q %v", codes, got.rows, got.err)
	}
}

func TestReadErrors(t *testing.T) {
	own := errors.New("line is down")
	r := xlsx.New(failing{own}, 1000, xlsx.Options{Options: tabular.Options{Feed: "x/y", Columns: []tabular.Column{{Name: "a"}}}})
	for _, err := range r.Batches(context.Background()) {
		if !errors.Is(err, own) || fault.Code(err) != "UOMA-LND-READ" {
			t.Fatal(err)
		}
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
