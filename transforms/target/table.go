package target

import (
	"slices"
	"strconv"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/late"
)

var (
	errKey      = fault.New("UOMA-TGT-KEY", "the alternate key does not fit the columns", "name in key: columns of texts with required: true and without max:, and have other columns beside them")
	errKind     = fault.New("UOMA-TGT-KIND", "a column holds what its kind does not", "a choice has codes: with numbers of options, a number and a bool codes: or a field of that type, a date a field with a date and no format:; kind: and lookup: are of dataverse, and one of them at a time")
	errProperty = fault.New("UOMA-TGT-PROPERTY", "the table cannot have such a column, or nobody may fill it", "write the column's logical name, or the navigation property of a lookup; the service's own key is written by nobody, nor is governmentid: a national code has no place there")
)

// never are columns that no target may fill.
var never = []string{"governmentid"}

// table checks rows that go into a table of the recipient's.
func (c *checker) table() {
	f := &c.t.Form
	if f.Set == "" || f.ID == "" || len(f.Key) == 0 {
		c.find(errForm, "set, id and key", "form")
		return
	}
	for i, key := range f.Key {
		at := slices.IndexFunc(c.t.Columns, func(x Column) bool { return x.Name == key })
		if at < 0 || !c.t.Columns[at].Required || c.t.Columns[at].kind() != "text" || c.t.Columns[at].Max > 0 || len(c.t.Columns) <= len(f.Key) {
			c.find(errKey, key, "form", "key", strconv.Itoa(i))
		}
	}
	seen := map[string]bool{f.ID: true}
	for i := range c.t.Columns {
		name := c.t.Columns[i].Name
		if !property.MatchString(name) || seen[name] || slices.Contains(never, strings.ToLower(name)) {
			c.find(errProperty, name, "columns", strconv.Itoa(i), "name")
		}
		seen[name] = true
	}
}

var property = late.Compile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// kind gives the column's kind, a default filled in.
func (col *Column) kind() string {
	switch {
	case col.Lookup != nil:
		return "lookup"
	case col.Kind == "":
		return "text"
	}
	return col.Kind
}

// fits tells whether everything that the column can hold is of its kind.
func (col *Column) fits(inTable bool) bool {
	if !inTable || col.Lookup != nil && col.Kind != "" {
		return col.Kind == "" && col.Lookup == nil
	}
	of := func(t canon.Type) bool {
		return !slices.ContainsFunc(col.from, func(f Field) bool { return f.Type != t })
	}
	coded := len(col.Codes) > 0 || len(col.from) == 0
	literal := func(fits func(string) bool) bool {
		for _, text := range col.Codes {
			if !fits(text) {
				return false
			}
		}
		return (col.Value == "" || fits(col.Value)) && (col.Default == "" || fits(col.Default))
	}
	switch col.kind() {
	case "number":
		return (coded || of(canon.Int)) && literal(whole) && col.Max == 0
	case "choice":
		return coded && literal(whole) && col.Max == 0
	case "bool":
		return (coded || of(canon.Bool)) && literal(func(s string) bool { return s == "true" || s == "false" }) && col.Max == 0
	case "date":
		return len(col.from) > 0 && of(canon.Day) && col.Codes == nil && col.Format == "" && col.Default == "" && col.Max == 0
	}
	return true
}

func whole(s string) bool {
	_, err := strconv.ParseInt(s, 10, 32)
	return err == nil
}
