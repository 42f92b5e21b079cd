package resolve

import "strings"

// Limits of a block: more records with one value are no evidence of one person.
const (
	maxIdentifierBlock = 64  // a default value typed into an identifier field
	maxRuleBlock       = 200 // a switchboard number, a shared mailbox
	maxNameBlock       = 24  // a name of many people
)

// identifier is a strong identifier.
type identifier struct {
	blocking
	of func(*Member) string
}

// identifiers lists the strong identifiers, the most trusted first.
var identifiers = []identifier{
	strong("hetu", hetuOf), strong("oppijanumero", oppijaOf), strong("student-number", studentOf),
	strong("employee-number", employeeOf), strong("eppn", eppnOf),
}

func strong(name string, of func(*Member) string) identifier {
	return identifier{blocking{name, maxIdentifierBlock, func(m *Member, put func(hash)) {
		if v := of(m); v != "" {
			put(noHash.text(v))
		}
	}}, of}
}

// rule is a reason to take two records for one person, the surest first. Every rule asks for a given name that agrees.
type rule uint8

const (
	byNothing        rule = iota
	byNameBirthPoint      // names and birth date, and a contact point, home or student number
	byNameBirth           // names and birth date
	byNumber              // student number of an institution that went up in another, and family name or birth date
	byEmail               // address, and family name or birth date or exactly the given name
	byPhone               // telephone, and family name or birth date
	byBirthPlace          // birth date and home
	byBirthAlike          // birth date, and one of the names mistyped
	byPlace               // names and home
	byFullName            // family name and all of several given names, which hardly a stranger would bear
	rules
)

var ruleNames = [rules]string{
	byNameBirthPoint: "name-birth-contact", byNameBirth: "name-birth", byNumber: "number-name", byEmail: "email-name", byPhone: "phone-name",
	byBirthPlace: "birth-place", byBirthAlike: "birth-alike", byPlace: "name-place", byFullName: "full-name",
}

// judge gives the surest rule by which two records are one person, or byNothing.
func (v *view) judge(a, b *record) rule {
	n := v.names.compare(a, b)
	if n.given < alike {
		return byNothing
	}
	born := births(a, b)
	if born == disagree {
		return byNothing
	}
	var (
		same   = n.given == equal && n.family == equal
		place  = relate(a, b, placeOf) == agree
		number = sameNumber(a, b)
		email  = share(a, b, emailsOf)
		phone  = share(a, b, phonesOf)
		kin    = n.family >= alike || born == agree
	)
	switch {
	case same && born == agree && (place || number || email || phone):
		return byNameBirthPoint
	case same && born == agree:
		return byNameBirth
	case number && kin:
		return byNumber
	case email && (kin || n.given == equal):
		return byEmail
	case phone && kin:
		return byPhone
	case born == agree && place:
		return byBirthPlace
	case born == agree && n.family >= alike && (n.given == equal || n.family == equal):
		return byBirthAlike
	case same && place:
		return byPlace
	case same && v.names.fewest(a, b) <= maxNamesakes:
		return byFullName
	}
	return byNothing
}

// maxNamesakes is how many strangers of one full name may be expected where the name alone makes two records one person.
const maxNamesakes = 0.1

// candidates are the blockings that bring together whom a rule may join.
var candidates = []blocking{
	{"number", maxIdentifierBlock, func(m *Member, put func(hash)) {
		if institution, number := currentNumber(m); number != "" {
			put(noHash.text(institution).text(number))
		}
	}},
	{"email", maxRuleBlock, func(m *Member, put func(hash)) { putAll(m.Emails, put) }},
	{"phone", maxRuleBlock, func(m *Member, put func(hash)) { putAll(m.Phones, put) }},
	{"place", maxRuleBlock, func(m *Member, put func(hash)) {
		if m.Place != "" {
			put(noHash.text(m.Place))
		}
	}},
	{"birth-name", maxRuleBlock, func(m *Member, put func(hash)) {
		if m.Birth == NoBirth {
			return
		}
		// In any place, so that swapped and former names meet.
		for _, name := range [...]string{m.Family, m.Former, m.primary(), m.first()} {
			if name != "" {
				put(noHash.day(m.Birth).text(name))
			}
		}
	}},
	{"full-name", maxNameBlock, func(m *Member, put func(hash)) {
		if strings.Contains(m.Given, " ") {
			putName(m.Family, m.Given, put)
			putName(m.Former, m.Given, put)
		}
	}},
}

func putName(family, given string, put func(hash)) {
	if family != "" && given != "" {
		put(noHash.text(family).text(given))
	}
}

func putAll(values []string, put func(hash)) {
	for _, v := range values {
		put(noHash.text(v))
	}
}

// successors are institutions that went up in another one, which keeps their student numbers: the universities of applied
// sciences of Kymenlaakso and Mikkeli became Xamk on 1 January 2017. As both may have given the same number, it is
// evidence beside a name and never an identifier.
var successors = map[string]string{"02506": "10118", "02608": "10118"}

// currentNumber gives the student number and the institution that would know it today.
func currentNumber(m *Member) (institution, number string) {
	institution, number, _ = strings.Cut(m.StudentNumber, ":")
	if today := successors[institution]; today != "" {
		institution = today
	}
	return institution, number
}

// sameNumber tells whether two records have a student number in common that one institution would know today.
func sameNumber(a, b *record) bool {
	for _, x := range a.rows {
		xi, xn := currentNumber(x)
		for _, y := range b.rows {
			if yi, yn := currentNumber(y); xn != "" && xn == yn && xi == yi {
				return true
			}
		}
	}
	return false
}
