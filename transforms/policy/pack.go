package policy

import (
	"slices"
	"time"

	"uoma/internal/canon"
)

// Pack is one version of one notice's rules. It is made by [Parse], is not changed afterwards, and is safe for
// concurrent use.
type Pack struct {
	ID          string       `yaml:"id"`
	Version     string       `yaml:"version"`
	Controller  Controller   `yaml:"controller"`
	InForce     Period       `yaml:"effective"`
	Notice      Notice       `yaml:"notice"`
	Rules       []Rule       `yaml:"rules"`
	Registers   []Register   `yaml:"registers"`
	Bases       []Basis      `yaml:"bases"`
	Categories  []Category   `yaml:"categories"`
	Groups      []Group      `yaml:"groups"`
	Purposes    []Purpose    `yaml:"purposes"`
	Consents    []ConsentFor `yaml:"consents"`
	Objections  []Scope      `yaml:"objections"`
	Stops       Stops        `yaml:"stops"`
	Refusals    []Refusal    `yaml:"refusals"`
	Load        Load         `yaml:"load"`
	Disclosures []Disclosure `yaml:"disclosures"`
	Transfers   Transfers    `yaml:"transfers"`
	Holds       []Hold       `yaml:"holds"`
	Sequences   []Sequence   `yaml:"sequences"`
	Retention   []Retention  `yaml:"retention"`
	Suppression Suppression  `yaml:"suppression"`
	Requests    []Request    `yaml:"requests"`
	Changes     []Change     `yaml:"changes"`

	// SignedBy is who signed the document, as whoever read it found; "" where nobody had to.
	SignedBy string `yaml:"-"`

	compiled
}

// Entry is what every rule of a pack has: the clauses of the notice it carries out, the leading one first, and, where
// the notice leaves a choice, why the pack chose so.
type Entry struct {
	Clause []string `yaml:"clause"`
	Why    string   `yaml:"why"`
}

// lead gives the clause that a decision names.
func (e Entry) lead() string {
	if len(e.Clause) == 0 {
		return ""
	}
	return e.Clause[0]
}

// Controller is who decides about the data (GDPR 4(7)).
type Controller struct {
	Name       string `yaml:"name"`
	BusinessID string `yaml:"business_id"`
	// Institutions are the institution codes that the controller answers for, its own first, then its predecessors'.
	Institutions []string `yaml:"institutions"`
	// Zone is the time zone whose calendar the notice's days and months are of.
	Zone string `yaml:"zone"`
	// FinancialYearEnds is the last day of the controller's financial year, "07-31"; 31 December when absent.
	FinancialYearEnds string `yaml:"financial_year_ends"`
	Entry             `yaml:",inline"`
}

// Period is from one day to another, both included; an empty To is open.
type Period struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// Notice names the document that the pack carries out.
type Notice struct {
	Title   string `yaml:"title"`
	Updated string `yaml:"updated"`
	Entry   `yaml:",inline"`
}

// Rule is one rule of the notice: what the entries cite as a clause.
type Rule struct {
	ID      string `yaml:"id"`      // "XAMK-31"
	Section string `yaml:"section"` // where the notice says so
	Says    string `yaml:"says"`    // in a few words of our own
}

// Register is one register of the notice.
type Register struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
	Entry `yaml:",inline"`
}

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

// Load holds what may be stored.
type Load struct {
	Membership Membership   `yaml:"membership"`
	Rows       []RowRule    `yaml:"rows"`
	Columns    []ColumnRule `yaml:"columns"`
}

// Membership says who becomes a member of the register and how. A part that is missing does not happen.
type Membership struct {
	Role         string        `yaml:"role"`
	Institutions *Institutions `yaml:"institutions"`
	Automatic    *Automatic    `yaml:"automatic"`
	Joining      *Entry        `yaml:"joining"`
	Leaving      *Entry        `yaml:"leaving"`
}

