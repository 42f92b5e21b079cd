package carrier

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Numbers of the protocol, section 6.
const (
	backoffBase     = time.Second
	backoffCap      = 300 * time.Second
	connectFailures = 5             // in a row; then the host is left alone for the rest of the run
	RunBudget       = 6 * time.Hour // default of [Retry.Budget]
)

// Retry is a carrier that repeats requests of another one: exponential waits with full jitter, the endpoint's own
// Retry-After before them. It stops for good after five connection failures in a row, or when the time of its budget is
// used up. Sleep waits or gives the context's error; Rand gives a number in [0,1).
type Retry struct {
	Carrier Carrier
	Sleep   func(ctx context.Context, d time.Duration) error
	Rand    func() float64
	Budget  time.Duration // sum of all waits in this run; 0 means [RunBudget]

	mu     sync.Mutex
	waited time.Duration
	down   int // connection failures in a row
}

var _ Carrier = (*Retry)(nil)

// PutManifest implements [Carrier].
func (r *Retry) PutManifest(ctx context.Context, id string, manifest, signature []byte) error {
	return r.again(ctx, func() error { return r.Carrier.PutManifest(ctx, id, manifest, signature) })
}

// Offset implements [Carrier].
func (r *Retry) Offset(ctx context.Context, id string) (offset, length int64, err error) {
	err = r.again(ctx, func() (err error) { offset, length, err = r.Carrier.Offset(ctx, id); return })
	return offset, length, err
}

// Send implements [Carrier]. It waits after a failure and then asks for the offset instead of sending again, as the
// endpoint keeps what it got: the caller goes on from the number returned.
func (r *Retry) Send(ctx context.Context, id string, payload io.ReaderAt, offset, size int64) (next int64, err error) {
	failed := false
	err = r.again(ctx, func() (err error) {
		if failed {
			next, _, err = r.Carrier.Offset(ctx, id)
			return err
		}
		failed = true
		next, err = r.Carrier.Send(ctx, id, payload, offset, size)
		return err
	})
	return next, err
}

// Status implements [Carrier].
func (r *Retry) Status(ctx context.Context, id string) (s Status, err error) {
	err = r.again(ctx, func() (err error) { s, err = r.Carrier.Status(ctx, id); return })
	return s, err
}

// Receipt implements [Carrier]. A receipt that is not there yet is waited for like a busy endpoint.
func (r *Retry) Receipt(ctx context.Context, id string) (receipt, signature []byte, err error) {
	err = r.again(ctx, func() (err error) { receipt, signature, err = r.Carrier.Receipt(ctx, id); return })
	return receipt, signature, err
}

// Head implements [Carrier].
func (r *Retry) Head(ctx context.Context, dataset string) (h Head, err error) {
	err = r.again(ctx, func() (err error) { h, err = r.Carrier.Head(ctx, dataset); return })
	return h, err
}

// again calls request until it succeeds, fails for good, or the run's patience ends.
func (r *Retry) again(ctx context.Context, request func() error) error {
	for attempt := 0; ; attempt++ {
		if r.unreachable() {
			return &Error{fault: errUnreachable, connect: true}
		}
		err := request()
		r.note(err)
		if err == nil || !worthWaiting(err) {
			return err
		}
		wait := r.wait(attempt, err)
		if !r.spend(wait) {
			return &Error{Problem: Problem(err), fault: errBudget.Wrap(err)}
		}
		if r.unreachable() {
			continue
		}
		if err := r.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func worthWaiting(err error) bool { return Retryable(err) || Problem(err) == ReceiptPending }

// wait gives how long to wait before the next attempt: base·2^attempt up to the cap, times a random share.
func (r *Retry) wait(attempt int, err error) time.Duration {
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) && told.RetryAfter() > 0 {
		return told.RetryAfter()
	}
	limit := backoffCap
	if attempt < 9 {
		limit = min(backoffBase<<attempt, backoffCap)
	}
	return time.Duration(r.Rand() * float64(limit))
}

func (r *Retry) spend(d time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	budget := r.Budget
	if budget == 0 {
		budget = RunBudget
	}
	r.waited += d
	return r.waited <= budget
}

func (r *Retry) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var e *Error
	if errors.As(err, &e) && e.NoConnection() {
		r.down++
		return
	}
	r.down = 0
}

func (r *Retry) unreachable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down >= connectFailures
}
