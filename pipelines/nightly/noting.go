package nightly

import (
	"context"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

// What rows of the register say of people, as the policy takes it.

// readRows gathers what the rows of each record say of the person that the record turns out to be about.
func (g *governing) readRows(ctx context.Context, v *register.View, told map[string]*person, says []noting) error {
	return g.noteRows(told, says, func(t *noting) []canon.Batches {
		return []canon.Batches{v.Scan(ctx, t.table, t.columns, t.which, t.where...)}
	})
}

// noting is what some columns of some of a table's rows say.
type noting struct {
	table   string
	columns []string
	which   register.Which
	where   []register.Condition
	note    func(p *person, b *canon.Batch, i int)
}

// noting lists everything that rows say, first the degrees, of which there are most. What stops a use outlives the row that said
// it: a source that no longer exports a refusal has not taken it back.
func (g *governing) noting() []noting {
	all := []noting{
		{"degree", []string{"record", "institution_code", "date"}, register.Current, nil, noteDegree},
		{"role", []string{"record", "kind", "from", "to", "last_seen_run"}, register.All, g.roles(), g.noteRole},
		{"person", []string{"record", "deceased", "deceased_date", "protected"}, register.All, flagged("deceased", "deceased_date", "protected"), notePerson},
		{"consent", []string{"record", "purpose", "channel", "state", "time", "source", "topic", "last_seen_run"}, register.All, nil, g.noteConsent},
		{"objection", []string{"record", "scope", "channel", "time"}, register.All, nil, noteObjection},
	}
	if silent := g.n.pack.Silent(); len(silent) > 0 {
		of := []register.Condition{{Columns: []string{"category"}, Values: silent}}
		all = append(all, noting{"person", []string{"record", "category", "first_seen_run"}, register.All, of, g.noteSilence})
	}
	return all
}

// noteRows is readRows of what read gives.
func (g *governing) noteRows(told map[string]*person, says []noting, read func(*noting) []canon.Batches) error {
	for n := range says {
		t := &says[n]
		for _, rows := range read(t) {
			for b, err := range rows {
				if err != nil {
					return err
				}
				record := b.Col(0)
				for i := range b.Len() {
					p := told[record.Text(i)]
					if p == nil {
						p = &person{}
						told[strings.Clone(record.Text(i))] = p
					}
					t.note(p, b, i)
				}
				g.r.Progress.Advance(int64(b.Len()), "register rows")
			}
		}
	}
	return nil
}

// join adds what the rows of a record say.
func (p *person) join(told *person) {
	p.facts.Join(&told.facts)
	p.speaks = p.speaks || told.speaks
}

// roles narrows the table of roles to those that say anything of membership, unless the pack has groups and wants all.
func (g *governing) roles() []register.Condition {
	if len(g.n.pack.Groups) > 0 {
		return nil
	}
	return []register.Condition{{Columns: []string{"kind"}, Value: protect.MemberRole}}
}

func flagged(columns ...string) []register.Condition { return []register.Condition{{Columns: columns}} }

func noteDegree(p *person, b *canon.Batch, i int) {
	if inst := b.Col(1); !inst.Null(i) {
		addDegree(&p.facts, inst, b.Col(2), i)
	}
}

// noteRole takes membership from whenever it was, and every role that somebody has on the date. Of a row that is exported no more
// it takes that somebody left.
func (g *governing) noteRole(p *person, b *canon.Batch, i int) {
	kind := b.Col(1).Text(i)
	if !b.Col(4).Null(i) {
		if to, left := b.Col(3).Day(i); left && kind == protect.MemberRole {
			p.facts.Left = append(p.facts.Left, to)
		}
		return
	}
	if kind == protect.MemberRole {
		addRole(&p.facts, b.Col(2), b.Col(3), i)
	}
	from, begun := b.Col(2).Day(i)
	to, ended := b.Col(3).Day(i)
	if (!begun || from <= g.r.Date) && (!ended || to >= g.r.Date) {
		p.facts.Roles = append(p.facts.Roles, strings.Clone(kind))
	}
}

func notePerson(p *person, b *canon.Batch, i int) {
	addDeath(&p.facts, b.Col(1), b.Col(2), i)
	p.facts.Protected = p.facts.Protected || b.Col(3).Bool(i)
}

// noteSilence takes what it comes to that somebody whose row is here does not say anything.
func (g *governing) noteSilence(p *person, b *canon.Batch, i int) {
	since, known := pipelines.DateIn(b.Col(2).Text(i))
	if !known {
		return
	}
	for _, c := range g.n.pack.Silence(b.Col(1).Text(i), since) {
		if c.Time <= g.instant() {
			p.speaks = true
			p.facts.Consents = append(p.facts.Consents, c)
		}
	}
}

func (g *governing) noteConsent(p *person, b *canon.Batch, i int) {
	at, _ := b.Col(4).Instant(i)
	missed, _ := pipelines.DateIn(b.Col(7).Text(i))
	p.speaks = p.facts.Hear(policy.ConsentRow{Purpose: strings.Clone(b.Col(1).Text(i)), Topic: strings.Clone(b.Col(6).Text(i)), Channel: b.Col(2).Text(i),
		State: b.Col(3).Text(i), Source: strings.Clone(b.Col(5).Text(i)), Time: at, Missed: missed}, g.instant()) || p.speaks
}

func noteObjection(p *person, b *canon.Batch, i int) {
	channel, _ := policy.ParseChannel(b.Col(2).Text(i))
	at, _ := b.Col(3).Instant(i)
	p.speaks = true
	p.facts.Objections = append(p.facts.Objections, policy.Objection{Scope: strings.Clone(b.Col(1).Text(i)), Channel: channel, Time: at})
}
