package nightly_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// checks is how many inputs a property over whole nights is tried on, on each store, unless -rapid.checks says otherwise: a
// night of a small campus takes a quarter of a second, and each input damages several feeds.
const checks = "5"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		for name, value := range map[string]string{"rapid.checks": checks, "rapid.shrinktime": "10s"} {
			if err := flag.Set(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(runAll(m))
}

// runAll runs the tests and takes away what they share. They make much garbage and keep little: collected less often, a
// night under the race detector takes a fifth less.
func runAll(m *testing.M) int {
	debug.SetGCPercent(400)
	defer program.remove()
	defer prepared.Remove()
	return mariadbtest.Run(m)
}

// open opens the site's workspace until the test ends.
func (s site) open(t testing.TB) *workspace.Workspace {
	t.Helper()
	ws, err := workspace.Open(context.Background(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// at runs f on the open workspace.
func (s site) at(t testing.TB, f func(ws *workspace.Workspace)) {
	t.Helper()
	ws, err := workspace.Open(context.Background(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	f(ws)
}

// attempt runs one night, as a dry run or not, and gives its outcome and its log.
func (s site) attempt(t testing.TB, date canon.Date, dry bool) (out pipelines.Outcome, log string, err error) {
	t.Helper()
	ctx := context.Background()
	open := workspace.Open
	if dry {
		open = workspace.OpenDry
	}
	ws, err := open(ctx, s.dir)
	if err != nil {
		return out, "", err
	}
	defer ws.Close()
	var text bytes.Buffer
	r := newRun(date)
	r.Dry, r.Log = dry, slog.New(slog.NewTextHandler(&text, nil))
	out, err = s.execute(ctx, ws, r)
	return out, text.String(), err
}

func newRun(date canon.Date) *pipelines.Run {
	return &pipelines.Run{Pipeline: "nightly", Date: date, Mode: pipelines.Manual, Actor: "tester", Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Progress: quiet{}}
}

// stopper stops a run when a stage has ended, or at once when it names none.
type stopper struct {
	quiet
	stage string
	stop  context.CancelFunc
}

func (s stopper) Begin(string) {
	if s.stage == "" {
		s.stop()
	}
}

func (s stopper) End(stage string, _ time.Duration) {
	if stage == s.stage {
		s.stop()
	}
}

func (s site) execute(ctx context.Context, ws *workspace.Workspace, r *pipelines.Run) (out pipelines.Outcome, err error) {
	pack, err := ws.Policy(r.Date)
	if err != nil {
		return out, err
	}
	layouts, err := ws.Layouts()
	if err != nil {
		return out, err
	}
	j := ws.NewJournal("test", "", pack.Digest())
	var journal pipelines.Journal = workspace.DryJournal{}
	if !r.Dry {
		if ctx, err = j.Hold(ctx, r); err != nil {
			return out, err
		}
		defer j.Free(context.WithoutCancel(ctx))
		journal = j
	}
	n := nightly.New(ws, layouts, pack, nightly.InboxOf{Workspace: ws}, j.Check)
	defer n.Close()
	return pipelines.Execute(ctx, r, n.Stages(), journal)
}

// documents gives what decides about a night besides its exports.
func documents(t testing.TB, ws *workspace.Workspace, date canon.Date) (*policy.Pack, []*layout.Layout) {
	t.Helper()
	pack, err := ws.Policy(date)
	if err != nil {
		t.Fatal(err)
	}
	layouts, err := ws.Layouts()
	if err != nil {
		t.Fatal(err)
	}
	return pack, layouts
}

// finish runs a night that must end in a state.
func (s site) finish(t testing.TB, date canon.Date, want pipelines.State) pipelines.Outcome {
	t.Helper()
	out, log, err := s.attempt(t, date, false)
	if err != nil || out.State != want {
		t.Fatalf("%s ended %q, not %q: %v\n%s", date, out.State, want, err, log)
	}
	s.rowsAreFound(t)
	return out
}

// rowsAreFound checks that the vault leads from each person to all rows of theirs: it has an entry of every source row of
// which the register has anything, unless the row names a contact point alone or nobody.
func (s site) rowsAreFound(t testing.TB) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		nobodys := map[string]bool{}
		layouts, err := ws.Layouts()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layouts {
			for i := range l.Feeds {
				nobodys[l.Feeds[i].FullName()] = l.Feeds[i].Person.Point != "" || l.Feeds[i].Person.Nobody
			}
		}
		stand := standingOf(t, ws)
		for feed, rows := range stand.all {
			lost := 0
			for key := range rows {
				if !stand.vault[feed][key] {
					lost++
				}
			}
			if lost > 0 && !nobodys[feed] {
				t.Errorf("%d of %d source rows of %s have no entry in the vault", lost, len(rows), feed)
			}
		}
	})
}

// settings writes uoma.yaml anew, with some lines more.
func (s site) settings(t testing.TB, more string) {
	t.Helper()
	write(t, filepath.Join(s.dir, workspace.FileName), []byte(settings+workspacetest.Stores(s.on)+more))
}

// again makes a site with the same keys, over a copy of the exports, and nothing loaded.
func (s site) again(t testing.TB) site {
	t.Helper()
	return s.againIn(t, s.on, t.TempDir())
}

// againIn is again on stores of another kind, and in a folder.
func (s site) againIn(t testing.TB, on databasetest.Kind, dir string) site {
	t.Helper()
	c := siteIn(dir, on)
	workspacetest.CopyTree(t, s.campus, c.campus)
	workspacetest.Init(t, on, c.dir, settings)
	for _, key := range []string{"master.key", "storage.key"} {
		b, err := os.ReadFile(filepath.Join(s.dir, workspace.KeysDir, key))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(c.dir, workspace.KeysDir, key), b)
	}
	return c
}

// copy makes a site in the same state: workspace, stores and exports. Nobody may have the workspace open.
func (s site) copy(t testing.TB) site {
	t.Helper()
	return s.copyTo(t, t.TempDir())
}

func (s site) copyTo(t testing.TB, dir string) site {
	t.Helper()
	c := siteIn(dir, s.on)
	workspacetest.CopyTree(t, s.campus, c.campus)
	workspacetest.Copy(t, s.dir, c.dir)
	return c
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// export names a file of the inbox by its pattern: "peppi/peppi_alumnit_%s.csv".
func (s site) export(pattern string, d canon.Date) string {
	return filepath.Join(s.campus, "inbox", filepath.FromSlash(fmt.Sprintf(pattern, d.Time().Format("20060102"))))
}

// Exports of a night, by the feeds that they hold.
const (
	peppiFile     = "peppi/peppi_alumnit_%s.csv"
	registerFile  = "student-register/opiskelijarekisteri_%s.zip"
	pegasosFile   = "pegasos/PEGASOS_HENKILOT_%s.csv"
	projectFile   = "reportronic/reportronic_projektihenkilot_%s.xlsx"
	projectStaff  = "reportronic/reportronic_henkilosto_%s.xlsx"
	profileFile   = "alumni-portal/alumni_profiles_%s.csv"
	consentFile   = "alumni-portal/alumni_consents_%s.csv"
	crmFile       = "dynamics365/dynamics_contacts_%s.csv"
	crmConsents   = "dynamics365/dynamics_consents_%s.csv"
	linesOfHeader = 1
)

var csvFiles = []string{peppiFile, pegasosFile, profileFile, consentFile, crmFile, crmConsents}

// registerDigest gives the digest of all that the register holds.
func (s site) registerDigest(t testing.TB) (digest string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		var err error
		if digest, err = ws.Register.Digest(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	return digest
}

// identity gives a digest of what the vault holds, opened: who is who and all facts.
func (s site) identity(t testing.TB) (digest string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) { digest = identityOf(t, ws) })
	return digest
}

func identityOf(t testing.TB, ws *workspace.Workspace) string {
	t.Helper()
	h := sha256.New()
	for e, err := range ws.Vault.Open(context.Background(), nil, vault.Everything) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%q %q %q %q\n", e.Subject, e.SourceKey, e.Record, e.Source)
		for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, f := range facts {
				fmt.Fprintf(h, "%q %d %q %q\n", f.Table, f.Seq, f.Column, string(f.Value))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// outcome is everything that a night must leave the same however it came about.
type outcome struct{ register, identity, accounts, quarantine, states string }

func (s site) outcome(t testing.TB, run string) (o outcome) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		ctx := context.Background()
		var err error
		if o.register, err = ws.Register.Digest(ctx); err != nil {
			t.Fatal(err)
		}
		o.identity = identityOf(t, ws)
		accounts, err := ledger.Accounts(ctx, ws.RegisterDB, run)
		if err != nil {
			t.Fatal(err)
		}
		o.accounts = fmt.Sprint(accounts)
		bad, err := ledger.QuarantineOf(ctx, ws.RegisterDB, run, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		o.quarantine = fmt.Sprint(bad)
		for _, name := range workspace.StateFiles("nightly") {
			state, _, err := ledger.FindState(ctx, ws.RegisterDB, "nightly", name)
			if err != nil {
				t.Fatal(err)
			}
			o.states += name + " " + state.Digest + "\n"
		}
	})
	return o
}

// files gives the SHA-256 of every file below a folder whose relative path keep accepts.
func files(t testing.TB, dir string, keep func(path string) bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || keep != nil && !keep(rel) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		out[rel] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// differences names the files that two trees do not share.
func differences(a, b map[string]string) (out []string) {
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if a[n] != b[n] {
			out = append(out, n)
		}
	}
	return out
}

// tables gives every row of every table of both stores as text, the lease apart: it belongs to whoever looks.
func (s site) tables(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	s.at(t, func(ws *workspace.Workspace) {
		for store, db := range map[string]*database.DB{workspacetest.Register: ws.RegisterDB, workspacetest.Vault: ws.VaultDB} {
			for n, rows := range workspacetest.Dump(t, db) {
				if n != "lease" {
					out[store+"."+n] = rows
				}
			}
		}
	})
	return out
}

// sourceRows gives the tokens of the source rows that the register holds, by feed.
func sourceRows(t testing.TB, v *register.View, which register.Which) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	for _, table := range register.Tables() {
		for b, err := range v.Read(context.Background(), table.Name, []string{"source", "source_key"}, which) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				feed := strings.Clone(b.Col(0).Text(i))
				if out[feed] == nil {
					out[feed] = map[string]bool{}
				}
				out[feed][strings.Clone(b.Col(1).Text(i))] = true
			}
		}
	}
	return out
}

// counts gives the register's current rows by table, as text.
func (s site) counts(t testing.TB) (text string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		counts, err := ws.Register.Counts(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			text += fmt.Sprintf("%s %d\n", name, counts[name].Current)
		}
	})
	return text
}
