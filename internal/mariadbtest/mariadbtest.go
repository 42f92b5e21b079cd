// Package mariadbtest gives tests a real MariaDB: one private server for a test binary, in a folder of its own, reached
// by a unix socket, and a fresh database for every test. The server never waits for the disk, because its data need not
// outlive it: what tests prove about crashes is about programs that die, not about machines.
//
// A package that uses it says
//
//	func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }
//
// and calls [DSN] in its tests. [Listen] starts a server of a test's own that is reached over TCP. The server starts with the first call and ends with [Run]. A missing server is a
// failure with the command that installs it, never a skipped test.
package mariadbtest

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"uoma/internal/processtest"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
	poll       = 20 * time.Millisecond
	getIt      = "apt-get install -y --no-install-recommends mariadb-server"
)

// server is a running mariadbd.
type server struct {
	folder string
	remove func() error // the folder
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended
	fresh  atomic.Int64  // databases made
}

// shared starts the binary's one server when it is first asked for.
var shared = sync.OnceValues(start)

// used is set before shared is asked, so that Run does not start a server only to stop it.
var used atomic.Bool

// Run runs the tests of a package with a folder of their own for temporary files, stops the server if one was started, and
// gives the exit status.
func Run(m *testing.M) (status int) {
	remove, err := processtest.Scratch()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = max(status, 1)
		}
	}()
	status = m.Run()
	if !used.Load() {
		return status
	}
	if s, err := shared(); err == nil {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(status, 1)
		}
	}
	return status
}

// DSN makes an empty database on the shared server and gives its address for go-sql-driver. The database goes with the
// server.
func DSN(t testing.TB) string {
	t.Helper()
	used.Store(true)
	s, err := shared()
	if err != nil {
		t.Fatalf("no MariaDB for the test: %v", err)
	}
	name := fmt.Sprintf("test%d", s.fresh.Add(1))
	db, err := sql.Open("mysql", s.address(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

// Copy makes a database with the tables and rows of another one, which nobody may be writing, and gives its address.
func Copy(t testing.TB, dsn string) string {
	t.Helper()
	to := DSN(t)
	if err := copyTables(databaseOf(t, dsn), databaseOf(t, to), to); err != nil {
		t.Fatal(err)
	}
	return to
}

func databaseOf(t testing.TB, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.DBName
}

// copyTables copies over a connection whose database is the new one. The names are of this package's and the tests' making.
func copyTables(from, to, dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	names, err := tableNames(db, from)
	if err != nil {
		return err
	}
	for _, n := range names {
		source, target := "`"+from+"`.`"+n+"`", "`"+to+"`.`"+n+"`"
		if _, err := db.Exec("CREATE TABLE " + target + " LIKE " + source); err != nil {
			return err
		}
		if _, err := db.Exec("INSERT INTO " + target + " SELECT * FROM " + source); err != nil {
			return err
		}
	}
	return nil
}

func tableNames(db *sql.DB, schema string) (names []string, err error) {
	rows, err := db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", schema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, rows.Err()
}

func (s *server) address(name string) string {
	return "root@unix(" + filepath.Join(s.folder, "s") + ")/" + name
}

func start() (*server, error) {
	daemon, err := find("mariadbd")
	if err != nil {
		return nil, err
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	if err := s.begin(daemon, "--skip-networking"); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func newServer() (*server, error) {
	folder, remove, err := processtest.Folder("/tmp", "u") // a socket's path has at most 107 bytes: t.TempDir is too long
	if err != nil {
		return nil, err
	}
	return &server{folder: folder, remove: remove, ended: make(chan struct{})}, nil
}

func (s *server) begin(daemon string, network ...string) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	if err := s.install(me.Username); err != nil {
		return err
	}
	// --no-defaults comes first: it keeps the machine's own configuration out. Commits are flushed one by one as the
	// program demands of a server, to a file that is not synchronised.
	s.cmd = exec.Command(daemon, append([]string{"--no-defaults", "--datadir=" + s.folder + "/data", "--socket=" + s.folder + "/s", "--pid-file=" + s.folder + "/pid",
		"--log-error=" + s.folder + "/err.log", "--tmpdir=" + s.folder, "--user=" + me.Username, "--skip-name-resolve",
		"--local-infile=1", "--innodb-log-file-size=96M", "--innodb-buffer-pool-size=384M", "--innodb-fast-shutdown=2",
		"--innodb-flush-method=nosync", "--skip-innodb-doublewrite", "--innodb-file-per-table=0", "--performance-schema=OFF",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"}, network...)...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // how it ended is read from its log
	}()
	return s.ready()
}

func (s *server) install(name string) error {
	tool, err := find("mariadb-install-db")
	if err != nil {
		return err
	}
	out, err := exec.Command(tool, "--no-defaults", "--datadir="+s.folder+"/data", "--user="+name, "--tmpdir="+s.folder,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=96M",
		"--innodb-flush-method=nosync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}

func (s *server) ready() error {
	if err := mysql.SetLogger(&mysql.NopLogger{}); err != nil { // pings before it is ready would fill the output
		return err
	}
	db, err := sql.Open("mysql", s.address(""))
	if err != nil {
		return err
	}
	defer db.Close()
	for waited := time.Duration(0); waited < startLimit; waited += poll {
		if db.Ping() == nil {
			return nil
		}
		select {
		case <-s.ended:
			log, _ := os.ReadFile(s.folder + "/err.log")
			return fmt.Errorf("mariadbd ended at once:\n%s", log)
		case <-time.After(poll):
		}
	}
	return fmt.Errorf("mariadbd was not ready in %v: %w", startLimit, s.stop())
}

// stop ends this server by its own process id and removes its folder.
func (s *server) stop() (err error) {
	defer func() { err = errors.Join(err, s.remove()) }()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop mariadbd: %w", err)
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(stopLimit):
		_ = s.cmd.Process.Kill()
		<-s.ended
		return fmt.Errorf("mariadbd did not stop in %v", stopLimit)
	}
}

// find looks where Debian puts servers, which is not in everyone's PATH.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; get it with: %s", name, getIt)
}
