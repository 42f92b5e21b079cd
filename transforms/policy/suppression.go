package policy

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
)

// Identity is what a person may be known again by. Fields that are not known are empty. It is the only type of this
// package that holds identifying values; they go nowhere but into the caller's keyed digest.
type Identity struct {
	Hetu           string
	FNR            string
	Oppijanumero   string
	ORCID          string
	Institution    string // institution code that student and employee numbers belong to
	StudentNumber  string
	EmployeeNumber string
	EPPN           string
	System         string // system that SourceKey belongs to
	SourceKey      string
	FamilyName     string
	GivenNames     string
	BirthDate      canon.Date
	HasBirthDate   bool
}

// strong are the identifiers that one person alone has. No pack leaves one out: an export that knows an erased person by
// another identifier than those that left a mark would bring the person back.
var strong = [...]string{"hetu", "fnr", "oppijanumero", "orcid", "student_number", "employee_number", "eppn", "source_key"}

// SuppressionKeys gives the marks by which an erased person stays gone: canonical strings "type|value", one of each strong
// identifier, and those that the pack adds. The caller keeps a keyed digest (HMAC) of each and never the string; a person
// whose marks meet a kept one is suppressed.
//
//	hetu|010190-900P                          as it stands, upper case
//	fnr|14838510117
//	oppijanumero|1.2.246.562.24.10000000003
//	orcid|0000-0000-0000-001X
//	student_number|10118|2100001              institution and number: a number alone is another person's elsewhere
//	employee_number|10118|004711
//	eppn|AINO@XAMK.EXAMPLE
//	source_key|peppi|12345                    system and key
//	name_birth_date|esimerkki|aino maria|1990-01-01   letters alone, case folded, NFC
//
// A mark with an unknown part is left out. Two people can share name and birth date: that mark is weak, and it is for
// the pack to keep it or not.
func (p *Pack) SuppressionKeys(id Identity) []string {
	var out []string
	add := func(kind string) {
		if parts, ok := id.parts(kind); ok {
			out = append(out, kind+"|"+strings.Join(parts, "|"))
		}
	}
	for _, kind := range strong {
		add(kind)
	}
	for _, kind := range p.Suppression.Keys {
		if !isStrong(kind) {
			add(kind)
		}
	}
	return out
}

func isStrong(kind string) bool { return slices.Contains(strong[:], kind) }

func (id *Identity) parts(kind string) (parts []string, ok bool) {
	switch kind {
	case "hetu":
		parts = []string{code(id.Hetu)}
	case "fnr":
		parts = []string{code(id.FNR)}
	case "oppijanumero":
		parts = []string{code(id.Oppijanumero)}
	case "orcid":
		parts = []string{code(id.ORCID)}
	case "student_number":
		parts = []string{code(id.Institution), code(id.StudentNumber)}
	case "employee_number":
		parts = []string{code(id.Institution), code(id.EmployeeNumber)}
	case "eppn":
		parts = []string{code(id.EPPN)}
	case "source_key":
		parts = []string{strings.TrimSpace(id.System), strings.TrimSpace(id.SourceKey)}
	case "name_birth_date":
		if !id.HasBirthDate {
			return nil, false
		}
		parts = []string{letters(id.FamilyName), letters(id.GivenNames), id.BirthDate.String()}
	}
	for _, part := range parts {
		if part == "" {
			return nil, false
		}
	}
	return parts, len(parts) > 0
}

// code makes a number comparable: no space around or inside, upper case.
func code(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '|' {
			return -1
		}
		return r
	}, s))
}

// letters makes a name comparable: NFC, case folded, words of letters parted by one space. Hyphens and apostrophes part
// words, so that spellings of a double name agree.
func letters(s string) string {
	folded := cases.Fold().String(norm.NFC.String(s))
	words := strings.FieldsFunc(norm.NFC.String(folded), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	return strings.Join(words, " ")
}
