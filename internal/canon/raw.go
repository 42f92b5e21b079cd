package canon

// RawTable makes the table of a feed's rows as its export has them: the line, the kind of every cell, and the feed's own
// columns as text. name is the feed's name.
func RawTable(name string, columns []string) *Table {
	t := &Table{Name: name, Columns: []Column{{"line", Int, Plain}, {"kinds", Text, Plain}}}
	for _, c := range columns {
		t.Columns = append(t.Columns, Column{c, Text, Identifier})
	}
	return t
}

// Positions of the leading columns of a raw table; the feed's own columns follow from RawFirst.
const (
	RawLine  = 0 // line number of the row's first line, or sheet row
	RawKinds = 1 // one letter per own column (the Kind constants), missing where a format has only text
	RawFirst = 2
)

// Kinds of a cell, for formats whose cells are typed. A text format leaves the kinds column null.
const (
	KindText   = 's'
	KindNumber = 'n' // decimal text as stored
	KindDate   = 'd' // ISO 8601 text
	KindBool   = 'b' // true or false
	KindError  = 'e' // a cell error such as #N/A; the value is null
	KindEmpty  = ' '

	KindNumber1904 = 'N' // a number of a workbook that counts its days from 1904
)

// Rejection is a row that could not be used. Raw is the row as it was, for the encrypted quarantine only; no other
// field holds a value.
type Rejection struct {
	Feed   string
	Line   int64
	Field  string // the export's column name, or ""
	Code   string // stable reason: an identifier's reason code, or "row-too-long", "field-count", …
	Reason string // one plain sentence
	Key    string // the row's key when it could be read, for the quarantine only
	Raw    []byte

	// Ends tells that what was loaded of the row on an earlier night ends, as if the row were exported no more; else it stands until
	// the row is right again.
	Ends bool `json:",omitempty"`
}
