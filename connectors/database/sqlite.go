package database

import (
	"context"
	"net/url"
	"os"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// pragmas are set on every connection, in this order: the busy timeout before the first statement that may wait, the
// vacuum mode before the first page is written.
var pragmas = [...]string{
	"busy_timeout(20000)", // milliseconds: longer than any commit of ours
	"auto_vacuum(INCREMENTAL)",
	"journal_mode(WAL)", // readers see the last commit while a night is written
	"synchronous(FULL)", // a confirmed commit survives the loss of power
	"foreign_keys(ON)",
	"secure_delete(ON)",            // deleted bytes are overwritten
	"temp_store(MEMORY)",           // nothing of a query in the system's temporary folder
	"trusted_schema(OFF)",          // a schema that came with a file runs no function
	"journal_size_limit(67108864)", // bytes: the log of a first night is not kept for ever
	"cache_size(-49152)",           // KiB a connection: the inner pages of a night's indexes stay in memory
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := ensurePrivate(path); err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": pragmas[:], "_txlock": {"immediate"}} // a writer waits at BEGIN, never fails half-way
	db, err := sqlx.Open(string(SQLite), "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, Failed("open the database file", err)
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, Failed("open the database file", err)
	}
	return &DB{DB: db, Dialect: SQLite, Path: path}, nil
}

// ensurePrivate makes the file before SQLite does, which would let the umask decide who may read it. The write-ahead
// log and its index take the file's mode.
func ensurePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fault.New("UOMA-DBS-FILE", "the database file cannot be opened",
			"create its folder with mode 0700 and run as its owner").Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Failed("look at the database file", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return fault.New("UOMA-DBS-MODE", "the database file can be read by others", "chmod 600 the file")
	}
	return nil
}

// Scrub makes deleted bytes of an SQLite store leave its files: freed pages are given back and the write-ahead log is
// folded in and cut to nothing. Another open reader may hold the log back, which is a fault. On a server it does
// nothing: there the purge of old versions and the turn of the redo log remove them.
func (db *DB) Scrub(ctx context.Context) error {
	if db.Dialect != SQLite {
		return nil
	}
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
