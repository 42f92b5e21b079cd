package parcel

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"uoma/internal/canon"
)

const (
	testID    = "019a7c1e-5b00-7000-8000-000000000001"
	otherID   = "019a7c1e-5b00-7000-8000-000000000002"
	sender    = "example-university"
	recipient = "national-service"
)

var (
	now    = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	schema = []byte(`{"type":"object","properties":{"pseudonym":{"type":"string"}}}` + "\n")
)

// party is one side's keys, as files and as values.
type party struct {
	folder  string
	signer  *Signer
	allowed []AllowedSigner
}

func newParty(t testing.TB, principal, namespaces string) party {
	t.Helper()
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	check(t, err)
	defer root.Close()
	signer, err := CreateSigner(root, "signing", rand.Reader, "made for a test")
	check(t, err)
	line := fmt.Sprintf(`%s namespaces="%s",valid-after="20260101Z",valid-before="20280101Z" %s`, principal, namespaces, ssh.MarshalAuthorizedKey(signer.PublicKey()))
	check(t, os.WriteFile(filepath.Join(folder, "allowed_signers"), []byte(line), 0o600))
	allowed, err := ParseAllowedSigners([]byte(line))
	check(t, err)
	return party{folder, signer, allowed}
}

func newIdentity(t testing.TB) (*Identity, age.Recipient, string) {
	t.Helper()
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	check(t, err)
	defer root.Close()
	text, err := CreateIdentity(root, "endpoint.key", now)
	check(t, err)
	r, err := ParseAgeRecipient(text)
	check(t, err)
	id, err := LoadIdentity(filepath.Join(folder, "endpoint.key"))
	check(t, err)
	return id, r, filepath.Join(folder, "endpoint.key")
}

func parts(data ...string) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		for _, d := range data {
			if !yield(Part{Data: []byte(d), Rows: int64(bytes.Count([]byte(d), []byte("\n")) - 1)}, nil) {
				return
			}
		}
	}
}

func contents() *Contents {
	return &Contents{
		DeliveryID: testID, Dataset: "career-survey", SchemaVersion: "1.0", PseudonymDomain: "national", PseudonymEpoch: 1,
		ConsentCutAt: now, Suppressed: map[string]int64{"no-consent": 2, "protected": 1}, Nonce: [32]byte{1, 2, 3}, Format: CSV,
		Tables: []Table{
			{"graduates", schema, parts("pseudonym,field\r\naaaa,061\r\nbbbb,091\r\n", "pseudonym,field\r\ncccc,061\r\n")},
			{"surveys", schema, parts()},
		},
		Quality: []byte(`{"verdict":"pass"}`),
	}
}

func manifestFor(s Sealed, keyID string) *Manifest {
	return &Manifest{
		DeliveryID: testID, SenderID: sender, RecipientID: recipient, Kind: Full,
		Dataset:  Dataset{ID: "career-survey", SchemaVersion: "1.0", SchemaSHA256: s.SchemaSHA256},
		Period:   Period{From: day(2026, 1, 1), To: day(2026, 6, 30)},
		Sequence: 1, CreatedAt: now, NotAfter: now.AddDate(0, 0, 14), RegisterCommit: "nightly-2026-11-22", ConsentCutAt: now,
		Quality:   Quality{Verdict: "pass", ReportSHA256: SHA256Hex([]byte("report"))},
		Container: Container{Type: ContainerType, Compression: s.Compression, Recipients: []SealedTo{{"key-2026", SHA256Hex([]byte("age1"))}}},
		Plaintext: Plaintext{SHA256: s.PlainSHA256, Bytes: s.PlainBytes, ExpandedBytes: s.ExpandedBytes},
		Payload:   Payload{SHA256: s.CipherSHA256, Bytes: s.CipherBytes},
		Software:  Software{"uoma", "1.0.0"}, SigningKeyID: keyID,
	}
}

func day(y, m, d int) canon.Date {
	date, _ := canon.NewDate(y, m, d)
	return date
}

// delivery is one complete delivery in memory.
type delivery struct {
	from     party
	identity *Identity
	keyFile  string
	payload  []byte
	manifest *Manifest
	raw      []byte
	sig      []byte
}

func deliver(t testing.TB, compression string) delivery {
	t.Helper()
	d := delivery{from: newParty(t, SenderPrincipal(sender), ManifestNamespace)}
	var to age.Recipient
	d.identity, to, d.keyFile = newIdentity(t)
	var out bytes.Buffer
	sealed, err := Seal(&out, contents(), []age.Recipient{to}, compression)
	check(t, err)
	d.payload = out.Bytes()
	d.manifest = manifestFor(sealed, d.from.signer.KeyID())
	d.raw, err = d.manifest.Encode()
	check(t, err)
	d.sig, err = d.from.signer.Sign(rand.Reader, ManifestNamespace, d.raw)
	check(t, err)
	return d
}

func (d delivery) receipt(keyID string) *Receipt {
	return &Receipt{
		DeliveryID: testID, SenderID: sender, RecipientID: recipient, Dataset: "career-survey", Sequence: 1,
		ManifestSHA256: SHA256Hex(d.raw), Payload: d.manifest.Payload, Level: Validated, Status: Accepted, ReceivedAt: now,
		SigningKeyID: keyID, ReceiptSequence: 1,
	}
}

func readAll(seen map[string]string) func(string, io.Reader) error {
	return func(name string, r io.Reader) error {
		b, err := io.ReadAll(r)
		seen[name] = string(b)
		return err
	}
}

// TestMain asks that compressors and decompressors leave nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
