package custody_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const (
	people = 25
	base   = "institution: \"10118\"\nsender: {id: xamk}\n"
	first  = "keys: {master: file:keys/master.key, next: file:keys/master-2.key}\n"
	second = "keys: {master: file:keys/master-2.key}\n"
)

func author() custody.Author { return custody.Author{Actor: "virtanen", At: now} }

// site is a workspace with the identity of some people.
type site struct {
	dir, stores string
}

func newSite(t *testing.T, on databasetest.Kind) *site {
	t.Helper()
	s := &site{filepath.Join(t.TempDir(), "ws"), workspacetest.Stores(on)}
	workspacetest.Init(t, on, s.dir, base+s.stores)
	s.settings(t, first)
	ws := s.open(t)
	defer ws.Close()
	must(t, ws.Vault.Put(t.Context(), "n1", entries(0, people)))
	return s
}

func (s *site) settings(t *testing.T, more string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.dir, "uoma.yaml"), []byte(base+s.stores+more), 0o600))
}

func (s *site) open(t *testing.T) *workspace.Workspace {
	t.Helper()
	ws, err := workspace.Open(t.Context(), s.dir)
	must(t, err)
	return ws
}

func entries(from, to int) (out []vault.Entry) {
	for i := from; i < to; i++ {
		token := fmt.Sprintf("%025d0", i)
		out = append(out, vault.Entry{SourceKey: token, Record: token, Subject: token, Source: "peppi/alumnit",
			Names: []vault.Fact{{Table: "person", Column: "family_name", Value: "Esimerkki" + fmt.Sprint(i)}}})
	}
	return out
}

// readable counts the people whose names open.
func readable(t *testing.T, ws *workspace.Workspace) (n int) {
	t.Helper()
	for e, err := range ws.Vault.Open(t.Context(), nil, vault.Names) {
		must(t, err)
		if e.Names[0].Value != fmt.Sprint("Esimerkki", strings.TrimLeft(e.Subject[:24], "0")+e.Subject[24:25]) {
			t.Errorf("%s has another name", e.Subject)
		}
		n++
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errKilled = errors.New("killed")

// TestThreat_T17_RotationCutOffAnywhere cuts a rotation of the master key off behind each of its steps, reads and writes
// with what is there, and lets it go on: the end is the same.
func TestThreat_T17_RotationCutOffAnywhere(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		cuts := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
		switch {
		case testing.Short():
			cuts = []int{2, 5}
		case on == databasetest.OnMariaDB:
			cuts = []int{2, 4} // adopted, and between two transactions
		}
		for _, cut := range cuts {
			s := newSite(t, on)
			ws := s.open(t)
			tokens := []string{ws.SourceTokens().Token("x"), ws.SubjectIDs().Token("x"), ws.Persons().Token("x"), ws.Suppression().Token("x")}
			steps := 0
			_, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{Batch: 10, Step: func(string) error {
				if steps++; steps > cut {
					return errKilled
				}
				return nil
			}})
			must(t, ws.Close())
			if cut < 9 && !errors.Is(err, errKilled) || cut == 9 && err != nil {
				t.Fatalf("cut %d: %v", cut, err)
			}
			ws = s.open(t)
			if n := readable(t, ws); n != people {
				t.Errorf("cut %d: %d of %d open in between", cut, n, people)
			}
			must(t, ws.Vault.Put(t.Context(), "n2", entries(people-1, people+2))) // a night in between
			must(t, ws.Close())

			ws = s.open(t)
			out, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{Batch: 10})
			must(t, err)
			if !out.Finished || out.Epoch != 2 || out.Left != 0 {
				t.Errorf("cut %d: %+v", cut, out)
			}
			again, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
			must(t, err)
			if again.Rewrapped != 0 || again.Epoch != 2 || !again.Finished {
				t.Errorf("cut %d: a finished rotation again: %+v", cut, again)
			}
			if found, err := ws.VerifyAudit(t.Context()); err != nil || len(found.Faults) != 0 || found.Number < 2 {
				t.Errorf("cut %d: the audit log: %+v %v", cut, found, err)
			}
			must(t, ws.Close())

			// The new key alone opens everything, and nothing that was derived has changed. The old one opens nothing.
			s.settings(t, second)
			ws = s.open(t)
			if n := readable(t, ws); n != people+2 {
				t.Errorf("cut %d: %d of %d open at the end", cut, n, people+2)
			}
			for i, token := range []string{ws.SourceTokens().Token("x"), ws.SubjectIDs().Token("x"), ws.Persons().Token("x"), ws.Suppression().Token("x")} {
				if token != tokens[i] {
					t.Errorf("cut %d: token %d changed", cut, i)
				}
			}
			must(t, ws.Close())
			s.settings(t, "keys: {master: file:keys/master-2.key, next: file:keys/master.key}\n")
			ws = s.open(t)
			if _, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{}); fault.Code(err) != "UOMA-KEY-RETIRED" {
				t.Errorf("cut %d: back to the old key: %v", cut, err)
			}
			must(t, ws.Close())
			s.settings(t, "keys: {master: file:keys/master.key}\n")
			if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-KEY-OTHER" {
				t.Errorf("cut %d: the old key: %v", cut, err)
			}
		}
	})
}

