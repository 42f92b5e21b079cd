package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
)

// LeaseFor is how long a lease holds without a heartbeat; Heartbeat is how often its holder renews it.
const (
	LeaseFor  = ledger.LeaseTime
	Heartbeat = 10 * time.Second
)

// Lease is the right to write to one chain. It ends with [Lease.Release], or [LeaseFor] after the last [Lease.Renew].
type Lease struct {
	o    *Outbox
	held ledger.Lease
}

// Fence gives the lease's fencing number.
func (l *Lease) Fence() int64 { return l.held.Fence }

// Take takes a chain's lease for holder, a name that no other process has, or gives [ErrBusy].
func (o *Outbox) Take(ctx context.Context, c Chain, holder string, now time.Time) (*Lease, error) {
	held, err := ledger.Acquire(ctx, o.db, c.leaseName(), holder, now)
	if errors.Is(err, ledger.ErrHeld) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	return &Lease{o, held}, nil
}

// maxLeaseName is how long a lease's name may be.
const maxLeaseName = 64

// leaseName names the chain's lease: in words where they fit, by their digest where they do not.
func (c Chain) leaseName() string {
	name := "delivery/" + c.Sender + "/" + c.Recipient + "/" + c.Dataset
	if len(name) > maxLeaseName {
		return "delivery/" + parcel.SHA256Hex([]byte(name))[:40]
	}
	return name
}

// Renew is the heartbeat; [ErrFenced] means that another process has taken the lease.
func (l *Lease) Renew(ctx context.Context, now time.Time) error {
	return fenced(ledger.Beat(ctx, l.o.db, l.held, now))
}

// Release gives the lease back. Releasing a lease that was taken over does nothing.
func (l *Lease) Release(ctx context.Context) error {
	if err := ledger.Release(ctx, l.o.db, l.held); !errors.Is(err, ledger.ErrLost) {
		return err
	}
	return nil
}

func fenced(err error) error {
	if errors.Is(err, ledger.ErrLost) {
		return ErrFenced
	}
	return err
}

// Insert adds a delivery. A period that is in the ledger already is [ErrDuplicate].
func (l *Lease) Insert(ctx context.Context, d *Delivery) error {
	next := *d
	next.Version, next.Fence = 1, l.held.Fence
	err := l.write(ctx, insertRow, rowOf(&next))
	if isDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return database.Failed("insert a delivery", err)
	}
	*d = next
	return nil
}

// Save writes a delivery that was read in state before and has not been written since by anyone else; else it changes
// nothing and gives [ErrFenced]. On success d has the new version.
func (l *Lease) Save(ctx context.Context, d *Delivery, before State, now time.Time) error {
	next := *d
	next.Version, next.Fence, next.UpdatedAt = d.Version+1, l.held.Fence, now
	err := l.write(ctx, updateRow, struct {
		row
		StateBefore   string `db:"state_before"`
		VersionBefore int64  `db:"version_before"`
	}{rowOf(&next), string(before), d.Version})
	if err != nil {
		return database.Failed("save a delivery", err)
	}
	*d = next
	return nil
}

// write runs one statement that changes exactly one row, and proves before the commit that the lease is still held.
func (l *Lease) write(ctx context.Context, query string, arg any) error {
	return l.o.db.Do(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.NamedExecContext(ctx, query, arg)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n != 1 {
			return ErrFenced
		}
		return fenced(ledger.Check(ctx, tx, l.held))
	})
}

// isDuplicate recognises the drivers' error for a second row under a unique key.
func isDuplicate(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1062
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code()
		return code == 2067 || code == 1555 // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}
