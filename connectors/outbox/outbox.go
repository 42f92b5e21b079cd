// Package outbox is the ledger of deliveries: one row for each delivery that was ever prepared.
//
// A [Chain] is what has a sequence without gaps: sender, recipient and dataset. Who wants to write takes the chain's
// [Lease] first; every write ([Lease.Insert], [Lease.Save]) is one transaction that changes the row only while state,
// version and fencing number are what the writer thinks they are. A writer that was taken over cannot write any more,
// whatever it still believes. The same code runs on SQLite and MariaDB.
//
// The package knows which states there are. It must not know when one follows another, and it sees no file, key or wire.
package outbox

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// State is where a delivery is.
type State string

// States of a delivery. Closed and Voided are ends.
const (
	Prepared  State = "prepared"
	Encrypted State = "encrypted"
	Sent      State = "sent"
	Receipted State = "receipted"
	Rejected  State = "rejected"
	Closed    State = "closed"
	Voided    State = "voided"
)

// Faults of the package; errors.Is matches every copy by its code.
var (
	ErrBusy      = fault.New("UOMA-DLV-BUSY", "another run is sending this dataset to this recipient", "wait until it has ended; the lease of a killed run ends after 60 seconds")
	ErrFenced    = fault.New("UOMA-DLV-FENCED", "the delivery was changed, or its lease taken over, by another run", "run again; it goes on from the ledger")
	ErrDuplicate = fault.New("UOMA-DLV-PERIOD-DUPLICATE", "this dataset and period are in the ledger already", "send a correction that names the delivery it supersedes")
	ErrNone      = fault.New("UOMA-DLV-NONE", "the ledger has no such delivery", "uoma delivery list shows what there is")
)

// Chain is what a sequence of deliveries belongs to.
type Chain struct{ Sender, Recipient, Dataset string }

// Delivery is one row. Zero times and an empty text mean "not yet".
type Delivery struct {
	ID         string // UUIDv7
	Pipeline   string
	Chain      Chain
	Kind       string
	Supersedes string // delivery id
	From, To   canon.Date

	State    State
	Version  int64 // changes made to the row
	Attempts int64 // times that sending began; voiding ends with the first
	Sequence int64 // 0 before Encrypted and after Voided

	Nonce           string // 64 hex digits until Closed
	SelectionDigest string // names the rows that were chosen
	RegisterCommit  string
	QualityVerdict  string
	QualitySHA256   string
	ConsentCutAt    time.Time

	ManifestSHA256         string
	PreviousManifestSHA256 string
	PayloadSHA256          string
	PayloadBytes           int64

	ReceiptSequence int64
	ReceiptSHA256   string
	ReceiptStatus   string
	ReceiptLevel    string

	NotAfter  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	Fence     int64 // of the lease that wrote last
}

// Done tells whether nothing is left to do for the delivery.
func (d *Delivery) Done() bool { return d.State == Closed || d.State == Voided }

// Outbox is the ledger of deliveries in a database. It is safe for concurrent use.
type Outbox struct{ db *database.DB }

//go:embed migrations/*.sql
var migrations embed.FS

// Open brings the tables to this release, and those of the run ledger, in which the leases stand.
func Open(ctx context.Context, db *database.DB) (*Outbox, error) {
	if err := ledger.Migrate(ctx, db); err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "outbox", files); err != nil {
		return nil, err
	}
	return &Outbox{db}, nil
}

// Get gives one delivery, or [ErrNone].
func (o *Outbox) Get(ctx context.Context, id string) (Delivery, error) {
	return o.one(ctx, "WHERE id = ?", id)
}

// List gives all deliveries of a chain, oldest first.
func (o *Outbox) List(ctx context.Context, c Chain) ([]Delivery, error) {
	return o.many(ctx, "WHERE sender = ? AND recipient = ? AND dataset = ? ORDER BY created_at, id", c.Sender, c.Recipient, c.Dataset)
}

// All gives every delivery, oldest first.
func (o *Outbox) All(ctx context.Context) ([]Delivery, error) {
	return o.many(ctx, "ORDER BY created_at, id")
}

// Last gives the delivery with the highest sequence of a chain, or [ErrNone].
func (o *Outbox) Last(ctx context.Context, c Chain) (Delivery, error) {
	return o.one(ctx, "WHERE sender = ? AND recipient = ? AND dataset = ? AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1",
		c.Sender, c.Recipient, c.Dataset)
}

// LastReceipt gives the delivery with the last receipt of a chain, or [ErrNone].
func (o *Outbox) LastReceipt(ctx context.Context, c Chain) (Delivery, error) {
	return o.one(ctx, "WHERE sender = ? AND recipient = ? AND dataset = ? AND receipt_sequence > 0 ORDER BY receipt_sequence DESC LIMIT 1",
		c.Sender, c.Recipient, c.Dataset)
}

func (o *Outbox) one(ctx context.Context, where string, args ...any) (Delivery, error) {
	var r row
	err := o.db.GetContext(ctx, &r, selectRow+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, ErrNone
	}
	if err != nil {
		return Delivery{}, database.Failed("read a delivery", err)
	}
	return r.delivery()
}

func (o *Outbox) many(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	var rows []row
	if err := o.db.SelectContext(ctx, &rows, selectRow+where, args...); err != nil {
		return nil, database.Failed("read deliveries", err)
	}
	out := make([]Delivery, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].delivery(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
