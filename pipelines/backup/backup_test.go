package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/erasures"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/backup"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// childEnv tells a copy of the test program what to do until it kills itself.
const childEnv = "UOMA_BACKUP_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		os.Exit(child(strings.Split(what, "|")))
	}
	os.Exit(mariadbtest.Run(m))
}

var author = custody.Author{Actor: "virtanen", At: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}

// site is a workspace with three people, and what a restore of it needs.
type site struct {
	dir      string // of everything
	ws, keys string
	identity string
}

func newSite(t *testing.T, on databasetest.Kind) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{dir, filepath.Join(dir, "ws"), filepath.Join(dir, "key-copy"), filepath.Join(dir, "backup.key")}
	id, err := age.GenerateX25519Identity()
	must(t, err)
	must(t, os.WriteFile(s.identity, []byte("# made for a test\n"+id.String()+"\n"), 0o600))
	workspacetest.Init(t, on, s.ws, "institution: \"10118\"\nsender: {id: xamk}\nbackup: {recipients: ["+id.Recipient().String()+"]}\n")
	workspacetest.CopyTree(t, filepath.Join(s.ws, "keys"), s.keys)
	ws := s.open(t)
	defer ws.Close()
	var all []vault.Entry
	var links []register.Link
	for i := range 3 {
		e := s.entry(ws, i)
		all = append(all, e)
		links = append(links, register.Link{Record: e.Record, Person: workspace.PersonOf(ws.Persons(), e.Subject), Since: "n1"})
	}
	must(t, ws.Vault.Put(t.Context(), "n1", all))
	night, err := ws.Register.Begin(t.Context())
	must(t, err)
	must(t, night.Link(t.Context(), links))
	must(t, night.Commit())
	w, err := ws.State.Create()
	must(t, err)
	_, err = io.WriteString(w, strings.Repeat("what was remembered ", 1000))
	must(t, err)
	_, err = w.Commit("deliveries/one", "")
	must(t, err)
	return s
}

func (s *site) entry(ws *workspace.Workspace, i int) vault.Entry {
	d := ws.SourceTokens()
	return vault.Entry{SourceKey: d.Token("row", fmt.Sprint(i)), Record: d.Token("record", fmt.Sprint(i)), Subject: ws.SubjectIDs().Token("subject", fmt.Sprint(i)),
		Source: "peppi/alumnit", Names: []vault.Fact{{Table: "person", Column: "family_name", Value: "Esimerkki" + fmt.Sprint(i)}}}
}

func (s *site) open(t *testing.T) *workspace.Workspace {
	t.Helper()
	ws, err := workspace.Open(t.Context(), s.ws)
	must(t, err)
	return ws
}

func (s *site) save(t *testing.T, name string) string {
	t.Helper()
	ws := s.open(t)
	defer ws.Close()
	file := filepath.Join(s.dir, name)
	out, err := backup.Create(t.Context(), ws, file, "test", author)
	must(t, err)
	if out.Rows == 0 || out.Parts < 40 || len(out.Digest) != 64 {
		t.Errorf("%+v", out)
	}
	return file
}

