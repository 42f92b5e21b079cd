package policy

import (
	"slices"

	"uoma/internal/canon"
)

// Query asks whether data of one category may be used, or sent to a recipient, for a purpose.
type Query struct {
	Facts     *Facts
	Category  string
	Purpose   string
	Recipient string  // "" for the controller's own use
	Channel   Channel // AnyChannel when the use is not bound to one
	Topic     string  // of a consent that is asked for by topic
	// Event is the event that the use is for, and GivenFor the one that the datum was given for, by the same key; "" names none.
	// They count where the purpose is one for each event ([Purpose.Per]).
	Event, GivenFor string
	// IncludeProtected tells that the extract's profile takes people under an address protection order. It has effect
	// only where the pack leaves that to the profile.
	IncludeProtected bool
	At               canon.Date // what was recorded up to the end of this day (UTC) counts
	// Instant (microseconds since 1970 UTC), when given, takes the place of At: the last moment whose words count. Its day
	// is that of the controller's calendar.
	Instant int64
}

// moment gives the day and the last instant that a query asks about.
func (p *Pack) moment(q *Query) (at canon.Date, instant int64) {
	if q.Instant == 0 {
		return q.At, q.At.End()
	}
	return p.Day(q.Instant), q.Instant
}

// Decision is the answer. Clause is the leading clause of the entry that decided, Reason a plain phrase; neither holds a
// value of the person.
type Decision struct {
	Allow  bool
	Clause string
	Reason string
}

// Decide answers a query. It is total: what no entry allows is refused, and no facts are the facts of a stranger. The order is that
// of the package comment.
func (p *Pack) Decide(q Query) Decision {
	at, instant := p.moment(&q)
	c := p.compact(q.Facts, at, instant)
	return p.Case(q).Decide(&c)
}

// Compact is what a decision needs of one person's facts on one date, in a few words of memory. Two persons with equal
// ones are answered alike. It belongs to the pack that made it.
type Compact struct {
	objections [channels]uint32 // bit per entry of Objections, bit 31: of an unknown scope
	granted    [channels]uint32 // bit per slot of consent; AnyChannel: granted for at least one channel
	stopped    [channels]uint32 // bit per slot of consent, refused or withdrawn; AnyChannel: for at least one channel
	frozen     uint32           // bit per entry of Holds that freezes, bit 31: unknown hold
	kept       uint32           // bit per entry of Holds that keeps
	groups     uint32           // bit per entry of Groups that the person belongs to
	flags      uint8
	noMember   string // the clause that says so; "" for members
}

const (
	restricted = 1 << iota
	suppressed
	deceased
	protected
)

const unknownBit = 1 << 31

// Compact reduces a person's facts to what decisions on a date need.
func (p *Pack) Compact(f *Facts, at canon.Date) Compact { return p.compact(f, at, at.End()) }

func (p *Pack) compact(f *Facts, at canon.Date, instant int64) Compact {
	var c Compact
	if f == nil {
		f = &Facts{}
	}
	for _, o := range f.Objections {
		if o.Time > instant {
			continue
		}
		bit := uint32(unknownBit)
		if i, known := p.scope[o.Scope]; known {
			bit = 1 << i
		}
		c.objections[o.Channel.known()] |= bit
	}
	p.compactConsents(&c, f, instant)
	for _, h := range f.Holds {
		i, known := p.hold[h]
		switch {
		case !known:
			c.frozen |= unknownBit
		case p.Holds[i].Effect == "freeze":
			c.frozen |= 1 << i
		default:
			c.kept |= 1 << i
		}
	}
	for _, role := range f.Roles {
		c.groups |= p.GroupsOf(role)
	}
	c.flags = bit(f.Restricted, restricted) | bit(f.Suppressed, suppressed) | bit(f.dead(at), deceased) | bit(f.Protected, protected)
	if s := p.Member(f, at); !s.Member {
		c.noMember = s.Clause
	}
	return c
}

func (p *Pack) compactConsents(c *Compact, f *Facts, instant int64) {
	if len(f.Consents) == 0 {
		return
	}
	for i, s := range p.slots {
		e := &p.Consents[s.entry]
		for _, name := range e.Channels {
			channel, _ := ParseChannel(name)
			switch state := lastWord(f.Consents, e, s.topic, channel, instant).State; {
			case state == Granted:
				c.granted[channel] |= 1 << i
				c.granted[AnyChannel] |= 1 << i
			case state == Refused || state == Withdrawn || state == Expired && e.Unanswered != "":
				c.stopped[channel] |= 1 << i
				c.stopped[AnyChannel] |= 1 << i
			}
		}
	}
}

