package database_test

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

//go:embed testdata/*.sql
var testdata embed.FS

func migrate(t testing.TB, db *database.DB) {
	t.Helper()
	files, err := fs.Sub(testdata, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := db.Migrate(t.Context(), "sample", files); err != nil {
			t.Fatal(err)
		}
	}
}

type row struct {
	Key   string  `db:"k"`
	Group *string `db:"group"`
	Blob  []byte  `db:"end"`
	N     *int64  `db:"from"`
}

var columns = []string{"k", "group", "end", "from"}

func rowsOf(items []row) database.Rows {
	return database.Each(items, func(r *row, col int) database.Value {
		switch col {
		case 0:
			return database.Text(r.Key)
		case 1:
			if r.Group == nil {
				return database.Null()
			}
			return database.Text(*r.Group)
		case 2:
			if r.Blob == nil {
				return database.Null()
			}
			return database.Blob(r.Blob)
		}
		if r.N == nil {
			return database.Null()
		}
		return database.Int(*r.N)
	})
}

func read(t testing.TB, db *database.DB) []row {
	t.Helper()
	var got []row
	if err := db.SelectContext(t.Context(), &got, "SELECT `k`, `group`, `end`, `from` FROM `sample` ORDER BY `k`"); err != nil {
		t.Fatal(err)
	}
	return got
}

// hostile are values that would leave their place if anything built SQL or a load file out of them.
var hostile = []string{"'; DROP TABLE sample; --", "`", "\x00", "a\x00b", "\\", "\\N", "\\0", "\t", "\n", "\r\n", "a\\\tb\n", `"`, "ä\u0308 Å 😀",
	"${x}", "?", ":name", "%s", " trailing ", "", "NULL", "/*!50000 x */", "\u202e", "0x41"}

func TestThreat_T08_HostileValuesStayValues(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		var want []row
		for i := range 160 { // enough for the bulk path of both stores
			v := hostile[i%len(hostile)]
			n := int64(i) - 3
			want = append(want, row{Key: fmt.Sprintf("%04d", i), Group: &v, Blob: []byte(v + "\xff\xfe\x00\x5c\xc3\x5c\t"), N: &n})
		}
		want[7].Group, want[8].Blob, want[9].N = nil, nil, nil
		if err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
			return database.Load(t.Context(), tx, "sample", columns, rowsOf(want))
		}); err != nil {
			t.Fatal(err)
		}
		same(t, read(t, db), want)
	})
}

func same(t rapid.TB, got, want []row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if show(got[i]) != show(want[i]) {
			t.Fatalf("row %d: got %s, want %s", i, show(got[i]), show(want[i]))
		}
	}
}

func show(r row) string {
	s := fmt.Sprintf("%q %x %t", r.Key, r.Blob, r.Blob == nil)
	if r.Group != nil {
		s += fmt.Sprintf(" group=%q", *r.Group)
	}
	if r.N != nil {
		s += fmt.Sprintf(" n=%d", *r.N)
	}
	return s
}

func TestThreat_T08_NamesComeFromCompiledLists(t *testing.T) {
	for _, name := range []string{"", "a`b", "a b", "a;", "Ä", "A", "a\x00", "a.b", strings.Repeat("a", 65)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("name %q was accepted", name)
				}
			}()
			database.Quote(name)
		}()
	}
	if got := database.Columns([]string{"group", "end"}); got != "`group`, `end`" {
		t.Error(got)
	}
}

func TestLoadAndReplaceAgreeWithAMap(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			if _, err := db.Exec("DELETE FROM `sample`"); err != nil {
				rt.Fatal(err)
			}
			model := map[string]row{}
			for range rapid.IntRange(1, 3).Draw(rt, "calls") {
				items := rapid.SliceOfN(rapid.Custom(drawRow), 0, 260).Draw(rt, "rows")
				if err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
					return database.Replace(t.Context(), tx, "sample", columns, rowsOf(items))
				}); err != nil {
					rt.Fatal(err)
				}
				for _, r := range items {
					model[r.Key] = r
				}
			}
			got := read(t, db)
			if len(got) != len(model) {
				rt.Fatalf("%d rows, want %d", len(got), len(model))
			}
			for _, r := range got {
				same(rt, []row{r}, []row{model[r.Key]})
			}
		})
	})
}

func drawRow(t *rapid.T) row {
	r := row{Key: fmt.Sprintf("%03d", rapid.IntRange(0, 400).Draw(t, "key"))}
	if rapid.Bool().Draw(t, "has group") {
		s := rapid.SampledFrom(hostile).Draw(t, "group")
		r.Group = &s
	}
	if rapid.Bool().Draw(t, "has n") {
		n := rapid.Int64().Draw(t, "n")
		r.N = &n
	}
	if rapid.Bool().Draw(t, "has blob") {
		r.Blob = rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "blob")
	}
	return r
}

