package dataverse

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Kinds of columns.
const (
	Text   = "text"
	Number = "number" // whole
	Choice = "choice" // the number of an option
	Bool   = "bool"   // true or false
	Date   = "date"   // yyyy-MM-dd
	Lookup = "lookup" // a row of another table, by its alternate key
)

// Column is one column that is written.
type Column struct {
	Name string // as Dataverse calls it; of a lookup its navigation property, which may be cased
	Kind string
	Set  string // of a lookup: the entity set of the other table
	By   string // of a lookup: the column of its alternate key
}

// Ways to write a row that the journal does not know.
const (
	Upsert = "upsert" // make it, or change the one that is there
	Update = "update" // change the one that is there, and make none
)

// What becomes of a row that is no longer to be sent.
const (
	Clear      = "clear"      // the columns lose their values
	Deactivate = "deactivate" // and the row is made inactive as well
)

// Table is what is written of one table.
type Table struct {
	Set     string   // entity set: contacts
	ID      string   // column of the service's own key: contactid
	Key     []string // columns of the alternate key, all of them texts
	Columns []Column
	Way     string // [Upsert] or [Update]
	Gone    string // of [Clear] and [Deactivate]
}

// Row is a row that is to be sent.
type Row struct {
	Token  string   // stands for the row in the journal and says nothing of it
	Digest string   // of the content, so that nobody can guess it; rows of the digest that was sent are not sent again
	Key    []string // values of the alternate key
	Cells  []string // by column; "" clears it
}

var property = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// forbidden are columns that no register may fill: a national code has no place in a CRM.
var forbidden = []string{"governmentid"}

// check finds what cannot be.
func (t *Table) check() error {
	names := append([]string{t.Set, t.ID}, t.Key...)
	for _, c := range t.Columns {
		names = append(names, c.Name)
		switch {
		case !slices.Contains([]string{Text, Number, Choice, Bool, Date, Lookup}, c.Kind):
			return errTable.At(fault.Place{Field: c.Name}).Because(errors.New("its kind is none"))
		case (c.Kind == Lookup) != (property.MatchString(c.Set) && property.MatchString(c.By)):
			return errTable.At(fault.Place{Field: c.Name}).Because(errors.New("a lookup, and nothing else, names a set and its key"))
		case slices.Contains(forbidden, strings.ToLower(c.Name)):
			return errTable.At(fault.Place{Field: c.Name}).Because(errors.New("a national code has no place there"))
		}
	}
	for i, n := range names {
		if !property.MatchString(n) || slices.Contains(names[:i], n) {
			return errTable.At(fault.Place{Field: n}).Because(errors.New("it is no name, or named twice"))
		}
	}
	switch {
	case len(t.Key) == 0 || len(t.Columns) == 0:
		return errTable.At(fault.Place{Field: t.Set}).Because(errors.New("it has no key, or nothing to write"))
	case !slices.Contains([]string{Upsert, Update}, t.Way) || !slices.Contains([]string{Clear, Deactivate}, t.Gone):
		return errTable.At(fault.Place{Field: t.Set}).Because(errors.New("it does not say how rows are written, and what becomes of those that are gone"))
	}
	return nil
}

// byKey gives the path of a row by its alternate key.
func (t *Table) byKey(key []string) string { return t.Set + "(" + pairs(t.Key, key) + ")" }

func pairs(columns, values []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c + "='" + url.PathEscape(strings.ReplaceAll(values[i], "'", "''")) + "'"
	}
	return strings.Join(out, ",")
}

// byID gives the path of a row by the key that the service gave it.
func (t *Table) byID(id string) string { return t.Set + "(" + id + ")" }

// Values of Dataverse's own columns of a row's state.
const (
	active, inactive             = 0, 1
	activeReason, inactiveReason = 1, 2
)

// content makes the body of a request.
func (t *Table) content(r Row) ([]byte, error) {
	if len(r.Key) != len(t.Key) || len(r.Cells) != len(t.Columns) || r.Token == "" || r.Digest == "" || slices.Contains(r.Key, "") {
		return nil, errCell.At(fault.Place{Field: t.Set}).Because(errors.New("a row has no key, or other columns than the table"))
	}
	body := map[string]any{}
	for i, c := range t.Columns {
		v, err := c.value(r.Cells[i])
		if err != nil {
			return nil, errCell.At(fault.Place{Field: c.Name}).Because(err)
		}
		body[c.field()] = v
	}
	if t.Gone == Deactivate {
		body["statecode"], body["statuscode"] = active, activeReason
	}
	return json.Marshal(body)
}

// gone makes the body of the request for a row that is no longer to be sent.
func (t *Table) gone() ([]byte, error) {
	body := map[string]any{}
	for _, c := range t.Columns {
		body[c.field()] = nil
	}
	if t.Gone == Deactivate {
		body["statecode"], body["statuscode"] = inactive, inactiveReason
	}
	return json.Marshal(body)
}

func (c *Column) field() string {
	if c.Kind == Lookup {
		return c.Name + "@odata.bind"
	}
	return c.Name
}

// value puts a cell into the column's kind.
func (c *Column) value(cell string) (any, error) {
	if cell == "" {
		return nil, nil
	}
	switch c.Kind {
	case Number, Choice:
		n, err := strconv.ParseInt(cell, 10, 32)
		if err != nil {
			return nil, errors.New("it is no whole number")
		}
		return n, nil
	case Bool:
		if cell != "true" && cell != "false" {
			return nil, errors.New("it is neither true nor false")
		}
		return cell == "true", nil
	case Date:
		if _, err := canon.ParseDate(cell); err != nil {
			return nil, errors.New("it is no date")
		}
	case Lookup:
		return fmt.Sprintf("/%s(%s)", c.Set, pairs([]string{c.By}, []string{cell})), nil
	}
	return cell, nil
}

// refers tells whether a row names rows of other tables.
func (t *Table) refers(r Row) bool {
	for i, c := range t.Columns {
		if c.Kind == Lookup && r.Cells[i] != "" {
			return true
		}
	}
	return false
}
