package policy

import (
	"slices"

	"uoma/internal/canon"
)

// endsWithConsent tells whether the pack ends the category when consents end.
func (p *Pack) endsWithConsent(category string) bool {
	return slices.ContainsFunc(p.retention[category], func(i int) bool {
		return p.Retention[i].anchor.ofWords()
	})
}

// ofWords tells whether what a person said brings the anchor about.
func (a Anchor) ofWords() bool {
	return a == ConsentWithdrawn || a == SubscriptionEnd || a == InvitationRefused
}

// ConsentsEnd tells whether the pack ends any category when consents end: whoever gathers items has then to look at
// everybody who said a word.
func (p *Pack) ConsentsEnd() bool {
	return slices.ContainsFunc(p.Categories, func(c Category) bool { return p.endsWithConsent(c.ID) })
}

// DutiesEnd tells whether the pack ends any category with a duty.
func (p *Pack) DutiesEnd() bool {
	return slices.ContainsFunc(p.Retention, func(r Retention) bool { return len(r.ToldBy) > 0 })
}

// TellsDuty tells whether a role that a feed gives says that somebody has a duty.
func (p *Pack) TellsDuty(feed, role string) bool {
	return slices.Contains(duties[:], role) && p.TellsOfDuties(feed)
}

// TellsOfDuties tells whether a feed says who has a duty, so that somebody whom it knows without one has none.
func (p *Pack) TellsOfDuties(feed string) bool {
	return slices.ContainsFunc(p.Retention, func(r Retention) bool { return len(r.ToldBy) > 0 && reaches(r.ToldBy, feed) })
}

// duties are the roles of those who work for the controller.
var duties = [...]string{"staff", "teacher", "admin"}

// Waits tells whether the pack needs an anchor for the category: rows of one that nobody waits for need not be read.
func (p *Pack) Waits(category string, anchor Anchor) bool {
	return slices.ContainsFunc(p.retention[category], func(i int) bool {
		return !p.Retention[i].Undecided && p.Retention[i].anchor == anchor
	})
}

// WaitingFor gives the categories that wait for an anchor, in the order of the pack.
func (p *Pack) WaitingFor(anchor Anchor) (categories []string) {
	for _, c := range p.Categories {
		if p.Waits(c.ID, anchor) {
			categories = append(categories, c.ID)
		}
	}
	return categories
}

// WaitingIn gives the categories, in order, that rows of a canonical table may be of and that wait for one of some anchors.
func (p *Pack) WaitingIn(table string, anchors ...Anchor) (categories []string) {
	for key, c := range p.claims {
		if key.table == table && slices.ContainsFunc(anchors, func(a Anchor) bool { return p.Waits(c.category.ID, a) }) {
			categories = append(categories, c.category.ID)
		}
	}
	slices.Sort(categories)
	return slices.Compact(categories)
}

// WaitsAny tells whether the pack needs one of some anchors, with its day, for the category.
func (p *Pack) WaitsAny(category string, some *Anchors) bool {
	return slices.ContainsFunc(p.retention[category], func(i int) bool {
		_, known := some.Get(p.Retention[i].anchor)
		return known && !p.Retention[i].Undecided
	})
}

// ConsentEnds sets the anchors of a category that a person's own words bring about by an instant (microseconds since 1970
// UTC), and gives the purposes that keep the category by a granted consent.
//
// A subscription is over, for [SubscriptionEnd], when the person takes part in no purpose that covers the category and
// asks for consent, and once did. [ConsentWithdrawn] is that of the purpose which the retention entry names, or of all such
// purposes where it names none. [InvitationRefused] is that of the purpose, too, also where nothing was granted before.
func (p *Pack) ConsentEnds(f *Facts, category string, instant int64, a *Anchors) (consented []string) {
	if !p.endsWithConsent(category) && !p.keptByConsent(category) {
		return nil
	}
	if len(f.Doubted) > 0 { // they count as far as anything would end
		f = &Facts{Consents: slices.Concat(f.Consents, f.Doubted), Objections: f.Objections}
	}
	states := p.Effective(f, instant)
	for _, i := range p.retention[category] {
		r := &p.Retention[i]
		if r.UnlessConsent != "" && granted(states, func(purpose string) bool { return purpose == r.UnlessConsent }) {
			consented = append(consented, r.UnlessConsent)
		}
		if !r.anchor.ofWords() || r.Undecided {
			continue
		}
		if since, over := given(states, r.anchor == InvitationRefused, func(purpose string) bool { return p.concerns(r, category, purpose) }); over {
			a.Set(r.anchor, p.Day(since))
		}
	}
	return consented
}

// Regiven tells whether a consent is granted at an instant whose end was the anchor of a category's end.
func (p *Pack) Regiven(f *Facts, category string, anchor Anchor, instant int64) bool {
	states := p.Effective(f, instant)
	return slices.ContainsFunc(p.retention[category], func(i int) bool {
		r := &p.Retention[i]
		return r.anchor == anchor && !r.Undecided && granted(states, func(purpose string) bool { return p.concerns(r, category, purpose) })
	})
}

// concerns tells whether a purpose's consent is one whose end ends the category by an entry.
func (p *Pack) concerns(r *Retention, category, purpose string) bool {
	u := p.purpose[purpose]
	return purpose == r.Consent || r.Consent == "" && u != nil && u.NeedsConsent && slices.Contains(u.Categories, category)
}

func (p *Pack) keptByConsent(category string) bool {
	return slices.ContainsFunc(p.retention[category], func(i int) bool { return p.Retention[i].UnlessConsent != "" })
}

func granted(states []ConsentState, concerns func(purpose string) bool) bool {
	return slices.ContainsFunc(states, func(s ConsentState) bool { return concerns(s.Purpose) && s.State == Granted })
}

// given tells since when none of some purposes is consented to any more, and that one was taken back, or refused where that
// counts: there silence is none.
func given(states []ConsentState, refused bool, concerns func(purpose string) bool) (since int64, over bool) {
	for _, s := range states {
		switch {
		case !concerns(s.Purpose):
		case s.State == Granted:
			return 0, false
		case s.State == Withdrawn, s.State == Expired && !refused, s.State == Refused && refused:
			since, over = max(since, s.Since), true
		}
	}
	return since, over
}

// EndsOf tells in a few words each way in which the category's data of a feed ends, with the clause.
func (p *Pack) EndsOf(category, feed string) []string {
	out := []string{}
	for _, i := range p.retention[category] {
		if r := &p.Retention[i]; reaches(r.Sources, feed) {
			out = append(out, r.what()+" ("+r.lead()+")")
		}
	}
	return out
}

// YearEnd gives the last day of the controller's financial year that a day falls in.
func (p *Pack) YearEnd(day canon.Date) canon.Date {
	month, last := p.yearEnd[0], p.yearEnd[1]
	for year := day.Year(); ; year++ {
		end, ok := canon.NewDate(year, month, last)
		for back := 1; !ok; back++ { // 29 February
			end, ok = canon.NewDate(year, month, last-back)
		}
		if end >= day {
			return end
		}
	}
}
