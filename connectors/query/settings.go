package query

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"uoma/connectors/remote"
)

// Settings say where the database is and how both sides know each other.
type Settings struct {
	Kind        string // mysql, postgres or sqlserver
	Address     string // host, or host:port
	Database    string
	User        string
	Password    remote.Secret
	CA          []byte           // PEM of authorities in place of the machine's own
	Certificate *tls.Certificate // ours, where the server asks for one

	Rows  int64         // the most that a query may give; 0 means [MaxRows]
	Page  int           // rows asked for at once; 0 means [PageRows]
	Idle  time.Duration // a connection that moves no byte for so long while it is asked is cut; 0 means [Idle]
	Retry remote.Retry  // until the snapshot stands
}

const (
	// MaxRows is beyond every export of a university.
	MaxRows = 50_000_000
	// PageRows is how many rows are asked for at once.
	PageRows = 20_000
	// Idle is how long a database may think before its first row.
	Idle = 10 * time.Minute
)

// complete puts defaults where the settings are silent, and refuses what cannot be used.
func (s Settings) complete(port string) (Settings, error) {
	if s.Address == "" || s.User == "" || s.Database == "" {
		return s, remote.Misset("url", "it names no host, no user or no database")
	}
	if s.Password == "" && s.Certificate == nil {
		return s, remote.Misset("password", "there is neither a password nor a certificate")
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		s.Address = net.JoinHostPort(strings.Trim(s.Address, "[]"), port)
	}
	if s.Rows == 0 {
		s.Rows = MaxRows
	}
	if s.Page == 0 {
		s.Page = PageRows
	}
	if s.Idle == 0 {
		s.Idle = Idle
	}
	return s, nil
}

// host gives the name that the server's certificate must have.
func (s Settings) host() string {
	host, _, _ := net.SplitHostPort(s.Address) // complete made it so
	return host
}

// secure makes what is asked of the server.
func (s Settings) secure() (*tls.Config, error) {
	config, err := remote.TLS(s.CA, s.Certificate)
	if err == nil {
		config.ServerName = s.host()
	}
	return config, err
}

// dial is how a driver dials.
type dial func(ctx context.Context, network, address string) (net.Conn, error)
