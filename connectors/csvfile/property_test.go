package csvfile_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

// TestAgreesWithEncodingCSV writes tables with the standard library and compares what both read.
func TestAgreesWithEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 6).Draw(t, "width")
		cell := rapid.OneOf(rapid.StringMatching(`[a-zåäö0-9 ;"'\n.=-]{0,20}`), rapid.Just("x"), rapid.StringMatching(`[a-z]{60,80}`))
		table := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 30).Draw(t, "table")
		o := csvfile.Options{}
		var names []string
		for i := range width {
			names = append(names, fmt.Sprintf("column %d", i))
			o.Columns = append(o.Columns, tabular.Column{Name: names[i]})
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = ';'
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(append([][]string{names}, table...)); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		std := csv.NewReader(strings.NewReader(text))
		std.Comma = ';'
		want, err := std.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		got := read(strings.NewReader(text), o)
		if got.err != nil || len(got.rejected) != 0 {
			t.Fatal(got.err, got.rejected)
		}
		compare(t, got.rows, want[1:])
	})
}

// compare leaves out rows without a value, which are skipped here and may be lines without a field there.
func compare(t *rapid.T, got, want [][]string) {
	var plain [][]string
	for _, row := range got {
		plain = append(plain, row[1:])
	}
	want = slices.DeleteFunc(want, func(row []string) bool { return strings.TrimSpace(strings.Join(row, "")) == "" })
	if len(plain) != len(want) {
		t.Fatalf("%d rows, encoding/csv has %d", len(plain), len(want))
	}
	for i, row := range want {
		for j, v := range row {
			have := strings.ReplaceAll(plain[i][j], "\r\n", "\n")
			if v == "" {
				v = "<null>"
			}
			if have != norm.NFC.String(v) {
				t.Fatalf("row %d column %d: %q, encoding/csv has %q", i, j, have, v)
			}
		}
	}
}

// lines counts rows in the plainest way, one character after the other. Those of the lines in open are of one line, whatever their
// quotes.
func lines(s string, delim byte, quotes bool, open map[int64]bool) (n int64) {
	line, counted := int64(1), 0
	for i := 0; i < len(s); n++ {
		line += formattest.Lines(strings.ReplaceAll(strings.ReplaceAll(s[counted:i], "\r\n", "\n"), "\r", "\n"))
		counted = i
		for {
			if open[line] {
				for i < len(s) && s[i] != '\n' && s[i] != '\r' {
					i++
				}
				break
			}
			if quotes && i < len(s) && s[i] == '"' { // a quote closes where the field does
				for i++; i < len(s); i++ {
					if s[i] != '"' {
						continue
					}
					if i+1 == len(s) || strings.IndexByte(string(delim)+"\r\n", s[i+1]) >= 0 {
						break
					}
					if s[i+1] == '"' {
						i++
					}
				}
			}
			for i < len(s) && s[i] != delim && s[i] != '\n' && s[i] != '\r' {
				i++
			}
			if i == len(s) || s[i] != delim {
				break
			}
			i++
		}
		if strings.HasPrefix(s[i:], "\r\n") {
			i++
		}
		i++
	}
	return n
}

func conservation(t testing.TB, got result) int64 {
	t.Helper()
	if int64(len(got.rows)) != got.sum.Rows || int64(len(got.rejected)) != got.sum.Rejected {
		t.Fatalf("%d rows and %d rejected, the summary has %d and %d", len(got.rows), len(got.rejected), got.sum.Rows, got.sum.Rejected)
	}
	return formattest.Accounted(got.sum)
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"a;b\n1;2\n", "a;b\r1;\"2\r\n\"\"\";\n", "\ufeffa;b\nä;ö\n", "sep=;\na;b\n;\n", "\xff\xfea\x00\n\x00", "a;b\nYhteensä;\n1;2\n",
		"a;b\n1;\"2\n3;4\n5;\"6\"\n7;8\n", "a;b\nRivejä: 3\n", "a;b;a\n", "\"", "a\n\"x", "a\r\r\n\n\r", "a;b\n\xe4;\x81\n", "a;b\n1;2;3\na;b\n", strings.Repeat("x", 300) + "\n1",
	} {
		for kind := range uint8(8) {
			f.Add([]byte(s), kind)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, kind uint8) {
		o := columns("a", "b")
		o.Encoding = []string{"utf-8", "windows-1252", "iso-8859-15", "utf-16be"}[kind&3]
		o.Header = []string{tabular.HeaderRequired, tabular.HeaderNone, tabular.HeaderAuto}[kind>>2%3]
		o.NoQuotes = kind&32 != 0
		o.Limits = tabular.Limits{RowBytes: 256, Columns: 8}
		sameEitherWay(t, in, o)
		got := read(bytes.NewReader(in), o)
		if got.err != nil && fault.ScopeOf(got.err) != fault.Source {
			t.Fatal(got.err)
		}
		all := conservation(t, got)
		if got.err != nil {
			return
		}
		open := map[int64]bool{}
		for _, r := range got.rejected {
			open[r.Line] = open[r.Line] || r.Code == tabular.CodeQuote
		}
		if want := lines(formattest.Decoded(in, got.sum.Encoding), ';', !o.NoQuotes, open); all != want {
			t.Fatalf("%d rows, accounted for %d: %+v", want, all, got.sum)
		}
	})
}
