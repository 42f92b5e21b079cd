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

// Asked gives what was asked for: the purpose, and behind a slash the topic, where there is one.
func (c *ConsentState) Asked() string {
	if c.Topic == "" {
		return c.Purpose
	}
	return c.Purpose + "/" + c.Topic
}

// longestAsked is what the register's list of effective consents has room for.
const longestAsked = 64

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
// whole; a word about the whole takes every topic back and grants none. A word of which nobody knows when it was said may be
// the last one: it counts where it is the stricter.
func lastWord(words []Consent, e *ConsentFor, topic string, channel Channel, instant int64) ConsentState {
	s := ConsentState{Purpose: e.Purpose, Topic: topic, Channel: channel, State: Unknown}
	var given, over int64 // over is when silence came to something
	undated := Unknown
	said := false // with a date, or at all
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
		if w.Source == silence {
			over = max(over, w.Time)
			continue
		}
		since := w.Time
		if w.Given != 0 {
			since = w.Given
		}
		switch {
		case w.Time == 0:
			if undated == Unknown || w.State > undated {
				undated = w.State
			}
		case !said || w.Time > s.Since || w.Time == s.Since && w.State > s.State:
			s.State, s.Since, given, said = w.State, w.Time, since, true
		case w.Time == s.Since && w.State == s.State:
			given = min(given, since)
		}
	}
	if undated != Unknown && (!said || undated > s.State) {
		s.State, s.Since, given = undated, 0, 0
	}
	if over != 0 && s.State == Unknown { // who answered was not silent
		s.State, s.Since = Expired, over
	}
	if s.State == Granted && e.Valid != "" {
		if over := e.validUntil(given); instant > over {
			s.State, s.Since = Expired, over+1
		}
	}
	return s
}

// silence is the source of what nobody said.
const silence = "silence"

// Silence gives what it comes to that somebody says nothing, of whom data of a category came into the register on a day: a consent
// that runs out by itself, where the pack does not wait for ever. It counts while nothing else was said, whenever.
func (p *Pack) Silence(category string, since canon.Date) (words []Consent) {
	for i := range p.Consents {
		e := &p.Consents[i]
		if u := p.purpose[e.Purpose]; e.Unanswered != "" && u != nil && slices.Contains(u.Categories, category) {
			words = append(words, Consent{Purpose: e.Purpose, State: Expired, Time: (e.unanswered.due(since) - 1).End() + 1, Source: silence})
		}
	}
	return words
}

// Silent gives the categories of which silence comes to something ([Pack.Silence]).
func (p *Pack) Silent() (categories []string) {
	for i := range p.Consents {
		if u := p.purpose[p.Consents[i].Purpose]; p.Consents[i].Unanswered != "" && u != nil {
			categories = append(categories, u.Categories...)
		}
	}
	return categories
}

// validUntil gives the last instant of a consent that was given at an instant.
func (e *ConsentFor) validUntil(given int64) int64 {
	return (e.valid.due(canon.DateOf(time.UnixMicro(given).UTC())) - 1).End()
}
