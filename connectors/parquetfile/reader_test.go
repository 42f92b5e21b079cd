package parquetfile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"uoma/connectors/formattest"
	"uoma/connectors/parquetfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

func write[T any](t testing.TB, rows []T, groupRows int, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, options...)
	for len(rows) > 0 {
		n := min(groupRows, len(rows))
		if _, err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func columns(specs ...string) parquetfile.Options {
	var o parquetfile.Options
	o.Feed = "demo/rows"
	for _, spec := range specs {
		spec, list, _ := strings.Cut(spec, " ")
		name, path, _ := strings.Cut(spec, "=")
		o.Columns = append(o.Columns, tabular.Column{Name: name, Path: path, List: list})
	}
	return o
}

func read(b []byte, o parquetfile.Options) formattest.Result {
	s := formattest.Subject{Open: func(in formattest.Input, t tabular.Options) tabular.Reader {
		o.Options = t
		return parquetfile.New(in.ReaderAt, in.Size, o)
	}}
	return s.Read(formattest.Of(b), o.Options)
}

func text(got formattest.Result) string {
	var lines []string
	for _, row := range got.Rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n")
}

type plain struct {
	More int64   `parquet:"more,delta"`
	Note *string `parquet:"note,optional,dict"`
	Name *string `parquet:"name,optional"`
	ID   string  `parquet:"id,delta"`
}

func plainRows(rows [][]string) []plain {
	out := make([]plain, len(rows))
	opt := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	for i, r := range rows {
		out[i] = plain{int64(i), opt(r[2]), opt(r[1]), r[0]}
	}
	return out
}

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return parquetfile.New(in.ReaderAt, in.Size, parquetfile.Options{Options: o})
		},
		Write: func(rows [][]string) []byte {
			return write(t, plainRows(rows), 5000, parquet.Compression(&parquet.Snappy), parquet.PageBufferSize(8<<10))
		},
	})
}

func TestCompressionsAndPageVersions(t *testing.T) {
	rows := formattest.Rows(3000)
	for name, codec := range map[string]compress.Codec{"snappy": &parquet.Snappy, "zstd": &parquet.Zstd, "gzip": &parquet.Gzip, "none": &parquet.Uncompressed,
		"lz4": &parquet.Lz4Raw, "brotli": &parquet.Brotli} {
		for version := 1; version <= 2; version++ {
			b := write(t, plainRows(rows), 1000, parquet.Compression(codec), parquet.PageBufferSize(8<<10), parquet.DataPageVersion(version))
			got := read(b, columns("id", "name", "note"))
			if got.Err != nil || fmt.Sprint(got.Rows) != fmt.Sprint(rows) {
				t.Errorf("%s, pages of version %d: %v, %d rows", name, version, got.Err, len(got.Rows))
			}
		}
	}
}

type study struct {
	Code   string   `parquet:"code"`
	States []string `parquet:"states,list"`
}

type person struct {
	ID      string    `parquet:"id"`
	Born    int32     `parquet:"born,date"`
	Changed time.Time `parquet:"changed,timestamp(nanosecond)"`
	Local   int64     `parquet:"local,timestamp(millisecond:local)"`
	Clock   int64     `parquet:"clock,time(microsecond)"`
	Amount  int64     `parquet:"amount,decimal(2:12)"`
	Large   [16]byte  `parquet:"large,decimal(3:38)"`
	Count   uint64    `parquet:"count"`
	Share   float64   `parquet:"share"`
	Active  bool      `parquet:"active"`
	Key     [16]byte  `parquet:"key,uuid"`
	Photo   []byte    `parquet:"photo"`
	Home    struct {
		City string `parquet:"city"`
	} `parquet:"home"`
	Phones  []string `parquet:"phones,list"`
	Studies []study  `parquet:"studies,list"`
	Bare    []string `parquet:"bare"`
}

func sample() []person {
	a := person{ID: "a", Born: 7338, Changed: time.Date(2026, 11, 22, 1, 2, 3, 123456789, time.UTC), Local: 1_795_305_600_000, Clock: 3_723_000_001, Amount: -12345,
		Count: 18446744073709551615, Share: 0.1, Active: true, Key: [16]byte{1, 2, 3}, Photo: []byte{0xff, 0xd8}, Phones: []string{"1", "2"},
		Studies: []study{{"x", []string{"p", "q"}}, {"y", nil}}, Bare: []string{"z"}}
	a.Home.City = "Mikkeli"
	large, _ := new(big.Int).SetString("-12345678901234567890123456789012345678", 10)
	large.Add(large, new(big.Int).Lsh(big.NewInt(1), 128)).FillBytes(a.Large[:])
	return []person{a, {ID: "b", Changed: time.Unix(0, 0)}, {ID: "c", Studies: []study{{"z", []string{"r"}}}}}
}

