package nightly

import (
	"slices"

	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// honouring checks with the decision function that what somebody refused or withdrew is not used.
type honouring struct {
	pack  *policy.Pack
	at    canon.Date
	cases map[asked][]*policy.Case // a purpose's categories, made ready
	whose policy.Compact
}

// asked is what a consent is asked for.
type asked struct {
	purpose, topic string
	channel        policy.Channel
}

// anEvent stands for the event that data was given for, where it does not matter which.
const anEvent = "its own"

// of turns to somebody.
func (h *honouring) of(p *person) { h.whose = h.pack.Compact(&p.facts, h.at) }

// any tells whether any category would be used all the same.
func (h *honouring) any(c *policy.ConsentState) bool {
	about := asked{c.Purpose, c.Topic, c.Channel}
	cases, made := h.cases[about]
	if purpose, known := h.pack.Purpose(c.Purpose); known && !made {
		for _, category := range purpose.Categories {
			cases = append(cases, h.pack.Case(policy.Query{Category: category, Purpose: c.Purpose, Topic: c.Topic, Channel: c.Channel, Event: anEvent, GivenFor: anEvent, At: h.at}))
		}
		h.cases[about] = cases
	}
	return slices.ContainsFunc(cases, func(u *policy.Case) bool { return u.Decide(&h.whose).Allow })
}
