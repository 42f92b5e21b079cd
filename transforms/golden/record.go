package golden

import (
	"cmp"
	"fmt"

	"uoma/internal/canon"
)

// Record is what one row of a source says of a person.
type Record struct {
	Source string // system or feed: "pegasos", "reportronic/henkilosto"
	ID     string // of the row or record in the source
	// Modified is when the row last changed in its source, and Exported when the export was made, which stands in for it;
	// microseconds since 1970 UTC, 0 when unknown: oldest.
	Modified, Exported int64
	Values             []Value
}

// Value is one value of a record. A field that is given twice has two.
type Value struct {
	Field string
	Text  string
	// Until is the last day on which the value holds; nil: no end is known.
	Until *canon.Date
	// Invalid tells that whoever read the value refused it. The rule's own check comes on top.
	Invalid bool
	// Agreed is how many sources are known to have the value, from an earlier merge; 0 and 1 are this source alone.
	Agreed int
}

// time is when the record was last true.
func (r *Record) time() int64 { return cmp.Or(r.Modified, r.Exported) }

// String names the source alone: a record's values and its key are a person's.
func (r Record) String() string {
	return fmt.Sprintf("record of %s, %d values", r.Source, len(r.Values))
}

// String gives the field alone.
func (v Value) String() string { return "value of " + v.Field }
