package register

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// AnonymousCount is a number of people who are in the register no more: what stays of rows that were anonymised.
type AnonymousCount struct {
	Source   string `db:"source"`
	Category string `db:"category"`
	Kind     string `db:"kind"` // the table that the rows stood in
	Name     string `db:"name"` // of the event, or ""
	Year     int64  `db:"year"`
	What     string `db:"what"` // what was counted: "people", "attended"
	People   int64  `db:"people"`
}

var countColumns = []string{"source", "category", "kind", "name", "year", "what", "people"}

// AddCounts adds to the counts that are there.
func (n *Night) AddCounts(ctx context.Context, counts []AnonymousCount) error {
	for i := range counts {
		c := &counts[i]
		var before []int64
		err := n.tx.SelectContext(ctx, &before, "SELECT `people` FROM `anonymous_count` WHERE `source` = ? AND `category` = ? AND `kind` = ?"+
			" AND `name` = ? AND `year` = ? AND `what` = ?", c.Source, c.Category, c.Kind, c.Name, c.Year, c.What)
		if err != nil {
			return database.Failed("read a count", err)
		}
		for _, b := range before {
			c.People += b
		}
	}
	return database.Replace(ctx, n.tx, "anonymous_count", countColumns, database.Each(counts, func(c *AnonymousCount, col int) database.Value {
		switch col {
		case 4:
			return database.Int(c.Year)
		case 6:
			return database.Int(c.People)
		}
		return database.Text([...]string{c.Source, c.Category, c.Kind, c.Name, "", c.What}[col])
	}))
}

// AnonymousCounts gives all counts in a fixed order.
func (v *View) AnonymousCounts(ctx context.Context) ([]AnonymousCount, error) {
	var out []AnonymousCount
	err := sqlx.SelectContext(ctx, v.q, &out, "SELECT "+database.Columns(countColumns)+" FROM `anonymous_count` ORDER BY "+database.Columns(countColumns[:6]))
	return out, database.Failed("read the counts", err)
}

// KeptWord is a word against a use that outlives the row that it came by: the person gave it before their data was
// removed, and is here again.
type KeptWord struct {
	Person  string
	Kind    string // "consent", "objection", "erased", "deceased" or "protected"
	About   string // purpose, or scope
	Topic   string
	Channel string
	State   string // of a consent
	Time    int64  // microseconds since 1970, 0 when unknown
	Clause  string
}

var keptWords = derived[KeptWord]{
	table:   "kept_word",
	columns: []string{"person", "kind", "about", "topic", "channel", "state", "time", "clause"},
	key:     5,
	compare: func(a, b *KeptWord) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.About, b.About),
			cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Channel, b.Channel))
	},
	value: func(w *KeptWord, col int) database.Value {
		if col == 6 {
			return database.Int(w.Time)
		}
		return database.Text([...]string{w.Person, w.Kind, w.About, w.Topic, w.Channel, w.State, "", w.Clause}[col])
	},
	scan: func(r *sql.Rows) (w KeptWord, err error) {
		err = r.Scan(&w.Person, &w.Kind, &w.About, &w.Topic, &w.Channel, &w.State, &w.Time, &w.Clause)
		return w, err
	},
}

// ReplaceKeptWords makes the kept words equal to those given, in ascending order of person, kind, about, topic and
// channel, and writes only the differences.
func (n *Night) ReplaceKeptWords(ctx context.Context, all []KeptWord) (changed int, err error) {
	return keptWords.replace(ctx, n.tx, all)
}

// AddKeptWords adds words of those persons who are still here, so that they count before the next [Night.ReplaceKeptWords]; of two
// about the same, the later stays.
func (n *Night) AddKeptWords(ctx context.Context, words []KeptWord) error {
	persons := map[string]bool{}
	for i := range words {
		persons[words[i].Person] = true
	}
	here, err := n.Linked(ctx, slices.Sorted(maps.Keys(persons)))
	if err != nil || len(here) == 0 {
		return err
	}
	all := slices.DeleteFunc(slices.Clone(words), func(w KeptWord) bool { return !here[w.Person] })
	kept, err := n.keptWordsOf(ctx, here)
	if err != nil {
		return err
	}
	all = append(all, kept...)
	slices.SortFunc(all, func(a, b KeptWord) int {
		return cmp.Or(keptWords.compare(&a, &b), cmp.Compare(b.Time, a.Time), cmp.Compare(a.State, b.State))
	})
	all = slices.CompactFunc(all, func(a, b KeptWord) bool { return keptWords.compare(&a, &b) == 0 })
	return keptWords.write(ctx, n.tx, all)
}

// MarkErased adds that some persons, who are given with a clause, turned out to be people who were erased: what the register
// has of them is not used any more. The next [Night.ReplaceKeptWords] says what stays.
func (n *Night) MarkErased(ctx context.Context, clauses map[string]string) error {
	here, err := n.Linked(ctx, slices.Collect(maps.Keys(clauses)))
	if err != nil || len(here) == 0 {
		return err
	}
	kept, err := n.keptWordsOf(ctx, here)
	if err != nil {
		return err
	}
	for _, w := range kept {
		if w.Kind == ErasedWord {
			delete(here, w.Person)
		}
	}
	var marked []KeptWord
	for _, person := range slices.Sorted(maps.Keys(here)) {
		marked = append(marked, KeptWord{Person: person, Kind: ErasedWord, Clause: clauses[person]})
	}
	return keptWords.write(ctx, n.tx, marked)
}

// keptWordsOf gives the kept words of some persons.
func (n *Night) keptWordsOf(ctx context.Context, persons map[string]bool) (words []KeptWord, err error) {
	err = database.In(slices.Sorted(maps.Keys(persons)), func(marks string, args []any) error {
		for w, err := range keptWords.readWhere(ctx, n.tx, " WHERE `person` IN ("+marks+")", args...) {
			if err != nil {
				return err
			}
			words = append(words, w)
		}
		return nil
	})
	return words, err
}

// KeptWords gives the kept words in ascending order of person, kind, about, topic and channel.
func (v *View) KeptWords(ctx context.Context) iter.Seq2[KeptWord, error] {
	return keptWords.read(ctx, v.q)
}

// KeptWordsOf gives the kept words of a person.
func (v *View) KeptWordsOf(ctx context.Context, person string) iter.Seq2[KeptWord, error] {
	return keptWords.readWhere(ctx, v.q, " WHERE `person` = ?", person)
}
