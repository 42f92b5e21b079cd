package policy

import (
	"cmp"
	"slices"

	"uoma/internal/canon"
)

// Kinds of requests that data subjects make (GDPR 13 to 22 and 77).
var RequestKinds = []string{"access", "rectification", "erasure", "restriction", "objection", "portability", "information", "complaint"}

// What a [Request] may need before it is opened.
const (
	NeedsScope    = "scope"    // the request names the data that it is about
	NeedsIdentity = "identity" // the requester's identity was proved
)

// Request says how requests of one kind are answered.
type Request struct {
	ID string `yaml:"id"` // one of [RequestKinds]
	// Due is the period from receipt to answer, Extension by how much it may be extended once (GDPR 12(3)).
	Due       string   `yaml:"due"`
	Extension string   `yaml:"extension"`
	Offices   []string `yaml:"offices"`   // through which the requests come
	Needs     []string `yaml:"needs"`     // NeedsScope, NeedsIdentity
	Authority string   `yaml:"authority"` // named in every reply, where one may complain
	Entry     `yaml:",inline"`

	due, extension duration
}

// general is how the GDPR has every request answered where the notice says nothing: within a month, extended by two.
var general = Request{Due: "P1M", Extension: "P2M", due: duration{months: 1}, extension: duration{months: 2}}

// Request gives how requests of a kind are answered: by the pack, else as the GDPR says. ok is false for what is no kind.
func (p *Pack) Request(kind string) (r *Request, ok bool) {
	if !slices.Contains(RequestKinds, kind) {
		return nil, false
	}
	for i := range p.Requests {
		if p.Requests[i].ID == kind {
			return &p.Requests[i], true
		}
	}
	r = &Request{}
	*r = general
	r.ID = kind
	return r, true
}

// DueOn gives the last day for the answer to what was received on a day. A month is one by calendar: what came on 31
// January is answered by the end of February.
func (r *Request) DueOn(received canon.Date) canon.Date { return r.due.lastDay(received) }

// ExtendedTo gives the last day when the answer was put off: both periods as one, from receipt.
func (r *Request) ExtendedTo(received canon.Date) canon.Date {
	both := duration{months: r.due.months + r.extension.months, days: r.due.days + r.extension.days}
	return both.lastDay(received)
}

func (c *checker) checkRequests() {
	seen := map[string]bool{}
	for i := range c.pack.Requests {
		r := &c.pack.Requests[i]
		if seen[r.ID] {
			c.find(errTwice, r.ID, "requests", index(i))
		}
		seen[r.ID] = true
		r.Due, r.Extension = cmp.Or(r.Due, general.Due), cmp.Or(r.Extension, general.Extension)
		r.due = c.period(r.Due, "requests", index(i), "due")
		r.extension = c.period(r.Extension, "requests", index(i), "extension")
	}
}
