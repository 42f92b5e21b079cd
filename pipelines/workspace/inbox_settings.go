package workspace

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"uoma/connectors/download"
	"uoma/connectors/keys"
	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/sftp"
	"uoma/internal/fault"
)

// InboxSettings say where a system's exports lie when not in its folder of the inbox.
type InboxSettings struct {
	URL string `yaml:"url"` // sftp://USER@HOST[:PORT]/FOLDER, s3://BUCKET/PREFIX, https://HOST[:PORT]/FOLDER, rest://[USER@]HOST[:PORT]/PATH, DATABASE://USER@HOST[:PORT]/NAME, ldaps://HOST[:PORT]/BASE

	HostKeys []string `yaml:"host_keys"` // sftp: pinned
	Bind     string   `yaml:"bind"`      // ldap: the name that we bind as
	Password string   `yaml:"password"`  // all but s3: reference
	Key      string   `yaml:"key"`       // all but s3: reference to our private key

	Endpoint  string `yaml:"endpoint"` // s3
	Region    string `yaml:"region"`
	PathStyle bool   `yaml:"path_style"`
	Profile   string `yaml:"profile"`

	CA          string   `yaml:"ca"` // all but sftp: file of PEM certificates
	Certificate string   `yaml:"certificate"`
	Networks    []string `yaml:"networks"`

	Digest bool              `yaml:"digest"` // https, rest: the password is proved and not sent
	Bearer string            `yaml:"bearer"` // https, rest: reference to a token
	Keys   map[string]string `yaml:"keys"`   // https, rest: references by header
	OAuth  *OAuthSettings    `yaml:"oauth"`
}

// OAuthSettings are credentials of a service that gives tokens for them.
type OAuthSettings struct {
	TokenURL   string            `yaml:"token_url"`
	ID         string            `yaml:"id"`
	Secret     string            `yaml:"secret"` // reference
	Scopes     []string          `yaml:"scopes"`
	Refresh    string            `yaml:"refresh"` // reference
	Parameters map[string]string `yaml:"parameters"`
}

func inboxFault(field string, why error) error { return remote.Misset(field, why.Error()) }

// opened is what an inbox of its own turned out to be: one of both.
type opened struct {
	transport transport
	rows      rows
}

// open makes what the URL names. home is the folder of the settings.
func (s *InboxSettings) open(ctx context.Context, home string, patience remote.Retry) (o opened, err error) {
	u, err := s.where()
	if err != nil {
		return o, err
	}
	switch u.Scheme {
	case "sftp":
		var at sftp.Settings
		if at, err = s.sftp(u, home, patience); err == nil {
			o.transport, err = sftp.Open(ctx, at)
		}
	case "s3":
		var at s3.Settings
		if at, err = s.s3(u, home, patience); err == nil {
			o.transport, err = s3.Open(ctx, at)
		}
	case "https":
		o.transport, err = s.download(ctx, u, home, patience)
	case "rest":
		o.rows, err = s.service(ctx, u, home, patience)
	case "mysql", "postgres", "sqlserver":
		o.rows, err = s.database(ctx, u, home, patience)
	case "ldap", "ldaps":
		o.rows, err = s.directory(u, home, patience)
	default:
		err = inboxFault("url", errors.New("no source is read under this scheme"))
	}
	if err != nil {
		return opened{}, err // and no typed nil
	}
	return o, nil
}

// where reads the URL, and refuses settings that belong to another kind.
func (s *InboxSettings) where() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, inboxFault("url", errors.New("it is no URL")) // the parser's words quote it
	}
	if _, secret := u.User.Password(); secret {
		return nil, inboxFault("url", errors.New("it holds a password, which belongs into a file that password: names"))
	}
	return u, s.only(u.Scheme)
}

