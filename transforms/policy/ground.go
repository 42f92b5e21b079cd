package policy

import "uoma/internal/canon"

// Basis is a legal basis: a point of GDPR 6(1), the act behind it, and the term of the Data Privacy Vocabulary.
type Basis struct {
	ID   string `yaml:"id"`
	GDPR string `yaml:"gdpr"`
	DPV  string `yaml:"dpv"`
	Act  string `yaml:"act"`
	// NeedsAssessment tells that nothing rests on the basis until Assessment names the controller's own (GDPR 6(1)(f)).
	NeedsAssessment bool        `yaml:"needs_assessment"`
	Assessment      *Assessment `yaml:"assessment"`
	Entry           `yaml:",inline"`
}

// Assessment is the record of a legitimate-interest assessment. After its review day it counts no more.
type Assessment struct {
	Reference string `yaml:"reference"`
	Made      string `yaml:"made"`
	Review    string `yaml:"review"`

	made, review canon.Date
}

// Category is a kind of data that the notice treats alike.
type Category struct {
	ID       string `yaml:"id"`
	Register string `yaml:"register"`
	Basis    string `yaml:"basis"`
	DPV      string `yaml:"dpv"`
	// MembersOnly tells that only members' rows may be stored: the caller asks [Pack.Member] per person.
	MembersOnly bool `yaml:"members_only"`
	// Special marks data that can reveal what GDPR 9 protects: no recipient may have it.
	Special bool `yaml:"special"`
	// From lists the sources and tables that give the category; none when it is made inside.
	From  []Origin `yaml:"from"`
	Entry `yaml:",inline"`
}

// Group is the closed list of categories that people of some roles may have in the registers. In a pack with groups,
// what none of a person's groups lists is not used; somebody without a known role has no group.
type Group struct {
	ID         string   `yaml:"id"`
	Roles      []string `yaml:"roles"`
	Categories []string `yaml:"categories"`
	Entry      `yaml:",inline"`
}

// Origin is where rows of a category come from. A source is a system ("peppi") or one feed ("reportronic/henkilosto");
// a feed's own origin goes before its system's.
type Origin struct {
	Sources []string `yaml:"sources"`
	Tables  []string `yaml:"tables"`
	// MembersOnly limits these rows to members though the category is not.
	MembersOnly bool `yaml:"members_only"`
	// Needs lists what the attribution of a source row has to say before its rows are stored: columns of the table attribution.
	Needs []string `yaml:"needs"`
	// Clause, when given, takes the place of the category's.
	Clause []string `yaml:"clause"`
}

// Purpose is what data may be used for.
type Purpose struct {
	ID         string   `yaml:"id"`
	Basis      string   `yaml:"basis"`
	DPV        string   `yaml:"dpv"`
	Categories []string `yaml:"categories"`
	// MembersOnly limits the purpose to members of the register.
	MembersOnly bool `yaml:"members_only"`
	// NeedsConsent tells that the purpose waits for a granted consent.
	NeedsConsent bool `yaml:"needs_consent"`
	// OnlyUnder names the hold under which alone the purpose is open: an investigation is for a case, not for everybody.
	OnlyUnder string `yaml:"only_under"`
	// Per is "event" for what is a purpose of its own for each event: what was given for one serves no other.
	Per   string `yaml:"per"`
	Entry `yaml:",inline"`
}

// claimKey is a system or feed, and a table.
type claimKey struct{ source, table string }

// claim is a category's right to a source's table.
type claim struct {
	category    *Category
	membersOnly bool
	clause      string
	listing     uint32 // groups whose lists have the category
	needs       []string
}

// Basis gives a legal basis by id.
func (p *Pack) Basis(id string) (*Basis, bool) { b, ok := p.basis[id]; return b, ok }

// Purpose gives a purpose by id.
func (p *Pack) Purpose(id string) (*Purpose, bool) { u, ok := p.purpose[id]; return u, ok }

// Category gives the category of a feed's table: the feed's own origin first, then its system's. feed may be the whole
// name ("peppi/alumnit") or the part after the slash. None means that the notice does not cover the table: it is withheld.
func (p *Pack) Category(system, feed, table string) (*Category, bool) {
	c, ok := p.claim(fullFeed(system, feed), table)
	return c.category, ok
}

func (p *Pack) claim(feed, table string) (claim, bool) {
	if c, ok := p.claims[claimKey{feed, table}]; ok {
		return c, true
	}
	c, ok := p.claims[claimKey{canon.SystemOf(feed), table}]
	return c, ok
}

func fullFeed(system, feed string) string {
	if system == "" || canon.SystemOf(feed) == system && len(feed) > len(system) {
		return feed
	}
	return system + "/" + feed
}
