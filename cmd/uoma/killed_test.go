package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
	"uoma/internal/processtest"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// TestThreat_T29_KilledDelivery kills the real program with SIGKILL at moments spread over a whole survey run, at least 20 over
// both stores (in a short run, once in each stage), runs it again, and finds each time what a run leaves that was left alone: the same rows in one delivery,
// closed here and accepted there.
func TestThreat_T29_KilledDelivery(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", bin+"/", "uoma/cmd/endpoint")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build endpoint: %v\n%s", err, out)
	}
	kills := 0
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		k := &killing{t: t, on: on, uoma: built(t), endpoint: filepath.Join(bin, "endpoint"), before: t.TempDir(), hit: map[string]int{}}
		k.prepare()
		k.killAll()
		for _, n := range k.hit {
			kills += n
		}
		t.Logf("killed in %v", k.hit)
	})
	enough := 20
	if testing.Short() {
		enough = len(stages)
	}
	if kills < enough {
		t.Errorf("only %d deliveries were killed", kills)
	}
}

// stages of the survey, in order.
var stages = []string{"select", "seal", "deliver", "receipt"}

// killAll kills at parts of each stage's time, as the run that is left alone takes it.
func (k *killing) killAll() {
	k.t.Helper()
	dir, ws := k.fresh()
	if out, err := k.survey(ws).CombinedOutput(); err != nil {
		k.t.Fatalf("%v\n%s", err, out)
	}
	took, want := k.took(ws), k.end(dir)
	behind := ""
	for _, stage := range stages {
		parts := time.Duration(1)
		if !testing.Short() && (stage == "seal" || stage == "deliver") {
			parts = 4
		}
		for part := range parts {
			dir := k.struck(behind, took[stage]*(2*part+1)/(2*parts))
			if got := k.end(dir); got != want {
				x, y := firstDifference(got, want)
				k.t.Errorf("killed in %s, it ends otherwise: %s, not %s", stage, x, y)
			}
		}
		behind = stage
	}
	if !testing.Short() && (k.hit["seal"] == 0 || k.hit["deliver"] == 0) {
		k.t.Errorf("killed in %v alone", k.hit)
	}
}

