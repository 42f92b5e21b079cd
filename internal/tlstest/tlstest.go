// Package tlstest makes certificates for tests: an authority of its own, and certificates for loopback and for clients.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates that end in an hour.
type Authority struct {
	PEM  []byte
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key, template := fresh(t)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Authority{PEM: encode("CERTIFICATE", der), cert: cert, key: key}
}

// Certificate signs one for loopback, of use to a server and to a client.
func (a *Authority) Certificate(t testing.TB) tls.Certificate {
	t.Helper()
	return a.CertificateFor(t, func(*x509.Certificate) {})
}

// CertificateFor signs one that differs from that.
func (a *Authority) CertificateFor(t testing.TB, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	cert, key := a.pair(t, change)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// Files signs one and writes it and its key into dir.
func (a *Authority) Files(t testing.TB, dir string) (cert, key string) {
	t.Helper()
	certPEM, keyPEM := a.pair(t, func(*x509.Certificate) {})
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, text := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func (a *Authority) pair(t testing.TB, change func(*x509.Certificate)) (cert, key []byte) {
	t.Helper()
	private, template := fresh(t)
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

func fresh(t testing.TB) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return key, &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "test " + serial.String()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Serve serves over TLS on loopback until the test ends, and gives the address.
func (a *Authority) Serve(t testing.TB, h http.Handler) (addr string) {
	t.Helper()
	return ServeWith(t, &tls.Config{Certificates: []tls.Certificate{a.Certificate(t)}}, h)
}

// ServeTo serves those alone who have a certificate of another authority.
func (a *Authority) ServeTo(t testing.TB, h http.Handler, clients *Authority) (addr string) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(clients.cert)
	return ServeWith(t, &tls.Config{Certificates: []tls.Certificate{a.Certificate(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, h)
}

// ServeWith serves as config says.
func ServeWith(t testing.TB, config *tls.Config, h http.Handler) (addr string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that go away are what the tests are about
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// Trust gives what a client asks of a server on loopback whose certificate one of the authorities signed.
func Trust(authorities []byte) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// CertificateNamed signs one of a common name alone.
func (a *Authority) CertificateNamed(t testing.TB, name string) tls.Certificate {
	t.Helper()
	return a.CertificateFor(t, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: name} })
}
