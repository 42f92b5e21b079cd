package workspace

import (
	"context"
	"maps"
	"slices"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
)

// Person is one person of the register and everywhere that rows about the person stand. It names the person by tokens
// alone.
type Person struct {
	Token   string
	Subject string   // in the vault; "" when it knows none
	Records []string // of the person's own and of contact points, in order
	Keys    []string // source keys of the person's own rows, in order

	points []string // records that the vault has no row of: contact points, which may be of several people
	tables []string // in which contact points have rows
}

// Person finds where everything about a person stands, by the token that the register has for the person. The second
// result is false when there is no such person.
func (w *Workspace) Person(ctx context.Context, v *register.View, token string) (p Person, known bool, err error) {
	p.Token = token
	if p.Records, err = v.RecordsOf(ctx, token); err != nil || len(p.Records) == 0 {
		return p, false, err
	}
	if p.Subject, err = w.Vault.SubjectOf(ctx, token); err != nil {
		return p, false, err
	}
	own := map[string]bool{}
	if p.Subject != "" {
		if p.Keys, own, err = w.ownRows(ctx, []string{p.Subject}); err != nil {
			return p, false, err
		}
	}
	for _, r := range p.Records {
		if !own[r] {
			p.points = append(p.points, r)
		}
	}
	if len(p.points) > 0 {
		p.tables, err = w.PointTables(ctx)
	}
	return p, true, err
}

// OwnRows gives the keys of all source rows of some persons but those of contact points, in order, and the records that
// they are of. The vault has an entry of each for as long as the register has anything of it.
func (w *Workspace) OwnRows(ctx context.Context, persons []string) (keys []string, records map[string]bool, err error) {
	subjects, err := w.Vault.SubjectsOf(ctx, persons)
	if err != nil || len(subjects) == 0 {
		return nil, nil, err
	}
	return w.ownRows(ctx, slices.Collect(maps.Values(subjects)))
}

func (w *Workspace) ownRows(ctx context.Context, subjects []string) (keys []string, records map[string]bool, err error) {
	records = map[string]bool{}
	for e, err := range w.Vault.Open(ctx, subjects, 0) {
		if err != nil {
			return nil, nil, err
		}
		keys, records[e.Record] = append(keys, e.SourceKey), true
	}
	slices.Sort(keys)
	return keys, records, nil
}

// PointTables gives the tables that feeds fill which name people by contact point alone: all tables, when a layout has
// left the workspace that was once read by, as its rows may still be there.
func (w *Workspace) PointTables(ctx context.Context) (out []string, err error) {
	layouts, err := w.Layouts()
	if err != nil {
		return nil, err
	}
	landed, err := ledger.Landed(ctx, w.RegisterDB)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for _, feed := range landed {
		gone[feed] = true
	}
	for _, l := range layouts {
		for i := range l.Feeds {
			delete(gone, l.Feeds[i].FullName())
			if l.Feeds[i].Person.Point == "" {
				continue
			}
			for _, f := range l.Feeds[i].Fillings() {
				out = append(out, f.Table.Name)
			}
		}
	}
	if len(gone) == 0 {
		return out, nil
	}
	out = nil
	for _, t := range register.Tables() {
		out = append(out, t.Name)
	}
	return out, nil
}

// Rows reads the person's rows of a table: those of the person's own records, and those of contact points.
func (p *Person) Rows(ctx context.Context, v *register.View, table string, columns []string, which register.Which, more ...register.Condition) []canon.Batches {
	var out []canon.Batches
	read := func(c register.Condition) {
		out = append(out, v.Read(ctx, table, columns, which, append(slices.Clone(more), c)...))
	}
	if len(p.Keys) > 0 {
		read(register.Condition{Columns: []string{"source_key"}, Values: p.Keys})
	}
	if slices.Contains(p.tables, table) {
		for _, r := range p.points {
			read(register.Condition{Columns: []string{"record"}, Value: r})
		}
	}
	return out
}
