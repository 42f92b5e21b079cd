package database

import (
	"context"
	"database/sql"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// Dialect is the SQL that a store speaks. Its value is the driver's name.
type Dialect string

const (
	// SQLite is one file beside the workspace's others.
	SQLite Dialect = "sqlite"
	// MySQL is MariaDB 10.6 or later, or MySQL 8.
	MySQL Dialect = "mysql"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	*sqlx.DB
	Dialect Dialect
	// Path is SQLite's file, "" for a server.
	Path string
	// Guard, when it is there, looks at the store at the start of every transaction, and may refuse it. Inside one that
	// writes, what it has seen stays so until the end when lock is added to its query.
	Guard func(ctx context.Context, tx *sqlx.Tx, lock string) error

	folding sync.Mutex // held while the write-ahead log is folded in; see [DB.CommitAside]
}

// Begin begins a writing transaction.
func (db *DB) Begin(ctx context.Context) (*sqlx.Tx, error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, Failed("begin a transaction", err)
	}
	if err := db.tune(ctx, tx, writer); err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	if db.Guard == nil {
		return tx, nil
	}
	lock := ""
	if db.Dialect == MySQL { // SQLite has one writer
		lock = " LOCK IN SHARE MODE"
	}
	if err := db.Guard(ctx, tx, lock); err != nil {
		_ = tx.Rollback() // nothing was written
		return nil, err
	}
	return tx, nil
}

// Open opens the store that a DSN names and proves that it answers and keeps what it confirms:
//
//	sqlite:/path/register.db          created with mode 0600 when absent
//	mysql:user:password@unix(/run/mysqld/mysqld.sock)/uoma
//	mysql:user:password@tcp(db.example:3306)/uoma?tls=true
//
// The part after "mysql:" is that of github.com/go-sql-driver/mysql, and three parameters of our own:
// uoma_durability=relaxed accepts a server that loses a second of commits in a crash (tests only),
// uoma_cluster=one-writer accepts a Galera cluster of which every client uses the same node, and uoma_tls=off accepts a
// plain connection to another host.
func Open(ctx context.Context, dsn string) (*DB, error) {
	kind, rest, ok := strings.Cut(dsn, ":")
	switch {
	case ok && kind == string(SQLite) && rest != "":
		return openSQLite(ctx, rest)
	case ok && kind == string(MySQL):
		return openMySQL(ctx, rest)
	}
	return nil, fault.New("UOMA-DBS-DSN", "the database address is not understood",
		"write sqlite:/path/file.db or mysql:user@tcp(host:3306)/database?tls=true")
}

// Do runs f in one writing transaction, which is committed when f returns nil and rolled back otherwise. f may not keep
// the transaction.
func (db *DB) Do(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	return db.do(ctx, f, func(tx *sqlx.Tx) error { return Failed("commit", tx.Commit()) })
}

// DoAside is Do of a transaction that writes much, which [DB.CommitAside] commits.
func (db *DB) DoAside(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	return db.do(ctx, f, db.CommitAside)
}

func (db *DB) do(ctx context.Context, f, commit func(tx *sqlx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return commit(tx)
}

// See runs f in one transaction that only reads and sees the store as it was at the first statement.
func (db *DB) See(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: db.snapshot(), ReadOnly: true})
	if err != nil {
		return Failed("begin to read", err)
	}
	defer tx.Rollback()
	if err := db.tune(ctx, tx, reader); err != nil {
		return err
	}
	if db.Guard != nil {
		if err := db.Guard(ctx, tx, ""); err != nil {
			return err
		}
	}
	return f(tx)
}

// snapshot is the isolation of a reader. SQLite in WAL mode has only this one and refuses to be told.
func (db *DB) snapshot() sql.IsolationLevel {
	if db.Dialect == MySQL {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// One tells whether a statement changed exactly one row: the answer of a compare-and-set.
func One(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, Failed("write a row", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, Failed("count the rows written", err)
	}
	return n == 1, nil
}

// Quote makes an identifier of a compiled name. It panics on anything but lower-case letters, digits and underscores:
// such a name did not come from a compiled list.
func Quote(name string) string {
	if name == "" || len(name) > 64 {
		panic("database: not a compiled name")
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			panic("database: not a compiled name")
		}
	}
	return "`" + name + "`"
}

// Columns quotes names and joins them by commas.
func Columns(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Quote(n)
	}
	return strings.Join(quoted, ", ")
}
