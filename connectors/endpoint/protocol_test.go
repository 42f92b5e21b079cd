package endpoint_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/gofrs/uuid/v5"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/carrier"
	"uoma/connectors/endpoint"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/endpoint/setup"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
)

var ctx = context.Background()

// parcelled is a delivery as a sender has it.
type parcelled struct {
	id                  string
	manifest            *parcel.Manifest
	raw, sig, container []byte
}

// pack makes the delivery of a sequence number. change may alter the manifest before it is signed.
func pack(t testing.TB, rig *endpointtest.Rig, sequence int64, previous *parcelled, change func(*parcel.Manifest)) *parcelled {
	t.Helper()
	return packed(t, rig, contents(rig), sequence, previous, change)
}

// contents are two rows of the dataset.
func contents(rig *endpointtest.Rig) *parcel.Contents {
	return &parcel.Contents{
		DeliveryID: uuid.Must(uuid.NewV7()).String(), Dataset: "uraseuranta", SchemaVersion: "1.0", PseudonymDomain: "uraseuranta",
		ConsentCutAt: rig.Clock.Now().UTC().Truncate(time.Microsecond), Nonce: [32]byte{1}, Format: parcel.Parquet, Quality: []byte("{}"),
		Tables: []parcel.Table{{Name: "graduates", Schema: []byte("{}"), Parts: func(yield func(parcel.Part, error) bool) {
			var data bytes.Buffer
			err := parquet.Write(&data, []struct {
				Pseudonym string `parquet:"pseudonym"`
			}{{"p1"}, {"p2"}})
			yield(parcel.Part{Data: data.Bytes(), Rows: 2}, err)
		}}},
	}
}

// packed makes the delivery of some contents.
func packed(t testing.TB, rig *endpointtest.Rig, c *parcel.Contents, sequence int64, previous *parcelled, change func(*parcel.Manifest)) *parcelled {
	t.Helper()
	now, id := c.ConsentCutAt, c.DeliveryID
	keys, named, err := rig.Pinned().EncryptTo(now)
	must(t, err)
	p := &parcelled{id: id}
	var out bytes.Buffer
	s, err := parcel.Seal(&out, c, keys, parcel.Zstd)
	must(t, err)
	p.container = out.Bytes()
	p.manifest = &parcel.Manifest{
		DeliveryID: id, SenderID: endpointtest.Sender, RecipientID: endpointtest.Recipient, Kind: parcel.Full,
		Dataset: parcel.Dataset{ID: c.Dataset, SchemaVersion: c.SchemaVersion, SchemaSHA256: s.SchemaSHA256},
		Period:  parcel.Period{From: 19000 + 400*canon.Date(sequence), To: 19364 + 400*canon.Date(sequence)}, Sequence: sequence,
		CreatedAt: now, NotAfter: now.Add(14 * 24 * time.Hour), RegisterCommit: "nightly-2026-11-22", ConsentCutAt: now,
		Quality:   parcel.Quality{Verdict: "pass", ReportSHA256: parcel.SHA256Hex(nil)},
		Container: parcel.Container{Type: parcel.ContainerType, Compression: parcel.Zstd, Recipients: named},
		Plaintext: parcel.Plaintext{SHA256: s.PlainSHA256, Bytes: s.PlainBytes, ExpandedBytes: s.ExpandedBytes},
		Payload:   parcel.Payload{SHA256: s.CipherSHA256, Bytes: s.CipherBytes},
		Software:  parcel.Software{Name: "uoma", Version: "0.1.0"}, SigningKeyID: rig.Signer.KeyID(),
	}
	if previous != nil {
		p.manifest.PreviousManifestSHA256 = parcel.Link(parcel.SHA256Hex(previous.raw))
	}
	if change != nil {
		change(p.manifest)
	}
	p.raw, err = p.manifest.Encode()
	must(t, err)
	p.sign(t, rig.Signer)
	return p
}

