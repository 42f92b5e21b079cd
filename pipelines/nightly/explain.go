package nightly

import (
	"context"
	"slices"
	"strings"
	"time"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
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
	Person     string           `json:"person"`
	Date       string           `json:"date"`
	Policy     string           `json:"policy"` // id and version
	Digest     string           `json:"policy_digest"`
	Member     bool             `json:"member"`
	By         string           `json:"member_clause"`
	Dead       bool             `json:"deceased,omitempty"`
	Shield     bool             `json:"protected,omitempty"`
	Restricted bool             `json:"restricted,omitempty"`
	Holds      []string         `json:"holds"`
	Roles      []string         `json:"roles"`
	Words      []ExplainedWord  `json:"consents"`   // what they come to
	Said       []ExplainedSaid  `json:"said"`       // the words about consents up to the date that stand in the register, oldest first
	Objects    []string         `json:"objections"` // scopes
	Data       []ExplainedDatum `json:"data"`
	Uses       []ExplainedUse   `json:"uses"`
}

// ExplainedWord is what somebody's words come to for a purpose and channel.
type ExplainedWord struct {
	Purpose string `json:"purpose"`
	Topic   string `json:"topic,omitempty"`
	Channel string `json:"channel"`
	State   string `json:"state"`
	Clause  string `json:"clause"`
}

// ExplainedSaid is one word about a consent, and the text that it was said to.
type ExplainedSaid struct {
	Purpose     string `json:"purpose"`
	Topic       string `json:"topic,omitempty"`
	Channel     string `json:"channel,omitempty"` // "" for any
	State       string `json:"state"`
	At          string `json:"at,omitempty"` // "" when nobody knows
	Source      string `json:"source"`       // the feed, or "hand"
	TextVersion string `json:"text_version,omitempty"`
	TextDigest  string `json:"text_sha256,omitempty"` // as it was written down with the word, or as the pack has it for the version
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
	// Attributed is what the source row says of who provided or changed its values.
	Attributed *Attribution `json:"attribution,omitempty"`
}

// Attribution is who provided the values of a source row, and who changed them. The author is a keyed token: the same for all
// rows that one user of the source changed.
type Attribution struct {
	Provider  string `json:"provider,omitempty"`
	Licence   string `json:"licence,omitempty"`
	Until     string `json:"licence_until,omitempty"`
	Author    string `json:"author,omitempty"`
	ChangedAt string `json:"changed_at,omitempty"`
}

// ExplainedUse is the answer to whether a category may serve a purpose, in the house or with a recipient.
type ExplainedUse struct {
	Purpose   string `json:"purpose"`
	Recipient string `json:"recipient,omitempty"`
	Category  string `json:"category"`
	Allow     bool   `json:"allow"`
	Per       string `json:"per,omitempty"` // "event": for the event alone that the data was given for
	Clause    string `json:"clause"`
	Reason    string `json:"reason"`
	Says      string `json:"says,omitempty"` // what the notice says there
}

// Explain explains a person of the register on a date, for one purpose or, with "", for all. It writes nothing.
func Explain(ctx context.Context, ws *workspace.Workspace, token, purpose string, date canon.Date) (out Explained, err error) {
	pack, err := ws.Policy(date)
	if err != nil {
		return out, err
	}
	err = ws.Register.See(ctx, func(v *register.View) error {
		out, err = ExplainIn(ctx, ws, v, pack, token, purpose, date)
		return err
	})
	return out, err
}

// ExplainIn is [Explain] in one state of the register, under a pack.
func ExplainIn(ctx context.Context, ws *workspace.Workspace, v *register.View, pack *policy.Pack, token, purpose string, date canon.Date) (Explained, error) {
	out := Explained{Person: token, Date: date.String(), Holds: []string{}, Roles: []string{}, Words: []ExplainedWord{}, Said: []ExplainedSaid{}, Objects: []string{}, Data: []ExplainedDatum{}, Uses: []ExplainedUse{}}
	if _, known := pack.Purpose(purpose); !known && purpose != "" {
		return out, errUnknownPurpose.At(fault.Place{Field: purpose})
	}
	g := &governing{n: &Night{ws: ws, pack: pack}, r: &pipelines.Run{Date: date, Progress: unseen{}}, people: map[string]*person{}, byRecord: map[string][]*person{}}
	if err := g.explain(ctx, v, token, &out); err != nil {
		return out, err
	}
	p := g.people[token]
	out.Policy, out.Digest = pack.ID+" "+pack.Version, pack.Digest()
	out.Restricted, out.Holds = p.facts.Restricted, append(out.Holds, p.facts.Holds...)
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
	who, known, err := g.n.ws.Person(ctx, v, token)
	if err != nil {
		return err
	}
	if !known {
		return errUnknownPerson
	}
	p := &person{token: token}
	g.people[token] = p
	for _, record := range who.Records {
		g.about(record, p)
	}
	told := map[string]*person{}
	err = g.noteRows(told, g.noting(), func(t *noting) []canon.Batches {
		return who.Rows(ctx, v, t.table, t.columns, t.which, t.where...)
	})
	if err != nil {
		return err
	}
	if err := g.readPastOf(ctx, v, token, who.Keys); err != nil {
		return err
	}
	err = g.readDuties(ctx, v, func(table string, columns []string) []canon.Batches {
		return who.Rows(ctx, v, table, columns, register.All)
	})
	if err != nil {
		return err
	}
	words, err := rights.ReadWordsOf(ctx, v, who.Records)
	if err != nil {
		return err
	}
	g.settle(words, told)
	consents, err := rights.ConsentWords(ctx, v, who.Records, g.n.pack)
	if err != nil {
		return err
	}
	for _, x := range consents {
		if at, err := time.Parse(time.RFC3339, x.At); err == nil && at.UnixMicro() > g.instant() {
			continue // said behind the date
		}
		out.Said = append(out.Said, ExplainedSaid{x.About, x.Topic, x.Channel, x.State, x.At, x.Source, x.TextVersion, x.TextDigest})
	}
	err = g.gather(func(table string, columns []string, _ register.Condition, _ bool) []canon.Batches {
		return who.Rows(ctx, v, table, columns, register.All)
	})
	if err != nil {
		return err
	}
	return g.explainRows(ctx, v, &who, out)
}

