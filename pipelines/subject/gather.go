package subject

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/dossier"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

var errMoved = fault.New("UOMA-SUB-NIGHT", "a night was loaded while the export was being made", "make the export again")

// Gather collects everything that is held of a person on a date, by the register's token. It reads one night: when
// another is loaded meanwhile, it fails.
func Gather(ctx context.Context, ws *workspace.Workspace, ref string, date canon.Date) (*dossier.Dossier, error) {
	pack, err := ws.Policy(date)
	if err != nil {
		return nil, err
	}
	layouts, err := ws.Layouts()
	if err != nil {
		return nil, err
	}
	night, err := nightly.LastNight(ctx, ws.RegisterDB, "nightly")
	if err != nil {
		return nil, err
	}
	g := &gathering{ws: ws, pack: pack, loader: pack.Loader(date), layouts: layouts, at: map[datumKey]int{}, first: map[string]int{}}
	if err := ws.Register.See(ctx, func(v *register.View) error { return g.read(ctx, v, ref, date) }); err != nil {
		return nil, err
	}
	if err := g.identity(ctx); err != nil {
		return nil, err
	}
	if err := g.delivered(ctx, ref); err != nil {
		return nil, err
	}
	now, err := nightly.LastNight(ctx, ws.RegisterDB, "nightly")
	if err != nil {
		return nil, err
	}
	if now != night {
		return nil, errMoved
	}
	g.out.Night = night
	g.finish()
	return &g.out, nil
}

// datumKey names what one source row gives of one category.
type datumKey struct{ sourceKey, category string }

// gathering is a dossier in the making.
type gathering struct {
	ws      *workspace.Workspace
	pack    *policy.Pack
	loader  *policy.Loader
	layouts []*layout.Layout
	who     workspace.Person
	former  []string // pseudonyms of who turned out to be the person
	out     dossier.Dossier
	at      map[datumKey]int
	first   map[string]int // by source key
}

// read takes what the register says: why each datum is here, and its values.
func (g *gathering) read(ctx context.Context, v *register.View, ref string, date canon.Date) error {
	e, err := nightly.ExplainIn(ctx, g.ws, v, g.pack, ref, "", date)
	if err != nil {
		return err
	}
	g.explained(&e)
	if g.who, _, err = g.ws.Person(ctx, v, ref); err != nil {
		return err
	}
	if g.former, err = v.FormerOf(ctx, ref); err != nil {
		return err
	}
	for _, t := range register.Tables() {
		for _, rows := range g.who.Rows(ctx, v, t.Name, nil, register.All) {
			for b, err := range rows {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					g.row(b, i)
				}
			}
		}
	}
	return nil
}

// explained takes over what the explanation says.
func (g *gathering) explained(e *nightly.Explained) {
	p := g.pack
	g.out = dossier.Dossier{Format: dossier.Format, Version: dossier.Version, Kind: dossier.Access, Date: e.Date, Person: e.Person,
		Controller: dossier.Controller{Name: p.Controller.Name, BusinessID: p.Controller.BusinessID},
		Notice:     dossier.Notice{Title: p.Notice.Title, Updated: p.Notice.Updated, Pack: e.Policy, Digest: e.Digest},
		Standing:   dossier.Standing{Member: e.Member, Clause: e.By, Roles: append([]string{}, e.Roles...), Protected: e.Shield, Deceased: e.Dead},
		Stops:      []dossier.Stop{}, Data: []dossier.Datum{}, Words: []dossier.Word{}, Said: []dossier.Said{}, Objections: append([]string{}, e.Objects...), Uses: []dossier.Use{},
		Recipients: []dossier.Recipient{}, Sources: []dossier.Source{}, Rights: dossier.Rights(), LeftOut: told()}
	for _, d := range e.Data {
		x := dossier.Datum{Category: d.Category, Source: d.Source, SourceKey: d.SourceKey, Basis: d.Basis, Clause: d.Clause,
			Since: d.Since, Gone: d.Gone, Ends: d.Ends, Due: d.Due, Action: d.Action, DueClause: d.DueClause, Hold: d.Hold}
		if a := d.Attributed; a != nil {
			x.Provider, x.Licence, x.Until, x.ChangedAt = a.Provider, a.Licence, a.Until, a.ChangedAt
		}
		g.add(x)
	}
	for _, w := range e.Words {
		g.out.Words = append(g.out.Words, dossier.Word{Purpose: w.Purpose, Topic: w.Topic, Channel: w.Channel, State: w.State, Clause: w.Clause, Says: p.Says(w.Clause)})
	}
	for _, s := range e.Said {
		g.out.Said = append(g.out.Said, dossier.Said(s))
	}
	if e.Restricted {
		g.stop(dossier.Restriction, "", &p.Stops.Restricted)
	}
	for _, hold := range slices.Compact(slices.Sorted(slices.Values(e.Holds))) {
		entry := &policy.Entry{} // of a hold that the pack knows no more
		if i := slices.IndexFunc(p.Holds, func(h policy.Hold) bool { return h.ID == hold }); i >= 0 {
			entry = &p.Holds[i].Entry
		}
		g.stop(dossier.Hold, hold, entry)
	}
	for _, u := range e.Uses {
		g.out.Uses = append(g.out.Uses, dossier.Use(u))
	}
}

