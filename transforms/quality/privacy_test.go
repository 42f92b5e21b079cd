package quality_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/fault"
	"uoma/transforms/quality"
)

// canaries look like what a person's row holds; all are synthetic (individual number 900 and over, reserved domains).
var canaries = []string{"010190-900P", "150802A978Y", "311299y934c", "aino.esimerkki@posti.example", "veikko@student.xamk.example",
	"+358400001234", "+358 40 000 1234", "0400001234", "040-000 1234", "00358400001234", "14838510117", "1.2.246.562.24.10000000003"}

func TestLeavesNoCanary(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{"%s", "x_%s.csv", "/srv/inbox/%s/rows.csv", `C:\inbox\%s`, "row of %s failed", "“%s”", "a;%s;b"} {
		for _, value := range canaries {
			in := planted(fmt.Sprintf(shape, value))
			r := quality.Build(in)
			if r.Removed == 0 {
				t.Fatalf("shape %q: nothing was taken out", shape)
			}
			page, data := render(t, r)
			for what, out := range map[string]string{"page": string(page), "json": string(data), "aggregates": string(quality.Aggregates(r))} {
				for _, form := range forms(value) {
					if strings.Contains(strings.ToLower(out), strings.ToLower(form)) {
						t.Fatalf("shape %q: a planted value stands in the %s", shape, what)
					}
				}
			}
		}
	}
}

// forms are the ways in which a value may hide in text.
func forms(v string) []string {
	quoted, _ := json.Marshal(v)
	return []string{v, strings.Trim(string(quoted), `"`), strings.ReplaceAll(v, "+", "&#43;"), strings.ReplaceAll(v, "@", "%40"), strings.ReplaceAll(v, "@", "&#64;")}
}

// planted puts a value into every string of the input, found by reflection so that a new field cannot be forgotten.
// Feeds and columns stay apart by a number.
func planted(value string) quality.Input {
	in := night()
	n := 0
	var plant func(v reflect.Value)
	plant = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			n++
			v.SetString(value)
		case reflect.Struct:
			if v.Type().PkgPath() == "time" {
				return
			}
			for i := range v.NumField() {
				plant(v.Field(i))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				plant(v.Elem())
			}
		case reflect.Slice:
			if v.Len() == 0 {
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			}
			for i := range v.Len() {
				plant(v.Index(i))
			}
		case reflect.Map:
			v.Set(reflect.ValueOf(quality.Counts{value: 7, value + " 2": 9}))
		}
	}
	plant(reflect.ValueOf(&in).Elem())
	return in
}

// A report that holds a value after all is not written.
func TestGuardStopsAValue(t *testing.T) {
	for _, value := range canaries {
		r := quality.Build(calm())
		r.Summary = "row of " + value
		if _, err := quality.HTML(r); fault.Code(err) != "UOMA-QUA-LEAK" || strings.Contains(err.Error(), value) {
			t.Errorf("page of %q: %v", value[:3], err)
		}
		if _, err := quality.JSON(r, nil); fault.Code(err) != "UOMA-QUA-LEAK" {
			t.Errorf("json of %q: %v", value[:3], err)
		}
	}
}

func TestHeaderThatIsAPersonsRow(t *testing.T) {
	in := calm()
	s := &in.Sources[0]
	s.Columns, s.Missing, s.Unknown = 4, []string{"sukunimi", "etunimet", "syntymaaika"}, []string{"Esimerkki", "Aino Maria", "Mikkeli"}
	page, data := render(t, quality.Build(in))
	for _, name := range s.Unknown {
		if strings.Contains(string(page), name) || strings.Contains(string(data), name) {
			t.Fatal("the first row of an export without a header stands in the report")
		}
	}
}

func TestFileNamesAreRelative(t *testing.T) {
	for _, file := range []string{"/srv/uoma/inbox/peppi/a.csv", `C:\uoma\inbox\peppi\a.csv`, "../../inbox/peppi/a.csv", "peppi/a.csv"} {
		in := calm()
		in.Sources[0].File = file
		if got := quality.Build(in).Sources[0].File; got != "peppi/a.csv" {
			t.Errorf("file is shown as %q", got)
		}
	}
}

