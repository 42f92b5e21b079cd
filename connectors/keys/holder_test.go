package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/keys"
	"uoma/internal/fault"
)

// program writes an executable that a command holder starts: the one file of these tests that a shell reads.
func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "holder")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommandHoldsTheKey(t *testing.T) {
	want := bytes.Repeat([]byte{7}, keys.Size)
	text := "UOMA-MASTER-KEY-1 " + base64.StdEncoding.EncodeToString(want)
	m, err := keys.Command{program(t, "echo "+text)}.Read(t.Context())
	if err != nil || !bytes.Equal(m.Key, want) || !m.Root {
		t.Fatal(err)
	}
	if _, err := (keys.Command{"/bin/true"}).Make(t.Context(), rand.Reader); fault.Code(err) != "UOMA-KEY-COMMAND" {
		t.Error(err)
	}
}

// TestThreat_T10_CommandIsNoShell holds that an argument is an argument, and that nothing of our environment goes along.
func TestThreat_T10_CommandIsNoShell(t *testing.T) {
	t.Setenv("CANARY", "canary")
	dir := t.TempDir()
	seen := filepath.Join(dir, "seen")
	echo := program(t, `{ for a in "$@"; do echo "[$a]"; done; /usr/bin/env; pwd; } > `+seen+`; echo UOMA-MASTER-KEY-1 `+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	hostile := []string{"; touch " + dir + "/owned", "$(touch " + dir + "/owned)", "`id`", "a b", "", "--x=*", "\n"}
	if _, err := (keys.Command(append([]string{echo}, hostile...))).Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range hostile {
		if !strings.Contains(string(got), "["+a+"]\n") {
			t.Errorf("the argument %q arrived as another", a)
		}
	}
	if strings.Contains(string(got), "canary") || strings.Contains(string(got), "HOME=") {
		t.Error("the environment went along")
	}
	if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
		t.Error("an argument was run")
	}
}

func TestThreat_T10_CommandsThatAreRefused(t *testing.T) {
	open := program(t, "echo x")
	if err := os.Chmod(open, 0o722); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]keys.Command{
		"a relative path":          {"holder"},
		"no path":                  {},
		"nothing there":            {"/nonexistent/holder"},
		"a folder":                 {"/tmp"},
		"one that others change":   {open},
		"one that fails":           {program(t, "exit 3")},
		"one that says no":         {program(t, "echo secret canary >&2; exit 1")},
		"one that prints too much": {program(t, "head -c 100000 /dev/zero")},
	} {
		_, err := c.Read(t.Context())
		if fault.Code(err) != "UOMA-KEY-COMMAND" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (keys.Command{program(t, "echo nonsense")}).Read(t.Context()); fault.Code(err) != "UOMA-KEY-FORM" {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := (keys.Command{program(t, "/bin/sleep 60 & wait")}).Read(ctx); fault.Code(err) != "UOMA-KEY-COMMAND" {
		t.Error(err)
	}
}