// stop adds what keeps data from being used, or from going.
func (g *gathering) stop(kind, about string, e *policy.Entry) {
	s := dossier.Stop{Kind: kind, About: about, Clause: strings.Join(e.Clause, ", ")}
	if len(e.Clause) > 0 {
		s.Says = g.pack.Says(e.Clause[0])
	}
	g.out.Stops = append(g.out.Stops, s)
}

// add adds a datum and what the pack and the layouts say of it.
func (g *gathering) add(d dossier.Datum) int {
	d.Values, d.Says, d.Act = []dossier.Value{}, g.pack.Says(d.Clause), g.act(d.Category)
	if l := g.layout(canon.SystemOf(d.Source)); l != nil {
		d.Given = l.Given()
	}
	n := len(g.out.Data)
	g.out.Data = append(g.out.Data, d)
	g.at[datumKey{d.SourceKey, d.Category}] = n
	if _, seen := g.first[d.SourceKey]; !seen {
		g.first[d.SourceKey] = n
	}
	return n
}

func (g *gathering) act(category string) string {
	for _, c := range g.pack.Categories {
		if b, ok := g.pack.Basis(c.Basis); ok && c.ID == category {
			return b.Act
		}
	}
	return ""
}

func (g *gathering) layout(system string) *layout.Layout {
	for _, l := range g.layouts {
		if l.System == system {
			return l
		}
	}
	return nil
}

// row adds the values of a row of the register, but the token of who changed it in its source: that is somebody else.
func (g *gathering) row(b *canon.Batch, i int) {
	n := g.at[datumKey{b.Col(register.SourceKey).Text(i), b.Col(register.Category).Text(i)}]
	d := &g.out.Data[n]
	for c := register.First; c < len(b.Table.Columns); c++ {
		if col := b.Col(c); !col.Null(i) && (b.Table.Name != canon.Attribution || b.Table.Columns[c].Name != "author") {
			d.Values = append(d.Values, dossier.Value{Table: b.Table.Name, Seq: int(b.Col(register.Seq).Int(i)),
				Column: b.Table.Columns[c].Name, Value: string(col.AppendTo(nil, i))})
		}
	}
}

// identity adds what the vault says of the person.
func (g *gathering) identity(ctx context.Context) error {
	if g.who.Subject == "" {
		return nil
	}
	for e, err := range g.ws.Vault.Open(ctx, []string{g.who.Subject}, vault.Everything) {
		if err != nil {
			return err
		}
		for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, x := range facts {
				d := &g.out.Data[g.datumOf(&e, x.Table)]
				d.Values = append(d.Values, dossier.Value{Table: cmp.Or(x.Table, "source"), Seq: x.Seq, Column: x.Column, Value: x.Value})
			}
		}
	}
	return nil
}

// datumOf finds the datum that a table's facts of a source row belong to: by the category under which the table was let
// in. The source's own keys stand with the row's first datum. What belongs to none makes one, so that nothing is lost.
func (g *gathering) datumOf(e *vault.Entry, table string) int {
	l := g.loader.Table(e.Source, cmp.Or(table, "person"))
	if n, ok := g.at[datumKey{e.SourceKey, l.Category}]; ok && table != "" {
		return n
	}
	if n, ok := g.first[e.SourceKey]; ok {
		return n
	}
	return g.add(dossier.Datum{Category: l.Category, Source: e.Source, SourceKey: e.SourceKey, Basis: l.LegalBasis, Clause: l.Clause,
		Ends: g.pack.EndsOf(l.Category, e.Source)})
}

// delivered adds the recipients who got the person.
func (g *gathering) delivered(ctx context.Context, ref string) error {
	all, err := survey.Disclosures(ctx, g.ws, append([]string{ref}, g.former...), g.who.Keys...)
	if err != nil {
		return err
	}
	for _, d := range all {
		r := dossier.Recipient{Recipient: d.Recipient, Dataset: d.Dataset, Delivery: d.Delivery, Purpose: d.Purpose, Clause: d.Clause,
			Columns: d.Columns, State: d.State, At: d.At.UTC().Format(time.RFC3339), Former: d.Person != ref}
		if x, ok := g.pack.Disclosure(d.Recipient, d.Purpose); ok {
			r.Country, r.Safeguard = x.Country, x.Safeguard
		}
		g.out.Recipients = append(g.out.Recipients, r)
	}
	return nil
}

// finish puts everything in an order that does not depend on how it was found, and lists the sources.
func (g *gathering) finish() {
	for i := range g.out.Data {
		d := &g.out.Data[i]
		slices.SortStableFunc(d.Values, func(a, b dossier.Value) int {
			return cmp.Or(strings.Compare(a.Table, b.Table), cmp.Compare(a.Seq, b.Seq))
		})
		system := canon.SystemOf(d.Source)
		if slices.ContainsFunc(g.out.Sources, func(s dossier.Source) bool { return s.System == system }) {
			continue
		}
		s := dossier.Source{System: system, Title: system, Given: d.Given}
		if l := g.layout(system); l != nil {
			s.Title = l.Title
		}
		g.out.Sources = append(g.out.Sources, s)
	}
	slices.SortStableFunc(g.out.Data, func(a, b dossier.Datum) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.SourceKey, b.SourceKey), strings.Compare(a.Category, b.Category))
	})
	slices.SortFunc(g.out.Sources, func(a, b dossier.Source) int { return strings.Compare(a.System, b.System) })
}
