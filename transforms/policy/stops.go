package policy

// Stops names the clauses behind every refusal that is not an entry of its own. What stops is fixed in the program, so
// that no pack can forget it.
type Stops struct {
	Restricted   Entry `yaml:"restricted"`
	Suppressed   Entry `yaml:"suppressed"`
	Deceased     Entry `yaml:"deceased"`
	Protected    Entry `yaml:"protected"`
	NoMember     Entry `yaml:"no_member"`
	NoConsent    Entry `yaml:"no_consent"`
	Withdrawn    Entry `yaml:"withdrawn"`
	NoUse        Entry `yaml:"no_use"`
	NoDisclosure Entry `yaml:"no_disclosure"`
	NoLoad       Entry `yaml:"no_load"`
	NotInForce   Entry `yaml:"not_in_force"`
}

// Refusal refuses something by name, before any entry that would allow it. It names one kind of thing: purposes,
// recipients, bases, or the rows of sources and tables.
type Refusal struct {
	ID         string   `yaml:"id"`
	Purposes   []string `yaml:"purposes"`
	Recipients []string `yaml:"recipients"`
	Bases      []string `yaml:"bases"`   // points of GDPR 6(1); a pack with such a basis is not accepted
	Sources    []string `yaml:"sources"` // with Tables: of these sources alone
	Tables     []string `yaml:"tables"`  // with Sources: these tables alone
	Entry      `yaml:",inline"`
}