func (s *site) options(file, to string) backup.Options {
	return backup.Options{File: file, Identity: s.identity, Keys: s.keys, NobodyErased: true, To: filepath.Join(s.dir, to)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rows gives what the stores hold, without what a backup and a restore note themselves.
func rows(t *testing.T, ws *workspace.Workspace) string {
	t.Helper()
	var out []string
	for _, s := range ws.TokenStores() {
		tables, err := s.DB.Tables(t.Context(), s.DB)
		must(t, err)
		for _, table := range tables {
			if table == "lease" || table == "audit" || table == "audit_head" || strings.HasSuffix(table, "_version") {
				continue
			}
			found, err := s.DB.Queryx("SELECT * FROM `" + table + "`")
			must(t, err)
			for found.Next() {
				values, err := found.SliceScan()
				must(t, err)
				line := s.Name + "." + table
				for _, v := range values {
					if b, ok := v.([]byte); ok {
						v = string(b)
					}
					line += fmt.Sprintf(" %q", fmt.Sprint(v))
				}
				out = append(out, line)
			}
			must(t, found.Err())
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestABackupIsRestored(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		ws := s.open(t)
		want := rows(t, ws)
		must(t, ws.Close())
		file := s.save(t, "one.uoma")
		v, err := backup.Verify(file, s.identity, s.keys)
		if err != nil || v.Rows < 6 || v.Facts["institution"] != "10118" {
			t.Fatalf("%+v %v", v, err)
		}
		o := s.options(file, "restored")
		if on == databasetest.OnMariaDB { // the databases of before are not empty
			if _, err := backup.Restore(t.Context(), o, author); fault.Code(err) != "UOMA-BCK-FULL" {
				t.Errorf("stores that are full: %v", err)
			}
			for _, name := range []string{"register", "vault"} { // new ones, on the same server
				must(t, os.WriteFile(filepath.Join(s.keys, name+".dsn"), []byte(databasetest.OnMariaDB.DSN(t)), 0o600))
			}
		}
		got, err := backup.Restore(t.Context(), o, author)
		must(t, err)
		if got.Rows != v.Rows {
			t.Errorf("restored %d rows of %d", got.Rows, v.Rows)
		}
		s.ws = o.To
		ws = s.open(t)
		defer ws.Close()
		if now := rows(t, ws); now != want {
			t.Errorf("restored:\n%s\nnot\n%s", now, want)
		}
		n := 0
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Names) {
			must(t, err)
			if strings.HasPrefix(e.Names[0].Value, "Esimerkki") {
				n++
			}
		}
		f, err := ws.State.Open("deliveries/one")
		must(t, err)
		text, err := io.ReadAll(f.Reader())
		must(t, err)
		must(t, f.Close())
		if n != 3 || !bytes.HasPrefix(text, []byte("what was remembered")) {
			t.Errorf("%d people open, and the state begins with %.20q", n, text)
		}
		if _, err := backup.Restore(t.Context(), o, author); fault.Code(err) != "UOMA-BCK-THERE" {
			t.Errorf("over what is there: %v", err)
		}
	})
}

// A backup of SQLite is restored into a server, with other settings.
func TestABackupMovesToAServer(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	want := rows(t, ws)
	must(t, ws.Close())
	o := s.options(s.save(t, "one.uoma"), "restored")
	text, err := os.ReadFile(filepath.Join(s.ws, workspace.FileName))
	must(t, err)
	o.Settings = filepath.Join(s.dir, "server.yaml")
	must(t, os.WriteFile(o.Settings, []byte(string(text)+workspacetest.Stores(databasetest.OnMariaDB)), 0o600))
	for _, name := range []string{"register", "vault"} {
		must(t, os.WriteFile(filepath.Join(s.keys, name+".dsn"), []byte(databasetest.OnMariaDB.DSN(t)), 0o600))
	}
	_, err = backup.Restore(t.Context(), o, author)
	must(t, err)
	s.ws = o.To
	ws = s.open(t)
	defer ws.Close()
	if now := rows(t, ws); now != want || ws.RegisterDB.Path != "" {
		t.Errorf("restored:\n%s\nnot\n%s", now, want)
	}
	for e, err := range ws.Vault.Open(t.Context(), nil, vault.Names) {
		must(t, err)
		if len(e.Names) != 1 {
			t.Errorf("%s does not open", e.Subject)
		}
	}
}

// TestThreat_T15_NoKeyInABackup opens a backup and looks for the keys in its bytes, and for plain text in those that are
// kept (METRO-68).
func TestThreat_T15_NoKeyInABackup(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	file := s.save(t, "one.uoma")
	sealed, err := os.ReadFile(file)
	must(t, err)
	all := everything{}
	must(t, all.read(file, s))
	must(t, filepath.WalkDir(s.keys, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".pub") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		secret := bytes.TrimSpace(text)
		secret = secret[len(secret)-30:]
		if bytes.Contains(all.text, secret) || bytes.Contains(sealed, secret) {
			t.Errorf("%s is in the backup", filepath.Base(path))
		}
		return nil
	}))
	if bytes.Contains(sealed, []byte("peppi")) || !bytes.Contains(all.text, []byte("institution:")) {
		t.Error("the backup is not encrypted, or the search finds nothing")
	}
	for _, name := range all.names {
		if strings.HasPrefix(name, "erasures/") || strings.Contains(name, ".db") {
			t.Errorf("%s is in the backup", name)
		}
	}
}

