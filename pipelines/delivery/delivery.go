// Package delivery takes an extract to a national endpoint and does not rest until a signed receipt says how it ended.
//
// A [Machine] moves one delivery at a time through the states of the delivery protocol:
//
//	prepared → encrypted → sent → receipted → closed, with voided and rejected beside them
//
// [Machine.Deliver] does the whole way; [Machine.Prepare], [Machine.Encrypt], [Machine.Send], [Machine.Receive] and
// [Machine.Close] do one step each, and [Machine.Sweep] cleans up what a killed run left. A step's actions have a fixed
// order, its last action is one compare-and-set in the ledger, and everything before it may be repeated: whoever is
// killed anywhere runs again and finishes, with one acceptance at the endpoint. Plaintext of an extract never reaches a
// disk: it streams from [Source] through the archive and the cipher into one file.
//
// Promises, as the protocol numbers them: P1 accepted at most once, P2 every delivery ends closed or voided, P3 what was
// sent and what was acknowledged can be proved with age, sha256sum and ssh-keygen alone, P4 no plaintext on disk, P5 a
// killed run's successor finishes.
//
// The package knows the order of things. It must not know what is in an extract, how rows are chosen or which line
// carries the bytes.
package delivery

import (
	"context"
	"io"
	"os"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
)

// Order says which delivery is wanted. One order is delivered once, however often it is asked for.
type Order struct {
	Kind       string // parcel.Full, Delta, Correction or Withdrawal
	Supersedes string // delivery id, for a correction or in place of a rejected delivery
	From, To   canon.Date
}

// Selection names the rows of one delivery: what the quality gate let pass, cut by consent at one moment. The same
// selection must give the same contents as long as its delivery is not encrypted.
type Selection struct {
	RegisterCommit string
	ConsentCutAt   time.Time // UTC
	Digest         string    // of the choice of rows, at most 128 characters
	QualityVerdict string    // pass or warn
	QualitySHA256  string    // of the quality report
}

// Source gives what a delivery carries. Its methods are called by one goroutine.
type Source interface {
	// Select runs the quality gate and chooses rows at the register's present commit. A gate that does not pass is an
	// error. It is called anew when consents changed before the first byte left.
	Select(ctx context.Context, o Order) (Selection, error)
	// Contents gives the tables and the quality report of a delivery that was selected, maybe by an earlier process.
	// The machine fills in id, dataset, nonce and moments.
	Contents(ctx context.Context, d outbox.Delivery) (*parcel.Contents, error)
	// Changed tells whether a consent, objection or erasure since the cut touches a selected row.
	Changed(ctx context.Context, d outbox.Delivery) (bool, error)
}

// Ledger is the ledger of deliveries; see [outbox.Outbox].
type Ledger interface {
	Take(ctx context.Context, c outbox.Chain, holder string, now time.Time) (*outbox.Lease, error)
	List(ctx context.Context, c outbox.Chain) ([]outbox.Delivery, error)
	Last(ctx context.Context, c outbox.Chain) (outbox.Delivery, error)
	LastReceipt(ctx context.Context, c outbox.Chain) (outbox.Delivery, error)
}

var _ Ledger = (*outbox.Outbox)(nil)

// Profile is what was agreed about a dataset with its recipient.
type Profile struct {
	Pipeline       string
	Chain          outbox.Chain
	SchemaVersion  string
	Domain         string // pseudonymisation domain
	Epoch          int64  // of the domain's key
	Format         string // parcel.Parquet or parcel.CSV; "" is Parquet
	Compression    string // parcel.Zstd, Gzip or None; "" is Zstd
	Level          parcel.Level
	Life           time.Duration // from created_at to not_after; 0 is 14 days
	KeepCiphertext time.Duration // after closing; 0 is 30 days
	SignerUntil    time.Time     // end of the signing key's validity; zero is open
	Software       parcel.Software
}

// Defaults and bounds.
const (
	defaultLife = 14 * 24 * time.Hour
	defaultKeep = 30 * 24 * time.Hour
	orphanAge   = time.Hour // a partial file older than this belongs to no living process
	pieceTries  = 3         // times that a whole payload is sent when it arrives altered
	anew        = 3         // times that a delivery is prepared anew when consents change under it
)

// Machine moves deliveries of one profile. Deliver, Sweep and the steps may be used by one goroutine at a time.
type Machine struct {
	Profile   Profile
	Recipient *parcel.Recipient // pinned
	Signer    *parcel.Signer
	Ledger    Ledger
	Carrier   carrier.Carrier
	Source    Source
	Outbox    *os.Root // <id>.age, <id>.manifest.json, <id>.manifest.json.sig
	Receipts  *os.Root // <id>.receipt.json, <id>.receipt.json.sig
	Holder    string   // name of this process for the lease, unlike any other's
	Now       func() time.Time
	Rand      io.Reader

	// Audit writes the audit entry of a delivery that ends. It may be called again for the same delivery. nil writes none.
	Audit func(ctx context.Context, d outbox.Delivery) error
	// Step is called before each action of a step, and after its last, with the action's name; an error ends the step
	// there as if the process had been killed: nothing is tidied up and the lease is kept. For tests; nil does nothing.
	Step func(name string) error

	lease  *outbox.Lease
	killed bool // Step ended a step
}

func (m *Machine) now() time.Time { return m.Now().UTC().Truncate(time.Microsecond) }

func (m *Machine) step(name string) error {
	if m.Step == nil {
		return nil
	}
	err := m.Step(name)
	m.killed = m.killed || err != nil
	return err
}

// run does actions in order, asking Step before each and after the last.
func (m *Machine) run(step string, actions ...action) error {
	for _, a := range actions {
		if err := m.step(step + "/" + a.name); err != nil {
			return err
		}
		if err := a.do(); err != nil {
			return err
		}
	}
	return m.step(step + "/done")
}

// action is one thing that a killed process may have done or not.
type action struct {
	name string
	do   func() error
}

// save commits a state change.
func (m *Machine) save(ctx context.Context, d *outbox.Delivery, to outbox.State) error {
	before, next := d.State, *d
	next.State = to
	if err := m.lease.Save(ctx, &next, before, m.now()); err != nil {
		return err
	}
	*d = next
	return nil
}

func orText(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func orDuration(value, otherwise time.Duration) time.Duration {
	if value == 0 {
		return otherwise
	}
	return value
}
