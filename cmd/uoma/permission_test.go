package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
	"uoma/transforms/pseudonym"
)

// TestEveryCommandNeedsAPermission walks all commands: each says what it needs, in the terms of the table of roles, and
// nothing in the table opens a command that is not there. Only what touches no workspace's data needs nothing (XAMK-42, METRO-64,
// SEAMK-46).
func TestEveryCommandNeedsAPermission(t *testing.T) {
	a := &app{out: io.Discard, err: io.Discard, now: time.Now}
	needed, seen, asked := needs(), map[string]bool{"uoma help": true}, map[access.Permission]bool{}
	known := map[access.Permission]bool{}
	for _, p := range access.Roles().Permissions {
		known[p.ID] = true
	}
	ask := func(command string, p access.Permission) {
		if asked[p] = true; p != open && !known[p] {
			t.Errorf("%s asks for %s, which no role gives", command, p)
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		path := c.CommandPath()
		n, ok := needed[path]
		if seen[path] = true; !ok {
			t.Errorf("nobody said what %s needs", path)
		}
		ask(path, n.permission)
		for flag, p := range n.flags {
			if ask(path, p); c.Flags().Lookup(flag) == nil {
				t.Errorf("%s has no flag %s", path, flag)
			}
		}
		if c.Flags().Lookup("show-values") != nil && n.flags["show-values"] != "values.see" {
			t.Errorf("%s shows values to whom may not see them", path)
		}
		if c.PersistentPreRunE != nil && c.HasParent() || c.PersistentPreRun != nil {
			t.Errorf("%s takes the place of the check", path)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(a.root())
	for path := range needed {
		if !seen[path] {
			t.Errorf("there is no %s", path)
		}
	}
	for path, p := range unattended() {
		if ask(path, p); !seen[path] {
			t.Errorf("there is no %s", path)
		}
	}
	inside := []access.Permission{access.ApproveReveals} // asked for by what a request holds
	for p := range known {
		if !asked[p] && !slices.Contains(inside, p) {
			t.Errorf("nothing asks for %s", p)
		}
	}
}

// operatorsOf2026 are a workspace's people for tests, in the year 2026.
const operatorsOf2026 = `operators:
- account: virtanen
  roles:
  - {role: registrar, from: 2026-01-01, until: 2026-06-30, duty: the alumni office}
  - {role: lecturer, from: 2026-01-01}
  training: {done: 2025-12-01, valid_until: 2026-12-31}
  secrecy: 2025-12-01
- account: korhonen
  roles: [{role: data_protection_officer, from: 2026-01-01}]
  training: {done: 2025-12-01, valid_until: 2026-12-31}
  secrecy: 2025-12-01
- account: nieminen
  roles: [{role: exam_administrator, from: 2026-01-01}]
  training: {done: 2025-12-01, valid_until: 2026-12-31}
  secrecy: 2025-12-01
- account: laine
  roles: [{role: integration_engineer, from: 2026-01-01}, {role: survey_office, from: 2026-01-01}]
  training: {done: 2025-12-01, valid_until: 2026-12-31}
  secrecy: 2025-12-01
- account: tikka
  roles: [{role: integration_engineer, from: 2026-01-01}]
  training: {done: 2025-12-01, valid_until: 2026-12-31}
  secrecy: 2025-12-01
- account: uoma
  service: true
  roles: [{role: scheduler, from: 2026-01-01}]
`

// keyboard is a workspace at which several people sit, one after the other.
type keyboard struct {
	dir string
	on  time.Time
}

func newKeyboard(t *testing.T, operators string) *keyboard {
	t.Helper()
	k := &keyboard{filepath.Join(t.TempDir(), "ws"), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	if err := workspace.Init(k.dir, nil); err != nil {
		t.Fatal(err)
	}
	k.write(t, workspace.OperatorsFile, operators)
	return k
}

func (k *keyboard) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// uoma runs a command line as somebody.
func (k *keyboard) uoma(who string, args ...string) (string, error) {
	var out, talk bytes.Buffer
	a := &app{out: &out, err: &talk, now: func() time.Time { return k.on }, account: func() access.Account { return access.Account{Name: who, UID: -1} }}
	root := a.root()
	root.SetArgs(append(args, "-w", k.dir))
	root.SetOut(&out)
	root.SetErr(&talk)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

// checksOf gives the kinds of checks in the quality report of a night.
func checksOf(t *testing.T, k *keyboard, date string) (kinds []string) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(k.dir, workspace.ReportDir, "nightly-"+date, "quality.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Checks []struct{ Kind string }
	}
	if err := json.Unmarshal(src, &report); err != nil || len(report.Checks) == 0 {
		t.Fatalf("no checks: %v", err)
	}
	for _, c := range report.Checks {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

type typed struct {
	who, args, code, says string
}

func (k *keyboard) play(t *testing.T, steps []typed) {
	t.Helper()
	for _, s := range steps {
		out, err := k.uoma(s.who, strings.Fields(s.args)...)
		var ended statusError // with what it found
		if fault.Code(err) != s.code || s.code == "" && err != nil && !errors.As(err, &ended) || !strings.Contains(out, s.says) {
			t.Errorf("%s: %s: %v, want %q and %q\n%s", s.who, s.args, err, s.code, s.says, out)
		}
		if refused := strings.HasPrefix(s.code, "UOMA-ACC-"); refused != (exitCode(err) == exitRefused) {
			t.Errorf("%s: %s ends with %d", s.who, s.args, exitCode(err))
		}
	}
}

// TestOperatorsDoWhatTheyMay sits several people down at one workspace: personal accounts alone (XAMK-41, SEAMK-45, METRO-66),
// each within the duty and its days (XAMK-42, SEAMK-46, METRO-64, METRO-67), trained (LJMU-62, METRO-65) and bound to secrecy
// (METRO-62). Every refusal stands in the audit log, and so does every change of the file.
func TestOperatorsDoWhatTheyMay(t *testing.T) {
	k := newKeyboard(t, operatorsOf2026)
	k.play(t, []typed{
		{"virtanen", "runs list", "", ""},
		{"virtanen", "retention review", "", ""},
		{"laine", "retention review", "UOMA-ACC-ROLE", ""},
		{"laine", "quarantine", "", ""},
		{"laine", "quarantine show nightly-2026-03-01 peppi/alumnit 2 --show-values", "UOMA-ACC-ROLE", ""},
		{"laine", "audit list", "", "access.refused"},
		{"virtanen", "audit list", "UOMA-ACC-ROLE", ""},
		{"virtanen", "key rotate master", "UOMA-ACC-ROLE", ""},
		{"mallory", "runs list", "UOMA-ACC-STRANGER", ""},
		{"root", "subject export " + strings.Repeat("0", 26), "UOMA-ACC-STRANGER", ""},
		{"uoma", "run nightly --date 2026-03-01", "UOMA-ACC-SERVICE", ""},
		{"uoma", "runs list", "UOMA-ACC-SERVICE", ""},
		{"uoma", "subject find --show-values", "UOMA-ACC-SERVICE", ""},
		{"uoma", "run nightly --date 2026-03-01 --scheduled --dry-run", "", "computed"},
		{"uoma", "run nightly --date 2026-03-01 --scheduled=false --dry-run", "UOMA-ACC-SERVICE", ""}, // a flag that says no
		{"nieminen", "reveal request --reason request --clause GDPR-15 --recording= " + strings.Repeat("0", 26), "UOMA-ACC-ROLE", ""},
		{"laine", "run nightly --date 2026-03-01 --dry-run", "", "computed"},
		{"virtanen", "run nightly --date 2026-03-01 --dry-run", "UOMA-ACC-ROLE", ""},
		{"tikka", "run nightly --date 2026-03-01 --dry-run", "", "computed"},
		{"tikka", "run career-survey --date 2026-03-01", "UOMA-ACC-ROLE", ""},             // who keeps the program at work does not send
		{"tikka", "run career-survey --date 2026-03-01 --scheduled", "UOMA-ACC-ROLE", ""}, // whatever a flag says
		{"tikka", "run virta --date 2026-03-01", "UOMA-ACC-ROLE", ""},
		{"tikka", "run withdrawals --date 2026-03-01", "UOMA-ACC-ROLE", ""},
		{"tikka", "schedule run withdrawals", "UOMA-ACC-ROLE", ""},
		{"laine", "run withdrawals --date 2026-03-02 --dry-run", "", "computed"},
		{"uoma", "schedule run withdrawals", "", "finished"},
		{"korhonen", "audit list --verb access.refused", "", "delivery.send:UOMA-ACC-ROLE"},
		{"mallory", "operator whoami", "", "mallory"},
		{"virtanen", "operator whoami", "", "values.see"},
		{"mallory", "operator roles", "", "values.see"},
		{"mallory", "operator list", "", "registrar 2026-01-01/2026-06-30"},
		{"korhonen", "audit list --verb access.refused", "", "subject.see:UOMA-ACC-STRANGER"},
		{"korhonen", "breach note access --place peppi --risk none --by laine", "UOMA-ACC-BY", ""},
		{"korhonen", "breach note access --place peppi --risk none --by korhonen", "", "peppi"},
	})
	k.on = k.on.AddDate(0, 4, 0) // virtanen's duty has ended
	k.play(t, []typed{
		{"virtanen", "retention review", "UOMA-ACC-ROLE", ""},
		{"virtanen", "runs list", "UOMA-ACC-ROLE", ""},
	})
	k.on = k.on.AddDate(1, 0, 0) // nobody's training counts any more
	k.play(t, []typed{{"korhonen", "audit list", "UOMA-ACC-TRAINING", ""}})
	k.on = k.on.AddDate(-1, -4, 0)
	k.write(t, workspace.OperatorsFile, strings.ReplaceAll(operatorsOf2026, "secrecy: 2025-12-01", "secrecy: 2026-12-01"))
	k.play(t, []typed{{"korhonen", "audit list", "UOMA-ACC-SECRECY", ""}})
	k.write(t, workspace.OperatorsFile, "operators: [}")
	k.play(t, []typed{{"korhonen", "audit list", "UOMA-CFG-SYNTAX", ""}, {"korhonen", "policy list", "", "xamk"}})
	if err := os.Remove(filepath.Join(k.dir, workspace.OperatorsFile)); err != nil {
		t.Fatal(err)
	}
	k.play(t, []typed{{"anybody", "audit list --verb operators.changed", "", "none"}, {"anybody", "audit verify", "", "0 faults"}})
	out, _ := k.uoma("anybody", "audit", "list", "--verb", "operators.changed", "--json")
	if n := strings.Count(out, `"verb": "operators.changed"`); n != 3 { // named, changed, gone
		t.Errorf("%d changes of the file stand in the audit log\n%s", n, out)
	}
}

// TestValuesOfFilesAreSeenByWhoMay asks of commands that need nothing what others are asked that show values, and notes the look
// where there is a workspace.
func TestValuesOfFilesAreSeenByWhoMay(t *testing.T) {
	k := newKeyboard(t, operatorsOf2026)
	k.write(t, "people.csv", "id,given names,family name,email\n1,Aino,Esimerkki,aino@a.example\n2,Aino,Esimerkki,aino@a.example\n3,Eino,Toinen,eino@b.example\n")
	file := filepath.Join(k.dir, "people.csv")
	clusters := filepath.Join(t.TempDir(), "clusters.csv")
	k.play(t, []typed{
		{"mallory", "resolve " + file + " -q --out " + clusters, "", ""},
		{"laine", "resolve " + file + " -q --out " + clusters + " --golden " + clusters + ".golden", "UOMA-ACC-ROLE", ""},
		{"virtanen", "resolve " + file + " -q --out " + clusters + " --golden " + clusters + ".golden", "", ""},
		{"virtanen", "resolve explain 1 2 " + file, "", ""},
		{"virtanen", "resolve explain 1 2 " + file + " --show-values", "", "Esimerkki"},
		{"laine", "resolve explain 1 2 " + file + " --show-values", "UOMA-ACC-ROLE", ""},
		{"laine", "layout try peppi " + file + " --show-values", "UOMA-ACC-ROLE", ""},
		{"laine", "audit list --verb file.values", "", "resolve-golden"},
		{"laine", "audit list --verb file.values", "", "resolve-explain"},
	})
	if out, _ := k.uoma("laine", "audit", "list", "--verb", "file.values", "--json"); strings.Count(out, `"verb": "file.values"`) != 2 {
		t.Errorf("two looks, and the log has\n%s", out)
	}
}

// TestATargetIsSentByWhoMay asks of targets what is asked of surveys: the permission to send, and the commitment of a recipient that
// is a processor (METRO-62). What is allowed goes on to the gate of quality, which an empty register does not pass.
func TestATargetIsSentByWhoMay(t *testing.T) {
	k := newKeyboard(t, operatorsOf2026)
	k.write(t, workspace.FileName, strings.NewReplacer("policy: xamk", "policy: ljmu").Replace(string(workspace.Template())))
	pack, err := os.ReadFile(filepath.Join("..", "..", "transforms", "policy", "packs", "ljmu.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	k.write(t, filepath.Join("policies", "ljmu.yaml"), strings.Replace(string(pack), "  recipient: mailing_house\n", "  recipient: mailing_house\n  agreement: D/1\n", 1))
	k.play(t, []typed{
		{"tikka", "run mailing-house --date 2026-03-02", "UOMA-ACC-ROLE", ""},
		{"laine", "run mailing-house --date 2026-03-02", "UOMA-ACC-PROCESSOR", ""},
		{"uoma", "run mailing-house --date 2026-03-02 --scheduled", "UOMA-ACC-PROCESSOR", ""},
		{"laine", "run nightly --date 2026-03-02", "", ""},
		{"laine", "run raisers-edge --date 2026-03-02", "UOMA-DLV-QUALITY-GATE", ""}, // the controller's own
		{"tikka", "run raisers-edge --date 2026-03-02", "UOMA-ACC-ROLE", ""},
	})
	k.write(t, workspace.OperatorsFile, operatorsOf2026+"processors: [{recipient: mailing_house, agreement: D/1, secrecy: 2026-01-01}]\n")
	k.play(t, []typed{
		{"laine", "run mailing-house --date 2026-03-02", "UOMA-DLV-QUALITY-GATE", ""},
		{"uoma", "run mailing-house --date 2026-03-02 --scheduled", "UOMA-DLV-QUALITY-GATE", ""},
	})
}

// TestWhoRunsByHand tells by the account who is a person, and by the flag where nobody is named.
func TestWhoRunsByHand(t *testing.T) {
	named, err := access.Parse("operators.yaml", []byte(operatorsOf2026))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct {
		who  string
		of   *access.Operators
		mode pipelines.Mode
		want bool
	}{
		{"uoma", named, pipelines.Nightly, false}, {"uoma", named, pipelines.Manual, false},
		{"tikka", named, pipelines.Nightly, true}, {"tikka", named, pipelines.Manual, true}, {"mallory", named, pipelines.Nightly, true},
		{"tikka", nil, pipelines.Manual, true}, {"tikka", nil, pipelines.Nightly, false},
	} {
		a := &app{account: func() access.Account { return access.Account{Name: q.who, UID: -1} }}
		if got := a.byHand(&workspace.Workspace{Operators: q.of}, q.mode); got != q.want {
			t.Errorf("%s, %s, operators named: %t: %t", q.who, q.mode, q.of != nil, got)
		}
	}
}

// TestOperatorsThatAreDemandedAreThere fails closed: a file that the settings name and that is gone lets nobody in.
func TestOperatorsThatAreDemandedAreThere(t *testing.T) {
	k := newKeyboard(t, operatorsOf2026)
	settings := string(workspace.Template()) + "operators: people.yaml\n"
	k.write(t, workspace.FileName, settings)
	k.play(t, []typed{{"korhonen", "audit list", "UOMA-OPR-ABSENT", ""}})
	if out, err := k.uoma("korhonen", "check"); exitCode(err) != exitFindings || !strings.Contains(out, "UOMA-OPR-ABSENT") {
		t.Errorf("the check: %v\n%s", err, out)
	}
	k.write(t, "people.yaml", operatorsOf2026)
	k.play(t, []typed{{"korhonen", "audit list", "", ""}, {"mallory", "audit list", "UOMA-ACC-STRANGER", ""}})
	if err := os.Chmod(filepath.Join(k.dir, "people.yaml"), 0o620); err != nil {
		t.Fatal(err)
	}
	k.play(t, []typed{{"korhonen", "audit list", "UOMA-OPR-WRITABLE", ""}})
	if err := os.Chmod(filepath.Join(k.dir, "people.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.write(t, workspace.FileName, settings+"roles: {dpo: [mallory]}\n")
	k.play(t, []typed{{"mallory", "reveal list", "UOMA-OPR-ROLES", ""}})
}

// TestThreat_T20_ApproversAreOperators asks that the second person of two is another operator with the role for it, who
// speaks under an account of their own.
func TestThreat_T20_ApproversAreOperators(t *testing.T) {
	k := newKeyboard(t, operatorsOf2026)
	one := strings.Repeat("0", 26)
	many := ""
	for i := range 21 {
		many += fmt.Sprintf(" %025d0", i+1)
	}
	k.play(t, []typed{
		{"virtanen", "reveal request --reason request --clause GDPR-15 " + one, "", "requested"},
		{"virtanen", "reveal request --reason request --clause GDPR-15" + many, "", "requested"},
		{"virtanen", "reveal approve 1", "UOMA-RVL-SELF", ""},
		{"laine", "reveal approve 1", "UOMA-ACC-ROLE", ""},
		{"nieminen", "reveal approve 1", "UOMA-ACC-ROLE", ""},
		{"korhonen", "reveal approve 1", "", "approved"},
		{"korhonen", "reveal approve 2", "", "approved"},
		{"korhonen", "reveal request --reason request --clause GDPR-15" + many, "", "requested"},
		{"virtanen", "reveal approve 3", "UOMA-RVL-DPO", ""},
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "UOMA-RET-PLAN", ""},
		{"virtanen", "operator allow retention --date 2026-03-01 --plan " + nothingDue, "", ""},
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "UOMA-RET-PLAN", ""},
		{"virtanen", "operator allow retention --plan 0f2c", "UOMA-RET-PLAN", ""},
		{"virtanen", "operator allow retention --plan " + nothingDue, "", ""}, // today
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "", "due on 2026-03-02"},
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen --plan 0f2c", "UOMA-RET-PLAN", "due on 2026-03-02"},
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen --plan " + nothingDue, "", "due on 2026-03-02"},
		{"virtanen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "UOMA-ACC-ALONE", ""},
		{"uoma", "retention apply --date 2026-03-02 --dry-run", "", "due on 2026-03-02"}, // nobody attends, and the share is small
		{"uoma", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "UOMA-ACC-SERVICE", ""},
		{"uoma", "backup create --to " + filepath.Join(t.TempDir(), "b.uoma"), "UOMA-BCK-NOBODY", ""},
		{"uoma", "backup verify b.uoma --identity b.key", "UOMA-ACC-SERVICE", ""},
		{"tikka", "backup create --to b.uoma", "UOMA-ACC-ROLE", ""},
		{"laine", "operator allow retention --plan " + nothingDue, "UOMA-ACC-ROLE", ""},
		{"korhonen", "operator allow disclosure " + pseudonym.Shown(one) + " 5500-R-1", "", ""}, // as subject find prints it
		{"korhonen", "audit list --verb act.approved", "", "disclosure:5500-R-1"},
		{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by laine", "UOMA-ACC-ALONE", ""},
		{"korhonen", "audit list --verb act.approved", "", "retention:2026-03-02"},
	})
	k.on = k.on.AddDate(0, 0, 15)
	k.play(t, []typed{{"korhonen", "retention apply --date 2026-03-02 --dry-run --approved-by virtanen", "UOMA-RET-PLAN", ""}})
}

// nothingDue is the digest of a plan that carries nothing out.
const nothingDue = "e3b0c44298fc1c149afbf4c8996fb924"
