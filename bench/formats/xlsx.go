package main

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strings"
)

const maxRows = 1<<20 - 1 // of a sheet, below its header

// writeXLSX writes a workbook as spreadsheet programs do, with each text once in a table, until its sheet has so many bytes
// or is full.
func writeXLSX(out io.Writer, size int64) error {
	const (
		open  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
		types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	)
	z := zip.NewWriter(out)
	for name, text := range map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + types + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + types + `worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + types + `sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="people" sheetId="1" r:id="rId1"/></sheets></workbook>`,
	} {
		part, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(part, open+text)
		}
		if err != nil {
			return err
		}
	}
	part, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	sheet := &counted{Writer: part}
	w := bufio.NewWriterSize(sheet, 1<<20)
	w.WriteString(open + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	known, texts := map[string]int{}, []string(nil)
	row := func(number int, values []string) {
		fmt.Fprintf(w, `<row r="%d">`, number)
		for c, v := range values {
			at, ok := known[v]
			if !ok {
				at = len(texts)
				known[v], texts = at, append(texts, v)
			}
			fmt.Fprintf(w, `<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+c, number, at)
		}
		w.WriteString(`</row>`)
	}
	row(1, names)
	for i := 0; sheet.n < size && i < maxRows; i++ {
		p := nth(i)
		row(i+2, p.values())
	}
	w.WriteString(`</sheetData></worksheet>`)
	if err := w.Flush(); err != nil {
		return err
	}
	if part, err = z.Create("xl/sharedStrings.xml"); err != nil {
		return err
	}
	w.Reset(part)
	w.WriteString(open + `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>` + strings.Join(texts, `</t></si><si><t>`) + `</t></si></sst>`)
	if err := w.Flush(); err != nil {
		return err
	}
	return z.Close()
}
