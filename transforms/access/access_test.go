package access_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/access"
)

func day(t *testing.T, s string) canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parse(t *testing.T, src string) *access.Operators {
	t.Helper()
	o, err := access.Parse("operators.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const everybody = `operators:
- account: virtanen
  uid: 1001
  roles:
  - {role: registrar, from: 2026-01-01, until: 2026-06-30, duty: the alumni office}
  - {role: survey_office, from: 2026-07-01}
  training: {done: 2025-12-01, valid_until: 2026-11-30}
  secrecy: 2025-11-15
- account: korhonen
  roles: [{role: exam_administrator, from: 2026-01-01}]
  training: {done: 2026-01-10, valid_until: 2027-01-09}
  secrecy: 2026-01-10
- account: nieminen
  roles: [{role: registrar, from: 2026-01-01}]
  secrecy: 2026-01-10
- account: laine
  roles: [{role: registrar, from: 2026-01-01}]
  training: {done: 2026-01-10, valid_until: 2027-01-09}
- account: uoma
  service: true
  roles: [{role: scheduler, from: 2026-01-01}]
processors:
- {recipient: caverion, agreement: D/12/2026, secrecy: 2026-02-01}
`

// TestWhoMayDoWhat asks for personal accounts (XAMK-41, SEAMK-45, METRO-66), for the duty that needs the right and ends it
// (XAMK-42, SEAMK-46, METRO-64, METRO-67, METRO-11), for training (LJMU-62, METRO-65) and for the commitment to secrecy
// (METRO-62).
func TestWhoMayDoWhat(t *testing.T) {
	o := parse(t, everybody)
	for _, q := range []struct {
		account string
		uid     int
		may     access.Permission
		on      string
		code    string
	}{
		{"virtanen", 1001, "values.see", "2026-03-01", ""},
		{"virtanen", 1001, "values.see", "2026-01-01", ""},
		{"virtanen", 1001, "values.see", "2026-06-30", ""},
		{"virtanen", 1001, "values.see", "2026-07-01", "UOMA-ACC-ROLE"}, // the duty has changed
		{"virtanen", 1001, "delivery.send", "2026-06-30", "UOMA-ACC-ROLE"},
		{"virtanen", 1001, "delivery.send", "2026-07-01", ""},
		{"virtanen", 1001, "values.see", "2025-12-31", "UOMA-ACC-ROLE"},        // not yet
		{"virtanen", 1001, "delivery.send", "2026-12-01", "UOMA-ACC-TRAINING"}, // run out
		{"virtanen", 1001, "values.see", "2025-11-30", "UOMA-ACC-TRAINING"},    // to come
		{"virtanen", 1001, "values.see", "2025-11-14", "UOMA-ACC-SECRECY"},     // to come
		{"virtanen", 1002, "values.see", "2026-03-01", "UOMA-ACC-UID"},
		{"virtanen", -1, "values.see", "2026-03-01", "UOMA-ACC-UID"},
		{"root", 0, "workspace.see", "2026-03-01", "UOMA-ACC-STRANGER"},
		{"", -1, "workspace.see", "2026-03-01", "UOMA-ACC-STRANGER"},
		{"korhonen", 1003, access.ApproveRecording, "2026-03-01", ""},
		{"virtanen", 1001, access.ApproveRecording, "2026-03-01", "UOMA-ACC-ROLE"}, // designated administrators alone
		{"korhonen", 1003, "subject.see", "2026-03-01", "UOMA-ACC-ROLE"},
		{"nieminen", 1004, "workspace.see", "2026-03-01", "UOMA-ACC-TRAINING"},
		{"laine", 1005, "workspace.see", "2026-03-01", "UOMA-ACC-SECRECY"},
		{"uoma", 998, access.Scheduled, "2026-03-01", ""},
		{"uoma", 998, access.ScheduledRetention, "2026-03-01", ""},
		{"uoma", 998, access.ScheduledBackup, "2026-03-01", ""},
		{"uoma", 998, "retention.apply", "2026-03-01", "UOMA-ACC-SERVICE"},
		{"uoma", 998, "key.use", "2026-03-01", "UOMA-ACC-SERVICE"},
		{"uoma", 998, "pipeline.run", "2026-03-01", "UOMA-ACC-SERVICE"}, // nobody shares an account
		{"uoma", 998, "workspace.see", "2026-03-01", "UOMA-ACC-SERVICE"},
	} {
		err := o.Decide(access.Account{Name: q.account, UID: q.uid}, q.may, day(t, q.on))
		if fault.Code(err) != q.code || (err != nil) != (q.code != "") {
			t.Errorf("%s (%d), %s on %s: %v, want %q", q.account, q.uid, q.may, q.on, err, q.code)
		}
	}
	if err := o.Decide(access.Account{Name: "laine"}, "workspace.see", day(t, "2026-03-01")); !strings.Contains(err.Error(), "operators.yaml:16:3") {
		t.Errorf("a refusal does not lead to the entry: %v", err)
	}
}

// TestProcessorsAreBound asks for the processors' commitment to secrecy (METRO-62).
func TestProcessorsAreBound(t *testing.T) {
	o := parse(t, everybody)
	for _, q := range []struct{ recipient, on, code string }{
		{"caverion", "2026-02-01", ""}, {"caverion", "2026-01-31", "UOMA-ACC-PROCESSOR"}, {"securitas", "2026-02-01", "UOMA-ACC-PROCESSOR"},
	} {
		if err := o.Bound(q.recipient, day(t, q.on)); fault.Code(err) != q.code {
			t.Errorf("%s on %s: %v", q.recipient, q.on, err)
		}
	}
}

func TestFindingsCarryTheirPlace(t *testing.T) {
	for name, q := range map[string]struct{ src, want string }{
		"no such day":          {"operators:\n- account: a\n  roles: [{role: registrar, from: 2026-02-30}]\n", "UOMA-OPR-DAY operators.yaml:3:35 (operators.0.roles.0.from)"},
		"ends before it began": {"operators:\n- account: a\n  roles: [{role: registrar, from: 2026-02-02, until: 2026-02-01}]\n", "UOMA-OPR-DAY operators.yaml:3:35"},
		"no such training day": {"operators:\n- account: a\n  roles: []\n  training: {done: 2026-01-02, valid_until: 2026-01-01}\n", "UOMA-OPR-DAY operators.yaml:4:20"},
		"one account, two people": {"operators:\n- {account: a, roles: []}\n- {account: a, roles: []}\n",
			"UOMA-OPR-TWICE operators.yaml:3:13"},
		"one number, two people":   {"operators:\n- {account: a, uid: 7, roles: []}\n- {account: b, uid: 7, roles: []}\n", "UOMA-OPR-TWICE operators.yaml:3:13"},
		"a person as a scheduler":  {"operators:\n- {account: a, roles: [{role: scheduler, from: 2026-01-01}]}\n", "UOMA-OPR-SERVICE operators.yaml:2:31"},
		"nobody as a registrar":    {"operators:\n- {account: a, service: true, roles: [{role: registrar, from: 2026-01-01}]}\n", "UOMA-OPR-SERVICE operators.yaml:2:46"},
		"no such role":             {"operators:\n- {account: a, roles: [{role: king, from: 2026-01-01}]}\n", "UOMA-CFG-SCHEMA operators.yaml:2:31"},
		"a key that is none":       {"operators:\n- {account: a, rolls: []}\n", "UOMA-CFG-SCHEMA operators.yaml:2:3"},
		"a processor without days": {"operators: []\nprocessors:\n- {recipient: a, agreement: b}\n", "UOMA-CFG-SCHEMA operators.yaml:3:3"},
	} {
		if _, err := access.Parse("operators.yaml", []byte(q.src)); err == nil || !strings.Contains(err.Error(), q.want) {
			t.Errorf("%s: %v, want %s", name, err, q.want)
		}
	}
}

// TestTheTableOfRoles holds table and schema together, and the duties apart that one person must not have by one role.
func TestTheTableOfRoles(t *testing.T) {
	table := access.Roles()
	known := map[access.Permission]bool{}
	for _, p := range table.Permissions {
		if known[p.ID] || p.Title == "" {
			t.Errorf("%s stands twice, or without words", p.ID)
		}
		known[p.ID] = true
	}
	given := map[access.Permission]bool{}
	for _, r := range table.Roles {
		if !strings.Contains(string(access.Schema()), `"`+r.Role+`"`) {
			t.Errorf("the schema does not know %s", r.Role)
		}
		for _, p := range r.Permissions {
			if given[p] = true; !known[p] {
				t.Errorf("%s has %s, which is none", r.Role, p)
			}
		}
	}
	for p := range known {
		if !given[p] {
			t.Errorf("nobody may %s", p)
		}
	}
	for _, apart := range [][2]access.Permission{{"pipeline.run", "values.see"}, {"key.use", "values.see"}, {"key.use", "reveal.approve"}, {"delivery.send", "subject.see"}} {
		for _, r := range table.Roles {
			if slices.Contains(r.Permissions, apart[0]) && slices.Contains(r.Permissions, apart[1]) {
				t.Errorf("%s has both %s and %s", r.Role, apart[0], apart[1])
			}
		}
	}
	if got := table.Gives("scheduler", "values.see") || table.Gives("", access.Scheduled) || table.Gives("king", access.Scheduled); got {
		t.Error("a role gives what it does not")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everybody))
	if src, err := os.ReadFile("roles.yaml"); err == nil {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		o, err := access.Parse("operators.yaml", src)
		if err != nil {
			return
		}
		for _, x := range o.List {
			for _, p := range o.Permissions(access.Account{Name: x.Account, UID: -1}, 20000) {
				if x.Service && !access.Roles().Gives(access.Service, p) {
					t.Fatalf("an account of no person may %s", p)
				}
			}
		}
	})
}
