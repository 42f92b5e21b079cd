package register

import (
	"context"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Link says that a record is about a person. A record that names several people, such as a shared contact point, has
// several links.
type Link struct {
	Record string `db:"record"`
	Person string `db:"person"`
	Since  string `db:"since_run"` // run that made the link
}

// Kinds of [Event].
const (
	Created  = "created"  // a person appeared
	Merged   = "merged"   // other turned out to be person and goes on as person
	Split    = "split"    // record left other and belongs to person
	Absorbed = "absorbed" // other ended in person
)

// Event is one change in who is who. It can be undone because it is written down.
type Event struct {
	Run    string `db:"run"`
	Seq    int64  `db:"seq"` // order within the run, from 0
	Kind   string `db:"kind"`
	Person string `db:"person"`
	Other  string `db:"other"`  // the second person, or ""
	Record string `db:"record"` // the record that caused it, or ""
	Rule   string `db:"rule"`   // the resolver's rule
}

var (
	recordColumns = []string{"record"}
	linkColumns   = []string{"record", "person", "since_run"}
	eventColumns  = []string{"run", "seq", "kind", "person", "other", "record", "rule"}
)

// Link adds links. One that is there already takes the new run. A record that belongs to somebody again is no erased one.
func (n *Night) Link(ctx context.Context, links []Link) error {
	if err := n.unerase(ctx, links); err != nil {
		return err
	}
	return database.Replace(ctx, n.tx, "link", linkColumns, database.Each(links, func(l *Link, col int) database.Value {
		return database.Text([...]string{l.Record, l.Person, l.Since}[col])
	}))
}

// unerase forgets that records of links were erased.
func (n *Night) unerase(ctx context.Context, links []Link) error {
	if len(links) == 0 {
		return nil
	}
	var some bool // the first night has a link of everybody, and nobody was erased
	if err := n.tx.GetContext(ctx, &some, "SELECT EXISTS (SELECT 1 FROM `erased_record`)"); err != nil || !some {
		return database.Failed("look for erased records", err)
	}
	records := make([]string, len(links))
	for i := range links {
		records[i] = links[i].Record
	}
	slices.Sort(records)
	if err := database.Select(ctx, n.tx, slices.Compact(records)); err != nil {
		return err
	}
	_, err := database.DeleteSelected(ctx, n.tx, "erased_record", "record")
	return err
}

// Unlink removes links; one that is not there is no error.
func (n *Night) Unlink(ctx context.Context, links []Link) error {
	if len(links) == 0 {
		return nil
	}
	stmt, err := n.tx.PrepareContext(ctx, "DELETE FROM `link` WHERE `record` = ? AND `person` = ?")
	if err != nil {
		return database.Failed("prepare to remove links", err)
	}
	defer stmt.Close()
	for i := range links {
		if _, err := stmt.ExecContext(ctx, links[i].Record, links[i].Person); err != nil {
			return database.Failed("remove a link", err)
		}
	}
	return nil
}

// Events writes down changes in who is who.
func (n *Night) Events(ctx context.Context, events []Event) error {
	return database.Load(ctx, n.tx, "subject_event", eventColumns, database.Each(events, func(e *Event, col int) database.Value {
		return [...]database.Value{database.Text(e.Run), database.Int(e.Seq), database.Text(e.Kind), database.Text(e.Person),
			database.TextOrNull(e.Other), database.TextOrNull(e.Record), database.Text(e.Rule)}[col]
	}))
}

// NextEvent gives the sequence number that a run's next event takes: 0 unless an earlier attempt of the run wrote some.
func (n *Night) NextEvent(ctx context.Context, run string) (seq int64, err error) {
	err = n.tx.GetContext(ctx, &seq, "SELECT COALESCE(MAX(`seq`) + 1, 0) FROM `subject_event` WHERE `run` = ?", run)
	if err != nil {
		return 0, database.Failed("read the last event of a run", err)
	}
	return seq, nil
}

// Erase removes every row of some records, their links and events, and what the policy made of the persons that have
// no record left. It tells how many canonical rows went. That the records were erased stays until somebody has them
// again ([View.ErasedRecords]). After the
// commit, [database.DB.Scrub] makes the bytes leave SQLite's files.
func (n *Night) Erase(ctx context.Context, records []string) (rows int64, err error) {
	if len(records) == 0 {
		return 0, nil
	}
	err = database.Replace(ctx, n.tx, "erased_record", recordColumns, database.Each(slices.Sorted(slices.Values(records)), func(record *string, _ int) database.Value {
		return database.Text(*record)
	}))
	if err != nil {
		return 0, err
	}
	if err := database.Select(ctx, n.tx, records); err != nil {
		return 0, err
	}
	for _, t := range Tables() {
		gone, err := database.DeleteSelected(ctx, n.tx, t.Name, "record")
		if err != nil {
			return 0, err
		}
		rows += gone
	}
	if err := n.leave(ctx); err != nil {
		return 0, err
	}
	// What was said by hand goes with the person alone: it outlives rows that lapse, and the record that it was said of.
	_, there, err := n.wordsByHandOn(ctx, records)
	if err != nil {
		return 0, err
	}
	left := map[string]bool{}
	for at := range there {
		left[at[1]] = true
	}
	links, err := n.LinksOf(ctx, slices.Sorted(maps.Keys(left)))
	if err != nil {
		return 0, err
	}
	for _, l := range links {
		delete(left, l.Record)
	}
	if err := database.Select(ctx, n.tx, slices.AppendSeq(slices.Clone(records), maps.Keys(left))); err != nil {
		return 0, err
	}
	_, err = database.DeleteSelected(ctx, n.tx, "word", "record")
	return rows, err
}

// ErasedRecords gives the records that were erased and that nobody has had since: whoever was sent what they said is told so, though nothing else of them
// is left to tell whose they were.
func (v *View) ErasedRecords(ctx context.Context) (map[string]bool, error) {
	var records []string
	if err := sqlx.SelectContext(ctx, v.q, &records, "SELECT `record` FROM `erased_record`"); err != nil {
		return nil, database.Failed("read the erased records", err)
	}
	out := make(map[string]bool, len(records))
	for _, record := range records {
		out[record] = true
	}
	return out, nil
}

// leave removes the links and events of the selected records, and what stands under persons of whom no link is left.
func (n *Night) leave(ctx context.Context) error {
	persons := map[string]bool{}
	if err := n.distinct(ctx, "link", "person", "record", persons); err != nil {
		return err
	}
	for _, t := range []string{"link", "subject_event"} {
		if _, err := database.DeleteSelected(ctx, n.tx, t, "record"); err != nil {
			return err
		}
	}
	return n.forget(ctx, slices.Sorted(maps.Keys(persons)))
}

// Linked tells which of some persons have a link.
func (n *Night) Linked(ctx context.Context, persons []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(persons) == 0 {
		return out, nil
	}
	if err := database.Select(ctx, n.tx, persons); err != nil {
		return nil, err
	}
	return out, n.distinct(ctx, "link", "person", "person", out)
}

// forget removes what stands under persons that no link names any more.
func (n *Night) forget(ctx context.Context, persons []string) error {
	stays, err := n.Linked(ctx, persons)
	if err != nil {
		return err
	}
	if err := database.Select(ctx, n.tx, slices.DeleteFunc(persons, func(p string) bool { return stays[p] })); err != nil {
		return err
	}
	for _, place := range [...]struct{ table, column string }{
		{"effective_consent", "person"}, {"retention_due", "person"}, {"kept_word", "person"}, {"subject_event", "person"}, {"subject_event", "other"},
	} {
		if _, err := database.DeleteSelected(ctx, n.tx, place.table, place.column); err != nil {
			return err
		}
	}
	return nil
}
