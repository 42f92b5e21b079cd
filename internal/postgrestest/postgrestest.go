// Package postgrestest gives tests a real PostgreSQL: a private server on loopback, over TLS, in a folder of its own, that
// ends with the test. The server never waits for the disk.
//
// PostgreSQL refuses to run for root, for whom it runs as the user that its package made. A missing server is a failure
// with the command that installs it, never a skipped test.
package postgrestest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
	poll       = 20 * time.Millisecond
	tries      = 3 // somebody else may take the port before the server does
	getIt      = "apt-get install -y --no-install-recommends postgresql"
	account    = "postgres" // for root
)

// Database is the name of the database, and Admin that of its administrator, who comes in over the socket alone.
const (
	Database = "source"
	Admin    = "admin"
)

// Server is a running server.
type Server struct {
	Addr   string
	Socket string // folder of its socket; the port is that of Addr

	folder string
	tools  string
	as     *syscall.Credential // nil: ourselves
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended
	log    bytes.Buffer
}

// Start starts a server with a certificate in PEM. Users over the network prove themselves by SCRAM and come over TLS;
// without a certificate the server speaks none.
func Start(t testing.TB, certificate, key string) *Server {
	t.Helper()
	s := &Server{tools: tools(t)}
	var err error
	if s.folder, err = os.MkdirTemp("/tmp", "u"); err != nil { // a socket's path has at most 107 bytes: t.TempDir is too long
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.folder) })
	s.Socket = s.folder
	if err := s.install(certificate, key); err != nil {
		t.Fatal(err)
	}
	for range tries {
		if err = s.begin(certificate != ""); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	return s
}

// AdminDSN gives the address for pgx of a database for its administrator.
func (s *Server) AdminDSN(database string) string {
	_, port, _ := net.SplitHostPort(s.Addr) // ours
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", s.Socket, port, Admin, database)
}

// tools finds the folder of the newest server, which Debian keeps out of everyone's PATH.
func tools(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	if len(found) == 0 {
		t.Fatal("initdb is not installed; get it with: " + getIt)
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

// own gives the folder to whom the server runs as.
func (s *Server) own() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("the user %s has no number", account)
	}
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return filepath.WalkDir(s.folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.tools, name), args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM, Credential: s.as}
	return cmd
}

func (s *Server) install(certificate, key string) error {
	for from, to := range map[string]string{certificate: "tls.crt", key: "tls.key"} {
		if from == "" {
			continue
		}
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.folder, to), b, 0o600); err != nil {
			return err
		}
	}
	if err := s.own(); err != nil {
		return err
	}
	out, err := s.command("initdb", "--pgdata="+s.data(), "--username="+Admin, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) begin(secure bool) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Addr = l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(s.Addr) // the listener wrote it
	args := []string{"-D", s.data(), "-k", s.folder, "-c", "listen_addresses=127.0.0.1", "-p", port, "-c", "fsync=off", "-c", "max_connections=100",
		"-c", "shared_buffers=64MB"}
	if secure {
		args = append(args, "-c", "ssl=on", "-c", "ssl_cert_file="+s.folder+"/tls.crt", "-c", "ssl_key_file="+s.folder+"/tls.key")
	}
	s.cmd, s.ended = s.command("postgres", args...), make(chan struct{})
	s.log.Reset()
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // how it ended is read from its output
	}()
	for waited := time.Duration(0); waited < startLimit; waited += poll {
		if s.command("createdb", "-h", s.Socket, "-p", port, "-U", Admin, Database).Run() == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("postgres ended at once:\n%s", s.log.String())
		case <-time.After(poll):
		}
	}
	return fmt.Errorf("postgres was not ready in %v", startLimit)
}

// stop ends this server by its own process id: at once, whoever is connected.
func (s *Server) stop(t testing.TB) {
	_ = s.cmd.Process.Signal(syscall.SIGINT) // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Errorf("postgres did not stop in %v", stopLimit)
	}
}
