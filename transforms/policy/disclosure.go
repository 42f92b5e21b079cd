package policy

import "slices"

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

// eea lists the countries of the European Economic Area (EEA Agreement, as of 2026).
var eea = []string{"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT",
	"LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}

// reaches tells whether recipients of a country are inside the area.
func (t *Transfers) reaches(country string) bool {
	return t.Area == "eea" && slices.Contains(eea, country) || slices.Contains(t.Also, country)
}
