package remote_test

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"uoma/connectors/remote"
)

// TestALineIsCutWhenNothingMoves has the other side say a byte each second: for as long as it does the line holds, in either way, and
// when it is silent for longer than it may be the line is cut; while it rests it may be silent.
func TestALineIsCutWhenNothingMoves(t *testing.T) {
	const idle, day = 3 * time.Second, 24 * time.Hour
	for name, tt := range map[string]struct {
		use   func(t *testing.T, line *remote.Line, other net.Conn)
		holds time.Duration // behind the use, until it is cut or closed
	}{
		"never used": {func(*testing.T, *remote.Line, net.Conn) {}, idle},
		"read": {func(t *testing.T, line *remote.Line, other net.Conn) {
			for range 10 {
				go func() {
					time.Sleep(time.Second)
					_, _ = other.Write([]byte{1})
				}()
				if n, err := line.Read(make([]byte, 1)); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
		}, idle},
		"written": {func(t *testing.T, line *remote.Line, other net.Conn) {
			for range 10 {
				go func() {
					time.Sleep(time.Second)
					_, _ = other.Read(make([]byte, 1))
				}()
				if n, err := line.Write([]byte{1}); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
		}, idle},
		"at rest": {func(_ *testing.T, line *remote.Line, _ net.Conn) { line.Rest() }, day},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, other := net.Pipe()
				line := remote.Watch(ours, idle)
				tt.use(t, line, other)
				began, cut := time.Now(), make(chan time.Duration, 1)
				go func() {
					_, _ = io.Copy(io.Discard, other) // until the line is cut
					cut <- time.Since(began)
				}()
				defer time.AfterFunc(day, func() { line.Close() }).Stop()
				if got := <-cut; got != tt.holds {
					t.Errorf("it held for %v, not %v", got, tt.holds)
				}
			})
		})
	}
}