func TestValuesAreExact(t *testing.T) {
	b := write(t, sample(), 2)
	got := read(b, columns("id", "born", "changed", "local", "clock", "amount", "large", "count", "share", "active", "key", "home/city", "phones ;", "bare ;"))
	want := "a|1990-02-03|2026-11-22T01:02:03.123456789Z|2026-11-22T00:00:00|01:02:03.000001|-123.45|-12345678901234567890123456789012345.678|18446744073709551615|0.1|true|01020300-0000-0000-0000-000000000000|Mikkeli|1;2|z\n" +
		"b|1970-01-01|1970-01-01T00:00:00Z|1970-01-01T00:00:00|00:00:00|0|0|0|0|false|00000000-0000-0000-0000-000000000000|||"
	if got.Err != nil || !strings.HasPrefix(text(got), want) || len(got.Rows) != 3 {
		t.Fatalf("got  %s\nwant %s\n%v %v", text(got), want, got.Err, got.Rejected)
	}
	if fmt.Sprint(got.Sum.Unknown) != "[photo studies/list/element/code studies/list/element/states/list/element]" {
		t.Errorf("unknown %q", got.Sum.Unknown)
	}
}

func TestKinds(t *testing.T) {
	b := write(t, sample()[:2], 9)
	o := columns("born", "home/city", "id", "none")
	r := parquetfile.New(bytes.NewReader(b), int64(len(b)), o)
	for batch, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"dss ", "d s "} {
			if got := batch.Col(canon.RawKinds).Text(i); got != want {
				t.Errorf("kinds %q, want %q", got, want)
			}
		}
	}
	if fmt.Sprint(r.Summary().Missing) != "[none]" {
		t.Errorf("%+v", r.Summary())
	}
}

func TestRowsInsideARecord(t *testing.T) {
	b := write(t, sample(), 2)
	o := columns("id=../id", "code", "states ,", "phones=../phones ;")
	o.Each = "studies"
	got := read(b, o)
	if got.Err != nil || text(got) != "a|x|p,q|1;2\na|y||1;2\nc|z|r|" || got.Sum.Skipped[tabular.SkipNoRows] != 1 {
		t.Fatalf("%q %v %+v", text(got), got.Err, got.Sum)
	}
	values := columns("id=../id", "phone=.")
	values.Each = "phones"
	if got := read(b, values); got.Err != nil || text(got) != "a|1\na|2" || fmt.Sprint(got.Lines) != "[1 2]" {
		t.Errorf("%q %v %v", text(got), got.Err, got.Lines)
	}
	turned := columns("id=../id", "code", "phones=../phones") // one value by the layout, lists in the file
	turned.Each = "studies"
	if got := read(b, turned); fault.Code(got.Err) != "UOMA-LND-LIST" || fault.ScopeOf(got.Err) != fault.Source {
		t.Error(got.Err)
	}
	for each, code := range map[string]string{"none": "UOMA-LND-ROWS", "home": "UOMA-LND-ROWS", "studies/states": "UOMA-LND-ROWS"} {
		o.Each = each
		if got := read(b, o); fault.Code(got.Err) != code {
			t.Errorf("%s: %v", each, got.Err)
		}
	}
}

