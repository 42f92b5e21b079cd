package workspace_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/workspace"
)

// TestThreat_T34_TheAccountOnlyAddsToTheBooks gives an account of a real server the grants that are printed: it adds to the
// audit log, changes nothing in it, and can do all else; the check tells it from one that may do everything.
func TestThreat_T34_TheAccountOnlyAddsToTheBooks(t *testing.T) {
	address := mariadbtest.DSN(t)
	dir := filepath.Join(t.TempDir(), "ws")
	t.Setenv("UOMA_TEST_REGISTER", "mysql:"+address)
	must(t, workspace.Init(dir, []byte(settings+"stores: {register: env:UOMA_TEST_REGISTER, vault: \"sqlite:vault.db\"}\n")))
	ws, err := workspace.Open(t.Context(), dir)
	must(t, err)
	defer ws.Close()
	owner := ws.RegisterDB
	said := func() []string {
		var out []string
		for _, f := range check(t, dir, workspace.CheckOptions{Connect: true}) {
			if f.Code == "UOMA-CHK-GRANTS" {
				out = append(out, f.Place.Field)
			}
		}
		return out
	}
	if got := said(); len(got) != 1 || !strings.Contains(got[0], "audit: UPDATE and DELETE") || !strings.Contains(got[0], "word: UPDATE") {
		t.Errorf("an account that may do everything: %q", got)
	}
	user := "books" + strings.ReplaceAll(filepath.Base(dir), "-", "")
	owner.MustExec("CREATE USER '" + user + "'@'localhost'")
	defer owner.MustExec("DROP USER '" + user + "'@'localhost'")
	grants, err := owner.Grants(t.Context(), user, "localhost", workspace.Kept())
	must(t, err)
	for _, g := range grants {
		owner.MustExec(strings.TrimSuffix(g, ";"))
	}
	if _, err := owner.Grants(t.Context(), "x'; DROP", "localhost", nil); err == nil {
		t.Error("a name that is SQL was taken")
	}
	t.Setenv("UOMA_TEST_REGISTER", "mysql:"+strings.Replace(address, "root@", user+"@", 1))
	if got := said(); len(got) != 0 {
		t.Errorf("the printed grants: %q", got)
	}
	account, err := workspace.Open(t.Context(), dir)
	must(t, err)
	defer account.Close()
	e := ledger.Entry{At: 1, Actor: "virtanen", Verb: ledger.SubjectFind}
	must(t, account.RegisterDB.Do(t.Context(), func(tx *sqlx.Tx) error { return account.Audit.Append(t.Context(), tx, e) }))
	tables, err := account.RegisterDB.Tables(t.Context(), account.RegisterDB)
	must(t, err)
	kept := map[string]bool{}
	for _, k := range workspace.Kept() {
		kept[k.Table] = true
	}
	for _, table := range tables {
		_, err := account.RegisterDB.Exec("DELETE FROM " + database.Quote(table) + " WHERE 1 = 0")
		if refused := err != nil; refused != (kept[table] && table != "word") {
			t.Errorf("remove from %s: %v", table, err)
		}
	}
	for _, statement := range []string{"UPDATE `audit` SET `actor` = 'x'", "DELETE FROM `audit`", "TRUNCATE `audit`", "DROP TABLE `audit`", "REPLACE INTO `audit` SELECT * FROM `audit`",
		"UPDATE `word` SET `state` = 'granted'", "UPDATE `audit_seal` SET `run` = 'x'"} {
		if _, err := account.RegisterDB.Exec(statement); err == nil {
			t.Errorf("%s was done", statement)
		}
	}
}

// TestThreat_T34_AFileKeepsItsBooks tries the same on SQLite, where triggers refuse it.
func TestThreat_T34_AFileKeepsItsBooks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, []byte(settings)))
	ws, err := workspace.Open(t.Context(), dir)
	must(t, err)
	defer ws.Close()
	e := ledger.Entry{At: 1, Actor: "virtanen", Verb: ledger.SubjectFind}
	must(t, ws.RegisterDB.Do(t.Context(), func(tx *sqlx.Tx) error { return ws.Audit.Append(t.Context(), tx, e) }))
	ws.RegisterDB.MustExec("INSERT INTO `audit_seal` VALUES (1, 'x', 'x', 1, 'x', 'x')")
	for _, statement := range []string{"UPDATE `audit` SET `actor` = 'x'", "DELETE FROM `audit`", "DELETE FROM `audit_seal`", "UPDATE `audit_seal` SET `run` = 'x'"} {
		if _, err := ws.RegisterDB.Exec(statement); err == nil {
			t.Errorf("%s was done", statement)
		}
	}
	if names := []string{"audit", "word"}; !slices.ContainsFunc(workspace.Kept(), func(k database.Kept) bool { return slices.Contains(names, k.Table) }) {
		t.Error("the books are not on the list")
	}
}
