package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/connectors/vault"
	"uoma/internal/fault"
)

var (
	errStoreNew     = fault.New("UOMA-CHK-STORE-NEW", "the store is not there yet", "the first run makes it")
	errStoreServer  = fault.New("UOMA-CHK-STORE-SERVER", "the store is on a server and was not asked", "uoma check --connect looks into it")
	errStoreOld     = fault.New("UOMA-CHK-STORE-OLD", "the store is of an older release or was never used", "the next run brings it to this release; back it up before")
	errStoreDamaged = fault.New("UOMA-CHK-STORE-DAMAGED", "the store cannot be read", "restore it from the backup together with the other stores and the snapshots")
)

// openStores opens register and vault for reading alone.
func (c *checker) openStores(ctx context.Context) {
	c.register = c.openStore(ctx, "register", c.w.Settings.Stores.Register, func(db *database.DB) error {
		return errors.Join(ledger.Migrate(ctx, db), register.New(db).Migrate(ctx))
	})
	c.vault = c.openStore(ctx, "vault", c.w.Settings.Stores.Vault, func(db *database.DB) error {
		return vault.New(db, nil, rand.Reader, keyEpoch).Migrate(ctx)
	})
}

// openStore opens one store in a way that cannot write. current applies the store's migrations, which does nothing when
// they are applied and fails when they are not: that is how it learns whether the store is of this release.
func (c *checker) openStore(ctx context.Context, name, setting string, current func(*database.DB) error) *database.DB {
	place := fault.Place{Field: name}
	dsn, err := storeDSN(c.dir, setting, keys.ReadSecret)
	if err != nil {
		c.add(Error, err)
		return nil
	}
	path, isFile := strings.CutPrefix(dsn, "sqlite:")
	var db *database.DB
	switch {
	case !isFile && !c.o.Connect:
		c.add(Note, errStoreServer.At(place))
		return nil
	case !isFile:
		db, err = openServer(ctx, dsn)
	default:
		if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
			c.add(Note, errStoreNew.At(place))
			return nil
		}
		db, err = openFile(ctx, path)
	}
	if err != nil {
		c.add(Error, err)
		return nil
	}
	c.closers = append(c.closers, db.Close)
	if err := current(db); fault.Code(err) == "UOMA-DBS-NEWER" {
		c.add(Error, err)
		return nil
	} else if err != nil {
		c.add(Warning, errStoreOld.At(place))
		return nil
	}
	return db
}

// openFile opens an SQLite store without leaving a trace. A reader of a file in WAL mode makes a log and its index where
// they are missing, unless it is told that nobody writes; without a log, nobody does.
func openFile(ctx context.Context, path string) (*database.DB, error) {
	query := "?mode=ro&_pragma=busy_timeout(20000)&_pragma=query_only(1)&_pragma=trusted_schema(0)"
	if log, err := os.Stat(path + "-wal"); err != nil || log.Size() == 0 {
		query += "&immutable=1"
	}
	db, err := sqlx.Open(string(database.SQLite), "file:"+(&url.URL{Path: path}).EscapedPath()+query)
	if err != nil {
		return nil, errStoreDamaged.At(fault.Place{File: path}).Wrap(err)
	}
	var version int
	if err := db.GetContext(ctx, &version, "PRAGMA schema_version"); err != nil {
		return nil, errors.Join(errStoreDamaged.At(fault.Place{File: path}).Wrap(err), db.Close())
	}
	return &database.DB{DB: db, Dialect: database.SQLite, Path: path}, nil
}

// openServer opens a store on a server over one connection, whose session refuses to write.
func openServer(ctx context.Context, dsn string) (*database.DB, error) {
	db, err := database.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY"); err != nil {
		return nil, errors.Join(database.Failed("make the session read-only", err), db.Close())
	}
	return db, nil
}

// runsChecked is how many of the latest runs are looked at.
const runsChecked = 200

var (
	errBusyNow    = fault.New("UOMA-CHK-BUSY", "a run is at work now", "check again when it has ended to see what it left")
	errRunLeft    = fault.New("UOMA-CHK-RUN-LEFT", "a run was killed and nobody has finished it", "uoma run PIPELINE --date DATE goes on where it stopped")
	errRunFailed  = fault.New("UOMA-CHK-RUN-FAILED", "the latest run of the pipeline failed", "uoma runs show RUN tells why; then run the same date again")
	errRunPartial = fault.New("UOMA-CHK-RUN-PARTIAL", "a source was missing or bad in the latest run of the pipeline", "uoma runs show RUN names it; run the same date again when it is there")
	errUnbalanced = fault.New("UOMA-CHK-BALANCE", "the rows of a source do not add up", "this is a mistake of the program: keep the workspace and report the code with the output of uoma runs show")
)

// runs looks for runs that were left, and proves that rows add up.
func (c *checker) runs(ctx context.Context) {
	if c.register == nil {
		return
	}
	runs, err := ledger.Runs(ctx, c.register, "", runsChecked)
	c.add(Error, err)
	latest := map[string]bool{} // pipelines whose latest run was seen
	for _, r := range runs {
		place := fault.Place{Field: r.ID}
		newest := !latest[r.Pipeline]
		latest[r.Pipeline] = true
		switch {
		case r.State == ledger.Running && c.held(ctx, "run/"+r.Pipeline):
			c.add(Note, errBusyNow.At(place))
			c.busy = true
		case r.State == ledger.Running:
			c.add(Warning, errRunLeft.At(place))
			c.left = true
		case r.State == ledger.Failed && newest:
			c.add(Warning, errRunFailed.At(place))
		case r.State == ledger.Partial && newest:
			c.add(Warning, errRunPartial.At(place))
		}
		accounts, err := ledger.Accounts(ctx, c.register, r.ID)
		c.add(Error, err)
		for _, a := range accounts {
			if !a.Balanced() {
				c.add(Error, errUnbalanced.At(fault.Place{Field: r.ID + " " + a.Feed}))
			}
		}
	}
}

