package outfile

import (
	"archive/zip"
	"bufio"
	"cmp"
	"encoding/xml"
	"io"
	"strconv"
)

// Parts of a workbook with one sheet and no styles (ECMA-376). The program's library for workbooks keeps large sheets in plain
// temporary files, so that it cannot write what is personal.
const (
	contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`
	packageRels = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	workbookRels = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
	workbookHead = xml.Header + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="`
	workbookTail = `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	sheetHead    = xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetTail    = `</sheetData></worksheet>`
)

// xlsxWriter writes one sheet of text cells.
type xlsxWriter struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	rows  int
}

func newXLSX(w io.Writer, f Form, columns []string) (Writer, error) {
	x := &xlsxWriter{zip: zip.NewWriter(w)}
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", packageRels}, {"xl/_rels/workbook.xml.rels", workbookRels},
	} {
		if err := x.part(part.name); err != nil {
			return nil, err
		}
		x.sheet.WriteString(part.text)
	}
	if err := x.part("xl/workbook.xml"); err != nil {
		return nil, err
	}
	x.sheet.WriteString(workbookHead)
	_ = xml.EscapeText(x.sheet, []byte(cmp.Or(f.Sheet, "Sheet1"))) // the writer keeps its error until it is flushed
	x.sheet.WriteString(workbookTail)
	if err := x.part("xl/worksheets/sheet1.xml"); err != nil {
		return nil, err
	}
	x.sheet.WriteString(sheetHead)
	return x, x.Row(0, columns)
}

// part ends a part of the package and begins the next.
func (x *xlsxWriter) part(name string) error {
	if x.sheet != nil {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	w, err := x.zip.Create(name) // without a time
	x.sheet = bufio.NewWriter(w)
	return err
}

func (x *xlsxWriter) Row(_ int, cells []string) error {
	x.rows++
	row := strconv.Itoa(x.rows)
	x.sheet.WriteString(`<row r="` + row + `">`)
	for i, s := range cells {
		if s == "" {
			continue
		}
		x.sheet.WriteString(`<c r="` + letters(i) + row + `" t="inlineStr"><is><t xml:space="preserve">`)
		_ = xml.EscapeText(x.sheet, []byte(valid(s))) // as above
		x.sheet.WriteString(`</t></is></c>`)
	}
	_, err := x.sheet.WriteString(`</row>`)
	return err
}

// letters names a column as workbooks do: A, B … Z, AA.
func letters(i int) string {
	s := string(rune('A' + i%26))
	if i >= 26 {
		return letters(i/26-1) + s
	}
	return s
}

func (x *xlsxWriter) Close() error {
	x.sheet.WriteString(sheetTail)
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	return x.zip.Close()
}
