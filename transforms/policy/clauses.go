package policy

import (
	"slices"
	"strings"
)

// ClauseUse is one entry of the pack that carries out a clause of the notice.
type ClauseUse struct {
	Clause string
	Path   string // where the entry stands: "disclosures.0"
	Name   string // how the pack calls it: "disclosures.career_survey"
	Entry  string // what it says, in a few words
}

// Clauses lists every clause that the pack cites with the entries that cite it, ordered by clause and then as the pack
// stands.
func (p *Pack) Clauses() []ClauseUse {
	var out []ClauseUse
	p.walk(func(path, name, entry string, clause []string) {
		for _, c := range clause {
			out = append(out, ClauseUse{c, path, name, entry})
		}
	})
	slices.SortStableFunc(out, func(a, b ClauseUse) int { return strings.Compare(a.Clause, b.Clause) })
	return out
}

// walk calls f for every entry of the pack, in the pack's order.
func (p *Pack) walk(f func(path, name, entry string, clause []string)) {
	f("controller", "controller", p.Controller.Name, p.Controller.Clause)
	f("notice", "notice", p.Notice.Title+", "+p.Notice.Updated, p.Notice.Clause)
	for i, r := range p.Registers {
		f("registers."+index(i), "registers."+r.ID, r.ID+": "+r.Title, r.Clause)
	}
	for i, b := range p.Bases {
		f("bases."+index(i), "bases."+b.ID, b.ID+": GDPR "+b.GDPR+lead(", ", b.Act), b.Clause)
	}
	for i, c := range p.Categories {
		f("categories."+index(i), "categories."+c.ID, c.ID+" on "+c.Basis, c.Clause)
		for j, o := range c.From {
			if len(o.Clause) > 0 {
				f("categories."+index(i)+".from."+index(j), "categories."+c.ID+" from "+list(o.Sources), c.ID+" from "+list(o.Sources)+": "+list(o.Tables), o.Clause)
			}
		}
	}
	for i, g := range p.Groups {
		f("groups."+index(i), "groups."+g.ID, g.ID+" ("+list(g.Roles)+"): "+list(g.Categories), g.Clause)
	}
	for i, u := range p.Purposes {
		f("purposes."+index(i), "purposes."+u.ID, u.ID+" on "+u.Basis+lead(", one for each ", u.Per), u.Clause)
	}
	for i, c := range p.Consents {
		f("consents."+index(i), "consents."+c.Purpose, c.Purpose+" by "+list(c.Channels), c.Clause)
	}
	for i, o := range p.Objections {
		f("objections."+index(i), "objections."+o.ID, o.ID+" stops "+list(o.Purposes), o.Clause)
	}
	for _, s := range p.Stops.all() {
		f("stops."+s.id, "stops."+s.id, s.id, s.Clause)
	}
	for i, r := range p.Refusals {
		f("refusals."+index(i), "refusals."+r.ID, r.ID+": no "+r.what(), r.Clause)
	}
	p.walkLoad(f)
	for i, d := range p.Disclosures {
		f("disclosures."+index(i), "disclosures."+d.ID, d.Recipient+" ("+d.Country+") for "+d.Purpose+": "+list(d.Categories), d.Clause)
	}
	f("transfers", "transfers", "recipients inside "+p.Transfers.Area+lead(", or in ", list(p.Transfers.Also)), p.Transfers.Clause)
	for i, h := range p.Holds {
		f("holds."+index(i), "holds."+h.ID, h.ID+": "+h.Effect, h.Clause)
	}
	for i, s := range p.Sequences {
		f("sequences."+index(i), "sequences."+s.ID, s.ID+": "+strings.Join(s.Of, ", then "), s.Clause)
	}
	for i, r := range p.Retention {
		f("retention."+index(i), "retention."+r.Category, r.Category+lead(" from ", list(r.Sources))+": "+r.what(), r.Clause)
	}
	f("suppression", "suppression", "erased people are known again by "+list(slices.Concat(strong[:], p.Suppression.Keys)), p.Suppression.Clause)
	for i, r := range p.Requests {
		f("requests."+index(i), "requests."+r.ID, r.ID+lead(" through ", list(r.Offices))+lead(" within ", r.Due)+lead(", needs ", list(r.Needs))+lead(", complaints to ", r.Authority), r.Clause)
	}
	for i, x := range p.Changes {
		f("changes."+index(i), "changes."+x.ID, "the people of "+x.Audience+" are told of changes by "+strings.Join(x.Channels, " or "), x.Clause)
	}
}

func (p *Pack) walkLoad(f func(path, name, entry string, clause []string)) {
	m := p.Load.Membership
	if m.Institutions != nil {
		f("load.membership.institutions", "load.membership.institutions", "graduates of "+list(m.Institutions.Codes), m.Institutions.Clause)
	}
	if m.Automatic != nil {
		f("load.membership.automatic", "load.membership.automatic", "members by graduating"+lead(" since ", m.Automatic.From), m.Automatic.Clause)
	}
	if m.Joining != nil {
		f("load.membership.joining", "load.membership.joining", "members by joining", m.Joining.Clause)
	}
	if m.Leaving != nil {
		f("load.membership.leaving", "load.membership.leaving", "leaving ends membership", m.Leaving.Clause)
	}
	for i, r := range p.Load.Rows {
		f("load.rows."+index(i), "load.rows."+r.ID, r.ID+": rows of "+list(r.Tables), r.Clause)
	}
	for i, r := range p.Load.Columns {
		f("load.columns."+index(i), "load.columns."+r.ID, r.ID+": "+list(r.Columns), r.Clause)
	}
}

// what tells in a few words when something happens to the category, and what.
func (r *Retention) what() string {
	if r.Undecided {
		return "the notice gives no period: not loaded until one is set"
	}
	return r.Anchor + " + " + r.Period + ", " + string(r.Action) + lead(" unless consented to ", r.UnlessConsent)
}

// what names what is refused.
func (r *Refusal) what() string {
	switch {
	case len(r.Purposes) > 0:
		return "use for " + list(r.Purposes)
	case len(r.Recipients) > 0:
		return "sending to " + list(r.Recipients)
	case len(r.Bases) > 0:
		return "use on GDPR " + list(r.Bases)
	}
	return "rows" + lead(" from ", list(r.Sources)) + lead(": ", list(r.Tables))
}

type namedEntry struct {
	id string
	Entry
}

func (s *Stops) all() []namedEntry {
	return []namedEntry{
		{"restricted", s.Restricted}, {"suppressed", s.Suppressed}, {"deceased", s.Deceased}, {"protected", s.Protected},
		{"no_member", s.NoMember}, {"no_consent", s.NoConsent}, {"withdrawn", s.Withdrawn}, {"no_use", s.NoUse},
		{"no_disclosure", s.NoDisclosure}, {"no_load", s.NoLoad}, {"not_in_force", s.NotInForce},
	}
}

func list(s []string) string { return strings.Join(s, ", ") }

func lead(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}
