package custody

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
)

var (
	errInside = fault.New("UOMA-KEY-INSIDE", "the shares would lie in the workspace, beside what they open", "name a folder elsewhere, as that of a removable disk, and hand each file to another person")
	errStale  = fault.New("UOMA-KEY-STALE", "the shares give back keys that are not those in use", "make shares of the keys in use with uoma key escrow, and let the people destroy the old ones; keep those that old backups need")
)

// Escrowed says which shares were made.
type Escrowed struct {
	Set    string   `json:"set"`
	Needed int      `json:"needed"`
	Epoch  int64    `json:"epoch"` // of the master key
	Files  []string `json:"files"`
}

// Escrow splits the master key in use and the storage key into n shares of which any needed ones give both back, and writes
// each into a file of its own below dir, which is outside the workspace. It overwrites nothing.
func Escrow(ctx context.Context, ws *workspace.Workspace, dir string, n, needed int, random io.Reader, by Author) (Escrowed, error) {
	out := Escrowed{Needed: needed, Epoch: ws.Keys.Epoch()}
	if inside, err := Inside(ws, dir); inside || err != nil {
		return out, errInside.At(fault.Place{File: dir}).Wrap(err)
	}
	secret, err := ws.Secret(ctx)
	if err != nil {
		return out, err
	}
	shares, err := keys.Split([]byte(secret), n, needed, random)
	if err != nil {
		return out, err
	}
	out.Set = shares[0].Set
	if err := by.note(ctx, ws, ledger.Entry{Verb: ledger.KeyEscrowed, Reason: fmt.Sprintf("%s:%d-of-%d:epoch-%d", out.Set, needed, n, out.Epoch)}); err != nil {
		return out, err
	}
	for i := range shares {
		path := filepath.Join(dir, fmt.Sprintf("share-%s-%d.txt", out.Set, i+1))
		if err := keys.WriteNew(path, shares[i].Text()); err != nil {
			return out, err
		}
		out.Files = append(out.Files, path)
	}
	return out, nil
}

// Inside tells whether a folder is the workspace or lies in it, wherever links lead.
func Inside(ws *workspace.Workspace, dir string) (bool, error) {
	real := func(path string) (string, error) {
		abs, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		return filepath.EvalSymlinks(abs)
	}
	home, err := real(ws.HomePath())
	if err != nil {
		return false, err
	}
	if dir, err = real(dir); err != nil {
		return false, err
	}
	rel, err := filepath.Rel(home, dir)
	return err != nil || filepath.IsLocal(rel), nil
}

// combined reads shares and gives the secret.
func combined(files []string) (secret, set string, err error) {
	var shares []keys.Share
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", "", fault.New("UOMA-KEY-SHARE-FILE", "the file of a share cannot be read", "name the files of the shares").At(fault.Place{File: f}).Wrap(err)
		}
		s, err := keys.ParseShare(string(text))
		if err != nil {
			return "", "", err
		}
		shares, set = append(shares, s), s.Set
	}
	b, err := keys.Combine(shares)
	return string(b), set, err
}

// Drill proves that shares give back the keys in use, and notes it. Nothing is written.
func Drill(ctx context.Context, ws *workspace.Workspace, files []string, by Author) (set string, err error) {
	secret, set, err := combined(files)
	if err != nil {
		return set, err
	}
	used, err := ws.Secret(ctx)
	if err != nil {
		return set, err
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(used)) != 1 {
		return set, errStale
	}
	return set, by.note(ctx, ws, ledger.Entry{Verb: ledger.KeyDrilled, Reason: fmt.Sprintf("%s:epoch-%d", set, ws.Keys.Epoch())})
}

// Recover writes the keys that shares give back into master.key and storage.key below dir. It overwrites nothing, and needs
// no workspace: what is left of one opens with them.
func Recover(dir string, files []string) ([]string, error) {
	secret, _, err := combined(files)
	if err != nil {
		return nil, err
	}
	master, storage, _ := strings.Cut(secret, "\n")
	var out []string
	for _, f := range []struct{ name, text string }{{"master.key", master + "\n"}, {"storage.key", storage}} {
		path := filepath.Join(dir, f.name)
		if err := keys.WriteNew(path, f.text); err != nil {
			return out, err
		}
		out = append(out, path)
	}
	return out, nil
}
