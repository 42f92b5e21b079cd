package conform_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// later is dirt that the run's date decides over: identity codes and dates of the near future, and years far ahead.
func later(t *rapid.T, run canon.Date) string {
	day := run + canon.Date(rapid.IntRange(-40, 800).Draw(t, "days ahead"))
	if rapid.Bool().Draw(t, "far") {
		day = day.AddMonths(120)
	}
	y, m, d := day.Time().Date()
	return rapid.SampledFrom([]string{
		fmt.Sprintf("%d.%d.%d", d, m, y), fmt.Sprintf("%02d.%02d.%d", d, m, y), day.String(), fmt.Sprint(y),
		fmt.Sprintf("%02d%02d%02dA900X", d, m, y%100), fmt.Sprintf("%d/%d/%d", m, d, y), "d|" + day.String(), "n|" + fmt.Sprint(y),
	}).Draw(t, "form")
}

// nightOf conforms rows on a date.
func nightOf(t testing.TB, name string, date canon.Date, rows []cells) (o *outcome, outcomes []conform.Outcome, tally *conform.Tally) {
	t.Helper()
	l, f := feed(t, name)
	s := settings()
	s.RunDate = date
	c, err := conform.New(l, f, s)
	if err != nil {
		t.Fatal(err)
	}
	o, tally = &outcome{}, c.NewTally()
	o.sink = c.NewSinkOn(tally, func(b *canon.Batch) error { o.rows = append(o.rows, show(b)...); return nil },
		func(r canon.Rejection) error { o.rejected = append(o.rejected, r); return nil })
	if err := c.Batch(raw(t, f, 1, rows...), o.sink); err != nil {
		t.Fatal(err)
	}
	if err := o.sink.Flush(); err != nil {
		t.Fatal(err)
	}
	return o, slices.Clone(o.sink.Outcomes()), tally
}

// TestOutcomesThatDoNotWaitStay holds what lets a night carry counts over: a row of which no cell was refused for the date
// gives the same canonical rows and the same counts on every later date.
func TestOutcomesThatDoNotWaitStay(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cast())) {
		t.Run(name, func(t *testing.T) {
			_, f := feed(t, name)
			rapid.Check(t, func(rt *rapid.T) {
				first := settings().RunDate
				row := datedRow(rt, dirtyRows(rt, cast()[name], f)[0], f, first)
				next := first + canon.Date(rapid.IntRange(1, 1500).Draw(rt, "nights"))
				a, numbers, tally := nightOf(t, name, first, []cells{row})
				b, _, _ := nightOf(t, name, next, []cells{row})
				if !tally.Waits(numbers[0]) && a.text() != b.text() {
					rt.Fatalf("on %s\n%s\non %s\n%s", first, a.text(), next, b.text())
				}
			})
		})
	}
}

func datedRow(t *rapid.T, row cells, f *layout.Feed, run canon.Date) cells {
	row = row.with(nil)
	for range rapid.IntRange(0, 3).Draw(t, "dated") {
		row[f.Columns[rapid.IntRange(0, len(f.Columns)-1).Draw(t, "column")].Name] = later(t, run)
	}
	return row
}

// TestCarriedCountsAreThoseCountedAnew plays nights: rows come, go and stay, and each night counts the rows that stay by the
// outcome that it kept of them, unless they wait.
func TestCarriedCountsAreThoseCountedAnew(t *testing.T) {
	names := slices.Sorted(maps.Keys(cast()))
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "feed")
		l, f := feed(t, name)
		date := settings().RunDate
		var rows []cells
		var numbers []conform.Outcome
		var kept conform.Outcomes
		for range rapid.IntRange(2, 4).Draw(rt, "nights") {
			s := settings()
			s.RunDate = date
			c, err := conform.New(l, f, s)
			if err != nil {
				t.Fatal(err)
			}
			tally := c.NewTally()
			if !tally.Restore(kept) {
				rt.Fatal("a night's outcomes do not come back")
			}
			sink := c.NewSinkOn(tally, func(*canon.Batch) error { return nil }, func(canon.Rejection) error { return nil })
			stay := rapid.SliceOfNDistinct(rapid.IntRange(0, max(len(rows)-1, 0)), 0, len(rows), rapid.ID[int]).Draw(rt, "stay")
			var now []cells
			var with []conform.Outcome
			for _, i := range stay {
				now, with = append(now, rows[i]), append(with, numbers[i])
				if o := numbers[i]; !tally.Waits(o) {
					tally.Count(o, 1)
					continue
				}
				if err := c.Batch(raw(t, f, 1, rows[i]), sink); err != nil {
					t.Fatal(err)
				}
				with[len(with)-1] = sink.Outcomes()[0]
			}
			for _, row := range dirtyRows(rt, cast()[name], f) {
				row = datedRow(rt, row, f, date)
				if err := c.Batch(raw(t, f, 1, row), sink); err != nil {
					t.Fatal(err)
				}
				now, with = append(now, row), append(with, sink.Outcomes()[0])
			}
			anew, _, all := nightOf(t, name, date, now)
			if got, want := fmt.Sprint(tally.Fields()), fmt.Sprint(anew.sink.Fields()); got != want {
				rt.Fatalf("carried\n%s\nanew\n%s", got, want)
			}
			if got, want := fmt.Sprint(tally.Tables()), fmt.Sprint(all.Tables()); got != want {
				rt.Fatalf("carried %s, anew %s", got, want)
			}
			renumbered := []conform.Outcome(nil)
			kept, renumbered = tally.Keep()
			rows, numbers = now, with
			for i := range numbers {
				numbers[i] = renumbered[numbers[i]]
			}
			date += canon.Date(rapid.IntRange(0, 400).Draw(rt, "days"))
		}
	})
}

// Outcomes of another layout, or broken ones, are not taken for outcomes of the feed.
func TestForeignOutcomesAreNotTaken(t *testing.T) {
	c, _ := conformer(t, "peppi/alumnit")
	for _, text := range []string{"", "\x01", strings.Repeat("\x7f", 60), strings.Repeat("\xff", 60)} {
		if c.NewTally().Restore(conform.Outcomes{Outcomes: []string{text}}) {
			t.Errorf("%q was taken", text)
		}
	}
}
