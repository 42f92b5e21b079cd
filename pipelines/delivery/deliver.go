package delivery

import (
	"context"
	"errors"
	"time"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
)

// Deliver brings an order to its end: it asks whether both sides agree on the chain, sweeps, finishes what earlier runs
// left, and then prepares, seals, sends and closes the order's own delivery. An order that is closed already is given
// back as it is, and nothing happens. A delivery that the endpoint rejected comes back with [ErrRejected].
func (m *Machine) Deliver(ctx context.Context, o Order) (d outbox.Delivery, err error) {
	if d, found, err := m.Find(ctx, o); err != nil || found && d.State == outbox.Closed {
		return d, errors.Join(err, rejection(&d))
	}
	err = m.Hold(ctx, func(ctx context.Context) error {
		if err := m.Agree(ctx); err != nil {
			return err
		}
		if err := m.Sweep(ctx); err != nil {
			return err
		}
		for range anew {
			d, err = m.deliverOnce(ctx, o)
			var v *voided
			if !errors.As(err, &v) {
				return err
			}
		}
		return ErrUnsteady.Wrap(err)
	})
	return d, err
}

func (m *Machine) deliverOnce(ctx context.Context, o Order) (outbox.Delivery, error) {
	if err := m.finishOpen(ctx, o); err != nil {
		return outbox.Delivery{}, err
	}
	d, found, err := m.Find(ctx, o)
	if err != nil {
		return d, err
	}
	if !found {
		if d, err = m.Prepare(ctx, o); err != nil {
			return d, err
		}
	}
	err = m.Advance(ctx, &d)
	return d, err
}

// Find gives the delivery of an order, unless it was voided or there is none.
func (m *Machine) Find(ctx context.Context, o Order) (d outbox.Delivery, found bool, err error) {
	list, err := m.Ledger.List(ctx, m.Profile.Chain)
	for _, each := range list {
		if each.State != outbox.Voided && orderOf(&each) == o {
			d, found = each, true
		}
	}
	return d, found, err
}

func orderOf(d *outbox.Delivery) Order { return Order{d.Kind, d.Supersedes, d.From, d.To} }

// rejection gives [ErrRejected] for a delivery that was closed so.
func rejection(d *outbox.Delivery) error {
	if d.State == outbox.Closed && d.ReceiptStatus == parcel.Rejected {
		return ErrRejected
	}
	return nil
}

// finishOpen brings the chain's other deliveries to their ends, oldest first.
func (m *Machine) finishOpen(ctx context.Context, o Order) error {
	list, err := m.Ledger.List(ctx, m.Profile.Chain)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Done() || orderOf(&d) == o {
			continue
		}
		err := m.Advance(ctx, &d)
		var v *voided
		if err != nil && !errors.Is(err, ErrRejected) && !errors.As(err, &v) {
			return err // a successor would leave a gap
		}
	}
	return nil
}

// Advance takes a delivery from whatever state it is in to its end.
func (m *Machine) Advance(ctx context.Context, d *outbox.Delivery) error {
	for {
		var err error
		switch d.State {
		case outbox.Prepared:
			err = m.Encrypt(ctx, d)
		case outbox.Encrypted:
			err = m.Send(ctx, d)
		case outbox.Sent:
			err = m.Receive(ctx, d)
		case outbox.Receipted, outbox.Rejected:
			err = m.Close(ctx, d)
		default:
			return rejection(d)
		}
		if err != nil {
			return err
		}
	}
}

// Hold runs f while it holds the chain's lease and keeps it alive. When the lease is lost, f's context ends with the
// reason; it could not write any more anyway. Steps and Sweep are called inside Hold.
func (m *Machine) Hold(ctx context.Context, f func(ctx context.Context) error) error {
	return Hold(ctx, m.Ledger, m.Profile.Chain, m.Holder, m.now, func(ctx context.Context, lease *outbox.Lease) (bool, error) {
		m.lease, m.killed = lease, false
		err := f(ctx)
		m.lease = nil
		return m.killed, err
	})
}

// Hold runs f under the lease of a chain, which it renews until f ends. f tells whether it was ended as if the process had
// been killed: the lease is kept then.
func Hold(ctx context.Context, ledger Ledger, chain outbox.Chain, holder string, now func() time.Time, f func(context.Context, *outbox.Lease) (killed bool, err error)) error {
	lease, err := ledger.Take(ctx, chain, holder, now())
	if err != nil {
		return err
	}
	held, lose := context.WithCancelCause(ctx)
	beating := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(beating)
		beat(held, lease, now, stop, lose)
	}()
	killed, err := f(held, lease)
	close(stop)
	<-beating
	if held.Err() != nil && ctx.Err() == nil && err != nil {
		err = context.Cause(held) // the lease was lost; what failed after it is a consequence
	}
	lose(nil)
	if killed {
		return err
	}
	// Also a cancelled run gives the lease back, so that the next need not wait for its end.
	if released := lease.Release(context.WithoutCancel(ctx)); err == nil {
		err = released
	}
	return err
}

// beat renews the lease until stop, and gives it up when that fails for good.
func beat(ctx context.Context, lease *outbox.Lease, now func() time.Time, stop <-chan struct{}, lose context.CancelCauseFunc) {
	tick := time.NewTicker(outbox.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := lease.Renew(ctx, now()); err != nil {
			lose(err)
			return
		}
	}
}
