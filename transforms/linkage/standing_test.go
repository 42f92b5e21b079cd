package linkage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// standingOf links rows by a model, from nothing.
func standingOf(t testing.TB, fields []Field, rows cells, m *Model, o Options, links func(*Table) Links) (*Standing, *Result) {
	t.Helper()
	s, err := NewStanding(tableOf(fields, rows, 0), m)
	if err != nil {
		t.Fatal(err)
	}
	return s, relink(t, s, o, links)
}

func relink(t testing.TB, s *Standing, o Options, links func(*Table) Links) *Result {
	t.Helper()
	if links != nil {
		o.Links = links(s.Table())
	}
	res, err := s.Link(o)
	if err != nil {
		t.Fatal(err)
	}
	conserved(t, s.Table(), res)
	return res
}

// said is what a standing table's linking says, by the records' ids: all but how much work it was.
func said(s *Standing, res *Result) string {
	only := *res
	only.Passes, only.Compared, only.Alarms = nil, 0, 0
	return written(s.Table(), &only)
}

// restarted writes a standing table down and reads it again.
func restarted(t testing.TB, s *Standing, fields []Field) *Standing {
	t.Helper()
	var file bytes.Buffer
	if err := s.Write(&file); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s.Model())
	if err != nil {
		t.Fatal(err)
	}
	model, err := ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadStanding(&file, fields, model)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// decided names pairs by the ids of their records, as far as they are there.
func decided(must, cannot [][2]string) func(*Table) Links {
	return func(t *Table) (l Links) {
		for _, x := range []struct {
			from [][2]string
			to   *[][2]int32
		}{{must, &l.Must}, {cannot, &l.Cannot}} {
			for _, p := range x.from {
				a, okA := t.Find(p[0])
				b, okB := t.Find(p[1])
				if okA && okB && a != b {
					*x.to = append(*x.to, [2]int32{a, b})
				}
			}
		}
		return l
	}
}

// ruledBy gives options with rules about a table's marks and sources, if it has any.
func ruledBy(fields []Field) Options {
	o := Defaults()
	for _, f := range fields {
		if f.Kind == Mark && len(o.Unique) == 0 {
			o.Unique = []Rule{{Of: f.Name}}
		} else if f.Kind == Mark {
			o.Unique[0].Within = f.Name
		}
	}
	o.OneToOne = [][]string{{"anna", "specimen", "turku"}}
	return o
}

// TestNightsEndAsLinkingAnewDoes changes small tables of records that are often alike, some nights long.
func TestNightsEndAsLinkingAnewDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fields, pool := anyTable(rt)
		o := ruledBy(fields)
		o.Careful, o.Clean = rapid.Bool().Draw(rt, "careful"), []string{"anna", "a"}
		for i := range pool {
			pool[i] = slices.Clone(pool[i])
		}
		there := slices.Clone(pool[:rapid.IntRange(0, len(pool)).Draw(rt, "first")])
		s, res := standingOf(t, fields, there, nil, o, nil)
		model := res.Model
		var must, cannot [][2]string
		for night := range rapid.IntRange(1, 4).Draw(rt, "nights") {
			var gone []string
			var come, next cells
			for _, row := range there {
				switch rapid.IntRange(0, 9).Draw(rt, "fate") {
				case 0:
					gone = append(gone, row[0])
				case 1:
					changed := slices.Clone(row)
					for c := 1; c < len(row); c++ {
						changed[c] = rapid.SampledFrom(pool).Draw(rt, "like")[c]
					}
					gone, come, next = append(gone, row[0]), append(come, changed), append(next, changed)
				default:
					next = append(next, row)
				}
			}
			for i, row := range pool {
				if rapid.IntRange(0, 9).Draw(rt, "new") == 0 {
					fresh := slices.Clone(row)
					fresh[0] = fmt.Sprint("n", night, "-", i)
					come, next = append(come, fresh), append(next, fresh)
				}
			}
			if len(next) > 1 && rapid.Bool().Draw(rt, "decide") {
				p := [2]string{rapid.SampledFrom(next).Draw(rt, "a")[0], rapid.SampledFrom(next).Draw(rt, "b")[0]}
				if rapid.Bool().Draw(rt, "same") {
					must = append(must, p)
				} else {
					cannot = append(cannot, p)
				}
			}
			there = next
			links := decided(must, cannot)
			if rapid.Bool().Draw(rt, "restart") {
				s = restarted(t, s, fields)
			}
			if !s.Change(gone, come) {
				again := tableOf(fields, shuffled(there, 2), 0)
				if again.fits(model) != nil {
					return
				}
				s, _ = standingOf(t, fields, shuffled(there, 2), model, o, links)
			}
			got := said(s, relink(t, s, o, links))
			anew, want := standingOf(t, fields, shuffled(there, uint64(night)), model, o, links)
			if want := said(anew, want); got != want {
				rt.Fatalf("night %d: another outcome than linking anew\n%s\n\nanew\n%s", night, got, want)
			}
		}
	})
}

