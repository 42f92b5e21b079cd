package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/transforms/layout"
)

// TestAWorkspacesOwnLayoutGoesFirst: what a command looks at by a name is what a night reads by it.
func TestAWorkspacesOwnLayoutGoesFirst(t *testing.T) {
	a := &app{workspace: t.TempDir()}
	title := func() string {
		l, err := a.namedLayout("peppi")
		if err != nil {
			t.Fatal(err)
		}
		return l.Title
	}
	shipped := title()
	src, err := layout.ShippedSource("peppi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(a.workspace, "layouts")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(src), "title: "+shipped, "title: Our own", 1)
	if err := os.WriteFile(filepath.Join(folder, "peppi.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := title(); got != "Our own" || got == shipped {
		t.Errorf("the layout is %q", got)
	}
	if l, err := a.namedLayout("student-register"); err != nil || l.System != "student-register" {
		t.Errorf("a shipped layout: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "peppi.yaml"), []byte("system: peppi\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.namedLayout("peppi"); err == nil {
		t.Error("a damaged layout of the workspace gives way to the shipped one")
	}
}
