// Package processtest starts a real server for a test: on a free port of loopback, in the foreground, stopped by its own
// process id when the test ends. A missing server is a failure with the command that installs it, never a skipped test.
// [Killed] starts a program to kill it in its course.
package processtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
	poll       = 10 * time.Millisecond
	tries      = 3 // somebody else may take the port before the server does
)

// Server is how a server is started.
type Server struct {
	Program string
	Get     string                     // the command that installs it
	Args    func(port string) []string // for each try anew
	Env     []string                   // in place of the test's own environment
}

// Start starts a server and gives its address when it takes connections.
func Start(t testing.TB, s Server) (addr string) {
	t.Helper()
	program := Find(t, s.Program, s.Get)
	var err error
	for range tries {
		if addr, err = s.start(t, program); err == nil {
			return addr
		}
	}
	t.Fatal(err)
	return ""
}

func (s Server) start(t testing.TB, program string) (string, error) {
	addr, err := freeAddress()
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(program, s.Args(port)...)
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"}, s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is read from its output
	}()
	if err := ready(addr, ended); err != nil {
		stop(t, cmd, ended)
		return "", fmt.Errorf("%s: %w\n%s", s.Program, err, out)
	}
	t.Cleanup(func() { stop(t, cmd, ended) })
	return addr, nil
}

// freeAddress finds a port that nobody has now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func ready(addr string, ended <-chan struct{}) error {
	for waited := time.Duration(0); waited < startLimit; waited += poll {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended at once")
		case <-time.After(poll):
		}
	}
	return fmt.Errorf("it was not ready in %v", startLimit)
}

func stop(t testing.TB, cmd *exec.Cmd, ended <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-ended:
	case <-time.After(stopLimit):
		_ = cmd.Process.Kill()
		<-ended
		t.Errorf("%s did not stop in %v", cmd.Path, stopLimit)
	}
}

// Find looks for a program, also where Debian and Go put them, which is not in everyone's PATH.
func Find(t testing.TB, name, get string) string {
	t.Helper()
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	home, _ := os.UserHomeDir() // without one it is not there
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/lib/openssh", filepath.Join(home, "go", "bin")} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	t.Fatalf("%s is not installed; get it with: %s", name, get)
	return ""
}

// output keeps what a server says; two streams write to it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
