package register_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
)

// modelRow is what the model knows of a source row, which gives one row of study and one of role.
type modelRow struct {
	record      int
	salt        string
	first, last string
}

// model is the register as maps.
type model struct {
	rows     map[int]modelRow
	links    map[[2]string]string
	consents map[register.Consent]bool
	dues     map[register.Due]bool
}

func (m *model) text() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m.rows)) {
		r := m.rows[k]
		fmt.Fprintf(&b, "%d %s %s %s\n", k, r.salt, r.first, r.last)
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.links), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		fmt.Fprintf(&b, "%v %s\n", k, m.links[k])
	}
	for _, c := range sortedConsents(m.consents) {
		fmt.Fprintf(&b, "%v\n", c)
	}
	for _, d := range sortedDues(m.dues) {
		fmt.Fprintf(&b, "%v\n", d)
	}
	return b.String()
}

func sortedConsents(set map[register.Consent]bool) []register.Consent {
	return slices.SortedFunc(maps.Keys(set), func(a, b register.Consent) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel))
	})
}

func sortedDues(set map[register.Due]bool) []register.Due {
	return slices.SortedFunc(maps.Keys(set), func(a, b register.Due) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.SourceKey, b.SourceKey), cmp.Compare(a.Category, b.Category))
	})
}

// read renders the register as the model renders itself.
func (m *model) read(t *rapid.T, r *register.Register) string {
	var b strings.Builder
	var role []string
	for x, err := range r.Read(context.Background(), "role", []string{"source_key"}, register.All) {
		fatal(t, err)
		for i := range x.Len() {
			role = append(role, x.Col(0).Text(i))
		}
	}
	n := 0
	for x, err := range r.Read(context.Background(), "study", []string{"source_key", "unit", "first_seen_run", "last_seen_run"}, register.All) {
		fatal(t, err)
		for i := range x.Len() {
			var key int
			fmt.Sscanf(x.Col(0).Text(i), "s%d", &key)
			if n >= len(role) || role[n] != x.Col(0).Text(i) {
				t.Fatal("study and role have different rows")
			}
			n++
			fmt.Fprintf(&b, "%d %s %s %s\n", key, x.Col(1).Text(i), x.Col(2).Text(i), x.Col(3).Text(i))
		}
	}
	for _, l := range links(t, r) {
		fmt.Fprintf(&b, "%v %s\n", [2]string{l.Record, l.Person}, l.Since)
	}
	for c, err := range r.Consents(context.Background()) {
		fatal(t, err)
		fmt.Fprintf(&b, "%v\n", c)
	}
	for d, err := range r.Retention(context.Background()) {
		fatal(t, err)
		fmt.Fprintf(&b, "%v\n", d)
	}
	return b.String()
}

// links gives every link with the run that made it, which the list of all leaves out.
func links(t *rapid.T, r *register.Register) []register.Link {
	var listed []register.Link
	var records []string
	for l, err := range r.Links(context.Background()) {
		fatal(t, err)
		listed, records = append(listed, l), append(records, l.Record)
	}
	n, err := r.Begin(context.Background())
	fatal(t, err)
	defer n.Rollback()
	whole, err := n.LinksOf(context.Background(), slices.Compact(records))
	fatal(t, err)
	if !slices.EqualFunc(listed, whole, func(a, b register.Link) bool { return a.Record == b.Record && a.Person == b.Person }) {
		t.Fatalf("all links %v, links of their records %v", listed, whole)
	}
	return whole
}

