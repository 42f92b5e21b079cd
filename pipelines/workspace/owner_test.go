package workspace

import (
	"os"
	"path/filepath"
	"testing"

	"uoma/internal/fault"
)

// TestAWorkspaceIsOfWhoRunsIt holds off whoever makes a workspace, or a file of operators, of their own and has the program open
// it as another account.
func TestAWorkspaceIsOfWhoRunsIt(t *testing.T) {
	path, owner := filepath.Join(t.TempDir(), FileName), os.Getuid()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if owner == 0 { // what is of root may be opened by everybody
		if owner = 5000; os.Chown(path, owner, owner) != nil {
			t.Fatal("root gives nothing away")
		}
	}
	asks := func(running int, want string) {
		t.Helper()
		if got := fault.Code(ownersAlone(path, running, errWritable, errOwner)); got != want {
			t.Errorf("of %d, opened by %d: %q, want %q", owner, running, got, want)
		}
	}
	asks(owner, "")
	asks(owner+1, "UOMA-WSP-OWNER")
	asks(0, "UOMA-WSP-OWNER")
	if err := ownersAlone("/", owner, errWritable, errOwner); err != nil {
		t.Errorf("what is of root: %v", err)
	}
	if err := os.Chmod(path, 0o620); err != nil {
		t.Fatal(err)
	}
	asks(owner, "UOMA-WSP-WRITABLE")
}
