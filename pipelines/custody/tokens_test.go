package custody_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// fill puts some rows with tokens into every table that may have them.
func (s *site) fill(t *testing.T) {
	t.Helper()
	ws := s.open(t)
	defer ws.Close()
	for _, store := range ws.TokenStores() {
		for _, x := range store.Tables {
			if x.Table != "identity" && x.Table != "pseudonym" { // they are filled as a night does
				insert(t, ws, store.DB, x)
			}
		}
	}
}

// insert writes three rows, of which every cell has something.
func insert(t *testing.T, ws *workspace.Workspace, db *database.DB, x database.Tokens) {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + database.Quote(x.Table))
	must(t, err)
	types, err := rows.ColumnTypes()
	must(t, err)
	must(t, rows.Close())
	columns := make([]string, len(types))
	for i, c := range types {
		columns[i] = c.Name()
	}
	tokens, persons := slices.Concat(x.Index, x.Mark, x.Wanted), x.Person
	for n := range 3 {
		args := make([]any, len(columns))
		for i, c := range types {
			kind := c.DatabaseTypeName()
			switch {
			case slices.Contains(tokens, c.Name()) && n == 2 && c.Name() == "record_b": // erased since
				args[i] = ""
			case slices.Contains(tokens, c.Name()):
				args[i] = ws.SourceTokens().Token("x", x.Table, c.Name(), fmt.Sprint(n))
			case c.Name() == "pseudonyms":
				args[i] = ws.Persons().Token("a", fmt.Sprint(n)) + "\n" + ws.Persons().Token("b", fmt.Sprint(n))
			case slices.Contains(persons, c.Name()):
				args[i] = ws.Persons().Token("x", x.Table, fmt.Sprint(n))
			case c.Name() == "domain":
				args[i] = []string{custody.RegisterDomain, domainName, custody.RegisterDomain}[n]
			case x.Table == "word" && c.Name() == "source" && n == 1: // a word by hand
				args[i] = ""
			case strings.Contains(kind, "INT"):
				args[i] = n + 1
			default:
				args[i] = fmt.Sprint("v", n)
			}
		}
		_, err := db.Exec("INSERT INTO "+database.Quote(x.Table)+" ("+database.Columns(columns)+") VALUES (?"+strings.Repeat(",?", len(columns)-1)+")", args...)
		if err != nil {
			t.Fatalf("%s: %v", x.Table, err)
		}
	}
}

// tokens gives the rows of every table that may have tokens, as the inner tokens say them.
func (s *site) tokens(t *testing.T, ws *workspace.Workspace) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, store := range ws.TokenStores() {
		for _, x := range store.Tables {
			var lines []string
			rows, err := store.DB.Queryx("SELECT * FROM " + database.Quote(x.Table))
			must(t, err)
			for rows.Next() {
				row := map[string]any{}
				must(t, rows.MapScan(row))
				lines = append(lines, said(ws, x, row))
			}
			must(t, rows.Err())
			slices.Sort(lines)
			out[x.Table] = strings.Join(lines, "\n")
		}
	}
	return out
}

// said puts a row into words.
func said(ws *workspace.Workspace, x database.Tokens, row map[string]any) string {
	inner := map[string]string{}
	for _, kind := range workspace.TokenKinds() {
		for _, c := range workspace.TokenColumns(&x, kind) {
			text := fmt.Sprintf("%s", row[c])
			own := x.Table == "word" && c == "id" && fmt.Sprintf("%s", row["source"]) == "" || c == "pseudonyms" && fmt.Sprintf("%s", row["domain"]) == domainName
			if !own {
				var lines []string
				for _, token := range strings.Split(text, "\n") {
					lines = append(lines, ws.Inner(kind, token))
				}
				slices.Sort(lines)
				text = strings.Join(lines, "\n")
			}
			inner[c] = text
		}
	}
	if a, b := inner["record_a"], inner["record_b"]; b != "" && a > b {
		inner["record_a"], inner["record_b"] = b, a
	}
	var cells []string
	for c, v := range row {
		if _, token := inner[c]; token {
			v = inner[c]
		}
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		if c == "wrapped_key" || x.Table == "identity" && strings.HasSuffix(fmt.Sprintf("%T", v), "string") && len(v.(string)) > 64 {
			v = "sealed"
		}
		cells = append(cells, fmt.Sprintf("%s=%v", c, v))
	}
	slices.Sort(cells)
	return strings.Join(cells, " ")
}