func (p *parcelled) sign(t testing.TB, signer *parcel.Signer) {
	t.Helper()
	var err error
	p.sig, err = signer.Sign(rand.Reader, parcel.ManifestNamespace, p.raw)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client speaks HTTP to the endpoint as the sender.
func client(t testing.TB, rig *endpointtest.Rig) *http.Client {
	t.Helper()
	s := rig.Settings("")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{s.Certificate}}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// answer is what a request came to: status, problem code, headers.
type answer struct {
	status int
	code   string
	header http.Header
	body   []byte
}

func ask(t testing.TB, c *http.Client, method, url string, header map[string]string, body []byte) answer {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	must(t, err)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := c.Do(req)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	a := answer{resp.StatusCode, "", resp.Header, raw}
	if resp.StatusCode >= 400 && len(raw) > 0 {
		var problem struct {
			Type   string
			Status int
		}
		must(t, json.Unmarshal(raw, &problem))
		if resp.Header.Get("Content-Type") != carrier.ProblemType || problem.Status != resp.StatusCode {
			t.Errorf("not an RFC 9457 problem: %s", raw)
		}
		a.code = strings.TrimPrefix(problem.Type, carrier.ProblemPrefix)
	}
	return a
}

func putHeader(sig []byte) map[string]string {
	return map[string]string{"Content-Type": "application/json", carrier.SignatureHeader: base64.StdEncoding.EncodeToString(sig)}
}

func (p *parcelled) url(rig *endpointtest.Rig) string {
	return "https://" + rig.Addr + "/v1/deliveries/" + p.id
}

func (p *parcelled) put(t testing.TB, rig *endpointtest.Rig, c *http.Client) answer {
	t.Helper()
	return ask(t, c, http.MethodPut, p.url(rig), putHeader(p.sig), p.raw)
}

func patchHeader(offset int64) map[string]string {
	return map[string]string{"Content-Type": carrier.PayloadType, "Tus-Resumable": "1.0.0", "Upload-Offset": strconv.FormatInt(offset, 10)}
}

func (p *parcelled) patch(t testing.TB, rig *endpointtest.Rig, c *http.Client, offset int64, piece []byte) answer {
	t.Helper()
	return ask(t, c, http.MethodPatch, p.url(rig)+"/payload", patchHeader(offset), piece)
}

func want(t testing.TB, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.code != code {
		t.Errorf("got %d %q, want %d %q: %s", a.status, a.code, status, code, a.body)
	}
}

func TestManifestRefusals(t *testing.T) {
	other := func(t testing.TB) *parcel.Signer {
		root, err := os.OpenRoot(t.TempDir())
		must(t, err)
		defer root.Close()
		s, err := parcel.CreateSigner(root, "other", rand.Reader, "")
		must(t, err)
		return s
	}
	type c = func(m *parcel.Manifest)
	tests := []struct {
		name   string
		change func(*parcel.Manifest)
		after  func(*testing.T, *endpointtest.Rig, *parcelled)
		status int
		code   string
	}{
		{"right", nil, nil, 201, ""},
		{"another sender", c(func(m *parcel.Manifest) { m.SenderID = "other" }), nil, 403, carrier.SenderMismatch},
		{"another recipient", c(func(m *parcel.Manifest) { m.RecipientID = "other" }), nil, 422, carrier.RecipientUnknown},
		{"another key", c(func(m *parcel.Manifest) { m.Container.Recipients[0].RecipientSHA256 = parcel.SHA256Hex(nil) }), nil, 422, carrier.RecipientUnknown},
		{"unknown dataset", c(func(m *parcel.Manifest) { m.Dataset.ID = "other" }), nil, 422, carrier.SchemaUnknown},
		{"unknown version", c(func(m *parcel.Manifest) { m.Dataset.SchemaVersion = "9" }), nil, 422, carrier.SchemaUnknown},
		{"from the future", c(func(m *parcel.Manifest) { m.CreatedAt = m.CreatedAt.Add(16 * time.Minute) }), nil, 422, carrier.ManifestInvalid},
		{"expired", c(func(m *parcel.Manifest) {
			m.CreatedAt, m.NotAfter = m.CreatedAt.Add(-48*time.Hour), m.CreatedAt.Add(-time.Hour)
		}), nil, 410, carrier.ManifestExpired},
		{"too large", c(func(m *parcel.Manifest) { m.Payload.Bytes = 1 << 40 }), nil, 413, carrier.TooLarge},
		{"gap", c(func(m *parcel.Manifest) { m.Sequence, m.PreviousManifestSHA256 = 2, parcel.Link(parcel.SHA256Hex(nil)) }), nil, 409, carrier.SequenceGap},
		{"supersedes nothing", c(func(m *parcel.Manifest) { m.Supersedes = uuid.Must(uuid.NewV7()).String() }), nil, 422, carrier.ManifestInvalid},
		{"another signing key named", c(func(m *parcel.Manifest) { m.SigningKeyID = "SHA256:" + strings.Repeat("A", 43) }), nil, 422, carrier.ManifestInvalid},
		{"bit of the manifest", nil, func(t *testing.T, _ *endpointtest.Rig, p *parcelled) { p.raw[len(p.raw)/2] ^= 1 }, 422, carrier.SignatureInvalid},
		{"bit of the signature", nil, func(t *testing.T, _ *endpointtest.Rig, p *parcelled) { p.sig[len(p.sig)/2] ^= 1 }, 422, carrier.SignatureInvalid},
		{"no signature", nil, func(t *testing.T, _ *endpointtest.Rig, p *parcelled) { p.sig = nil }, 422, carrier.SignatureMissing},
		{"signed by a stranger", nil, func(t *testing.T, _ *endpointtest.Rig, p *parcelled) { p.sign(t, other(t)) }, 422, carrier.SignatureInvalid},
		{"signed for another purpose", nil, func(t *testing.T, rig *endpointtest.Rig, p *parcelled) {
			var err error
			p.sig, err = rig.Signer.Sign(rand.Reader, parcel.ReceiptNamespace, p.raw)
			must(t, err)
		}, 422, carrier.SignatureInvalid},
		{"no manifest", nil, func(t *testing.T, rig *endpointtest.Rig, p *parcelled) {
			p.raw = []byte(`{"format":"uoma-manifest"}`)
			p.sign(t, rig.Signer)
		}, 422, carrier.ManifestInvalid},
		{"another address", nil, func(t *testing.T, rig *endpointtest.Rig, p *parcelled) { p.id = uuid.Must(uuid.NewV7()).String() }, 422, carrier.ManifestInvalid},
		{"65 KiB", nil, func(t *testing.T, rig *endpointtest.Rig, p *parcelled) {
			p.raw = append(p.raw, bytes.Repeat([]byte(" "), 64<<10)...)
		}, 413, carrier.TooLarge},
	}
	rig := endpointtest.New(t, func(c *endpoint.Config) {
		c.Limits = endpoint.Limits{MaxBytes: 1 << 20, PatchMax: 1 << 16}
		c.Datasets = map[string]endpoint.Dataset{"uraseuranta": {Schemas: map[string]string{"1.0": ""}}}
	})
	http := client(t, rig)
	for _, tt := range tests[1:] {
		t.Run(tt.name, func(t *testing.T) {
			p := pack(t, rig, 1, nil, tt.change)
			if tt.after != nil {
				tt.after(t, rig, p)
			}
			want(t, p.put(t, rig, http), tt.status, tt.code)
		})
	}
	t.Run(tests[0].name, func(t *testing.T) { // last: nothing refused left a trace
		p := pack(t, rig, 1, nil, nil)
		want(t, p.put(t, rig, http), 201, "")
		want(t, p.put(t, rig, http), 200, "")
		wrong := ask(t, http, "PUT", p.url(rig), map[string]string{"Content-Type": "text/plain"}, p.raw)
		want(t, wrong, 415, carrier.ContentType)
	})
}

func TestThreat_T42_ChainRefusals(t *testing.T) {
	rig := endpointtest.New(t, nil)
	http := client(t, rig)
	first := pack(t, rig, 1, nil, nil)
	want(t, first.put(t, rig, http), 201, "")
	for restart := range 2 { // the same answers from memory and from disk
		want(t, first.put(t, rig, http), 200, "")
		conflict := pack(t, rig, 1, nil, func(m *parcel.Manifest) { m.DeliveryID = first.id })
		conflict.id = first.id
		want(t, conflict.put(t, rig, http), 409, carrier.ManifestConflict)
		want(t, pack(t, rig, 1, nil, nil).put(t, rig, http), 409, carrier.SequenceReplayed)
		want(t, pack(t, rig, 3, first, nil).put(t, rig, http), 409, carrier.SequenceGap)
		want(t, pack(t, rig, 2, conflict, nil).put(t, rig, http), 409, carrier.SequenceGap)
		same := func(m *parcel.Manifest) { m.Period = first.manifest.Period }
		want(t, pack(t, rig, 2, first, same).put(t, rig, http), 409, carrier.PeriodDuplicate)
		if restart == 0 {
			rig.Stop()
			rig.Start()
			http.CloseIdleConnections() // they ended with the endpoint
		}
	}
	superseding := pack(t, rig, 2, first, func(m *parcel.Manifest) { m.Period, m.Supersedes = first.manifest.Period, first.id })
	want(t, superseding.put(t, rig, http), 201, "")
	head, err := rig.Carrier("").Head(ctx, "uraseuranta")
	must(t, err)
	if head.Sequence != 2 || head.DeliveryID != superseding.id || head.ManifestSHA256 != parcel.SHA256Hex(superseding.raw) {
		t.Errorf("head %+v", head)
	}
}

// The sender's clock may be a quarter of an hour ahead, and a delivery lives until its not_after, on the endpoint's clock.
func TestThreat_T28_ClocksThatDisagree(t *testing.T) {
	for _, tt := range []struct {
		ahead  time.Duration // the sender's clock before the endpoint's
		status int
		code   string
	}{
		{16 * time.Minute, 422, carrier.ManifestInvalid}, {24 * time.Hour, 422, carrier.ManifestInvalid}, {14 * time.Minute, 201, ""},
		{-24 * time.Hour, 201, ""}, {-14*24*time.Hour - time.Minute, 410, carrier.ManifestExpired},
	} {
		rig := endpointtest.New(t, nil)
		p := pack(t, rig, 1, nil, func(m *parcel.Manifest) {
			m.CreatedAt, m.NotAfter, m.ConsentCutAt = m.CreatedAt.Add(tt.ahead), m.NotAfter.Add(tt.ahead), m.ConsentCutAt.Add(tt.ahead)
		})
		want(t, p.put(t, rig, client(t, rig)), tt.status, tt.code)
	}
}

func TestKeyRevoked(t *testing.T) {
	rig := endpointtest.New(t, nil)
	rig.Stop()
	revoked := filepath.Join(rig.Folder, "revoked")
	must(t, os.WriteFile(revoked, ssh.MarshalAuthorizedKey(rig.Signer.PublicKey()), 0o600))
	config := filepath.Join(rig.Folder, "endpoint.yaml")
	raw, err := os.ReadFile(config)
	must(t, err)
	must(t, os.WriteFile(config, bytes.Replace(raw, []byte(`revoked: ""`), []byte("revoked: revoked"), 1), 0o600))
	rig.Start()
	want(t, pack(t, rig, 1, nil, nil).put(t, rig, client(t, rig)), 403, carrier.KeyRevoked)
}

func TestPayloadRefusalsAndResume(t *testing.T) {
	rig := endpointtest.New(t, func(c *endpoint.Config) { c.Limits.PatchMax = 1 << 16 })
	http := client(t, rig)
	p := pack(t, rig, 1, nil, nil)
	want(t, p.patch(t, rig, http, 0, p.container), 404, carrier.UnknownDelivery)
	want(t, p.put(t, rig, http), 201, "")
	length := int64(len(p.container))
	want(t, p.patch(t, rig, http, 5, p.container[5:]), 409, carrier.OffsetConflict)
	want(t, p.patch(t, rig, http, 0, append(bytes.Clone(p.container), 0)), 413, carrier.TooLarge)
	want(t, p.patch(t, rig, http, 0, make([]byte, 1<<16+1)), 413, carrier.TooLarge)
	header := patchHeader(0)
	header["Tus-Resumable"] = "0.9"
	want(t, ask(t, http, "PATCH", p.url(rig)+"/payload", header, p.container), 412, carrier.TusVersionRefused)
	header = patchHeader(0)
	header["Content-Type"] = "text/plain"
	want(t, ask(t, http, "PATCH", p.url(rig)+"/payload", header, p.container), 415, carrier.ContentType)
	receipt := ask(t, http, "GET", p.url(rig)+"/receipt.json", nil, nil)
	want(t, receipt, 404, carrier.ReceiptPending)
	if receipt.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	want(t, p.patch(t, rig, http, 0, p.container[:10]), 204, "")
	rig.Stop()
	rig.Start()
	a := ask(t, http, "HEAD", p.url(rig)+"/payload", map[string]string{"Tus-Resumable": "1.0.0"}, nil)
	if a.status != 200 || a.header.Get("Upload-Offset") != "10" || a.header.Get("Upload-Length") != strconv.FormatInt(length, 10) || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("HEAD %d %v", a.status, a.header)
	}
	altered := bytes.Clone(p.container[10:])
	altered[3] ^= 1
	a = p.patch(t, rig, http, 10, altered)
	want(t, a, 422, carrier.PayloadDigestMismatch)
	if a.header.Get("Upload-Offset") != "0" {
		t.Error("an altered payload was kept")
	}
	want(t, p.patch(t, rig, http, 0, p.container), 204, "")
	want(t, p.patch(t, rig, http, length, nil), 204, "")
	want(t, p.patch(t, rig, http, 0, p.container), 409, carrier.OffsetConflict)
	wait(t, rig, p, carrier.Accepted)
	rig.Clock.Move(15 * 24 * time.Hour) // a receipt does not expire
	want(t, p.put(t, rig, http), 200, "")
	late := pack(t, rig, 2, p, nil)
	want(t, late.put(t, rig, http), 201, "")
	rig.Clock.Move(15 * 24 * time.Hour)
	want(t, late.patch(t, rig, http, 0, late.container), 410, carrier.ManifestExpired)
}

