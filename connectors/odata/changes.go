package odata

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"uoma/connectors/rest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Errors after which the set must be read in full.
var (
	ErrExpired = fault.New("UOMA-SRC-EXPIRED", "the service does not know any more from when on changes were asked for",
		"nothing need be done: the set is read in full").For(fault.Source)
	ErrUnclear = fault.New("UOMA-SRC-CHANGES", "the service's list of changes cannot be used as a whole",
		"nothing need be done: the set is read in full").For(fault.Source)
)

// Changes is what became of a set's entities. One that came more than once counts as it came last.
type Changes struct {
	Since string         // from where on to ask the next time
	Rows  *canon.Batch   // the entities that are new or changed, in the order in which they came
	Keys  []string       // of the rows, as [Key] gives them
	Last  map[string]int // by key: the row that counts, or [Removed]
}

// Removed stands in place of a row of an entity that is no longer in the set: it was deleted, or changed so that it does
// not belong there.
const Removed = -1

// Bounds of what is held of changes; a set of which more changed is as well read in full.
const (
	maxChanges     = 200_000
	maxChangeBytes = 64 << 20
)

// Names of the columns that tell of an entity that is gone. No property can have them.
const (
	reasonColumn  = "$removed"
	contextColumn = "$context"
	plainColumn   = "$id"
	idColumn      = "$odata.id"
	shortColumn   = "$@id"
)

// Changed asks what became of a set since a position that an earlier reading of the same columns gave. key is the place
// of the column with the entities' key. It knows both ways in which a service says that an entity is gone: OData 4.0 gives
// an entry whose context ends with $deletedEntity, 4.01 one that is annotated as @removed.
func Changed(ctx context.Context, api *rest.API, q rest.Query, o tabular.Options, key int, since string) (*Changes, error) {
	own := len(o.Columns)
	o.Columns = append([]tabular.Column(nil), o.Columns...)
	for i := range o.Columns {
		o.Columns[i].Required = false // where everything that changed is gone, no entry has any
	}
	o.Columns = append(o.Columns, tabular.Column{Name: reasonColumn, Path: "@removed/reason"}, tabular.Column{Name: contextColumn, Path: "@odata.context"},
		tabular.Column{Name: plainColumn, Path: "id"}, tabular.Column{Name: idColumn, Path: "@odata.id"}, tabular.Column{Name: shortColumn, Path: "@id"})
	rejected := false
	o.Reject = func(canon.Rejection) { rejected = true }
	r, err := api.RowsSince(q, o, since)
	if err != nil {
		return nil, err
	}
	g := gathering{own: own, key: key, out: canon.NewBuilder(canon.RawTable(o.Feed, o.Names()[:own]), o.Feed), last: map[string]int{}}
	for b, err := range r.Batches(ctx) {
		if err == nil {
			err = g.batch(b)
		}
		if err != nil {
			return nil, inFull(err)
		}
	}
	if rejected || r.Since() == "" {
		return nil, ErrUnclear.Because(errors.New("an entry cannot be read, or nothing says that the list has ended"))
	}
	return &Changes{Since: r.Since(), Rows: g.out.Flush(), Keys: g.keys, Last: g.last}, nil
}

// inFull tells which errors leave no way but to read in full: whatever the service has against the position. Dataverse
// answers 400 where others answer 410.
func inFull(err error) error {
	switch fault.Code(err) {
	case "UOMA-SRC-RESOURCE", "UOMA-SRC-GONE", "UOMA-SRC-REFUSED", "UOMA-SRC-LINK":
		return ErrExpired.Wrap(err)
	}
	return err
}

// gathering is what came so far.
type gathering struct {
	own, key int
	out      *canon.Builder
	bytes    int
	keys     []string
	last     map[string]int
}

func (g *gathering) batch(b *canon.Batch) error {
	text := func(column string, i int) string {
		if c := b.Named(column); !c.Null(i) {
			return c.Text(i)
		}
		return ""
	}
	for i := range b.Len() {
		gone := text(reasonColumn, i) != "" || strings.HasSuffix(text(contextColumn, i), "/$deletedEntity")
		id := ""
		if k := b.Col(canon.RawFirst + g.key); !k.Null(i) {
			id = Key(k.Text(i))
		}
		for _, c := range []string{plainColumn, idColumn, shortColumn} {
			if id == "" && gone {
				id = Key(text(c, i))
			}
		}
		if id == "" {
			return ErrUnclear.Because(errors.New("an entry does not say which entity it is of"))
		}
		if len(g.last) >= maxChanges || len(g.keys) >= maxChanges || g.bytes > maxChangeBytes {
			return ErrUnclear.Because(errors.New("it is so long that reading in full costs as little"))
		}
		if gone {
			g.last[id] = Removed
			continue
		}
		if g.bare(b, i) {
			return ErrUnclear.Because(errors.New("an entry holds nothing of its entity but the key"))
		}
		g.last[id] = len(g.keys)
		g.keys = append(g.keys, id)
		g.row(b, i)
	}
	return nil
}

// bare tells whether an entry has no value but its key: it may be of an entity that is gone, said in a third way.
func (g *gathering) bare(b *canon.Batch, i int) bool {
	for c := range g.own {
		if c != g.key && !b.Col(canon.RawFirst+c).Null(i) {
			return false
		}
	}
	return g.own > 1
}

func (g *gathering) row(b *canon.Batch, i int) {
	for c := range canon.RawFirst + g.own {
		g.out.Copy(c, b.Col(c), i)
		if col := b.Col(c); c >= canon.RawFirst && !col.Null(i) {
			g.bytes += len(col.Bytes(i))
		}
	}
	g.out.EndRow()
}

var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// Key gives the key of an entity in one form, of a cell, and of the ways in which an entity is named: a key, contacts(key),
// contacts(contactid=key), and the whole address of it. It is "" of what names none, or an entity with a key of several
// parts.
func Key(text string) string {
	if open := strings.IndexByte(text, '('); open >= 0 && strings.HasSuffix(text, ")") {
		text = text[open+1 : len(text)-1]
		if name, value, named := strings.Cut(text, "="); named && !strings.ContainsAny(name, "'\"") {
			text = value
		}
		switch {
		case len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'':
			text = strings.ReplaceAll(text[1:len(text)-1], "''", "'")
		case strings.ContainsAny(text, ",='"):
			return ""
		}
	}
	if guid.MatchString(text) {
		return strings.ToLower(text)
	}
	return text
}