// TestThreat_T17_EveryTokenIsRewritten rotates all kinds of tokens, twice, and looks for the tokens of before in every byte.
func TestThreat_T17_EveryTokenIsRewritten(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		s.fill(t)
		ws := s.open(t)
		was, old := s.tokens(t, ws), map[string]bool{}
		for _, store := range ws.TokenStores() {
			for _, text := range workspacetest.Dump(t, store.DB) {
				for _, word := range strings.FieldsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
					if len(word) == 26 {
						old[word] = true
					}
				}
			}
		}
		d, err := ws.Domain(domainName, 1)
		must(t, err)
		person := workspace.PersonOf(ws.Persons(), entries(0, 1)[0].Subject)
		sent := ws.PersonIn(d, person)
		must(t, ws.RegisterDB.Close())
		idle := s.open(t) // so that no rotation is the last to close the stores, which cleans up too
		defer idle.Close()
		for range 2 {
			for _, kind := range workspace.TokenKinds() {
				ws, err := workspace.OpenRotating(t.Context(), s.dir)
				must(t, err)
				plan, err := custody.PlanTokens(t.Context(), ws, kind)
				must(t, err)
				out, err := custody.RotateTokens(t.Context(), ws, kind, 0, author(), custody.Options{})
				must(t, err)
				if !out.Finished || out.Rows != plan.Rows || out.Epoch != plan.Epoch || out.Rows < 3 {
					t.Errorf("%s: %+v, planned %+v", kind, out, plan)
				}
				must(t, ws.Close())
			}
		}
		ws = s.open(t)
		defer ws.Close()
		now := s.tokens(t, ws)
		for table := range was {
			if was[table] != now[table] {
				t.Errorf("%s is another:\n%s\nnot\n%s", table, now[table], was[table])
			}
		}
		s.ordered(t, ws)
		if n := readable(t, ws); n != people {
			t.Errorf("%d of %d open", n, people)
		}
		now1 := workspace.PersonOf(ws.Persons(), entries(0, 1)[0].Subject)
		if subject, err := ws.Vault.SubjectOf(t.Context(), now1); err != nil || subject != entries(0, 1)[0].Subject || now1 == person {
			t.Errorf("%s is %s: %v", now1, subject, err)
		}
		if ws.PersonIn(d, now1) != sent {
			t.Error("a recipient's pseudonym changed with the register's")
		}
		for _, e := range entries(0, people) {
			delete(old, e.Subject) // ids of subjects are the vault's own
		}
		for token := range old {
			if !strings.HasPrefix(token, "v") && s.holds(t, ws, token) {
				t.Errorf("%s is still there", token)
			}
		}
		lines, err := ws.Audit.Lines(t.Context(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.KeyRotated), Limit: 20})
		if err != nil || len(lines) != 16 || lines[0].Reason != "rectification:3:done" || lines[15].Reason != "index:2:begun" {
			t.Errorf("%v %v", lines, err)
		}
	})
}

// ordered looks whether tokens that are found by their order stand in it: the smaller of a pair first, those of a request by size.
func (s *site) ordered(t *testing.T, ws *workspace.Workspace) {
	t.Helper()
	for _, store := range ws.TokenStores() {
		for _, x := range store.Tables {
			if slices.Contains(x.Index, "record_a") {
				var wrong int
				must(t, store.DB.Get(&wrong, "SELECT COUNT(*) FROM "+database.Quote(x.Table)+" WHERE `record_b` <> '' AND `record_a` > `record_b`"))
				if wrong > 0 {
					t.Errorf("%s: %d pairs stand the other way round", x.Table, wrong)
				}
			}
		}
	}
	var asked []string
	must(t, ws.RegisterDB.Select(&asked, "SELECT `pseudonyms` FROM `reveal` WHERE `domain` = ?", custody.RegisterDomain))
	for _, list := range asked {
		if !slices.IsSorted(strings.Split(list, "\n")) {
			t.Errorf("a request's pseudonyms are not in order: %q", list)
		}
	}
	if len(asked) == 0 {
		t.Error("no request was looked at")
	}
}

