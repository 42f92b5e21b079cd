package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestThreat_T19_NoDumpOfTheMemory asks a child of the program, which takes over its limits.
func TestThreat_T19_NoDumpOfTheMemory(t *testing.T) {
	forbidCores()
	out, err := exec.Command("sh", "-c", "ulimit -c; ulimit -H -c").Output()
	if err != nil || strings.Fields(string(out))[0] != "0" || strings.Fields(string(out))[1] != "0" {
		t.Errorf("%q, %v", out, err)
	}
}
