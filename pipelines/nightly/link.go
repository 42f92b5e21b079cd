package nightly

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/protect"
)

// link makes the links of records and contact points to persons what the resolver says, and writes only differences. A
// record has a link while the register has a row of it: nobody is a person of the register by being known to the resolver.
func (s load) link(ctx context.Context, r *pipelines.Run, night *register.Night, asked []holder, doubtful doubts) (int, error) {
	before, err := s.linked(ctx, night, asked)
	if err != nil {
		return 0, err
	}
	stored, err := s.stored(ctx, night, before, doubtful)
	if err != nil {
		return 0, err
	}
	want, linked := s.wanted(asked, stored, r.ID()), map[string]bool{}
	for _, l := range want {
		linked[l.Record] = true
	}
	var gone, fresh []register.Link
	for len(before) > 0 || len(want) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(want) == 0:
			order = -1
		default:
			order = compareLinks(before[0], want[0])
		}
		if order < 0 && has(asked, before[0].Record) {
			gone = append(gone, before[0])
		}
		if order > 0 {
			fresh = append(fresh, want[0])
		}
		if order <= 0 {
			before = before[1:]
		}
		if order >= 0 {
			want = want[1:]
		}
	}
	if err := night.Unlink(ctx, gone); err != nil {
		return 0, err
	}
	if err := night.Link(ctx, fresh); err != nil {
		return 0, err
	}
	return len(fresh) + len(gone), night.HandOn(ctx, slices.DeleteFunc(gone, func(l register.Link) bool { return linked[l.Record] }))
}

func compareLinks(a, b register.Link) int {
	return cmp.Or(cmp.Compare(a.Record, b.Record), cmp.Compare(a.Person, b.Person))
}

// holder is somebody who has a record or a contact point.
type holder struct{ record, subject string }

// asked gives the records whose links may be others than last night, in order, with the subjects that have them: those
// whose subject changed, or is suppressed; those of which a row was decided tonight, so that their first row may have
// come or their last one gone; and all contact points, which anybody may have got or lost. The links of any other record
// are what they were, as nothing of what they depend on has changed. Records that tonight's resolution does not know are
// not among them and keep their links: their rows have ended, and what is left of them still belongs to somebody.
func (s load) asked() []holder {
	source := s.n.ws.SourceTokens()
	var out []holder
	for i := range s.n.resolved.Records {
		x := &s.n.resolved.Records[i]
		if x.Before == x.Subject && s.n.standing.stays(x.Subject) && !s.n.everything && !s.n.decidedRecords[recordKey{x.System, x.PersonKey}] {
			continue
		}
		out = append(out, holder{protect.Record(source, x.System, x.PersonKey), x.Subject})
	}
	for _, p := range s.n.resolved.Points(s.n.pointSystems()) {
		out = append(out, holder{protect.Record(source, p.System, p.PersonKey), p.Subject})
	}
	slices.SortFunc(out, func(a, b holder) int { return cmp.Compare(a.record, b.record) })
	return out
}

// has tells whether a record is among those that are asked for.
func has(asked []holder, record string) bool {
	_, found := slices.BinarySearchFunc(asked, record, func(h holder, record string) int { return cmp.Compare(h.record, record) })
	return found
}

// recordKey names a record.
type recordKey struct{ system, personKey string }

