package tabular_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

func cells(line string) [][]byte {
	if line == "" {
		return nil
	}
	return bytes.Split([]byte(line), []byte("|"))
}

func newAssembler(t testing.TB, o tabular.Options, sparse bool) *tabular.Assembler {
	t.Helper()
	o.Feed = "demo/rows"
	a, err := tabular.NewAssembler(o, sparse)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func add(a *tabular.Assembler, lines ...string) error {
	for i, line := range lines {
		if err := a.Add(&tabular.Row{Line: int64(i + 1), Cells: cells(line), Wide: !tabular.ASCII([]byte(line))}); err != nil {
			return err
		}
	}
	return a.End(int64(len(lines)))
}

var ab = []tabular.Column{{Name: "a", Required: true}, {Name: "b", Aliases: []string{"Bee"}}}

func TestKindsFollowTheColumns(t *testing.T) {
	a := newAssembler(t, tabular.Options{Columns: append([]tabular.Column{{Name: "none"}}, ab...)}, true)
	if err := a.Add(&tabular.Row{Line: 1, Cells: cells("x|b|a")}); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(&tabular.Row{Line: 2, Cells: cells("1|2|3"), Kinds: []byte("nds")}); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(&tabular.Row{Line: 3, Cells: cells("|4"), Kinds: []byte(" b")}); err != nil {
		t.Fatal(err)
	}
	b := a.Flush()
	for i, want := range []string{" sd", "  b"} {
		if got := b.Col(canon.RawKinds).Text(i); got != want {
			t.Errorf("kinds %q, want %q", got, want)
		}
	}
	if b.Named("a").Text(0) != "3" || !b.Named("a").Null(1) || !b.Named("none").Null(0) {
		t.Error("cells are not at their columns")
	}
}

func TestHeaderNames(t *testing.T) {
	for _, header := range []string{"a|b", " A |BEE", "\ufeffa|bee\u00a0", "b|a|more", "Bee|a"} {
		a := newAssembler(t, tabular.Options{Columns: ab}, false)
		if err := add(a, header, strings.Repeat("1|", strings.Count(header, "|"))+"1"); err != nil || a.Summary().Rows != 1 || len(a.Summary().Missing) > 0 {
			t.Errorf("%q: %v %+v", header, err, a.Summary())
		}
	}
	for header, code := range map[string]string{"b|c": "UOMA-LND-HEADER-MISSING", "a|b|bee": "UOMA-LND-HEADER-DUPLICATE", "x|y": "UOMA-LND-HEADER"} {
		a := newAssembler(t, tabular.Options{Columns: ab, File: "demo.csv"}, false)
		err := add(a, header)
		var e *fault.Error
		if !errors.As(err, &e) || e.Code != code || e.Scope != fault.Source || e.Place.File != "demo.csv" || len(a.Summary().Unknown) > 0 {
			t.Errorf("%q: %v, unknown %q", header, err, a.Summary().Unknown)
		}
	}
}

func TestUnknownNamesAreSafeToShow(t *testing.T) {
	a := newAssembler(t, tabular.Options{Columns: ab}, false)
	if err := add(a, "a|\u202ex\x1b|"+strings.Repeat("y", 200)); err != nil {
		t.Fatal(err)
	}
	if got := a.Summary().Unknown; got[0] != "x" || len([]rune(got[1])) != 81 {
		t.Fatalf("%q", got)
	}
}

func TestTotals(t *testing.T) {
	cases := map[string]struct {
		lines    []string
		rows     int64
		summary  int64
		rejected int64
	}{
		"at the end":               {[]string{"1|2|3", "Yhteensä|5|", "TOTAL: 5||"}, 1, 2, 0},
		"before a repeated header": {[]string{"1|2|3", "Sum||", "a|b|c", "1|2|3"}, 2, 1, 0},
		"before data":              {[]string{"Sum||", "1|2|3"}, 1, 0, 1},
		"a name":                   {[]string{"Sum|Wing|3", "Totally|2|3", "Antallet|2|3"}, 3, 0, 0},
		"without shape of a row":   {[]string{"1|2|3", "Rivejä yhteensä: 1"}, 1, 1, 0},
		"no first value":           {[]string{"|Total|3"}, 0, 1, 0},
		"too long":                 {[]string{"1|2|3", "Total|" + strings.Repeat("x", 1<<17) + "|"}, 1, 0, 1},
		"too many":                 {slices.Repeat([]string{"Total||"}, 65), 0, 1, 64},
		"decomposed":               {[]string{"Yhteensa\u0308||"}, 0, 1, 0},
	}
	columns := []tabular.Column{{Name: "a", Required: true}, {Name: "b"}, {Name: "c"}}
	for name, c := range cases {
		a := newAssembler(t, tabular.Options{Columns: columns}, false)
		err := add(a, append([]string{"a|b|c"}, c.lines...)...)
		s := a.Summary()
		if err != nil || s.Rows != c.rows || s.Skipped[tabular.SkipSummary] != c.summary || s.Rejected != c.rejected {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
}

func TestMojibake(t *testing.T) {
	for text, want := range map[string]int64{"Ã¤": 1, "Ã–hman": 1, "xÃ…": 1, "Ã„iti": 1, "SÃO": 0, "ä": 0, "Ã": 0, "Ã ": 0, "SÃ OÃ¤": 1} {
		a := newAssembler(t, tabular.Options{Columns: ab}, false)
		if err := add(a, "a|b", "1|"+text); err != nil || a.Summary().Mojibake != want {
			t.Errorf("%q: %d, %v", text, a.Summary().Mojibake, err)
		}
	}
}

// TestConservation holds what no input may break: every row below the header is in a batch, rejected or skipped.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.OneOf(rapid.StringMatching(`[ab1 |]{0,8}`), rapid.SampledFrom([]string{"a|b|c", "Total||", "Sum|1", "||", "Yhteensä", "1|2|3", "1|2|3|", "|2|"}))
		lines := rapid.SliceOfN(line, 0, 150).Draw(t, "lines")
		rejected := 0
		o := tabular.Options{Feed: "x/y", Columns: ab, SkipWhenEmpty: []string{"a"}, SkipWhenFilled: []string{"b"}[:rapid.IntRange(0, 1).Draw(t, "filled")], Reject: func(r canon.Rejection) {
			if rejected++; r.Code == "" || r.Reason == "" || r.Feed != "x/y" {
				t.Fatalf("%+v", r)
			}
		}}
		a, err := tabular.NewAssembler(o, rapid.Bool().Draw(t, "sparse"))
		if err != nil {
			t.Fatal(err)
		}
		if err := add(a, append([]string{"a|b|c"}, lines...)...); err != nil {
			t.Fatal(err)
		}
		s := a.Summary()
		all := s.Read()
		for _, n := range s.Skipped {
			all += n
		}
		if all != int64(len(lines)) || a.Flush().Len() != int(s.Rows) || int64(rejected) != s.Rejected {
			t.Fatalf("%d lines, %+v, %d rejected", len(lines), s, rejected)
		}
	})
}

func TestStreamGivesWholeBatches(t *testing.T) {
	a := newAssembler(t, tabular.Options{Columns: ab, Header: tabular.HeaderRequired}, false)
	n := 0
	next := func() error {
		n++
		switch {
		case n == 1:
			return a.Add(&tabular.Row{Line: 1, Cells: cells("a|b")})
		case n > canon.BatchRows+11:
			return io.EOF
		}
		return a.Add(&tabular.Row{Line: int64(n), Cells: cells(fmt.Sprint(n, "|x"))})
	}
	var sizes []int
	for b, err := range tabular.Stream(t.Context(), a, next) {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.Len())
	}
	if len(sizes) != 2 || sizes[0] != canon.BatchRows || sizes[1] != 10 {
		t.Fatal(sizes)
	}
}
