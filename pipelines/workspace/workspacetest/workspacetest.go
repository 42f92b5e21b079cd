// Package workspacetest puts the workspaces of tests on every kind of store that Uoma knows, and copies them with what is
// stored in them, so that a state that many tests begin with is made once. Packages that use it need the TestMain that
// package mariadbtest describes.
package workspacetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

// Names of a workspace's stores.
const (
	Register = "register"
	Vault    = "vault"
)

var stores = []string{Register, Vault}

const dsnExt = ".dsn"

// Stores is the line of uoma.yaml that puts a workspace on stores of a kind, once [Place] made them.
func Stores(on databasetest.Kind) string {
	if on == databasetest.OnSQLite {
		return "" // as a workspace is without the line
	}
	return "stores: {register: \"file:keys/register.dsn\", vault: \"file:keys/vault.dsn\"}\n"
}

// Place makes empty stores of a kind for the workspace in dir.
func Place(t testing.TB, on databasetest.Kind, dir string) {
	t.Helper()
	if on == databasetest.OnSQLite {
		return // they are made when the workspace is opened
	}
	for _, name := range stores {
		point(t, dir, name, on.DSN(t))
	}
}

// Init makes a workspace in dir with some settings besides its stores.
func Init(t testing.TB, on databasetest.Kind, dir, settings string) {
	t.Helper()
	if err := workspace.Init(dir, []byte(settings+Stores(on))); err != nil {
		t.Fatal(err)
	}
	Place(t, on, dir)
}

// Copy copies a workspace that nobody has open, with its stores, to another folder.
func Copy(t testing.TB, from, to string) {
	t.Helper()
	CopyTree(t, from, to)
	for _, name := range stores {
		if dsn, ok := server(t, from, name); ok {
			point(t, to, name, "mysql:"+mariadbtest.Copy(t, dsn))
		}
	}
}

// CopyTree copies the folders and files below from, private to their owner and as old as they are: the age of an export
// is in the report.
func CopyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, rel), b, 0o600); err != nil {
			return err
		}
		return os.Chtimes(filepath.Join(to, rel), info.ModTime(), info.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Swap puts a store of the workspace in from, that nobody has open, into the place of the one in to.
func Swap(t testing.TB, from, to, name string) {
	t.Helper()
	if dsn, ok := server(t, from, name); ok {
		point(t, to, name, "mysql:"+mariadbtest.Copy(t, dsn))
		return
	}
	for _, ext := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(filepath.Join(from, name+".db"+ext))
		if os.IsNotExist(err) {
			os.Remove(filepath.Join(to, name+".db"+ext))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name+".db"+ext), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Exec changes a store of the workspace in dir behind the program's back.
func Exec(t testing.TB, dir, name string, statements ...string) {
	t.Helper()
	dsn := "sqlite:" + filepath.Join(dir, name+".db")
	if d, ok := server(t, dir, name); ok {
		dsn = "mysql:" + d
	}
	db, err := database.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

// Dump gives every row of every table of a store as text, by table.
func Dump(t testing.TB, db *database.DB) map[string]string {
	t.Helper()
	q := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if db.Dialect == database.MySQL {
		q = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	}
	var names []string
	if err := db.Select(&names, q); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, n := range names {
		out[n] = rows(t, db, n)
	}
	return out
}

// rows gives the rows of a table, in an order of their own.
func rows(t testing.TB, db *database.DB, table string) string {
	t.Helper()
	found, err := db.Queryx("SELECT * FROM " + database.Quote(table))
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var lines []string
	for found.Next() {
		cells, err := found.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			if b, ok := c.([]byte); ok {
				cells[i] = string(b)
			}
		}
		lines = append(lines, fmt.Sprintln(cells...))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// point writes down where a store is.
func point(t testing.TB, dir, name, dsn string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, workspace.KeysDir, name+dsnExt), []byte(dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// server gives the address of a store that is on the test's server.
func server(t testing.TB, dir, name string) (dsn string, ok bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, workspace.KeysDir, name+dsnExt))
	if os.IsNotExist(err) {
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.CutPrefix(strings.TrimSpace(string(text)), "mysql:")
}

// Rotate gives kinds of tokens other keys, in the workspace in dir that nobody has open, and opens it.
func Rotate(t testing.TB, dir string, at time.Time, kinds ...string) *workspace.Workspace {
	t.Helper()
	for _, kind := range kinds {
		ws, err := workspace.OpenRotating(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = custody.RotateTokens(context.Background(), ws, kind, 0, custody.Author{Actor: "virtanen", At: at}, custody.Options{})
		if err := errors.Join(err, ws.Close()); err != nil {
			t.Fatal(err)
		}
	}
	ws, err := workspace.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}
