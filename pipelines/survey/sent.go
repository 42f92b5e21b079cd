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

// Standings gives what decides at the end of a day about everybody who was sent, by the person that was sent; nil for those of whom
// nothing is left. Records of one person may have turned out to be several people's: what stops the use of any of them stops it.
func Standings(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, sent []SentRow, at canon.Date) (map[string]*policy.Facts, error) {
	out := map[string]*policy.Facts{}
	if len(sent) == 0 {
		return out, nil
	}
	var f *frame
	now, others := map[string]string{}, map[string]map[string]bool{} // by person sent: the person now, and who has rows that were sent
	err := ws.Register.See(ctx, func(v *register.View) (err error) {
		if others, err = holders(ctx, v, sent); err != nil {
			return err
		}
		if now, err = survivors(ctx, v, others); err != nil {
			return err
		}
		all := map[string]bool{}
		for person, also := range others {
			maps.Copy(all, also)
			if is := now[person]; is != "" {
				all[is] = true
			}
		}
		f, err = seePersons(ctx, v, pack, maps.Keys(all), at)
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
	for person, also := range others {
		out[person] = nil
		g := f.graduates[now[person]]
		if g == nil {
			continue
		}
		facts := g.facts
		for _, p := range slices.Sorted(maps.Keys(also)) {
			if p != now[person] {
				facts.Heed(&f.graduates[p].facts)
			}
		}
		out[person] = &facts
	}
	return out, nil
}

// holders gives, by person that was sent, who has source rows now that were sent.
func holders(ctx context.Context, v *register.View, sent []SentRow) (map[string]map[string]bool, error) {
	out, of := map[string]map[string]bool{}, map[string][]string{} // persons that were sent, by source row
	for _, p := range sent {
		out[p.Person] = map[string]bool{}
		for _, key := range p.Rows {
			of[key] = append(of[key], p.Person)
		}
	}
	by := map[string]map[string]bool{} // persons that were sent, by record
	for _, t := range register.Tables() {
		for b, err := range v.Scan(ctx, t.Name, []string{"source_key", "record"}, register.All) {
			if err != nil {
				return nil, err
			}
			for i := range b.Len() {
				for _, person := range of[b.Col(0).Text(i)] {
					record := b.Col(1).Text(i)
					if by[record] == nil {
						record = strings.Clone(record)
						by[record] = map[string]bool{}
					}
					by[record][person] = true
				}
			}
		}
	}
	for l, err := range v.Links(ctx) {
		if err != nil {
			return nil, err
		}
		for person := range by[l.Record] {
			out[person][l.Person] = true
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

// survivors gives of persons who they are now: themselves while they have a record, else who they turned out to be, or "".
func survivors[T any](ctx context.Context, v *register.View, persons map[string]T) (map[string]string, error) {
	there := map[string]bool{}
	for l, err := range v.Links(ctx) {
		if err != nil {
			return nil, err
		}
		there[l.Person] = true
	}
	out := map[string]string{}
	for person := range persons {
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
