package workspace

import (
	"context"
	"slices"

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
		for e, err := range w.Vault.Open(ctx, []string{p.Subject}, 0) {
			if err != nil {
				return p, false, err
			}
			p.Keys, own[e.Record] = append(p.Keys, e.SourceKey), true
		}
	}
	for _, r := range p.Records {
		if !own[r] {
			p.points = append(p.points, r)
		}
	}
	if len(p.points) > 0 {
		p.tables, err = w.pointTables()
	}
	return p, true, err
}

// pointTables gives the tables that feeds fill which name people by contact point alone. Words about consent are always
// among them: a layout may have left the workspace and its rows not.
func (w *Workspace) pointTables() ([]string, error) {
	out := []string{"consent", "objection"}
	layouts, err := w.Layouts()
	if err != nil {
		return nil, err
	}
	for _, l := range layouts {
		for i := range l.Feeds {
			if l.Feeds[i].Person.Point == "" {
				continue
			}
			for _, f := range l.Feeds[i].Fillings() {
				out = append(out, f.Table.Name)
			}
		}
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
