package policy

import (
	"slices"
	"time"

	"uoma/internal/canon"
)

// ConsentState is what all of a person's words come to for one purpose and channel.
type ConsentState struct {
	Purpose string
	Topic   string // "" unless the pack asks for consent by topic
	Channel Channel
	State   State
	Since   int64 // microseconds since 1970 UTC, 0 when no word was said
	Clause  string
}

// Effective works out the consents that a person's words come to at an instant (microseconds since 1970 UTC), for every
// purpose and channel that the pack asks consent for, in the pack's order. Later words are left out.
//
// The later word wins, of two at the same instant the stricter. A granted consent whose time has run out is expired. An
// objection whose scope covers the purpose is stronger than any consent: the state is then withdrawn, since the objection.
func (p *Pack) Effective(f *Facts, instant int64) []ConsentState {
	var out []ConsentState
	for _, asked := range p.slots {
		for _, name := range p.Consents[asked.entry].Channels {
			channel, _ := ParseChannel(name) // the schema lists the channels
			out = append(out, p.effective(f, asked, channel, instant))
		}
	}
	return out
}

func (p *Pack) effective(f *Facts, asked slot, channel Channel, instant int64) ConsentState {
	e := &p.Consents[asked.entry]
	s := lastWord(f.Consents, e, asked.topic, channel, instant)
	s.Clause = e.lead()
	for _, o := range f.Objections {
		if o.Time > instant || o.Channel != AnyChannel && o.Channel != channel {
			continue
		}
		clause, covers := p.covers(o.Scope, e.Purpose)
		if covers && (s.State != Withdrawn || o.Time > s.Since) {
			s.State, s.Since, s.Clause = Withdrawn, o.Time, clause
		}
	}
	return s
}

// covers tells whether an objection reaches the controller's own use for a purpose. An unknown scope reaches everything.
func (p *Pack) covers(scope, purpose string) (clause string, ok bool) {
	i, known := p.scope[scope]
	if !known {
		return p.Stops.Withdrawn.lead(), true
	}
	o := &p.Objections[i]
	return o.lead(), !o.DisclosuresOnly && slices.Contains(o.Purposes, purpose)
}

// lastWord gives the last word said by an instant, its own run-out time applied. A word about a topic says nothing of the
// whole; a word about the whole takes every topic back and grants none.
func lastWord(words []Consent, e *ConsentFor, topic string, channel Channel, instant int64) ConsentState {
	s := ConsentState{Purpose: e.Purpose, Topic: topic, Channel: channel, State: Unknown}
	given := int64(0)
	for i := range words {
		w := &words[i]
		if w.Purpose != e.Purpose || w.Time > instant || w.State == Unknown || w.State == 0 {
			continue
		}
		if w.Channel != AnyChannel && w.Channel != channel {
			continue
		}
		if w.Topic != topic && (w.Topic != "" || w.State == Granted) {
			continue
		}
		since := w.Time
		if w.Given != 0 {
			since = w.Given
		}
		switch {
		case s.State == Unknown || w.Time > s.Since || w.Time == s.Since && w.State > s.State:
			s.State, s.Since, given = w.State, w.Time, since
		case w.Time == s.Since && w.State == s.State:
			given = min(given, since)
		}
	}
	if s.State == Granted && e.Valid != "" {
		if over := e.validUntil(given); instant > over {
			s.State, s.Since = Expired, over+1
		}
	}
	return s
}

// validUntil gives the last instant of a consent that was given at an instant.
func (e *ConsentFor) validUntil(given int64) int64 {
	return endOf(e.valid.due(canon.DateOf(time.UnixMicro(given).UTC())) - 1)
}

// Merge joins the facts of two persons who turned out to be one, at the instant of the merge (microseconds since 1970
// UTC). A merge never widens a consent: where one person had granted what the other had not, the merged person has not,
// until a later word. Everything else that stops a use is taken from both.
func (p *Pack) Merge(a, b *Facts, instant int64) *Facts {
	m := &Facts{
		Consents:   slices.Concat(a.Consents, b.Consents),
		Objections: slices.Concat(a.Objections, b.Objections),
		Degrees:    slices.Concat(a.Degrees, b.Degrees),
		Joined:     slices.Concat(a.Joined, b.Joined),
		Left:       slices.Concat(a.Left, b.Left),
		Holds:      slices.Concat(a.Holds, b.Holds),
		Roles:      slices.Concat(a.Roles, b.Roles),
		Restricted: a.Restricted || b.Restricted,
		Suppressed: a.Suppressed || b.Suppressed,
		Protected:  a.Protected || b.Protected,
		Deceased:   a.Deceased || b.Deceased,
	}
	m.DeceasedOn = deathOf(a, b)
	for _, s := range p.slots {
		e := &p.Consents[s.entry]
		for _, name := range e.Channels {
			channel, _ := ParseChannel(name)
			if w, needed := strictest(e, s.topic, channel, a, b, m, instant); needed {
				m.Consents = append(m.Consents, w)
			}
		}
	}
	return m
}

// strictest gives the word that a merge has to say so that the merged person grants no more, and no longer, than either.
func strictest(e *ConsentFor, topic string, channel Channel, a, b, merged *Facts, instant int64) (w Consent, needed bool) {
	x, y := lastWord(a.Consents, e, topic, channel, instant), lastWord(b.Consents, e, topic, channel, instant)
	w = Consent{Purpose: e.Purpose, Topic: topic, Channel: channel, State: max(x.State, y.State), Time: instant, Source: "merge"}
	if w.State == Granted {
		w.Given = min(firstGiven(a, e, channel, instant, x), firstGiven(b, e, channel, instant, y))
		return w, e.Valid != ""
	}
	if w.State == Unknown { // one never answered: the other's answer is not theirs, they are asked anew
		w.State = Expired
	}
	return w, lastWord(merged.Consents, e, topic, channel, instant).State < max(x.State, y.State)
}

// firstGiven gives the instant from which a person's granted consent counts.
func firstGiven(f *Facts, e *ConsentFor, channel Channel, instant int64, s ConsentState) int64 {
	given := s.Since
	for _, w := range f.Consents {
		if w.Purpose == e.Purpose && w.Topic == s.Topic && (w.Channel == channel || w.Channel == AnyChannel) && w.Time == s.Since && w.Given != 0 {
			given = min(given, w.Given)
		}
	}
	return given
}

// deathOf gives the earlier known day of death; a death without a day stays without one.
func deathOf(a, b *Facts) canon.Date {
	switch {
	case a.Deceased && b.Deceased:
		return min(a.DeceasedOn, b.DeceasedOn)
	case a.Deceased:
		return a.DeceasedOn
	}
	return b.DeceasedOn
}
