package query

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"uoma/connectors/remote"
)

func postgreSQL() *dialect {
	return &dialect{
		port: "5432", connector: postgreSQLConnector, quotes: [2]string{`"`, `"`},
		parameter: func(n int) string { return "$" + strconv.Itoa(n) },
		page:      limited,
		snapshot:  sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		now:       "SELECT now() AT TIME ZONE 'UTC'",
		forms:     map[string]form{"DATE": day, "TIMESTAMP": local, "TIMESTAMPTZ": instant, "BYTEA": binary},
		argument:  func(_ string, v any) any { return v },
		meaning:   postgreSQLMeaning,
	}
}

func postgreSQLConnector(s Settings, d dial) (driver.Connector, error) {
	secure, err := s.secure()
	if err != nil {
		return nil, err
	}
	// The library makes a configuration only from text and the environment; nothing of either is kept.
	c, err := pgx.ParseConfig("host=none user=none password=none sslmode=disable")
	if err != nil {
		return nil, remote.Misset("url", "the environment holds settings of PostgreSQL that cannot be used")
	}
	host, port, _ := net.SplitHostPort(s.Address) // complete made it so
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, remote.Misset("url", "its port is no number")
	}
	c.Host, c.Port, c.Database, c.User, c.Password = host, uint16(n), s.Database, s.User, string(s.Password)
	c.TLSConfig, c.Fallbacks, c.ConnectTimeout, c.DialFunc = secure, nil, remote.ConnectTimeout, pgconn.DialFunc(d)
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // whoever dials asks
	c.RuntimeParams = map[string]string{"timezone": "UTC", "default_transaction_read_only": "on", "application_name": "uoma"}
	return stdlib.GetConnector(*c), nil
}

// PostgreSQL's errors, or classes of them, that tell who we are not, and of those after which the same may succeed.
var (
	postgreSQLLogin = []string{"28", "3D"}
	postgreSQLBusy  = []string{"08", "25P03", "25P04", "40", "53", "57P"} // with ends of a transaction that waited, or that a standby could not keep
)

func postgreSQLMeaning(err error) error {
	var told *pgconn.PgError
	if !errors.As(err, &told) {
		if strings.Contains(err.Error(), "server refused TLS connection") { // the library has no name for it
			return remote.NoTLS()
		}
		return err
	}
	for _, class := range postgreSQLLogin {
		if strings.HasPrefix(told.Code, class) {
			return remote.Login(err)
		}
	}
	for _, class := range postgreSQLBusy {
		if strings.HasPrefix(told.Code, class) {
			return err
		}
	}
	return errStatement.Because(fmt.Errorf("PostgreSQL error %s", told.Code))
}
