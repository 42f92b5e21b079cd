// Package databasetest runs a store's tests on every database that Uoma knows. Packages that use it need the TestMain
// that package mariadbtest describes.
package databasetest

import (
	"path/filepath"
	"testing"

	"uoma/connectors/database"
	"uoma/internal/mariadbtest"
)

// Each runs f once on a new SQLite file and once on a new MariaDB database.
func Each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("mariadb", func(t *testing.T) { f(t, MariaDB(t)) })
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
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
}

// MariaDB opens a new database on the test binary's own server.
func MariaDB(t testing.TB) *database.DB {
	t.Helper()
	return open(t, "mysql:"+mariadbtest.DSN(t))
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