// holds looks for a token in the stores, by every byte of their files where they are files. The book of reveals has
// recipients' pseudonyms and the book of words its own ids, which stay.
func (s *site) holds(t *testing.T, ws *workspace.Workspace, token string) bool {
	t.Helper()
	var stays int
	must(t, ws.RegisterDB.Get(&stays, "SELECT (SELECT COUNT(*) FROM `reveal` WHERE `domain` NOT IN ('register', 'recording') AND `pseudonyms` LIKE ?) + (SELECT COUNT(*) FROM `word` WHERE `source` = '' AND `id` = ?)",
		"%"+token+"%", token))
	if stays > 0 {
		return false
	}
	for _, store := range ws.TokenStores() {
		if store.DB.Path == "" {
			for _, text := range workspacetest.Dump(t, store.DB) {
				if strings.Contains(text, token) {
					return true
				}
			}
			continue
		}
		files, err := filepath.Glob(store.DB.Path + "*")
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			if bytes.Contains(b, []byte(token)) {
				return true
			}
		}
	}
	return false
}

// notTokens are columns as wide as a token that hold none of those that are rotated. The number of an order is known to who got it.
var notTokens = []string{"deletion_order.id", "subject.subject", "identity.subject", "pseudonym.subject", "audit.subject", "random_pseudonym.token"}

// TestThreat_T17_EveryTokenColumnIsOnTheList finds every column that is as wide as a token on the list of what is rewritten.
func TestThreat_T17_EveryTokenColumnIsOnTheList(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	defer ws.Close()
	for _, store := range ws.TokenStores() {
		var columns []struct{ Table, Column string }
		must(t, store.DB.Select(&columns, "SELECT m.name AS `table`, c.name AS `column` FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type IN ('CHAR(26)', 'VARCHAR(26)')"))
		if len(columns) == 0 {
			t.Fatal("no column was found")
		}
		for _, c := range columns {
			at := slices.IndexFunc(store.Tables, func(x database.Tokens) bool { return x.Table == c.Table })
			listed := at >= 0 && slices.Contains(slices.Concat(store.Tables[at].Index, store.Tables[at].Person, store.Tables[at].Mark, store.Tables[at].Wanted), c.Column)
			if !listed && !slices.Contains(notTokens, c.Table+"."+c.Column) {
				t.Errorf("%s: %s.%s is not rewritten when keys are rotated", store.Name, c.Table, c.Column)
			}
		}
	}
}

// TestThreat_T17_NobodyWorksUnderTheOldKey rotates while another program has the workspace open.
func TestThreat_T17_NobodyWorksUnderTheOldKey(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		other := s.open(t)
		defer other.Close()
		ws, err := workspace.OpenRotating(t.Context(), s.dir)
		must(t, err)
		defer ws.Close()
		_, err = custody.RotateTokens(t.Context(), ws, workspace.IndexTokens, 0, author(), custody.Options{})
		must(t, err)
		if err := other.Vault.Put(t.Context(), "n2", entries(1, 2)); fault.Code(err) != "UOMA-KEY-STORES" {
			t.Errorf("the vault was written: %v", err)
		}
		if _, err := other.Register.Begin(t.Context()); fault.Code(err) != "UOMA-KEY-STORES" {
			t.Errorf("the register was written: %v", err)
		}
	})
}

// TestThreat_T17_StoresOfAnotherEpoch puts a store of before a rotation beside the keys of after it.
func TestThreat_T17_StoresOfAnotherEpoch(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	s.fill(t)
	old := filepath.Join(t.TempDir(), "ws")
	workspacetest.Copy(t, s.dir, old)
	ws, err := workspace.OpenRotating(t.Context(), s.dir)
	must(t, err)
	_, err = custody.RotateTokens(t.Context(), ws, workspace.PersonTokens, 0, author(), custody.Options{})
	must(t, err)
	must(t, ws.Close())
	workspacetest.Swap(t, old, s.dir, workspacetest.Register)
	if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-KEY-STORES" {
		t.Errorf("it opened: %v", err)
	}
	ws, err = workspace.OpenRotating(t.Context(), s.dir)
	must(t, err)
	defer ws.Close()
	if _, err := custody.RotateTokens(t.Context(), ws, workspace.PersonTokens, 0, author(), custody.Options{}); fault.Code(err) != "UOMA-KEY-STORES" {
		t.Errorf("another rotation went over it: %v", err)
	}
}

