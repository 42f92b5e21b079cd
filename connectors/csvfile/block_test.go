package csvfile_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

// everything is all that a reader gives, batch by batch.
type everything struct {
	Batches  []string
	Rejected []canon.Rejection
	Sum      tabular.Summary
	Err      string
}

func readAll(in io.Reader, o csvfile.Options, oneByOne bool) (all everything) {
	o.Feed, o.File = "demo/rows", "rows.csv"
	o.Reject = func(r canon.Rejection) { all.Rejected = append(all.Rejected, r) }
	r := csvfile.New(in, o)
	if oneByOne {
		r.OneByOne()
	}
	for b, err := range r.Batches(context.Background()) {
		if err != nil {
			all.Err = err.Error() // with its place
			break
		}
		var text strings.Builder
		for i := range b.Len() {
			for c := range b.Table.Columns {
				fmt.Fprintf(&text, "%v %q,", b.Col(c).Null(i), b.Col(c).AppendTo(nil, i))
			}
			text.WriteByte('\n')
		}
		all.Batches = append(all.Batches, text.String())
	}
	all.Sum = r.Summary()
	return all
}

// sameEitherWay holds that rows which are taken in blocks are what they are one by one.
func sameEitherWay(t interface{ Fatalf(string, ...any) }, in []byte, o csvfile.Options) {
	one, blocks := readAll(bytes.NewReader(in), o, true), readAll(bytes.NewReader(in), o, false)
	if !reflect.DeepEqual(one, blocks) {
		t.Fatalf("of %q with %+v\none by one: %+v\nin blocks:  %+v", in[:min(len(in), 4096)], o, one, blocks)
	}
}

// parts are what exports are made of, and what must not be taken for plain.
var parts = []string{
	"a", "b", "x1", "12345678", "a longer text of some words, longer than one piece of a cell", "ä", "Öhman", "\xe4", "\x81", "\xa4", "€", "a\u0308", "Ã¤", "\u0085", "\u00a0",
	"Yhteensä", "sum", "Sum: 3", "Total", "Antall 2", "Rivit: 3", "id;name;note", "id", "name", " ", "\t", "\ufeff", "\x00", "\x1f", "\x7f", "\xc3", "𝄞", "=1+1",
	`"`, `""`, `"quoted"`, `"x;y"`, "\"x\ny\"", `"say ""hi"""`, `"a"b"`, "\r", "\n", "\r\n", ";", ";;", ";", ";", "\n", "1;2;3\n", "1;ä;\"3\"\r\n", "4;5;6\r", "7;8;9;\n", "\"1\";\"2\";\"\"\n",
}

func anyOptions(of func(n int) int) csvfile.Options {
	o := columns([][]string{{"id", "name", "note"}, {"note", "id"}, {"id", "gone", "name"}, {"name"}}[of(4)]...)
	o.Encoding = []string{"utf-8", "windows-1252", "iso-8859-15"}[of(3)]
	o.Header = []string{tabular.HeaderRequired, tabular.HeaderNone, tabular.HeaderAuto}[of(3)]
	o.NoQuotes = of(4) == 0
	if of(3) == 0 {
		o.Trailer = regexp.MustCompile(`^Rivit: (\d+)$`)
	}
	if of(3) == 0 {
		o.SkipWhenEmpty = []string{o.Columns[0].Name}
	}
	if of(3) == 0 {
		o.SkipWhenFilled = []string{o.Columns[len(o.Columns)-1].Name}
	}
	if of(3) == 0 {
		o.Titles = of(4)
	}
	o.Columns[0].Required = of(2) == 0
	o.Limits = tabular.Limits{RowBytes: []int{0, 20, 100}[of(3)], Columns: []int{0, 3, 4}[of(3)]}
	if of(8) == 0 {
		o.Delimiter = []byte{',', '\t', 0x1f, ' '}[of(4)]
	}
	return o
}

func TestBlocksAreTheSameRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOptions(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "option") })
		head := rapid.SampledFrom([]string{"id;name;note\n", "id;name;note;\r\n", "sep=;\nid;name;note\n", "", "title\nid;name;note\n", ";id;name\n", "Öid;id;name\n"}).Draw(t, "head")
		in := head + strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 60).Draw(t, "parts"), "")
		sameEitherWay(t, []byte(in), o)
	})
}

// TestBlocksAreTheSameRowsOfManyWindows has more rows than a batch and more bytes than a window.
func TestBlocksAreTheSameRowsOfManyWindows(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := anyOptions(random.IntN)
		o.Limits = tabular.Limits{}
		line := []string{"\n", "\r\n", "\r"}[random.IntN(3)]
		in := []byte("id;name;note" + line)
		odd := []int{1 << 30, 500, 20, 3}[seed%4]
		for i := 0; len(in) < 600<<10; i++ {
			if random.IntN(odd) == 0 {
				in = append(in, parts[random.IntN(len(parts))]...)
			}
			name := []string{"Esimerkki", `"Esimerkki"`, "Näyte-Öhman", "N\xe4yte", "", "Aino Maria"}[(i/3000+random.IntN(2))%6]
			in = fmt.Appendf(in, "%07d;%s;%s%s", i, name, strings.Repeat("x", random.IntN(70)), line)
		}
		sameEitherWay(t, in, o)
	}
}
