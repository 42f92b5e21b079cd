package query_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"uoma/connectors/query"
	"uoma/connectors/remote"
	"uoma/connectors/sourcetest"
	"uoma/connectors/tabular"
	"uoma/internal/mariadbtest"
	"uoma/internal/tlstest"
)

const (
	reader   = "reader"
	password = "a long password"
	pageRows = 100
)

// set is a source that is asked one query.
type set struct {
	*query.Source
	q query.Query
}

func (s set) Rows(o tabular.Options) (tabular.Reader, error) { return s.Source.Rows(s.q, o) }

// ofTable opens the query of a table of the contract.
func ofTable(s query.Settings, table string) func(context.Context) (sourcetest.Set, error) {
	return func(ctx context.Context) (sourcetest.Set, error) {
		o, err := query.Open(ctx, s)
		if err != nil {
			return nil, err
		}
		return set{o, query.Query{Statement: "SELECT id, name, note FROM " + table, Key: []string{"id"}}}, nil
	}
}

// wrongs are ways to open a source that must fail.
func wrongs(t testing.TB, good query.Settings) map[string]sourcetest.Wrong {
	change := func(code, table string, f func(*query.Settings)) sourcetest.Wrong {
		s := good
		f(&s)
		return sourcetest.Wrong{Code: code, Open: ofTable(s, table)}
	}
	return map[string]sourcetest.Wrong{
		"password":  change("UOMA-SRC-LOGIN", "wrong", func(s *query.Settings) { s.Password = "another" }),
		"user":      change("UOMA-SRC-LOGIN", "wrong", func(s *query.Settings) { s.User = "nobody" }),
		"database":  change("UOMA-SRC-LOGIN", "wrong", func(s *query.Settings) { s.Database = "another" }),
		"authority": change("UOMA-SRC-TLS", "wrong", func(s *query.Settings) { s.CA = tlstest.NewAuthority(t).PEM }),
		"table":     change("UOMA-SRC-STATEMENT", "nowhere", func(*query.Settings) {}),
		"grant":     change("UOMA-SRC-STATEMENT", "hidden", func(*query.Settings) {}),
		"count":     change("UOMA-SRC-ROWS", "wrong", func(s *query.Settings) { s.Rows = 2 }),
	}
}

// mariadb is a server with a reader who may read what is put there.
type mariadb struct {
	mariadbtest.Network
	settings query.Settings
	db       *sql.DB
}

func newMariaDB(t testing.TB) mariadb {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	certificate, key := authority.Files(t, t.TempDir())
	n := mariadbtest.Listen(t, certificate, key)
	mariadbtest.Exec(t, n.DSN, "CREATE USER reader@'%' IDENTIFIED BY '"+password+"' REQUIRE SSL", "CREATE TABLE hidden (id VARCHAR(20) PRIMARY KEY)")
	db, err := sql.Open("mysql", n.DSN)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0) // the contract looks for what the source leaves behind
	t.Cleanup(func() { db.Close() })
	return mariadb{n, query.Settings{Kind: "mysql", Address: n.Addr, Database: mariadbtest.Database, User: reader, Password: password, CA: authority.PEM,
		Page: pageRows, Idle: sourcetest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}, db}
}

// put makes a table of rows, in one transaction when it is there already.
func (m mariadb) put(t testing.TB, table string, rows []sourcetest.Row) {
	t.Helper()
	mariadbtest.Exec(t, m.DSN, "CREATE TABLE IF NOT EXISTS "+table+" (id VARCHAR(20) PRIMARY KEY, name TEXT NOT NULL, note TEXT)", "GRANT SELECT ON "+table+" TO reader@'%'")
	putRows(t, m.db, table, rows, func(int) string { return "?" })
}

func putRows(t testing.TB, db *sql.DB, table string, rows []sourcetest.Row, parameter func(int) string) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() // after the commit it does nothing
	if _, err := tx.Exec("DELETE FROM " + table); err != nil {
		t.Fatal(err)
	}
	for len(rows) > 0 {
		part := rows[:min(1000, len(rows))]
		rows = rows[len(part):]
		values, args := make([]string, len(part)), make([]any, 0, 3*len(part))
		for i, r := range part {
			values[i] = fmt.Sprintf("(%s, %s, %s)", parameter(3*i+1), parameter(3*i+2), parameter(3*i+3))
			args = append(args, r.ID, r.Name, sql.NullString{String: r.Note, Valid: r.Note != ""})
		}
		if _, err := tx.Exec("INSERT INTO "+table+" VALUES "+strings.Join(values, ", "), args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func (m mariadb) subject(t testing.TB) sourcetest.Subject {
	return sourcetest.Subject{
		Open: func(ctx context.Context, addr, table string, idle time.Duration) (sourcetest.Set, error) {
			s := m.settings
			s.Address, s.Idle = addr, idle
			return ofTable(s, table)(ctx)
		},
		Addr: m.Addr, Put: m.put, Huge: 40_000, Page: pageRows, Moment: true, Wrong: wrongs(t, m.settings),
	}
}

func BenchmarkMariaDB(b *testing.B) {
	m := newMariaDB(b)
	m.settings.Page = 0
	sourcetest.Bench(b, m.subject(b))
}