// held tells whether somebody holds a lease now.
func (c *checker) held(ctx context.Context, name string) bool {
	l, ok, err := ledger.FindLease(ctx, c.register, name)
	c.add(Error, err)
	return ok && l.Holder != "" && l.ExpiresAt > c.o.Now.UnixMicro()
}

// snapshotsChecked is how many of the latest snapshots are looked for.
const snapshotsChecked = 10000

var (
	errSnapshot    = fault.New("UOMA-CHK-SNAPSHOT", "the snapshot that the register was last loaded from is missing or damaged", "restore the folder snapshots from the backup; until then the next run of this source fails")
	errSnapshotOld = fault.New("UOMA-CHK-SNAPSHOT-OLD", "an older snapshot is gone", "nothing, if its time had passed; its date cannot be computed again")
	errState       = fault.New("UOMA-CHK-STATE", "a file in which a pipeline remembers the last run is missing or damaged", "restore the folder state from the backup of the same night as the register")
)

// files proves that the files that the ledger names are there and hold what they held: those that the next run needs are
// read whole, of older snapshots only the presence is looked at.
func (c *checker) files(ctx context.Context) {
	if c.register == nil || c.w.Keys == nil {
		return
	}
	needed := map[string]bool{}
	for _, pipeline := range slices.Sorted(maps.Keys(c.pipelines)) {
		marks, err := ledger.Watermarks(ctx, c.register, pipeline)
		c.add(Error, err)
		for _, m := range marks {
			needed[m.Snapshot] = true
			if c.w.Snapshots == nil || c.w.Snapshots.Verify(m.Snapshot, snapshot.Ext) != nil {
				c.add(Error, errSnapshot.At(fault.Place{Field: m.Feed + " " + m.LogicalDate}))
			}
		}
		for _, name := range StateFiles(pipeline) {
			s, found, err := ledger.FindState(ctx, c.register, pipeline, name)
			c.add(Error, err)
			if found && (c.w.State == nil || c.w.State.Verify(s.Digest, snapshot.Ext) != nil) {
				c.add(Error, errState.At(fault.Place{Field: pipeline + " " + name}))
			}
		}
	}
	older, err := ledger.Snapshots(ctx, c.register, "", snapshotsChecked)
	c.add(Error, err)
	for _, s := range older {
		if !needed[s.Digest] && s.State == ledger.Good && !c.hasSnapshot(s.Digest) {
			c.add(Note, errSnapshotOld.At(fault.Place{Field: s.Feed + " " + s.LogicalDate}))
		}
	}
}

func (c *checker) hasSnapshot(digest string) bool {
	if c.w.Snapshots == nil {
		return false
	}
	f, err := c.w.Snapshots.OpenDigest(digest, snapshot.Ext)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// sampled is how many records are looked for on both sides of the wall between register and vault.
const sampled = 10000

var (
	errLink     = fault.New("UOMA-CHK-LINK", "rows of the register belong to nobody", "restore register and vault from the backup of one and the same night")
	errIdentity = fault.New("UOMA-CHK-IDENTITY", "people of the register have no identity in the vault, or its key is gone", "restore register and vault from the backup of one and the same night")
)

// people takes a sample of the register's records and looks for their persons and their identities. Source keys are
// keyed tokens, so that the first ones are as good as any.
func (c *checker) people(ctx context.Context) {
	if c.register == nil {
		return
	}
	reg := register.New(c.register)
	var unlinked, unknown map[string]bool
	err := reg.See(ctx, func(v *register.View) error {
		var err error
		if unlinked, err = sampleRecords(ctx, v); err != nil || len(unlinked) == 0 {
			return err
		}
		unknown = make(map[string]bool, len(unlinked))
		for r := range unlinked {
			unknown[r] = true
		}
		for l, err := range v.Links(ctx) {
			if err != nil {
				return err
			}
			delete(unlinked, l.Record)
		}
		return nil
	})
	c.add(Error, err)
	if len(unlinked) > 0 {
		c.add(Error, errLink.Because(fmt.Errorf("%d of the records looked at", len(unlinked))))
	}
	if c.vault == nil || c.w.Keys == nil || len(unknown) == 0 || c.busy || c.left {
		return // a night writes the vault first: until its commit the two are a night apart
	}
	for e, err := range vault.New(c.vault, c.w.Keys, rand.Reader, keyEpoch).Open(ctx, nil, 0) {
		if err != nil {
			c.add(Error, err)
			return
		}
		delete(unknown, e.Record)
		if len(unknown) == 0 {
			return
		}
	}
	c.add(Error, errIdentity.Because(fmt.Errorf("%d of the records looked at", len(unknown))))
}

// sampleRecords gives the first records of the table of persons.
func sampleRecords(ctx context.Context, v *register.View) (map[string]bool, error) {
	out := map[string]bool{}
	for b, err := range v.Read(ctx, "person", []string{"record"}, register.All) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			out[strings.Clone(b.Col(0).Text(i))] = true
		}
		if len(out) >= sampled {
			break
		}
	}
	return out, nil
}
