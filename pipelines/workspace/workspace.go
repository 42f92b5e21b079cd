// Package workspace is a folder with everything one installation needs: settings, keys, inbox, stores, snapshots,
// reports, outgoing deliveries.
//
// [Init] makes one, [Open] opens it for a run or a query, [Check] finds every fault of it without changing anything.
// Opening applies pending migrations, so that the stores always have the tables of this release; a folder that others
// may write to is refused, because whoever can change a layout can redirect people's data.
//
// The package wires connectors together and knows no stage.
package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"uoma/connectors/blob"
	"uoma/connectors/database"
	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/connectors/remote"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/transforms/access"
	"uoma/transforms/pseudonym"
)

// Folders of a workspace.
const (
	KeysDir       = "keys"
	SnapshotDir   = "snapshots"
	StateDir      = "state"
	QuarantineDir = "quarantine"
	WorkDir       = "work"
	ReportDir     = "reports"
	OutboxDir     = "outbox"
	ReceiptDir    = "receipts"
	RecipientDir  = "recipients"
	LayoutDir     = "layouts"
	PolicyDir     = "policies"
	PipelineDir   = "pipelines"
	TargetDir     = "targets"
	OutgoingDir   = "outgoing" // files of targets without a folder of their own
	AskedDir      = "asked"    // recipients' lists of whom they ask for
	ScheduleDir   = "schedules"
)

// EpochsFile says which keys there were, as package keys keeps it.
const EpochsFile = KeysDir + "/epochs.json"

// keyEpoch is the epoch of the subjects' own keys. Rotating the master key wraps them anew and leaves them as they are.
const keyEpoch = 1

// Workspace is an open workspace. It is safe for concurrent use.
type Workspace struct {
	Dir      string
	Settings *Settings
	Source   []byte // the text of uoma.yaml
	Keys     *keys.Ring

	Snapshots  *blob.Store
	State      *blob.Store
	Quarantine *blob.Store
	Work       *blob.Store

	RegisterDB *database.DB
	VaultDB    *database.DB
	Register   *register.Register
	Vault      *vault.Vault
	Outbox     *outbox.Outbox
	Audit      *ledger.Audit // who did what that is sensitive

	Operators *access.Operators // nil where everybody may do everything

	Patience remote.Retry // with which sources over a network are asked; the zero value is for nights

	outer    map[string]*pseudonym.Outer // of each kind of tokens; nil in its first epoch
	home     string                      // where settings, keys and the workspace's own documents are
	volatile bool                        // new files have no name and go with the program
	behind   bool                        // the book of erasures had what files had not heeded, when it was opened
	closers  []func() error
}

var (
	errWritable = fault.New("UOMA-WSP-WRITABLE", "the workspace may be written by others", "chmod 700 the folder and its settings")
	errOwner    = fault.New("UOMA-WSP-OWNER", "the workspace is of another account than the one that runs the program",
		"run uoma as the account that owns the folder and uoma.yaml, as with sudo -u; a workspace of one's own is no way around operators.yaml")
)

// Open opens the workspace in dir.
func Open(ctx context.Context, dir string) (*Workspace, error) { return openFor(ctx, dir, mode{}) }

// OpenRotating opens the workspace in dir for a rotation of keys, also one that was cut off, in which nothing else opens.
func OpenRotating(ctx context.Context, dir string) (*Workspace, error) {
	return openFor(ctx, dir, mode{rotating: true})
}

// mode is for what a workspace is opened.
type mode struct {
	volatile bool // new files have no name
	rotating bool // the stores may be in two epochs
}

// OpenDry opens the workspace in dir for a run that leaves nothing behind: files that it writes have no name.
func OpenDry(ctx context.Context, dir string) (*Workspace, error) {
	return openFor(ctx, dir, mode{volatile: true})
}

func openFor(ctx context.Context, dir string, m mode) (*Workspace, error) {
	settings, src, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	return open(ctx, dir, dir, settings, src, m)
}

// OpenScratch opens stores of their own in the folder sub of a workspace, under the workspace's keys, settings and
// snapshots: what a backfill computes must touch nothing of the nightly's.
func OpenScratch(ctx context.Context, of *Workspace, sub string) (*Workspace, error) {
	s := *of.Settings
	s.Stores.Register, s.Stores.Vault = "sqlite:register.db", "sqlite:vault.db"
	dir := filepath.Join(of.Dir, sub)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w, err := open(ctx, dir, of.home, &s, of.Source, mode{})
	if err == nil {
		w.Snapshots = of.Snapshots
	}
	return w, err
}

