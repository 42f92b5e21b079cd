// Command formats measures how fast the readers of exports are, and how much memory they take.
//
//	formats write FORMAT BYTES    writes an export of made-up people to standard output, at least so many bytes
//	formats read FORMAT FILE      reads one with our reader
//	formats std FORMAT FILE       reads one with the standard library's
//	formats peer FORMAT FILE      reads one with another library's, where there is one in Go
//	formats plain FORMAT FILE     reads the bytes and nothing more
//
// Readers print rows, bytes, the processor time of their process (user and system) and its peak resident memory. A FILE of
// "-" is standard input, for formats that are read from start to end. bench/formats.sh puts the parts together.
package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"uoma/connectors/compressed"
	"uoma/connectors/csvfile"
	"uoma/connectors/fixedfile"
	"uoma/connectors/jsonfile"
	"uoma/connectors/ldiffile"
	"uoma/connectors/parquetfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
	"uoma/connectors/xmlfile"
)

type person struct {
	ID       string `parquet:"id" json:"id" xml:"id,attr"`
	Hetu     string `parquet:"hetu" json:"hetu" xml:"hetu"`
	Family   string `parquet:"family" json:"family" xml:"family"`
	Given    string `parquet:"given" json:"given" xml:"given"`
	Born     string `parquet:"born" json:"born" xml:"born"`
	Language string `parquet:"language" json:"language" xml:"language"`
	Street   string `parquet:"street" json:"street" xml:"street"`
	Postcode string `parquet:"postcode" json:"postcode" xml:"postcode"`
	Email    string `parquet:"email" json:"email" xml:"email"`
	Phone    string `parquet:"phone" json:"phone" xml:"phone"`
}

var names = []string{"id", "hetu", "family", "given", "born", "language", "street", "postcode", "email", "phone"}

func nth(i int) person {
	return person{fmt.Sprintf("%09d", i), "290296-977L", "Näyte-Öhman", "Aino Maria", "1996-02-29", "fi", fmt.Sprintf("Mallikatu %d A 2", i%100), "50100",
		fmt.Sprintf("aino.esimerkki%d@mail.example", i), "+358400000001"}
}

func (p *person) values() []string {
	return []string{p.ID, p.Hetu, p.Family, p.Given, p.Born, p.Language, p.Street, p.Postcode, p.Email, p.Phone}
}

