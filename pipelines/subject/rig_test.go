package subject_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

const (
	run   = "nightly-2026-11-22"
	today = canon.Date(20_784) // 2026-11-27
)

func newWorkspace(t testing.TB, on databasetest.Kind) *workspace.Workspace {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ws")
	workspacetest.Init(t, on, dir, settings)
	return openWorkspace(t, dir)
}

const settings = "institution: \"10118\"\nsender: {id: campus}\n"

func openWorkspace(t testing.TB, dir string) *workspace.Workspace {
	t.Helper()
	ws, err := workspace.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// token makes a token of its own for a person, kind and number.
func token(kind byte, person, n int) string { return fmt.Sprintf("%c%012d%013d", kind, person, n) }

func subjectOf(person int) string { return token('u', person, 0) }

// source is where the rows of a table come from, under the pack xamk.
func source(table string) (feed, category string) {
	switch table {
	case "person", "role", "employment":
		return "alumni-portal/profiles", "alumni_basics"
	case "study", "degree", "enrolment":
		return "student-register/tutkinnot", "education"
	case "consent", "objection":
		return "alumni-portal/consents", "consent"
	}
	return "dynamics365/contacts", "stakeholder"
}

// fill writes a row of every table for each person, and what of it identifies into the vault; of the tables that are named
// alone, when any are. value gives each value's text; a number, day, instant or truth takes what its type can hold.
func fill(t testing.TB, ws *workspace.Workspace, people int, value func(person int, table, column string) string, tables ...string) {
	t.Helper()
	const chunk = 20_000
	for from := 0; from < people; from += chunk {
		fillSome(t, ws, from, min(from+chunk, people), value, tables)
	}
	if err := ws.Register.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func fillSome(t testing.TB, ws *workspace.Workspace, from, to int, value func(person int, table, column string) string, tables []string) {
	t.Helper()
	night, err := ws.Register.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer night.Rollback()
	var links []register.Link
	var entries []vault.Entry
	for p := from; p < to; p++ {
		links = append(links, register.Link{Record: token('r', p, 0), Person: workspace.PersonOf(ws.Persons(), subjectOf(p)), Since: run})
	}
	for n, table := range canon.Tables() {
		if len(tables) > 0 && !slices.Contains(tables, table.Name) {
			continue
		}
		feed, category := source(table.Name)
		shape := register.Table(table)
		b := canon.NewBuilder(&shape, feed)
		for p := from; p < to; p++ {
			entries = append(entries, entry(&table, p, n, value))
			if table.Identity() {
				continue
			}
			fillRow(b, &shape, p, n, category, value)
			if b.Len() == canon.BatchRows || p == to-1 {
				if err := night.Put(t.Context(), b.Flush(), run); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := night.Link(t.Context(), links); err != nil {
		t.Fatal(err)
	}
	if err := ws.Vault.Put(t.Context(), run, entries); err != nil {
		t.Fatal(err)
	}
	if err := night.Commit(); err != nil {
		t.Fatal(err)
	}
}

// entry is what a row of a table says of who the person is.
func entry(table *canon.Table, p, n int, value func(person int, table, column string) string) vault.Entry {
	feed, _ := source(table.Name)
	e := vault.Entry{SourceKey: token('s', p, n), Record: token('r', p, 0), Subject: subjectOf(p), Source: feed}
	for _, c := range table.Columns[len(canon.Provenance()):] {
		if !c.Class.Identifying() {
			continue
		}
		f := vault.Fact{Table: table.Name, Column: c.Name, Value: value(p, table.Name, c.Name)}
		switch c.Class {
		case canon.Name:
			e.Names = append(e.Names, f)
		case canon.Contact:
			e.Contacts = append(e.Contacts, f)
		default:
			e.Identifiers = append(e.Identifiers, f)
		}
	}
	return e
}

func fillRow(b *canon.Builder, shape *canon.Table, p, n int, category string, value func(person int, table, column string) string) {
	feed, _ := source(shape.Name)
	for i, c := range shape.Columns {
		switch {
		case i == register.Source:
			b.Text(i, feed)
		case i == register.SourceKey:
			b.Text(i, token('s', p, n))
		case i == register.Seq:
			b.Int(i, 0)
		case i == register.Record:
			b.Text(i, token('r', p, 0))
		case i == register.Category:
			b.Text(i, category)
		case i == register.Basis:
			b.Text(i, "6(1)(e)")
		case i < register.First:
			b.Null(i)
		case c.Type == canon.Int:
			b.Int(i, int64(4000+p))
		case c.Type == canon.Day:
			b.Day(i, canon.Date(12000+p+i))
		case c.Type == canon.Instant:
			b.Instant(i, int64(1_700_000_000+p+i)*1_000_000)
		case c.Type == canon.Bool:
			b.Bool(i, true)
		case c.Type == canon.Decimal:
			b.Text(i, fmt.Sprintf("%d.5", 100+p))
		case c.Class == canon.Key:
			b.Text(i, token('k', p, i))
		default:
			b.Text(i, value(p, shape.Name, c.Name))
		}
	}
	b.EndRow()
}
