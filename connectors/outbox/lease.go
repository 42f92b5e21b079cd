package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"uoma/connectors/database"
)

// LeaseFor is how long a lease holds without a heartbeat; Heartbeat is how often its holder renews it.
const (
	LeaseFor  = 60 * time.Second
	Heartbeat = 10 * time.Second
)

// Lease is the right to write to one chain. It ends with [Lease.Release], or [LeaseFor] after the last [Lease.Renew].
type Lease struct {
	o     *Outbox
	chain Chain
	fence int64
}

// Fence gives the lease's fencing number.
func (l *Lease) Fence() int64 { return l.fence }

// Take takes a chain's lease for holder, a name that no other process has, or gives [ErrBusy].
func (o *Outbox) Take(ctx context.Context, c Chain, holder string, now time.Time) (*Lease, error) {
	l := &Lease{o: o, chain: c}
	// Outside the transaction: a duplicate would leave a shared lock there, and two takers would wait for each other.
	_, err := o.db.ExecContext(ctx, "INSERT INTO delivery_lease (sender, recipient, dataset, holder, fence, until_at) VALUES (?, ?, ?, '', 0, '')",
		c.Sender, c.Recipient, c.Dataset)
	if err != nil && !isDuplicate(err) {
		return nil, database.Failed("make a lease", err)
	}
	err = o.db.Do(ctx, func(tx *sqlx.Tx) error {
		taken, err := database.One(tx.ExecContext(ctx,
			"UPDATE delivery_lease SET holder = ?, fence = fence + 1, until_at = ? WHERE sender = ? AND recipient = ? AND dataset = ? AND (holder = '' OR until_at <= ?)",
			holder, text(now.Add(LeaseFor)), c.Sender, c.Recipient, c.Dataset, text(now)))
		if err != nil {
			return err
		}
		if !taken {
			return ErrBusy
		}
		err = tx.GetContext(ctx, &l.fence, "SELECT fence FROM delivery_lease WHERE sender = ? AND recipient = ? AND dataset = ?", c.Sender, c.Recipient, c.Dataset)
		if err != nil {
			return database.Failed("read a lease", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Renew is the heartbeat; [ErrFenced] means that another process has taken the lease.
func (l *Lease) Renew(ctx context.Context, now time.Time) error {
	changed, err := database.One(l.o.db.ExecContext(ctx,
		"UPDATE delivery_lease SET until_at = ? WHERE sender = ? AND recipient = ? AND dataset = ? AND fence = ?",
		text(now.Add(LeaseFor)), l.chain.Sender, l.chain.Recipient, l.chain.Dataset, l.fence))
	if err != nil || changed {
		return err
	}
	// MariaDB counts no row that was equal already: ask whose the lease is.
	var fence int64
	err = l.o.db.GetContext(ctx, &fence, "SELECT fence FROM delivery_lease WHERE sender = ? AND recipient = ? AND dataset = ?",
		l.chain.Sender, l.chain.Recipient, l.chain.Dataset)
	if err != nil {
		return database.Failed("read a lease", err)
	}
	if fence != l.fence {
		return ErrFenced
	}
	return nil
}

// Release gives the lease back. Releasing a lease that was taken over does nothing.
func (l *Lease) Release(ctx context.Context) error {
	_, err := l.o.db.ExecContext(ctx, "UPDATE delivery_lease SET holder = '' WHERE sender = ? AND recipient = ? AND dataset = ? AND fence = ?",
		l.chain.Sender, l.chain.Recipient, l.chain.Dataset, l.fence)
	if err != nil {
		return database.Failed("give a lease back", err)
	}
	return nil
}

// Insert adds a delivery. A period that is in the ledger already is [ErrDuplicate].
func (l *Lease) Insert(ctx context.Context, d *Delivery) error {
	d.Version, d.Fence = 1, l.fence
	ok, err := l.write(ctx, insertRow, rowOf(d))
	if isDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return database.Failed("insert a delivery", err)
	}
	if !ok {
		return ErrFenced
	}
	return nil
}

// Save writes a delivery that was read in state before and has not been written since by anyone else; else it changes
// nothing and gives [ErrFenced]. On success d has the new version.
func (l *Lease) Save(ctx context.Context, d *Delivery, before State, now time.Time) error {
	next := *d
	next.Version, next.Fence, next.UpdatedAt = d.Version+1, l.fence, now
	ok, err := l.write(ctx, updateRow, struct {
		row
		StateBefore   string `db:"state_before"`
		VersionBefore int64  `db:"version_before"`
	}{rowOf(&next), string(before), d.Version})
	if err != nil {
		return database.Failed("save a delivery", err)
	}
	if !ok {
		return ErrFenced
	}
	*d = next
	return nil
}

// write runs one statement in a transaction of its own and tells whether it changed exactly one row.
func (l *Lease) write(ctx context.Context, query string, arg any) (ok bool, err error) {
	err = l.o.db.Do(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.NamedExecContext(ctx, query, arg)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	return ok && err == nil, err
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
