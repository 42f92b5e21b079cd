package workspace_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/policy"
)

// now is the moment at which the tests check: noon of the night's date.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const settings = `institution: "10118"
sender: {id: xamk}
`

type quiet struct{}

func (quiet) Begin(string)              {}
func (quiet) Advance(int64, string)     {}
func (quiet) End(string, time.Duration) {}

// prepared are workspaces after their first night.
var prepared workspacetest.Prepared[databasetest.Kind]

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

// runAll runs the tests and takes away what they share.
func runAll(m *testing.M) int {
	defer prepared.Remove()
	return mariadbtest.Run(m)
}

// loaded gives a workspace after its first night.
func loaded(t *testing.T, on databasetest.Kind) string {
	t.Helper()
	whole := prepared.Folder(t, on, func(dir string) { load(t, on, filepath.Join(dir, "campus")) })
	dir := filepath.Join(t.TempDir(), "campus")
	workspacetest.Copy(t, filepath.Join(whole, "campus"), dir)
	return dir
}

func load(t *testing.T, on databasetest.Kind, dir string) {
	t.Helper()
	ctx := context.Background()
	workspacetest.Init(t, on, dir, settings)
	out, err := os.OpenRoot(dir)
	must(t, err)
	defer out.Close()
	day := canon.DateOf(now)
	_, err = campus.Generate(ctx, campus.Options{People: 120, Seed: 7, Out: out, Date: day, Nights: 1})
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(dir, "truth")))
	ws, err := workspace.Open(ctx, dir)
	must(t, err)
	defer ws.Close()
	pack, err := ws.Policy(day)
	must(t, err)
	layouts, err := ws.Layouts()
	must(t, err)
	r := &pipelines.Run{Pipeline: "nightly", Date: day, Mode: pipelines.Manual, Now: func() time.Time { return now.Add(-time.Hour) },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Progress: quiet{}}
	j := ws.NewJournal("test", "", pack.Digest())
	held, err := j.Hold(ctx, r)
	must(t, err)
	defer j.Free(ctx)
	n := nightly.New(ws, layouts, pack, nightly.InboxOf{Workspace: ws}, j.Check)
	defer n.Close()
	_, err = pipelines.Execute(held, r, n.Stages(), j)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, dir string, o workspace.CheckOptions) []workspace.Finding {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = now
	}
	found, err := workspace.Check(context.Background(), dir, o)
	must(t, err)
	return found
}

func problems(found []workspace.Finding) []string {
	var out []string
	for _, f := range found {
		if f.Severity != workspace.Note && f.Code != "UOMA-CHK-OPERATORS" { // TestCheckTellsOfOperators has it
			out = append(out, string(f.Severity)+" "+f.Code)
		}
	}
	return slices.Compact(out)
}

// asked are the options of a check that looks into stores of a kind.
func asked(on databasetest.Kind) workspace.CheckOptions {
	return workspace.CheckOptions{Connect: on != databasetest.OnSQLite}
}

// first gives the first file of a folder and its subfolders.
func first(t *testing.T, dir string) string {
	t.Helper()
	var found string
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && found == "" && !d.IsDir() {
			found = path
		}
		return err
	}))
	return found
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestCheckFindsNothingWrong(t *testing.T) {
	t.Run("new workspace", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ws")
		must(t, workspace.Init(dir, nil))
		for _, f := range check(t, dir, workspace.CheckOptions{}) {
			if f.Severity == workspace.Error {
				t.Errorf("%+v", f)
			}
		}
	})
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		if p := problems(check(t, loaded(t, on), asked(on))); len(p) > 0 {
			t.Errorf("found %q", p)
		}
	})
}

// TestCheckChangesNothing compares every byte, mode and time below the workspace, and every row, before and after.
func TestCheckChangesNothing(t *testing.T) {
	t.Run("new", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ws")
		must(t, workspace.Init(dir, nil))
		unchanged(t, dir, func() { check(t, dir, workspace.CheckOptions{}) })
	})
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		dir := loaded(t, on)
		before := everyRow(t, dir)
		unchanged(t, dir, func() { check(t, dir, asked(on)) })
		if !maps.Equal(before, everyRow(t, dir)) {
			t.Error("a check changed a row")
		}
	})
}

func unchanged(t *testing.T, dir string, f func()) {
	t.Helper()
	before := listing(t, dir)
	f()
	if after := listing(t, dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func everyRow(t *testing.T, dir string) map[string]string {
	t.Helper()
	ws, err := workspace.Open(context.Background(), dir)
	must(t, err)
	defer ws.Close()
	out := workspacetest.Dump(t, ws.RegisterDB)
	maps.Copy(out, workspacetest.Dump(t, ws.VaultDB))
	return out
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprint(&b, path, " ", info.Mode(), " ", info.ModTime().UnixNano())
		if !d.IsDir() {
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(src))
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}

// harm is one thing that is broken, and what the check must say of it.
type harm struct {
	name string
	want string // severity and code
	do   func(t *testing.T, dir string)
}

func (h harm) test(t *testing.T, on databasetest.Kind) {
	t.Run(h.name, func(t *testing.T) {
		dir := loaded(t, on)
		h.do(t, dir)
		if p := problems(check(t, dir, asked(on))); !slices.Contains(p, h.want) {
			t.Errorf("found %q, want %s", p, h.want)
		}
	})
}

// TestCheckFinds breaks one thing at a time of what is the same whatever the stores are, and the stores' own files.
func TestCheckFinds(t *testing.T) {
	for _, h := range []harm{
		{"settings missing", "error UOMA-WSP-ABSENT", func(t *testing.T, d string) { must(t, os.Remove(d+"/uoma.yaml")) }},
		{"settings misspelt", "error UOMA-CFG-SCHEMA", func(t *testing.T, d string) { write(t, d+"/uoma.yaml", settings+"inboks: x\n") }},
		{"zone unknown", "error UOMA-WSP-ZONE", func(t *testing.T, d string) { write(t, d+"/uoma.yaml", settings+"zone: Europe/Nowhere\n") }},
		{"system unknown", "error UOMA-WSP-SYSTEM", func(t *testing.T, d string) { write(t, d+"/uoma.yaml", settings+"systems: [peppi, moodle]\n") }},
		{"policy unknown", "error UOMA-WSP-POLICY", func(t *testing.T, d string) { write(t, d+"/uoma.yaml", settings+"policy: other\n") }},
		{"folder writable", "error UOMA-CHK-WRITABLE", func(t *testing.T, d string) { must(t, os.Chmod(d, 0o770)) }},
		{"layout writable", "error UOMA-CHK-WRITABLE", func(t *testing.T, d string) { must(t, os.Chmod(d+"/layouts", 0o720)) }},
		{"inbox for everybody", "error UOMA-CHK-WRITABLE", func(t *testing.T, d string) { must(t, os.Chmod(d+"/inbox", 0o702)) }},
		{"key readable", "error UOMA-CHK-KEY-READABLE", func(t *testing.T, d string) { must(t, os.Chmod(d+"/keys/master.key", 0o640)) }},
		{"register readable", "error UOMA-CHK-READABLE", func(t *testing.T, d string) { must(t, os.Chmod(d+"/register.db", 0o644)) }},
		{"snapshot readable", "warning UOMA-CHK-READABLE", func(t *testing.T, d string) { must(t, os.Chmod(first(t, d+"/snapshots"), 0o604)) }},
		{"master key gone", "error UOMA-KEY-READ", func(t *testing.T, d string) { must(t, os.Remove(d+"/keys/master.key")) }},
		{"storage key edited", "error UOMA-KEY-FORM", func(t *testing.T, d string) { write(t, d+"/keys/storage.key", "x") }},
		{"signing key edited", "error UOMA-DLV-KEY-FILE", func(t *testing.T, d string) { write(t, d+"/keys/signing", "x") }},
		{"key under a second name", "warning UOMA-CHK-PARTIAL", func(t *testing.T, d string) {
			must(t, os.Link(d+"/keys/master.key", d+"/keys/master.key.7.partial"))
		}},
		{"layout broken", "error UOMA-CFG-SCHEMA", func(t *testing.T, d string) { write(t, d+"/layouts/peppi.yaml", "system: peppi\n") }},
		{"pipeline broken", "error UOMA-CFG-SCHEMA", func(t *testing.T, d string) { write(t, d+"/pipelines/mine.yaml", "pipeline: mine\n") }},
		{"policy without effect", "warning UOMA-POL-LEAST", func(t *testing.T, d string) {
			src, _ := policy.Shipped("xamk")
			write(t, d+"/policies/mine.yaml", strings.Replace(string(src), "form: personal", "form: personal\n  least: 12", 1))
		}},
		{"policy broken", "error UOMA-CFG-SCHEMA", func(t *testing.T, d string) { write(t, d+"/policies/mine.yaml", "id: mine\n") }},
		{"inbox missing", "error UOMA-CHK-INBOX", func(t *testing.T, d string) { must(t, os.RemoveAll(d+"/inbox")) }},
		{"system folder missing", "warning UOMA-CHK-INBOX-SYSTEM", func(t *testing.T, d string) { must(t, os.RemoveAll(d+"/inbox/peppi")) }},
		{"export missing", "warning UOMA-CHK-INBOX-NONE", func(t *testing.T, d string) { must(t, os.Remove(first(t, d+"/inbox/peppi"))) }},
		{"file of no feed", "warning UOMA-CHK-INBOX-NAME", func(t *testing.T, d string) { write(t, d+"/inbox/peppi/peppi_alumni_20261122.csv", "") }},
		{"link in the inbox", "warning UOMA-LND-KIND", func(t *testing.T, d string) { must(t, os.Symlink("/etc/hosts", d+"/inbox/peppi/x.csv")) }},
		{"register damaged", "error UOMA-CHK-STORE-DAMAGED", func(t *testing.T, d string) {
			write(t, d+"/register.db", strings.Repeat("not a database ", 400))
		}},
		{"register never used", "warning UOMA-CHK-STORE-OLD", func(t *testing.T, d string) { write(t, d+"/register.db", "") }},
		{"recipient broken", "error UOMA-CFG-SCHEMA", func(t *testing.T, d string) { write(t, d+"/recipients/csc.yaml", "id: csc\n") }},
	} {
		h.test(t, databasetest.OnSQLite)
	}
}

// TestCheckFindsInStores breaks one thing at a time of what the stores hold and name.
func TestCheckFindsInStores(t *testing.T) {
	harms := []harm{
		{"register of a later release", "error UOMA-DBS-NEWER", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Register, "INSERT INTO ledger_version (version_id, is_applied) VALUES (999, 1)")
		}},
		{"run left", "warning UOMA-CHK-RUN-LEFT", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Register, "UPDATE run SET state = 'running'", "UPDATE lease SET holder = 'x', expires_at = 1")
		}},
		{"run failed", "warning UOMA-CHK-RUN-FAILED", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Register, "UPDATE run SET state = 'failed'")
		}},
		{"run in part", "warning UOMA-CHK-RUN-PARTIAL", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Register, "UPDATE run SET state = 'partial'")
		}},
		{"row lost", "error UOMA-CHK-BALANCE", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Register, "UPDATE account SET loaded = loaded + 1 WHERE feed = 'peppi/alumnit'")
		}},
		{"snapshot gone", "error UOMA-CHK-SNAPSHOT", func(t *testing.T, d string) { must(t, os.Remove(first(t, d+"/snapshots"))) }},
		{"snapshot damaged", "error UOMA-CHK-SNAPSHOT", func(t *testing.T, d string) { flip(t, first(t, d+"/snapshots")) }},
		{"state gone", "error UOMA-CHK-STATE", func(t *testing.T, d string) { must(t, os.RemoveAll(d+"/state")) }},
		{"state damaged", "error UOMA-CHK-STATE", func(t *testing.T, d string) { flip(t, first(t, d+"/state")) }},
		{"half-written file", "warning UOMA-CHK-PARTIAL", func(t *testing.T, d string) { write(t, d+"/snapshots/1-1.partial", "x") }},
		{"links gone", "error UOMA-CHK-LINK", func(t *testing.T, d string) { workspacetest.Exec(t, d, workspacetest.Register, "DELETE FROM link") }},
		{"vault of another night", "error UOMA-CHK-IDENTITY", func(t *testing.T, d string) { workspacetest.Exec(t, d, workspacetest.Vault, "DELETE FROM identity") }},
		{"subject without key", "error UOMA-CHK-IDENTITY", func(t *testing.T, d string) { workspacetest.Exec(t, d, workspacetest.Vault, "DELETE FROM subject") }},
		{"vault of another workspace", "error UOMA-KEY-UNWRAP", func(t *testing.T, d string) {
			workspacetest.Exec(t, d, workspacetest.Vault, "UPDATE subject SET wrapped_key = X'"+strings.Repeat("00", 60)+"'")
		}},
		{"delivery left", "warning UOMA-CHK-DELIVERY", func(t *testing.T, d string) { deliver(t, d, outbox.Prepared, now.AddDate(0, 0, 1)) }},
		{"delivery late", "error UOMA-CHK-DELIVERY-LATE", func(t *testing.T, d string) { deliver(t, d, outbox.Sent, now.AddDate(0, 0, -1)) }},
		{"delivery without its file", "error UOMA-CHK-DELIVERY-FILE", func(t *testing.T, d string) { deliver(t, d, outbox.Encrypted, now.AddDate(0, 0, 1)) }},
		{"delivery rejected", "error UOMA-CHK-DELIVERY-REJECTED", func(t *testing.T, d string) { deliver(t, d, outbox.Rejected, now) }},
	}
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		for _, h := range harms {
			h.test(t, on)
		}
	})
}

// flip changes one byte in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(path, b, 0o600))
}

// deliver enters a delivery into the ledger as if its run had been killed.
func deliver(t *testing.T, dir string, state outbox.State, notAfter time.Time) {
	t.Helper()
	ctx := context.Background()
	ws, err := workspace.Open(ctx, dir)
	must(t, err)
	defer ws.Close()
	chain := outbox.Chain{Sender: "xamk", Recipient: "csc", Dataset: "uraseuranta"}
	l, err := ws.Outbox.Take(ctx, chain, "test", now)
	must(t, err)
	d := &outbox.Delivery{ID: "0192f0c1-5d3e-7c1a-9f00-000000000001", Pipeline: "career-survey", Chain: chain, Kind: parcel.Full, State: outbox.Prepared,
		NotAfter: notAfter, CreatedAt: now, UpdatedAt: now}
	must(t, l.Insert(ctx, d))
	if state != outbox.Prepared {
		d.State, d.Sequence = state, 1
		must(t, l.Save(ctx, d, outbox.Prepared, now))
	}
	must(t, l.Release(ctx))
}

// TestCheckBesideARun finds a run at work, and takes nothing that belongs to it for a leftover.
func TestCheckBesideARun(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ctx := context.Background()
		dir := loaded(t, on)
		ws, err := workspace.Open(ctx, dir)
		must(t, err)
		defer ws.Close()
		_, err = ledger.Acquire(ctx, ws.RegisterDB, "run/nightly", "test", now)
		must(t, err)
		_, err = ledger.Start(ctx, ws.RegisterDB, ledger.Run{ID: "nightly-2026-11-23", Pipeline: "nightly", LogicalDate: "2026-11-23", Mode: "manual", Facts: "{}"}, now)
		must(t, err)
		write(t, dir+"/snapshots/1-1.partial", "x")
		found := check(t, dir, asked(on))
		if p := problems(found); len(p) > 0 {
			t.Errorf("found %q", p)
		}
		if !slices.ContainsFunc(found, func(f workspace.Finding) bool { return f.Code == "UOMA-CHK-BUSY" }) {
			t.Error("the run at work is not mentioned")
		}
	})
}

// TestThreat_T21_AKeyHasOneNameInAWorkspace that was opened: of a key that is there nothing is left but itself.
func TestThreat_T21_AKeyHasOneNameInAWorkspace(t *testing.T) {
	dir := loaded(t, databasetest.OnSQLite)
	for _, key := range []string{"master.key", "storage.key"} {
		must(t, os.Link(dir+"/keys/"+key, dir+"/keys/"+key+".7.partial"))
	}
	ws, err := workspace.Open(context.Background(), dir)
	must(t, err)
	must(t, ws.Close())
	if left, err := filepath.Glob(dir + "/keys/*.partial"); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestCheckSpace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, nil))
	for free, want := range map[uint64]string{1 << 40: "", 1 << 30: "warning UOMA-CHK-SPACE-SOON", 1 << 20: "error UOMA-CHK-SPACE"} {
		p := problems(check(t, dir, workspace.CheckOptions{Free: func(string) (uint64, error) { return free, nil }}))
		if want != "" && !slices.Contains(p, want) || want == "" && slices.ContainsFunc(p, func(s string) bool { return strings.Contains(s, "SPACE") }) {
			t.Errorf("with %d bytes free: %q, want %q", free, p, want)
		}
	}
}

// TestCheckRecipient pins a real endpoint, dials it, and lets its keys and our certificate grow old.
func TestCheckRecipient(t *testing.T) {
	rig := endpointtest.New(t, nil)
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, []byte(settings)))
	for from, to := range map[string]string{"ca.crt": "recipients/ca.crt", "client.crt": "keys/client.crt", "client.key": "keys/client.key"} {
		src, err := os.ReadFile(rig.Bundle(from))
		must(t, err)
		write(t, filepath.Join(dir, to), string(src))
	}
	pin, err := os.ReadFile(rig.Bundle("csc.yaml"))
	must(t, err)
	write(t, dir+"/recipients/csc.yaml", strings.Replace(string(pin), "https://localhost", "https://"+rig.Addr, 1))

	today := time.Now()
	errorsAt := func(at time.Time, connect bool) []string {
		return slices.DeleteFunc(problems(check(t, dir, workspace.CheckOptions{Now: at, Connect: connect})), func(s string) bool { return strings.Contains(s, "INBOX") })
	}
	if p := errorsAt(today, true); len(p) > 0 {
		t.Errorf("a pinned recipient that answers: %q", p)
	}
	for _, c := range []struct {
		days int
		want []string
	}{
		{380, []string{"warning UOMA-DLV-RECIPIENT-EXPIRES", "warning UOMA-CHK-CERTIFICATE-ENDS"}},
		{400, []string{"error UOMA-DLV-RECIPIENT-EXPIRED", "error UOMA-CHK-CERTIFICATE-ENDED"}},
	} {
		if p := errorsAt(today.AddDate(0, 0, c.days), false); !slices.Equal(p, c.want) {
			t.Errorf("after %d days: %q, want %q", c.days, p, c.want)
		}
	}
	write(t, dir+"/uoma.yaml", strings.Replace(settings, "xamk", "laurea", 1))
	if p := errorsAt(today, false); !slices.Equal(p, []string{"error UOMA-CHK-CERTIFICATE-SENDER"}) {
		t.Errorf("another sender's certificate: %q", p)
	}
	must(t, os.Remove(dir+"/keys/client.key"))
	if p := errorsAt(today, false); !slices.Equal(p, []string{"error UOMA-CHK-CERTIFICATE"}) {
		t.Errorf("no key: %q", p)
	}
	write(t, dir+"/uoma.yaml", settings)
	src, err := os.ReadFile(rig.Bundle("client.key"))
	must(t, err)
	write(t, dir+"/keys/client.key", string(src))
	rig.Stop()
	if p := errorsAt(today, true); !slices.Equal(p, []string{"error UOMA-DLV-NETWORK"}) {
		t.Errorf("an endpoint that is not there: %q", p)
	}
}

// TestCheckHoldsNoValue looks for values of people in everything that a check of a broken workspace prints.
func TestCheckHoldsNoValue(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		dir := loaded(t, on)
		canary := make([]byte, 8)
		_, err := rand.Read(canary)
		must(t, err)
		secret := fmt.Sprintf("canary%x", canary)
		workspacetest.Exec(t, dir, workspacetest.Register, "DELETE FROM link", "UPDATE person SET title = '"+secret+"'")
		write(t, dir+"/keys/master.key", secret)
		if text := fmt.Sprintf("%+v", check(t, dir, asked(on))); strings.Contains(text, secret) {
			t.Error("a finding holds a value")
		}
	})
}