// linked gives the links that stand, in order.
func (s load) linked(ctx context.Context, night *register.Night, asked []holder) (before []register.Link, err error) {
	if s.n.everything {
		for l, err := range night.Links(ctx) {
			if err != nil {
				return nil, err
			}
			before = append(before, l)
		}
	} else {
		records := make([]string, len(asked))
		for i, h := range asked {
			records[i] = h.record
		}
		if before, err = night.LinksOf(ctx, slices.Compact(records)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(before, compareLinks) // whatever order a store has
	return before, nil
}

// wanted gives the links that should stand, in order: every record of which something is stored, and every contact point
// that stored rows are about, to everybody who has it in the same system.
func (s load) wanted(asked []holder, stored map[string]bool, run string) []register.Link {
	persons, person := s.n.ws.Persons(), map[string]string{}
	out := make([]register.Link, 0, len(asked))
	for _, h := range asked {
		if !stored[h.record] || !s.n.keptRecord(h.subject, h.record) {
			continue
		}
		p := person[h.subject]
		if p == "" {
			p = workspace.PersonOf(persons, h.subject)
			person[h.subject] = p
		}
		out = append(out, register.Link{Record: h.record, Person: p, Since: run})
	}
	slices.SortFunc(out, compareLinks)
	return slices.CompactFunc(out, func(a, b register.Link) bool { return compareLinks(a, b) == 0 })
}

// stored gives the records that have a row in the register: those of which a row was kept tonight, and those that had
// one before and did not lose their last one, which is looked for among the doubtful. A contact point may have rows before
// anybody has it, so its rows are asked.
func (s load) stored(ctx context.Context, night *register.Night, before []register.Link, doubtful doubts) (map[string]bool, error) {
	out := s.n.recordKept
	for _, l := range before {
		if !s.n.recordWithheld[l.Record] {
			out[l.Record] = true
		}
	}
	if err := s.storedPoints(ctx, night, out); err != nil {
		return nil, err
	}
	if len(doubtful.records) == 0 {
		return out, nil
	}
	selected, err := doubtful.selected(ctx, night)
	if err != nil {
		return nil, err
	}
	for _, t := range register.Tables() {
		if err := records(selected.Read(ctx, t.Name, []string{"record"}, register.All), out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// doubts are the records that may lose their last row tonight: one of theirs is withheld and none is kept.
type doubts struct {
	records []string
	keys    []string // of their rows, as far as they are known
	known   bool     // all of them are
}

func (d *doubts) selected(ctx context.Context, night *register.Night) (register.Selected, error) {
	if d.known {
		return night.SelectRows(ctx, d.keys)
	}
	return night.SelectRecords(ctx, d.records)
}

// doubtful finds them. It asks the vault for their rows before anything is written there.
func (s load) doubtful(ctx context.Context) (out doubts, err error) {
	source := s.n.ws.SourceTokens()
	subjects := map[string]bool{}
	for i := range s.n.resolved.Records {
		x := &s.n.resolved.Records[i]
		if x.Before == "" || !s.n.everything && !s.n.decidedRecords[recordKey{x.System, x.PersonKey}] {
			continue
		}
		if record := protect.Record(source, x.System, x.PersonKey); s.n.recordWithheld[record] && !s.n.recordKept[record] {
			out.records = append(out.records, record)
			subjects[x.Before], subjects[x.Subject] = true, true // a night that was killed may have moved it
		}
	}
	if out.known = !s.n.ahead; len(out.records) == 0 || !out.known {
		return out, nil
	}
	for e, err := range s.n.ws.Vault.Open(ctx, sortedKeys(subjects), 0) {
		if err != nil {
			return out, err
		}
		if s.n.recordWithheld[e.Record] && !s.n.recordKept[e.Record] {
			out.keys = append(out.keys, e.SourceKey)
		}
	}
	return out, nil
}

// storedPoints adds the contact points of which the register has rows, from feeds that name people by them alone.
func (s load) storedPoints(ctx context.Context, night *register.Night, out map[string]bool) (err error) {
	s.n.each(func(_ *layout.Layout, f *layout.Feed) {
		if f.Person.Point == "" || err != nil {
			return
		}
		tables := map[string]bool{}
		for _, fill := range f.Fillings() {
			if !fill.Table.Identity() {
				tables[fill.Table.Name] = true
			}
		}
		for _, t := range sortedKeys(tables) {
			err = errors.Join(err, records(night.Scan(ctx, t, []string{"record"}, register.All, register.Condition{Columns: []string{"source"}, Value: f.FullName()}), out))
		}
	})
	return err
}

// records notes the records of rows, their only column.
func records(rows canon.Batches, out map[string]bool) error {
	for b, err := range rows {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			out[string([]byte(b.Col(0).Text(i)))] = true
		}
	}
	return nil
}
