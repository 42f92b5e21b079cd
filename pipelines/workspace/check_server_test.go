package workspace_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/internal/mariadbtest"
	"uoma/pipelines/workspace"
)

// TestCheckServer checks stores on a MariaDB: not asked without --connect, and with it read in a session that cannot write.
func TestCheckServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	dsn := map[string]string{"UOMA_TEST_REGISTER": mariadbtest.DSN(t), "UOMA_TEST_VAULT": mariadbtest.DSN(t)}
	for name, value := range dsn {
		t.Setenv(name, "mysql:"+value)
	}
	must(t, workspace.Init(dir, []byte(settings+"stores: {register: env:UOMA_TEST_REGISTER, vault: env:UOMA_TEST_VAULT}\n")))
	stores := func(connect bool) []string {
		var out []string
		for _, f := range check(t, dir, workspace.CheckOptions{Connect: connect}) {
			if strings.Contains(f.Code, "STORE") || f.Severity == workspace.Error {
				out = append(out, string(f.Severity)+" "+f.Code+" "+f.Place.Field)
			}
		}
		return out
	}
	if got, want := stores(false), []string{"note UOMA-CHK-STORE-SERVER register", "note UOMA-CHK-STORE-SERVER vault"}; !slices.Equal(got, want) {
		t.Errorf("not asked: %q, want %q", got, want)
	}
	if got, want := stores(true), []string{"warning UOMA-CHK-STORE-OLD register", "warning UOMA-CHK-STORE-OLD vault"}; !slices.Equal(got, want) {
		t.Errorf("never used: %q, want %q", got, want)
	}
	for name, value := range dsn {
		if n := tables(t, value); n != 0 {
			t.Errorf("the check made %d tables in %s", n, name)
		}
	}
	ws, err := workspace.Open(context.Background(), dir)
	must(t, err)
	must(t, ws.Close())
	if got := stores(true); len(got) != 0 {
		t.Errorf("of this release: %q", got)
	}
}

func tables(t *testing.T, dsn string) (n int) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	must(t, err)
	must(t, db.QueryRow("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()").Scan(&n))
	must(t, db.Close())
	return n
}
