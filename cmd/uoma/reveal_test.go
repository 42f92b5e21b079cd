package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

// TestThreat_T20_TwoPeopleRevealOne goes the way of a request by the command line, as two people who logged in.
func TestThreat_T20_TwoPeopleRevealOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ws")
	if err := workspace.Init(dir, nil); err != nil {
		t.Fatal(err)
	}
	ws, err := workspace.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	subject := strings.Repeat("0", 26)
	person := workspace.PersonOf(ws.Persons(), subject)
	err = ws.Vault.Put(t.Context(), "n1", []vault.Entry{{SourceKey: subject, Record: subject, Subject: subject, Source: "peppi/alumnit",
		Names: []vault.Fact{{Table: "person", Column: "family_name", Value: "Esimerkki\x1b[2J"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(); err != nil {
		t.Fatal(err)
	}
	uoma := func(who string, args ...string) (out, talk string, err error) {
		var o, e bytes.Buffer
		a := &app{out: &o, err: &e, now: time.Now, account: func() access.Account { return access.Account{Name: who, UID: -1} }}
		root := a.root()
		root.SetArgs(append(args, "-w", dir))
		root.SetOut(&o)
		err = root.ExecuteContext(context.Background())
		return o.String(), e.String(), err
	}
	for _, step := range []struct {
		who, args, code, says string
	}{
		{"virtanen", "reveal request --reason curious --clause X " + person, "UOMA-RVL-ASK", ""},
		{"virtanen", "reveal request --reason request --clause GDPR-15 " + person, "", "1       requested  1       register  request  GDPR-15  virtanen"},
		{"virtanen", "reveal show 1", "UOMA-RVL-STATE", ""},
		{"virtanen", "reveal approve 1", "UOMA-RVL-SELF", ""},
		{"korhonen", "reveal approve 1", "", "korhonen"},
		{"korhonen", "reveal approve 1", "UOMA-RVL-STATE", ""},
		{"korhonen", "reveal show 1", "UOMA-RVL-REQUESTER", ""},
		{"virtanen", "reveal show 1", "", `person.family_name  Esimerkki\x1b[2J`},
		{"virtanen", "reveal show 1", "UOMA-RVL-STATE", ""},
		{"virtanen", "reveal list", "", "shown"},
		{"virtanen", "audit list --verb reveal.approved", "", "1:request:GDPR-15"},
		{"virtanen", "audit verify", "", "3 entries"},
	} {
		out, talk, err := uoma(step.who, strings.Fields(step.args)...)
		if fault.Code(err) != step.code || step.code == "" && (err != nil || !strings.Contains(out, step.says)) {
			t.Errorf("%s: %s: %v\n%s", step.who, step.args, err, out)
		}
		if strings.Contains(out, "Esimerkki") != strings.HasPrefix(talk, "warning: what follows is personal data") {
			t.Errorf("%s: a value without a warning, or the other way", step.args)
		}
	}
}

func TestActorNamesWhoLoggedIn(t *testing.T) {
	a := &app{account: func() access.Account { return access.Account{Name: "virtanen", UID: -1} }}
	for by, want := range map[string]string{"": "virtanen", "virtanen": "virtanen", "korhonen": "korhonen (virtanen)"} {
		if got := a.actor(by); got != want {
			t.Errorf("%q gives %s", by, got)
		}
	}
}

// TestTheAccountIsTheKernels gives who acts by numbers of the kernel and names of the machine's own list. The environment says
// nothing, also where the number is of no account that is listed (XAMK-41, SEAMK-45, METRO-66).
func TestTheAccountIsTheKernels(t *testing.T) {
	t.Setenv("USER", "virtanen")
	t.Setenv("LOGNAME", "virtanen")
	t.Setenv("SUDO_USER", "virtanen")
	const accounts = "root:x:0:0:root:/root:/bin/sh\n# a remark\n::1003:\nvirtanen:x:1001:1001::/home/virtanen:/bin/sh\nother:x:1002:1002::/:\n"
	for _, q := range []struct {
		login   string
		running int
		want    access.Account
	}{
		{"1001\n", 998, access.Account{Name: "virtanen", UID: 1001}},
		{noLogin, 1002, access.Account{Name: "other", UID: 1002}},
		{noLogin, 5000, access.Account{Name: "uid-5000", UID: 5000}},
		{"5000", 1001, access.Account{Name: "uid-5000", UID: 5000}},
		{"0", 1001, access.Account{Name: "root", UID: 0}},
		{"", 1001, access.Account{Name: "virtanen", UID: 1001}}, // a kernel that keeps no login
		{noLogin, 1003, access.Account{Name: "uid-1003", UID: 1003}},
	} {
		if got := accountOf([]byte(q.login), []byte(accounts), q.running); got != q.want {
			t.Errorf("login %q, running as %d: %v, want %v", q.login, q.running, got, q.want)
		}
	}
	if got := accountOf([]byte(noLogin), nil, 5000); got.Name != "uid-5000" {
		t.Errorf("without a list of accounts: %v", got)
	}
	if b, err := os.ReadFile(loginFile); err != nil || strings.TrimSpace(string(b)) == noLogin {
		if got := atKeyboard(); got.UID != os.Getuid() || got.Name == "" {
			t.Errorf("nobody logged in, and the program's user is not named: %v", got)
		}
	}
}
