package authoring

import (
	"slices"
	"strings"

	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

// byMeaning takes what the column says of a person.
func (d *drafting) byMeaning(i int, m *meaning.Column) (Guess, bool) {
	best, share := layout.Column{}, 0.0
	for _, c := range d.candidates(m.Field.Kind, d.form.Columns[i].Name) {
		if slices.ContainsFunc(c.To, d.gone) {
			continue
		}
		if fit := d.fit(i, &c); fit > share {
			best, share = c, fit
		}
	}
	if share < enoughFit || m.Confidence*share < enoughFit && !proving[best.As] {
		return Guess{}, false
	}
	d.numbered(i, &best)
	return Guess{Confidence: m.Confidence * share, Why: m.Why, column: best}, true
}

// numbered makes a text of which a workbook has numbers a whole number: as a text it would pass for a code that a spreadsheet
// has damaged.
func (d *drafting) numbered(i int, c *layout.Column) {
	if d.numbers[i] && (c.As == "" || c.As == "text") && len(c.Codes) == 0 {
		c.As = "integer"
	}
}

// proving are rules that a value passes by nothing but being what they say, however few values there are.
var proving = map[string]bool{"email": true, "phone": true, "hetu": true, "fnr": true, "oppijanumero": true, "orcid": true}

// candidates gives what a column of a kind may be in a layout, the likeliest first.
func (d *drafting) candidates(k linkage.Kind, name string) []layout.Column {
	as := func(rule string, targets ...string) (out []layout.Column) {
		for _, to := range targets {
			out = append(out, layout.Column{As: rule, To: []string{to}})
		}
		return out
	}
	switch k {
	case linkage.Ignored:
		if changed[letters(name)] {
			return append(as("instant", "person.modified_at"), as("date", "person.modified_at")...)
		}
	case linkage.RecordID:
		return as("text", "person.source_key")
	case linkage.GivenNames:
		return as("name", "person.given_names")
	case linkage.CallName:
		return as("name", "person.call_name")
	case linkage.FamilyName:
		return as("name", "person.family_name")
	case linkage.FormerName:
		return as("name", "person.former_family_name")
	case linkage.FullName:
		return []layout.Column{{As: "name", Split: "family-first", To: []string{"person.family_name", "person.call_name"}}}
	case linkage.BirthDate:
		return as("date", "person.birth_date")
	case linkage.Sex:
		return as("sex", "person.sex")
	case linkage.Street:
		return as("text", "address.home.line1", "address.work.line1")
	case linkage.AddressLine:
		return as("text", "address.home.line2", "address.home.line3")
	case linkage.Postcode:
		return as("postcode", "address.home.postcode", "address.work.postcode")
	case linkage.City:
		return as("text", "address.home.city", "address.work.city")
	case linkage.Region:
		return as("text", "address.home.region")
	case linkage.Country:
		return as("country", "address.home.country", "address.work.country")
	case linkage.Phone:
		return as("phone", preferred(name, "phone.", "mobile", "home", "work", "other")...)
	case linkage.Email:
		return as("email", preferred(name, "email.", "personal", "institution", "work", "other")...)
	case linkage.Identifier:
		var out []layout.Column
		for _, rule := range []string{"hetu", "fnr", "oppijanumero", "orcid", "eppn"} {
			out = append(out, as(rule, "person."+rule)...)
		}
		if folded := letters(name); strings.Contains(folded, "student") || strings.Contains(folded, "opiskelija") {
			out = append(out, as("student_number", "person.student_number")...)
		}
		return append(out, as("text", "person.source_key")...)
	}
	return nil
}

// changed are names of the time at which a row was last changed.
var changed = map[string]bool{"updated": true, "updatedon": true, "updatedat": true, "modified": true, "modifiedon": true, "modifiedat": true,
	"lastmodified": true, "changed": true, "changedat": true, "muutettu": true, "muokattu": true, "päivitetty": true, "endret": true, "oppdatert": true,
	"ändrad": true, "uppdaterad": true}

// preferred puts the kind that the name speaks of before the others.
func preferred(name, table string, kinds ...string) []string {
	words := map[string][]string{"institution": {"school", "koulu", "inst", "univ"}, "work": {"work", "työ", "tyo", "job", "arbeid", "jobb"},
		"home": {"home", "koti", "privat", "hjem"}, "personal": {"private", "oma", "priv"}, "mobile": {"mob", "matka", "cell"}}
	folded := letters(name)
	slices.SortStableFunc(kinds, func(a, b string) int {
		says := func(kind string) int {
			if slices.ContainsFunc(words[kind], func(w string) bool { return strings.Contains(folded, w) }) {
				return 0
			}
			return 1
		}
		return says(a) - says(b)
	})
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = table + k
	}
	return out
}
