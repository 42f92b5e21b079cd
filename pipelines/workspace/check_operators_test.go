package workspace_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
	"uoma/transforms/policy"
)

// TestCheckTellsOfOperators warns of a workspace in which everybody may do everything, of operators who may do nothing, and
// finds processors that are not bound to secrecy.
func TestCheckTellsOfOperators(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	settings := strings.NewReplacer(`"10118"`, `"10065"`, "policy: xamk", "policy: metropolia_exam").Replace(string(workspace.Template()))
	must(t, workspace.Init(dir, []byte(settings)))
	pack, _ := policy.Shipped("metropolia_exam")
	write(t, dir+"/policies/metropolia_exam.yaml", strings.ReplaceAll(string(pack), "  processor: true\n", "  processor: true\n  agreement: D/1\n"))
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	asks := func(what, operators, want string) {
		t.Helper()
		if operators != "" {
			write(t, filepath.Join(dir, workspace.OperatorsFile), operators)
		}
		var got []string
		for _, f := range check(t, dir, workspace.CheckOptions{Now: now}) {
			if strings.HasPrefix(f.Code, "UOMA-OPR-") || strings.HasPrefix(f.Code, "UOMA-ACC-") || f.Code == "UOMA-CHK-OPERATORS" ||
				f.Code == "UOMA-CHK-OPERATOR" || f.Code == "UOMA-CHK-TRAINING" || f.Code == "UOMA-CHK-DUTY" {
				got = append(got, string(f.Severity)+" "+f.Code+" "+f.Place.String())
			}
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s: %s\nwant %s", what, s, want)
		}
	}
	bound := "processors:\n- {recipient: caverion, agreement: D/1, secrecy: 2026-01-01}\n- {recipient: securitas, agreement: D/1, secrecy: 2026-01-01}\n" +
		"- {recipient: csc, agreement: D/1, secrecy: 2026-01-01}\n"
	asks("nobody is named", "", "warning UOMA-CHK-OPERATORS ")
	asks("somebody may do nothing", `operators:
- {account: a, roles: [{role: registrar, from: 2026-01-01}], secrecy: 2026-01-01}
- {account: b, roles: [{role: registrar, from: 2026-01-01, until: 2026-11-21}], secrecy: 2026-01-01, training: {done: 2026-01-01, valid_until: 2027-01-01}}
- {account: c, roles: [{role: registrar, from: 2026-01-01}], secrecy: 2026-01-01, training: {done: 2026-01-01, valid_until: 2026-12-21}}
- {account: d, roles: [{role: registrar, from: 2026-01-01}], secrecy: 2026-01-01, training: {done: 2026-01-01, valid_until: 2026-12-22}}
- {account: e, service: true, roles: [{role: scheduler, from: 2026-01-01}]}
`+bound, "warning UOMA-CHK-OPERATOR operators.yaml:2:3 (operators.0); warning UOMA-CHK-DUTY operators.yaml:3:3 (operators.1); "+
		"warning UOMA-CHK-TRAINING operators.yaml:4:3 (operators.2)")
	asks("a processor is not bound", "operators: []\n"+strings.Replace(bound, "securitas", "another", 1), "error UOMA-ACC-PROCESSOR operators.yaml (securitas)")
	agreed, err := policy.Parse("metropolia_exam.yaml", []byte(strings.ReplaceAll(string(pack), "  processor: true\n", "  processor: true\n  agreement: D/1\n")))
	must(t, err)
	waiting, err := policy.Parse("metropolia_exam.yaml", pack)
	must(t, err)
	nobody, err := access.Parse("operators.yaml", []byte("operators: []\n"))
	must(t, err)
	ws := &workspace.Workspace{Operators: nobody}
	if err := ws.Bound(agreed, "securitas", canon.DateOf(now)); fault.Code(err) != "UOMA-ACC-PROCESSOR" {
		t.Errorf("a delivery asks for something else than the check: %v", err)
	}
	if err := ws.Bound(waiting, "securitas", canon.DateOf(now)); err != nil {
		t.Errorf("who has nothing before there is an agreement: %v", err)
	}
	write(t, dir+"/policies/metropolia_exam.yaml", string(pack))
	asks("processors without an agreement have nothing", "operators: []\n", "")
	asks("the file is broken", "operators: [{account: a, roles: []}, {account: a, roles: []}]\n", "error UOMA-OPR-TWICE operators.yaml:1:48 (operators.1.account)")
}
