package outgoing

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/keys"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/connectors/s3/s3test"
	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	remove, err := s3test.Profiles()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := mariadbtest.Run(m)
	remove()
	os.Exit(status)
}

// site is an institution with the committed exports of its systems.
type site struct{ institution, policy, inbox, systems string }

var sites = map[string]site{
	"xamk":  {"10118", "xamk", "../../fixtures/demo/inbox", ""},
	"ljmu":  {"10003957", "ljmu", "../../fixtures/systems", "systems: [raisers-edge, graduway]\n"},
	"nmbu":  {"0192", "nmbu", "../../fixtures/systems", "systems: [mira, fs]\n"},
	"small": {"10118", "xamk", "", ""}, // of a small campus, whose exports a test may change
	"forms": {"02472", "seamk", "", "systems: [hatu, peppi, webforms]\n"},
	"seamk": {"02472", "seamk", "", "systems: [hatu, peppi, reportronic]\n"}, // of a small campus: the committed exports are of others
}

// filled answers what a shipped pack leaves to its controller.
var filled = strings.NewReplacer(
	"needs_assessment: true, clause: [LJMU-30", "needs_assessment: true, assessment: {reference: LIA-1, made: 2023-01-15, review: 2027-12-31}, clause: [LJMU-30",
	"  processor: true\n  clause: [LJMU-55]", "  processor: true\n  agreement: DPA-1\n  clause: [LJMU-55]",
	"  processor: true\n  clause: [NMBU-21, NMBU-22]", "  processor: true\n  agreement: DPA-1\n  clause: [NMBU-21, NMBU-22]",
	"  processor: true\n  clause: [METRO-34", "  processor: true\n  agreement: DPA-1\n  clause: [METRO-34",
	"undecided: true, clause: [SEAMK-49]", "anchor: source_removed, period: P10Y, action: delete, clause: [SEAMK-49]",
	"needs_assessment: true, clause: [SEAMK-11]", "needs_assessment: true, assessment: {reference: LIA-1, made: 2023-01-15, review: 2027-12-31}, clause: [SEAMK-11]",
)

// rig is a workspace after one night of its systems.
type rig struct {
	t    testing.TB
	ws   *workspace.Workspace
	pack *policy.Pack
	key  *age.X25519Identity // of every recipient
	date canon.Date
	now  time.Time
	step func(name string) error
	made int
}

// newRig loads one night. The committed exports of single systems hold mistakes of every kind, for which the night's report
// blocks deliveries: the verdict is written over, as what blocks is tested elsewhere.
func newRig(t testing.TB, on databasetest.Kind, of string) *rig {
	t.Helper()
	return newRigAt(t, on, of, sites[of])
}

// newRigAt is [newRig] of a site that is not listed.
func newRigAt(t testing.TB, on databasetest.Kind, of string, s site) *rig {
	t.Helper()
	if s.inbox == "" {
		s.inbox = campusOf(t, s.policy)
	}
	inbox, err := filepath.Abs(s.inbox)
	r := &rig{t: t, now: time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)}
	r.must(err)
	r.date, err = canon.ParseDate("2026-11-21")
	r.must(err)
	dir := filepath.Join(t.TempDir(), "ws")
	workspacetest.Init(t, on, dir, fmt.Sprintf("institution: %q\npolicy: %s\ninbox: %s\n%stemporary_identifiers: true\nsender: {id: %s}\ntargets: {virta: {transport: encrypted}, mira-persons: {transport: encrypted}, mira-degrees: {transport: encrypted}, axis-deletions: {transport: encrypted}}\n", s.institution, s.policy, inbox, s.systems, of))
	// The same keys each time: rows that bear tokens stand in their order.
	master, storage := filepath.Join(dir, workspace.KeysDir, "master.key"), filepath.Join(dir, workspace.KeysDir, "storage.key")
	r.must(errors.Join(os.Remove(master), os.Remove(storage)))
	r.must(keys.Create(master, storage, mrand.NewChaCha8([32]byte{})))
	src, _ := policy.Shipped(s.policy)
	r.must(os.WriteFile(filepath.Join(dir, workspace.PolicyDir, s.policy+".yaml"), []byte(filled.Replace(string(src))), 0o600))
	if of == "forms" { // a copy that names the institution whose forms are read
		forms, err := layout.ShippedSource("webforms.yaml")
		r.must(err)
		copied := strings.NewReplacer("nmbu.example", s.policy+".example", `"0192"`, strconv.Quote(s.institution)).Replace(string(forms))
		r.must(os.WriteFile(filepath.Join(dir, workspace.LayoutDir, "webforms.yaml"), []byte(copied), 0o600))
	}
	r.ws, err = workspace.Open(ctx, dir)
	r.must(err)
	t.Cleanup(func() { r.must(r.ws.Close()) })
	r.pack, err = r.ws.Policy(r.date)
	r.must(err)
	r.key, err = age.GenerateX25519Identity()
	r.must(err)
	for _, id := range []string{"csc", "mailing-house", "research", "statistics", "local-networks"} {
		r.pin(id)
	}
	r.night()
	return r
}

// campusOf writes the exports of a few people, and gives the folder.
func campusOf(t testing.TB, institution string) string {
	t.Helper()
	dir := t.TempDir()
	out, err := os.OpenRoot(dir)
	if err == nil {
		defer out.Close()
		day, _ := canon.NewDate(2026, 11, 21)
		_, err = campus.Generate(ctx, campus.Options{People: 120, Seed: 3, Out: out, Date: day, Nights: 2, Institution: institution})
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "inbox")
}

