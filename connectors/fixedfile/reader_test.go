package fixedfile_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"uoma/connectors/fixedfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

var ranges = []fixedfile.Range{{From: 1, To: 10}, {From: 11, To: 60}, {From: 61, To: 400_000}}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))) }

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Records: true, OpenEnd: true, Plain: true,
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return fixedfile.New(in.Reader, fixedfile.Options{Options: o, Ranges: ranges, HeaderLines: 1})
		},
		Write: func(rows [][]string) []byte {
			b := bytes.NewBufferString("ID        NAME\n")
			for _, row := range rows {
				b.WriteString(strings.TrimRight(pad(row[0], 10)+pad(row[1], 50)+row[2], " ") + "\n")
			}
			return b.Bytes()
		},
		Control: func(export []byte, rows int, o *tabular.Options) []byte {
			o.Trailer, o.TrailerRequired = regexp.MustCompile(`^END (\d+)$`), true
			return fmt.Appendf(export, "END %d\n", rows)
		},
	})
}

func read(in io.Reader, o fixedfile.Options) formattest.Result {
	o.Feed = "demo/rows"
	o.Columns = []tabular.Column{{Name: "a"}, {Name: "b"}}
	o.Ranges = []fixedfile.Range{{From: 1, To: 3}, {From: 5, To: 8}}
	s := formattest.Subject{Open: func(in formattest.Input, t tabular.Options) tabular.Reader {
		o.Options = t
		return fixedfile.New(in.Reader, o)
	}}
	return s.Read(formattest.Input{Reader: in}, o.Options)
}

func TestRows(t *testing.T) {
	var ended fixedfile.Options
	ended.Trailer, ended.TrailerRequired = regexp.MustCompile("^End of$"), true
	endedAt := ended
	endedAt.Length = 8
	cases := map[string]struct {
		in   string
		o    fixedfile.Options
		want string
	}{
		"padding":      {" 1 x  2  \n", fixedfile.Options{}, "[[1 2]]"},
		"characters":   {"äöå;näyte\r\nabc;1\n", fixedfile.Options{}, "[[äöå näyt] [abc 1]]"},
		"windows-1252": {"\xe4\xf6\xe5;\x80123\n", fixedfile.Options{Encoding: "windows-1252"}, "[[äöå €123]]"},
		"UTF-16":       {"\xff\xfea\x00\xe4\x00c\x00;\x001\x00\n\x00", fixedfile.Options{}, "[[aäc 1]]"},
		"short lines":  {"a\nabcd\n\n", fixedfile.Options{}, "[[a ] [abc ]]"},
		"a short end":  {"abc;1234\nab", fixedfile.Options{}, "[[abc 1234] [ab ]]"},
		"a last line":  {"abc;1234\nEnd of", ended, "[[abc 1234]]"},
		"it at length": {"abc;1234\nEnd of", endedAt, "[[abc 1234]]"},
		"length":       {"abc;1234\n", fixedfile.Options{Length: 8}, "[[abc 1234]]"},
	}
	for name, c := range cases {
		for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			if got := read(in, c.o); got.Err != nil || fmt.Sprint(got.Rows) != c.want || len(got.Rejected) > 0 {
				t.Errorf("%s: %v %v %v", name, got.Rows, got.Err, got.Rejected)
			}
		}
	}
}