func TestThreat_T17_FailsClosed(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	plan, err := custody.PlanMaster(t.Context(), ws)
	if err != nil || plan.Left != people || plan.Epoch != 2 {
		t.Errorf("a plan: %+v %v", plan, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "keys/master-2.key")); err == nil {
		t.Error("a plan made a key")
	}
	_, err = custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
	must(t, err)
	_, err = custody.RotateDomain(t.Context(), ws, "csc/uraseuranta", 0, false, author(), custody.Options{})
	must(t, err)
	must(t, ws.Close())
	epochs := filepath.Join(s.dir, workspace.EpochsFile)
	text, err := os.ReadFile(epochs)
	must(t, err)
	open := func() error {
		ws, err := workspace.Open(context.Background(), s.dir)
		if err == nil {
			ws.Close()
		}
		return err
	}
	s.settings(t, second)
	must(t, open())
	for name, damaged := range map[string]string{
		"empty": "", "no JSON": "{", "another version": strings.Replace(string(text), `"version": 1`, `"version": 3`, 1),
		"root of another": strings.Replace(string(text), `"2": "`, `"2": "AAAA`, 1),
	} {
		must(t, os.WriteFile(epochs, []byte(damaged), 0o600))
		if err := open(); fault.Code(err) != "UOMA-KEY-EPOCHS" {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.Remove(epochs))
	if err := open(); fault.Code(err) != "UOMA-KEY-EPOCHS" {
		t.Errorf("without the file the key stood for the root: %v", err)
	}
}

func TestThreat_T17_DomainsGetOtherPseudonyms(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	defer ws.Close()
	const name = "csc/uraseuranta"
	pseudonym := func(epoch int64) string {
		d, err := ws.Domain(name, epoch)
		must(t, err)
		return workspace.PersonOf(d, "somebody")
	}
	one := pseudonym(ws.Keys.DomainEpoch(name))
	for _, want := range []int64{2, 2, 3} {
		out, err := custody.RotateDomain(t.Context(), ws, name, want, false, author(), custody.Options{})
		if err != nil || out.Epoch != want || ws.Keys.DomainEpoch(name) != want {
			t.Fatalf("%+v %v", out, err)
		}
	}
	if two, three := pseudonym(2), pseudonym(3); one == two || two == three || one == three || pseudonym(1) != one {
		t.Error("pseudonyms of two epochs agree, or an old epoch changed")
	}
	two := pseudonym(2)
	_, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
	must(t, err)
	must(t, ws.Close())
	s.settings(t, second)
	ws = s.open(t)
	if pseudonym(2) != two || ws.Keys.DomainEpoch(name) != 3 {
		t.Error("a domain's key did not survive the rotation of the master key")
	}
	if _, err := ws.Domain(name, 9); fault.Code(err) != "UOMA-KEY-EPOCHS" {
		t.Errorf("an epoch that never was: %v", err)
	}
	lines, err := ledger.AuditLines(t.Context(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.KeyRotated), Limit: 10})
	if err != nil || len(lines) != 4 || lines[3].Reason != "domain:csc/uraseuranta:2" {
		t.Errorf("%+v %v", lines, err)
	}
	list, err := custody.List(t.Context(), ws)
	if err != nil || len(list) != 5 || list[0].State != "retired" || list[1] != (custody.Line{Key: "master", Epoch: 2, State: "current", ID: list[1].ID, Rows: people}) {
		t.Errorf("%+v %v", list, err)
	}
}

// TestThreat_T21_WhatTheOldKeyWrappedLeavesTheFiles looks for the wrapped keys of before a rotation in every byte of the
// vault's files while they are open.
func TestThreat_T21_WhatTheOldKeyWrappedLeavesTheFiles(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	defer ws.Close()
	var old [][]byte
	must(t, ws.Vault.Wrapped(t.Context(), func(wrapped []byte) { old = append(old, wrapped) }))
	found := func() (n int) {
		for _, name := range []string{"vault.db", "vault.db-wal"} {
			b, err := os.ReadFile(filepath.Join(s.dir, name))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			for _, w := range old {
				if bytes.Contains(b, w[12:]) {
					n++
				}
			}
		}
		return n
	}
	if n := found(); n < people {
		t.Fatalf("the search finds %d of %d even before", n, people)
	}
	_, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
	must(t, err)
	if n := found(); n != 0 { // as it ends, and not when the last program closes the store, which cleans up too
		t.Errorf("%d wrapped keys are still in the files", n)
	}
}

// TestThreat_T17_NoKeyIsRetiredThatIsNeeded lets a program of before the rotation write behind its back: the older key stays until
// nothing is wrapped by it.
func TestThreat_T17_NoKeyIsRetiredThatIsNeeded(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	other := s.open(t)
	defer other.Close()
	ws := s.open(t)
	late := entries(3, 4)
	late[0].SourceKey, late[0].Record, late[0].Subject = late[0].SourceKey[:25]+"1", late[0].Record[:25]+"1", late[0].Subject[:25]+"1"
	written := false
	o := custody.Options{Batch: 10, Step: func(name string) error {
		if name != "rewrapped" || written {
			return nil
		}
		written = true
		return other.Vault.Put(t.Context(), "n2", late)
	}}
	out, err := custody.RotateMaster(t.Context(), ws, author(), o)
	if fault.Code(err) != "UOMA-KEY-LEFT" || out.Left != 1 || out.Finished || slices.ContainsFunc(ws.Keys.Masters(), func(m keys.MasterEpoch) bool { return m.Retired }) {
		t.Fatalf("%+v %v", out, err)
	}
	must(t, ws.Close())
	ws = s.open(t)
	defer ws.Close()
	if out, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{}); err != nil || !out.Finished || out.Rewrapped != 1 {
		t.Errorf("again: %+v %v", out, err)
	}
	if n := readable(t, ws); n != people+1 {
		t.Errorf("%d of %d open", n, people+1)
	}
}
