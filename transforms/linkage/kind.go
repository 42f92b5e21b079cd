package linkage

import "strings"

// Kind is what a column of records says of a person.
type Kind uint8

// Kinds. Columns of one kind are several values of one thing (a private and a work e-mail address), except [Identifier],
// [Text] and [Number], of which each column is a thing of its own.
const (
	Ignored     Kind = iota
	RecordID         // names the record; compared with nothing
	Source           // which system or file the record comes from
	GivenNames       // one or several, in order
	CallName         // the given name, or its everyday form, that the person goes by
	FamilyName       //
	FormerName       // an earlier family name
	FullName         // given and family names in one column, "Specimen, Anna Maria" or "Anna Maria Specimen"
	BirthDate        // also partial: year, or year and month
	Sex              //
	Street           // street and house number, or the street alone
	HouseNumber      //
	AddressLine      // a further line of the address: building, village, care-of
	Postcode         //
	City             //
	Region           // county, state
	Country          //
	Phone            //
	Email            //
	Identifier       // number or code that one register gives to one person
	Number           // any other number
	Text             // anything else that is compared as text
	BirthMonth       // of a birth date in parts; its year is a BirthDate
	BirthDay         // the day of the month
	Mark             // is asked for by a [Rule] and compared with nothing
	Kinds            // how many kinds there are
)

var kindNames = [Kinds]string{
	"ignored", "record_id", "source", "given_names", "call_name", "family_name", "former_family_name", "full_name", "birth_date", "sex",
	"street", "house_number", "address_line", "postcode", "city", "region", "country", "phone", "email", "identifier", "number", "text", "birth_month", "birth_day", "mark",
}

// String gives the kind's name as it stands in YAML and messages.
func (k Kind) String() string { return kindNames[k] }

// KindOf gives the kind of a name; ok is false when there is none.
func KindOf(name string) (k Kind, ok bool) {
	for k, n := range kindNames {
		if strings.EqualFold(n, name) {
			return Kind(k), true
		}
	}
	return Ignored, false
}

// Field is one column of the records to be linked.
type Field struct {
	Name string // of the column
	Kind Kind
	// Unique says of an identifier that no person has two: two different ones are two people.
	Unique bool
}
