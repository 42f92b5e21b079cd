package policy

import (
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
