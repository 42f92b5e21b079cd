package ledger

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// LeaseTime is how long after its last heartbeat a lease may be taken over. A holder beats several times in it.
const LeaseTime = 60 * time.Second

// Lease is the right to write, held by one program at a time.
type Lease struct {
	Name        string `db:"name"`
	Holder      string `db:"holder"` // unique to a process; "" when released
	Fence       int64  `db:"fence"`  // grows with every holder
	HeartbeatAt int64  `db:"heartbeat_at"`
	ExpiresAt   int64  `db:"expires_at"`
}

var (
	// ErrHeld is a lease that another program holds and beats.
	ErrHeld = fault.New("UOMA-LDG-HELD", "another program is at work on this pipeline",
		"let it end; if it was killed, the pipeline is free a minute after its last heartbeat")
	// ErrLost is a lease that another program took over, because heartbeats did not come in time.
	ErrLost = fault.New("UOMA-LDG-LOST", "another program took this pipeline over, so nothing more is written here",
		"look whether this machine was asleep or overloaded; the other program finishes the work")
)

const selectLease = "SELECT `name`, `holder`, `fence`, `heartbeat_at`, `expires_at` FROM `lease`"

// Acquire takes a lease that is free, released or out of date, with a fencing number higher than any before. It fails
// with [ErrHeld] otherwise, also when another program was faster.
func Acquire(ctx context.Context, q sqlx.ExtContext, name, holder string, now time.Time) (Lease, error) {
	old, ok, err := FindLease(ctx, q, name)
	if err != nil {
		return Lease{}, err
	}
	l := Lease{Name: name, Holder: holder, Fence: old.Fence + 1, HeartbeatAt: now.UnixMicro(), ExpiresAt: now.Add(LeaseTime).UnixMicro()}
	if !ok {
		err := insert(ctx, q, "lease", []string{"name", "holder", "fence", "heartbeat_at", "expires_at"}, name, holder, l.Fence, l.HeartbeatAt, l.ExpiresAt)
		if _, there, findErr := FindLease(ctx, q, name); err != nil && findErr == nil && there {
			return Lease{}, ErrHeld
		}
		return l, err
	}
	if old.Holder != "" && old.ExpiresAt > now.UnixMicro() {
		return Lease{}, ErrHeld
	}
	return l, orElse(ErrHeld, swap(ctx, q, "UPDATE `lease` SET `holder` = ?, `fence` = ?, `heartbeat_at` = ?, `expires_at` = ?"+
		" WHERE `name` = ? AND `holder` = ? AND `fence` = ? AND `expires_at` = ?",
		holder, l.Fence, l.HeartbeatAt, l.ExpiresAt, name, old.Holder, old.Fence, old.ExpiresAt))
}

// Beat holds a lease for another [LeaseTime], or fails with [ErrLost].
func Beat(ctx context.Context, q sqlx.ExtContext, l Lease, now time.Time) error {
	return orElse(ErrLost, swap(ctx, q, "UPDATE `lease` SET `heartbeat_at` = ?, `expires_at` = ? WHERE `name` = ? AND `holder` = ? AND `fence` = ?",
		now.UnixMicro(), now.Add(LeaseTime).UnixMicro(), l.Name, l.Holder, l.Fence))
}

// Check proves, as the last statement before a commit, that the lease is still held, or fails with [ErrLost]. It locks
// the row until the commit, so that nobody takes the lease between the two; a heartbeat elsewhere waits as long.
func Check(ctx context.Context, tx *sqlx.Tx, l Lease) error {
	return orElse(ErrLost, swap(ctx, tx, "UPDATE `lease` SET `fence` = `fence` WHERE `name` = ? AND `holder` = ? AND `fence` = ?", l.Name, l.Holder, l.Fence))
}

// Release gives a lease back. One that was taken over is not ours to give.
func Release(ctx context.Context, q sqlx.ExtContext, l Lease) error {
	return orElse(ErrLost, swap(ctx, q, "UPDATE `lease` SET `holder` = '', `expires_at` = 0 WHERE `name` = ? AND `holder` = ? AND `fence` = ?",
		l.Name, l.Holder, l.Fence))
}

// FindLease gives a lease as it stands, held or not.
func FindLease(ctx context.Context, q sqlx.QueryerContext, name string) (l Lease, ok bool, err error) {
	ok, err = get(ctx, q, &l, selectLease+" WHERE `name` = ?", name)
	return l, ok, err
}

// Leases lists all leases by name.
func Leases(ctx context.Context, q sqlx.QueryerContext) ([]Lease, error) {
	return list[Lease](ctx, q, selectLease+" ORDER BY `name`")
}

// orElse gives the meaning of a compare-and-set that was raced.
func orElse(meaning *fault.Error, err error) error {
	if err == ErrRaced {
		return meaning
	}
	return err
}
