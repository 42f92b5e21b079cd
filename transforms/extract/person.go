package extract

import (
	"slices"

	"uoma/internal/canon"
	"uoma/transforms/golden"
	"uoma/transforms/policy"
)

// Person is a graduate with everything that a row may be made of. Its slices may be in any order.
type Person struct {
	Pseudonym string // in the extract's own domain; orders the rows and goes into none
	// Decision is the policy's answer for this person, purpose and recipient. The zero value does not allow sending.
	Decision policy.Decision
	Refusal  Reason // why the decision does not allow it; not read when it does
	// Protected tells of an address protection order. Such a person is sent only where the decision allows it, and then
	// with e-mail alone.
	Protected bool
	Records   []Record
	Degrees   []Degree
}

// Record is what one source row says of a person. Only records of the systems that [Settings] names are used.
type Record struct {
	System string
	ID     string // the person's record in the system, the same in [Degree.Record]
	Key    string // of the row
	Time   int64  // when the row last changed in its system, microseconds since 1970 UTC; 0 when unknown: oldest

	Institution   string // that the student number belongs to; "" when the system does not say
	StudentNumber string
	LearnerNumber string
	IdentityCode  string
	FamilyName    string
	GivenNames    string
	BirthDate     canon.Date
	HasBirthDate  bool
	Language      string // ISO 639-1
	Emails        []Contact
	Phones        []Contact
}

// Contact is one contact point. Kinds are those of the canonical tables: personal, institution, work, other for e-mail,
// mobile, home, work, other for phones.
type Contact struct{ Kind, Value string }

// Degree is one completed degree with the study right that it came of.
type Degree struct {
	System      string
	Record      string
	Key         string // of the row
	Date        canon.Date
	Institution string // of the degree's own time
	Code        string // Statistics Finland, 6 digits
	Title       string
	Credits     string // decimal text
	Grade       string
	Scale       string

	RightType    string // VIRTA type of the study right
	Field        string // national steering field (ohjausala)
	FieldVersion string // another classification than ohjausala, "" when it is that
	Municipality string
	RightKey     string // of the study right's row, "" when the degree has none
}

// Reason says why somebody eligible is not in the extract.
type Reason string

// Reasons. The first ones come from the policy's decision, the others from what a row needs.
const (
	NoBasis      Reason = "no-basis"      // the policy lets nobody be sent
	Restricted   Reason = "restricted"    // processing is restricted or the data is held
	Suppressed   Reason = "suppressed"    // erased
	Deceased     Reason = "deceased"      //
	Protected    Reason = "protected"     // address protection order
	NotMember    Reason = "not-member"    // of the register
	Objection    Reason = "objection"     // to the survey or to disclosure
	NoConsent    Reason = "no-consent"    // refused, withdrawn or missing where one is needed
	NoIdentifier Reason = "no-identifier" // no student number of the degree's institution, or no institution
	Incomplete   Reason = "incomplete"    // no name, or no degree code where the extract carries degrees
	NoContact    Reason = "no-contact"    // no contact point from a system that may give one
	Duplicate    Reason = "duplicate"     // another person of the extract has the same identifier
)

// Settings are the survey's terms.
type Settings struct {
	Year int // of graduation
	// Precedence says whose word counts of who the person is; nil: that of the registers in their order, then that of the
	// contact sources.
	Precedence *golden.Rules
	// Registers are the systems whose degrees and student numbers count, the preferred first. What a person says of own
	// degrees elsewhere is a claim.
	Registers []string
	// ContactSources are the systems that contact data may come from, the preferred first. Contact data of any other
	// system never goes out (a CRM's own register may allow no disclosure at all).
	ContactSources []string
	IdentityCode   bool // send the national identity code, where the disclosure lets it
	Background     bool // fill columns 13 to 22
	// Sends tells whether the disclosure lets a column of a canonical table go to the recipient; nil lets none.
	Sends func(table, column string) bool
}

func (s *Settings) sends(table, column string) bool { return s.Sends != nil && s.Sends(table, column) }

// rules gives the precedence with the order of the contact sources in it.
func (s *Settings) rules() *golden.Rules {
	r := s.Precedence
	if r == nil {
		r, _ = golden.Shipped("default")
		r = r.Prefer("person", slices.Concat(s.Registers, s.ContactSources)...)
	}
	for _, field := range []string{"email", "phone", "person.contact_language"} {
		r = r.Prefer(field, s.ContactSources...)
	}
	return r
}
