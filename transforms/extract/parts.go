package extract

import (
	"bytes"
	"fmt"
	"iter"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// partBytes is how much text a part may hold: a part must stay below 64 MiB in either format, and the rest is room for
// framing.
const partBytes = 40 << 20

// rowBytes is what framing may take of a row: separators, quotes, lengths and level bits of 22 columns.
const rowBytes = 22 * 8

// Parts gives the rows in order as parts of at most 64 MiB with their number of rows. format is "parquet" or "csv". There
// is one part when there are no rows. The bytes of a part stay valid.
func (x *Extract) Parts(format string) iter.Seq2[Part, error] {
	encode := encodeParquet
	if format == "csv" {
		encode = encodeCSV
	}
	return func(yield func(Part, error) bool) {
		if format != "parquet" && format != "csv" {
			yield(Part{}, fmt.Errorf("a part's format is parquet or csv"))
			return
		}
		rows := x.Rows
		for first := true; first || len(rows) > 0; first = false {
			n := fit(rows, partBytes)
			data, err := encode(rows[:n])
			if !yield(Part{data, int64(n)}, err) || err != nil {
				return
			}
			rows = rows[n:]
		}
	}
}

// Part is a piece of the table.
type Part struct {
	Data []byte
	Rows int64
}

// fit gives how many of the first rows fit into a part, at least one when there are any.
func fit(rows []Row, limit int) int {
	size := 0
	for i := range rows {
		size += rowBytes
		for _, c := range rows[i].cells() {
			size += len(c.text)
		}
		if size > limit && i > 0 {
			return i
		}
	}
	return len(rows)
}

// encodeParquet writes no statistics: the least and the greatest value of a column are values of people.
func encodeParquet(rows []Row) ([]byte, error) {
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), parquet.CreatedBy("uoma", "1", ""), parquet.DataPageStatistics(false),
	}
	for _, c := range (&Row{}).cells() {
		options = append(options, parquet.SkipPageBounds(c.column))
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[Row](&out, options...)
	if _, err := w.Write(rows); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return withoutPageIndex(out.Bytes())
}

// encodeCSV writes RFC 4180 with a header, commas and CRLF; a missing value is an empty field. Nothing is escaped for
// spreadsheets: the extract is read by machines, and [Extract.Formulas] tells how many cells a spreadsheet would compute.
func encodeCSV(rows []Row) ([]byte, error) {
	var out bytes.Buffer
	line := func(r *Row, text func(cell) string) {
		for i, c := range r.cells() {
			if i > 0 {
				out.WriteByte(',')
			}
			field(&out, text(c))
		}
		out.WriteString("\r\n")
	}
	line(&Row{}, func(c cell) string { return c.column })
	for i := range rows {
		line(&rows[i], func(c cell) string { return c.text })
	}
	return out.Bytes(), nil
}

func field(out *bytes.Buffer, s string) {
	if !strings.ContainsAny(s, ",\"\r\n") {
		out.WriteString(s)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(s, `"`, `""`))
	out.WriteByte('"')
}

// Formulas counts the cells that a spreadsheet would take for a formula, phone numbers apart.
func (x *Extract) Formulas() (n int64) {
	for i := range x.Rows {
		for _, c := range x.Rows[i].cells() {
			if !c.phone && c.text != "" && strings.IndexByte("=+-@\t\r", c.text[0]) >= 0 {
				n++
			}
		}
	}
	return n
}

// Filled counts the present values of each column, in the order of columns.
func (x *Extract) Filled() []Column {
	var out []Column
	for _, c := range (&Row{}).cells() {
		out = append(out, Column{Name: c.column})
	}
	for i := range x.Rows {
		for k, c := range x.Rows[i].cells() {
			if c.text != "" {
				out[k].Present++
			}
		}
	}
	return out
}

// Column is how many rows have a value in a column.
type Column struct {
	Name    string `json:"name"`
	Present int64  `json:"present"`
}
