package directory

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/remote"
)

// Settings say where the directory is and how both sides know each other.
type Settings struct {
	Address     string // host, or host:port
	StartTLS    bool   // TLS begins on the connection; otherwise the connection begins with it
	Base        string // name of the entry below which is searched
	Bind        string // name that we bind as, with the password
	Password    remote.Secret
	Certificate *tls.Certificate // ours; without Bind, it says who we are (EXTERNAL)
	CA          []byte           // PEM of authorities in place of the machine's own

	Entries int64         // the most that a search may give; 0 means [MaxEntries]
	Page    int           // entries asked for at once; 0 means [PageEntries]
	Idle    time.Duration // a connection that moves no byte for so long while it is asked is cut; 0 means [remote.Idle]
	Retry   remote.Retry  // until we are let in
}

const (
	// MaxEntries is beyond every directory of a university.
	MaxEntries = 5_000_000
	// PageEntries is below the limit that most servers set.
	PageEntries = 500
)

// complete puts defaults where the settings are silent, and refuses what cannot be used.
func (s Settings) complete() (Settings, error) {
	if s.Address == "" || s.Base == "" {
		return s, remote.Misset("url", "it names no host, or no entry to search below")
	}
	if _, err := ldap.ParseDN(s.Base); err != nil {
		return s, remote.Misset("url", "its path is not the name of an entry, as dc=example,dc=org")
	}
	if _, err := ldap.ParseDN(s.Bind); err != nil {
		return s, remote.Misset("bind", "it is not the name of an entry")
	}
	switch {
	case s.Bind != "" && s.Password == "": // a server takes that for nobody, and lets nobody in
		return s, remote.Misset("password", "there is none")
	case s.Bind == "" && s.Password != "":
		return s, remote.Misset("bind", "there is a password and no name")
	case s.Bind == "" && s.Certificate == nil:
		return s, remote.Misset("bind", "there is neither a name nor a certificate")
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		port := "636"
		if s.StartTLS {
			port = "389"
		}
		s.Address = net.JoinHostPort(strings.Trim(s.Address, "[]"), port)
	}
	if s.Entries == 0 {
		s.Entries = MaxEntries
	}
	if s.Page == 0 {
		s.Page = PageEntries
	}
	return s, nil
}

// Search is what one feed is read by.
type Search struct {
	Filter string   // RFC 4515
	Below  bool     // the entries right below the base alone, and not those below them
	Binary []string // columns whose values are no text
}

// Check says what is wrong with a search, or nil.
func (q Search) Check() error {
	_, err := ldap.CompileFilter(q.Filter)
	return err
}
