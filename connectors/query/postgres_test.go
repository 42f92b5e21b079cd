package query_test

import (
	"context"
	"database/sql"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the administrator

	"uoma/connectors/query"
	"uoma/connectors/remote"
	"uoma/connectors/sourcetest"
	"uoma/internal/postgrestest"
	"uoma/internal/tlstest"
)

// postgres is a server with a reader who may read what is put there.
type postgres struct {
	*postgrestest.Server
	settings query.Settings
	db       *sql.DB
}

func newPostgres(t testing.TB) postgres {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	certificate, key := authority.Files(t, t.TempDir())
	s := postgrestest.Start(t, certificate, key)
	db, err := sql.Open("pgx", s.AdminDSN(postgrestest.Database))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0) // the contract looks for what the source leaves behind
	t.Cleanup(func() { db.Close() })
	p := postgres{s, query.Settings{Kind: "postgres", Address: s.Addr, Database: postgrestest.Database, User: reader, Password: password, CA: authority.PEM,
		Page: pageRows, Idle: sourcetest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}, db}
	p.exec(t, "CREATE USER reader PASSWORD '"+password+"'", "CREATE TABLE hidden (id TEXT PRIMARY KEY)")
	return p
}

func (p postgres) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := p.db.Exec(s); err != nil {
			t.Fatalf("%.80s: %v", s, err)
		}
	}
}

func (p postgres) put(t testing.TB, table string, rows []sourcetest.Row) {
	t.Helper()
	p.exec(t, "CREATE TABLE IF NOT EXISTS "+table+" (id TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT)", "GRANT SELECT ON "+table+" TO reader")
	putRows(t, p.db, table, rows, func(n int) string { return "$" + strconv.Itoa(n) })
}

func (p postgres) subject(t testing.TB) sourcetest.Subject {
	return sourcetest.Subject{
		Open: func(ctx context.Context, addr, table string, idle time.Duration) (sourcetest.Set, error) {
			s := p.settings
			s.Address, s.Idle = addr, idle
			return ofTable(s, table)(ctx)
		},
		Addr: p.Addr, Put: p.put, Huge: 40_000, Page: pageRows, Moment: true, Wrong: wrongs(t, p.settings),
	}
}

func BenchmarkPostgreSQL(b *testing.B) {
	p := newPostgres(b)
	p.settings.Page = 0
	sourcetest.Bench(b, p.subject(b))
}
