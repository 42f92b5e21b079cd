// Package outfile writes the files that go to recipients: delimited text, workbooks, XML, JSON Lines.
//
// [New] gives a [Writer] of a [Form]; rows come one by one as texts, in the order of the file, and nothing of them is kept.
// The bytes depend on the rows alone: no time, no version and no machine stands in them. A workbook is written as one stream
// of text cells, so that nothing personal lies in a temporary file and no cell is a formula or a number cut short.
//
// The package must not know what a column means, whose rows they are, or where the file goes.
package outfile

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Kinds of files.
const (
	CSV   = "csv"
	XLSX  = "xlsx"
	XML   = "xml"
	JSONL = "jsonl"
)

// Form says how a file is written.
type Form struct {
	Type      string
	Delimiter string // CSV: one character
	Encoding  string // CSV: "utf-8", "utf-8-bom" or "windows-1252"
	QuoteAll  bool   // CSV
	LF        bool   // CSV: lines end with LF alone
	NoFormula bool   // CSV: an apostrophe before what a spreadsheet would compute
	Sheet     string // XLSX
	Root      string // XML
	Namespace string // XML
}

// Block is one kind of row.
type Block struct {
	Path    string   // XML: the row's element, below the root; of blocks after the first, below the row of the first
	Columns []string // names; in XML paths below the row, with @ before an attribute
	Phones  []bool   // of each column, whether its numbers in E.164 stand as they are; nil for none
}

// Writer takes the rows of a file. A row of a block after the first belongs to the last row of the first.
type Writer interface {
	Row(block int, cells []string) error
	// Close ends the file; w stays open.
	Close() error
}

// New begins a file. CSV, XLSX and JSON Lines have one block.
func New(w io.Writer, f Form, blocks []Block) (Writer, error) {
	switch f.Type {
	case CSV:
		return newCSV(w, f, blocks[0])
	case XLSX:
		return newXLSX(w, f, blocks[0].Columns)
	case XML:
		return newXML(w, f, blocks)
	case JSONL:
		return newLines(w, blocks[0].Columns)
	}
	return nil, fmt.Errorf("no form %q", f.Type)
}

// Writable tells whether a text can stand in the file as it is.
func (f *Form) Writable(text string) bool {
	if f.Type != CSV || f.Encoding != "windows-1252" {
		return true
	}
	for _, r := range text {
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok {
			return false
		}
	}
	return true
}

// Formula tells whether a spreadsheet would compute a text instead of showing it.
func Formula(s string) bool { return s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) }

// Phone tells whether a text is a phone number in E.164 and nothing else, which begins like a formula.
func Phone(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

// csvWriter writes delimited text (RFC 4180).
type csvWriter struct {
	w      io.Writer
	f      Form
	phones []bool
	line   []byte
	encode bool
}

func newCSV(w io.Writer, f Form, b Block) (Writer, error) {
	c := &csvWriter{w: w, f: f, phones: b.Phones, encode: f.Encoding == "windows-1252"}
	if f.Encoding == "utf-8-bom" {
		c.line = append(c.line, "\uFEFF"...)
	}
	return c, c.put(b.Columns, false)
}

func (c *csvWriter) Row(_ int, cells []string) error {
	c.line = c.line[:0]
	return c.put(cells, c.f.NoFormula)
}

func (c *csvWriter) put(cells []string, guard bool) error {
	for i, s := range cells {
		if i > 0 {
			c.line = append(c.line, c.f.Delimiter...)
		}
		if guard && Formula(s) && !(c.phones != nil && c.phones[i] && Phone(s)) {
			s = "'" + s
		}
		if !c.f.QuoteAll && !strings.ContainsAny(s, c.f.Delimiter+"\"\r\n") && strings.TrimSpace(s) == s {
			c.text(s)
			continue
		}
		c.line = append(c.line, '"')
		c.text(strings.ReplaceAll(s, `"`, `""`))
		c.line = append(c.line, '"')
	}
	if !c.f.LF {
		c.line = append(c.line, '\r')
	}
	c.line = append(c.line, '\n')
	_, err := c.w.Write(c.line)
	return err
}

func (c *csvWriter) text(s string) {
	if !c.encode {
		c.line = append(c.line, s...)
		return
	}
	for _, r := range s {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			b = '?' // nobody gets here: see Writable
		}
		c.line = append(c.line, b)
	}
}

func (c *csvWriter) Close() error { return nil }

// valid gives text without what XML cannot hold.
func valid(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}