func TestBadLinesAndSources(t *testing.T) {
	got := read(strings.NewReader("abc;1234\nabc;123\nab\x00;1234\nabc;1234x\n"), fixedfile.Options{Length: 8})
	if got.Err != nil || len(got.Rows) != 1 || len(got.Rejected) != 3 || got.Rejected[0].Code != tabular.CodeLineLength || got.Rejected[1].Code != tabular.CodeControl {
		t.Errorf("%v %+v", got.Err, got.Rejected)
	}
	for in, code := range map[string]string{"": "UOMA-LND-EMPTY", "abc\xe4\n": "UOMA-LND-ENCODING"} {
		if got := read(strings.NewReader(in), fixedfile.Options{}); fault.Code(got.Err) != code {
			t.Errorf("%q: %v", in, got.Err)
		}
	}
	if got := read(strings.NewReader("abc;1234\nab"), fixedfile.Options{Length: 8}); fault.Code(got.Err) != "UOMA-LND-TRUNCATED" {
		t.Error(got.Err)
	}
	var last fixedfile.Options
	last.Trailer = regexp.MustCompile("^End$")
	for in, code := range map[string]string{"End\nabc;1234\n": "UOMA-LND-CONTROL", "abc;1234\nEnd\nEnd\n": "UOMA-LND-CONTROL"} {
		if got := read(strings.NewReader(in), last); fault.Code(got.Err) != code {
			t.Errorf("%q: %v", in, got.Err)
		}
	}
	for _, o := range []fixedfile.Options{{Encoding: "EBCDIC"}, {Length: 7}} {
		if got := read(strings.NewReader("abc;1234\n"), o); fault.Code(got.Err) != "UOMA-LND-OPTIONS" {
			t.Error(got.Err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("abc;1234\nä\n"), "")
	f.Add([]byte("\xe4bc;1234\r\n"), "windows-1252")
	f.Add([]byte("\xff\xfea\x00"), "utf-16le")
	f.Fuzz(func(t *testing.T, b []byte, encoding string) {
		got := read(bytes.NewReader(b), fixedfile.Options{Encoding: encoding})
		if fault.Code(got.Err) == "UOMA-LND-OPTIONS" {
			return
		}
		formattest.Conserved(t, got)
		if want := formattest.Lines(formattest.Decoded(b, got.Sum.Encoding)); got.Err == nil && formattest.Accounted(got.Sum) != want {
			t.Fatalf("%d lines, %+v", want, got.Sum)
		}
		for _, row := range got.Rows {
			for i, room := range []int{3, 4} {
				if strings.IndexFunc(row[i], func(r rune) bool { return r >= 0x300 }) >= 0 {
					room *= 3 // some characters are up to three in normalization form C (Unicode Standard Annex 15)
				}
				if utf8.RuneCountInString(row[i]) > room || !utf8.ValidString(row[i]) {
					t.Fatalf("%q", row)
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	var in bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&in, "%010d%-50s%-40s%-20s\n", i, "Nayte-Ohman Aino Maria", "Mallikatu 1 A 2", "+358400000001")
	}
	o := fixedfile.Options{Ranges: []fixedfile.Range{{From: 1, To: 10}, {From: 11, To: 60}, {From: 61, To: 100}, {From: 101, To: 120}}}
	o.Feed, o.Columns = "bench/rows", []tabular.Column{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		n := 0
		for batch, err := range fixedfile.New(bytes.NewReader(in.Bytes()), o).Batches(b.Context()) {
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

// UTF-8 that is read by an encoding of one byte has its columns elsewhere, on the lines of whoever has a letter beyond ASCII.
func TestTextThatIsUTF8(t *testing.T) {
	name := "01Äöö\n02Åäö\n"
	for in, code := range map[string]string{
		name + "03ÄÅ\n":                         "UOMA-LND-ENCODING",
		name + "03Å\n":                          "", // too few to tell
		name + "03ÄÅ\n04\xe4\n":                 "",
		name + "03ÄÅ\n04\xc3":                   "",
		"01€€€€€€€€\n":                          "UOMA-LND-ENCODING",
		"\ufeff" + name + "03ÄÅ\n":              "",
		"01" + strings.Repeat("\xe4", 8) + "\n": "",
	} {
		o := fixedfile.Options{Encoding: "windows-1252", Ranges: []fixedfile.Range{{From: 1, To: 2}, {From: 3, To: 5}}}
		o.Feed, o.Columns = "demo/rows", []tabular.Column{{Name: "a"}, {Name: "b"}}
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			var failed error
			for _, err := range fixedfile.New(r, o).Batches(t.Context()) {
				failed = err
			}
			if fault.Code(failed) != code {
				t.Errorf("%q: %v", in, failed)
			}
		}
	}
}
