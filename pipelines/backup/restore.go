package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"uoma/connectors/backup"
	"uoma/connectors/database"
	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

var (
	errThere  = fault.New("UOMA-BCK-THERE", "there is something where the backup is to be restored", "name a folder that is not there yet; nothing is overwritten")
	errBook   = fault.New("UOMA-BCK-BOOK", "without the book of erasures people who were erased would come back", "name its latest copy with --erasures; only where nobody was ever erased say --nobody-erased")
	errKept   = fault.New("UOMA-BCK-KEPT", "a file of the backup cannot be restored", "check free space and the owner of the folder that it is restored into")
	errUnkept = fault.New("UOMA-BCK-HEED", "not everybody in the book of erasures was erased from what was restored", "run the same command again; nothing of it is in use yet")
	errKeys   = fault.New("UOMA-BCK-KEYS", "the folder of keys cannot be read", "name a folder with master.key, storage.key, signing and signing.pub; uoma key recover makes the first two of shares")
)

// Verified says what a backup holds.
type Verified struct {
	Made  time.Time         `json:"made"`
	Facts map[string]string `json:"facts"`
	Parts int               `json:"parts"`
	Rows  int64             `json:"rows"`
	Bytes int64             `json:"bytes"`
}

func verified(m *backup.Manifest) Verified {
	out := Verified{Made: m.Made, Facts: m.Facts, Parts: len(m.Parts)}
	for _, p := range m.Parts {
		out.Rows, out.Bytes = out.Rows+p.Rows, out.Bytes+p.Bytes
	}
	return out
}

// nowhere takes the parts of a backup that is only proved.
type nowhere struct{}

func (nowhere) File(string, io.Reader) error { return nil }
func (nowhere) Rows(*backup.Rows) error      { return nil }

// Verify proves that a backup opens, is whole, and was signed with a key of which keysDir has the public half.
func Verify(file, identity, keysDir string) (Verified, error) {
	ids, err := identities(identity)
	if err != nil {
		return Verified{}, err
	}
	m, err := backup.Read(file, ids, nowhere{}, signedBy(keysDir))
	if err != nil {
		return Verified{}, err
	}
	return verified(m), nil
}

func identities(file string) ([]age.Identity, error) {
	text, err := keys.ReadSecret(file)
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errIdentity.At(fault.Place{File: file})
	}
	return ids, nil
}

var errIdentity = fault.New("UOMA-BCK-IDENTITY", "the file holds no age identity", "name the file that age-keygen made for the recipient in backup.recipients")

func signedBy(dir string) func(manifest, signature []byte) error {
	return func(manifest, signature []byte) error {
		return workspace.VerifySigned(dir, parcel.BackupNamespace, manifest, signature, time.Unix(0, 0))
	}
}

// Options say what is restored where.
type Options struct {
	File, Identity string
	Keys           string // folder with the keys, which no backup has
	Book           string // the latest book of erasures
	NobodyErased   bool   // there never was one
	Settings       string // file in the place of the backup's uoma.yaml, as where the stores are to be others; "" is none
	To             string
	Step           func(string) error // called behind each step by tests; nil does nothing
}

func (o *Options) step(name string) error {
	if o.Step == nil {
		return nil
	}
	return o.Step(name)
}

// Restore puts a backup into a new folder, and into stores that are empty. What a restore that was killed had not finished
// goes, and stands nowhere under the folder's name.
func Restore(ctx context.Context, o Options, by custody.Author) (Verified, error) {
	if _, err := os.Lstat(o.To); !errors.Is(err, fs.ErrNotExist) {
		return Verified{}, errThere.At(fault.Place{File: o.To})
	}
	if _, err := os.Stat(o.Book); (o.Book == "" || err != nil) && !o.NobodyErased {
		return Verified{}, errBook.At(fault.Place{File: o.Book})
	}
	ids, err := identities(o.Identity)
	if err != nil {
		return Verified{}, err
	}
	r := &restoring{ctx: ctx, o: o, dir: o.To + ".restoring"}
	defer r.close()
	m, err := r.read(ids)
	if err != nil {
		return Verified{}, err
	}
	if err := r.use(by); err != nil {
		return Verified{}, err
	}
	if err := os.Rename(r.dir, o.To); err != nil {
		return Verified{}, errKept.At(fault.Place{File: o.To}).Because(errors.Unwrap(err))
	}
	return verified(m), o.step("named")
}

// restoring is a restore at work, in a folder beside the one that it makes.
type restoring struct {
	ctx    context.Context
	o      Options
	dir    string
	ws     *workspace.Workspace // since the settings are there
	stores map[string]*backup.Restoring
}