// Case is a query made ready for many persons.
type Case struct {
	pack       *Pack
	fixed      bool // the answer is the same for everybody: refused
	answer     Decision
	channel    Channel
	stops      uint8  // flags that stop
	objections uint32 // entries of Objections that cover the purpose
	consent    uint32 // the purpose's slots of consent
	needed     bool
	members    bool
	groups     uint32 // groups that may have the category
	grouped    bool   // the pack has groups
	under      uint32 // the hold under which alone the purpose is open
	purpose    *Purpose
}

// Case makes a query ready; q.Facts is not looked at, and its date only for what is in force.
func (p *Pack) Case(q Query) *Case {
	c := &Case{pack: p, channel: q.Channel.known(), stops: restricted | suppressed | deceased}
	refuse := func(e Entry, reason string) *Case {
		c.fixed, c.answer = true, Decision{false, e.lead(), reason}
		return c
	}
	at, _ := p.moment(&q)
	if !p.At(at) {
		return refuse(p.Stops.NotInForce, "the pack is not in force on the date")
	}
	if e, refused := p.refused(q.Purpose, q.Recipient); refused {
		return refuse(e, "the notice refuses it by name")
	}
	u, ok := p.purpose[q.Purpose]
	if !ok || !slices.Contains(u.Categories, q.Category) {
		return refuse(p.Stops.NoUse, "no entry lets the category serve the purpose")
	}
	if b := p.basis[u.Basis]; b != nil && !b.assessed(at) {
		return refuse(b.Entry, "no assessment in force is recorded for the legitimate interest")
	}
	switch {
	case u.Per == "":
	case q.Event == "":
		return refuse(u.Entry, "the purpose is of one event, and the use names none")
	case q.GivenFor != q.Event:
		return refuse(u.Entry, "the data was not given for that event")
	}
	c.purpose = u
	c.answer = Decision{true, u.lead(), "the purpose covers the category"}
	if q.Recipient != "" {
		if k := p.category[q.Category]; k != nil && k.Special {
			return refuse(k.Entry, "the category can reveal what GDPR 9 protects: nobody else may have it")
		}
		d, ok := p.Disclosure(q.Recipient, q.Purpose)
		if !ok || !slices.Contains(d.Categories, q.Category) {
			return refuse(p.Stops.NoDisclosure, "no entry lets the recipient have the category")
		}
		switch {
		case d.Processor && d.Agreement == "":
			return refuse(d.Entry, "no agreement with the processor is named")
		case d.ThirdCountry && d.Safeguard == "":
			return refuse(d.Entry, "no safeguard is named for a recipient outside the area")
		}
		c.answer = Decision{true, d.lead(), "the recipient's entry covers the category"}
		if d.Protected != "by_profile" || !q.IncludeProtected {
			c.stops |= protected
		}
	}
	c.members, c.needed = u.MembersOnly, u.NeedsConsent
	c.objections = unknownBit
	for i := range p.Objections {
		o := &p.Objections[i]
		if slices.Contains(o.Purposes, u.ID) && (q.Recipient != "" || !o.DisclosuresOnly) {
			c.objections |= 1 << i
		}
	}
	c.consent = p.slotBits(u.ID, q.Topic)
	c.grouped, c.groups = len(p.Groups) > 0, p.listing(q.Category)
	if i, known := p.hold[u.OnlyUnder]; known {
		c.under = 1 << i
	}
	return c
}

// Closed tells whether everybody is refused, whoever they are, and why.
func (c *Case) Closed() (Decision, bool) { return c.answer, c.fixed }

// Decide answers for one person.
func (c *Case) Decide(f *Compact) Decision {
	p := c.pack
	switch {
	case c.fixed:
		return c.answer
	case f.frozen != 0:
		return p.heldAnswer(f.frozen)
	case f.flags&c.stops != 0:
		return p.stopAnswer(f.flags & c.stops)
	case c.members && f.noMember != "":
		return Decision{false, f.noMember, "the person is not a member of the register"}
	case c.grouped && f.groups&c.groups == 0:
		return p.groupAnswer(f.groups)
	case c.purpose.OnlyUnder != "" && f.kept&c.under == 0:
		return Decision{false, c.purpose.lead(), "no case is open that the purpose is for"}
	}
	if hit := f.objected(c.channel) & c.objections; hit != 0 {
		return p.objectedAnswer(hit)
	}
	if f.stopped[c.channel]&c.consent != 0 {
		return Decision{false, p.Stops.Withdrawn.lead(), "consent was refused or withdrawn"}
	}
	if c.needed && f.granted[c.channel]&c.consent == 0 {
		return Decision{false, p.Stops.NoConsent.lead(), "consent was not given"}
	}
	return c.answer
}

// objected gives the objections that reach a channel: those to it and those to all. Without a channel, every one does.
func (f *Compact) objected(channel Channel) uint32 {
	if channel != AnyChannel {
		return f.objections[AnyChannel] | f.objections[channel]
	}
	var all uint32
	for _, o := range f.objections {
		all |= o
	}
	return all
}