func TestLoadRefusesWhatItCannotKeep(t *testing.T) {
	long, invalid, many := strings.Repeat("x", 30), "a\xffb", make([]row, 0, 200)
	for i := range 200 {
		many = append(many, row{Key: fmt.Sprintf("%04d", i)})
	}
	cases := map[string]struct {
		bad        row
		serverOnly bool // SQLite keeps any text in any column
	}{
		"a key twice":       {bad: row{Key: "0001"}},
		"a key too long":    {bad: row{Key: long}, serverOnly: true},
		"text not in UTF-8": {bad: row{Key: "0999", Group: &invalid}, serverOnly: true},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		for name, c := range cases {
			if c.serverOnly && db.Dialect == database.SQLite {
				continue
			}
			for _, n := range []int{10, 200} { // by statement, by stream
				err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
					return database.Load(t.Context(), tx, "sample", columns, rowsOf(append(many[:n:n], c.bad)))
				})
				if err == nil {
					t.Errorf("%s (%d rows): accepted", name, n)
				}
				if err != nil && (strings.Contains(err.Error(), long) || strings.Contains(err.Error(), "0001")) {
					t.Errorf("%s (%d rows): the fault shows a value", name, n)
				}
			}
			if got := read(t, db); len(got) != 0 {
				t.Errorf("%s: %d rows stayed", name, len(got))
			}
		}
	})
}

func TestSelected(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		var items []row
		for i := range 300 {
			items = append(items, row{Key: fmt.Sprintf("%04d", i)})
		}
		err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
			if err := database.Load(t.Context(), tx, "sample", columns, rowsOf(items)); err != nil {
				return err
			}
			if err := database.Select(t.Context(), tx, []string{"0001", "0002", "0002", "none"}); err != nil {
				return err
			}
			if n, err := database.UpdateSelected(t.Context(), tx, "sample", "k", "group", "gone"); err != nil || n != 2 {
				t.Errorf("updated %d, %v", n, err)
			}
			if n, err := database.UpdateSelected(t.Context(), tx, "sample", "k", "group", "again"); err != nil || n != 0 {
				t.Errorf("updated %d again, %v", n, err)
			}
			if err := database.Select(t.Context(), tx, []string{"0001", "0003"}); err != nil {
				return err
			}
			var n int
			if err := tx.Get(&n, "SELECT COUNT(*) FROM "+database.JoinSelected("sample", "k")); err != nil || n != 2 {
				t.Errorf("joined %d, %v", n, err)
			}
			if n, err := database.DeleteSelected(t.Context(), tx, "sample", "k"); err != nil || n != 2 {
				t.Errorf("deleted %d, %v", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, db); len(got) != 298 || *got[1].Group != "gone" {
			t.Errorf("%d rows left", len(got))
		}
	})
}

func TestDoRollsBackAndSeeSeesOneState(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		stop := errors.New("stop")
		err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
			if err := database.Load(t.Context(), tx, "sample", columns, rowsOf([]row{{Key: "a"}})); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) || len(read(t, db)) != 0 {
			t.Fatalf("a failed transaction left rows: %v", err)
		}
		err = db.See(t.Context(), func(tx *sqlx.Tx) error {
			var before, after int
			if err := tx.Get(&before, "SELECT COUNT(*) FROM `sample`"); err != nil {
				return err
			}
			if err := db.Do(t.Context(), func(w *sqlx.Tx) error {
				return database.Load(t.Context(), w, "sample", columns, rowsOf([]row{{Key: "b"}}))
			}); err != nil {
				return err
			}
			if err := tx.Get(&after, "SELECT COUNT(*) FROM `sample`"); err != nil {
				return err
			}
			if before != after {
				t.Errorf("the reader saw %d, then %d rows", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestOne(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		if _, err := db.Exec("INSERT INTO `sample` (`k`, `from`) VALUES ('a', 1)"); err != nil {
			t.Fatal(err)
		}
		const set = "UPDATE `sample` SET `from` = ? WHERE `k` = ? AND `from` = ?"
		for _, c := range []struct {
			to, was int64
			want    bool
		}{{2, 1, true}, {2, 1, false}, {2, 2, true}} { // the last writes what is there: matched counts, changed does not
			if ok, err := database.One(db.Exec(set, c.to, "a", c.was)); err != nil || ok != c.want {
				t.Errorf("set %d where %d: %t, %v", c.to, c.was, ok, err)
			}
		}
	})
}

func TestFileAndItsLogAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%c?.db")
	db, err := database.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrate(t, db)
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %q is %v", end, info.Mode())
		}
	}
	open := filepath.Join(t.TempDir(), "open.db")
	if err := os.WriteFile(open, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := database.Open(t.Context(), "sqlite:"+open); fault.Code(err) != "UOMA-DBS-MODE" {
		t.Errorf("a file that others read: %v", err)
	}
}

