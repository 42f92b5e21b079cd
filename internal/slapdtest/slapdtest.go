// Package slapdtest gives tests a real LDAP directory: OpenLDAP's slapd on loopback, with a fresh database, reached by TLS
// from the first byte or by StartTLS. Entries are put there by its administrator.
package slapdtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"uoma/internal/processtest"
	"uoma/internal/tlstest"
)

// Names and passwords of the directory.
const (
	Suffix         = "dc=example,dc=org"
	Admin          = "cn=admin," + Suffix // no limit holds for it
	AdminPassword  = "the administrator's"
	Reader         = "uid=reader,ou=services," + Suffix
	ReaderPassword = "the reader's"
)

// Server is a running directory.
type Server struct {
	Addr   string // LDAPS
	Plain  string // LDAP, which lets nobody in before StartTLS
	CA     []byte
	Others *tlstest.Authority // whose certificates the server knows

	t testing.TB
}

// haka are the attributes of eduPerson, funetEduPerson and SCHAC that layouts name. They are of the form (name, OID, single).
var haka = [][3]string{
	{"eduPersonPrincipalName", "1.3.6.1.4.1.5923.1.1.1.6", "SINGLE-VALUE"}, {"eduPersonAffiliation", "1.3.6.1.4.1.5923.1.1.1.1", ""},
	{"eduPersonPrimaryAffiliation", "1.3.6.1.4.1.5923.1.1.1.5", "SINGLE-VALUE"}, {"eduPersonScopedAffiliation", "1.3.6.1.4.1.5923.1.1.1.9", ""},
	{"funetEduPersonEPPNTimeStamp", "1.3.6.1.4.1.16161.1.1.24", "SINGLE-VALUE"}, {"funetEduPersonGivenNames", "1.3.6.1.4.1.16161.1.1.25", "SINGLE-VALUE"},
	{"funetEduPersonLearnerId", "1.3.6.1.4.1.16161.1.1.27", ""}, {"schacHomeOrganization", "1.3.6.1.4.1.25178.1.2.9", "SINGLE-VALUE"},
	{"schacPersonalUniqueCode", "1.3.6.1.4.1.25178.1.2.14", ""}, {"schacPersonalUniqueID", "1.3.6.1.4.1.25178.1.2.15", ""},
	{"schacDateOfBirth", "1.3.6.1.4.1.25178.1.2.3", "SINGLE-VALUE"},
}

// schema gives the definitions of haka, of which the server's package has none, and of a class that allows them.
func schema() string {
	var b strings.Builder
	var names []string
	for _, a := range haka {
		fmt.Fprintf(&b, "attributetype ( %s NAME '%s' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 %s )\n", a[1], a[0], a[2])
		names = append(names, a[0])
	}
	fmt.Fprintf(&b, "objectclass ( 1.3.6.1.4.1.16161.1.1.1 NAME 'funetEduPerson' AUXILIARY MAY ( %s ) )\n", strings.Join(names, " $ "))
	return b.String()
}

// Start starts a server. options are further lines of the database's configuration, as sizelimit 10.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	authority, others := tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	s := &Server{CA: authority.PEM, Others: others, t: t}
	cert, key := authority.Files(t, dir)
	for name, text := range map[string]string{"haka.schema": schema(), "clients.pem": string(others.PEM), "slapd.conf": fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %[1]s/haka.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
argsfile %[1]s/args
TLSCertificateFile %[2]s
TLSCertificateKeyFile %[3]s
TLSCACertificateFile %[1]s/clients.pem
TLSVerifyClient try
TLSProtocolMin 3.3
sizelimit unlimited
security tls=1
authz-regexp ^cn=uoma$ %[7]s
database mdb
maxsize 1073741824
suffix "%[4]s"
rootdn "%[5]s"
rootpw "%[6]s"
directory %[1]s/db
dbnosync
index objectClass,uid eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn="%[7]s" read by * none
%[8]s
`, dir, cert, key, Suffix, Admin, AdminPassword, Reader, strings.Join(options, "\n"))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.Addr = processtest.Start(t, processtest.Server{
		Program: "slapd",
		Get:     "apt-get install -y --no-install-recommends slapd",
		Args: func(port string) []string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s.Plain = l.Addr().String()
			l.Close() // the port is free again
			return []string{"-f", filepath.Join(dir, "slapd.conf"), "-h", "ldaps://127.0.0.1:" + port + " ldap://" + s.Plain, "-d", "none"}
		},
	})
	s.Do(func(c *ldap.Conn) {
		s.Add(c, Suffix, map[string][]string{"objectClass": {"organization", "dcObject"}, "o": {"Example"}, "dc": {"example"}})
		for _, unit := range []string{"services", "people"} {
			s.Add(c, "ou="+unit+","+Suffix, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {unit}})
		}
		s.Add(c, Reader, map[string][]string{"objectClass": {"account", "simpleSecurityObject"}, "uid": {"reader"}, "userPassword": {ReaderPassword}})
	})
	return s
}

// Do gives a connection of the administrator.
func (s *Server) Do(f func(c *ldap.Conn)) {
	s.t.Helper()
	c, err := ldap.DialURL("ldaps://"+s.Addr, ldap.DialWithTLSConfig(tlstest.Trust(s.CA)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(Admin, AdminPassword); err != nil {
		s.t.Fatal(err)
	}
	f(c)
}

// Add adds an entry.
func (s *Server) Add(c *ldap.Conn, dn string, attributes map[string][]string) {
	s.t.Helper()
	r := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		r.Attribute(name, values)
	}
	if err := c.Add(r); err != nil {
		s.t.Fatalf("%s: %v", dn, err)
	}
}
