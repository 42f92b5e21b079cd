package policy

import (
	"slices"

	"uoma/internal/canon"
)

// Facts are what is known of one person that a decision may depend on. They hold no identifying value. The zero value
// is a person of whom nothing is known: no member, no consent, no objection.
type Facts struct {
	Consents   []Consent
	Objections []Objection
	// Doubted are consents that were granted by rows whose systems export versions of them that cannot be used: nothing is used by
	// such a consent, and nothing ends for the want of it while no later word takes it back.
	Doubted []Consent
	// Degrees are those of institutions whose code is known; one without a code makes nobody a member.
	Degrees []Degree
	// Joined and Left are the days on which the person joined and left the register by own will.
	Joined, Left []canon.Date
	// Holds are ids of the pack's holds on the person's data.
	Holds []string
	// Roles are the canonical kinds of the person's roles ("student"), for packs with groups.
	Roles []string

	Restricted bool // processing is restricted (GDPR 18)
	Suppressed bool // erased, or asked never to come back
	Protected  bool // under an address protection order
	Deceased   bool
	DeceasedOn canon.Date // meaningful with Deceased; 0 when only the death is known
}

// Consent is one word of a person about one purpose and channel.
type Consent struct {
	Purpose string
	Topic   string  // "" speaks of the purpose as a whole
	Channel Channel // AnyChannel speaks for every channel that the pack asks for
	State   State   // Unknown is no word at all and changes nothing
	Time    int64   // microseconds since 1970 UTC; 0 when unknown
	// Given is the instant from which a granted consent's validity counts; 0 means Time.
	Given  int64
	Source string // the feed it came by
}

// Outlive makes of a word what it still says when its source no longer exports it, since a night and at an instant. What was said
// against a use counts on, as its source has not taken it back; what nobody knows the time of was said by that night. What
// allowed a use allows it no more: ok is false.
func (c *Consent) Outlive(missed canon.Date, instant int64) (ok bool) {
	if c.State <= Unknown {
		return false
	}
	if c.Time == 0 {
		c.Time = min(missed.End(), instant)
	}
	return true
}

// Objection is one word against a use. There is no word that takes it back but its removal from the facts.
type Objection struct {
	Scope   string
	Channel Channel
	Time    int64 // microseconds since 1970 UTC; 0 when unknown: it counts from the beginning
}

// Degree is one completed degree.
type Degree struct {
	Institution string
	Date        canon.Date
}

// Join adds what is known of the same person by another record, or of who turned out to be the same person. All words of both
// count, whoever said them: the later one, and where it is in doubt which that is, the stricter ([Pack.Effective]). What stops
// a use is taken from both. The order in which facts are joined says nothing.
func (f *Facts) Join(other *Facts) {
	f.Consents = joined(f.Consents, other.Consents)
	f.Objections = joined(f.Objections, other.Objections)
	f.Doubted = joined(f.Doubted, other.Doubted)
	f.Degrees = joined(f.Degrees, other.Degrees)
	f.Joined = joined(f.Joined, other.Joined)
	f.Left = joined(f.Left, other.Left)
	f.Holds = joined(f.Holds, other.Holds)
	f.Roles = joined(f.Roles, other.Roles)
	f.Restricted = f.Restricted || other.Restricted
	f.Suppressed = f.Suppressed || other.Suppressed
	f.Protected = f.Protected || other.Protected
	if other.Deceased {
		f.Deceased, f.DeceasedOn = true, max(f.DeceasedOn, other.DeceasedOn)
	}
}

// Heed adds what stops a use of another person's data, of which these facts' person has some, and nothing that allows one.
func (f *Facts) Heed(other *Facts) {
	stops := Facts{Objections: other.Objections, Holds: other.Holds, Restricted: other.Restricted, Suppressed: other.Suppressed,
		Protected: other.Protected, Deceased: other.Deceased, DeceasedOn: other.DeceasedOn}
	for _, c := range other.Consents {
		if c.State > Unknown {
			stops.Consents = append(stops.Consents, c)
		}
	}
	f.Objections, f.Consents, f.Holds = slices.Clip(f.Objections), slices.Clip(f.Consents), slices.Clip(f.Holds) // copies may share them
	f.Join(&stops)
}

// joined appends; most people have one record that says anything, whose words need no copy.
func joined[T any](to, other []T) []T {
	if len(to) == 0 {
		return slices.Clip(other)
	}
	return append(to, other...)
}

// AddKept adds a word against a use that was kept when the person's data was removed ([Suppress]): an objection, a consent
// in its state, or that the person was erased, has died, or is under an address protection order.
func (f *Facts) AddKept(kind, about, topic, channel, state string, at int64) {
	c, _ := ParseChannel(channel)
	switch kind {
	case "objection":
		f.Objections = append(f.Objections, Objection{Scope: about, Channel: c, Time: at})
		return
	case "erased":
		f.Suppressed = true
		return
	case "deceased":
		f.Deceased, f.DeceasedOn = true, max(f.DeceasedOn, canon.Date(at/86_400_000_000))
		return
	case "protected":
		f.Protected = true
		return
	}
	s, _ := ParseState(state)
	f.Consents = append(f.Consents, Consent{Purpose: about, Topic: topic, Channel: c, State: s, Time: at, Source: "kept"})
}

// Channel is a way to reach a person.
type Channel uint8

// Channels of consents and objections.
const (
	AnyChannel Channel = iota
	Email
	SMS
	Phone
	Post
	channels // how many there are
)

var channelNames = [channels]string{"", "email", "sms", "phone", "post"}

// ParseChannel reads a channel's name; "" is [AnyChannel]. ok is false for a name it does not know:
// an objection then reaches every channel, and a consent is to be left out.
func ParseChannel(s string) (c Channel, ok bool) {
	i := slices.Index(channelNames[:], s)
	return Channel(max(i, 0)), i >= 0
}

// String gives the channel's name, "" for any.
func (c Channel) String() string { return channelNames[c.known()] }

// known makes a channel that does not exist any channel: a word against it then stops all of them.
func (c Channel) known() Channel {
	if c >= channels {
		return AnyChannel
	}
	return c
}

// State is where a consent stands. A greater state is stricter.
type State uint8

// States of a consent, from the most permissive to the strictest.
const (
	Granted State = iota + 1
	Unknown
	Expired
	Refused
	Withdrawn
)

// Doubted is how the register writes the state of a consent of [Facts.Doubted].
const Doubted = "doubted"

var stateNames = map[string]State{
	"granted": Granted, "given": Granted, "unknown": Unknown, "not_asked": Unknown, "": Unknown, Doubted: Unknown,
	"expired": Expired, "refused": Refused, "withdrawn": Withdrawn,
}

// ParseState reads a consent's state as layouts and the register write it: granted (or given), unknown (or not_asked, doubted, or
// nothing), expired, refused, withdrawn. A word that it does not know counts as refused, and ok is false.
func ParseState(s string) (st State, ok bool) {
	if st, ok = stateNames[s]; ok {
		return st, true
	}
	return Refused, false
}

// String gives the state's canonical name.
func (s State) String() string {
	switch s {
	case Granted:
		return "granted"
	case Expired:
		return "expired"
	case Refused:
		return "refused"
	case Withdrawn:
		return "withdrawn"
	}
	return "unknown"
}

// dead tells whether the person had died by a date; a death without a date counts from the beginning.
func (f *Facts) dead(at canon.Date) bool {
	return f.Deceased && (f.DeceasedOn == 0 || f.DeceasedOn <= at)
}
