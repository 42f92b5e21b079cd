package mariadbtest

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
)

// Network is a server that is reached over TCP and TLS. Its database is named source.
type Network struct {
	Addr string
	DSN  string // of an administrator, for go-sql-driver over the socket
}

// Database is the name of a [Network]'s database.
const Database = "source"

// Listen starts a server with a certificate in PEM files, which ends with the test. Without one, it speaks no TLS.
func Listen(t testing.TB, certificate, key string) Network {
	t.Helper()
	daemon, err := find("mariadbd")
	if err != nil {
		t.Fatal(err)
	}
	var s *server
	var addr string
	for range tries {
		if addr, s, err = listen(daemon, certificate, key); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	n := Network{Addr: addr, DSN: s.address("")}
	Exec(t, n.DSN, "CREATE DATABASE "+Database)
	n.DSN = s.address(Database)
	return n
}

// tries is how often a port is looked for: somebody else may take it before the server does.
const tries = 3

func listen(daemon, certificate, key string) (addr string, s *server, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	if s, err = newServer(); err != nil {
		return "", nil, err
	}
	_, port, _ := net.SplitHostPort(addr) // the listener wrote it
	network := []string{"--bind-address=127.0.0.1", "--port=" + port}
	if certificate != "" {
		network = append(network, "--ssl-cert="+filepath.Clean(certificate), "--ssl-key="+filepath.Clean(key))
	}
	if err := s.begin(daemon, network...); err != nil {
		return "", nil, errors.Join(err, s.remove())
	}
	return addr, s, nil
}