// wait waits for a delivery's end and checks its receipt as a sender does.
func wait(t testing.TB, rig *endpointtest.Rig, p *parcelled, status string) *parcel.Receipt {
	t.Helper()
	r, raw, sig := receiptOf(t, rig, p, status)
	must(t, parcel.CheckReceipt(r, sig, raw, p.manifest, parcel.SHA256Hex(p.raw), p.manifest.Payload, rig.Pinned().ReceiptKeys(), nil, rig.Clock.Now()))
	return r
}

// waitFor is wait for a receipt that is not the first of its chain.
func waitFor(t testing.TB, rig *endpointtest.Rig, p *parcelled, status string) *parcel.Receipt {
	t.Helper()
	r, _, _ := receiptOf(t, rig, p, status)
	return r
}

func receiptOf(t testing.TB, rig *endpointtest.Rig, p *parcelled, status string) (r *parcel.Receipt, raw, sig []byte) {
	t.Helper()
	retry := &carrier.Retry{Carrier: rig.Carrier(""), Rand: func() float64 { return 1 }, Sleep: func(context.Context, time.Duration) error {
		time.Sleep(5 * time.Millisecond)
		return nil
	}}
	raw, sig, err := retry.Receipt(ctx, p.id)
	must(t, err)
	r, err = parcel.DecodeReceipt(raw)
	must(t, err)
	s, err := retry.Status(ctx, p.id)
	must(t, err)
	if r.Status != status || s.State != status {
		t.Errorf("receipt %s, status %s, want %s: %+v", r.Status, s.State, status, r.Reasons)
	}
	return r, raw, sig
}