// TestOpenWaitsForNoWriter opens a store, and more connections to it, while somebody else writes a long transaction.
func TestOpenWaitsForNoWriter(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		dsn := on.DSN(t)
		writer, err := database.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		err = writer.Do(t.Context(), func(tx *sqlx.Tx) error {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second) // a quarter of what a connection waits for a writer
			defer stop()
			reader, err := database.Open(ctx, dsn)
			if err != nil {
				return err
			}
			defer reader.Close()
			return reader.See(ctx, func(*sqlx.Tx) error {
				var one int
				return reader.GetContext(ctx, &one, "SELECT 1")
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestPragmas is about SQLite alone.
func TestPragmas(t *testing.T) {
	db := databasetest.SQLite(t)
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
		"auto_vacuum": "2", "temp_store": "2", "trusted_schema": "0", "busy_timeout": "20000"} {
		var got string
		if err := db.Get(&got, "PRAGMA "+name); err != nil || got != want {
			t.Errorf("%s = %q, want %q (%v)", name, got, want, err)
		}
	}
}

// TestPagesOfWritersAndReaders reads how much a connection keeps in memory while it writes, and while it reads: also one
// that did the other before.
func TestPagesOfWritersAndReaders(t *testing.T) {
	db := databasetest.SQLite(t)
	size := func(want int) func(*sqlx.Tx) error {
		return func(tx *sqlx.Tx) error {
			var got int
			err := tx.Get(&got, "PRAGMA cache_size")
			if got != want {
				t.Errorf("cache_size is %d, want %d", got, want)
			}
			return err
		}
	}
	for range 2 {
		if err := errors.Join(db.Do(t.Context(), size(-16384)), db.See(t.Context(), size(-2048))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCommitAside commits more than SQLite would leave in its log, and goes on at once.
func TestCommitAside(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		for n := range 4 { // the log is folded in when the fourth is done, or by the next one's Scrub
			var items []row
			for i := range 4000 {
				items = append(items, row{Key: fmt.Sprintf("%d-%04d", n, i), Blob: make([]byte, 2000)})
			}
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if err := database.Load(t.Context(), tx, "sample", columns, rowsOf(items)); err != nil {
				t.Fatal(err)
			}
			if err := db.CommitAside(tx); err != nil {
				t.Fatal(err)
			}
			var there int
			if err := db.Get(&there, "SELECT COUNT(*) FROM `sample`"); err != nil || there != len(items)*(n+1) {
				t.Fatalf("%d rows after the commit, %v", there, err)
			}
			if n < 3 {
				if err := db.Scrub(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for deadline := time.Now().Add(20 * time.Second); db.Dialect == database.SQLite; time.Sleep(time.Millisecond) {
			info, err := os.Stat(db.Path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > 4*4000*2000 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d bytes in the file: the log is not folded in", info.Size())
			}
		}
	})
}

// TestALargeLogIsFoldedInAtOnce commits more than is folded in beside others.
func TestALargeLogIsFoldedInAtOnce(t *testing.T) {
	db := databasetest.SQLite(t)
	migrate(t, db)
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var items []row
	for i := range 60 {
		items = append(items, row{Key: fmt.Sprintf("%04d", i), Blob: make([]byte, 2<<20)})
	}
	if err := errors.Join(database.Load(t.Context(), tx, "sample", columns, rowsOf(items)), db.CommitAside(tx)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(db.Path); err != nil || info.Size() < 120<<20 {
		t.Fatalf("%d bytes in the file behind the commit, %v", info.Size(), err)
	}
}

// TestCloseWaitsForTheLog closes a store whose log is being folded in: nothing of the log is left.
func TestCloseWaitsForTheLog(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "store.db")
		db, err := database.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		migrate(t, db)
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var items []row
		for i := range 4000 {
			items = append(items, row{Key: fmt.Sprintf("%04d", i), Blob: make([]byte, 2000)})
		}
		if err := errors.Join(database.Load(t.Context(), tx, "sample", columns, rowsOf(items)), db.CommitAside(tx)); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); ; {
			info, err := os.Stat(path)
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("the log is not folded in: %v", err)
			}
			if info.Size() > 1<<20 {
				break
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the log is there behind Close: %v", err)
		}
	}
}

// TestWhatAWriterFoldsIn reads when a commit folds in the log: not after CommitAside, and else as ever, also on its connection.
func TestWhatAWriterFoldsIn(t *testing.T) {
	db := databasetest.SQLite(t)
	db.SetMaxOpenConns(1)
	pages := func(q sqlx.QueryerContext, want int) {
		t.Helper()
		var got int
		if err := sqlx.GetContext(t.Context(), q, &got, "PRAGMA wal_autocheckpoint"); err != nil || got != want {
			t.Errorf("a commit folds in %d pages, want %d (%v)", got, want, err)
		}
	}
	for range 2 {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages(tx, 1000)
		if err := db.CommitAside(tx); err != nil {
			t.Fatal(err)
		}
		pages(db, 0)
	}
}

func TestOpenRefuses(t *testing.T) {
	my := "mysql:" + mariadbtest.DSN(t)
	root, err := database.Open(t.Context(), my)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	cases := []struct{ name, dsn, setup, undo, code string }{
		{name: "nothing", code: "UOMA-DBS-DSN"},
		{name: "no path", dsn: "sqlite:", code: "UOMA-DBS-DSN"},
		{name: "another kind", dsn: "postgres:x", code: "UOMA-DBS-DSN"},
		{name: "no database", dsn: "mysql:root@unix(/tmp/none)/", code: "UOMA-DBS-DSN"},
		{name: "broken", dsn: "mysql:secret:word@@@", code: "UOMA-DBS-DSN"},
		{name: "no folder", dsn: "sqlite:/nonexistent/x.db", code: "UOMA-DBS-FILE"},
		{name: "plain network", dsn: "mysql:u:p@tcp(db.example:3306)/x", code: "UOMA-DBS-TLS"},
		{name: "unverified network", dsn: "mysql:u:p@tcp(db.example:3306)/x?tls=skip-verify", code: "UOMA-DBS-TLS"},
		{name: "forgetful", dsn: my, code: "UOMA-DBS-FORGETS",
			setup: "SET GLOBAL innodb_flush_log_at_trx_commit = 2", undo: "SET GLOBAL innodb_flush_log_at_trx_commit = 1"},
		{name: "collation", dsn: my, code: "UOMA-DBS-COLLATION",
			setup: "ALTER DATABASE COLLATE utf8mb4_general_ci", undo: "ALTER DATABASE COLLATE utf8mb4_bin"},
		{name: "no such user", dsn: strings.Replace(my, "root@", "nobody:secret@", 1), code: "UOMA-DBS-FAILED"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.setup != "" {
				root.MustExec(c.setup)
				defer root.MustExec(c.undo)
			}
			db, err := database.Open(t.Context(), c.dsn)
			if err == nil {
				db.Close()
			}
			if fault.Code(err) != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the fault shows the password")
			}
		})
	}
}

func TestOpenTakesWhatTheOperatorAllows(t *testing.T) {
	my := "mysql:" + mariadbtest.DSN(t)
	root, err := database.Open(t.Context(), my)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	root.MustExec("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
	defer root.MustExec("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
	db, err := database.Open(t.Context(), my+"?uoma_durability=relaxed&uoma_cluster=one-writer&uoma_tls=off")
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func TestMigrateRefusesANewerStore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		if _, err := db.Exec("INSERT INTO `sample_version` (version_id, is_applied) VALUES (99, 1)"); err != nil {
			t.Fatal(err)
		}
		files, _ := fs.Sub(testdata, "testdata")
		if err := db.Migrate(t.Context(), "sample", files); fault.Code(err) != "UOMA-DBS-NEWER" {
			t.Error(err)
		}
	})
}

func TestFailedHidesValues(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		migrate(t, db)
		const q = "INSERT INTO `sample` (`k`) VALUES (?)"
		db.MustExec(q, "Esimerkki")
		_, err := db.Exec(q, "Esimerkki")
		got := database.Failed("write a row", err)
		if fault.Code(got) != "UOMA-DBS-FAILED" || strings.Contains(got.Error(), "Esimerkki") || !errors.Is(got, err) {
			t.Error(got)
		}
		if database.Failed("x", nil) != nil || database.Failed("x", context.Canceled) != context.Canceled || database.Failed("x", got) != got {
			t.Error("nil, an end by the caller and a fault must pass unchanged")
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	type rec [10]string
	items := make([]rec, 50_000)
	for i := range items {
		for c := range items[i] {
			items[i][c] = fmt.Sprintf("%026d", i*10+c)
		}
	}
	names := strings.Fields("c0 c1 c2 c3 c4 c5 c6 c7 c8 c9")
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		for b.Loop() {
			db.MustExec("DROP TABLE IF EXISTS bulk")
			db.MustExec("CREATE TABLE bulk (c0 CHAR(26) PRIMARY KEY, c1 TEXT, c2 TEXT, c3 TEXT, c4 TEXT, c5 TEXT, c6 TEXT, c7 TEXT, c8 TEXT, c9 TEXT)")
			err := db.Do(b.Context(), func(tx *sqlx.Tx) error {
				return database.Load(b.Context(), tx, "bulk", names, database.Each(items, func(r *rec, c int) database.Value { return database.Text(r[c]) }))
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(items)*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
