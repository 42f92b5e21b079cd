package sftp_test

import (
	"bytes"
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	psftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/remote"
	"uoma/connectors/sftp"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/fault"
)

// odd is a server of one file that asks for a password, in one way or the other, and answers with less than was asked for.
type odd struct {
	content []byte
	most    int // bytes of an answer
}

// serve serves until the test ends, and gives settings that it takes.
func (o odd) serve(t *testing.T, config *ssh.ServerConfig) sftp.Settings {
	t.Helper()
	private, public := sftptest.NewKey(t)
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { o.talk(conn, config) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return sftp.Settings{Address: l.Addr().String(), User: "uoma", Password: "secret", HostKeys: []string{public}, Retry: remote.Retry{Base: time.Millisecond}}
}

// talk ends when the client does, or is refused.
func (o odd) talk(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil) // a client that is gone shows when it is read from
			}
		}()
		h := psftp.Handlers{FileGet: o, FileList: o}
		_ = psftp.NewRequestServer(channel, h).Serve() // to the client's end
		channel.Close()
	}
}

// Fileread implements [psftp.FileReader].
func (o odd) Fileread(*psftp.Request) (io.ReaderAt, error) { return o, nil }

// ReadAt gives less than was asked for, and says that all is well.
func (o odd) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(o.content)) {
		return 0, io.EOF
	}
	return copy(p[:min(o.most, len(p))], o.content[at:]), nil
}

// Filelist implements [psftp.FileLister]: every name is the file.
func (o odd) Filelist(*psftp.Request) (psftp.ListerAt, error) { return o, nil }

// ListAt implements [psftp.ListerAt].
func (o odd) ListAt(out []os.FileInfo, at int64) (int, error) {
	if at > 0 || len(out) == 0 {
		return 0, io.EOF
	}
	out[0] = remote.Entry{Path: "export.csv", Bytes: int64(len(o.content)), Time: time.Unix(1_790_000_000, 0)}
	return 1, nil
}

func read(t *testing.T, s sftp.Settings) ([]byte, error) {
	t.Helper()
	f, err := sftp.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return fs.ReadFile(f, "export.csv")
}

// TestPasswords logs in with a password, asked for in both ways of the protocol.
func TestPasswords(t *testing.T) {
	content := []byte("a;b\n")
	for name, config := range map[string]func() *ssh.ServerConfig{
		"password": func() *ssh.ServerConfig {
			return &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return nil, right(string(p)) }}
		},
		"a question": func() *ssh.ServerConfig {
			return &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := ask("", "", []string{"Password: "}, []bool{false})
				if err != nil || len(answers) != 1 {
					return nil, fs.ErrPermission
				}
				return nil, right(answers[0])
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := odd{content, 1 << 20}.serve(t, config())
			if got, err := read(t, s); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%q, %v", got, err)
			}
			s.Password = "another"
			if _, err := read(t, s); fault.Code(err) != "UOMA-SRC-LOGIN" {
				t.Errorf("a wrong one: %v", err)
			}
		})
	}
}

func right(password string) error {
	if password != "secret" {
		return fs.ErrPermission
	}
	return nil
}

// TestShortAnswersAreNotTheEnd reads from a server that gives less than was asked for, as the protocol allows.
func TestShortAnswersAreNotTheEnd(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	for _, most := range []int{4 << 10, 10_000} {
		s := odd{want, most}.serve(t, &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }})
		if got, err := read(t, s); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d at most: %d bytes of %d, %v", most, len(got), len(want), err)
		}
	}
}