// night loads the exports of the rig's date.
func (r *rig) night() {
	r.t.Helper()
	layouts, err := r.ws.Layouts()
	r.must(err)
	run := r.runOf("nightly", false)
	j := r.ws.NewJournal("test", "", r.pack.Digest())
	held, err := j.Hold(ctx, run)
	r.must(err)
	n := nightly.New(r.ws, layouts, r.pack, nightly.InboxOf{Workspace: r.ws}, j.Check)
	defer n.Close()
	_, err = pipelines.Execute(held, run, n.Stages(), j)
	r.must(errors.Join(err, j.Free(ctx)))
	_, err = r.ws.RegisterDB.Exec("UPDATE `stage` SET `facts` = REPLACE(`facts`, '\"verdict\":\"block\"', '\"verdict\":\"warn\"') WHERE `name` = 'report'")
	r.must(err)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// pin pins a recipient with the rig's key.
func (r *rig) pin(id string) {
	r.t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	r.must(err)
	line, err := ssh.NewPublicKey(public)
	r.must(err)
	r.must(os.WriteFile(r.ws.Path(workspace.RecipientDir, id+".yaml"), fmt.Appendf(nil, `id: %s
country: FI
keys: [{key_id: k1, recipient: %s, not_before: 2026-01-01, not_after: 2027-12-31}]
receipt_keys: ['endpoint@%s namespaces="uoma-receipt@1" %s']
approved_by: [one, two]
fingerprint_source: by telephone
`, id, r.key.Recipient(), id, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))), 0o600))
}

type quiet struct{}

func (quiet) Begin(string)              {}
func (quiet) Advance(int64, string)     {}
func (quiet) End(string, time.Duration) {}

func (r *rig) runOf(pipeline string, dry bool) *pipelines.Run {
	return &pipelines.Run{Pipeline: pipeline, Date: r.date, Mode: pipelines.Manual, Dry: dry, Now: func() time.Time { return r.now },
		Log: slog.New(slog.DiscardHandler), Progress: quiet{}}
}

// file makes a fresh process's target.
func (r *rig) file(name string) *File {
	r.t.Helper()
	t, err := r.ws.Target(name)
	r.must(err)
	return r.fileOf(t)
}

func (r *rig) fileOf(t *target.Target) *File {
	r.t.Helper()
	r.made++
	f, err := New(r.ws, t, r.pack, Options{Rand: rand.Reader, Holder: fmt.Sprint("process-", r.made), Step: r.step})
	r.must(err)
	return f
}

// run runs a target with the ledger, as a program does.
func (r *rig) run(name string) (pipelines.Outcome, error) {
	r.t.Helper()
	return r.runIn(ctx, name)
}

func (r *rig) runIn(within context.Context, name string) (pipelines.Outcome, error) {
	r.t.Helper()
	run := r.runOf(name, false)
	j := r.ws.NewJournal("test", "", r.pack.Digest())
	held, err := j.Hold(within, run)
	r.must(err)
	out, err := pipelines.Execute(held, run, r.file(name).Stages(), j)
	r.must(j.Free(ctx))
	return out, err
}

func (r *rig) dry(name string) (pipelines.Outcome, error) {
	r.t.Helper()
	return pipelines.Execute(ctx, r.runOf(name, true), r.file(name).Stages(), workspace.DryJournal{})
}

// sent runs a target and gives the file as the recipient reads it, and what the run says of it.
func (r *rig) sent(name string) (string, SelectFacts, Facts) {
	r.t.Helper()
	out, err := r.run(name)
	r.must(err)
	var sel SelectFacts
	var receipt Facts
	r.must(json.Unmarshal(out.Facts["select"], &sel))
	r.must(json.Unmarshal(out.Facts["receipt"], &receipt))
	return r.read(name, receipt.File), sel, receipt
}

// read opens a file of the recipient's folder, with its key when it is sealed.
func (r *rig) read(of, name string) string {
	r.t.Helper()
	path := r.ws.Path(workspace.OutgoingDir, of, name)
	st, err := os.Stat(path)
	r.must(err)
	if st.Mode().Perm() != 0o600 {
		r.t.Errorf("%s has mode %o", name, st.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	r.must(err)
	if !strings.HasSuffix(name, ".age") {
		return string(raw)
	}
	in, err := age.Decrypt(bytes.NewReader(raw), r.key)
	r.must(err)
	plain, err := io.ReadAll(in)
	r.must(err)
	return string(plain)
}

// listed names the files of a recipient's folder, hidden ones too.
func (r *rig) listed(of string) (out []string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.ws.Path(workspace.OutgoingDir, of))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func (r *rig) deliveries() []outbox.Delivery {
	r.t.Helper()
	all, err := r.ws.Outbox.All(ctx)
	r.must(err)
	return all
}

// says writes a word down by hand about somebody of the register.
func (r *rig) says(person string, said ...rights.Statement) {
	r.t.Helper()
	_, err := rights.Say(ctx, r.ws, r.pack, person, said, rights.Author{By: "dpo", At: r.now, Rand: rand.Reader})
	r.must(err)
}

// erases takes somebody out of both stores, as an erasure does.
func (r *rig) erases(person string) {
	r.t.Helper()
	subject, err := r.ws.Vault.SubjectOf(ctx, person)
	r.must(err)
	night, err := r.ws.Register.Begin(ctx)
	r.must(err)
	defer night.Rollback()
	own, _, err := night.OwnAndShared(ctx, person)
	r.must(err)
	_, err = night.Erase(ctx, own)
	r.must(err)
	r.must(night.Commit())
	_, err = r.ws.Vault.Erase(ctx, []string{subject}, "erasure")
	r.must(err)
}

var restriction = rights.Statement{Kind: register.RestrictionWord, State: register.Stands}
