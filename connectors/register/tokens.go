package register

import (
	"uoma/connectors/database"
	"uoma/internal/canon"
)

// Tokens gives the tables that hold tokens.
func Tokens() []database.Tokens {
	var out []database.Tokens
	for _, t := range Tables() {
		x := database.Tokens{Table: t.Name}
		for _, c := range t.Columns {
			if c.Class == canon.Key {
				x.Index = append(x.Index, c.Name)
			}
		}
		out = append(out, x)
	}
	person, key, record := []string{"person"}, []string{"source_key"}, []string{"record"}
	return append(out, []database.Tokens{
		{Table: "link", Index: record, Person: person},
		{Table: "subject_event", Index: record, Person: []string{"person", "other"}},
		{Table: "effective_consent", Person: person},
		{Table: "kept_word", Person: person},
		{Table: "retention_due", Index: key, Person: person},
		{Table: "lapse", Index: key, Person: person},
		{Table: "erased_record", Index: record},
		{Table: "word", Index: []string{"id", "record"}},
	}...)
}
