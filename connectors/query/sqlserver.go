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
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"uoma/connectors/remote"
)

// sqlServer knows no transaction that may only read: what the user may do must say that.
func sqlServer() *dialect {
	return &dialect{
		port: "1433", connector: sqlServerConnector, quotes: [2]string{"[", "]"},
		parameter: func(n int) string { return "@p" + strconv.Itoa(n) },
		page:      func(n int) (string, string) { return "TOP (" + strconv.Itoa(n) + ") ", "" },
		snapshot:  sql.TxOptions{Isolation: sql.LevelSnapshot},
		now:       "SELECT SYSUTCDATETIME()",
		forms: map[string]form{
			"DATE": day, "DATETIME": local, "DATETIME2": local, "SMALLDATETIME": local, "DATETIMEOFFSET": instant, "TIME": clock,
			"BINARY": binary, "VARBINARY": binary, "IMAGE": binary, "TIMESTAMP": binary, "UNIQUEIDENTIFIER": guid,
		},
		argument: sqlServerArgument,
		meaning:  sqlServerMeaning,
	}
}

func sqlServerConnector(s Settings, d dial) (driver.Connector, error) {
	secure, err := s.secure()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(s.Address) // complete made it so
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, remote.Misset("url", "its port is no number")
	}
	c := mssql.NewConnectorConfig(msdsn.Config{
		Host: host, Port: n, Database: s.Database, User: s.User, Password: string(s.Password), AppName: "uoma",
		Encryption: msdsn.EncryptionRequired, TLSConfig: secure, HostInCertificateProvided: true,
		ReadOnlyIntent: true, DisableRetry: true, DialTimeout: remote.ConnectTimeout, Protocols: []string{"tcp"}, Parameters: map[string]string{},
	})
	c.Dialer = lineDialer{d, host}
	return c, nil
}

// lineDialer dials for the driver.
type lineDialer struct {
	dial dial
	host string
}

func (l lineDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return l.dial(ctx, network, address)
}

// HostName says that whoever dials looks the name up.
func (l lineDialer) HostName() string { return l.host }

// sqlServerArgument gives a key the type of its column: another one has another order.
func sqlServerArgument(typ string, v any) any {
	text, ok := v.(string)
	switch {
	case ok && (typ == "VARCHAR" || typ == "CHAR" || typ == "TEXT"):
		return mssql.VarChar(text)
	case ok && typ == "UNIQUEIDENTIFIER":
		var id mssql.UniqueIdentifier
		if id.Scan([]byte(text)) == nil {
			return id
		}
	}
	if t, ok := v.(time.Time); ok && typ == "DATETIME" { // whose ticks another type of time does not meet
		return mssql.DateTime1(t)
	}
	return v
}

// Numbers of SQL Server's errors that tell who we are not, after which the same may succeed, and of a database without
// snapshots.
var (
	sqlServerLogin    = map[int32]bool{4060: true, 18452: true, 18456: true, 18486: true, 18487: true, 18488: true, 916: true}
	sqlServerBusy     = map[int32]bool{1205: true, 3961: true, 6005: true, 10928: true, 10929: true, 40197: true, 40501: true, 40613: true, 49918: true, 49919: true, 49920: true}
	sqlServerSnapshot = map[int32]bool{3951: true, 3952: true}
)

func sqlServerMeaning(err error) error {
	var told mssql.Error
	switch text := err.Error(); { // of some errors the library keeps the words alone
	case strings.Contains(text, "TLS Handshake failed: ") && strings.Contains(text, "tls: "):
		return remote.Unproved()
	case strings.Contains(text, "server does not support encryption"):
		return remote.NoTLS()
	case !errors.As(err, &told), sqlServerBusy[told.Number]:
		return err
	case sqlServerLogin[told.Number]:
		return remote.Login(err)
	case sqlServerSnapshot[told.Number]:
		return errSnapshot
	}
	return errStatement.Because(fmt.Errorf("SQL Server error %d", told.Number))
}