func fatal(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// studyRows makes the rows of a night: record and salt are the model's.
func studyRows(table *canon.Table, rows map[int]modelRow, keys []int) *canon.Batch {
	b := canon.NewBuilder(table, "student-register/opiskeluoikeudet")
	for _, k := range keys {
		for i, c := range table.Columns {
			switch {
			case i == register.SourceKey:
				b.Text(i, token('s', k))
			case i == register.Record:
				b.Text(i, token('r', rows[k].record))
			case i == register.Seq:
				b.Int(i, 0)
			case i < register.FirstSeen:
				b.Text(i, "x")
			case c.Name == "unit":
				b.Text(i, rows[k].salt)
			default:
				b.Null(i)
			}
		}
		b.EndRow()
	}
	return b.Flush()
}

// TestNightsAgreeWithAModelOnBothStores writes the same nights to both stores and to maps.
func TestNightsAgreeWithAModelOnBothStores(t *testing.T) {
	stores := map[databasetest.Kind]*database.DB{databasetest.OnSQLite: databasetest.SQLite(t), databasetest.OnMariaDB: databasetest.MariaDB(t)}
	registers := map[databasetest.Kind]*register.Register{}
	for name, db := range stores {
		registers[name] = open(t, db)
	}
	study, role := tableNamed(t, "study"), tableNamed(t, "role")
	rapid.Check(t, func(rt *rapid.T) {
		for _, db := range stores {
			for _, table := range []string{"study", "role", "link", "effective_consent", "retention_due"} {
				if _, err := db.Exec("DELETE FROM " + database.Quote(table)); err != nil {
					rt.Fatal(err)
				}
			}
		}
		m := &model{rows: map[int]modelRow{}, links: map[[2]string]string{}}
		for night := range rapid.IntRange(1, 4).Draw(rt, "nights") {
			run := fmt.Sprintf("n%d", night)
			plan := drawNight(rt, m, run)
			for name, r := range registers {
				n, err := r.Begin(context.Background())
				fatal(rt, err)
				if err := plan.write(n, study, role, m, run); err != nil {
					n.Rollback()
					rt.Fatalf("%s: %v", name, err)
				}
				fatal(rt, n.Commit())
			}
			var digests []string
			for name, r := range registers {
				if got, want := m.read(rt, r), m.text(); got != want {
					rt.Fatalf("%s, %s: got\n%swant\n%s", name, run, got, want)
				}
				d, err := r.Digest(context.Background())
				fatal(rt, err)
				digests = append(digests, d)
			}
			if digests[0] != digests[1] {
				rt.Fatal("the digests of the stores differ")
			}
		}
	})
}

// plan is one night, already done to the model.
type plan struct {
	put, end     []int
	dropped      []string
	link, unlink []register.Link
	erase        []string
}

func drawNight(t *rapid.T, m *model, run string) plan {
	var p plan
	some := func(label string) []int {
		return rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 0, 6, rapid.ID).Draw(t, label)
	}
	p.end = some("end")
	for _, k := range p.end {
		if r, ok := m.rows[k]; ok && r.last == "" {
			r.last = run
			m.rows[k] = r
		}
	}
	p.put = some("put")
	for _, k := range p.put {
		p.dropped = append(p.dropped, token('s', k))
		first := run
		if old, ok := m.rows[k]; ok {
			first = old.first
		}
		m.rows[k] = modelRow{record: k / 2, salt: rapid.StringN(1, 4, -1).Draw(t, "salt"), first: first}
	}
	for _, k := range some("link") {
		l := register.Link{Record: token('r', k/2), Person: token('p', k%3), Since: run}
		p.link = append(p.link, l)
		m.links[[2]string{l.Record, l.Person}] = run
	}
	for _, k := range some("unlink") {
		l := register.Link{Record: token('r', k/2), Person: token('p', k%3)}
		p.unlink = append(p.unlink, l)
		delete(m.links, [2]string{l.Record, l.Person})
	}
	m.consents, m.dues = map[register.Consent]bool{}, map[register.Due]bool{}
	for _, k := range some("govern") {
		m.consents[register.Consent{Person: token('p', k), Purpose: "news", Channel: "email", State: rapid.SampledFrom([]string{"given", "withdrawn"}).Draw(t, "state"), Clause: "X-1"}] = true
		m.dues[register.Due{Person: token('p', k), Source: "f", SourceKey: token('s', k), Category: "c", Due: canon.Date(rapid.IntRange(0, 2).Draw(t, "due")), Action: "erase", Clause: "X-2"}] = true
	}
	for _, k := range rapid.SliceOfN(rapid.IntRange(0, 6), 0, 1).Draw(t, "erase") {
		p.erase = append(p.erase, token('r', k))
		m.erase(k)
	}
	return p
}

