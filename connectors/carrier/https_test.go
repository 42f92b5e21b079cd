package carrier_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"uoma/connectors/carrier"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair makes a certificate that nobody but itself trusts.
func pair(t testing.TB, host string, until time.Time) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// server is a TLS server with settings of its own.
func server(t testing.TB, config *tls.Config, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func head(t testing.TB, s carrier.Settings) error {
	t.Helper()
	c, err := carrier.NewHTTPS(s)
	must(t, err)
	t.Cleanup(c.Close)
	_, err = c.Head(ctx, "uraseuranta")
	return err
}

func TestThreat_T43_WrongPeers(t *testing.T) {
	rig := endpointtest.New(t, nil)
	later := time.Now().Add(time.Hour)
	fine := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }
	good, ca := pair(t, "127.0.0.1", later)
	modern := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	with := func(addr string, ca []byte) carrier.Settings {
		s := rig.Settings(addr)
		s.CA = ca
		return s
	}
	tests := []struct {
		name string
		make func(t *testing.T) carrier.Settings
		code string
	}{
		{"the endpoint", func(t *testing.T) carrier.Settings { return rig.Settings("") }, ""},
		{"a plain TLS 1.3 server with our authority", func(t *testing.T) carrier.Settings { return with(server(t, modern(good), fine), ca) }, ""},
		{"unknown authority", func(t *testing.T) carrier.Settings { return with(rig.Addr, ca) }, "UOMA-DLV-TLS"},
		{"TLS 1.2", func(t *testing.T) carrier.Settings {
			c := modern(good)
			c.MaxVersion = tls.VersionTLS12
			return with(server(t, c, fine), ca)
		}, "UOMA-DLV-TLS"},
		{"expired", func(t *testing.T) carrier.Settings {
			old, oldCA := pair(t, "127.0.0.1", time.Now().Add(-time.Hour))
			return with(server(t, modern(old), fine), oldCA)
		}, "UOMA-DLV-TLS"},
		{"another host", func(t *testing.T) carrier.Settings {
			other, otherCA := pair(t, "endpoint.example", later)
			return with(server(t, modern(other), fine), otherCA)
		}, "UOMA-DLV-TLS"},
		{"no TLS", func(t *testing.T) carrier.Settings {
			s := httptest.NewServer(http.HandlerFunc(fine))
			t.Cleanup(s.Close)
			return with(s.Listener.Addr().String(), ca)
		}, "UOMA-DLV-TLS"},
		{"our certificate is a stranger's", func(t *testing.T) carrier.Settings {
			s := rig.Settings("")
			s.Certificate = good
			return s
		}, "UOMA-DLV-TLS"},
		{"no certificate of ours", func(t *testing.T) carrier.Settings {
			s := rig.Settings("")
			s.Certificate = tls.Certificate{}
			return s
		}, "UOMA-DLV-TLS"},
		{"wrong pin", func(t *testing.T) carrier.Settings {
			s := rig.Settings("")
			s.Pins = []string{pin(t, ca)}
			return s
		}, "UOMA-DLV-TLS-PIN"},
		{"right pin beside a wrong one", func(t *testing.T) carrier.Settings {
			s := rig.Settings("")
			raw, err := os.ReadFile(rig.Bundle("ca.crt"))
			must(t, err)
			s.Pins = []string{pin(t, ca), pin(t, raw)}
			return s
		}, ""},
		{"redirect", func(t *testing.T) carrier.Settings {
			return with(server(t, modern(good), func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://"+rig.Addr+r.URL.String(), http.StatusTemporaryRedirect)
			}), ca)
		}, "UOMA-DLV-REDIRECT"},
		{"an answer without end", func(t *testing.T) carrier.Settings {
			return with(server(t, modern(good), func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, carrier.MaxReceiptBytes+2))
			}), ca)
		}, "UOMA-DLV-ANSWER"},
		{"no JSON", func(t *testing.T) carrier.Settings {
			return with(server(t, modern(good), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }), ca)
		}, "UOMA-DLV-ANSWER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settings := tt.make(t)
			err := head(t, settings)
			// A server that refuses our certificate closes at once; its alert can be lost with the connection.
			for range 50 {
				if fault.Code(err) != "UOMA-DLV-NETWORK" {
					break
				}
				err = head(t, settings)
			}
			if fault.Code(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
			if carrier.Retryable(err) {
				t.Errorf("it would be tried again: %v", err)
			}
		})
	}
}

func pin(t testing.TB, pemText []byte) string {
	t.Helper()
	block, _ := pem.Decode(pemText)
	cert, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestThreat_T11_NoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	rig := endpointtest.New(t, nil)
	must(t, head(t, rig.Settings("")))
}

func TestNothingListens(t *testing.T) {
	rig := endpointtest.New(t, nil)
	rig.Stop()
	err := head(t, rig.Settings(""))
	if fault.Code(err) != "UOMA-DLV-NETWORK" || !carrier.Retryable(err) {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	rig := endpointtest.New(t, nil)
	for _, url := range []string{"http://localhost", "localhost", "https://", "https://user@localhost", "https://localhost?x", "https://localhost#x", "file:///etc/passwd"} {
		s := rig.Settings("")
		s.URL = url
		if _, err := carrier.NewHTTPS(s); fault.Code(err) != "UOMA-DLV-CARRIER" {
			t.Errorf("%s: %v", url, err)
		}
	}
	s := rig.Settings("")
	s.CA = nil
	if _, err := carrier.NewHTTPS(s); err == nil {
		t.Error("no authority was taken for every authority")
	}
	s = rig.Settings("")
	s.Pins = []string{"x"}
	if _, err := carrier.NewHTTPS(s); err == nil {
		t.Error("a broken pin was taken")
	}
}

// A line on which nothing moves any more is cut.
func TestNoProgress(t *testing.T) {
	good, ca := pair(t, "127.0.0.1", time.Now().Add(time.Hour))
	release := make(chan struct{})
	addr := server(t, &tls.Config{Certificates: []tls.Certificate{good}}, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	rig := endpointtest.New(t, nil)
	s := rig.Settings(addr)
	s.CA, s.NoProgress = ca, 100*time.Millisecond
	c, err := carrier.NewHTTPS(s)
	must(t, err)
	t.Cleanup(c.Close)
	began := time.Now()
	_, err = c.Send(ctx, "id", bytes.NewReader(make([]byte, 1<<20)), 0, 1<<20)
	if !carrier.Retryable(err) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
