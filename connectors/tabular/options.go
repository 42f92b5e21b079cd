package tabular

import (
	"fmt"
	"regexp"
	"slices"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Column is one column that is read.
type Column struct {
	Name     string   // its name in the raw table, and in the header unless an alias stands there
	Aliases  []string // other spellings that the header may have
	Position int      // 1-based place in an export without header; 0 when it has none there
	Required bool     // an export without the column is refused; a cell of it may still be empty
	Path     string   // where a record holds it, in formats whose records name their values; Name when empty
	List     string   // joins several values of one record; without it a record with several is rejected
}

// What an export says about its columns.
const (
	HeaderRequired = "required" // the default
	HeaderNone     = "none"
	HeaderAuto     = "auto" // a header when the first row holds two of the columns' names, or the only one
)

// Options says how the rows of one feed are read. Only Feed and Columns are needed.
type Options struct {
	Feed    string
	File    string   // the export's name relative to its inbox, for messages
	Columns []Column // the allow-list: nothing else is read
	Header  string
	Titles  int // how many rows may stand above the header; it is then found by the first required column's name

	// HeaderRows is 2 where a row of groups, merged over their columns, stands above the names of columns. A column is then
	// known as "group / name", and by its name alone where no other has it. Header is "required".
	HeaderRows int

	FieldCounts     []int          // the counts of fields that an export without header may have; none means any
	Trailer         *regexp.Regexp // the last line, which is no row: group 1, if any, is the count of rows; matched against the row's cells that are not empty, joined by a space
	TrailerRequired bool           // an export without that line is cut

	SkipWhenEmpty  []string // a row in which all of these columns are empty is a subtotal and no data
	SkipWhenFilled []string // a row in which one of these columns is filled is data that others read
	Reject         func(canon.Rejection)
	Limits         Limits
}

// Limits bounds a row; zero fields take the defaults in [DefaultLimits].
type Limits struct {
	RowBytes int
	Columns  int
}

// DefaultLimits gives what is beyond every honest row.
func DefaultLimits() Limits {
	return Limits{RowBytes: 16 << 20, Columns: 4096}
}

// OrDefault fills what is not set.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	if l.RowBytes <= 0 {
		l.RowBytes = d.RowBytes
	}
	if l.Columns <= 0 {
		l.Columns = d.Columns
	}
	return l
}

// Names gives the columns' names in order.
func (o *Options) Names() []string {
	names := make([]string, len(o.Columns))
	for i, c := range o.Columns {
		names[i] = c.Name
	}
	return names
}

// check finds contradictions, which are mistakes of configuration and so stop the run.
func (o *Options) check() error {
	bad := func(format string, args ...any) error {
		return errOptions.At(fault.Place{Field: o.Feed}).Because(fmt.Errorf(format, args...))
	}
	if o.Feed == "" || len(o.Columns) == 0 {
		return bad("no feed or no column is named")
	}
	if !slices.Contains([]string{"", HeaderRequired, HeaderNone, HeaderAuto}, o.Header) {
		return bad("header is none of required, none, auto")
	}
	if o.HeaderRows < 0 || o.HeaderRows > 2 || o.HeaderRows == 2 && o.Header != "" && o.Header != HeaderRequired {
		return bad("a header has one row or two, and two only where it is required")
	}
	spelled := map[string]string{}
	for _, c := range o.Columns {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			folded := Fold([]byte(name))
			if old, ok := spelled[folded]; folded == "" || ok && old != c.Name {
				return bad("column %s has an empty name or one that another column has", c.Name)
			}
			spelled[folded] = c.Name
		}
		if c.Position < 0 || c.Required && c.Position == 0 && o.Header == HeaderNone {
			return bad("required column %s has no position", c.Name)
		}
	}
	for _, skip := range []struct {
		when  string
		names []string
	}{{"empty", o.SkipWhenEmpty}, {"filled", o.SkipWhenFilled}} {
		for _, name := range skip.names {
			if !slices.Contains(o.Names(), name) {
				return bad("column %s of skip-when-%s is not read", name, skip.when)
			}
		}
	}
	if o.Trailer != nil && o.Trailer.NumSubexp() > 1 || o.Trailer == nil && o.TrailerRequired {
		return bad("the trailer has several groups, or is required and not told")
	}
	return nil
}
