package database

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// vacuumMode must be set before the first page is written, and not later: setting it again is a write, for which a reader
// would wait while a night is being written.
const vacuumMode = "auto_vacuum(INCREMENTAL)"

// pragmas are set on every connection, in this order: the busy timeout before the first statement that may wait.
var pragmas = []string{
	"busy_timeout(20000)", // milliseconds: longer than any commit of ours
	"journal_mode(WAL)",   // readers see the last commit while a night is written
	"synchronous(FULL)",   // a confirmed commit survives the loss of power
	"foreign_keys(ON)",
	"secure_delete(ON)",                            // deleted bytes are overwritten
	"temp_store(MEMORY)",                           // nothing of a query in the system's temporary folder
	"trusted_schema(OFF)",                          // a schema that came with a file runs no function
	fmt.Sprintf("journal_size_limit(%d)", mostLog), // the log of a first night is not kept for ever
}

// A connection to SQLite keeps pages in memory, in KiB: a writer comes back to the inner pages of a night's indexes, a
// reader sees most pages once. What a writer commits is folded into the file when the log has this many pages, unless it
// commits by [DB.CommitAside].
const (
	writer = "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 1000"
	reader = "PRAGMA cache_size = -2048"
)

// tune makes the connection of a transaction that of a writer or of a reader from now on.
func (db *DB) tune(ctx context.Context, tx *sqlx.Tx, to string) error {
	if db.Dialect != SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, to)
	return Failed("set up the connection", err)
}

// mostLog is how many bytes of the write-ahead log are kept between transactions, and folded in beside others.
const mostLog = 64 << 20

// CommitAside commits a transaction of [DB.Begin] that wrote much. What it wrote is safe in SQLite's log by then, as after
// any commit; it is folded into the file beside whatever comes next, most of which time is waiting for the disk. A log as
// large as that of a first night is folded in at once: what comes next would need its own memory beside it.
func (db *DB) CommitAside(tx *sqlx.Tx) error {
	if db.Dialect != SQLite {
		return Failed("commit", tx.Commit())
	}
	if log, err := os.Stat(db.Path + "-wal"); err != nil || log.Size() > mostLog {
		return Failed("commit", tx.Commit())
	}
	if _, err := tx.Exec("PRAGMA wal_autocheckpoint = 0"); err != nil {
		return Failed("commit", err)
	}
	if err := tx.Commit(); err != nil {
		return Failed("commit", err)
	}
	if db.folding.TryLock() { // else what comes last folds in the rest
		go func() {
			defer db.folding.Unlock()
			_, _ = db.Exec("PRAGMA wal_checkpoint(PASSIVE)") // what it cannot fold in stays in the log, for the next one
		}()
	}
	return nil
}

// Close closes the store when its log is no longer being folded in. It folds in what is left.
func (db *DB) Close() error {
	db.folding.Lock()
	defer db.folding.Unlock()
	return db.DB.Close()
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	fresh, err := ensurePrivate(path)
	if err != nil {
		return nil, err
	}
	if fresh {
		first, err := connect(ctx, path, slices.Insert(slices.Clone(pragmas), 1, vacuumMode))
		if err != nil {
			return nil, err
		}
		if err := first.Close(); err != nil {
			return nil, Failed("make the database file", err)
		}
	}
	db, err := connect(ctx, path, pragmas)
	if err != nil {
		return nil, err
	}
	return &DB{DB: db, Dialect: SQLite, Path: path}, nil
}

// connect opens the file with pragmas that every connection sets.
func connect(ctx context.Context, path string, pragmas []string) (*sqlx.DB, error) {
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}} // a writer waits at BEGIN, never fails half-way
	db, err := sqlx.Open(string(SQLite), "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, Failed("open the database file", err)
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, Failed("open the database file", err)
	}
	return db, nil
}

// ensurePrivate makes the file before SQLite does, which would let the umask decide who may read it. The write-ahead
// log and its index take the file's mode. fresh tells that nothing is in it yet.
func ensurePrivate(path string) (fresh bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, fault.New("UOMA-DBS-FILE", "the database file cannot be opened",
			"create its folder with mode 0700 and run as its owner").Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, Failed("look at the database file", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return false, fault.New("UOMA-DBS-MODE", "the database file can be read by others", "chmod 600 the file")
	}
	return info.Size() == 0, nil
}

// Scrub makes deleted bytes of an SQLite store leave its files: freed pages are given back and the write-ahead log is
// folded in and cut to nothing. Another open reader may hold the log back, which is a fault. On a server it does
// nothing: there the purge of old versions and the turn of the redo log remove them.
func (db *DB) Scrub(ctx context.Context) error {
	if db.Dialect != SQLite {
		return nil
	}
	db.folding.Lock()
	defer db.folding.Unlock()
	if _, err := db.ExecContext(ctx, "PRAGMA incremental_vacuum"); err != nil {
		return Failed("give back freed pages", err)
	}
	var busy, logged, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
		return Failed("fold in the write-ahead log", err)
	}
	if busy != 0 {
		return fault.New("UOMA-DBS-BUSY", "another program reads the file, so deleted bytes stay in its log",
			"end the other program and run the command again")
	}
	return nil
}
