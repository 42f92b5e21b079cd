package register

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"uoma/connectors/database"
	"uoma/internal/canon"
)

// Lapse says that what a source row gave of a category has outlived its period and is gone, so that the same row of a
// later export does not bring it back.
type Lapse struct {
	SourceKey string
	Category  string // "" for the row's identity alone, whose key was destroyed
	Source    string
	Person    string // "" when the row belonged to nobody
	Action    string
	Clause    string
	Anchor    string     // the event that the period counted from
	Day       canon.Date // the day of the event
	Since     string     // run that carried the action out
}

var lapseColumns = []string{"source_key", "category", "source", "person", "action", "clause", "anchor", "day", "since_run"}

// Lapse writes lapses down, each in place of the one of the same source row and category.
func (n *Night) Lapse(ctx context.Context, lapses []Lapse) error {
	return database.Replace(ctx, n.tx, "lapse", lapseColumns, database.Each(lapses, func(l *Lapse, col int) database.Value {
		return database.Text([...]string{l.SourceKey, l.Category, l.Source, l.Person, l.Action, l.Clause, l.Anchor, l.Day.String(), l.Since}[col])
	}))
}

// Part is what one source row gave of one category.
type Part struct{ SourceKey, Category string }

// Unlapse forgets lapses: what brought them about is no more.
func (n *Night) Unlapse(ctx context.Context, parts []Part) error {
	for _, category := range categories(parts) {
		if err := database.Select(ctx, n.tx, keysOf(parts, category)); err != nil {
			return err
		}
		if _, err := database.DeleteSelectedOf(ctx, n.tx, "lapse", "source_key", "category", category); err != nil {
			return err
		}
	}
	return nil
}

// ErasePersons forgets links, lapses, events and derived rows of persons who are erased.
func (n *Night) ErasePersons(ctx context.Context, persons []string) error {
	persons = slices.DeleteFunc(slices.Clone(persons), func(p string) bool { return p == "" })
	if len(persons) == 0 {
		return nil
	}
	if err := database.Select(ctx, n.tx, persons); err != nil {
		return err
	}
	for _, t := range []string{"link", "lapse"} {
		if _, err := database.DeleteSelected(ctx, n.tx, t, "person"); err != nil {
			return err
		}
	}
	return n.forget(ctx, persons)
}

// Follow lays what is left of a person beside the one who that person was found to be: the links of records whose rows have
// ended, and what has lapsed.
func (n *Night) Follow(ctx context.Context, person, is, run string) error {
	records, err := n.RecordsOf(ctx, person)
	if err != nil {
		return err
	}
	var left, links []Link
	for _, record := range records {
		left, links = append(left, Link{Record: record, Person: person}), append(links, Link{record, is, run})
	}
	if err := errors.Join(n.Unlink(ctx, left), n.Link(ctx, links)); err != nil {
		return err
	}
	_, err = n.tx.ExecContext(ctx, "UPDATE `lapse` SET `person` = ? WHERE `person` = ?", is, person)
	return database.Failed("move what has lapsed of a person", err)
}

// Lapses gives all lapses by source key and category.
func (v *View) Lapses(ctx context.Context) iter.Seq2[Lapse, error] { return v.lapses(ctx, "") }

// LapsesOf gives the lapses of a person, and those of some source rows whosever they were then.
func (v *View) LapsesOf(ctx context.Context, person string, sourceKeys []string) iter.Seq2[Lapse, error] {
	return func(yield func(Lapse, error) bool) {
		for l, err := range v.lapses(ctx, " WHERE `person` = ?", person) {
			if !yield(l, err) || err != nil {
				return
			}
		}
		stopped := errors.New("stopped")
		err := database.In(sourceKeys, func(marks string, args []any) error {
			for l, err := range v.lapses(ctx, " WHERE `source_key` IN ("+marks+") AND `person` <> ?", append(slices.Clone(args), person)...) {
				if !yield(l, err) || err != nil {
					return stopped
				}
			}
			return nil
		})
		if err != nil && err != stopped {
			yield(Lapse{}, err)
		}
	}
}

func (v *View) lapses(ctx context.Context, where string, args ...any) iter.Seq2[Lapse, error] {
	return func(yield func(Lapse, error) bool) {
		cells := make([]cell, len(lapseColumns))
		query := "SELECT " + database.Columns(lapseColumns) + " FROM `lapse`" + where + " ORDER BY `source_key`, `category`"
		err := v.scan(ctx, "lapse", query, args, cells, func() (bool, error) {
			day, err := canon.ParseDate(cells[7].string())
			return err == nil && yield(Lapse{cells[0].string(), cells[1].string(), cells[2].string(), cells[3].string(), cells[4].string(),
				cells[5].string(), cells[6].string(), day, cells[8].string()}, nil), err
		})
		if err != nil {
			yield(Lapse{}, err)
		}
	}
}