func TestRejections(t *testing.T) {
	b := write(t, sample(), 2)
	for spec, code := range map[string]string{"phones": tabular.CodeSeveral, "photo": tabular.CodeNotText} {
		got := read(b, columns("id", spec))
		if got.Err != nil || len(got.Rows) != 2 || len(got.Rejected) != 1 || got.Rejected[0].Code != code || got.Rejected[0].Line != 1 {
			t.Errorf("%s: %v %+v", spec, got.Err, got.Rejected)
		}
	}
	required := columns("id", "gone")
	required.Columns[1].Required = true
	if got := read(b, required); fault.Code(got.Err) != "UOMA-LND-HEADER-MISSING" {
		t.Error(got.Err)
	}
	for name, b := range map[string][]byte{"text": []byte("id;name\n1;Esimerkki\n"), "cut": b[:len(b)-9], "footer": append(bytes.Clone(b[:len(b)-8]), "\xff\xff\xff\x7fPAR1"...)} {
		if got := read(b, columns("id")); fault.Code(got.Err) != "UOMA-LND-PARQUET" {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}

// A page that inflates to much more than it is, and one that says that it does, cost no memory.
func TestThreat_T01_PageBombs(t *testing.T) {
	var before, after runtime.MemStats
	for name, codec := range map[string]compress.Codec{"snappy": &parquet.Snappy, "zstd": &parquet.Zstd, "gzip": &parquet.Gzip, "lz4": &parquet.Lz4Raw, "brotli": &parquet.Brotli} {
		rows := []plain{{ID: strings.Repeat("x", 40<<20)}}
		b := write(t, rows, 1, parquet.Compression(codec), parquet.PageBufferSize(128<<20))
		runtime.ReadMemStats(&before)
		got := read(b, columns("id"))
		runtime.ReadMemStats(&after)
		if fault.Code(got.Err) != "UOMA-LND-BOMB" && fault.Code(got.Err) != "UOMA-LND-PARQUET" {
			t.Errorf("%s: %v", name, got.Err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes of memory", name, used)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, sample(), 2))
	f.Add(write(f, sample(), 9, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)))
	f.Add(write(f, []plain{{ID: "1"}, {ID: "2"}}, 1, parquet.Compression(&parquet.Gzip)))
	f.Add(write(f, plainRows(formattest.Rows(9)), 9, parquet.Compression(&parquet.Lz4Raw)))
	f.Add(write(f, plainRows(formattest.Rows(9)), 9, parquet.Compression(&parquet.Brotli)))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := columns("id", "born", "changed", "large", "phones ;", "note")
		got := read(b, o)
		formattest.Conserved(t, got)
		if got.Err == nil {
			records(t, b, got.Sum)
		}
		o = columns("id=../id", "code", "states ,")
		o.Each = "studies"
		got = read(b, o)
		formattest.Conserved(t, got)
		if got.Err == nil {
			elements(t, b, got.Sum)
		}
	})
}

// records holds that each record of an accepted file is accounted for.
func records(t *testing.T, b []byte, sum tabular.Summary) {
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		t.Fatalf("accepted what the library does not: %v", err)
	}
	n := int64(0)
	for _, g := range f.RowGroups() {
		n += g.NumRows()
	}
	if n != formattest.Accounted(sum) {
		t.Fatalf("%d records, %+v", n, sum)
	}
}

// elements counts those of the list studies by the levels of its first column: a record without any is one, too.
func elements(t *testing.T, b []byte, sum tabular.Summary) {
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		t.Fatalf("accepted what the library does not: %v", err)
	}
	code, ok := f.Schema().Lookup("studies", "list", "element", "code")
	if !ok || len(f.RowGroups()) == 0 || sum.Rejected > 0 {
		return
	}
	n, values := int64(0), make([]parquet.Value, 100)
	for _, g := range f.RowGroups() {
		pages := g.ColumnChunks()[code.ColumnIndex].Pages()
		defer pages.Close()
		for {
			page, err := pages.ReadPage()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for r, read := page.Values(), 0; ; {
				if read, err = r.ReadValues(values); read == 0 {
					break
				}
				n += int64(read)
			}
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
	}
	if n != formattest.Accounted(sum) {
		t.Fatalf("%d elements, %+v", n, sum)
	}
}

func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	type row struct {
		ID, Hetu, Family, Given, Born, Sex, Language, Nationality, Street, Postcode, Email, Phone string
		Credits                                                                                   float64
		Graduated                                                                                 int64
	}
	in := make([]row, rows)
	for i := range in {
		in[i] = row{fmt.Sprintf("%07d", i), "290296-977L", "Näyte-Öhman", "Aino Maria", "1996-02-29", "2", "fi", "246", fmt.Sprintf("Mallikatu %d A 2", i%100), "50100", fmt.Sprintf("aino.esimerkki%d@mail.example", i), "+358400000001", 210, int64(i)}
	}
	packed := write(b, in, rows, parquet.Compression(&parquet.Snappy))
	o := columns("ID", "Hetu", "Family", "Given", "Born", "Sex", "Language", "Nationality", "Street", "Postcode", "Email", "Phone", "Credits", "Graduated")
	b.SetBytes(int64(len(packed)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for batch, err := range parquetfile.New(bytes.NewReader(packed), int64(len(packed)), o).Batches(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Len()
		}
		if n != rows {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