// open opens the stores in dir with the keys of home.
func open(ctx context.Context, dir, home string, s *Settings, src []byte, m mode) (_ *Workspace, err error) {
	if err := private(home); err != nil {
		return nil, err
	}
	if err := s.Network.check(src); err != nil {
		return nil, err
	}
	w := &Workspace{Dir: dir, Settings: s, Source: src, home: home, volatile: m.volatile}
	if w.Operators, err = s.readOperators(home, src); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.openKeys(ctx, home); err != nil {
		return nil, err
	}
	if err := s.tidyKeys(home); err != nil {
		return nil, err
	}
	if err := w.openFiles(); err != nil {
		return nil, err
	}
	if w.RegisterDB, err = w.openStore(ctx, s.Stores.Register); err != nil {
		return nil, err
	}
	if w.VaultDB, err = w.openStore(ctx, s.Stores.Vault); err != nil {
		return nil, err
	}
	w.Register, w.Audit = register.New(w.RegisterDB), w.audit()
	w.Vault = vault.New(w.VaultDB, w.Keys, rand.Reader, keyEpoch)
	persons := w.Persons()
	w.Vault.FindBy(func(subject string) string { return PersonOf(persons, subject) })
	w.Vault.BindTo(func(sourceKey string) string { return w.Inner(IndexTokens, sourceKey) })
	if err := ledger.Migrate(ctx, w.RegisterDB); err != nil {
		return nil, err
	}
	if err := w.Register.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := w.Vault.Migrate(ctx); err != nil {
		return nil, err
	}
	if w.Outbox, err = outbox.Open(ctx, w.RegisterDB); err != nil {
		return nil, err
	}
	if m.rotating { // what the book has and a store has not waits until the stores are of one epoch
		return w, nil
	}
	if err := w.guard(ctx); err != nil {
		return nil, err
	}
	if dir != home { // a scratch workspace takes its list of erased people from its workspace
		return w, nil
	}
	return w, w.heedErasures(ctx)
}

func (w *Workspace) openKeys(ctx context.Context, home string) error {
	holders, err := w.Settings.holders(home)
	if err != nil {
		return err
	}
	storage, err := keyPath(home, w.Settings.Keys.Storage)
	if err != nil {
		return err
	}
	if w.Keys, err = keys.Open(ctx, holders, storage, filepath.Join(home, EpochsFile), rand.Reader); err != nil {
		return err
	}
	return w.openOuter()
}

var errNoNext = fault.New("UOMA-KEY-NEXT", "the settings do not say where the new master key is", "name it under keys.next in uoma.yaml, as file:keys/master-2.key; a file or KMS key that is not there yet is made")

// OfferNext reads the master key that keys.next names, or has it made, and offers it to the ring.
func (w *Workspace) OfferNext(ctx context.Context) error {
	if w.Settings.Keys.Next == nil {
		return errNoNext
	}
	h, err := w.Settings.Keys.Next.holder(w.home, w.Settings.Institution)
	if err != nil {
		return err
	}
	m, err := h.Read(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		m, err = h.Make(ctx, rand.Reader)
	}
	if err != nil {
		return err
	}
	return w.Keys.Offer(m)
}

