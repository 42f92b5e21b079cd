package nightly

import (
	"context"
	"slices"
	"strings"

	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/transforms/anonymous"
	"uoma/transforms/policy"
)

// What goes of register and vault with what is due, and what stays of it.

// register takes rows out, adds the counts that stay, and notes what has lapsed. It tells which source rows still have a
// row.
func (a *applying) register(ctx context.Context, night *register.Night, run string, out *Applied) (map[string]bool, error) {
	counts, err := a.counts(ctx, night)
	if err != nil {
		return nil, err
	}
	out.Counts = len(counts)
	if err := night.AddCounts(ctx, counts); err != nil {
		return nil, err
	}
	if err := a.shredded(ctx, night); err != nil {
		return nil, err
	}
	if err := a.blank(ctx, night); err != nil {
		return nil, err
	}
	if out.Rows, err = night.Take(ctx, a.parts); err != nil {
		return nil, err
	}
	a.keepStops()
	if err := night.AddKeptWords(ctx, a.kept); err != nil {
		return nil, err
	}
	if err := night.Lapse(ctx, a.lapses(run)); err != nil {
		return nil, err
	}
	left, err := night.Left(ctx, sortedKeys(a.gone))
	if err != nil {
		return nil, err
	}
	var facts GovernFacts
	facts.Due, facts.DueActions = map[string]int{}, map[string]int{}
	_, err = night.ReplaceRetention(ctx, a.g.dues(&facts, a.later))
	return left, err
}

// keepStops notes of whom something goes that they have died, or are under a protection order: the row that says so may go, and
// others of theirs stay.
func (a *applying) keepStops() {
	seen := map[string]bool{}
	for _, d := range a.due {
		p := a.g.people[d.Person]
		if p == nil || seen[d.Person] {
			continue
		}
		seen[d.Person] = true
		if p.facts.Deceased {
			a.kept = append(a.kept, deceased(d.Person, p.facts.DeceasedOn))
		}
		if p.facts.Protected {
			a.kept = append(a.kept, register.KeptWord{Person: d.Person, Kind: register.ProtectedWord})
		}
	}
}

// counts gives what stays of rows that are anonymised.
func (a *applying) counts(ctx context.Context, night *register.Night) ([]register.AnonymousCount, error) {
	person := map[itemKey]string{}
	var keys []string
	for _, d := range a.due {
		if d.Action.Anonymous() {
			person[itemKey{d.SourceKey, d.Category}] = d.Person
			keys = append(keys, d.SourceKey)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	selected, err := night.SelectRows(ctx, keys)
	if err != nil {
		return nil, err
	}
	var tally anonymous.Tally
	kinds := anonymous.Kinds()
	for _, kind := range sortedKeys(kinds) {
		columns := []int{}
		for n := range kinds[kind] {
			columns = append(columns, 3+n)
		}
		for b, err := range selected.Read(ctx, kind, append([]string{"source", "source_key", "category"}, kinds[kind]...), register.All) {
			if err != nil {
				return nil, err
			}
			for i := range b.Len() {
				if p, goes := person[itemKey{b.Col(1).Text(i), b.Col(2).Text(i)}]; goes {
					tally.Add(b.Col(0).Text(i), b.Col(2).Text(i), kind, p, b, columns, i)
				}
			}
		}
	}
	var out []register.AnonymousCount
	for _, c := range tally.Counts() {
		out = append(out, register.AnonymousCount{Source: c.Source, Category: c.Category, Kind: c.Kind, Name: c.Name, Year: int64(c.Year), What: c.What, People: c.People})
	}
	return out, nil
}

// shredded finds all source rows of the persons whose key goes: what it sealed goes with it.
func (a *applying) shredded(ctx context.Context, night *register.Night) error {
	persons := map[string]bool{}
	for _, d := range a.due {
		if d.Action == policy.Shred && d.Person != "" {
			persons[d.Person] = true
		}
	}
	records := a.recordsOf(persons)
	if len(records) == 0 {
		return nil
	}
	selected, err := night.SelectRecords(ctx, records)
	if err != nil {
		return err
	}
	rows := map[string]bool{}
	for _, t := range register.Tables() {
		for b, err := range selected.Read(ctx, t.Name, []string{"source_key"}, register.All) {
			if err != nil {
				return err
			}
			for i := range b.Len() {
				rows[strings.Clone(b.Col(0).Text(i))] = true
			}
		}
	}
	a.shreds = sortedKeys(rows)
	return nil
}

// recordsOf gives the records of some persons.
func (a *applying) recordsOf(persons map[string]bool) (records []string) {
	for _, record := range sortedKeys(a.g.byRecord) {
		if slices.ContainsFunc(a.g.byRecord[record], func(p *person) bool { return persons[p.token] }) {
			records = append(records, record)
		}
	}
	return records
}

// blank keeps a row for contact data that stays in the vault while the person's own row goes: without one nobody would
// ask again when the contact data is due.
func (a *applying) blank(ctx context.Context, night *register.Night) error {
	type ground struct{ category, basis string }
	of := map[ground][]string{}
	for _, d := range a.due {
		contact := a.loader.Table(d.Feed, "email")
		person := a.loader.Table(d.Feed, "person")
		switch {
		case d.Action == policy.Shred, !contact.Allow, person.Category != d.Category, contact.Category == d.Category:
		case a.gone[d.SourceKey][contact.Category], a.g.lapses.of(d.SourceKey, contact.Category) != nil:
		default:
			k := ground{contact.Category, contact.LegalBasis}
			of[k] = append(of[k], d.SourceKey)
		}
	}
	for k, rows := range of {
		if err := night.Blank(ctx, k.category, k.basis, rows); err != nil {
			return err
		}
	}
	return nil
}

// lapses gives what must not come back with the next export.
func (a *applying) lapses(run string) []register.Lapse {
	var out []register.Lapse
	for _, d := range a.due {
		l := register.Lapse{SourceKey: d.SourceKey, Category: d.Category, Source: d.Feed, Person: d.Person, Action: string(d.Action),
			Clause: d.Clause, Anchor: d.Anchor.String(), Day: d.AnchorDate, Since: run}
		if d.Action != policy.Shred {
			out = append(out, l)
			continue
		}
		l.Category = ""
		for _, row := range a.shreds { // all of them, whoever's: each is one of the persons'
			l.SourceKey = row
			out = append(out, l)
		}
	}
	return out
}

// strips gives what the vault lets go of.
func (a *applying) strips(left map[string]bool) []vault.Strip {
	var out []vault.Strip
	feeds := map[string]string{}
	for _, d := range a.due {
		feeds[d.SourceKey] = d.Feed
	}
	for _, key := range sortedKeys(a.gone) {
		s := vault.Strip{SourceKey: key, Whole: !left[key]}
		for _, t := range canon.Tables() {
			if a.gone[key][a.loader.Table(feeds[key], t.Name).Category] {
				s.Tables = append(s.Tables, t.Name)
			}
		}
		out = append(out, s)
	}
	for _, key := range a.shreds {
		out = append(out, vault.Strip{SourceKey: key, Whole: true})
	}
	return out
}