func TestRejections(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *parcelled)
		level  parcel.Level
		reason string
	}{
		{"not for us", func(p *parcelled) {
			stranger, _ := age.GenerateX25519Identity()
			var out bytes.Buffer
			w, _ := age.Encrypt(&out, stranger.Recipient())
			_, _ = w.Write([]byte("x"))
			_ = w.Close()
			p.container = out.Bytes()
			p.manifest.Payload = parcel.Payload{SHA256: parcel.SHA256Hex(p.container), Bytes: int64(len(p.container))}
		}, parcel.Stored, "decrypt-failed"},
		{"other plaintext", func(p *parcelled) { p.manifest.Plaintext.SHA256 = parcel.SHA256Hex(nil) }, parcel.Stored, "plaintext-digest-mismatch"},
		{"other schema", func(p *parcelled) { p.manifest.Dataset.SchemaSHA256 = parcel.SHA256Hex(nil) }, parcel.Opened, "schema-violation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rig := endpointtest.New(t, nil)
			http := client(t, rig)
			p := pack(t, rig, 1, nil, nil)
			tt.change(p)
			var err error
			p.raw, err = p.manifest.Encode()
			must(t, err)
			p.sign(t, rig.Signer)
			want(t, p.put(t, rig, http), 201, "")
			want(t, p.patch(t, rig, http, 0, p.container), 204, "")
			r := wait(t, rig, p, carrier.Rejected)
			if r.Level != tt.level || len(r.Reasons) != 1 || r.Reasons[0].Type != tt.reason {
				t.Errorf("%s %+v", r.Level, r.Reasons)
			}
		})
	}
}

