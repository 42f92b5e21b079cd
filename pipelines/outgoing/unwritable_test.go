package outgoing

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/transforms/target"
)

// TestWhatTheEncodingCannotSayIsLeftOut: a row with a character that the file's encoding does not have is counted and not written,
// as another character in its place would be somebody else's name.
func TestWhatTheEncodingCannotSayIsLeftOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "forms")
	written := map[string]int{}
	for _, encoding := range []string{"utf-8", "windows-1252"} {
		x, err := target.Parse("x.yaml", []byte(`target: x
title: Letters
policy: seamk
system: x
purpose: information
from: [hatu, peppi]
file: "x_{yyyyMMdd}.csv"
seal: none
form: {type: csv, encoding: `+encoding+`}
columns:
- {name: family, from: person.family_name, required: true}
- {name: city, value: Łódź}
`))
		r.must(err)
		c, err := r.fileOf(x).choose(ctx, r.runOf("x", true))
		r.must(err)
		written[encoding] = len(c.records)
		lost := int64(0)
		for w, n := range c.withheld {
			if w.Reason == unwritable {
				lost += n
			}
		}
		if left := written["utf-8"] - written[encoding]; int(lost) != left {
			t.Errorf("%s: %d rows are said to be left out, and %d are", encoding, lost, left)
		}
	}
	if written["utf-8"] == 0 || written["windows-1252"] != 0 {
		t.Errorf("%v rows", written)
	}
}