type killing struct {
	t              *testing.T
	on             databasetest.Kind
	uoma, endpoint string
	before         string         // workspace and endpoint as they are before the delivery
	hit            map[string]int // kills by stage
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

// fresh gives a folder with a copy of everything, in it the workspace, and its endpoint at work.
func (k *killing) fresh() (dir, ws string) {
	k.t.Helper()
	dir = k.t.TempDir()
	ws = filepath.Join(dir, "ws")
	workspacetest.CopyTree(k.t, filepath.Join(k.before, "endpoint"), filepath.Join(dir, "endpoint"))
	workspacetest.Copy(k.t, filepath.Join(k.before, "ws"), ws)
	address := k.serve(filepath.Join(dir, "endpoint", "endpoint.yaml"))
	pin := filepath.Join(ws, "recipients", "csc.yaml")
	b, err := os.ReadFile(pin)
	k.must(err)
	k.must(os.WriteFile(pin, urlLine.ReplaceAll(b, []byte("url: https://"+address)), 0o600))
	return dir, ws
}

func (k *killing) survey(ws string) *exec.Cmd {
	return exec.Command(k.uoma, "run", "career-survey", "--date", "2026-11-21", "-w", ws)
}

// took tells how long each stage of the run took.
func (k *killing) took(dir string) map[string]time.Duration {
	k.t.Helper()
	ws, err := workspace.Open(k.t.Context(), dir)
	k.must(err)
	defer ws.Close()
	list, err := ledger.Stages(k.t.Context(), ws.RegisterDB, "career-survey-2026-11-21")
	k.must(err)
	out := map[string]time.Duration{}
	for _, x := range list {
		out[x.Name] = time.Duration(x.FinishedAt-x.StartedAt) * time.Microsecond
	}
	return out
}

// struck kills a run on a copy some time after a stage has ended, with half the wait whenever the run ended first, and runs
// it to its end.
func (k *killing) struck(behind string, after time.Duration) (dir string) {
	k.t.Helper()
	words := ""
	if behind != "" {
		words = stageDone(behind)
	}
	for range 10 {
		dir, ws := k.fresh()
		said, killed := processtest.Killed(k.t, k.survey(ws), words, after)
		if !killed {
			after /= 2
			continue
		}
		in := "end"
		if i := slices.IndexFunc(stages, func(stage string) bool { return !strings.Contains(said, stageDone(stage)) }); i >= 0 {
			in = stages[i]
		}
		k.hit[in]++
		// Its leases are as old as they are a minute later.
		workspacetest.Exec(k.t, ws, workspacetest.Register, "UPDATE `lease` SET `expires_at` = 0")
		if out, err := k.survey(ws).CombinedOutput(); err != nil {
			k.t.Fatalf("killed in %s, the next run fails: %v\n%s", in, err, out)
		}
		return dir
	}
	k.t.Fatalf("the run always ends before it can be killed behind %q", behind)
	return dir
}

// stageDone is what the program's log says of a stage that has ended.
func stageDone(stage string) string { return "stage " + stage + `"` }

// end is what a run leaves, as text, wherever it was killed before: the files of what was sent, opened by its recipient, the
// receipt, and the stores but for their books of runs and deliveries. It checks that there is one delivery on both sides.
func (k *killing) end(dir string) string {
	k.t.Helper()
	ws, folder := filepath.Join(dir, "ws"), filepath.Join(dir, "endpoint")
	id := k.one(ws)
	ours, err := filepath.Glob(filepath.Join(ws, "receipts", "*.json"))
	k.must(err)
	theirs, err := filepath.Glob(filepath.Join(folder, "state", "deliveries", "*", "*", "receipt-*.json"))
	k.must(err)
	if len(ours) != 1 || len(theirs) != 1 {
		k.t.Fatalf("%d receipts here, %d there", len(ours), len(theirs))
	}
	a, err := os.ReadFile(ours[0])
	k.must(err)
	b, err := os.ReadFile(theirs[0])
	k.must(err)
	receipt, err := parcel.DecodeReceipt(b)
	k.must(err)
	if !bytes.Equal(a, b) || receipt.DeliveryID != id {
		k.t.Error("the receipt here is another than there")
	}
	return fmt.Sprintf("%s %s %d\n%s%s", receipt.Status, receipt.Level, receipt.Sequence, k.opened(ws, folder, id), k.stores(ws))
}

// opened gives the digests of the files of what was sent that say nothing of the moment at which it was.
func (k *killing) opened(ws, folder, id string) (text string) {
	k.t.Helper()
	raw, err := os.ReadFile(filepath.Join(ws, "outbox", parcel.ManifestName(id)))
	k.must(err)
	m, err := parcel.DecodeManifest(raw)
	k.must(err)
	identity, err := parcel.LoadIdentity(filepath.Join(folder, "keys", "identity.txt"))
	k.must(err)
	payload, err := os.Open(filepath.Join(ws, "outbox", parcel.PayloadName(id)))
	k.must(err)
	defer payload.Close()
	files := 0
	k.must(parcel.Open(payload, identity, m, func(name string, file io.Reader) error {
		h := sha256.New()
		_, err := io.Copy(h, file)
		if name != parcel.InnerName && name != parcel.NonceName && name != parcel.SumsName {
			text += fmt.Sprintf("%s %x\n", name, h.Sum(nil))
			files++
		}
		return err
	}))
	if files < 3 {
		k.t.Errorf("%d files were sent", files)
	}
	return text
}

// books hold ids and times of runs.
var books = []string{"run", "stage", "lease", "audit", "audit_head", "audit_seal", "delivery", "sent_row"}

// stores gives the digests of the tables of both stores, and the number of rows of the books that a kill adds nothing to.
func (k *killing) stores(dir string) (text string) {
	k.t.Helper()
	ws, err := workspace.Open(k.t.Context(), dir)
	k.must(err)
	defer ws.Close()
	dbs := map[string]*database.DB{workspacetest.Register: ws.RegisterDB, workspacetest.Vault: ws.VaultDB}
	for _, name := range slices.Sorted(maps.Keys(dbs)) {
		tables := workspacetest.Dump(k.t, dbs[name])
		for _, table := range slices.Sorted(maps.Keys(tables)) {
			if !slices.Contains(books, table) && table != "sqlite_sequence" {
				text += fmt.Sprintf("%s.%s %x\n", name, table, sha256.Sum256([]byte(tables[table])))
			}
		}
		text += fmt.Sprintf("%s: %d sent rows, %d runs\n", name, strings.Count(tables["sent_row"], "\n"), strings.Count(tables["run"], "\n"))
	}
	return text
}

// one checks that there is one delivery, closed and accepted, and gives its id.
func (k *killing) one(ws string) (id string) {
	k.t.Helper()
	var list struct{ Result []deliveryLine }
	k.must(json.Unmarshal(k.run(k.uoma, "delivery", "list", "--json", "-w", ws), &list))
	closed := 0
	for _, d := range list.Result {
		switch d.State {
		case "closed":
			closed++
			id = d.ID
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
	return id
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
