package xlsx_test

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"uoma/connectors/archive"
	"uoma/connectors/formattest"
	"uoma/internal/fault"
)

func TestThreat_T02_HostileXML(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>`
	cases := map[string]parts{
		"document type in the sheet":   {sheet: laughs + `<worksheet><sheetData>` + head + `</sheetData></worksheet>`},
		"document type in the strings": {strings: laughs + `<sst><si><t>&lol2;</t></si></sst>`},
		"external entity":              {workbook: `<!DOCTYPE w SYSTEM "file:///etc/passwd"><workbook/>`},
		"unknown entity":               rows(`<row><c t="inlineStr"><is><t>&xxe;</t></is></c></row>`),
		"depth":                        rows(strings.Repeat("<d>", 63) + strings.Repeat("</d>", 63)),
		"five million nested tags":     rows(strings.Repeat("<d>", 5_000_000)),
		"attributes":                   rows(`<row ` + strings.Repeat(`a="" `, 257) + `/>`),
		"a long tag":                   rows(`<row r="` + strings.Repeat("1", 3<<20) + `"/>`),
		"a long text":                  rows(`<row><c><v>` + strings.Repeat("1", 3<<20) + `</v></c></row>`),
		"crossed elements":             rows(`<row><c></row></c>`),
		"cut":                          {sheet: `<worksheet><sheetData>` + head},
		"two roots":                    {sheet: `<worksheet/><worksheet/>`},
		"text outside":                 {sheet: `<worksheet/>x`},
		"a number beyond Unicode":      rows(`<row><c><v>&#x110000;</v></c></row>`),
		"half a surrogate":             rows(`<row><c><v>&#xD800;</v></c></row>`),
		"rows out of order":            rows(`<row r="3"/><row r="2"/>`),
		"cells out of order":           rows(`<row><c r="B2"/><c r="A2"/></row>`),
		"row beyond the sheet":         rows(`<row r="1048577"/>`),
		"column beyond the sheet":      rows(`<row><c r="XFE2"/></row>`),
		"no such string":               rows(`<row><c t="s"><v>99</v></c></row>`),
	}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			o := columns("a", "b")
			o.Archive = archive.Limits{Ratio: 2000} // these are stopped by the XML reader, whatever the ZIP says
			got := read(p.pack(t), o)
			if fault.Code(got.err) != "UOMA-LND-XML" || fault.ScopeOf(got.err) != fault.Source {
				t.Fatal(got.err)
			}
			if strings.Contains(got.err.Error(), "lol") {
				t.Fatal("the error shows what stood in the file")
			}
		})
	}
	if got := read(rows(strings.Repeat("<d>", 62)+strings.Repeat("</d>", 62)).pack(t), columns("a", "b")); got.err != nil {
		t.Fatal(got.err)
	}
}