// Take removes what source rows gave of some categories, then the links, events and derived rows of records and persons
// of whom nothing is left. It tells how many rows went. After the commit, [database.DB.Scrub] makes the bytes leave
// SQLite's files.
func (n *Night) Take(ctx context.Context, parts []Part) (rows int64, err error) {
	records := map[string]bool{}
	for _, category := range categories(parts) {
		for keys := range slices.Chunk(keysOf(parts, category), dropChunk) {
			if err := database.Select(ctx, n.tx, keys); err != nil {
				return 0, err
			}
			for _, t := range Tables() {
				if err := n.distinct(ctx, t.Name, "record", "source_key", records); err != nil {
					return 0, err
				}
				gone, err := database.DeleteSelectedOf(ctx, n.tx, t.Name, "source_key", "category", category)
				if err != nil {
					return 0, err
				}
				rows += gone
				if kind := wordOf(t.Name); kind != "" && gone > 0 { // what the rows said before goes with them
					if _, err := database.DeleteSelectedOf(ctx, n.tx, "word", "id", "kind", kind); err != nil {
						return 0, err
					}
				}
			}
		}
	}
	return rows, n.settle(ctx, records)
}

// settle removes links, events and derived rows of those records of which no row is left. What was said of them by hand goes on
// counting for who has other records.
func (n *Night) settle(ctx context.Context, records map[string]bool) error {
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(records)), dropChunk) {
		still := map[string]bool{}
		if err := database.Select(ctx, n.tx, chunk); err != nil {
			return err
		}
		for _, t := range Tables() {
			if err := n.distinct(ctx, t.Name, "record", "record", still); err != nil {
				return err
			}
		}
		gone := slices.DeleteFunc(chunk, func(r string) bool { return still[r] })
		links, err := n.LinksOf(ctx, gone)
		if err != nil {
			return err
		}
		if err := n.HandOn(ctx, links); err != nil {
			return err
		}
		if err := database.Select(ctx, n.tx, gone); err != nil {
			return err
		}
		if err := n.leave(ctx); err != nil {
			return err
		}
	}
	return nil
}

// distinct adds the values that a column has in the rows whose key column holds a selected key.
func (n *Night) distinct(ctx context.Context, table, column, key string, into map[string]bool) error {
	var found []string
	err := n.tx.SelectContext(ctx, &found, "SELECT DISTINCT "+database.Quote(table)+"."+database.Quote(column)+" FROM "+database.JoinSelected(table, key))
	for _, f := range found {
		into[f] = true
	}
	return database.Failed("read "+table, err)
}

// Left tells which of some source rows have a row in any table.
func (n *Night) Left(ctx context.Context, sourceKeys []string) (map[string]bool, error) {
	out := map[string]bool{}
	err := n.selecting(ctx, sourceKeys, func(t string) error { return n.distinct(ctx, t, "source_key", "source_key", out) })
	return out, err
}

// Blank empties the person rows of source rows but for what says that somebody may not be used, and puts them under
// another category: the rows stand for what the vault still keeps under the same source rows.
func (n *Night) Blank(ctx context.Context, category, basis string, sourceKeys []string) error {
	stays := []string{"deceased", "deceased_date", "protected"}
	set := "`category` = ?, `legal_basis` = ?"
	for _, c := range n.columns["person"][First:] {
		if !slices.Contains(stays, c) {
			set += ", " + database.Quote(c) + " = NULL"
		}
	}
	return database.In(sourceKeys, func(marks string, args []any) error {
		_, err := n.tx.ExecContext(ctx, "UPDATE `person` SET "+set+" WHERE `source_key` IN ("+marks+")", append([]any{category, basis}, args...)...)
		return database.Failed("empty person rows", err)
	})
}

func categories(parts []Part) (out []string) {
	for _, p := range parts {
		out = append(out, p.Category)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func keysOf(parts []Part, category string) (out []string) {
	for _, p := range parts {
		if p.Category == category {
			out = append(out, p.SourceKey)
		}
	}
	return out
}

// wordOf names the kind of word that a table's rows say, "" when they say none.
func wordOf(table string) string {
	for _, s := range said {
		if s.table == table {
			return s.kind
		}
	}
	return ""
}