func TestReasonLosesWhatAParserQuoted(t *testing.T) {
	in := calm()
	in.Sources[0].Code, in.Sources[0].Reason = "UOMA-LND-READ", `cannot parse "Esimerkki" near 'Aino' in /srv/uoma/inbox/peppi/a.csv`
	got := quality.Build(in).Sources[0].Reason
	if got != "cannot parse “…” near “…” in a.csv" {
		t.Errorf("reason %q", got)
	}
}

func TestThreat_T37_HostileNames(t *testing.T) {
	hostile := "a\x1b[31mred\x07\r\nSet-Cookie: x\x00\u202egnp.exe\u2066\u200b\ufeff\x9b\xff"
	page, data := render(t, quality.Build(planted(hostile)))
	for what, out := range map[string][]byte{"page": page, "json": data} {
		for _, bad := range []string{"\x1b", "\x07", "\r", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff", "\x9b[", "\xff"} {
			if strings.Contains(string(out), bad) {
				t.Errorf("%q stands in the %s", bad, what)
			}
		}
	}
	if !strings.Contains(string(page), `\u{202E}gnp.exe`) {
		t.Error("what was hidden should be visible")
	}
}

// Two people enter a list, each in another small cell that stays small: nobody sees which.
func TestThreat_T39_Differencing(t *testing.T) {
	t.Parallel()
	states := []string{"granted", "refused", "withdrawn", "expired", "unknown"}
	view := func(c map[string]int64) []byte {
		in := calm()
		in.Privacy.Consents = []quality.Consent{{Purpose: "surveys", Granted: c["granted"], Refused: c["refused"], Withdrawn: c["withdrawn"], Expired: c["expired"], Unknown: c["unknown"]}}
		in.Privacy.Objections = quality.Counts(c)
		in.Extracts[0].Withheld = quality.Counts(c)
		in.Extracts[0].Eligible = in.Extracts[0].Sent + quality.Counts(c).Total()
		page, data := render(t, quality.Build(in))
		return append(page, data...)
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := map[string]int64{}
		var small []string
		for _, s := range states {
			c[s] = rapid.OneOf(rapid.Int64Range(0, 4), rapid.Int64Range(5, 60)).Draw(rt, s)
			if c[s] < 4 {
				small = append(small, s)
			}
		}
		if len(small) < 2 {
			rt.Skip("fewer than two small cells")
		}
		a, b := maps.Clone(c), maps.Clone(c)
		a[small[0]]++
		b[small[1]]++
		if !slices.Equal(view(a), view(b)) {
			rt.Fatal("the report tells one small cell from another")
		}
	})
}

// No small count is shown, none is hidden alone, and what is hidden together is shown only from k upward.
func TestThreat_T39_SmallCells(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		codes := quality.Counts{}
		for i := range rapid.IntRange(1, 8).Draw(rt, "codes") {
			codes[fmt.Sprintf("code%d", i)] = rapid.Int64Range(0, 30).Draw(rt, "n")
		}
		class, k := "plain", int64(5)
		if rapid.Bool().Draw(rt, "quasi") {
			class, k = "quasi", 10
		}
		in := calm()
		in.Fields[1].Class, in.Fields[1].Codes = class, codes
		r := quality.Build(in)
		got := r.Datasets[0].Fields[1].Codes
		sum := int64(0)
		for _, x := range got.Shown {
			sum += x.N
			if x.N > 0 && x.N < k {
				rt.Fatal("a small count is shown")
			}
		}
		hidden := len(codes) - len(got.Shown)
		if got.Folded != (hidden > 0) || hidden == 1 && len(codes) > 1 {
			rt.Fatal("a cell is hidden alone, so the total gives it back")
		}
		if got.Other != nil && (*got.Other < k || sum+*got.Other != codes.Total()) {
			rt.Fatal("the sum of the hidden cells is wrong or small")
		}
	})
	in := calm()
	in.Privacy.Protected, in.Privacy.Restricted, in.Privacy.Erased, in.Privacy.Suppressed = 1, 4, 5, 0
	p := quality.Build(in).Privacy
	if p.Protected != nil || p.Restricted != nil || *p.Erased != 5 || *p.Suppressed != 0 {
		t.Error("people from one to four must not be counted")
	}
}

