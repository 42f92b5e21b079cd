package rowfile

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

const (
	windowBytes = 24 << 10 // of one look into a file: more than a hundred rows
	looks       = 48
	headBytes   = 128 << 10
	fieldsMost  = 4096
)

// windows gives pieces from all over a file, all of a small one. The first begins with the file; the others may begin
// and end within a row.
func windows(src io.ReaderAt, size int64) ([][]byte, error) {
	read := func(at, n int64) ([]byte, error) {
		b := make([]byte, max(0, min(n, size-at)))
		_, err := src.ReadAt(b, at)
		if err == io.EOF {
			err = nil
		}
		return b, err
	}
	if size <= headBytes+looks*windowBytes {
		all, err := read(0, size)
		return [][]byte{all}, err
	}
	head, err := read(0, headBytes)
	out := [][]byte{head}
	for i := int64(1); i < looks && err == nil; i++ {
		var b []byte
		b, err = read(headBytes+(size-headBytes-windowBytes)*i/(looks-1)&^1, windowBytes)
		out = append(out, b)
	}
	return out, err
}

// openText settles encoding, delimiter, header and sample.
func (f *File) openText(parts [][]byte) error {
	f.Encoding, f.Sure = encodingOf(parts)
	wide := strings.HasPrefix(f.Encoding, "utf-16")
	if wide {
		parts = parts[:1] // rows of UTF-16 are not looked for in the middle of a file
	}
	head := data(parts[0])
	var rows [][]string
	if d := told(head); d != 0 {
		f.Delimiter, head = d, data(head[min(len(head), len(firstLine(head))):])
		rows, _ = f.rows(head)
	} else {
		rows = f.delimit(head)
	}
	if len(rows) == 0 {
		return errHeader.At(fault.Place{File: f.Path, Line: 1})
	}
	if f.Headless = headless(rows); f.Headless {
		f.Columns, rows = numbered(len(rows[0])), slices.Insert(rows, 0, nil)
	}
	for _, name := range rows[0] {
		f.Columns = append(f.Columns, strings.Trim(strings.TrimSpace(name), "\ufeff"))
	}
	if !slices.ContainsFunc(f.Columns, func(c string) bool { return c != "" }) {
		return errHeader.At(fault.Place{File: f.Path, Line: 1})
	}
	first := firstLine(head)
	share := slices.Clone(rows[1:])
	if len(parts) > 1 { // the file's beginning counts as much as any other part of it
		share = share[:min(len(share), windowRows)]
	}
	f.sample = share
	for _, p := range parts[1:] {
		p = wholeLines(p)
		rows, _ := f.rows(slices.Concat(first, p))
		if len(rows) > 1 {
			f.sample = append(f.sample, rows[1:min(len(rows), windowRows+1)]...)
		}
	}
	return nil
}

// data cuts blank lines above the first row; a byte order mark is none.
func data(b []byte) []byte {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return b
	}
	return bytes.TrimLeft(b, "\r\n")
}

// told gives the delimiter that a line of its own tells to spreadsheets, 0 when there is none.
func told(head []byte) byte {
	line := bytes.Trim(bytes.TrimPrefix(firstLine(head), []byte("\ufeff")), "\" \n")
	if len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) {
		return line[4]
	}
	return 0
}

// windowRows is how many rows of one look are kept.
const windowRows = 100

// firstLine gives a text's first line with its end, so that rows from elsewhere can be put behind it.
func firstLine(b []byte) []byte {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return append(slices.Clone(b), '\n')
	}
	return append(slices.Clone(b[:i]), '\n')
}

// wholeLines cuts what is no whole line at both ends.
func wholeLines(b []byte) []byte {
	from, to := bytes.IndexAny(b, "\r\n"), bytes.LastIndexAny(b, "\r\n")
	if from < 0 || to <= from {
		return nil
	}
	return b[from+1 : to+1]
}

// encodingOf tells how text is encoded; sure is false when nothing but ASCII was seen.
func encodingOf(parts [][]byte) (name string, sure bool) {
	head := parts[0]
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return "utf-8", true
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return "utf-16le", true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16be", true
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch most := len(head) / 5; {
	case zeros[1] > most:
		return "utf-16le", true
	case zeros[0] > most:
		return "utf-16be", true
	}
	for i, p := range parts {
		if i > 0 {
			p = wholeLines(p)
		}
		if len(parts) > 1 && i == 0 {
			p = p[:bytes.LastIndexByte(p, '\n')+1]
		}
		sure = sure || !tabular.ASCII(p)
		if !utf8.Valid(p) {
			return "windows-1252", true
		}
	}
	return "utf-8", sure
}

// delimit finds the delimiter by which most of the rows have several fields, and as many as the first one, and gives the rows.
func (f *File) delimit(head []byte) [][]string {
	var best [][]string
	found, most, first := byte(','), 0, firstLine(head)
	for _, d := range []byte(",;\t|") {
		if bytes.IndexByte(first, d) < 0 {
			continue
		}
		f.Delimiter = d
		rows, bad := f.rows(head)
		if len(rows) == 0 || len(rows[0]) < 2 || bad > len(rows)/4 {
			continue
		}
		if score := len(rows) * len(rows[0]); score > most {
			best, found, most = rows, d, score
		}
	}
	f.Delimiter = found
	if best == nil {
		best, _ = f.rows(head)
	}
	return best
}

// rows splits a text that need not be whole; bad is how many rows have another number of fields than the first one.
func (f *File) rows(b []byte) (rows [][]string, bad int) {
	o := csvfile.Options{Delimiter: f.Delimiter, Encoding: f.Encoding}
	o.Feed, o.Header = "sample", tabular.HeaderNone
	o.Reject = func(canon.Rejection) { bad++ }
	width := min(bytes.Count(firstLine(b), []byte{f.Delimiter})+1, fieldsMost)
	for i := range width {
		o.Columns = append(o.Columns, tabular.Column{Name: strconv.Itoa(i + 1), Position: i + 1})
	}
	for batch, err := range csvfile.New(bytes.NewReader(b), o).Batches(context.Background()) {
		if err != nil {
			break // what came before the end of the piece is enough
		}
		cells := make([]string, batch.Len()*width) // which share memory with the batch
		for c := range width {
			for i, col := 0, batch.Col(canon.RawFirst+c); i < batch.Len(); i++ {
				cells[i*width+c] = col.Text(i)
			}
		}
		for i := range batch.Len() {
			rows = append(rows, cells[i*width:(i+1)*width:(i+1)*width])
		}
	}
	if len(rows) > 0 && bytes.IndexByte(firstLine(b), '"') >= 0 { // a quoted name may hold the delimiter
		rows = narrow(rows)
	}
	return rows, bad
}

// narrow cuts the columns behind the last one that has a value anywhere.
func narrow(rows [][]string) [][]string {
	width := 0
	for _, r := range rows {
		for i := len(r) - 1; i >= width; i-- {
			if r[i] != "" {
				width = i + 1
				break
			}
		}
	}
	for i := range rows {
		rows[i] = rows[i][:width]
	}
	return rows
}
