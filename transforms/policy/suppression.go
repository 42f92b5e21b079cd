package policy

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
)

// Suppression names the marks by which an erased person is known again besides their strong identifiers, which always leave
// one ([Suppression.Kept]).
type Suppression struct {
	Keys  []string `yaml:"keys"`
	Entry `yaml:",inline"`
}

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
var strong = [...]string{"hetu", "fnr", "oppijanumero", "orcid", "student_number", "employee_number", userName, "source_key"}

const (
	userName = "eppn"
	// PointKind is the kind of the marks of contact points.
	PointKind     = "point"
	nameBirthDate = "name_birth_date"
)

// Kept gives the marks by which an erased person stays gone: canonical strings "type|value", of each strong identifier, and
// those that the pack adds. The caller keeps a keyed digest (HMAC) of each and never the string; whoever bears one
// ([Borne]) is suppressed.
//
//	hetu|010190-900P                          as it stands, upper case
//	fnr|14838510117
//	oppijanumero|1.2.246.562.24.10000000003
//	orcid|0000-0000-0000-001X
//	student_number|10118|2100001              institution and number: a number alone is another person's elsewhere
//	employee_number|10118|004711
//	eppn|AINO@XAMK.EXAMPLE|bn|n|aino          see below
//	source_key|peppi|12345                    system and key
//	name_birth_date|esimerkki|aino maria|1990-01-01   letters alone, case folded, NFC
//
// A mark with an unknown part is left out. Two people can share name and birth date: that mark is weak, and it is for
// the pack to keep it or not.
//
// A user name is given to somebody else in time, so it counts unless what else is known contradicts it: the birth date where
// both sides know one, else the names, of which one word in common is enough, else nothing. As digests cannot be compared in
// part, there is a mark of each case: what is known of the erased person (b, n), what is known of the one who bears it, and
// what the two then have to have in common.
func (s *Suppression) Kept(id Identity) []string { return id.marks(true, s.Keys...) }

// Bare tells whether an identity says nothing of who somebody is: neither a name nor a birth date, and no identifier but the
// system's own key.
func (id *Identity) Bare() bool {
	known := *id
	known.System, known.SourceKey, known.Institution = "", "", ""
	return known == Identity{}
}

// PointMark gives the mark of a contact point ("email:a@b.example") of an erased person. It is kept whatever the pack says, and
// counts for those alone of whom nothing else is known ([Identity.Bare]): several people may have one address.
//
//	point|email:aino@posti.example
func PointMark(point string) string { return PointKind + "|" + point }

// Borne gives the marks by which an erased person would be known again in somebody, whichever of them a pack keeps.
func Borne(id Identity) []string { return id.marks(false, nameBirthDate) }

func (id *Identity) marks(kept bool, more ...string) (out []string) {
	for _, kind := range slices.Concat(strong[:], more) {
		if kind == userName {
			out = append(out, id.ofUserName(kept)...)
			if name := code(id.EPPN); name != "" && !kept {
				out = append(out, userName+"|"+name) // as it was kept once, whoever bears it
			}
		} else if parts, ok := id.parts(kind); ok {
			out = append(out, kind+"|"+strings.Join(parts, "|"))
		}
	}
	return out
}

// ofUserName gives the marks of the user name, those that are kept or those that are borne.
func (id *Identity) ofUserName(kept bool) (out []string) {
	name := code(id.EPPN)
	if name == "" {
		return nil
	}
	words, known := strings.Fields(letters(id.FamilyName+" "+id.GivenNames)), ""
	if id.HasBirthDate {
		known = "b"
	}
	if len(words) > 0 {
		known += "n"
	}
	for _, other := range [...]string{"", "b", "n", "bn"} { // what may be known of the other side
		both := func(fact string) bool { return strings.Contains(known, fact) && strings.Contains(other, fact) }
		agree := []string{""}
		switch {
		case both("b"):
			agree = []string{id.BirthDate.String()}
		case both("n"):
			agree = words
		}
		erased, bearer := known, other
		if !kept {
			erased, bearer = other, known
		}
		for _, fact := range agree {
			out = append(out, strings.Join([]string{userName, name, erased, bearer, fact}, "|"))
		}
	}
	return out
}

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
	case "source_key":
		parts = []string{strings.TrimSpace(id.System), strings.TrimSpace(id.SourceKey)}
	case nameBirthDate:
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
