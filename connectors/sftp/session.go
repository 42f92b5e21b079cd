package sftp

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/remote"
)

const (
	requests = 64       // of one read under way at once
	packet   = 16 << 10 // bytes of one request: half of what is usual, so that a line that often breaks brings some whole
)

// session is one connection and the SFTP client on it.
type session struct {
	client *sftp.Client
	conn   net.Conn
	unbind func() bool
}

func (s *session) close() {
	s.unbind()
	s.conn.Close()   // first: without it the client waits for an answer to its goodbye
	s.client.Close() // frees what waits for answers
}

// line keeps one session, and dials anew after it broke.
type line struct {
	settings Settings
	address  string
	config   *ssh.ClientConfig

	mu     sync.Mutex
	now    *session
	closed bool
}

// with calls do on a live session's client, and gives the session.
func (l *line) with(ctx context.Context, do func(*sftp.Client) error) (*session, error) {
	s, err := l.session(ctx)
	if err != nil {
		return nil, err
	}
	err = do(s.client)
	l.judge(s, err)
	return s, err
}

// judge gives up a session whose connection broke.
func (l *line) judge(s *session, err error) {
	if !answered(err) {
		l.giveUp(s)
	}
}

func (l *line) session(ctx context.Context) (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	if l.now == nil {
		s, err := l.dial(ctx)
		if err != nil {
			return nil, err
		}
		l.now = s
	}
	return l.now, nil
}

func (l *line) giveUp(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == s {
		l.now = nil
		s.close()
	}
}

func (l *line) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.now != nil {
		l.now.close()
		l.now = nil
	}
	return nil
}

// dial connects and logs in. The connection ends with the context at the latest.
func (l *line) dial(ctx context.Context) (*session, error) {
	conn, err := remote.Dial(ctx, "tcp", l.address, l.settings.Idle)
	if err != nil {
		return nil, err
	}
	unbind := context.AfterFunc(ctx, func() { conn.Close() })
	client, err := l.login(conn)
	if err != nil {
		unbind()
		conn.Close()
		return nil, err
	}
	return &session{client, conn, unbind}, nil
}

func (l *line) login(conn net.Conn) (*sftp.Client, error) {
	proved := false
	config := *l.config
	config.HostKeyCallback = func(host string, addr net.Addr, key ssh.PublicKey) error {
		err := l.config.HostKeyCallback(host, addr, key)
		proved = err == nil
		return err
	}
	c, channels, questions, err := ssh.NewClientConn(conn, l.address, &config)
	var algorithm *ssh.AlgorithmNegotiationError
	switch {
	case err == nil:
	case errors.Is(err, errHostKey):
		return nil, errHostKey
	case errors.As(err, &algorithm):
		return nil, errAlgorithm
	case proved && !ofLine(err): // all that is left after the key exchange is the login
		return nil, remote.Login(err)
	default:
		return nil, err
	}
	client, err := sftp.NewClient(ssh.NewClient(c, channels, questions), sftp.MaxConcurrentRequestsPerFile(requests), sftp.MaxPacket(packet),
		sftp.UseConcurrentWrites(true)) // of a file that has not its name yet, and is made anew when one fails
	if err != nil {
		c.Close()
		return nil, err
	}
	return client, nil
}
