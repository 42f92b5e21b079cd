package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/workspace/workspacetest"
)

// kills is at how many moments of a delivery the program is killed, on each store.
const kills = 10

// TestThreat_T29_KilledDelivery kills the real program with SIGKILL at moments spread over a whole survey run, runs it
// again, and finds each time one closed delivery here and one accepted there.
func TestThreat_T29_KilledDelivery(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", bin+"/", "uoma/cmd/endpoint")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build endpoint: %v\n%s", err, out)
	}
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		k := &killing{t: t, on: on, uoma: built(t), endpoint: filepath.Join(bin, "endpoint"), before: t.TempDir()}
		k.prepare()
		k.killAll()
	})
}

func (k *killing) killAll() {
	k.t.Helper()
	whole := k.deliver(0)
	stopped := 0
	for i := range kills {
		if k.deliver(whole*time.Duration(i+1)/(kills+1)) > 0 {
			stopped++
		}
	}
	if stopped < kills/4 { // how long a run takes is the machine's to say
		k.t.Errorf("only %d of %d kills came before the run had ended", stopped, kills)
	}
}

type killing struct {
	t              *testing.T
	on             databasetest.Kind
	uoma, endpoint string
	before         string // workspace and endpoint as they are before the delivery
}

func (k *killing) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *killing) run(name string, args ...string) []byte {
	k.t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		k.t.Fatalf("%s %s: %v", filepath.Base(name), strings.Join(args, " "), err)
	}
	return out
}

// prepare makes a workspace with one night loaded and an endpoint that it is enrolled at.
func (k *killing) prepare() {
	inbox, err := filepath.Abs("../../fixtures/demo/inbox")
	k.must(err)
	ws := filepath.Join(k.before, "ws")
	k.run(k.uoma, "init", ws)
	k.must(os.WriteFile(filepath.Join(ws, "uoma.yaml"), []byte("institution: \"10118\"\ntemporary_identifiers: true\ninbox: "+inbox+"\nsender: {id: xamk}\n"+workspacetest.Stores(k.on)), 0o600))
	workspacetest.Place(k.t, k.on, ws)
	k.run(k.uoma, "run", "nightly", "--date", "2026-11-21", "-q", "-w", ws)
	k.run(k.endpoint, "init", filepath.Join(k.before, "endpoint"), "--id", "csc", "--sender", "xamk",
		"--signing-key", filepath.Join(ws, "keys", "signing.pub"), "--listen", "127.0.0.1:0")
	bundle := filepath.Join(k.before, "endpoint", "for-senders", "xamk")
	for from, to := range map[string]string{"client.crt": "keys/client.crt", "client.key": "keys/client.key", "ca.crt": "recipients/ca.crt", "csc.yaml": "recipients/csc.yaml"} {
		b, err := os.ReadFile(filepath.Join(bundle, from))
		k.must(err)
		k.must(os.WriteFile(filepath.Join(ws, to), b, 0o600))
	}
}

var urlLine = regexp.MustCompile(`(?m)^url:.*$`)

// deliver runs the survey on a copy of everything, kills it after a while unless that is 0, and runs it to its end. It
// gives how long the first run took, or 0 when it had ended before it could be killed.
func (k *killing) deliver(after time.Duration) time.Duration {
	k.t.Helper()
	dir := k.t.TempDir()
	workspacetest.CopyTree(k.t, filepath.Join(k.before, "endpoint"), filepath.Join(dir, "endpoint"))
	workspacetest.Copy(k.t, filepath.Join(k.before, "ws"), filepath.Join(dir, "ws"))
	ws := filepath.Join(dir, "ws")
	address := k.serve(filepath.Join(dir, "endpoint", "endpoint.yaml"))
	pin := filepath.Join(ws, "recipients", "csc.yaml")
	b, err := os.ReadFile(pin)
	k.must(err)
	k.must(os.WriteFile(pin, urlLine.ReplaceAll(b, []byte("url: https://"+address)), 0o600))

	survey := []string{"run", "career-survey", "--date", "2026-11-21", "-q", "-w", ws}
	first := exec.Command(k.uoma, survey...)
	start := time.Now()
	k.must(first.Start())
	if after > 0 {
		time.AfterFunc(after, func() { _ = first.Process.Kill() })
	}
	err = first.Wait()
	took := time.Since(start)
	killed := first.ProcessState.Sys().(syscall.WaitStatus).Signaled()
	if err != nil && !killed {
		k.t.Fatalf("the first run: %v", err)
	}
	if killed {
		// Its leases are as old as they are a minute later.
		workspacetest.Exec(k.t, ws, workspacetest.Register, "UPDATE `lease` SET `expires_at` = 0")
		k.run(k.uoma, survey...)
	}
	k.one(ws)
	if after > 0 && !killed {
		return 0
	}
	return took
}

// one checks that there is one delivery, closed and accepted.
func (k *killing) one(ws string) {
	k.t.Helper()
	var list struct{ Result []deliveryLine }
	k.must(json.Unmarshal(k.run(k.uoma, "delivery", "list", "--json", "-w", ws), &list))
	closed := 0
	for _, d := range list.Result {
		switch d.State {
		case "closed":
			closed++
			if d.ReceiptStatus != "accepted" || d.ReceiptLevel != "validated" || d.Sequence != 1 {
				k.t.Errorf("closed as %s, %s, number %d", d.ReceiptStatus, d.ReceiptLevel, d.Sequence)
			}
		case "voided":
		default:
			k.t.Errorf("a delivery is left in state %s", d.State)
		}
	}
	if closed != 1 {
		k.t.Errorf("%d closed deliveries", closed)
	}
}

// serve starts the endpoint until the test ends, and gives its address.
func (k *killing) serve(config string) string {
	k.t.Helper()
	cmd := exec.Command(k.endpoint, "serve", "--config", config)
	cmd.Dir = filepath.Dir(config)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	k.must(err)
	k.must(cmd.Start())
	k.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // ended by the signal
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		k.t.Fatalf("the endpoint did not start: %v\n%s", err, log.String())
	}
	var up struct{ Listening string }
	k.must(json.Unmarshal([]byte(line), &up))
	return fmt.Sprint(up.Listening)
}