func TestThreat_T01_StringBomb(t *testing.T) {
	var before, after runtime.MemStats
	o := columns("a", "b")
	o.Strings = 8 << 20
	o.Archive = archive.Limits{Ratio: 2000}
	p := parts{strings: `<sst>` + strings.Repeat(`<si/>`, 2_000_000) + `</sst>`}
	packed := p.pack(t)
	runtime.ReadMemStats(&before)
	if got := read(packed, o); fault.Code(got.err) != "UOMA-LND-BOMB" {
		t.Fatal(got.err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Fatalf("%d bytes of memory", used)
	}
	if got := read(p.pack(t), columns("a", "b")); fault.Code(got.err) != "UOMA-LND-BOMB" {
		t.Fatalf("the ZIP's ratio passes: %v", got.err)
	}
}

func TestThreat_T01_LargeParts(t *testing.T) {
	o := columns("a", "b")
	o.Archive = archive.Limits{Ratio: 2000}
	long := strings.Repeat(`<numFmt numFmtId="164" formatCode="d"/>`, 500_000)
	if got := read(parts{styles: `<styleSheet>` + long + `</styleSheet>`}.pack(t), o); fault.Code(got.err) != "UOMA-LND-BOMB" {
		t.Fatal(got.err)
	}
}

func TestNoWorkbook(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		code string
	}{
		"old format": {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more"), "UOMA-LND-XLSX"},
		"text":       {[]byte("a;b\n1;2\n"), "UOMA-LND-ARCHIVE"},
		"nothing":    {nil, "UOMA-LND-ARCHIVE"},
		"latin1":     {rows("<row><c t=\"inlineStr\"><is><t>\xe4</t></is></c></row>").pack(t), "UOMA-LND-ENCODING"},
		"empty":      {parts{sheet: "<worksheet/>"}.pack(t), "UOMA-LND-EMPTY"},
		"no sheet":   {parts{workbook: "<workbook/>"}.pack(t), "UOMA-LND-SHEET"},
	} {
		if got := read(c.b, columns("a", "b")); fault.Code(got.err) != c.code {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

func TestThreat_T06_CutAtEachPercent(t *testing.T) {
	whole := rows(strings.Repeat(`<row><c><v>1</v></c><c t="s"><v>1</v></c></row>`, 500)).pack(t)
	for percent := range 100 {
		if got := read(whole[:len(whole)*percent/100], columns("a", "b")); got.err == nil || fault.ScopeOf(got.err) != fault.Source {
			t.Errorf("cut at %d %%: %v", percent, got.err)
		}
	}
	if got := read(whole, columns("a", "b")); got.err != nil || got.sum.Rows != 500 {
		t.Fatal(got.err, got.sum)
	}
}

func TestThreat_T32_NoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	b, o := benchmarkInput(t, 60_000) // a sheet well beyond 16 MiB, from where on other readers spill
	if got := read(b, o); got.err != nil || got.sum.Rows != 60_000 {
		t.Fatal(got.err, got.sum)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`<row r="2"><c r="A2" t="s"><v>0</v></c></row>`, `<row><c t="inlineStr"><is><r><t>x</t></r></is></c></row>`, `<row><c s="1"><v>44440</v></c></row>`,
		`<row><c t="e"><v>#N/A</v></c></row>`, `<!-- --><row/>`, `<![CDATA[x]]>`, `&#x41;`, `<row><c t="str"><v>_x0041_</v></c></row>`, `<row><c s="2"><v>1e308</v></c></row>`,
	} {
		f.Add([]byte(`<worksheet><sheetData>`+head+s+`</sheetData></worksheet>`), uint8(0))
		f.Add([]byte(`<worksheet><sheetData>`+head+s+`</sheetData></worksheet>`), uint8(4))
		f.Add([]byte(`<sst><si><t>`+s+`</t></si></sst>`), uint8(1))
	}
	f.Add([]byte(`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm;d"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`), uint8(2))
	f.Add([]byte(`<workbook><workbookPr date1904="1"/><sheets><sheet name="x" id="r1"/></sheets></workbook>`), uint8(3))
	f.Fuzz(func(t *testing.T, part []byte, kind uint8) {
		if len(part) == 0 {
			return // stands for a plain part
		}
		p := rows(`<row><c s="0"><v>1</v></c><c t="s"><v>0</v></c></row>`)
		*[]*string{&p.sheet, &p.strings, &p.styles, &p.workbook}[kind%4] = string(part)
		o := columns("a", "b")
		o.HeaderRows = int(kind >> 2 & 1 * 2)
		got := read(p.pack(t), o)
		if got.err != nil && (fault.ScopeOf(got.err) != fault.Source || fault.Code(got.err) == "UOMA-LND-READ") {
			t.Fatal(got.err)
		}
		if int64(len(got.rows)) != got.sum.Rows || int64(len(got.rejected)) != got.sum.Rejected {
			t.Fatalf("%d rows, %d rejected, %+v", len(got.rows), len(got.rejected), got.sum)
		}
		if got.err != nil {
			return
		}
		all := formattest.Accounted(got.sum)
		if want, ok := rowsOf(p.sheet); ok && all != want || !ok && all > int64(strings.Count(p.sheet, "row")) {
			t.Fatalf("%d rows, %+v", want, got.sum)
		}
	})
}

// rowsOf counts the rows of a sheet with the standard library; ok is false where that does not take it.
func rowsOf(sheet string) (n int64, ok bool) {
	d := xml.NewDecoder(strings.NewReader(sheet))
	for depth, data := 0, false; ; {
		token, err := d.Token()
		if err != nil {
			return n, err == io.EOF
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 2 {
				data = token.Name.Local == "sheetData"
			}
			if depth == 3 && data && token.Name.Local == "row" {
				n++
			}
		case xml.EndElement:
			depth--
		}
	}
}
