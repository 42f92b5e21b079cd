// Package databasetest runs a store's tests on every database that Uoma knows. Packages that use it need the TestMain
// that package mariadbtest describes.
package databasetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database"
	"uoma/internal/mariadbtest"
)

// Kind is a database that Uoma knows, and the name of the subtests on it.
type Kind string

// The kinds.
const (
	OnSQLite  Kind = "sqlite"
	OnMariaDB Kind = "mariadb"
)

// OnBoth runs f for each kind. It is for tests that open stores themselves.
func OnBoth(t *testing.T, f func(t *testing.T, on Kind)) {
	t.Helper()
	for _, on := range []Kind{OnSQLite, OnMariaDB} {
		t.Run(string(on), func(t *testing.T) { f(t, on) })
	}
}

// DSN gives the address of a new and empty database.
func (on Kind) DSN(t testing.TB) string {
	t.Helper()
	if on == OnMariaDB {
		return "mysql:" + mariadbtest.DSN(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// Copy copies a database that nobody is writing, and gives the address of the copy.
func Copy(t testing.TB, dsn string) string {
	t.Helper()
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok {
		return "mysql:" + mariadbtest.Copy(t, strings.TrimPrefix(dsn, "mysql:"))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + to
}

// Each runs f once on a new SQLite file and once on a new MariaDB database.
func Each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	OnBoth(t, func(t *testing.T, on Kind) { f(t, open(t, on.DSN(t))) })
}

// EachB is Each for benchmarks.
func EachB(b *testing.B, f func(b *testing.B, db *database.DB)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { f(b, SQLite(b)) })
	b.Run("mariadb", func(b *testing.B) { f(b, MariaDB(b)) })
}

// SQLite opens a new file in the test's folder.
func SQLite(t testing.TB) *database.DB {
	t.Helper()
	return open(t, OnSQLite.DSN(t))
}

// MariaDB opens a new database on the test binary's own server.
func MariaDB(t testing.TB) *database.DB {
	t.Helper()
	return open(t, OnMariaDB.DSN(t))
}

func open(t testing.TB, dsn string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
