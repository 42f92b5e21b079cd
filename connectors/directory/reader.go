package directory

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Separator stands between the values of one attribute.
const Separator = ";"

// codeSeparator is why a row is rejected of which nobody could tell the values apart.
const codeSeparator = "separator-in-value"

// reader reads one search's entries.
type reader struct {
	source  *Source
	search  Search
	options tabular.Options
	a       *tabular.Assembler

	names  []string
	at     map[string]int // by attribute in lower case: its column
	binary []string       // in lower case
	seen   []bool         // by column: some entry had it

	conn    *connection
	entries []*ldap.Entry // of this page
	word    []byte        // that asks for the next page
	last    bool
	read    int64
	row     tabular.Row
}

// Summary implements [tabular.Reader]. Missing are attributes that no entry had.
func (r *reader) Summary() tabular.Summary {
	sum := r.a.Summary()
	for i, seen := range r.seen {
		if !seen && r.read > 0 {
			sum.Missing = append(sum.Missing, r.names[i])
		}
	}
	return sum
}

// Batches implements [tabular.Reader].
func (r *reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		conn, err := r.source.enter(ctx)
		if err == nil {
			r.conn = conn
			defer conn.close()
			err = r.a.Columns(r.names...)
		}
		if err != nil {
			yield(nil, r.placed(lost(ctx, err)))
			return
		}
		for b, err := range tabular.Stream(ctx, r.a, func() error { return r.next(ctx) }) {
			if err != nil {
				err = r.placed(lost(ctx, err))
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// placed names the feed.
func (r *reader) placed(err error) error {
	if own, ok := err.(*fault.Error); ok && own.Place == (fault.Place{}) {
		return own.At(fault.Place{Field: r.options.Feed})
	}
	return err
}

// next adds one entry, of the next page when this one has no more.
func (r *reader) next(ctx context.Context) (err error) {
	for len(r.entries) == 0 {
		if r.last {
			return r.end()
		}
		if r.entries, r.word, err = r.conn.page(ctx, r.source.request(r.search, r.attributes()), r.source.settings.Page, r.word); err != nil {
			return err
		}
		r.last = len(r.word) == 0
	}
	e := r.entries[0]
	r.entries = r.entries[1:]
	if r.read++; r.read > r.source.settings.Entries {
		return errEntries
	}
	return r.add(e)
}

// attributes gives those that are asked for: the columns, each by all of its names.
func (r *reader) attributes() []string {
	var out []string
	for name := range r.at {
		if name != nameColumn {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	if len(out) == 0 {
		return []string{"1.1"} // none, since an empty list means all
	}
	return out
}

func (r *reader) add(e *ldap.Entry) error {
	clear(r.row.Cells)
	for i := range r.row.Kinds {
		r.row.Kinds[i] = canon.KindEmpty
	}
	r.row.Line = r.read
	if i, ok := r.at[nameColumn]; ok {
		r.fill(i, []byte(e.DN))
	}
	clash, size := false, 0
	for _, a := range e.Attributes {
		i, ok := r.at[strings.ToLower(a.Name)]
		if !ok || len(a.ByteValues) == 0 {
			continue // an option of the attribute that nobody asked for, as cn;lang-sv
		}
		cell, plain := r.cell(strings.ToLower(a.Name), a.ByteValues)
		if len(r.row.Cells[i]) > 0 { // under another of its names
			cell = append(append(r.row.Cells[i], Separator...), cell...)
		}
		clash = clash || !plain
		size += len(cell)
		r.fill(i, cell)
	}
	switch {
	case size > r.options.Limits.OrDefault().RowBytes:
		r.row.Raw = []byte{} // nobody wants so much in the quarantine
		r.a.RejectRow(&r.row, tabular.CodeTooLong, "the entry is longer than any row may be")
		r.row.Raw = nil
		return nil
	case !r.row.Inspect():
		r.a.RejectRow(&r.row, tabular.CodeEncoding, "the entry holds a value that is not UTF-8, of an attribute that the layout does not call binary")
		return nil
	case clash:
		r.a.RejectRow(&r.row, codeSeparator, "an attribute has several values, and a semicolon stands in one of them")
		return nil
	}
	return r.a.Add(&r.row)
}

func (r *reader) fill(i int, cell []byte) {
	r.row.Cells[i], r.row.Kinds[i], r.seen[i] = cell, canon.KindText, true
}

// cell joins the values of an attribute in an order that does not depend on the server; plain tells that they can be told
// apart again.
func (r *reader) cell(name string, values [][]byte) (cell []byte, plain bool) {
	if slices.Contains(r.binary, name) {
		for i, v := range values {
			values[i] = base64.StdEncoding.AppendEncode(nil, v)
		}
	}
	slices.SortFunc(values, bytes.Compare)
	plain = len(values) == 1 || !slices.ContainsFunc(values, func(v []byte) bool { return bytes.Contains(v, []byte(Separator)) })
	return bytes.Join(values, []byte(Separator)), plain
}

// end holds the search to what the layout requires: an attribute that our name may not see any more would look as if all
// people had lost it.
func (r *reader) end() error {
	for i, c := range r.options.Columns {
		if c.Required && !r.seen[i] && r.read > 0 {
			return errAbsent.At(fault.Place{Field: r.options.Feed + " " + c.Name})
		}
	}
	if err := r.a.End(r.read); err != nil {
		return err
	}
	return io.EOF
}
