package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/carrier"
	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/mariadbtest"
)

var (
	ctx   = context.Background()
	chain = outbox.Chain{Sender: endpointtest.Sender, Recipient: endpointtest.Recipient, Dataset: "uraseuranta"}
	order = Order{Kind: parcel.Full, From: 19000, To: 19364}
)

// canary stands in the extract's rows and must stand nowhere on disk.
const canary = "canary-7f3a-graduate"

// source is a small extract.
type source struct {
	selected, sealed int
	changes          int // times that Changed still says yes
	rows             int
	broken           bool // parts that are no Parquet
}

func (s *source) Select(context.Context, Order) (Selection, error) {
	s.selected++
	return Selection{
		RegisterCommit: "nightly-2026-11-22", ConsentCutAt: time.Now().UTC().Truncate(time.Microsecond),
		Digest: fmt.Sprint("selection-", s.selected), QualityVerdict: "pass", QualitySHA256: parcel.SHA256Hex([]byte("{}")),
	}, nil
}

func (s *source) Changed(context.Context, outbox.Delivery) (bool, error) {
	s.changes--
	return s.changes >= 0, nil
}

type graduate struct {
	Pseudonym string `parquet:"pseudonym"`
	Noise     string `parquet:"noise"`
}

func (s *source) Contents(context.Context, outbox.Delivery) (*parcel.Contents, error) {
	s.sealed++
	rows := make([]graduate, max(s.rows, 3))
	for i := range rows {
		var noise [64]byte
		_, _ = rand.Read(noise[:])
		rows[i] = graduate{canary, string(fmt.Appendf(nil, "%x", noise))}
	}
	var buf bytes.Buffer
	if err := parquet.Write(&buf, rows); err != nil {
		return nil, err
	}
	if s.broken {
		buf.Truncate(buf.Len() - 1)
	}
	parts := func(yield func(parcel.Part, error) bool) {
		yield(parcel.Part{Data: buf.Bytes(), Rows: int64(len(rows))}, nil)
	}
	return &parcel.Contents{
		Tables:  []parcel.Table{{Name: "graduates", Schema: []byte(`{"properties":{"pseudonym":{},"noise":{}}}`), Parts: iter.Seq2[parcel.Part, error](parts)}},
		Quality: []byte("{}"),
	}, nil
}

// side is the sending side over one set of files: a workspace that processes come and go in.
type side struct {
	t       testing.TB
	rig     *endpointtest.Rig
	folder  string
	dsn     string // of the ledger
	db      *database.DB
	ledger  *outbox.Outbox
	source  *source
	carrier carrier.Carrier
	pinned  *parcel.Recipient
	made    atomic.Int64
}

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

// onBothStores runs a test with a ledger on SQLite and with one on MariaDB.
func onBothStores(t *testing.T, f func(t *testing.T, on databasetest.Kind)) {
	t.Parallel()
	databasetest.OnBoth(t, f)
}

func newSide(t testing.TB, rig *endpointtest.Rig, on databasetest.Kind) *side {
	t.Helper()
	return newSideAt(t, rig, on.DSN(t))
}

// newSideAt has its ledger at an address.
func newSideAt(t testing.TB, rig *endpointtest.Rig, dsn string) *side {
	t.Helper()
	s := &side{t: t, rig: rig, folder: t.TempDir(), dsn: dsn, source: &source{}, pinned: rig.Pinned()}
	for _, f := range []string{"outbox", "receipts"} {
		s.must(os.Mkdir(filepath.Join(s.folder, f), 0o700))
	}
	s.open()
	s.carrier = s.patient(rig.Carrier(""))
	return s
}

func (s *side) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *side) open() {
	s.t.Helper()
	db, err := database.Open(ctx, s.dsn)
	s.must(err)
	s.t.Cleanup(func() { db.Close() })
	s.db = db
	s.ledger, err = outbox.Open(ctx, db)
	s.must(err)
}

// patient wraps a carrier with retries that wait for milliseconds instead of seconds.
func (s *side) patient(c carrier.Carrier) *carrier.Retry {
	return &carrier.Retry{Carrier: c, Rand: func() float64 { return 0.5 }, Sleep: func(ctx context.Context, d time.Duration) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d / 100):
			return nil
		}
	}}
}

// machine is a fresh process over the files.
func (s *side) machine() *Machine {
	s.t.Helper()
	root := func(name string) *os.Root {
		r, err := os.OpenRoot(filepath.Join(s.folder, name))
		s.must(err)
		s.t.Cleanup(func() { r.Close() })
		return r
	}
	return &Machine{
		Profile: Profile{Pipeline: "career-survey", Chain: chain, SchemaVersion: "1.0", Domain: "uraseuranta", Epoch: 1,
			Software: parcel.Software{Name: "uoma", Version: "0.1.0"}},
		Recipient: s.pinned, Signer: s.rig.Signer, Ledger: s.ledger, Carrier: s.carrier, Source: s.source,
		Outbox: root("outbox"), Receipts: root("receipts"), Holder: fmt.Sprint("process-", s.made.Add(1)),
		Now: s.rig.Clock.Now, Rand: rand.Reader,
	}
}

var errKilled = errors.New("killed")

// closed asserts that the order's delivery is closed and accepted.
func (s *side) closed(d outbox.Delivery, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	if d.State != outbox.Closed || d.ReceiptStatus != parcel.Accepted || d.ReceiptLevel != string(parcel.Validated) || d.Nonce != "" {
		s.t.Fatalf("not closed and accepted: %+v", d)
	}
}
