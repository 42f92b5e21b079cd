package main

import (
	"bytes"
	"context"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
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
		a := &app{out: &o, err: &e, now: time.Now, person: func() string { return who }}
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
	a := &app{person: func() string { return "virtanen" }}
	for by, want := range map[string]string{"": "virtanen", "virtanen": "virtanen", "korhonen": "korhonen (virtanen)"} {
		if got := a.actor(by); got != want {
			t.Errorf("%q gives %s", by, got)
		}
	}
	if b, err := os.ReadFile(loginFile); err == nil && strings.TrimSpace(string(b)) == noLogin {
		if u, err := user.Current(); err != nil || person() != u.Username {
			t.Error("nobody logged in, and the program's user is not named")
		}
	}
}
