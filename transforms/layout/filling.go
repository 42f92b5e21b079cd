package layout

import "uoma/internal/canon"

// Filling is how one canonical row is made from a source row.
type Filling struct {
	Label     string // "email.personal"; unique in the feed
	Table     *canon.Table
	When      []Condition // all must hold
	Values    []Value     // what each canonical column gets; others are null
	Flags     []int       // when any, one of these boolean columns of the feed must be true
	Essential []int       // when any, one of these columns of Table must have got a value from the feed
}

// Value fills one canonical column.
type Value struct {
	Column int    // position in the canonical table
	Source int    // position in the feed's columns, or -1 for a constant
	Part   Split  // part of a split value
	Const  string // canonical text of the constant
}

// Split is the part of a split name.
type Split uint8

// Parts of a "Family Given" name.
const (
	Whole Split = iota
	Family
	Given
)

// Condition is one condition on a feed's column, on its canonical value.
type Condition struct {
	Source int
	Not    bool
	Values []string // any of these; none means any value at all
}

// shape is what the notation knows about a canonical table beyond its columns.
type shape struct {
	label     string   // column that the middle part of a target fills
	labels    []string // valid values of label
	value     string   // column of a target that names none
	essential []string // a row without any of these says nothing
}

// channels are the ways to reach a person: the last part of "objection.marketing.email".
var channels = []string{"email", "sms", "phone", "post"}

func shapeOf(table string) shape {
	switch table {
	case "email":
		return shape{"kind", []string{"personal", "institution", "work", "other"}, "address", []string{"address"}}
	case "phone":
		return shape{"kind", []string{"mobile", "home", "work", "other"}, "number", []string{"number"}}
	case "address":
		return shape{"kind", []string{"home", "work", "other"}, "", []string{"line1", "line2", "line3", "postcode", "city"}}
	case "role":
		return shape{label: "kind", labels: roles, essential: []string{"kind"}}
	case "objection":
		return shape{label: "scope", labels: scopes, essential: []string{"scope"}}
	case "study":
		return shape{essential: []string{"right_key", "start", "programme_code", "programme_name"}}
	case "degree":
		return shape{essential: []string{"date"}}
	case "employment":
		return shape{essential: []string{"employer", "title", "unit_code", "unit", "start"}}
	case "org":
		return shape{essential: []string{"key", "name", "business_id"}}
	case "consent":
		return shape{essential: []string{"state"}}
	case "enrolment":
		return shape{essential: []string{"term_start", "state"}}
	case "event", "payment", "internship", "project", "exam", "recording":
		return shape{essential: []string{"key"}}
	case "access", "interaction":
		return shape{essential: []string{"time"}}
	case canon.Attribution:
		return shape{essential: []string{"provider", "licence", "author", "changed_at"}}
	}
	return shape{}
}

var roles = []string{"applicant", "student", "exchange", "graduate", "alumnus", "staff", "teacher", "admin", "contact",
	"stakeholder", "donor", "supporter"}

var scopes = []string{"marketing", "disclosure", "survey", "profiling", "research", "processing"}

// RuleType gives the type of a rule's values. Besides the rules of identifiers there are year (a date known by its year:
// its first of January) and point (an e-mail address or phone number, as the column named by "by" says).
func RuleType(rule string) (canon.Type, bool) {
	switch rule {
	case "date", "year":
		return canon.Day, true
	case "instant":
		return canon.Instant, true
	case "bool":
		return canon.Bool, true
	case "integer":
		return canon.Int, true
	case "decimal", "credits":
		return canon.Decimal, true
	case "hetu", "hetu-virta", "fnr", "oppijanumero", "orcid", "ytunnus", "student_number", "employee_number", "virta_avain", "eppn", "schac_number", "schac_hetu",
		"phone", "email", "postcode", "municipality", "country-numeric", "country-alpha", "country", "language",
		"institution", "koulutuskoodi", "ohjausala", "guid", "sex", "text", "html", "name", "point":
		return canon.Text, true
	}
	return 0, false
}

// fits tells whether values of a rule can fill a canonical column: an instant fills a day by the layout's zone, and
// numbers fill text by their canonical form.
func fits(rule, column canon.Type) bool {
	switch {
	case rule == column:
		return true
	case column == canon.Day:
		return rule == canon.Instant
	case column == canon.Text:
		return rule == canon.Decimal || rule == canon.Int
	}
	return false
}