// Institutions are those whose graduates may be members.
type Institutions struct {
	Codes []string `yaml:"codes"`
	Entry `yaml:",inline"`
}

// Automatic makes everyone a member who graduated on the date or later; without a date, every graduate.
type Automatic struct {
	From  string `yaml:"from"`
	Entry `yaml:",inline"`

	from canon.Date
}

// RowRule withholds the rows of its tables that meet every condition.
type RowRule struct {
	ID      string      `yaml:"id"`
	Tables  []string    `yaml:"tables"`
	Sources []string    `yaml:"sources"` // none: all
	Except  []string    `yaml:"except"`  // sources whose rows the rule leaves alone
	If      []Condition `yaml:"if"`
	Entry   `yaml:",inline"`
}

// Condition is one test of a column; exactly one of its tests is given. NotIn, From and Before are false for a missing
// value, Missing alone asks for it.
type Condition struct {
	Column  string   `yaml:"column"`
	In      []string `yaml:"in"`
	NotIn   []string `yaml:"not_in"`
	From    string   `yaml:"from"`   // the day or later
	Before  string   `yaml:"before"` // an earlier day
	Missing *bool    `yaml:"missing"`

	day canon.Date
}

// ColumnRule keeps columns out of the stores.
type ColumnRule struct {
	ID      string   `yaml:"id"`
	Columns []string `yaml:"columns"` // "person.hetu"
	// Use is "matching" for columns that help to find out who is who and go no further, "none" for the others.
	Use   string `yaml:"use"`
	Entry `yaml:",inline"`
}

// Disclosure lets one recipient have some categories for one purpose.
type Disclosure struct {
	ID         string   `yaml:"id"`
	Recipient  string   `yaml:"recipient"`
	Country    string   `yaml:"country"` // ISO 3166-1 alpha-2
	Purpose    string   `yaml:"purpose"`
	Categories []string `yaml:"categories"`
	Without    []string `yaml:"without"`   // columns never sent, "person.hetu"
	Transport  string   `yaml:"transport"` // "encrypted"
	Form       string   `yaml:"form"`      // "personal", "pseudonymous", "anonymous"
	// Least is, of anonymous data, the least number of people that a count may be of; at least, and when absent, 10.
	Least int `yaml:"least"`
	// Protected is "withhold" (people under an address protection order are never sent) or "by_profile" (they are sent
	// when the extract's profile asks for them).
	Protected string `yaml:"protected"`
	// Processor marks a recipient that works on the controller's instructions (GDPR 28). It has nothing until Agreement
	// names the contract.
	Processor bool   `yaml:"processor"`
	Agreement string `yaml:"agreement"`
	// ThirdCountry marks a recipient outside the area (GDPR 44-49). It has nothing until Safeguard names what protects.
	ThirdCountry bool   `yaml:"third_country"`
	Safeguard    string `yaml:"safeguard"`
	Entry        `yaml:",inline"`
}

// Transfers limits the countries of recipients.
type Transfers struct {
	Area  string   `yaml:"area"` // "eea"
	Also  []string `yaml:"also"` // countries that count as inside
	Entry `yaml:",inline"`
}

// Hold keeps records from their retention action. One that freezes also stops every use (GDPR 18); one that keeps does not.
type Hold struct {
	ID     string `yaml:"id"`
	Effect string `yaml:"effect"` // "keep" or "freeze"
	Entry  `yaml:",inline"`
}

// Retention says what happens to a category some time after something ended.
type Retention struct {
	Category string   `yaml:"category"`
	Sources  []string `yaml:"sources"` // none: all
	Anchor   string   `yaml:"anchor"`
	Period   string   `yaml:"period"` // ISO 8601: P10Y, P6M, P90D, P0D
	Action   Action   `yaml:"action"`
	Holds    []string `yaml:"holds"` // keeping holds that stop the action; freezing ones always do
	// UnlessConsent names a purpose: while its consent is granted the action is not due.
	UnlessConsent string `yaml:"unless_consent"`
	// Consent names the purpose whose withdrawn consent is the anchor; none: all that cover the category.
	Consent string `yaml:"consent"`
	// ToldBy are the sources whose roles say who has a duty; the end of the last one is the anchor [DutyEnd].
	ToldBy []string `yaml:"told_by"`
	// Undecided stands in the place of a period that the notice owes: the category is not loaded until it is given.
	Undecided bool `yaml:"undecided"`
	Entry     `yaml:",inline"`

	anchor Anchor
	period duration
}

