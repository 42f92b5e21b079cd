package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"uoma/connectors/backup"
	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

// Names of the two stores in a backup.
const (
	registerStore = "register"
	vaultStore    = "vault"
)

var (
	errNobody = fault.New("UOMA-BCK-NOBODY", "the settings do not say who opens backups", "make a key on another machine with age-keygen and name its recipient under backup.recipients in uoma.yaml")
	errOwn    = fault.New("UOMA-BCK-OWN", "a backup for the workspace's own storage key opens for nobody when the workspace is lost", "make a key on another machine with age-keygen and name its recipient under backup.recipients in uoma.yaml")
	errInside = fault.New("UOMA-BCK-INSIDE", "the backup would lie in the workspace that it saves", "name a file elsewhere, best on another machine's disk")
)

// Made says what was saved.
type Made struct {
	File   string `json:"file"`
	Parts  int    `json:"parts"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`  // before they were compressed
	Digest string `json:"digest"` // SHA-256 of the manifest
}

// Create saves the workspace into a new file. The caller holds the leases of all pipelines.
func Create(ctx context.Context, ws *workspace.Workspace, file, software string, by custody.Author) (Made, error) {
	out := Made{File: file}
	recipients, err := recipientsOf(ws)
	if err != nil {
		return out, err
	}
	if inside, err := custody.Inside(ws, filepath.Dir(file)); inside || err != nil {
		return out, errInside.At(fault.Place{File: file}).Wrap(err)
	}
	facts := map[string]string{"institution": ws.Settings.Institution, "software": software, "master": fmt.Sprint(ws.Keys.Epoch())}
	w, err := backup.Create(file, by.At, facts, recipients...)
	if err != nil {
		return out, err
	}
	defer w.Discard()
	if err := fill(ctx, ws, w); err != nil {
		return out, err
	}
	for _, p := range w.Manifest().Parts {
		out.Parts, out.Rows, out.Bytes = out.Parts+1, out.Rows+p.Rows, out.Bytes+p.Bytes
	}
	if out.Digest, err = w.Commit(func(message []byte) ([]byte, error) { return ws.Sign(parcel.BackupNamespace, message) }); err != nil {
		return out, err
	}
	return out, note(ctx, ws, ledger.BackupMade, out.Digest, by)
}

func note(ctx context.Context, ws *workspace.Workspace, verb ledger.Verb, digest string, by custody.Author) error {
	return ws.Note(ctx, ledger.Entry{At: by.At.UnixMicro(), Actor: by.Actor, Verb: verb, Reason: digest})
}

// fill adds everything: first what is needed to open the rest. The register comes before the vault, which is ahead of it
// while something is written into both.
func fill(ctx context.Context, ws *workspace.Workspace, w *backup.Writer) error {
	first := []string{workspace.FileName, workspace.EpochsFile}
	for _, name := range first {
		if err := add(ws, w, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := w.Store(ctx, registerStore, ws.RegisterDB); err != nil {
		return err
	}
	if err := w.Store(ctx, vaultStore, ws.VaultDB); err != nil {
		return err
	}
	return filepath.WalkDir(ws.HomePath(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(ws.HomePath(), path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !d.Type().IsRegular() || name == first[0] || name == first[1] || !ws.Saved(name) {
			return nil
		}
		return add(ws, w, name)
	})
}

func add(ws *workspace.Workspace, w *backup.Writer, name string) error {
	f, err := os.Open(ws.HomePath(filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return w.File(name, st.Size(), f)
}

func recipientsOf(ws *workspace.Workspace) ([]age.Recipient, error) {
	if len(ws.Settings.Backup.Recipients) == 0 {
		return nil, errNobody
	}
	var out []age.Recipient
	for _, text := range ws.Settings.Backup.Recipients {
		r, err := parcel.ParseAgeRecipient(text)
		if err != nil {
			return nil, err
		}
		if text == ws.Keys.Storage().Recipient().String() {
			return nil, errOwn
		}
		out = append(out, r)
	}
	return out, nil
}
