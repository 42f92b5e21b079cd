package main

import (
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestThreat_T19_NoDumpOfTheMemory asks the system, and a child of the program, which takes over its limits.
func TestThreat_T19_NoDumpOfTheMemory(t *testing.T) {
	hideMemory()
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable %d, %v", dumpable, err)
	}
	out, err := exec.Command("sh", "-c", "ulimit -c; ulimit -H -c").Output()
	if err != nil || strings.Fields(string(out))[0] != "0" || strings.Fields(string(out))[1] != "0" {
		t.Errorf("%q, %v", out, err)
	}
}