// Suppression names the marks by which an erased person is known again besides their strong identifiers, which always leave
// one ([Suppression.Kept]).
type Suppression struct {
	Keys  []string `yaml:"keys"`
	Entry `yaml:",inline"`
}

// compiled is what Parse works out once.
type compiled struct {
	digest    string
	from, to  canon.Date
	openEnd   bool
	basis     map[string]*Basis
	category  map[string]*Category
	purpose   map[string]*Purpose
	scope     map[string]int // objection scope → index in Objections
	group     map[string]int // group → index in Groups
	consent   map[string]int // purpose → index in Consents
	slots     []slot         // what is asked for by itself: each entry of Consents, by topic
	hold      map[string]int // hold → index in Holds
	claims    map[claimKey]claim
	retention map[string][]int // category → indexes in Retention
	objected  []string         // reason per objection entry
	held      []string         // reason per hold
	zone      *time.Location
	yearEnd   [2]int // month and day
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

// Digest gives the SHA-256 of the pack's document as "sha256:" and hexadecimal digits.
func (p *Pack) Digest() string { return p.digest }

// At tells whether the pack is in force on a date.
func (p *Pack) At(date canon.Date) bool { return date >= p.from && (p.openEnd || date <= p.to) }

// Day gives the date on which an instant (microseconds since 1970 UTC) fell by the controller's calendar.
func (p *Pack) Day(instant int64) canon.Date { return canon.DateOf(time.UnixMicro(instant).In(p.zone)) }

// Says gives what a rule of the notice says, and where; "" for one that the pack does not have.
func (p *Pack) Says(rule string) string {
	for _, r := range p.Rules {
		if r.ID == rule {
			return r.Says + " (" + r.Section + ")"
		}
	}
	return ""
}

// Basis gives a legal basis by id.
func (p *Pack) Basis(id string) (*Basis, bool) { b, ok := p.basis[id]; return b, ok }

// Asks gives the entry by which consent is asked for a purpose, and a topic where the pack asks by topic; a word without a
// topic speaks of the whole.
func (p *Pack) Asks(purpose, topic string) (e *ConsentFor, ok bool) {
	i, ok := p.consent[purpose]
	if !ok || topic != "" && !slices.Contains(p.Consents[i].Topics, topic) {
		return nil, false
	}
	return &p.Consents[i], true
}

// Purpose gives a purpose by id.
func (p *Pack) Purpose(id string) (*Purpose, bool) { u, ok := p.purpose[id]; return u, ok }

// Disclosure gives the entry that lets a recipient have data for a purpose.
func (p *Pack) Disclosure(recipient, purpose string) (*Disclosure, bool) {
	for i := range p.Disclosures {
		if d := &p.Disclosures[i]; d.Recipient == recipient && d.Purpose == purpose {
			return d, true
		}
	}
	return nil, false
}

// IsProcessor tells whether a recipient works on the controller's instructions, under an agreement: without one it has nothing.
func (p *Pack) IsProcessor(recipient string) bool {
	return slices.ContainsFunc(p.Disclosures, func(d Disclosure) bool { return d.Processor && d.Agreement != "" && d.Recipient == recipient })
}

// Sends tells whether the disclosure lets a column of a canonical table go to the recipient.
func (d *Disclosure) Sends(table, column string) bool {
	for _, c := range d.Without {
		if len(c) == len(table)+1+len(column) && c[:len(table)] == table && c[len(table)+1:] == column {
			return false
		}
	}
	return true
}

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
