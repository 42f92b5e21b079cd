package query

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/go-sql-driver/mysql"

	"uoma/connectors/remote"
)

func mySQL() *dialect {
	return &dialect{
		port: "3306", connector: mySQLConnector, quotes: [2]string{"`", "`"},
		parameter: func(int) string { return "?" },
		cast:      map[string]string{"DECIMAL": "CAST(%s AS DECIMAL(65,30))"}, // a text would be compared as a binary fraction
		page:      limited,
		snapshot:  sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		now:       "SELECT UTC_TIMESTAMP(6)",
		forms: map[string]form{
			"DATE": day, "DATETIME": local, "TIMESTAMP": instant, "BIT": bits,
			"BINARY": binary, "VARBINARY": binary, "BLOB": binary, "TINYBLOB": binary, "MEDIUMBLOB": binary, "LONGBLOB": binary, "GEOMETRY": binary,
		},
		argument: func(_ string, v any) any { return v },
		meaning:  mySQLMeaning,
	}
}

func mySQLConnector(s Settings, d dial) (driver.Connector, error) {
	secure, err := s.secure()
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User, c.Passwd = "tcp", s.Address, s.Database, s.User, string(s.Password)
	c.TLS, c.Timeout, c.DialFunc = secure, remote.ConnectTimeout, func(ctx context.Context, network, address string) (net.Conn, error) { return d(ctx, network, address) }
	c.Params = map[string]string{"time_zone": "'+00:00'"} // so that a TIMESTAMP is read in UTC
	c.Logger = log.New(io.Discard, "", 0)                 // what it would say is in the error
	return mysql.NewConnector(c)
}

// Numbers of errors that tell who we are not, and of those after which the same may succeed.
var (
	mySQLLogin = map[uint16]bool{1044: true, 1045: true, 1049: true, 1130: true, 1251: true, 1698: true, 3118: true, 3159: true}
	mySQLBusy  = map[uint16]bool{1040: true, 1053: true, 1203: true, 1205: true, 1213: true, 1226: true, 1412: true, 1927: true, 4031: true}
)

func mySQLMeaning(err error) error {
	var told *mysql.MySQLError
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return remote.NoTLS()
	case !errors.As(err, &told):
		return err
	case mySQLLogin[told.Number]:
		return remote.Login(err)
	case mySQLBusy[told.Number]:
		return err
	}
	return errStatement.Because(fmt.Errorf("MariaDB error %d", told.Number))
}