func TestPublishedKeysAndCapabilities(t *testing.T) {
	rig := endpointtest.New(t, nil)
	c := rig.Carrier("")
	raw, sig, err := c.Keys(ctx)
	must(t, err)
	if _, changes, err := parcel.CheckKeyList(raw, sig, rig.Pinned(), 0, rig.Clock.Now()); err != nil || len(changes) != 0 {
		t.Errorf("%v %v", changes, err)
	}
	caps, err := c.Capabilities(ctx)
	must(t, err)
	if len(caps.Versions) != 1 || caps.PatchMax < carrier.PieceBytes || caps.Keys != "/v1/keys.json" {
		t.Errorf("%+v", caps)
	}
	a := ask(t, client(t, rig), "GET", "https://"+rig.Addr+"/v1/nothing", nil, nil)
	want(t, a, 404, "unknown-request")
}

// A sender sees nothing of another sender, and a certificate without a sender nothing at all.
func TestThreat_T43_SendersApart(t *testing.T) {
	rig := endpointtest.New(t, nil)
	p := pack(t, rig, 1, nil, nil)
	want(t, p.put(t, rig, client(t, rig)), 201, "")
	must(t, setup.Enrol(rig.Folder, "other", []ssh.PublicKey{rig.Signer.PublicKey()}, time.Now()))
	must(t, setup.Enrol(rig.Folder, "gone", nil, time.Now()))
	must(t, os.Remove(filepath.Join(rig.Folder, "senders", "gone")))
	rig.Stop()
	rig.Start()
	as := func(sender string) *http.Client {
		s := rig.Settings("")
		cert, err := tls.LoadX509KeyPair(filepath.Join(rig.Folder, "for-senders", sender, "client.crt"), filepath.Join(rig.Folder, "for-senders", sender, "client.key"))
		must(t, err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(s.CA)
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}}}
		t.Cleanup(tr.CloseIdleConnections)
		return &http.Client{Transport: tr}
	}
	want(t, ask(t, as("other"), "GET", p.url(rig), nil, nil), 404, carrier.UnknownDelivery)
	want(t, ask(t, as("gone"), "GET", p.url(rig), nil, nil), 403, carrier.SenderMismatch)
	want(t, p.put(t, rig, as("other")), 403, carrier.SenderMismatch)
}
