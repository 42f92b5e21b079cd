package outgoing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"uoma/connectors/outfile"
	"uoma/internal/canon"
	"uoma/pipelines/survey"
	"uoma/transforms/extract"
	"uoma/transforms/target"
)

// record is one row of the file, with the rows that stand inside it.
type record struct {
	included survey.Included
	cells    []string
	inside   []inside
	sortKey  string
	asked    *askedRow
}

type inside struct {
	block int
	cells []string
}

// rowsOf gives somebody's rows of a table that may go, of the preferred system that has any. Of person there is one.
func (h *chooser) rowsOf(w *who, table string) []*row {
	if table == target.Person {
		return []*row{nil}
	}
	bySystem := map[string][]*row{}
	for _, x := range w.rows[table] {
		if d, _ := h.may(w, x.feed, x.key, table); d.Allow {
			system := canon.SystemOf(x.feed)
			bySystem[system] = append(bySystem[system], x)
		}
	}
	if len(h.f.t.From) == 0 {
		return slices.Concat(slices.Collect(values(bySystem))...)
	}
	for _, system := range h.f.t.From {
		if len(bySystem[system]) > 0 {
			return bySystem[system]
		}
	}
	return nil
}

// values gives the values of a map in the order of its keys.
func values[V any](m map[string]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(m[k]) {
				return
			}
		}
	}
}

// record makes one row and what stands inside it; nil with the reason when it cannot be written.
func (h *chooser) record(w *who, k *known, x *row, a *askedRow) (*record, string) {
	rec := &record{included: survey.Included{Person: w.person, Clause: k.clause}}
	if h.random {
		rec.included.Pseudonym = h.called(w.person)
	}
	var origins []extract.Origin
	words := h.words(w)
	fill := func(b *target.Block, x *row) ([]string, string) {
		cells, lacks := b.Row(k.lookup, h.own(b.Each, x), a.cell, words)
		if lacks != "" {
			h.c.lacking[cmp.Or(b.Path, b.Each)+"/"+lacks]++
			return nil, incomplete
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			if !h.form.Writable(c.Text) {
				return nil, unwritable
			}
			texts[i] = c.Text
			if outfile.Formula(c.Text) && !(b.Columns[i].Phone() && outfile.Phone(c.Text)) {
				h.c.formulas++
			}
			if c.Key != "" {
				rec.category(k.categoryOf(c, x))
			}
			if c.From != "" {
				origins = tell(origins, c.From, c.Key)
			}
		}
		return texts, ""
	}
	var reason string
	if rec.cells, reason = fill(&h.blocks[0], x); rec.cells == nil {
		return nil, reason
	}
	for n := range h.f.t.Inside {
		b := &h.blocks[n+1]
		var rows []inside
		for _, x := range h.rowsOf(w, b.Each) {
			cells, reason := fill(b, x)
			if cells == nil {
				h.c.lost(reason, 1)
				continue
			}
			rows = append(rows, inside{n + 1, cells})
		}
		slices.SortFunc(rows, func(a, b inside) int { return slices.Compare(a.cells, b.cells) })
		rec.inside = append(rec.inside, rows...)
	}
	for _, o := range origins {
		rec.included.Columns = append(rec.included.Columns, o.Column)
	}
	rec.included.Tell(origins, h.frame.record)
	rec.asked = a
	rec.sortKey = rec.text()
	if a != nil {
		rec.sortKey = fmt.Sprintf("%012d", a.line) + rec.sortKey
	}
	return rec, ""
}

// words gives what stands in a column's text of somebody.
func (h *chooser) words(w *who) *strings.Replacer {
	words := []string{"{return_by}", h.back}
	if h.called != nil {
		words = append(words, "{pseudonym}", h.called(w.person))
	}
	return strings.NewReplacer(words...)
}

// text is everything that the row says, so that an order by it is the same wherever tokens are others.
func (r *record) text() string {
	var out strings.Builder
	for _, cell := range r.cells {
		out.WriteString(cell + "\x00")
	}
	for _, in := range r.inside {
		fmt.Fprintf(&out, "\x01%d\x00%s", in.block, strings.Join(in.cells, "\x00"))
	}
	return out.String()
}

// tell adds that a column's values come from a source row, too.
func tell(origins []extract.Origin, column, key string) []extract.Origin {
	n := slices.IndexFunc(origins, func(o extract.Origin) bool { return o.Column == column })
	if n < 0 {
		return append(origins, extract.Origin{Column: column, Keys: []string{key}})
	}
	if !slices.Contains(origins[n].Keys, key) {
		origins[n].Keys = append(origins[n].Keys, key)
	}
	return origins
}

// categoryOf gives the category of the data that a cell holds.
func (k *known) categoryOf(c target.Cell, x *row) string {
	table, _, _ := strings.Cut(c.From, ".")
	beside, person := k.latest[table], k.h.frame.person[c.Key]
	switch {
	case x != nil && x.key == c.Key: // the row itself
	case beside != nil && (beside.key == c.Key || person == nil):
		x = beside
	case person != nil:
		x = person
	}
	return k.h.loader.Table(x.feed, table).Category
}

func (r *record) category(name string) {
	if at, there := slices.BinarySearch(r.included.Categories, name); !there {
		r.included.Categories = slices.Insert(r.included.Categories, at, name)
	}
}

// own looks into the row itself.
func (h *chooser) own(table string, x *row) target.Lookup {
	return func(f target.Field, of []string) target.Value {
		if x == nil || !h.gives(table, f.Column) || len(of) > 0 && !slices.Contains(of, canon.SystemOf(x.feed)) {
			return target.Value{}
		}
		return target.Value{Text: x.cells[f.Column], Key: x.key}
	}
}
