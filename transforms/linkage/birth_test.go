package linkage

import (
	"testing"

	"uoma/transforms/likeness"
)

func TestABirthDateInPartsIsOne(t *testing.T) {
	fields := []Field{{"id", RecordID, false}, {"family", FamilyName, false}, {"day", BirthDay, false}, {"year", BirthDate, false}, {"month", BirthMonth, false}}
	for _, tt := range []struct {
		day, year, month string
		want             likeness.Day
	}{
		{"7", "1988", "3", likeness.NewDay(1988, 3, 7)}, {" 07", "1988", "03 ", likeness.NewDay(1988, 3, 7)}, {"", "1988", "3", likeness.NewDay(1988, 3, 0)},
		{"x", "1988", "", likeness.NewDay(1988, 0, 0)}, {"7", "", "3", 0}, {"7", "1988-05-06", "3", likeness.NewDay(1988, 5, 6)}, {"32", "1988", "13", likeness.NewDay(1988, 13, 32)},
	} {
		table := tableOf(fields, cells{{"r", "Specimen", tt.day, tt.year, tt.month}}, 0)
		if got := table.birth(0); got != tt.want {
			t.Errorf("%q, %q, %q: got %d, want %d", tt.year, tt.month, tt.day, got, tt.want)
		}
	}
}

// What an address tells beside a name is one more name, and takes part in comparing.
func TestAddressesTellNames(t *testing.T) {
	fields := []Field{{"id", RecordID, false}, {"given", GivenNames, false}, {"family", FamilyName, false}, {"email", Email, false}}
	for _, tt := range []struct {
		name          string
		a, b          []string
		given, family string // levels
	}{
		{"a given name that is missing", []string{"a", "Anna", "Specimen", ""}, []string{"b", "", "Specimen", "Anna.Specimen@mail.example"}, "same", "same"},
		{"one that is an initial", []string{"a", "Anna", "Specimen", ""}, []string{"b", "A.", "Specimen", "anna.specimen7@mail.example"}, "same", "same"},
		{"a family name from before", []string{"a", "Anna", "Specimen", ""}, []string{"b", "Anna", "Virtanen", "anna.specimen@mail.example"}, "same", "same"},
		{"nothing of a stranger's", []string{"a", "Anna", "Specimen", ""}, []string{"b", "Tuula", "Virtanen", "anna.specimen@mail.example"}, "different", "different"},
		{"nothing without a name", []string{"a", "Anna", "Specimen", ""}, []string{"b", "", "", "anna.specimen@mail.example"}, "", ""},
		{"what is no address", []string{"a", "Anna", "Specimen", ""}, []string{"b", "Anna", "", "anna.specimen"}, "same", ""},
	} {
		table := tableOf(fields, cells{tt.a, tt.b}, 0)
		var v vector
		newComparer(table).compare(0, 1, &v)
		level := func(f int) string {
			if v.level[f] == absent {
				return ""
			}
			return table.features[f].levels[v.level[f]]
		}
		if level(featureGiven) != tt.given || level(featureFamily) != tt.family {
			t.Errorf("%s: given names %q, family name %q", tt.name, level(featureGiven), level(featureFamily))
		}
	}
}
