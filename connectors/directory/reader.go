package directory

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Separator stands between the values of one attribute, unless the column says what joins them.
const Separator = ";"

// codeSeparator is why a row is rejected of which nobody could tell the values apart.
const codeSeparator = "separator-in-value"

// reader reads one search's entries.
type reader struct {
	source  *Source
	search  Search
	options tabular.Options
	a       *tabular.Assembler

	at     map[string]int // by attribute in lower case: its column
	binary []string       // in lower case

	conn    *connection
	lost    int                   // how often the line was lost
	given   map[[16]byte]struct{} // digests of the names of entries that were given
	entries []*ldap.Entry         // of this page
	word    []byte                // that asks for the next page
	last    bool
	empty   int   // pages without an entry, in a row
	seen    int64 // entries over this connection
	read    int64
	row     tabular.Row
	values  []int // by column: how many the entry has so far
}

// Summary implements [tabular.Reader].
func (r *reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		conn, err := r.source.enter(ctx)
		if err != nil {
			yield(nil, r.placed(lost(ctx, err)))
			return
		}
		r.conn = conn
		defer func() { r.conn.close() }()
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

// maxEmpty is how many pages in a row may have no entry: a server may skip what we must not see, but not for ever.
const maxEmpty = 100

// next adds one entry, of the next page when this one has no more.
func (r *reader) next(ctx context.Context) (err error) {
	for len(r.entries) == 0 {
		if r.last {
			return r.end()
		}
		if r.entries, r.word, err = r.conn.page(ctx, r.source.request(r.search, r.attributes()), r.source.settings.Page, r.word); err != nil {
			if err := r.again(ctx, err); err != nil {
				return err
			}
			continue
		}
		r.last = len(r.word) == 0
		if r.empty++; len(r.entries) > 0 {
			r.empty = 0
		}
		if r.empty > maxEmpty {
			return errEntries
		}
		r.a.Opened() // no entry is an answer, too
	}
	e := r.entries[0]
	r.entries = r.entries[1:]
	if r.seen++; r.seen > r.source.settings.Entries {
		return errEntries
	}
	if !r.first(e.DN) {
		return nil
	}
	r.read++
	return r.add(e)
}

// again begins with the first page when the line was lost: the word that asks for the next page is known to the lost
// connection alone. Entries that were given are passed over, which changes nothing of what the source promises: each was
// as it was when its page was read.
func (r *reader) again(ctx context.Context, err error) error {
	if err := r.source.settings.Retry.Wait(ctx, &r.lost, told(ctx, err)); err != nil {
		return err
	}
	conn, err := r.source.enter(ctx)
	if err != nil {
		return err
	}
	r.conn.close()
	r.conn, r.word, r.seen = conn, nil, 0
	r.a.SetAgain(r.lost)
	return nil
}

// first notes that an entry is given, and tells whether it is for the first time.
func (r *reader) first(dn string) bool {
	sum := sha256.Sum256([]byte(dn))
	key := [16]byte(sum[:])
	if _, was := r.given[key]; was {
		return r.lost == 0 // a server that gives an entry twice is not our concern before the line is lost
	}
	if r.given == nil {
		r.given = map[[16]byte]struct{}{}
	}
	r.given[key] = struct{}{}
	return true
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
	clear(r.values)
	for i := range r.row.Kinds {
		r.row.Kinds[i] = canon.KindEmpty
	}
	r.row.Line = r.read
	if i, ok := r.at[nameColumn]; ok {
		r.fill(i, []byte(e.DN))
	}
	clash, size := false, 0
	for _, a := range e.Attributes {
		name := strings.ToLower(a.Name)
		if whole, option, _ := strings.Cut(name, ";"); strings.HasPrefix(option, "range=") {
			if _, asked := r.at[whole]; asked {
				return errParts
			}
		}
		i, ok := r.at[name]
		if !ok || len(a.ByteValues) == 0 {
			continue // an option of the attribute that nobody asked for, as cn;lang-sv
		}
		cell, plain := r.row.Cells[i], true
		for _, v := range r.ordered(name, a.ByteValues) {
			cell, plain = tabular.Join(cell, 0, r.values[i], v, cmp.Or(r.options.Columns[i].List, Separator))
			clash = clash || !plain
			size += len(v)
			r.values[i]++
		}
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
		r.a.RejectRow(&r.row, codeSeparator, "an attribute has several values, and what joins them stands in one of them")
		return nil
	}
	r.a.AddRecord(&r.row)
	return nil
}

func (r *reader) fill(i int, cell []byte) {
	r.row.Cells[i], r.row.Kinds[i] = cell, canon.KindText
	r.a.Met(i)
}

// ordered gives the values of an attribute in an order that does not depend on the server.
func (r *reader) ordered(name string, values [][]byte) [][]byte {
	if slices.Contains(r.binary, name) {
		for i, v := range values {
			values[i] = base64.StdEncoding.AppendEncode(nil, v)
		}
	}
	slices.SortFunc(values, bytes.Compare)
	return values
}

// end holds the search to what the layout requires: an attribute that our name may not see any more would look as if all
// people had lost it.
func (r *reader) end() error {
	if err := r.a.EndRecords(r.read, r.read); err != nil {
		return err
	}
	return io.EOF
}
