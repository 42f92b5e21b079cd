package survey

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// SentRow is one row that a recipient has.
type SentRow struct {
	Delivery *outbox.Delivery
	Row      int64 // from 1
	Included
	epoch int64 // of the delivery
}

// Sent gives every row that the recipient of a chain has, and what it was told of which.
func Sent(ctx context.Context, ws *workspace.Workspace, chain outbox.Chain) (rows []SentRow, told map[RowOf]string, err error) {
	all, err := ws.Outbox.List(ctx, chain)
	if err != nil {
		return nil, nil, err
	}
	told = map[RowOf]string{}
	for i := range all {
		d := &all[i]
		if d.Attempts == 0 || d.State == outbox.Voided || d.ReceiptStatus == parcel.Rejected {
			continue
		}
		l, err := readList(ws, d.ID, &asked{all: true})
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken over from the endpoint: nobody knows who is in it
		}
		if err != nil {
			return nil, nil, err
		}
		if err := l.inEpoch(ctx, ws, d); err != nil {
			return nil, nil, err
		}
		for n, p := range l.People {
			rows = append(rows, SentRow{d, int64(n) + 1, p, l.Epoch})
		}
		for _, x := range l.Withdrawn {
			if at := (RowOf{x.Delivery, x.Row}); told[at] != parcel.Erase {
				told[at] = x.Action
			}
		}
	}
	return rows, told, nil
}

// Standings gives, row by row, what decides at the end of a day about who was sent; nil where nothing is left of them. Records of
// one person may have turned out to be several people's: what stops the use of any of those whose records a row was made of stops
// it, and so does it that one of these records was erased.
func Standings(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, sent []SentRow, at canon.Date) ([]*policy.Facts, error) {
	if len(sent) == 0 {
		return nil, nil
	}
	var f *frame
	var b *behind
	err := ws.Register.See(ctx, func(v *register.View) (err error) {
		if b, err = seeBehind(ctx, v, sent); err != nil {
			return err
		}
		f, err = seePersons(ctx, v, pack, maps.Keys(b.everybody()), at)
		return err
	})
	if err != nil {
		return nil, err
	}
	id, err := open(ctx, ws, f)
	if err != nil {
		return nil, err
	}
	for p, suppressed := range id.suppressed {
		f.graduates[p].facts.Suppressed = f.graduates[p].facts.Suppressed || suppressed
	}
	out := make([]*policy.Facts, len(sent))
	for n := range sent {
		now := b.now[sent[n].Person]
		g := f.graduates[now]
		if g == nil {
			continue
		}
		out[n] = &g.facts
		others := slices.DeleteFunc(b.holders[n], func(p string) bool { return p == now })
		if len(others) == 0 && !b.erased[n] {
			continue
		}
		facts := g.facts
		for _, p := range others {
			facts.Heed(&f.graduates[p].facts)
		}
		facts.Suppressed = facts.Suppressed || b.erased[n]
		out[n] = &facts
	}
	return out, nil
}

// behind says who stands behind rows that were sent.
type behind struct {
	now     map[string]string // by person that was sent: the person now
	holders [][]string        // by row: who has records now that it was made of, in order
	erased  []bool            // by row: a record that it was made of was erased, and is nobody's
}

// everybody gives all whose words count for any row.
func (b *behind) everybody() map[string]bool {
	all := map[string]bool{}
	for _, is := range b.now {
		all[is] = true
	}
	for _, some := range b.holders {
		for _, p := range some {
			all[p] = true
		}
	}
	return all
}

// seeBehind finds who stands behind rows that were sent.
func seeBehind(ctx context.Context, v *register.View, sent []SentRow) (*behind, error) {
	of, err := recordsOf(ctx, v, sent)
	if err != nil {
		return nil, err
	}
	gone, err := v.ErasedRecords(ctx)
	if err != nil {
		return nil, err
	}
	b := &behind{holders: make([][]string, len(sent)), erased: make([]bool, len(sent))}
	there := map[string]bool{}
	for l, err := range v.Links(ctx) {
		if err != nil {
			return nil, err
		}
		there[l.Person] = true
		for _, n := range of[l.Record] {
			b.holders[n] = append(b.holders[n], l.Person)
		}
		delete(gone, l.Record)
	}
	for record := range gone {
		for _, n := range of[record] {
			b.erased[n] = true
		}
	}
	for n := range b.holders {
		slices.Sort(b.holders[n])
		b.holders[n] = slices.Compact(b.holders[n])
	}
	b.now, err = survivors(ctx, v, there, func(yield func(string) bool) {
		for n := range sent {
			if !yield(sent[n].Person) {
				return
			}
		}
	})
	return b, err
}

// recordsOf gives by record the rows that were made of it. A list of an earlier release does not say of which records its rows
// were made: of those it is asked whose the source rows are now.
func recordsOf(ctx context.Context, v *register.View, sent []SentRow) (map[string][]int, error) {
	out, untold := map[string][]int{}, map[string][]int{} // by record, by source row
	for n := range sent {
		for _, record := range sent[n].Records {
			out[record] = append(out[record], n)
		}
		if len(sent[n].Records) == 0 {
			for _, key := range sent[n].Rows {
				untold[key] = append(untold[key], n)
			}
		}
	}
	if len(untold) == 0 {
		return out, nil
	}
	for _, t := range register.Tables() {
		for b, err := range v.Scan(ctx, t.Name, []string{"source_key", "record"}, register.All) {
			if err != nil {
				return nil, err
			}
			for i := range b.Len() {
				if of := untold[b.Col(0).Text(i)]; of != nil {
					record := strings.Clone(b.Col(1).Text(i))
					out[record] = append(out[record], of...)
				}
			}
		}
	}
	return out, nil
}

// Facts reads what decides about some persons of the register at the end of a day, and which records are theirs.
func Facts(ctx context.Context, v *register.View, pack *policy.Pack, persons iter.Seq[string], at canon.Date) (facts map[string]*policy.Facts, records map[string][]string, err error) {
	f, err := seePersons(ctx, v, pack, persons, at)
	if err != nil {
		return nil, nil, err
	}
	facts, records = map[string]*policy.Facts{}, map[string][]string{}
	for person, g := range f.graduates {
		facts[person] = &g.facts
	}
	for record, of := range f.records {
		for _, g := range of {
			records[record] = append(records[record], g.person)
		}
	}
	return facts, records, nil
}

// survivors gives of persons who they are now: themselves while they are there, with a record, else who they turned out to be.
func survivors(ctx context.Context, v *register.View, there map[string]bool, persons iter.Seq[string]) (map[string]string, error) {
	out := map[string]string{}
	for person := range persons {
		if _, known := out[person]; known {
			continue
		}
		now := person
		for hops := 0; !there[now] && now != "" && hops < maxMerges; hops++ {
			events, err := v.EventsOf(ctx, now)
			if err != nil {
				return nil, err
			}
			next := ""
			for _, e := range events {
				if e.Kind == register.Merged && e.Other == now {
					next = e.Person
				}
			}
			now = next
		}
		if there[now] {
			out[person] = now
		}
	}
	return out, nil
}

// maxMerges is more often than anybody turns out to be somebody else.
const maxMerges = 100

// seePersons is see for some persons of the register, whatever they are.
func seePersons(ctx context.Context, v *register.View, pack *policy.Pack, persons iter.Seq[string], at canon.Date) (*frame, error) {
	f := newFrame(pack, 0, at)
	for p := range persons {
		f.graduates[p] = &graduate{person: p}
	}
	if err := f.recordsOf(ctx, v); err != nil {
		return nil, err
	}
	return f, f.fill(ctx, v)
}