func TestBackupsThatAreRefused(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	file := s.save(t, "one.uoma")
	whole, err := os.ReadFile(file)
	must(t, err)
	for _, at := range []int{0, 10, 200, len(whole) / 2, len(whole) - 1} {
		bad := bytes.Clone(whole)
		bad[at] ^= 1
		must(t, os.WriteFile(file, bad, 0o600))
		if _, err := backup.Verify(file, s.identity, s.keys); fault.Code(err) != "UOMA-BCK-READ" && fault.Code(err) != "UOMA-BCK-CHANGED" {
			t.Errorf("changed at %d: %v", at, err)
		}
	}
	for _, n := range []int{0, 100, len(whole) / 2, len(whole) - 1} {
		must(t, os.WriteFile(file, whole[:n], 0o600))
		if _, err := backup.Restore(t.Context(), s.options(file, "cut"), author); fault.Code(err) != "UOMA-BCK-READ" && fault.Code(err) != "UOMA-BCK-CHANGED" {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	must(t, os.WriteFile(file, whole, 0o600))
	other := newSite(t, databasetest.OnSQLite)
	if _, err := backup.Verify(file, other.identity, s.keys); fault.Code(err) != "UOMA-BCK-READ" {
		t.Errorf("another identity: %v", err)
	}
	if _, err := backup.Verify(file, s.identity, other.keys); fault.Code(err) != "UOMA-DLV-SIGNATURE-KEY" && err == nil {
		t.Errorf("signed by another: %v", err)
	}
	o := s.options(file, "no-book")
	o.NobodyErased = false
	if _, err := backup.Restore(t.Context(), o, author); fault.Code(err) != "UOMA-BCK-BOOK" {
		t.Errorf("without a book: %v", err)
	}
	ws := s.open(t)
	defer ws.Close()
	for path, code := range map[string]string{filepath.Join(s.ws, "in.uoma"): "UOMA-BCK-INSIDE", file: "UOMA-BCK-WRITE"} {
		if _, err := backup.Create(t.Context(), ws, path, "test", author); fault.Code(err) != code {
			t.Errorf("%s: %v", path, err)
		}
	}
	ws.Settings.Backup.Recipients = []string{ws.Keys.Storage().Recipient().String()}
	if _, err := backup.Create(t.Context(), ws, filepath.Join(s.dir, "own"), "test", author); fault.Code(err) != "UOMA-BCK-OWN" {
		t.Errorf("for itself: %v", err)
	}
	ws.Settings.Backup.Recipients = nil
	if _, err := backup.Create(t.Context(), ws, filepath.Join(s.dir, "nobody"), "test", author); fault.Code(err) != "UOMA-BCK-NOBODY" {
		t.Errorf("for nobody: %v", err)
	}
}

// TestThreat_T18_ABackupOpensWithKeysFromShares is the drill of a lost machine: shares give the keys back, and with them and
// the public half of the signing key a backup becomes a workspace in which everybody opens.
func TestThreat_T18_ABackupOpensWithKeysFromShares(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	shares := t.TempDir()
	made, err := custody.Escrow(t.Context(), ws, shares, 3, 2, rand.Reader, author)
	must(t, err)
	must(t, ws.Close())
	file := s.save(t, "one.uoma")
	lost := s.keys
	s.keys = filepath.Join(s.dir, "recovered")
	must(t, os.Mkdir(s.keys, 0o700))
	_, err = custody.Recover(s.keys, made.Files[1:])
	must(t, err)
	for _, name := range []string{"signing", "signing.pub"} { // that key can be replaced; its public half proves the backup
		text, err := os.ReadFile(filepath.Join(lost, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.keys, name), text, 0o600))
	}
	o := s.options(file, "restored")
	_, err = backup.Restore(t.Context(), o, author)
	must(t, err)
	s.ws = o.To
	ws = s.open(t)
	defer ws.Close()
	n := 0
	for e, err := range ws.Vault.Open(t.Context(), nil, vault.Names) {
		must(t, err)
		n += len(e.Names)
	}
	if n != 3 {
		t.Errorf("%d people open", n)
	}
	if _, err := custody.Drill(t.Context(), ws, made.Files[:2], author); err != nil {
		t.Errorf("the drill: %v", err)
	}
}

// child restores, or saves, and sends itself SIGKILL behind a step.
func child(what []string) int {
	dir, file, cutText := what[0], what[1], what[2]
	cut, err := strconv.Atoi(cutText)
	if err != nil {
		return 2
	}
	steps := 0
	o := backup.Options{File: file, Identity: filepath.Join(dir, "backup.key"), Keys: filepath.Join(dir, "key-copy"), Book: filepath.Join(dir, "book.jsonl"),
		To: filepath.Join(dir, "restored"), Step: func(string) error {
			if steps++; steps > cut {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // it does not return
				select {}
			}
			return nil
		}}
	if _, err := backup.Restore(context.Background(), o, author); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestThreat_T25_ARestoreKilledAnywhereBringsNobodyBack restores a backup of before an erasure and a rotation of keys, by
// programs that are killed with SIGKILL behind each step: nothing stands under the folder's name before the erased are gone
// (METRO-68).
func TestThreat_T25_ARestoreKilledAnywhereBringsNobodyBack(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	rotating, err := workspace.OpenRotating(t.Context(), s.ws)
	must(t, err)
	_, err = custody.RotateTokens(t.Context(), rotating, workspace.IndexTokens, 2, author, custody.Options{})
	must(t, err)
	must(t, rotating.Close())
	file := s.save(t, "old.uoma")
	ws := s.open(t)
	gone := s.entry(ws, 1)
	book, err := ws.Erasures()
	must(t, err)
	_, err = book.Append(erasures.Entry{Run: "erase-2026-11-22", Clause: "XAMK-39", Subject: gone.Subject, Person: workspace.PersonOf(ws.Persons(), gone.Subject),
		Records: []string{gone.Record}, Marks: []erasures.Mark{{Kind: "hetu", Token: ws.Suppression().Token("x")}}})
	must(t, err)
	must(t, ws.Close())
	must(t, os.Rename(filepath.Join(s.ws, "erasures/book.jsonl"), filepath.Join(s.dir, "book.jsonl")))
	to := filepath.Join(s.dir, "restored")
	for cut := 0; ; cut++ {
		must(t, os.RemoveAll(to))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{s.dir, file, strconv.Itoa(cut)}, "|"))
		out, err := cmd.CombinedOutput()
		stopped := err != nil
		if stopped && !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			t.Fatalf("cut %d: %v\n%s", cut, err, out)
		}
		if _, err := os.Stat(to); err != nil { // the same command again
			o := s.options(file, "restored")
			o.Book, o.NobodyErased = filepath.Join(s.dir, "book.jsonl"), false
			_, err := backup.Restore(t.Context(), o, author)
			must(t, err)
		}
		restored := &site{dir: s.dir, ws: to}
		ws := restored.open(t)
		var left []string
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Names) {
			must(t, err)
			left = append(left, e.Names[0].Value)
		}
		slices.Sort(left)
		if strings.Join(left, " ") != "Esimerkki0 Esimerkki2" {
			t.Errorf("cut %d: %v", cut, left)
		}
		var links int
		must(t, ws.RegisterDB.Get(&links, "SELECT COUNT(*) FROM `link`"))
		if links != 2 {
			t.Errorf("cut %d: %d links", cut, links)
		}
		must(t, ws.Close())
		if !stopped {
			if cut < 6 {
				t.Errorf("only %d steps", cut)
			}
			return
		}
	}
}

