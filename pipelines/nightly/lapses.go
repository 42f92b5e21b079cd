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

// lapses are what has outlived its period and is gone, by the token of the source row: see [Night.ApplyRetention]. A
// source goes on exporting such a row, and nothing of it comes back while what ended it stands.
type lapses map[string][]register.Lapse

// recallLapses reads them.
func (n *Night) recallLapses(ctx context.Context) (lapses, error) {
	out := lapses{}
	for l, err := range n.ws.Register.Lapses(ctx) {
		if err != nil {
			return nil, err
		}
		out[l.SourceKey] = append(out[l.SourceKey], l)
	}
	return out, nil
}

// of gives the lapse of a category of a source row.
func (l lapses) of(sourceKey, category string) *register.Lapse {
	for i := range l[sourceKey] {
		if x := &l[sourceKey][i]; x.Category == category {
			return x
		}
	}
	return nil
}

// unsettled tells whether a source row from which something lapsed is decided anew every night: a consent that was given up, or a
// duty that ended, ended it, and whether it is given again shows when the night is loaded; or it names a contact point, of which
// no standing tells who has it.
func (l lapses) unsettled(sourceKey, personKey string) bool {
	for _, x := range l[sourceKey] {
		if strings.HasPrefix(personKey, canon.PointPrefix) {
			return true
		}
		if a, _ := policy.ParseAnchor(x.Anchor); a == policy.ConsentWithdrawn || a == policy.SubscriptionEnd || a == policy.DutyEnd {
			return true
		}
	}
	return false
}

// lapsing decides for the rows of one feed whether what lapsed of them stays away.
type lapsing struct {
	n    *Night
	r    *pipelines.Run
	told map[string]*policy.Anchors // what the rows at hand say themselves, by row key
	back []register.Part            // what ended them stands no more
}

// look takes what a group of rows says of its own anchors, for those rows of which something has lapsed.
func (l *lapsing) look(batches []*canon.Batch) {
	clear(l.told)
	tokens := l.n.ws.SourceTokens()
	for _, b := range batches {
		for _, a := range rowAnchors(b.Table.Name) {
			column, key := b.Named(a.column), b.Col(canon.RowKey)
			for i := range b.Len() {
				if l.n.lapses[protect.SourceKey(tokens, b.Feed, key.Text(i))] == nil {
					continue
				}
				day, ok := dayOf(l.n.pack, column, i, a)
				if !ok {
					continue
				}
				var one policy.Anchors
				for _, anchor := range a.anchors {
					one.Set(anchor, day)
				}
				if l.told[key.Text(i)] == nil {
					l.told[strings.Clone(key.Text(i))] = &policy.Anchors{}
				}
				l.told[key.Text(i)].Join(&one)
			}
		}
	}
}

// lapsed is what protect asks.
func (l *lapsing) lapsed(b *canon.Batch, i int, sourceKey, category string) (clause string, lapsed bool) {
	x := l.n.lapses.of(sourceKey, category)
	switch {
	case x == nil:
		return "", false
	case l.stands(x, b, i):
		return x.Clause, true
	}
	l.back = append(l.back, register.Part{SourceKey: sourceKey, Category: category})
	return "", false
}

// stands tells whether what ended a row's data still holds.
func (l *lapsing) stands(x *register.Lapse, b *canon.Batch, i int) bool {
	anchor, known := policy.ParseAnchor(x.Anchor)
	if !known || x.Category == "" {
		return true
	}
	if anchor == policy.MembershipEnd && x.Person == "" {
		return l.stillNobodys(b, i, x.Category)
	}
	member, dead := l.people(b.System(), b.Col(canon.PersonKey).Text(i))
	switch anchor {
	case policy.MembershipEnd:
		return !member
	case policy.Deceased:
		return dead
	case policy.DutyEnd:
		subject, _ := l.n.resolved.Subject(b.System(), b.Col(canon.PersonKey).Text(i))
		return !l.n.standing.onDuty[subject]
	case policy.SourceRemoved: // it is exported again
		return false
	case policy.SubscriptionEnd, policy.ConsentWithdrawn:
		return !newWord(x, b, i)
	case policy.Registered, policy.InvitationRefused, policy.Copied, policy.Compiled: // its source has said nothing new
		return true
	}
	item := policy.Item{Category: x.Category, Feed: b.Feed}
	if told := l.told[b.Col(canon.RowKey).Text(i)]; told != nil {
		item.Anchors = *told
	}
	if _, told := item.Anchors.Get(policy.LicenceEnd); anchor == policy.LicenceEnd && !told { // an empty end is no new licence
		return true
	}
	d, due := l.n.pack.DueAt(&item, l.r.Date)
	return due && d.Action.Ends()
}

// people tells whether somebody whom a row is about is a member of the register, and whether somebody is dead. A contact
// point may be several people's.
func (l *lapsing) people(system, personKey string) (member, dead bool) {
	subject, known := l.n.resolved.Subject(system, personKey)
	if known {
		return l.n.standing.members[subject].Member, l.n.standing.dead[subject]
	}
	for _, subject := range l.n.pointHolders(system, personKey) {
		member = member || l.n.standing.members[subject].Member
		dead = dead || l.n.standing.dead[subject]
	}
	return member, dead
}

// pointHolders gives the subjects that have a contact point.
func (n *Night) pointHolders(system, personKey string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.holders == nil {
		n.holders = map[recordKey][]string{}
		for _, p := range n.resolved.Points(n.pointSystems()) {
			k := recordKey{p.System, p.PersonKey}
			n.holders[k] = append(n.holders[k], p.Subject)
		}
	}
	return n.holders[recordKey{system, personKey}]
}

// newWord tells whether a row of consents says something that was said after the day on which its data ended.
func newWord(x *register.Lapse, b *canon.Batch, i int) bool {
	if b.Table.Name != "consent" {
		return false
	}
	at, ok := b.Named("time").Instant(i)
	state, _ := policy.ParseState(b.Named("state").Text(i))
	return ok && state == policy.Granted && canon.Date(at/86_400_000_000) > x.Day
}

// again gives what a consent ended that is given again: the next night lets it in.
func (g *governing) again() []register.Part {
	var out []register.Part
	for _, key := range sortedKeys(g.lapses) {
		for _, l := range g.lapses[key] {
			anchor, _ := policy.ParseAnchor(l.Anchor)
			p := g.people[l.Person]
			if p == nil || anchor != policy.ConsentWithdrawn && anchor != policy.SubscriptionEnd {
				continue
			}
			if g.n.pack.Regiven(&p.facts, l.Category, anchor, g.instant()) {
				out = append(out, register.Part{SourceKey: l.SourceKey, Category: l.Category})
			}
		}
	}
	return out
}