func TestThreat_T39_KCannotBeLowered(t *testing.T) {
	in := calm()
	in.Limits.K = 1
	if k := quality.Build(in).K; k != 5 {
		t.Errorf("k is %d", k)
	}
}

func TestIdentifyingClassesListNoCodes(t *testing.T) {
	for _, class := range []string{"name", "identifier", "contact", "free_text", "key", "", "unheard-of"} {
		in := calm()
		in.Fields[1].Class, in.Fields[1].Codes = class, quality.Counts{"Mikkeli": 900}
		r := quality.Build(in)
		if r.Datasets[0].Fields[1].Codes != nil || r.Removed != 1 {
			t.Errorf("class %q lists values", class)
		}
	}
}

func TestAggregatesAreRoundedAndNarrow(t *testing.T) {
	in := night()
	var a struct {
		Extracts []struct {
			Eligible, Sent, Withheld int64
			Clauses                  []quality.Cell
		}
	}
	out := quality.Aggregates(quality.Build(in))
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	e := a.Extracts[0]
	if e.Eligible != 3120 || e.Sent != 2960 || e.Withheld != 160 || e.Clauses[0].N != 120 {
		t.Errorf("%+v", e)
	}
	for _, word := range []string{"peppi", "pegasos", "hetu", "nightly", "national-survey-office.", ".csv"} {
		if strings.Contains(string(out), word) {
			t.Errorf("the recipient reads %q", word)
		}
	}
}

// The metrics of the parts of an input add up to those of the whole.
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 500).Draw(rt, name) }
		part := func() (quality.Source, quality.Field) {
			s := quality.Source{Feed: "a/b", Loaded: n("loaded"), Unchanged: n("unchanged"), Merged: n("merged"),
				Quarantined: quality.Counts{"x": n("x"), "y": n("y")}, Withheld: quality.Counts{"c": n("c")}, Previous: 500, Removed: n("removed")}
			s.Read = s.Loaded + s.Unchanged + s.Merged + s.Quarantined.Total() + s.Withheld.Total()
			f := quality.Field{Feed: "a/b", Column: "c", Required: true, Present: n("present"), Missing: n("missing"), Invalid: quality.Counts{"bad": n("bad")}}
			f.Applicable = f.Present + f.Missing + f.Invalid.Total()
			return s, f
		}
		s1, f1 := part()
		s2, f2 := part()
		whole := s1
		whole.Read, whole.Loaded, whole.Unchanged, whole.Merged = s1.Read+s2.Read, s1.Loaded+s2.Loaded, s1.Unchanged+s2.Unchanged, s1.Merged+s2.Merged
		whole.Quarantined = quality.Counts{"x": s1.Quarantined["x"] + s2.Quarantined["x"], "y": s1.Quarantined["y"] + s2.Quarantined["y"]}
		whole.Withheld = quality.Counts{"c": s1.Withheld["c"] + s2.Withheld["c"]}
		both := f1
		both.Applicable, both.Present, both.Missing = f1.Applicable+f2.Applicable, f1.Present+f2.Present, f1.Missing+f2.Missing
		both.Invalid = quality.Counts{"bad": f1.Invalid["bad"] + f2.Invalid["bad"]}
		build := func(s quality.Source, f quality.Field) quality.Totals {
			return quality.Build(quality.Input{Sources: []quality.Source{s}, Fields: []quality.Field{f}}).Totals
		}
		a, b, w := build(s1, f1), build(s2, f2), build(whole, both)
		if a.Rows.Plus(b.Rows) != w.Rows || a.Required.Plus(b.Required) != w.Required || a.Valid.Plus(b.Valid) != w.Valid {
			rt.Fatalf("%+v and %+v are not %+v", a, b, w)
		}
		if w.Rows.Difference != 0 {
			rt.Fatal("the balance is off")
		}
	})
}
