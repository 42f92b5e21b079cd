package resolve_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/linkage"
	"uoma/transforms/resolve"
)

var update = flag.Bool("update", false, "learn the shipped model anew")

// learned gives a model of a campus' records that tells no systems apart.
func learned(t testing.TB, people int) *linkage.Model {
	t.Helper()
	e := resolve.New(settings())
	exports(t, e, campusDir(t, people, 1), night)
	fields := resolve.Fields()
	for i := range fields {
		if fields[i].Kind == linkage.Source {
			fields[i].Kind = linkage.Ignored
		}
	}
	tb := linkage.NewTable(fields)
	tb.Append(e.Rows())
	tb.Finish()
	s, err := linkage.NewStanding(tb, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Link(linkage.Defaults()); err != nil {
		t.Fatal(err)
	}
	return s.Model()
}

// The shipped model is what learning from a campus gives: no level says something else.
func TestShippedModel(t *testing.T) {
	if *update {
		text, err := json.MarshalIndent(learned(t, 100_000), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("model.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shipped, err := resolve.Model()
	if err != nil {
		t.Fatal(err)
	}
	now := learned(t, 20_000)
	if len(shipped.Features) != len(now.Features) {
		t.Fatalf("the shipped model has %d features, the records have %d", len(shipped.Features), len(now.Features))
	}
	for f, x := range shipped.Features {
		for l, level := range x.Levels {
			if a, b := level.M, now.Features[f].Levels[l].M; a > 0.1 && (b < a/2 || b > a*2) {
				t.Errorf("%s, %s: m is %.3f in the shipped model and %.3f in one of today", x.Name, level.Name, a, b)
			}
		}
	}
}

// A system that begins to write days in place of months shows in the evidence, and a usual night does not.
func TestDriftShows(t *testing.T) {
	dir := campusDir(t, 3000, 3)
	e := resolve.New(settings())
	exports(t, e, dir, night)
	resolved(t, e)
	quiet, broken := reborn(e), reborn(e)
	exports(t, quiet, dir, night+1)
	if l := resolved(t, quiet).Stats.Linkage; l.Drift > 1 {
		t.Errorf("a usual night drifts: %+v", l)
	}
	other := resolve.New(settings())
	exports(t, other, dir, night)
	var rows []row
	for _, m := range other.Members() {
		if canon.SystemOf(m.Feed) != "peppi" || m.Birth == resolve.NoBirth {
			continue
		}
		born := canon.Date(m.Birth).String()
		if day := born[8:]; day <= "12" {
			born = born[:5] + day + "-" + born[5:7]
		} else {
			born = "" // refused
		}
		rows = append(rows, person(m.Feed, m.PersonKey, "row", m.RowKey, "family_name", m.Family, "given_names", m.Given, "birth_date", born,
			"email", strings.Join(m.Emails, "|")))
	}
	add(broken, rows...)
	if l := resolved(t, broken).Stats.Linkage; l.Anew || l.Drift < 3 || l.Linked < 500 {
		t.Errorf("days in place of months do not show: %+v", l)
	}
}

// A table of linked records that does not belong to the rows gives its model and nothing else.
func TestLinksOfOtherRows(t *testing.T) {
	old, now := engine(ainoPeppi, olliPeppi, ainoCRM), engine(ainoPeppi, olliPeppi)
	resolved(t, old)
	resolved(t, now)
	for _, current := range []bool{true, false} {
		var links bytes.Buffer
		if err := old.WriteLinks(&links, func(string, resolve.Key) bool { return true }); err != nil {
			t.Fatal(err)
		}
		e := resolve.New(settings())
		e.Restore(slices.Clone(now.Members()), nil)
		if err := e.RestoreLinks(&links, current); err != nil {
			t.Fatal(err)
		}
		res := resolved(t, e)
		if len(res.Records) != 2 || len(res.Events) != 0 || !res.Stats.Linkage.Anew {
			t.Errorf("current %v: got %+v", current, res.Stats)
		}
	}
	if err := resolve.New(settings()).RestoreLinks(strings.NewReader("damaged"), true); err == nil {
		t.Error("a damaged file is read")
	}
}
