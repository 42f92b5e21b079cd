package outgoing

import (
	"cmp"
	"slices"
	"strings"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/transforms/golden"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// known is what may be sent of somebody.
type known struct {
	h       *chooser
	records []golden.Record
	results map[string]*golden.Result // by the systems that are asked
	latest  map[string]*row           // by table: the one that stands beside the person
	own     []string                  // values of the field by which the recipient asks for people

	base     bool      // there is something to be sent of the table that rows are made of
	clause   string    // by which it goes
	refusals []refusal // of that table, each once
}

type refusal struct {
	about question
	policy.Decision
}

// known gathers what the rows of somebody give that may go: each under the category by which it was let in.
func (h *chooser) known(w *who, entries []vault.Entry) *known {
	k := &known{h: h, results: map[string]*golden.Result{}, latest: map[string]*row{}}
	for table, by := range h.f.t.Latest {
		if rows := h.rowsOf(w, table); len(rows) > 0 {
			k.latest[table] = latest(rows, by, h.at)
		}
	}
	base := h.blocks[0].Each
	judge := func(feed, sourceKey, table string) bool {
		d, about := h.may(w, feed, sourceKey, table)
		if table != base {
			return d.Allow
		}
		if d.Allow && !k.base {
			k.base, k.clause = true, d.Clause
		}
		if !d.Allow && !slices.ContainsFunc(k.refusals, func(r refusal) bool { return r.about == about }) {
			k.refusals = append(k.refusals, refusal{about, d})
		}
		return d.Allow
	}
	for _, x := range w.rows[base] {
		judge(x.feed, x.key, base)
	}
	for i := range entries {
		e := &entries[i]
		row := h.frame.person[e.SourceKey]
		if row == nil {
			continue // of a system that is not used, or exported no more
		}
		r := golden.Record{Source: e.Source, ID: e.SourceKey, Modified: row.modified}
		k.asked(e)
		if judge(e.Source, e.SourceKey, target.Person) {
			for column, text := range row.cells {
				k.add(&r, target.Person, target.Person+"."+column, column, text)
			}
			for _, facts := range [][]vault.Fact{e.Names, e.Identifiers} {
				for _, x := range facts {
					if x.Table == target.Person {
						k.add(&r, target.Person, target.Person+"."+x.Column, x.Column, x.Value)
					}
				}
			}
		}
		for _, table := range h.points {
			if w.facts.Protected && table != "email" {
				continue // where somebody under address protection lives, and their telephone, goes to nobody
			}
			if slices.ContainsFunc(e.Contacts, func(x vault.Fact) bool { return x.Table == table }) && judge(e.Source, e.SourceKey, table) {
				k.points(&r, table, e.Contacts)
			}
		}
		slices.SortFunc(r.Values, func(a, b golden.Value) int { return strings.Compare(a.Field+"\x00"+a.Text, b.Field+"\x00"+b.Text) })
		k.records = append(k.records, r)
	}
	return k
}

// latest gives the row that stands beside somebody on a day: of those that have not ended, if there is any, the one of the latest date,
// which is the first of some columns, and of two of one date that with the lower text in the others.
func latest(rows []*row, by []string, on canon.Date) *row {
	day := on.String()
	ended := func(x *row) int {
		if end := x.cells[ending]; end != "" && end < day {
			return 1
		}
		return 0
	}
	return slices.MinFunc(rows, func(a, b *row) int { // dates as texts
		c := cmp.Or(ended(a)-ended(b), strings.Compare(b.cells[by[0]], a.cells[by[0]]))
		for _, column := range by[1:] {
			c = cmp.Or(c, strings.Compare(a.cells[column], b.cells[column]))
		}
		return cmp.Or(c, b.compare(a))
	})
}

// ending is the column with the last day of what a row is about, in the tables that have one.
const ending = "end"

func (k *known) add(r *golden.Record, table, field, column, text string) {
	if text != "" && k.h.gives(table, column) {
		r.Values = append(r.Values, golden.Value{Field: field, Text: text})
	}
}

// points adds contact points: kind and value stand in facts of one row.
func (k *known) points(r *golden.Record, table string, facts []vault.Fact) {
	kinds := map[int]string{}
	for _, x := range facts {
		if x.Table == table && x.Column == "kind" {
			kinds[x.Seq] = x.Value
		}
	}
	for _, x := range facts {
		if x.Table != table || x.Column == "kind" || kinds[x.Seq] == "" {
			continue
		}
		field := table + "." + kinds[x.Seq]
		if table == "address" {
			field += "." + x.Column
		}
		k.add(r, table, field, x.Column, x.Value)
	}
}

// asked notes the values by which the recipient's list may ask for the person.
func (k *known) asked(e *vault.Entry) {
	if k.h.asked == nil {
		return
	}
	f, _ := target.ParseField(k.h.f.t.Asked.Is)
	for _, facts := range [][]vault.Fact{e.Identifiers, e.Names} {
		for _, x := range facts {
			if x.Table == f.Table && x.Column == f.Column && !slices.Contains(k.own, x.Value) {
				k.own = append(k.own, x.Value)
			}
		}
	}
}

// lookup gives a field of the golden record, or of the row that stands beside it, of some systems alone when any are named.
func (k *known) lookup(f target.Field, of []string) target.Value {
	if len(k.h.f.t.Latest[f.Table]) > 0 {
		return k.h.own(f.Table, k.latest[f.Table])(f, of)
	}
	key := strings.Join(of, " ")
	res := k.results[key]
	if res == nil {
		said := k.records
		if len(of) > 0 {
			said = nil
			for _, r := range k.records {
				if slices.Contains(of, canon.SystemOf(r.Source)) {
					said = append(said, r)
				}
			}
		}
		res = k.h.merge.Merge(said)
		k.results[key] = res
	}
	for i := range res.Fields {
		if x := &res.Fields[i]; x.Name == f.Name && !x.Invalid {
			return target.Value{Text: x.Text, Key: x.Record}
		}
	}
	return target.Value{}
}
