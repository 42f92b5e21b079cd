package register_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
)

// Steps of the schema between which term enrolments got columns: the table is made anew.
const (
	beforeWider = 25
	afterWider  = 31
)

// migrationsUntil gives the migrations up to a step.
func migrationsUntil(t *testing.T, step int) fs.FS {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) < afterWider {
		t.Fatal(len(files), err)
	}
	slices.Sort(files)
	out := fstest.MapFS{}
	for _, file := range files[:step] {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = &fstest.MapFile{Data: text}
	}
	return out
}

// statement gives the one statement of a step.
func statement(t *testing.T, step int) string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("migrations/%05d_*.sql", step))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	_, sql, _ := strings.Cut(string(text), "-- +goose Up")
	return sql
}

// enrolled is a term enrolment as the schema of step 25 has it.
type enrolled struct {
	Source    string  `db:"source"`
	SourceKey string  `db:"source_key"`
	Seq       int64   `db:"seq"`
	Record    string  `db:"record"`
	Category  string  `db:"category"`
	Basis     string  `db:"legal_basis"`
	First     string  `db:"first_seen_run"`
	Last      *string `db:"last_seen_run"`
	Start     *string `db:"term_start"`
	End       *string `db:"term_end"`
	State     *string `db:"state"`
}

const enrolledColumns = "source, source_key, seq, record, category, legal_basis, first_seen_run, last_seen_run, term_start, term_end, state"

// TestAnUpgradeKeepsTermEnrolments brings a register of the older schema to this release, with term enrolments in it, also
// one that was killed behind each step of the way: no row and no value is lost.
func TestAnUpgradeKeepsTermEnrolments(t *testing.T) {
	text := func(s string) *string { return &s }
	var old []enrolled
	for i := range 300 {
		e := enrolled{"virta/ilmoittautumiset", token('s', i/2), int64(i % 2), token('r', i/4), "study", "statute", "nightly-2026-08-01", nil, text("2026-08-01"), text("2026-12-31"), text("present")}
		switch i % 3 {
		case 1:
			e.Last, e.End = text("nightly-2026-09-01"), nil
		case 2:
			e.Start, e.State = nil, text("läsnä 'öå\"")
		}
		old = append(old, e)
	}
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		for step := beforeWider; step <= afterWider; step++ {
			t.Run(fmt.Sprintf("killed behind %d", step), func(t *testing.T) {
				db := databasetest.SQLite(t)
				if on == databasetest.OnMariaDB {
					db = databasetest.MariaDB(t)
				}
				migrate := func(step int) {
					if err := db.Migrate(t.Context(), "register", migrationsUntil(t, step)); err != nil {
						t.Fatal(err)
					}
				}
				migrate(beforeWider)
				if _, err := db.NamedExecContext(t.Context(), "INSERT INTO enrolment ("+enrolledColumns+") VALUES (:source, :source_key, :seq, :record, :category, :legal_basis, :first_seen_run, :last_seen_run, :term_start, :term_end, :state)", old); err != nil {
					t.Fatal(err)
				}
				if step > beforeWider { // carried out, and killed before it was noted: it is carried out again
					migrate(step - 1)
					if _, err := db.ExecContext(t.Context(), statement(t, step)); err != nil {
						t.Fatal(err)
					}
				}
				r := open(t, db)
				if got := enrolments(t, db); !slices.EqualFunc(got, old, equalEnrolled) {
					t.Fatalf("%d of %d rows are as they were", len(got), len(old))
				}
				var filled int
				if err := db.GetContext(t.Context(), &filled, "SELECT COUNT(*) FROM enrolment WHERE right_key IS NOT NULL OR date IS NOT NULL OR institution_code IS NOT NULL"); err != nil || filled != 0 {
					t.Errorf("%d rows have values in columns that were not there, %v", filled, err)
				}
				table := tableNamed(t, "enrolment")
				night(t, r, func(n *register.Night) error {
					if err := n.Drop(t.Context(), tokens('s', []int{0})); err != nil {
						return err
					}
					return n.Put(t.Context(), batch(table, []int{0, 1000}, "new"), "nightly-2026-11-21")
				})
				var rows int
				if err := db.GetContext(t.Context(), &rows, "SELECT COUNT(*) FROM enrolment"); err != nil || rows != len(old) {
					t.Errorf("a night behind it leaves %d rows, %v", rows, err)
				}
			})
		}
	})
}

func enrolments(t *testing.T, db *database.DB) (out []enrolled) {
	t.Helper()
	if err := db.SelectContext(t.Context(), &out, "SELECT "+enrolledColumns+" FROM enrolment ORDER BY source_key, seq"); err != nil {
		t.Fatal(err)
	}
	return out
}

func equalEnrolled(a, b enrolled) bool {
	same := func(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	return a.Source == b.Source && a.SourceKey == b.SourceKey && a.Seq == b.Seq && a.Record == b.Record && a.Category == b.Category &&
		a.Basis == b.Basis && a.First == b.First && same(a.Last, b.Last) && same(a.Start, b.Start) && same(a.End, b.End) && same(a.State, b.State)
}
