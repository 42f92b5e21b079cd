// Package identifier normalises and validates every identifier and code that a source can carry: national identity
// codes, local numbers, contact points, code-list values, dates, numbers and names.
//
// Each kind is a [Rule]: a pure function from the text of one cell to a [Checked], which holds the normalised value or
// the first reason why there is none. [Rules] lists them by the name that layouts use. All rules share the cleaning of
// clean.go (Unicode NFC, invisible characters, white space, empty markers); a file per family holds the rest:
//
//	national.go    hetu, oppijanumero, ytunnus        norway.go   fnr
//	local.go       student and employee numbers       federation.go  eppn, schac, orcid, domain
//	phone.go       phone                              email.go    email
//	post.go        postcode                           codes.go    municipality, institution, degree and field codes
//	country.go     countries and languages            foreign.go  guid, respondent
//	calendar.go    date formats and their parser      times.go    date, instant, partial-date, ranges
//	number.go      decimal, integer, bool, sex        text.go     text, name
//
// The code lists stand in codes/, one code a line, beside the IANA data of Europe/Helsinki. codes/koulutuskoodi.txt is a
// working set in the number ranges of universities of applied sciences, not the official list: the complete list of the
// Finnish Standard Classification of Education (2,687 codes) replaces the file, without a change of code, before real
// degree rows are read. Merged municipalities are listed as far as known; a missing one is added as a line.
//
// The package knows no system, no column and no policy: a layout says which rule a field takes and with which [Params].
// It reads no clock; "today" is [Params.RunDate]. No result carries the rejected value.
package identifier

import (
	"regexp"
	"time"

	"uoma/internal/canon"
)

// Checked is the outcome of a rule for one cell. It is null when all fields are empty.
type Checked struct {
	Value   string // normalised; "" when null or rejected. It may share memory with the input.
	Reason  string // "" when valid, else the first failing reason code, such as "check-char"
	Warning string // "" or one code for the count of repairs and doubts: padded, trunk-zero, role, repaired, multiple, alias, help-number, partial, call-name
}

// OK tells whether the input was valid; null is.
func (c Checked) OK() bool { return c.Reason == "" }

// Null tells whether the input held no value.
func (c Checked) Null() bool { return c.Reason == "" && c.Value == "" }

// Params are what a layout may set for a field. The zero value is the strict production setting; nil is the same.
// Params are only read, so one value serves any number of goroutines.
type Params struct {
	RunDate         canon.Date     // the run's logical day; zero: no code is in the future
	AllowTemporary  bool           // accept hetu with individual numbers 900–999
	AllowSynthetic  bool           // accept fnr of the Norwegian test population
	Region          string         // FI, NO or GB, for phones, postcodes and the letters of sex
	Formats         []string       // date and time formats in order, see [ParsePartial]; nil: yyyy-MM-dd, for instants RFC 3339
	Pivot           int            // two-digit years up to it are 20YY, the others 19YY; zero: they are an error
	Zone            *time.Location // of times without one and of epoch-ms days; nil: Europe/Helsinki
	Decimal         byte           // decimal mark; zero: '.'
	Pattern         *regexp.Regexp // local number, instead of the default pattern
	Scopes          []string       // federation's scopes for eppn, lower-case; nil: any
	EmptyMarkers    []string       // texts that mean null, any case; nil: [DefaultEmptyMarkers]; empty: none
	PadPostcode     bool           // restore the leading zeros that a spreadsheet dropped
	PadLeadingZero  bool           // fnr of a source that stores integers: ten digits get a zero
	StripSuffix     bool           // student number: drop the suffix Y of migrated numbers
	Deobfuscate     bool           // e-mail: accept (at), [at] and " at "
	FirstOfMultiple bool           // phone, e-mail: take the first of several, with the warning multiple
	FnrRule         string         // "both" (default) or "1964"
	Width           int            // employee number stored as a number: pad with zeros to this width
}

// Rule checks the text of one cell. It applies the cleaning common to all rules itself.
type Rule func(input string, p *Params) Checked

// core is a rule after the common cleaning: s is clean and not empty, p is not nil.
type core func(s string, p *Params) Checked

var strict = &Params{} // never written

// rule puts the common cleaning before a core.
func (c core) rule() Rule {
	return func(input string, p *Params) Checked {
		if p == nil {
			p = strict
		}
		s, reason := clean(input, p)
		if s == "" || reason != "" {
			return Checked{Reason: reason}
		}
		return c(s, p)
	}
}

func ok(v string) Checked              { return Checked{Value: v} }
func warned(v, warning string) Checked { return Checked{Value: v, Warning: warning} }
func bad(reason string) Checked        { return Checked{Reason: reason} }