// erase does to the model what Night.Erase does.
func (m *model) erase(record int) {
	maps.DeleteFunc(m.rows, func(_ int, r modelRow) bool { return r.record == record })
	gone := map[string]bool{}
	for l := range m.links {
		if l[0] == token('r', record) {
			gone[l[1]] = true
			delete(m.links, l)
		}
	}
	for l := range m.links {
		delete(gone, l[1])
	}
	maps.DeleteFunc(m.consents, func(c register.Consent, _ bool) bool { return gone[c.Person] })
	maps.DeleteFunc(m.dues, func(d register.Due, _ bool) bool { return gone[d.Person] })
}

func (p plan) write(n *register.Night, study, role *canon.Table, m *model, run string) error {
	ctx := context.Background()
	consents, dues := sortedConsents(m.consents), sortedDues(m.dues)
	present := slices.DeleteFunc(slices.Clone(p.put), func(k int) bool { _, ok := m.rows[k]; return !ok }) // not erased in the same night
	for _, step := range []func() error{
		func() error { return n.End(ctx, tokens('s', p.end), run) },
		func() error { return n.Drop(ctx, p.dropped) },
		func() error { return n.Put(ctx, studyRows(study, m.rows, present), run) },
		func() error { return n.Put(ctx, studyRows(role, m.rows, present), run) },
		func() error { return n.Link(ctx, p.link) },
		func() error { return n.Unlink(ctx, p.unlink) },
		func() error { _, err := replaceConsents(ctx, n, consents); return err },
		func() error { _, err := n.ReplaceRetention(ctx, dues); return err },
		func() error { _, err := n.Erase(ctx, p.erase); return err },
		func() error { changed, err := replaceConsents(ctx, n, consents); return noChange(changed, err) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func noChange(changed int, err error) error {
	if err == nil && changed != 0 {
		return fmt.Errorf("%d rows were written again", changed)
	}
	return err
}

// TestThreat_T35_NightNeedsNoMoreThanItsGrants runs a night as a user that may only touch rows.
func TestThreat_T35_NightNeedsNoMoreThanItsGrants(t *testing.T) {
	address := mariadbtest.DSN(t)
	owner, err := database.Open(t.Context(), "mysql:"+address)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	open(t, owner)
	var name string
	if err := owner.Get(&name, "SELECT DATABASE()"); err != nil {
		t.Fatal(err)
	}
	owner.MustExec("CREATE USER 'night'@'localhost'")
	defer owner.MustExec("DROP USER 'night'@'localhost'")
	owner.MustExec("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES ON " + database.Quote(name) + ".* TO 'night'@'localhost'")

	db, err := database.Open(t.Context(), "mysql:"+strings.Replace(address, "root@", "night@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := open(t, db) // nothing is pending, so it needs no right to change tables
	night(t, r, func(n *register.Night) error {
		if err := n.Put(t.Context(), batch(tableNamed(t, "study"), ints(0, 300), "a"), "n1"); err != nil {
			return err
		}
		if err := n.Drop(t.Context(), tokens('s', ints(0, 10))); err != nil {
			return err
		}
		_, err := n.Erase(t.Context(), tokens('r', ints(20, 30)))
		return err
	})
	if _, err := db.Exec("DROP TABLE `study`"); err == nil {
		t.Error("the user of a night may drop a table")
	}
}

// TestThreat_T22_NothingCountsRowsInOrder proves that no table gives numbers in the order in which people came.
func TestThreat_T22_NothingCountsRowsInOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		q := "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%version' AND sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
		if db.Dialect == database.MySQL {
			q = "SELECT CONCAT_WS(' ', table_name, column_name, UPPER(extra), UPPER(data_type)) FROM information_schema.columns" +
				" WHERE table_schema = DATABASE() AND table_name NOT LIKE '%version'"
		}
		var made []string
		if err := db.Select(&made, q); err != nil {
			t.Fatal(err)
		}
		for _, sql := range made {
			upper := strings.ToUpper(sql)
			for _, counts := range []string{"AUTOINCREMENT", "AUTO_INCREMENT", "INTEGER PRIMARY KEY", "TIMESTAMP"} {
				if strings.Contains(upper, counts) {
					t.Errorf("a table counts or stamps its rows: %.60s", sql)
				}
			}
		}
		if len(made) < len(register.Tables()) {
			t.Errorf("only %d tables or columns were looked at", len(made))
		}
	})
}
