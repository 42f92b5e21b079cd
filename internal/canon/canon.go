// Package canon is the vocabulary that every part of Uoma shares: the canonical tables, their typed columns with their
// class of personal data, and the record batch in which rows travel between stages.
//
// A [Table] is plain data: a name and columns. [Tables] lists the canonical ones, [Named] gives one. A [Batch] is a batch of rows of one
// table from one feed, backed by an Arrow record; it is filled by a [Builder] and read through [Col], so that no other
// package but this one and the format readers names Arrow. [WriteBatch] and [ReadBatches] put batches on a byte stream.
//
// The package knows no system, no layout, no policy and no store. It imports nothing of Uoma.
package canon

// Type is how a column's values are held.
type Type uint8

const (
	Text    Type = iota // UTF-8, NFC
	Int                 // signed 64 bit
	Decimal             // canonical decimal text ("210.5"): exact, and the same bytes in every store
	Day                 // calendar date, [Date]
	Instant             // UTC, microseconds since 1970
	Bool
)

// Class says what a column's values reveal and therefore where they may stand.
type Class uint8

const (
	// Plain values describe studies, organisations and events; they stand in the register and, as counted codes, in reports.
	Plain Class = iota
	// Quasi values single a person out in combination: register only, never listed for small groups.
	Quasi
	// Key values are a source system's own keys: the register holds a keyed token in their place.
	Key
	// Name, Identifier, Contact and FreeText values identify: vault only.
	Name
	Identifier
	Contact
	FreeText
)

// Identifying tells whether values of the class may stand nowhere but in vault, snapshots and sealed packages.
func (c Class) Identifying() bool { return c >= Name }

// Column is one typed column.
type Column struct {
	Name  string
	Type  Type
	Class Class
}

// Table is a named list of columns. Its first columns are [Provenance] when it is canonical.
type Table struct {
	Name    string
	Columns []Column
}

// Index gives the position of a column, or -1.
func (t *Table) Index(column string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == column {
			return i
		}
	}
	return -1
}

// Identity tells whether the table holds nothing but identifying facts, so that the register has no table for it.
func (t *Table) Identity() bool {
	for _, c := range t.Columns[len(provenance):] {
		if !c.Class.Identifying() {
			return false
		}
	}
	return true
}

// Positions of the provenance columns, the same in every canonical table.
const (
	RowKey    = 0 // the source row's own key, parts joined by [KeySeparator]
	PersonKey = 1 // the person's key within the system, or [PointPrefix] and a contact point; never empty
	Seq       = 2 // 0, 1, 2 … when one source row gives several rows of the table
	Line      = 3 // line or sheet row of the source row in its export
)

// KeySeparator joins the parts of a composite key (ASCII unit separator).
const KeySeparator = "\x1f"

// PointPrefix begins a person key that names a contact point instead of a person: "@email:a@b.example". Such a row
// belongs to every record of the same system that has the contact point today, and to none when there is none.
const PointPrefix = "@"

// Nobody and a row's key are the person key of a row that is nobody's: a contact point that no record has.
const Nobody = PointPrefix + "nobody:"

var provenance = []Column{
	{"row_key", Text, Key},
	{"person_key", Text, Key},
	{"seq", Int, Plain},
	{"line", Int, Plain},
}

// Provenance returns the leading columns of every canonical table.
func Provenance() []Column { return append([]Column(nil), provenance...) }
