package processtest

import (
	"bytes"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Killed starts a program and kills it with SIGKILL, some time after it said some words on its standard error, or after
// its start when the words are "". It gives what the program said there, and whether it was killed: one that had ended
// before was not.
func Killed(t testing.TB, cmd *exec.Cmd, words string, after time.Duration) (said string, killed bool) {
	t.Helper()
	log := &heard{words: []byte(words), said: make(chan struct{})}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in its state
	}()
	if words != "" {
		select {
		case <-log.said:
		case <-ended:
		}
	}
	select {
	case <-time.After(after):
	case <-ended:
	}
	_ = cmd.Process.Kill() // fails when it has ended
	<-ended
	killed = cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
	if !killed && !cmd.ProcessState.Success() {
		t.Fatalf("%v, before it was killed\n%s", cmd.ProcessState, log.text.String())
	}
	return log.text.String(), killed
}

// heard is what a program says; it tells when some words came.
type heard struct {
	words []byte
	said  chan struct{}
	once  sync.Once
	text  bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.text.Write(p)
	if bytes.Contains(h.text.Bytes(), h.words) {
		h.once.Do(func() { close(h.said) })
	}
	return len(p), nil
}
