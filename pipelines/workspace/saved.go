package workspace

import (
	"context"
	"crypto/rand"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"uoma/connectors/parcel"
)

// unsaved are folders that no backup holds: what is gone with a run, what can be made anew, what is the source's or the
// recipient's, and the book of erasures, which protects backups only while it is outside of them. A file for a recipient that
// came back with a backup would be fetched twice, with people in it who were erased since.
var unsaved = []string{WorkDir, "backfills", "erasures", OutgoingDir, AskedDir}

// Saved tells whether a backup holds a file of the workspace, by its path below it with slashes. Of the keys it holds the
// epochs, in which keys are wrapped by the master key, and public halves.
func (w *Workspace) Saved(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	switch {
	case slices.Contains(unsaved, top), strings.HasSuffix(name, ".partial"):
		return false
	case within(w.home, filepath.FromSlash(name)) == within(w.home, w.Settings.Erasures):
		return false
	case strings.HasPrefix(within(w.home, filepath.FromSlash(name)), within(w.home, w.Settings.Inbox)+string(filepath.Separator)):
		return false
	case top == KeysDir:
		return name == EpochsFile || slices.Contains([]string{".pub", ".crt"}, path.Ext(name))
	}
	return !w.isStore(name)
}

// isStore tells whether a file is one of SQLite's, of which a backup holds the rows.
func (w *Workspace) isStore(name string) bool {
	for _, setting := range []string{w.Settings.Stores.Register, w.Settings.Stores.Vault} {
		file, ok := strings.CutPrefix(setting, "sqlite:")
		if ok && strings.HasPrefix(within(w.home, filepath.FromSlash(name)), within(w.home, file)) {
			return true
		}
	}
	return false
}

// Sign signs a message with the workspace's signing key.
func (w *Workspace) Sign(namespace string, message []byte) ([]byte, error) {
	key, err := w.signer()
	if err != nil {
		return nil, err
	}
	return key.Sign(rand.Reader, namespace, message)
}

// VerifySigned proves that a message was signed with a key of which a public half lies in a folder, as FILE.pub.
func VerifySigned(dir, namespace string, message, signature []byte, at time.Time) error {
	allowed, err := signers(filepath.Join(dir, "*.pub"), namespace, false) // other keys lie there as well
	if err != nil {
		return err
	}
	_, err = parcel.Verify(signature, message, namespace, auditPrincipal, allowed, at)
	return err
}

// ErasuresHeeded tells whether both stores, and what lies beside them, have heeded the book of erasures to its end.
func (w *Workspace) ErasuresHeeded(ctx context.Context) (bool, error) {
	book, h, err := w.checkErasures(ctx)
	if err != nil {
		return false, err
	}
	head := book.Head()
	return h == heads{head, head, head}, nil
}
