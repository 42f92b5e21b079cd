package policy

import "slices"

// ConsentFor says which channels a purpose's consent is asked for, and for how long it holds. With topics, each is asked
// for by itself and a use has to name one.
type ConsentFor struct {
	Purpose  string   `yaml:"purpose"`
	Topics   []string `yaml:"topics"`
	Channels []string `yaml:"channels"`
	Valid    string   `yaml:"valid"` // ISO 8601 period, "" without limit
	// Unanswered is for how long somebody who was asked may be silent, from the day on which data of the purpose came into the
	// register, as an ISO 8601 period: after that they have not consented ([Pack.Silence]). "" waits for ever.
	Unanswered string `yaml:"unanswered"`
	// Texts are the versions of the text that people were asked with. A source says which version it was, and no more.
	Texts []ConsentText `yaml:"texts"`
	Entry `yaml:",inline"`

	valid, unanswered duration
}

// ConsentText is one version of a text that people agree to.
type ConsentText struct {
	Version string `yaml:"version"`
	SHA256  string `yaml:"sha256"` // of the text, in hex
}

// TextDigest gives the SHA-256, in hex, of the version of a text that people were asked with for a purpose; "" where the pack does
// not tell.
func (p *Pack) TextDigest(purpose, version string) (digest string) {
	if i, asked := p.consent[purpose]; asked {
		for _, t := range p.Consents[i].Texts {
			if t.Version == version {
				return t.SHA256
			}
		}
	}
	return ""
}

// Scope is what an objection reaches.
type Scope struct {
	ID       string   `yaml:"scope"`
	Purposes []string `yaml:"purposes"`
	// DisclosuresOnly limits the objection to recipients: the controller's own use goes on.
	DisclosuresOnly bool `yaml:"disclosures_only"`
	Entry           `yaml:",inline"`
}

// Hold keeps records from their retention action. One that freezes also stops every use (GDPR 18); one that keeps does not.
type Hold struct {
	ID     string `yaml:"id"`
	Effect string `yaml:"effect"` // "keep" or "freeze"
	Entry  `yaml:",inline"`
}

// slot is a consent that is asked for by itself.
type slot struct {
	entry int // index in Consents
	topic string
}

// slotBits gives the set of a purpose's slots, of one topic or, where none is asked for, of the whole.
func (p *Pack) slotBits(purpose, topic string) (bits uint32) {
	for i, s := range p.slots {
		if e := &p.Consents[s.entry]; e.Purpose == purpose && (len(e.Topics) == 0 || s.topic == topic) {
			bits |= 1 << i
		}
	}
	return bits
}

// Asks gives the entry by which consent is asked for a purpose, and a topic where the pack asks by topic; a word without a
// topic speaks of the whole.
func (p *Pack) Asks(purpose, topic string) (e *ConsentFor, ok bool) {
	i, ok := p.consent[purpose]
	if !ok || topic != "" && !slices.Contains(p.Consents[i].Topics, topic) {
		return nil, false
	}
	return &p.Consents[i], true
}

// KnowsScope tells whether an objection's scope is one of the pack's: one of another scope stops everything.
func (p *Pack) KnowsScope(scope string) bool {
	_, known := p.scope[scope]
	return known
}

// Heeds tells whether a word of consent comes to something: a purpose that the pack asks consent for, or one of an order of words.
// By a channel that it does not ask by, nothing has to come of it where nothing goes without a consent either.
func (p *Pack) Heeds(purpose string, channel Channel) bool {
	if slices.ContainsFunc(p.Sequences, func(s Sequence) bool { return slices.Contains(s.Of, purpose) }) {
		return true
	}
	i, asked := p.consent[purpose]
	if !asked {
		return false
	}
	u := p.purpose[purpose]
	return channel == AnyChannel || u == nil || u.NeedsConsent || slices.Contains(p.Consents[i].Channels, channel.String())
}
