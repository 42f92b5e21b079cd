// Package sftptest gives tests a real SFTP server: OpenSSH's sshd, on loopback, with fresh host and user keys, serving a
// fresh folder. For anyone but root it lets in that user alone. [StartForPasswords] has it read users and their passwords
// from files of the test, by way of nss_wrapper.
package sftptest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/remote"
	"uoma/internal/processtest"
)

// Server is a running server.
type Server struct {
	Addr    string
	Dir     string // the folder it serves, where a login begins
	User    string
	Key     remote.Secret // that it lets in
	HostKey string        // of the form ssh-ed25519 AAAA…
}

// Start starts a server. options are those of sftp-server(8).
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return start(t, t.TempDir(), "PasswordAuthentication no\nPermitRootLogin prohibit-password\n", nil, options...)
}

// PasswordUser is whom [StartForPasswords] lets in by a password.
const (
	PasswordUser = "uploader"
	Password     = "a long password"

	passwordHash = "$6$AgexYQpi0/jHLyJa$.c23S/P8g.Bx.9JNvum5YnDBDhT/KfAdUIEf8yOLKj0vSoh6XfRV7m2NJrYIQyZXqdjwi0NCzjwTwie7hvdmE0"
)

// StartForPasswords starts a server that checks passwords, as it would those of the machine's users. Its user has the rights of
// the test.
func StartForPasswords(t testing.TB) *Server {
	t.Helper()
	const get = "apt-get install -y --no-install-recommends libnss-wrapper"
	found, err := filepath.Glob("/usr/lib/*/libnss_wrapper.so")
	if err != nil || len(found) == 0 {
		t.Fatalf("libnss_wrapper.so is not installed; get it with: %s", get)
	}
	home := t.TempDir()
	env := []string{"LD_PRELOAD=" + found[0]}
	for name, text := range map[string]string{
		"PASSWD": fmt.Sprintf("root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n%s:x:%d:%d::%s:/bin/sh\n", PasswordUser, os.Getuid(), os.Getgid(), home),
		"GROUP":  fmt.Sprintf("root:x:0:\nother:x:%d:\n", os.Getgid()+1),
		"SHADOW": PasswordUser + ":" + passwordHash + ":20000:0:99999:7:::\n",
	} {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env = append(env, "NSS_WRAPPER_"+name+"="+path)
	}
	s := start(t, home, "PasswordAuthentication yes\nPermitRootLogin yes\n", env)
	s.User, s.Key = PasswordUser, ""
	return s
}

func start(t testing.TB, home, logins string, env []string, options ...string) *Server {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Dir: filepath.Join(home, "root"), User: me.Username}
	host, hostKey := NewKey(t)
	mine, public := NewKey(t)
	s.Key, s.HostKey = remote.Secret(mine), hostKey
	dirs := []string{s.Dir}
	if os.Geteuid() == 0 {
		dirs = append(dirs, "/run/sshd") // where it keeps what it does not trust, when it may
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	serve := strings.Join(append([]string{"internal-sftp", "-d", s.Dir}, options...), " ")
	for name, text := range map[string]string{
		"host":            string(host),
		"authorized_keys": public + "\n",
		"config": fmt.Sprintf(`ListenAddress 127.0.0.1
HostKey %[1]s/host
PidFile none
AuthorizedKeysFile %[1]s/authorized_keys
StrictModes no
UsePAM no
KbdInteractiveAuthentication no
MaxStartups 100
Subsystem sftp %[2]s
ForceCommand %[2]s
%[3]s`, home, serve, logins),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Addr = processtest.Start(t, processtest.Server{
		Program: "sshd",
		Env:     env,
		Get:     "apt-get install -y --no-install-recommends openssh-server",
		Args: func(port string) []string {
			return []string{"-D", "-e", "-f", filepath.Join(home, "config"), "-o", "Port=" + port}
		},
	})
	return s
}

// NewKey makes a key pair: the private half in OpenSSH's format, the public one as a line.
func NewKey(t testing.TB) (private []byte, public string) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))
}
