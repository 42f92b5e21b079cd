package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
)

// asProgram makes the test binary the program itself, so that a test can kill it like any other process.
const asProgram = "UOMA_TEST_ENDPOINT"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serving starts the program and gives the address that its first line names.
func serving(t *testing.T, folder string) (*exec.Cmd, string) {
	t.Helper()
	cmd := program("serve", "--config", filepath.Join(folder, "endpoint.yaml"))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	must(t, err)
	var first struct{ Listening string }
	must(t, json.Unmarshal(line, &first))
	return cmd, first.Listening
}

// Killed with SIGKILL again and again while a payload comes, the endpoint loses no byte that it acknowledged.
func TestThreat_T29_EndpointKilledWhileReceiving(t *testing.T) {
	ctx := context.Background()
	work := t.TempDir()
	folder := filepath.Join(work, "endpoint")
	root, err := os.OpenRoot(work)
	must(t, err)
	defer root.Close()
	signer, err := parcel.CreateSigner(root, "signing", rand.Reader, "")
	must(t, err)
	out, err := program("init", folder, "--sender", "xamk", "--listen", "127.0.0.1:0", "--signing-key", filepath.Join(work, "signing.pub")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if again, err := program("init", folder).CombinedOutput(); err == nil {
		t.Errorf("init overwrote a folder: %s", again)
	}
	bundle := filepath.Join(folder, "for-senders", "xamk")
	pinned, _, err := parcel.LoadRecipient(bundle, "csc", time.Now())
	must(t, err)
	payload, raw, sig, m := delivery(t, pinned, signer)

	connect := func(addr string) *carrier.HTTPS {
		cert, err := tls.LoadX509KeyPair(filepath.Join(bundle, "client.crt"), filepath.Join(bundle, "client.key"))
		must(t, err)
		ca, err := os.ReadFile(pinned.CA)
		must(t, err)
		c, err := carrier.NewHTTPS(carrier.Settings{URL: "https://" + addr, CA: ca, Certificate: cert})
		must(t, err)
		t.Cleanup(c.Close)
		return c
	}
	acknowledged, size := int64(0), int64(len(payload))
	for life := 0; acknowledged < size; life++ {
		cmd, addr := serving(t, folder)
		c := connect(addr)
		must(t, c.PutManifest(ctx, m.DeliveryID, raw, sig))
		offset, _, err := c.Offset(ctx, m.DeliveryID)
		must(t, err)
		if offset < acknowledged {
			t.Fatalf("life %d: %d bytes left of %d acknowledged", life, offset, acknowledged)
		}
		piece := min(size/5+1, size-offset)
		acknowledged, err = c.Send(ctx, m.DeliveryID, bytes.NewReader(payload), offset, piece)
		must(t, err)
		if acknowledged < size { // and one that is cut by the kill
			from := acknowledged
			go func() { _, _ = c.Send(ctx, m.DeliveryID, slow{payload}, from, min(piece, size-from)) }()
			time.Sleep(20 * time.Millisecond)
		}
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	_, addr := serving(t, folder)
	retry := &carrier.Retry{Carrier: connect(addr), Rand: func() float64 { return 1 }, Sleep: func(context.Context, time.Duration) error {
		time.Sleep(10 * time.Millisecond)
		return nil
	}}
	answer, asig, err := retry.Receipt(ctx, m.DeliveryID)
	must(t, err)
	receipt, err := parcel.DecodeReceipt(answer)
	must(t, err)
	must(t, parcel.CheckReceipt(receipt, asig, answer, m, parcel.SHA256Hex(raw), m.Payload, pinned.ReceiptKeys(), nil, time.Now()))
	if receipt.Status != parcel.Accepted || receipt.ReceiptSequence != 1 {
		t.Errorf("%+v", receipt)
	}
}

// slow gives its bytes in small late pieces.
type slow struct{ b []byte }

func (s slow) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(time.Millisecond)
	n := copy(p[:min(len(p), 4<<10)], s.b[off:])
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// delivery seals a CSV table large enough to be cut.
func delivery(t *testing.T, to *parcel.Recipient, signer *parcel.Signer) (payload, raw, sig []byte, m *parcel.Manifest) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	c := &parcel.Contents{
		DeliveryID: id, Dataset: "uraseuranta", SchemaVersion: "1.0", PseudonymDomain: "d", ConsentCutAt: now, Nonce: [32]byte{1},
		Format: parcel.CSV, Quality: []byte("{}"),
		Tables: []parcel.Table{{Name: "t", Schema: []byte("{}"), Parts: func(yield func(parcel.Part, error) bool) {
			yield(parcel.Part{Data: noise, Rows: 1}, nil)
		}}},
	}
	keys, named, err := to.EncryptTo(now)
	must(t, err)
	var out bytes.Buffer
	s, err := parcel.Seal(&out, c, keys, parcel.None)
	must(t, err)
	m = &parcel.Manifest{
		DeliveryID: id, SenderID: "xamk", RecipientID: "csc", Kind: parcel.Full, Sequence: 1, CreatedAt: now, NotAfter: now.Add(time.Hour),
		Dataset:        parcel.Dataset{ID: "uraseuranta", SchemaVersion: "1.0", SchemaSHA256: s.SchemaSHA256},
		RegisterCommit: "r", ConsentCutAt: now, Quality: parcel.Quality{Verdict: "pass", ReportSHA256: parcel.SHA256Hex(nil)},
		Container: parcel.Container{Type: parcel.ContainerType, Compression: parcel.None, Recipients: named},
		Plaintext: parcel.Plaintext{SHA256: s.PlainSHA256, Bytes: s.PlainBytes, ExpandedBytes: s.ExpandedBytes},
		Payload:   parcel.Payload{SHA256: s.CipherSHA256, Bytes: s.CipherBytes},
		Software:  parcel.Software{Name: "uoma", Version: "0.1.0"}, SigningKeyID: ssh.FingerprintSHA256(signer.PublicKey()),
	}
	raw, err = m.Encode()
	must(t, err)
	sig, err = signer.Sign(rand.Reader, parcel.ManifestNamespace, raw)
	must(t, err)
	return out.Bytes(), raw, sig, m
}
