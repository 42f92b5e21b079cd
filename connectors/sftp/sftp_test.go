package sftp_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/sftp"
	"uoma/connectors/sftp/sftptest"
	"uoma/connectors/transporttest"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

func settings(s *sftptest.Server) sftp.Settings {
	return sftp.Settings{Address: s.Addr, User: s.User, HostKeys: []string{s.HostKey}, Key: s.Key,
		Idle: transporttest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}
}

func dial(s sftp.Settings) func(context.Context) (transporttest.FS, error) {
	return func(ctx context.Context) (transporttest.FS, error) { return sftp.Open(ctx, s) }
}

func TestContract(t *testing.T) { transporttest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { transporttest.Bench(b, subject(b)) }

func subject(t testing.TB) transporttest.Subject {
	server := sftptest.Start(t)
	tree := &transporttest.Tree{Dir: server.Dir}
	strangeKey, strangeHost := sftptest.NewKey(t)
	good := settings(server)
	wrongHost, wrongKey, wrongUser := good, good, good
	wrongHost.HostKeys = []string{strangeHost}
	wrongKey.Key = remote.Secret(strangeKey)
	wrongUser.User = "nobody-here"
	return transporttest.Subject{
		Dial: func(ctx context.Context, addr string, idle time.Duration) (transporttest.FS, error) {
			s := good
			s.Address, s.Idle = addr, idle
			return sftp.Open(ctx, s)
		},
		Addr:    server.Addr,
		Write:   tree.Write,
		Replace: tree.Replace,
		Sparse:  tree.Sparse,
		Plant:   tree.Plant,
		Lists:   true,
		Wrong: map[string]transporttest.Wrong{
			"host key": {Code: "UOMA-SRC-HOST-KEY", Dial: dial(wrongHost)},
			"key":      {Code: "UOMA-SRC-LOGIN", Dial: dial(wrongKey)},
			"user":     {Code: "UOMA-SRC-LOGIN", Dial: dial(wrongUser)},
		},
	}
}

func TestSettingsAreChecked(t *testing.T) {
	key, host := sftptest.NewKey(t)
	good := sftp.Settings{Address: "sftp.example", User: "uoma", HostKeys: []string{host}, Key: remote.Secret(key)}
	if _, err := sftp.Open(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sftp.Settings){
		"no host":             func(s *sftp.Settings) { s.Address = "" },
		"no user":             func(s *sftp.Settings) { s.User = "" },
		"no host key":         func(s *sftp.Settings) { s.HostKeys = nil },
		"any host key":        func(s *sftp.Settings) { s.HostKeys = []string{"*"} },
		"fingerprint":         func(s *sftp.Settings) { s.HostKeys = []string{"SHA256:AAAA"} },
		"host key of options": func(s *sftp.Settings) { s.HostKeys = []string{"no-pty " + host} },
		"no key":              func(s *sftp.Settings) { s.Key = "" },
		"public key":          func(s *sftp.Settings) { s.Key = remote.Secret(host) },
	} {
		s := good
		change(&s)
		_, err := sftp.Open(t.Context(), s)
		if fault.Code(err) != "UOMA-SRC-SETTINGS" || strings.Contains(err.Error(), "AAAA") && !strings.Contains(err.Error(), "AAAA…") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenSSHTakesOurPassword logs in with the password that OpenSSH's server knows, and with others.
func TestOpenSSHTakesOurPassword(t *testing.T) {
	server := sftptest.StartForPasswords(t)
	(&transporttest.Tree{Dir: server.Dir}).Write(t, "export.csv", []byte("a;b\n"))
	for password, code := range map[string]string{sftptest.Password: "", "another": "UOMA-SRC-LOGIN", sftptest.Password + " ": "UOMA-SRC-LOGIN"} {
		s := settings(server)
		s.Password = remote.Secret(password)
		got, err := read(t, s)
		if fault.Code(err) != code || code == "" && (err != nil || string(got) != "a;b\n") {
			t.Errorf("%q, %v; want %q", got, err, code)
		}
	}
}

// TestThreat_T43_ChangedHostKey exchanges the server behind an address: nothing is read of the other one.
func TestThreat_T43_ChangedHostKey(t *testing.T) {
	first, second := sftptest.Start(t), sftptest.Start(t)
	for _, s := range []*sftptest.Server{first, second} {
		if err := os.WriteFile(filepath.Join(s.Dir, "a.csv"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := settings(second)
	s.HostKeys = []string{first.HostKey}
	f, err := sftp.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Stat("a.csv"); fault.Code(err) != "UOMA-SRC-HOST-KEY" {
		t.Error(err)
	}
	s.HostKeys = append(s.HostKeys, second.HostKey) // the owner announced the change
	g, err := sftp.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Stat("a.csv"); err != nil {
		t.Error(err)
	}
}

// TestRequestsTravelTogether reads over a long line, on which one request after the other would take half a minute.
func TestRequestsTravelTogether(t *testing.T) {
	server := sftptest.Start(t)
	(&transporttest.Tree{Dir: server.Dir}).Sparse(t, "export.csv", 8<<20)
	line := faultproxy.New(t, server.Addr)
	s := settings(server)
	s.Address = line.Addr()
	f, err := sftp.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := f.Open("export.csv") // logs in
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const latency = 60 * time.Millisecond
	line.Set(faultproxy.Faults{Latency: latency})
	began := time.Now()
	if n, err := io.Copy(io.Discard, file); n != 8<<20 || err != nil {
		t.Fatal(n, err)
	}
	if took, serial := time.Since(began), latency*(8<<20)/(16<<10); took > serial/4 {
		t.Errorf("it took %v, and one after the other %v", took, serial)
	}
}