// Secret gives the master key in use and the storage key as text, a line each: what is needed to open everything. It is for
// the escrow alone.
func (w *Workspace) Secret(ctx context.Context) (string, error) {
	holders, err := w.Settings.holders(w.home)
	if err != nil {
		return "", err
	}
	for _, h := range holders {
		m, err := h.Read(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if w.Keys.InUse(m) {
			return m.Text() + w.Keys.Storage().String() + "\n", nil
		}
	}
	return "", errNoNext
}

func (w *Workspace) openFiles() error {
	for _, f := range []struct {
		dir   string
		store **blob.Store
	}{{SnapshotDir, &w.Snapshots}, {StateDir, &w.State}, {QuarantineDir, &w.Quarantine}, {WorkDir, &w.Work}} {
		open := blob.Open
		if w.volatile {
			open = blob.OpenVolatile
		}
		s, err := open(filepath.Join(w.Dir, f.dir), w.Keys.Storage(), w.Keys.Derive("file-name"))
		if err != nil {
			return err
		}
		*f.store = s
		w.closers = append(w.closers, s.Close)
	}
	return nil
}

func (w *Workspace) openStore(ctx context.Context, setting string) (*database.DB, error) {
	dsn, err := storeDSN(w.Dir, setting, keys.ReadSecret)
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	w.closers = append(w.closers, db.Close)
	return db, nil
}

// private refuses a workspace whose folder or settings somebody else owns or may write to.
func private(dir string) error {
	for _, path := range []string{dir, filepath.Join(dir, FileName)} {
		err := ownersAlone(path, os.Getuid(), errWritable, errOwner)
		if errors.Is(err, fs.ErrNotExist) {
			return errAbsent.At(fault.Place{File: path})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ownersAlone refuses, in the words of the caller, what group or others may write to, and what neither the account that runs
// the program nor root owns: whoever can change it decides what becomes of people's data.
func ownersAlone(path string, running int, writable, owner *fault.Error) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Mode().Perm()&0o022 != 0 {
		return writable.At(fault.Place{File: path})
	}
	if of, ok := st.Sys().(*syscall.Stat_t); ok && of.Uid != 0 && int(of.Uid) != running {
		return owner.At(fault.Place{File: path})
	}
	return nil
}

// Close closes the stores, which wait for the disk side by side.
func (w *Workspace) Close() error {
	errs := make([]error, len(w.closers))
	var all sync.WaitGroup
	for i, shut := range w.closers {
		all.Go(func() { errs[i] = shut() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Path gives a path inside the workspace.
func (w *Workspace) Path(parts ...string) string {
	return filepath.Join(append([]string{w.Dir}, parts...)...)
}

// HomePath gives a path beside the settings: of a scratch workspace, in the workspace that it belongs to.
func (w *Workspace) HomePath(parts ...string) string {
	return filepath.Join(append([]string{w.home}, parts...)...)
}

// InboxPath gives the folder of exports.
func (w *Workspace) InboxPath() string { return within(w.home, w.Settings.Inbox) }

// SourceTokens gives the domain of source rows, records and keys.
func (w *Workspace) SourceTokens() *pseudonym.Domain {
	return w.InnerTokens().Under(w.outer[IndexTokens])
}

// InnerTokens gives the same domain for what is not rewritten when its key is replaced.
func (w *Workspace) InnerTokens() *pseudonym.Domain {
	return pseudonym.NewDomain(w.Keys.Derive("index"))
}

// SubjectIDs gives the domain from which subject ids are minted.
func (w *Workspace) SubjectIDs() *pseudonym.Domain {
	return pseudonym.NewDomain(w.Keys.Derive("subject"))
}

// Persons gives the register's pseudonymisation domain: subject to person.
func (w *Workspace) Persons() *pseudonym.Domain {
	return pseudonym.NewDomain(w.Keys.Derive("domain", "register", "1")).Under(w.outer[PersonTokens])
}

// PersonOf gives a subject's pseudonym in a domain.
func PersonOf(d *pseudonym.Domain, subject string) string { return d.Token("person", subject) }

// Domain gives the pseudonymisation domain of a purpose or recipient in an epoch.
func (w *Workspace) Domain(name string, epoch int64) (*pseudonym.Domain, error) {
	key, err := w.Keys.DomainKey(name, epoch)
	if err != nil {
		return nil, err
	}
	return pseudonym.NewDomain(key), nil
}

// audit gives the audit log under its key.
func (w *Workspace) audit() *ledger.Audit {
	a := ledger.NewAudit(w.Keys.Derive("audit"))
	a.Through(func(verb ledger.Verb, token string) string { return w.Inner(auditKind(verb), token) },
		func(verb ledger.Verb, token string) string { return w.Outer(auditKind(verb), token) })
	return a
}

// SuppressionToken gives the token under which a mark of an erased person is kept.
func SuppressionToken(d *pseudonym.Domain, mark string) string { return d.Token("suppressed", mark) }

// Suppression gives the domain of the suppression list's tokens.
func (w *Workspace) Suppression() *pseudonym.Domain {
	return pseudonym.NewDomain(w.Keys.Derive("suppression")).Under(w.outer[MarkTokens])
}

// Wanted gives the domain of the tokens of values that sources are to show.
func (w *Workspace) Wanted() *pseudonym.Domain {
	return pseudonym.NewDomain(w.Keys.Derive("rectification")).Under(w.outer[WantedTokens])
}