// only refuses what belongs to another kind of URL: whoever wrote it expects something that will not be.
func (s *InboxSettings) only(scheme string) error {
	for _, f := range []struct {
		field string
		set   bool
		of    string
	}{
		{"host_keys", len(s.HostKeys) > 0, "sftp"}, {"bind", s.Bind != "", "ldap ldaps"},
		{"password", s.Password != "", "sftp https rest mysql postgres sqlserver ldap ldaps"}, {"key", s.Key != "", "sftp https rest mysql postgres sqlserver ldap ldaps"},
		{"endpoint", s.Endpoint != "", "s3"}, {"region", s.Region != "", "s3"}, {"path_style", s.PathStyle, "s3"}, {"profile", s.Profile != "", "s3"},
		{"ca", s.CA != "", "s3 https rest mysql postgres sqlserver ldap ldaps"},
		{"certificate", s.Certificate != "", "https rest mysql postgres sqlserver ldap ldaps"}, {"networks", len(s.Networks) > 0, "https rest"},
		{"digest", s.Digest, "https rest"}, {"bearer", s.Bearer != "", "https rest"}, {"keys", len(s.Keys) > 0, "https rest"}, {"oauth", s.OAuth != nil, "https rest"},
	} {
		if f.set && !slices.Contains(strings.Fields(f.of), scheme) {
			return inboxFault(f.field, fmt.Errorf("it says nothing of %s", scheme))
		}
	}
	return nil
}

// sftp reads what an SSH server and we must know of each other.
func (s *InboxSettings) sftp(u *url.URL, home string, patience remote.Retry) (o sftp.Settings, err error) {
	o = sftp.Settings{Address: u.Host, User: u.User.Username(), HostKeys: s.HostKeys, Folder: u.Path, Retry: patience}
	if relative, ok := strings.CutPrefix(u.Path, "/~/"); ok { // below where a login begins
		o.Folder = relative
	}
	if o.Key, err = secretOf(home, "key", s.Key); err != nil {
		return o, err
	}
	o.Password, err = secretOf(home, "password", s.Password)
	return o, err
}

// s3 reads where a bucket is.
func (s *InboxSettings) s3(u *url.URL, home string, patience remote.Retry) (o s3.Settings, err error) {
	o = s3.Settings{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), Endpoint: s.Endpoint, Region: s.Region, PathStyle: s.PathStyle, Profile: s.Profile, Retry: patience}
	o.CA, err = authorities(home, s.CA)
	return o, err
}

func (s *InboxSettings) download(ctx context.Context, u *url.URL, home string, patience remote.Retry) (transport, error) {
	o, err := s.server(u, home, patience)
	if err != nil {
		return nil, err
	}
	return download.Open(ctx, o)
}

// certificate loads our certificate for one source, or nil.
func (s *InboxSettings) certificate(home string) (*tls.Certificate, error) {
	switch {
	case s.Certificate == "" && s.Key == "":
		return nil, nil
	case s.Certificate == "" || s.Key == "":
		return nil, inboxFault("certificate", errors.New("certificate and key belong together"))
	}
	key, err := secretOf(home, "key", s.Key)
	if err != nil {
		return nil, err
	}
	public, err := os.ReadFile(within(home, s.Certificate))
	if err != nil {
		return nil, inboxFault("certificate", err)
	}
	pair, err := tls.X509KeyPair(public, []byte(key))
	if err != nil {
		return nil, inboxFault("certificate", errors.New("certificate and key are not a pair"))
	}
	return &pair, nil
}

func authorities(home, file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(filepath.Clean(within(home, file)))
	if err != nil {
		return nil, inboxFault("ca", err)
	}
	return pem, nil
}

// secretOf gives what a reference names; "" names nothing.
func secretOf(home, field, reference string) (remote.Secret, error) {
	if reference == "" {
		return "", nil
	}
	text, err := dereference(home, reference, keys.ReadSecret)
	var own *fault.Error
	if errors.As(err, &own) {
		return "", own.At(fault.Place{Field: field}).For(fault.Source)
	}
	return remote.Secret(text), err
}
