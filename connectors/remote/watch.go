package remote

import (
	"context"
	"net"
	"time"
)

// Idle is how long a connection may move no byte before it is cut, where nothing else is said.
const Idle = time.Minute

// ConnectTimeout is how long a host may take to answer that it is there, and again until both sides know who the other is.
const ConnectTimeout = 10 * time.Second

// Dial connects to a host that may be reached (see [Reachable]), and watches the connection.
func Dial(ctx context.Context, network, address string, idle time.Duration) (*Line, error) {
	d := net.Dialer{Timeout: ConnectTimeout, ControlContext: Reachable}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return Watch(c, idle), nil
}

// Line is a connection that is cut when no byte moves for a while. It uses a timer rather than deadlines, so that it
// reads no clock.
type Line struct {
	net.Conn
	idle  time.Duration
	timer *time.Timer
}

// Watch cuts a connection when no byte moves for so long; 0 means [Idle].
func Watch(c net.Conn, idle time.Duration) *Line {
	if idle == 0 {
		idle = Idle
	}
	return &Line{Conn: c, idle: idle, timer: time.AfterFunc(idle, func() { c.Close() })}
}

// Read implements [net.Conn].
func (l *Line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.moved(n)
	return n, err
}

// Write implements [net.Conn].
func (l *Line) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.moved(n)
	return n, err
}

func (l *Line) moved(n int) {
	if n > 0 {
		l.timer.Reset(l.idle)
	}
}

// Rest says that nothing is asked for now, so that nothing need move until the next Write.
func (l *Line) Rest() { l.timer.Stop() }

// Close implements [net.Conn].
func (l *Line) Close() error {
	l.timer.Stop()
	return l.Conn.Close()
}
