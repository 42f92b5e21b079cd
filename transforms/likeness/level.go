package likeness

// Level says how alike two values are: 0 is different, and a higher level says more for one person than a lower one. The
// top level of a comparator is its last, that of equal values.
type Level uint8

// Different is the lowest level of every comparator.
const Different Level = 0

// Comparator is a way to compare folded values of one kind.
type Comparator struct {
	Name    string                  // of the kind: "given", "street"
	Levels  []string                // what each level means, Different first
	Fold    func(string) string     // the form in which Compare wants values
	Compare func(a, b string) Level // symmetric, total, pure; allocates nothing
}

// Comparators lists the comparators of text. Dates have a form of their own: see [Birth].
func Comparators() []Comparator {
	return []Comparator{
		{"given", GivenLevels[:], Fold, Given},
		{"family", FamilyLevels[:], Fold, Family},
		{"phone", PhoneLevels[:], FoldPhone, Phone},
		{"email", EmailLevels[:], FoldEmail, Email},
		{"postcode", PostcodeLevels[:], FoldCode, Postcode},
		{"house_number", HouseNumberLevels[:], Fold, HouseNumber},
		{"street", StreetLevels[:], Fold, Street},
		{"city", CityLevels[:], Fold, City},
		{"text", TextLevels[:], Fold, Text},
		{"identifier", IdentifierLevels[:], FoldCode, Identifier},
		{"number", NumberLevels[:], FoldNumber, Number},
	}
}