// explainRows lists the person's source rows by category, with what is due.
func (g *governing) explainRows(ctx context.Context, v *register.View, who *workspace.Person, out *Explained) error {
	loader := g.n.pack.Loader(g.r.Date)
	at := map[itemKey]int{}
	columns := []string{"source", "source_key", "category", "legal_basis", "first_seen_run", "last_seen_run"}
	for _, t := range register.Tables() {
		for _, rows := range who.Rows(ctx, v, t.Name, columns, register.All) {
			for b, err := range rows {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					g.explainRow(t.Name, b, i, loader, at, out)
				}
			}
		}
	}
	if err := attribute(ctx, v, who, out); err != nil {
		return err
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

// attribute tells of each datum who provided and changed its source row.
func attribute(ctx context.Context, v *register.View, who *workspace.Person, out *Explained) error {
	found := map[string]*Attribution{}
	columns := []string{"source_key", "provider", "licence", "licence_until", "author", "changed_at"}
	for _, rows := range who.Rows(ctx, v, canon.Attribution, columns, register.All) {
		for b, err := range rows {
			if err != nil {
				return err
			}
			text := func(c, i int) string { return string(b.Col(c).AppendTo(nil, i)) }
			for i := range b.Len() {
				found[text(0, i)] = &Attribution{text(1, i), text(2, i), text(3, i), text(4, i), text(5, i)}
			}
		}
	}
	for i := range out.Data {
		out.Data[i].Attributed = found[out.Data[i].SourceKey]
	}
	return nil
}

// explainRow adds a row to what its source row gave, and, where it is a person's or says alone who gave it, the contact data of the
// same source row.
func (g *governing) explainRow(table string, b *canon.Batch, i int, loader *policy.Loader, at map[itemKey]int, out *Explained) {
	k := itemKey{strings.Clone(b.Col(1).Text(i)), strings.Clone(b.Col(2).Text(i))}
	n, seen := at[k]
	if !seen {
		n = len(out.Data)
		at[k] = n
		feed := strings.Clone(b.Col(0).Text(i))
		out.Data = append(out.Data, ExplainedDatum{Category: k.category, Source: feed, SourceKey: k.sourceKey,
			Basis: strings.Clone(b.Col(3).Text(i)), Clause: loader.Table(feed, table).Clause, Since: strings.Clone(b.Col(4).Text(i)),
			Gone: strings.Clone(b.Col(5).Text(i)), Ends: g.n.pack.EndsOf(k.category, feed)})
	}
	if d := &out.Data[n]; !slices.Contains(d.Tables, table) {
		d.Tables = append(d.Tables, table)
	}
	l := loader.Table(out.Data[n].Source, "email")
	contact := itemKey{k.sourceKey, l.Category}
	_, seen = at[contact]
	switch {
	case table != "person" && table != canon.Attribution || !l.Allow:
		return
	case table == canon.Attribution && !alone(out.Data, n): // a bought contact has no other row; what another table says is told there
		return
	case table == canon.Attribution && contact == k:
		d := &out.Data[n]
		d.Tables = append(d.Tables, vaultTables()...)
		return
	case seen:
		return
	}
	at[contact] = len(out.Data)
	d := out.Data[n]
	d.Category, d.Basis, d.Clause, d.Tables, d.Ends = l.Category, l.LegalBasis, l.Clause, vaultTables(), g.n.pack.EndsOf(l.Category, d.Source)
	out.Data = append(out.Data, d)
}

// alone tells whether a datum is all that its source row gave, in one table.
func alone(data []ExplainedDatum, n int) bool {
	other := func(d ExplainedDatum) bool { return d.SourceKey == data[n].SourceKey && d.Category != data[n].Category }
	return len(data[n].Tables) == 1 && !slices.ContainsFunc(data, other)
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
				d := pack.Decide(policy.Query{Facts: f, Category: category, Purpose: u.ID, Recipient: recipient, Event: anEvent, GivenFor: anEvent, At: date})
				e.Uses = append(e.Uses, ExplainedUse{u.ID, recipient, category, d.Allow, u.Per, d.Clause, d.Reason, pack.Says(d.Clause)})
			}
		}
	}
}