// TestThreat_T17_RegistersOfBackfillsComeAlong rotates beside a register that a backfill left. One that missed a rotation has
// tokens under a key that is gone: the next rotation stops at it.
func TestThreat_T17_RegistersOfBackfillsComeAlong(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	s.fill(t)
	folder := filepath.Join(s.dir, "backfills", "2026-11-20")
	must(t, os.MkdirAll(folder, 0o700))
	text, err := os.ReadFile(filepath.Join(s.dir, "register.db"))
	must(t, err)
	file := filepath.Join(folder, "register.db")
	must(t, os.WriteFile(file, text, 0o600))
	persons := func(file string) (out []string) {
		t.Helper()
		db, err := database.Open(t.Context(), string(database.SQLite)+":"+file)
		must(t, err)
		defer db.Close()
		must(t, db.Select(&out, "SELECT `person` FROM `link` ORDER BY `person`"))
		return out
	}
	rotate := func() error {
		t.Helper()
		ws, err := workspace.OpenRotating(t.Context(), s.dir)
		must(t, err)
		defer ws.Close()
		_, err = custody.RotateTokens(t.Context(), ws, workspace.PersonTokens, 0, author(), custody.Options{})
		return err
	}
	before := persons(file)
	must(t, rotate())
	if after := persons(file); len(after) == 0 || slices.Equal(after, before) || !slices.Equal(after, persons(filepath.Join(s.dir, "register.db"))) {
		t.Errorf("%v of the backfill, before %v", after, before)
	}
	bytesOf, err := os.ReadFile(file)
	must(t, err)
	if bytes.Contains(bytesOf, []byte(before[0])) {
		t.Error("the token of before is still in its file")
	}
	must(t, os.WriteFile(file, text, 0o600))
	if err := rotate(); fault.Code(err) != "UOMA-KEY-LOST" {
		t.Errorf("a register that missed a rotation: %v", err)
	}
	must(t, os.RemoveAll(folder))
	if err := rotate(); err != nil {
		t.Errorf("when it is gone: %v", err)
	}
	s.open(t).Close()
}

// TestThreat_T17_TokensCutOffBetweenStores cuts a rotation off when one of the two stores is rewritten: no other begins, this one
// goes on without rewriting that store again, and a repetition changes nothing.
func TestThreat_T17_TokensCutOffBetweenStores(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	s.fill(t)
	ws := s.open(t)
	was := s.tokens(t, ws)
	must(t, ws.Close())
	rotate := func(kind string, o custody.Options) (custody.Rotated, error) {
		t.Helper()
		ws, err := workspace.OpenRotating(t.Context(), s.dir)
		must(t, err)
		defer ws.Close()
		return custody.RotateTokens(t.Context(), ws, kind, 2, author(), o)
	}
	_, err := rotate(workspace.PersonTokens, custody.Options{Step: func(name string) error {
		if name == "committed" {
			return errKilled
		}
		return nil
	}})
	if !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if _, err := rotate(workspace.IndexTokens, custody.Options{}); fault.Code(err) != "UOMA-KEY-ANOTHER" {
		t.Errorf("another kind: %v", err)
	}
	if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-KEY-UNFINISHED" {
		t.Errorf("a workspace in between: %v", err)
	}
	if out, err := rotate(workspace.PersonTokens, custody.Options{}); err != nil || !out.Finished || out.Epoch != 2 || out.Rows == 0 {
		t.Errorf("going on: %+v %v", out, err)
	}
	if out, err := rotate(workspace.PersonTokens, custody.Options{}); err != nil || !out.Finished || out.Epoch != 2 || out.Rows != 0 {
		t.Errorf("again: %+v %v", out, err)
	}
	ws = s.open(t)
	defer ws.Close()
	now := s.tokens(t, ws)
	for table := range was {
		if was[table] != now[table] {
			t.Errorf("%s is another", table)
		}
	}
}

// TestThreat_T17_WhoLostTheLeaseTurnsNothing lets another program have taken the lease over: the register stays as it is.
func TestThreat_T17_WhoLostTheLeaseTurnsNothing(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	s.fill(t)
	read := func() map[string]string {
		t.Helper()
		ws, err := workspace.OpenRotating(t.Context(), s.dir)
		must(t, err)
		defer ws.Close()
		return workspacetest.Dump(t, ws.RegisterDB)
	}
	ws, err := workspace.OpenRotating(t.Context(), s.dir)
	must(t, err)
	by := author()
	lost := false
	by.Check = func(context.Context, *sqlx.Tx) error {
		if lost {
			return errKilled
		}
		return nil
	}
	was := map[string]string{}
	_, err = custody.RotateTokens(t.Context(), ws, workspace.PersonTokens, 0, by, custody.Options{Step: func(name string) error {
		if name == "begun" {
			lost, was = true, read()
		}
		return nil
	}})
	must(t, ws.Close())
	if now := read(); !errors.Is(err, errKilled) || len(was) == 0 || !maps.Equal(was, now) {
		t.Errorf("%v", err)
	}
}
