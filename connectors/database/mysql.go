package database

import (
	"context"
	"database/sql"
	"net"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

const (
	dialTimeout  = 10 * time.Second
	connLifetime = 5 * time.Minute // below the idle limits of common proxies
	maxConns     = 8               // a pipeline uses four at once
)

// sqlMode makes the server refuse what it cannot store instead of bending it.
const sqlMode = "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE'"

// quiet drops the driver's own log lines; every failure also reaches the caller.
type quiet struct{}

func (quiet) Print(...any) {}

// leave is what the operator allowed by our own DSN parameters.
type leave struct{ relaxed, oneWriter, plain bool }

func openMySQL(ctx context.Context, dsn string) (*DB, error) {
	cfg, allowed, err := configure(dsn)
	if err != nil {
		return nil, err
	}
	cfg.DialFunc = func(dialled context.Context, network, addr string) (net.Conn, error) {
		// A pool dials some connections under a context of its own: the one that the store was opened under decides.
		d := net.Dialer{ControlContext: func(_ context.Context, network, addr string, line syscall.RawConn) error {
			return remote.Reachable(ctx, network, addr, line)
		}}
		return d.DialContext(dialled, network, addr)
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, badDSN(err)
	}
	std := sql.OpenDB(connector)
	std.SetMaxOpenConns(maxConns)
	std.SetMaxIdleConns(maxConns)
	std.SetConnMaxLifetime(connLifetime)
	db := &DB{DB: sqlx.NewDb(std, string(MySQL)), Dialect: MySQL}
	if err := db.prove(ctx, allowed); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func configure(dsn string) (*mysql.Config, leave, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, leave{}, badDSN(err)
	}
	allowed := leave{
		relaxed:   take(cfg, "uoma_durability") == "relaxed",
		oneWriter: take(cfg, "uoma_cluster") == "one-writer",
		plain:     take(cfg, "uoma_tls") == "off",
	}
	if cfg.DBName == "" {
		return nil, leave{}, badDSN(nil)
	}
	if !allowed.plain && !private(cfg) {
		return nil, leave{}, fault.New("UOMA-DBS-TLS", "the connection to the database server would not be verified and encrypted",
			"add tls=true to the DSN, or uoma_tls=off when the network itself is encrypted")
	}
	cfg.MultiStatements = false
	cfg.AllowAllFiles = false
	cfg.AllowCleartextPasswords = false
	cfg.AllowOldPasswords = false
	cfg.ClientFoundRows = true // rows affected = rows matched, as in SQLite: the compare-and-set counts them
	cfg.ParseTime = true       // the migration tool's own table has a timestamp; ours have none
	cfg.Timeout = dialTimeout
	cfg.Logger = quiet{}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["sql_mode"] = sqlMode
	if err := cfg.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, leave{}, badDSN(err)
	}
	return cfg, allowed, nil
}

// take removes a parameter of our own, which the server would not know.
func take(cfg *mysql.Config, name string) string {
	v := cfg.Params[name]
	delete(cfg.Params, name)
	return v
}

// private tells whether nobody between us and the server can read or change the connection.
func private(cfg *mysql.Config) bool {
	if cfg.Net == "unix" {
		return true
	}
	switch cfg.TLSConfig {
	case "", "false", "preferred", "skip-verify":
	default:
		return true
	}
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return false
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// badDSN keeps the parser's text out: it may quote a password.
func badDSN(cause error) error {
	return fault.New("UOMA-DBS-DSN", "the MariaDB address is not understood",
		"write mysql:user:password@tcp(host:3306)/database?tls=true; escape / in the password").Wrap(cause)
}

// prove asks the server for the settings on which Uoma's promises rest.
func (db *DB) prove(ctx context.Context, allowed leave) error {
	var flush int
	var collation string
	err := db.QueryRowContext(ctx, "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit, @@collation_database").Scan(&flush, &collation)
	if err != nil {
		return Failed("connect to the database", err)
	}
	if flush != 1 && !allowed.relaxed {
		return fault.New("UOMA-DBS-FORGETS", "the database server may lose commits that it confirmed",
			"set innodb_flush_log_at_trx_commit=1 on the server")
	}
	if collation != "utf8mb4_bin" {
		return fault.New("UOMA-DBS-COLLATION", "the database compares text by another rule than by its bytes",
			"ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin before the first migration")
	}
	cluster, err := db.clustered(ctx)
	if err != nil {
		return err
	}
	if cluster && !allowed.oneWriter {
		return fault.New("UOMA-DBS-CLUSTER", "the server is part of a cluster in which two writers can lose updates",
			"let every client use one and the same node and add uoma_cluster=one-writer to the DSN")
	}
	return nil
}

func (db *DB) clustered(ctx context.Context) (bool, error) {
	var name, value string
	err := db.QueryRowContext(ctx, "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'").Scan(&name, &value)
	if err == sql.ErrNoRows {
		return false, nil
	}
	if err != nil {
		return false, Failed("ask whether the server is a cluster", err)
	}
	return value == "ON", nil
}
