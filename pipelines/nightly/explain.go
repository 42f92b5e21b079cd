package nightly

import (
	"context"
	"slices"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var (
	errUnknownPerson  = fault.New("UOMA-EXP-NOBODY", "the register has no such person", "name the person by the register's token, as uoma retention plan and uoma review print it")
	errUnknownPurpose = fault.New("UOMA-EXP-PURPOSE", "the pack has no such purpose", "uoma policy show lists the purposes")
)

// Explained says of one person what the register holds and why, who may use it, and when it goes. It names the person by
// token alone and holds no value of theirs.
type Explained struct {
	Person  string           `json:"person"`
	Date    string           `json:"date"`
	Policy  string           `json:"policy"` // id and version
	Digest  string           `json:"policy_digest"`
	Member  bool             `json:"member"`
	By      string           `json:"member_clause"`
	Dead    bool             `json:"deceased,omitempty"`
	Shield  bool             `json:"protected,omitempty"`
	Roles   []string         `json:"roles"`
	Words   []ExplainedWord  `json:"consents"`   // what they come to
	Objects []string         `json:"objections"` // scopes
	Data    []ExplainedDatum `json:"data"`
	Uses    []ExplainedUse   `json:"uses"`
}

// ExplainedWord is what somebody's words come to for a purpose and channel.
type ExplainedWord struct {
	Purpose string `json:"purpose"`
	Topic   string `json:"topic,omitempty"`
	Channel string `json:"channel"`
	State   string `json:"state"`
	Clause  string `json:"clause"`
}

// ExplainedDatum is what one source row gives of one category: why it is here, and when it goes.
type ExplainedDatum struct {
	Category  string   `json:"category"`
	Tables    []string `json:"tables"`
	Source    string   `json:"source"`
	SourceKey string   `json:"source_key"`
	Basis     string   `json:"legal_basis"`
	Clause    string   `json:"clause"`
	Since     string   `json:"first_seen_run"`
	Gone      string   `json:"last_seen_run,omitempty"` // the run that missed it in its source
	Due       string   `json:"due,omitempty"`           // the day on which something is to be done, when its anchor is known
	Action    string   `json:"action,omitempty"`
	DueClause string   `json:"due_clause,omitempty"`
	Hold      string   `json:"hold,omitempty"`
	Ends      []string `json:"ends"` // what the pack says of the category's end, with the clause
}

// ExplainedUse is the answer to whether a category may serve a purpose, in the house or with a recipient.
type ExplainedUse struct {
	Purpose   string `json:"purpose"`
	Recipient string `json:"recipient,omitempty"`
	Category  string `json:"category"`
	Allow     bool   `json:"allow"`
	Clause    string `json:"clause"`
	Reason    string `json:"reason"`
	Says      string `json:"says,omitempty"` // what the notice says there
}

// Explain explains a person of the register on a date, for one purpose or, with "", for all. It writes nothing.
func Explain(ctx context.Context, ws *workspace.Workspace, token, purpose string, date canon.Date) (Explained, error) {
	out := Explained{Person: token, Date: date.String(), Roles: []string{}, Words: []ExplainedWord{}, Objects: []string{}, Data: []ExplainedDatum{}, Uses: []ExplainedUse{}}
	pack, err := ws.Policy(date)
	if err != nil {
		return out, err
	}
	if _, known := pack.Purpose(purpose); !known && purpose != "" {
		return out, errUnknownPurpose.At(fault.Place{Field: purpose})
	}
	g := &governing{n: &Night{ws: ws, pack: pack}, r: &pipelines.Run{Date: date, Progress: unseen{}}, people: map[string]*person{}, byRecord: map[string][]*person{}}
	err = ws.Register.See(ctx, func(v *register.View) error { return g.explain(ctx, v, token, &out) })
	if err != nil {
		return out, err
	}
	p := g.people[token]
	out.Policy, out.Digest = pack.ID+" "+pack.Version, pack.Digest()
	out.Member, out.By, out.Dead, out.Shield = p.standing.Member, p.standing.Clause, p.facts.Deceased, p.facts.Protected
	out.Roles = slices.Compact(slices.Sorted(slices.Values(append(out.Roles, p.facts.Roles...))))
	for _, o := range p.facts.Objections {
		out.Objects = append(out.Objects, o.Scope)
	}
	for _, c := range pack.Effective(&p.facts, g.instant()) {
		if c.State != policy.Unknown {
			out.Words = append(out.Words, ExplainedWord{c.Purpose, c.Topic, c.Channel.String(), c.State.String(), c.Clause})
		}
	}
	out.uses(pack, &p.facts, purpose, date)
	return out, nil
}

// explain reads what the register has of one person.
func (g *governing) explain(ctx context.Context, v *register.View, token string, out *Explained) error {
	var records []string
	for l, err := range v.Links(ctx) {
		if err != nil {
			return err
		}
		if l.Person == token {
			records = append(records, l.Record)
		}
	}
	if len(records) == 0 {
		return errUnknownPerson
	}
	p := &person{token: token}
	g.people[token] = p
	told := map[string]*person{}
	for _, record := range records {
		g.byRecord[record] = []*person{p}
		if err := g.readRows(ctx, v, told, register.Condition{Columns: []string{"record"}, Value: record}); err != nil {
			return err
		}
	}
	if err := g.readPast(ctx, v); err != nil {
		return err
	}
	g.settle(told)
	err := g.gather(func(table string, columns []string, _ register.Condition, _ bool) (all []canon.Batches) {
		for _, record := range records {
			all = append(all, v.Read(ctx, table, columns, register.All, register.Condition{Columns: []string{"record"}, Value: record}))
		}
		return all
	})
	if err != nil {
		return err
	}
	return g.explainRows(ctx, v, records, out)
}

// explainRows lists the person's source rows by category, with what is due.
func (g *governing) explainRows(ctx context.Context, v *register.View, records []string, out *Explained) error {
	loader := g.n.pack.Loader(g.r.Date)
	at := map[itemKey]int{}
	for _, t := range register.Tables() {
		for _, record := range records {
			columns := []string{"source", "source_key", "category", "legal_basis", "first_seen_run", "last_seen_run"}
			for b, err := range v.Read(ctx, t.Name, columns, register.All, register.Condition{Columns: []string{"record"}, Value: record}) {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					k := itemKey{strings.Clone(b.Col(1).Text(i)), strings.Clone(b.Col(2).Text(i))}
					n, seen := at[k]
					if !seen {
						n = len(out.Data)
						at[k] = n
						feed := strings.Clone(b.Col(0).Text(i))
						out.Data = append(out.Data, ExplainedDatum{Category: k.category, Source: feed, SourceKey: k.sourceKey,
							Basis: strings.Clone(b.Col(3).Text(i)), Clause: loader.Table(feed, t.Name).Clause, Since: strings.Clone(b.Col(4).Text(i)),
							Gone: strings.Clone(b.Col(5).Text(i)), Ends: g.n.pack.EndsOf(k.category, feed)})
					}
					if d := &out.Data[n]; !slices.Contains(d.Tables, t.Name) {
						d.Tables = append(d.Tables, t.Name)
					}
					l := loader.Table(out.Data[n].Source, "email")
					contact := itemKey{k.sourceKey, l.Category}
					if _, seen := at[contact]; t.Name != "person" || !l.Allow || seen {
						continue
					}
					at[contact] = len(out.Data)
					d := out.Data[n]
					d.Category, d.Basis, d.Clause, d.Tables, d.Ends = l.Category, l.LegalBasis, l.Clause, vaultTables(), g.n.pack.EndsOf(l.Category, d.Source)
					out.Data = append(out.Data, d)
				}
			}
		}
	}
	for i := range g.items {
		x := &g.items[i]
		n, here := at[itemKey{x.SourceKey, x.Category}]
		if d, ok := g.n.pack.DueAt(x, endOfTime); ok && here {
			e := &out.Data[n]
			e.Due, e.Action, e.DueClause, e.Hold = d.DueDate.String(), string(d.Action), d.Clause, d.Hold
		}
	}
	return nil
}

// vaultTables are the tables of contact data. It stands in the vault, as far as a person's row gave any.
func vaultTables() []string { return []string{"email", "phone", "address"} }

// endOfTime is later than every due date.
const endOfTime = canon.Date(1 << 30)

// uses asks the decision function about every category that the person has.
func (e *Explained) uses(pack *policy.Pack, f *policy.Facts, purpose string, date canon.Date) {
	has := map[string]bool{}
	for _, d := range e.Data {
		has[d.Category] = true
	}
	for _, u := range pack.Purposes {
		if purpose != "" && u.ID != purpose {
			continue
		}
		recipients := []string{""}
		for _, d := range pack.Disclosures {
			if d.Purpose == u.ID {
				recipients = append(recipients, d.Recipient)
			}
		}
		for _, category := range u.Categories {
			for _, recipient := range recipients {
				if !has[category] {
					continue
				}
				d := pack.Decide(policy.Query{Facts: f, Category: category, Purpose: u.ID, Recipient: recipient, At: date})
				e.Uses = append(e.Uses, ExplainedUse{u.ID, recipient, category, d.Allow, d.Clause, d.Reason, pack.Says(d.Clause)})
			}
		}
	}
}