// TestThreat_T18_KeysOfAfterTheBackup restores a backup with a copy of all of keys/ that was made when keys had been rotated
// since: the stores are opened in the epochs that they are in.
func TestThreat_T18_KeysOfAfterTheBackup(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	turn := func(epoch int64) {
		ws, err := workspace.OpenRotating(t.Context(), s.ws)
		must(t, err)
		defer ws.Close()
		_, err = custody.RotateTokens(t.Context(), ws, workspace.IndexTokens, epoch, author, custody.Options{})
		must(t, err)
	}
	files, want := []string{}, []string{}
	for n := range 2 { // in the first epoch there is no file
		if n > 0 {
			turn(2)
		}
		ws := s.open(t)
		want = append(want, rows(t, ws))
		must(t, ws.Close())
		files = append(files, s.save(t, fmt.Sprintf("%d.uoma", n)))
	}
	turn(3)
	must(t, os.RemoveAll(s.keys))
	workspacetest.CopyTree(t, filepath.Join(s.ws, "keys"), s.keys)
	for n, file := range files {
		o := s.options(file, fmt.Sprintf("restored-%d", n))
		_, err := backup.Restore(t.Context(), o, author)
		must(t, err)
		restored := &site{dir: s.dir, ws: o.To}
		ws := restored.open(t)
		if now := rows(t, ws); now != want[n] {
			t.Errorf("of epoch %d: restored\n%s\nnot\n%s", n+1, now, want[n])
		}
		if epoch := ws.Keys.TokenEpoch(workspace.IndexTokens); epoch != int64(n)+1 {
			t.Errorf("the keys are in epoch %d, the stores in %d", epoch, n+1)
		}
		must(t, ws.Close())
	}
}
