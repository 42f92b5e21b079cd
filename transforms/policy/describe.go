package policy

import (
	"fmt"
	"strings"
)

// clauseWidth holds four clauses, the most that an entry of the shipped packs cites.
const clauseWidth = 32

// Describe writes the pack as a listing for people: what it is, then every entry with its clauses, section by section.
func (p *Pack) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", p.ID, p.Version)
	fmt.Fprintf(&b, "%s (%s), institutions %s\n", p.Controller.Name, p.Controller.BusinessID, list(p.Controller.Institutions))
	fmt.Fprintf(&b, "in force from %s%s\n", p.InForce.From, lead(" to ", p.InForce.To))
	fmt.Fprintf(&b, "notice %q of %s\n", p.Notice.Title, p.Notice.Updated)
	fmt.Fprintf(&b, "digest %s\n", p.digest)
	section := ""
	p.walk(func(path, _, entry string, clause []string) {
		name, _, inList := strings.Cut(path, ".")
		if name == "controller" || name == "notice" {
			return
		}
		if name != section {
			section = name
			fmt.Fprintf(&b, "\n%s\n", name)
		}
		if inList && name == "stops" {
			entry = stopText[entry]
		}
		fmt.Fprintf(&b, "  %-*s %s\n", clauseWidth, strings.Join(clause, " "), entry)
	})
	b.WriteString("\nrules of the notice\n")
	for _, r := range p.Rules {
		fmt.Fprintf(&b, "  %-*s %s (%s)\n", clauseWidth, r.ID, r.Says, r.Section)
	}
	return b.String()
}

var stopText = map[string]string{
	"restricted":    "restricted data is not used",
	"suppressed":    "erased people are not used and not loaded again",
	"deceased":      "dead people are not used",
	"protected":     "people under an address protection order are not sent",
	"no_member":     "who is no member is left out where members are meant",
	"no_consent":    "without a consent where one is needed, no use",
	"withdrawn":     "a refused or withdrawn consent stops its purpose",
	"no_use":        "no use but the listed purposes",
	"no_disclosure": "no recipient but the listed ones",
	"no_load":       "nothing is stored that has no category and period",
	"not_in_force":  "the pack decides on the days of its notice only",
}