// TestNightsOfACampus changes records of a campus, where blocks are large and are split.
func TestNightsOfACampus(t *testing.T) {
	p := campusRecords(t, campusOf{several(5_000), 7, 0.5})
	fields := campusFields()
	_, res := standingOf(t, fields, p.rows, nil, Defaults(), nil)
	model := res.Model
	// Few passes of large blocks, so that many of them cross the size from which they are split.
	model.Passes = append(model.Passes, "city", "family name + city", "given name")
	s, _ := standingOf(t, fields, p.rows, model, Defaults(), nil)
	there := slices.Clone(p.rows)
	d := dice(5)
	for night := range 3 {
		var gone []string
		var come, next cells
		for _, row := range there {
			switch d.below(40) {
			case 0:
				gone = append(gone, row[0])
			case 1:
				like := there[d.below(int64(len(there)))]
				changed := slices.Clone(row)
				for c := 2; c < len(row); c++ {
					if d.below(3) == 0 {
						changed[c] = like[c]
					}
				}
				gone, come, next = append(gone, row[0]), append(come, changed), append(next, changed)
			case 2:
				fresh := slices.Clone(row)
				fresh[0] = fmt.Sprint("n", night, row[0])
				come, next = append(come, fresh), append(next, row, fresh)
			default:
				next = append(next, row)
			}
		}
		there = next
		if night == 1 {
			s = restarted(t, s, fields)
		}
		if !s.Change(gone, come) {
			t.Fatal("the table does not stand")
		}
		res := relink(t, s, Defaults(), nil)
		anew, want := standingOf(t, fields, shuffled(there, uint64(night)), model, Defaults(), nil)
		if got, want := said(s, res), said(anew, want); got != want {
			t.Fatalf("night %d: another outcome than linking anew", night)
		}
		t.Logf("night %d: %d records went, %d came, %d pairs compared", night, len(gone), len(come), res.Compared)
	}
}

// FuzzReadStanding reads what no program wrote.
func FuzzReadStanding(f *testing.F) {
	fields := []Field{{"id", RecordID, false}, {"name", FullName, false}, {"street", Street, false}, {"hetu", Identifier, true}}
	rows := cells{{"1", "Specimen, Anna", "Rantatie 4", "210292Y987R"}, {"2", "Anna Specimen", "Rantatie 4", ""}, {"3", "Specimen, Matti", "", "x"}}
	all, _ := standingOf(f, fields, rows, nil, Defaults(), nil)
	model := all.Model()
	for n := range len(rows) + 1 {
		s, _ := standingOf(f, fields, rows[:n], model, Defaults(), nil)
		var file bytes.Buffer
		if err := s.Write(&file); err != nil {
			f.Fatal(err)
		}
		f.Add(file.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ReadStanding(bytes.NewReader(raw), fields, model)
		if err != nil {
			return
		}
		if s.Change(nil, cells{}) {
			if _, err := s.Link(Defaults()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