// counted counts what it passes on.
type counted struct {
	io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

const width = 40 // of each column of fixed width

func write(format string, size int64) error {
	out := &counted{Writer: os.Stdout}
	w := bufio.NewWriterSize(out, 1<<20)
	if strings.HasPrefix(format, "parquet") {
		return writeParquet(out, size, format == "parquet-wide")
	}
	if format == "xlsx" {
		return writeXLSX(out, size)
	}
	open, end := map[string]string{"csv": strings.Join(names, ";") + "\n", "json": "[\n", "xml": "<People>\n"}[format], map[string]string{"json": "]\n", "xml": "</People>\n"}[format]
	w.WriteString(open)
	for i := 0; out.n < size; i++ {
		p := nth(i)
		switch format {
		case "csv":
			w.WriteString(strings.Join(p.values(), ";"))
		case "json", "ndjson":
			if i > 0 && format == "json" {
				w.WriteString(",")
			}
			b, _ := json.Marshal(p)
			w.Write(b)
		case "xml":
			fmt.Fprintf(w, `<Person id="%s">`, p.ID)
			for c, v := range p.values()[1:] {
				w.WriteString("<" + names[c+1] + ">" + v + "</" + names[c+1] + ">")
			}
			w.WriteString("</Person>")
		case "fixed":
			for _, v := range p.values() {
				fmt.Fprintf(w, "%-*s", width, v)
			}
		case "ldif":
			w.WriteString("dn: uid=" + p.ID + ",dc=example\n")
			for c, v := range p.values() {
				w.WriteString(names[c] + ": " + v + "\n")
			}
		default:
			return errors.New("no such format")
		}
		w.WriteString("\n")
	}
	w.WriteString(end)
	return w.Flush()
}

// writeParquet writes row groups of half a million rows; wide ones have a text of a kilobyte and are not compressed.
func writeParquet(out *counted, size int64, wide bool) error {
	compression := parquet.Compression(&parquet.Snappy)
	if wide {
		compression = parquet.Compression(&parquet.Uncompressed)
	}
	w := parquet.NewGenericWriter[person](out, compression)
	rows := make([]person, 10_000)
	for i := 0; out.n < size; {
		for j := range rows {
			rows[j] = nth(i)
			if wide {
				rows[j].Street = strings.Repeat(rows[j].Street, 64)
			}
			i++
		}
		if _, err := w.Write(rows); err != nil {
			return err
		}
		if i%500_000 == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

func options(path func(string) string) tabular.Options {
	o := tabular.Options{Feed: "bench/people"}
	for i, name := range names {
		o.Columns = append(o.Columns, tabular.Column{Name: name, Position: i + 1, Path: path(name)})
	}
	return o
}

// reader makes a reader of a format, or of FORMAT.gz or FORMAT.zst. What has to be read here and there is a file.
func reader(format string, f *os.File) (tabular.Reader, error) {
	format, packed, _ := strings.Cut(format, ".")
	if packed == "" {
		return open(format, f, f)
	}
	r, err := compressed.NewReader(f, map[string]string{"gz": compressed.Gzip, "zst": compressed.Zstd}[packed], compressed.Limits{})
	if err != nil {
		return nil, err
	}
	return open(format, r, nil)
}

func open(format string, in io.Reader, f *os.File) (tabular.Reader, error) {
	o := options(func(string) string { return "" })
	switch format {
	case "csv":
		return csvfile.New(in, csvfile.Options{Options: o}), nil
	case "json", "ndjson":
		return jsonfile.New(in, jsonfile.Options{Options: record.Options{Options: o}, Lines: format == "ndjson"}), nil
	case "xml":
		o.Columns[0].Path = "@id"
		return xmlfile.New(in, record.Options{Options: o, Rows: "People/Person"}), nil
	case "ldif":
		return ldiffile.New(in, o), nil
	case "fixed":
		fixed := fixedfile.Options{Options: o}
		for i := range names {
			fixed.Ranges = append(fixed.Ranges, fixedfile.Range{From: i*width + 1, To: (i + 1) * width})
		}
		return fixedfile.New(in, fixed), nil
	case "parquet", "parquet-wide":
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return parquetfile.New(f, info.Size(), parquetfile.Options{Options: o}), nil
	case "xlsx":
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return xlsx.New(f, info.Size(), xlsx.Options{Options: o}), nil
	}
	return nil, errors.New("no such format")
}

func read(format string, f *os.File) (rows int64, err error) {
	r, err := reader(format, f)
	if err != nil {
		return 0, err
	}
	for _, err := range r.Batches(context.Background()) {
		if err != nil {
			return 0, err
		}
	}
	if s := r.Summary(); s.Rejected > 0 {
		return 0, fmt.Errorf("%d rows were rejected", s.Rejected)
	}
	return r.Summary().Rows, nil
}

// standard reads with the standard library, as far as that goes: into structs, or by tokens.
func standard(format string, f *os.File) (rows int64, err error) {
	in := bufio.NewReaderSize(f, 256<<10)
	switch format {
	case "csv":
		r := csv.NewReader(in)
		r.Comma, r.ReuseRecord = ';', true
		for ; ; rows++ {
			if _, err := r.Read(); err == io.EOF {
				return rows - 1, nil
			} else if err != nil {
				return rows, err
			}
		}
	case "json", "ndjson":
		d := json.NewDecoder(in)
		if format == "json" {
			if _, err := d.Token(); err != nil {
				return 0, err
			}
		}
		for ; d.More(); rows++ {
			var p person
			if err := d.Decode(&p); err != nil {
				return rows, err
			}
		}
		return rows, nil
	case "fixed": // lines, and the texts of their columns
		lines := bufio.NewScanner(in)
		row := make([]string, len(names))
		for ; lines.Scan(); rows++ {
			line, from := lines.Text(), 0
			for c := range row {
				to := from
				for range width { // characters
					_, n := utf8.DecodeRuneInString(line[to:])
					to += n
				}
				row[c], from = strings.TrimRight(line[from:to], " "), to
			}
		}
		return rows, lines.Err()
	case "xml":
		d := xml.NewDecoder(in)
		for {
			t, err := d.RawToken()
			if err == io.EOF {
				return rows, nil
			}
			if err != nil {
				return rows, err
			}
			if e, ok := t.(xml.EndElement); ok && e.Name.Local == "Person" {
				rows++
			}
		}
	}
	return 0, errors.New("the standard library has no reader of it")
}

// peer reads with another library.
func peer(format string, f *os.File) (rows int64, err error) {
	if format != "xlsx" {
		return 0, errors.New("no other library reads it")
	}
	book, err := excelize.OpenReader(f)
	if err != nil {
		return 0, err
	}
	defer book.Close()
	sheet, err := book.Rows(book.GetSheetName(0))
	if err != nil {
		return 0, err
	}
	defer sheet.Close()
	for ; sheet.Next(); rows++ {
		if _, err := sheet.Columns(); err != nil {
			return 0, err
		}
	}
	return rows - 1, sheet.Error()
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: formats write FORMAT BYTES | formats read|std|peer|plain FORMAT FILE")
	}
	if args[0] == "write" {
		size, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		return write(args[1], size)
	}
	f := os.Stdin
	if args[2] != "-" {
		var err error
		if f, err = os.Open(args[2]); err != nil {
			return err
		}
		defer f.Close()
	}
	debug.SetGCPercent(400) // as the program has it while little lives
	measure := map[string]func(string, *os.File) (int64, error){"read": read, "std": standard, "peer": peer, "plain": func(_ string, f *os.File) (int64, error) {
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 256<<10))
		return 0, err
	}}[args[0]]
	if measure == nil {
		return errors.New("no such measure")
	}
	rows, err := measure(args[1], f)
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	fmt.Printf("%s %s rows=%d cpu=%.2fs peak=%dMiB\n", args[0], args[1], rows, cpu.Seconds(), used.Maxrss>>10)
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
