package remote

import (
	"net"
	"time"
)

// Idle is how long a connection may move no byte before it is cut, where nothing else is said.
const Idle = time.Minute

// watched is a connection that is cut when no byte moves for a while. It uses a timer rather than deadlines, so that it
// reads no clock.
type watched struct {
	net.Conn
	idle  time.Duration
	timer *time.Timer
}

// Watch cuts a connection when no byte moves for so long; 0 means [Idle].
func Watch(c net.Conn, idle time.Duration) net.Conn {
	if idle == 0 {
		idle = Idle
	}
	return &watched{Conn: c, idle: idle, timer: time.AfterFunc(idle, func() { c.Close() })}
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.moved(n)
	return n, err
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.moved(n)
	return n, err
}

func (w *watched) moved(n int) {
	if n > 0 {
		w.timer.Reset(w.idle)
	}
}

func (w *watched) Close() error {
	w.timer.Stop()
	return w.Conn.Close()
}