func (r *restoring) read(ids []age.Identity) (*backup.Manifest, error) {
	if err := errors.Join(os.RemoveAll(r.dir), os.MkdirAll(filepath.Join(r.dir, workspace.KeysDir), 0o700)); err != nil {
		return nil, errKept.At(fault.Place{File: r.dir}).Wrap(err)
	}
	if err := r.copyKeys(); err != nil {
		return nil, err
	}
	if err := r.o.step("begun"); err != nil {
		return nil, err
	}
	m, err := backup.Read(r.o.File, ids, r, signedBy(r.o.Keys))
	if err != nil {
		return nil, err
	}
	if err := r.open(); err != nil { // a backup of stores without rows opened none
		return nil, err
	}
	if err := r.o.step("read"); err != nil {
		return nil, err
	}
	for _, name := range []string{vaultStore, registerStore} {
		if err := r.stores[name].Commit(r.ctx, m); err != nil {
			return nil, err
		}
		if err := r.o.step("kept " + name); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (r *restoring) copyKeys() error {
	entries, err := os.ReadDir(r.o.Keys)
	if err != nil {
		return errKeys.At(fault.Place{File: r.o.Keys}).Because(errors.Unwrap(err))
	}
	for _, e := range entries {
		// The stores stand in the epochs of the day of the backup, which has the file of them, or had none. A later one
		// would name keys that they know nothing of.
		if !e.Type().IsRegular() || path.Join(workspace.KeysDir, e.Name()) == workspace.EpochsFile {
			continue
		}
		if err := copyFile(filepath.Join(r.o.Keys, e.Name()), filepath.Join(r.dir, workspace.KeysDir, e.Name())); err != nil {
			return errKeys.At(fault.Place{File: e.Name()}).Wrap(err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return write(out, in)
}

// write puts content into a file, down to the disk, and closes it.
func write(f *os.File, content io.Reader) error {
	_, err := io.Copy(f, content)
	return errors.Join(err, f.Sync(), f.Close())
}

// File restores a file. The names come from a manifest that is proved at the end, so none may lead out of the folder.
func (r *restoring) File(name string, content io.Reader) error {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return errKept.At(fault.Place{File: name}).Because(errors.Unwrap(err))
	}
	defer root.Close()
	if dir := filepath.Dir(filepath.FromSlash(name)); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return errKept.At(fault.Place{File: name}).Because(errors.Unwrap(err))
		}
	}
	if name == workspace.FileName && r.o.Settings != "" {
		if err := copyFile(r.o.Settings, filepath.Join(r.dir, workspace.FileName)); err != nil {
			return errKept.At(fault.Place{File: r.o.Settings}).Wrap(err)
		}
		return nil
	}
	if name != workspace.EpochsFile && strings.HasPrefix(name, workspace.KeysDir+"/") {
		if _, err := root.Stat(filepath.FromSlash(name)); err == nil {
			return nil // the folder of keys has it, perhaps newer
		}
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errKept.At(fault.Place{File: name}).Because(errors.Unwrap(err))
	}
	if err := write(f, content); err != nil {
		return errKept.At(fault.Place{File: name}).Wrap(err)
	}
	return nil
}

// open opens the stores, in which nothing may be yet.
func (r *restoring) open() (err error) {
	if r.ws != nil {
		return nil
	}
	if r.ws, err = workspace.OpenRotating(r.ctx, r.dir); err != nil { // no store says anything yet
		return err
	}
	r.stores = map[string]*backup.Restoring{}
	for name, db := range map[string]*database.DB{registerStore: r.ws.RegisterDB, vaultStore: r.ws.VaultDB} {
		if r.stores[name], err = backup.Restore(r.ctx, name, db); err != nil {
			return err
		}
	}
	return nil
}

// Rows restores rows of a store.
func (r *restoring) Rows(rows *backup.Rows) error {
	if err := r.open(); err != nil {
		return err
	}
	store := r.stores[rows.Store]
	if store == nil {
		return errKept.At(fault.Place{Field: rows.Store})
	}
	if err := store.Put(r.ctx, rows); err != nil {
		return err
	}
	if rows.Store == registerStore && rows.Table == "lease" { // whoever was at work then is not now
		return store.Exec(r.ctx, "UPDATE `lease` SET `expires_at` = 0")
	}
	return nil
}

// use opens what was restored, so that everybody in the book of erasures leaves it, and notes the restore.
func (r *restoring) use(by custody.Author) error {
	settings := r.ws.Settings
	r.close()
	if r.o.Book != "" && filepath.IsLocal(settings.Erasures) {
		to := filepath.Join(r.dir, settings.Erasures)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), copyFile(r.o.Book, to)); err != nil {
			return errBook.At(fault.Place{File: r.o.Book}).Wrap(err)
		}
	} else if r.o.Book != "" && settings.Erasures != r.o.Book {
		return errBook.At(fault.Place{File: r.o.Book}).Because(fmt.Errorf("the settings name another place for it: %s", settings.Erasures))
	}
	if err := r.o.step("book"); err != nil {
		return err
	}
	ws, err := nightly.Open(r.ctx, r.dir, func() time.Time { return by.At })
	if err != nil {
		return err
	}
	if err := r.o.step("heeded"); err != nil {
		return errors.Join(err, ws.Close())
	}
	heeded, err := ws.ErasuresHeeded(r.ctx)
	if err == nil && !heeded {
		err = errUnkept
	}
	if err == nil {
		err = note(r.ctx, ws, ledger.BackupRestored, "", by)
	}
	return errors.Join(err, ws.Close())
}

// close gives up what is not kept.
func (r *restoring) close() {
	for _, s := range r.stores {
		if s != nil {
			s.Rollback()
		}
	}
	if r.ws != nil {
		r.ws.Close() // what was to be kept was committed
	}
	r.ws, r.stores = nil, nil
}
