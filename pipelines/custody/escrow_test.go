package custody_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

// codes gives what a check of the workspace finds at a time.
func (s *site) codes(t *testing.T, at time.Time) (out []string) {
	t.Helper()
	found, err := workspace.Check(t.Context(), s.dir, workspace.CheckOptions{Now: at})
	must(t, err)
	for _, f := range found {
		out = append(out, f.Code)
	}
	return out
}

// TestThreat_T18_WhatLiesInTheWorkspace follows links, and does not take a folder beside the workspace for one in it.
func TestThreat_T18_WhatLiesInTheWorkspace(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	beside, link, out := s.dir+"-beside", filepath.Join(t.TempDir(), "link"), filepath.Join(s.dir, "out")
	must(t, os.Mkdir(beside, 0o700))
	must(t, os.Symlink(filepath.Join(s.dir, "keys"), link))
	must(t, os.Symlink(t.TempDir(), out))
	for dir, want := range map[string]bool{s.dir: true, filepath.Join(s.dir, "keys"): true, link: true, out: false, beside: false, filepath.Dir(s.dir): false} {
		if got, err := custody.Inside(ws, dir); got != want || err != nil {
			t.Errorf("%s: %v, %v", dir, got, err)
		}
	}
	if _, err := custody.Escrow(t.Context(), ws, s.dir+"-none", 5, 3, rand.Reader, author()); fault.Code(err) != "UOMA-KEY-INSIDE" {
		t.Errorf("shares in a folder that is not there: %v", err)
	}
}

// TestThreat_T18_LostKeysComeBackFromShares makes shares, proves them, loses the keys, and restores them.
func TestThreat_T18_LostKeysComeBackFromShares(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	if _, err := custody.Escrow(t.Context(), ws, filepath.Join(s.dir, "keys"), 5, 3, rand.Reader, author()); fault.Code(err) != "UOMA-KEY-INSIDE" {
		t.Errorf("shares in the workspace: %v", err)
	}
	out := t.TempDir()
	made, err := custody.Escrow(t.Context(), ws, out, 5, 3, rand.Reader, author())
	must(t, err)
	if len(made.Files) != 5 {
		t.Fatalf("%+v", made)
	}
	some := []string{made.Files[4], made.Files[0], made.Files[2]}
	if _, err := custody.Drill(t.Context(), ws, some[:2], author()); fault.Code(err) != "UOMA-KEY-FEW" {
		t.Errorf("two of three: %v", err)
	}
	_, err = custody.Drill(t.Context(), ws, some, author())
	must(t, err)
	must(t, ws.Close())

	// The drill holds good for a year.
	if slices.Contains(s.codes(t, now.AddDate(0, 11, 0)), "UOMA-CHK-DRILL") {
		t.Error("a warning after 11 months")
	}
	if !slices.Contains(s.codes(t, now.AddDate(0, 13, 0)), "UOMA-CHK-DRILL") {
		t.Error("no warning after 13 months")
	}

	for _, name := range []string{"master.key", "storage.key"} {
		must(t, os.Remove(filepath.Join(s.dir, "keys", name)))
	}
	if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-KEY-READ" {
		t.Fatalf("without keys: %v", err)
	}
	if _, err := custody.Recover(filepath.Join(s.dir, "keys"), some); err != nil {
		t.Fatal(err)
	}
	ws = s.open(t)
	if n := readable(t, ws); n != people {
		t.Errorf("%d of %d open", n, people)
	}

	// A rotation makes them stale.
	_, err = custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
	must(t, err)
	if _, err := custody.Drill(t.Context(), ws, some, author()); fault.Code(err) != "UOMA-KEY-STALE" {
		t.Errorf("shares of the old key: %v", err)
	}
	must(t, ws.Close())
	for _, code := range []string{"UOMA-CHK-ESCROW", "UOMA-CHK-KEY-MOVE"} {
		if !slices.Contains(s.codes(t, now), code) {
			t.Errorf("no %s after the rotation", code)
		}
	}
}
