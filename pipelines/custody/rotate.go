package custody

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
)

// Author is who acts, when, and the proof, inside a transaction, that the lease is still held.
type Author struct {
	Actor string
	At    time.Time
	Check func(context.Context, *sqlx.Tx) error // nil where no lease is needed
}

// note writes one entry into the audit log.
func (a Author) note(ctx context.Context, ws *workspace.Workspace, e ledger.Entry, also ...func(*sqlx.Tx) error) error {
	e.Actor, e.At = a.Actor, a.At.UnixMicro()
	return ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		for _, f := range also {
			if err := f(tx); err != nil {
				return err
			}
		}
		if err := ws.Audit.Append(ctx, tx, e); err != nil {
			return err
		}
		if a.Check == nil {
			return nil
		}
		return a.Check(ctx, tx)
	})
}

// Line is one epoch of a key.
type Line struct {
	Key   string `json:"key"`
	Epoch int64  `json:"epoch"`
	State string `json:"state"` // current, used, retired, or pending
	ID    string `json:"id,omitempty"`
	Rows  int64  `json:"rows"` // subjects' keys that it wraps
}

// List tells of every key that has epochs.
func List(ctx context.Context, ws *workspace.Workspace) ([]Line, error) {
	rows := map[int64]int64{}
	if err := ws.Vault.Wrapped(ctx, func(wrapped []byte) { rows[keys.WrappedIn(wrapped)]++ }); err != nil {
		return nil, err
	}
	var out []Line
	for _, m := range ws.Keys.Masters() {
		l := Line{Key: "master", Epoch: m.Epoch, State: "used", ID: m.ID, Rows: rows[m.Epoch]}
		switch {
		case m.Retired:
			l.State = "retired"
		case m.Epoch == ws.Keys.Epoch():
			l.State = "current"
		}
		out = append(out, l)
	}
	if id := ws.Keys.Pending(); id != "" {
		out = append(out, Line{Key: "master", Epoch: ws.Keys.Epoch() + 1, State: "pending", ID: id})
	}
	replaced := ws.Keys.Replaced()
	names := make([]string, 0, len(replaced))
	for name := range replaced {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for epoch := int64(1); epoch < replaced[name]; epoch++ {
			out = append(out, Line{Key: "domain " + name, Epoch: epoch, State: "used"})
		}
		out = append(out, Line{Key: "domain " + name, Epoch: replaced[name], State: "current"})
	}
	for _, kind := range workspace.TokenKinds() {
		epoch, pending := ws.Keys.TokenEpoch(kind), slices.Contains(ws.Keys.Rotating(), kind)
		if epoch > 1 || pending {
			out = append(out, Line{Key: kind, Epoch: epoch, State: "current"})
		}
		if pending {
			out = append(out, Line{Key: kind, Epoch: epoch + 1, State: "pending"})
		}
	}
	return out, nil
}

// Rotated says what a rotation did, or would do.
type Rotated struct {
	Key       string `json:"key"`
	Epoch     int64  `json:"epoch"` // in use afterwards
	Rewrapped int64  `json:"rewrapped"`
	Left      int64  `json:"left"`           // subjects' keys that an older epoch still wraps
	Rows      int64  `json:"rows,omitempty"` // rows whose tokens were put under another key
	Finished  bool   `json:"finished"`
}

// Options are what tests change.
type Options struct {
	Batch int                // subjects a transaction; 0 is the usual number
	Step  func(string) error // called behind each step; nil does nothing
}

func (o Options) step(name string) error {
	if o.Step == nil {
		return nil
	}
	return o.Step(name)
}

const usualBatch = 5000

var errLeft = fault.New("UOMA-KEY-LEFT", "keys of subjects are wrapped by an older master key after the rotation", "run uoma key rotate master again; the older key stays in use until none is left")

// RotateMaster puts the master key that keys.next names in the place of the one in use. Cut off anywhere, it goes on when
// it is called again: both keys open until nothing is wrapped by the old one.
func RotateMaster(ctx context.Context, ws *workspace.Workspace, by Author, o Options) (Rotated, error) {
	out := Rotated{Key: "master"}
	if err := ws.OfferNext(ctx); err != nil {
		return out, err
	}
	if err := o.step("made"); err != nil {
		return out, err
	}
	if ws.Keys.Pending() != "" {
		// The entry comes first: a key that was replaced unseen would be worse than an entry of one that was not.
		if err := by.note(ctx, ws, ledger.Entry{Verb: ledger.KeyRotated, Reason: fmt.Sprintf("master:%d:begun", ws.Keys.Epoch()+1)}); err != nil {
			return out, err
		}
		if err := o.step("noted"); err != nil {
			return out, err
		}
		if err := ws.Keys.Adopt(); err != nil {
			return out, err
		}
	}
	out.Epoch = ws.Keys.Epoch()
	if err := o.step("adopted"); err != nil {
		return out, err
	}
	stale := func(wrapped []byte) bool { return keys.WrappedIn(wrapped) != out.Epoch }
	batch := o.Batch
	if batch == 0 {
		batch = usualBatch
	}
	for after := ""; ; {
		last, n, err := ws.Vault.Rewrap(ctx, after, batch, stale)
		out.Rewrapped += n
		if err != nil {
			return out, err
		}
		if last == "" {
			break
		}
		after = last
		if err := o.step("rewrapped"); err != nil {
			return out, err
		}
	}
	if err := ws.VaultDB.Scrub(ctx); err != nil { // what the old key wrapped leaves the files
		return out, err
	}
	return finish(ctx, ws, by, o, out)
}

// finish retires the older keys when nothing is left that they wrap.
func finish(ctx context.Context, ws *workspace.Workspace, by Author, o Options, out Rotated) (Rotated, error) {
	var err error
	if out.Left, err = left(ctx, ws, out.Epoch); err != nil {
		return out, err
	}
	if out.Left > 0 {
		return out, errLeft
	}
	if err := o.step("counted"); err != nil {
		return out, err
	}
	used := slices.DeleteFunc(ws.Keys.Masters(), func(m keys.MasterEpoch) bool { return m.Retired })
	if len(used) > 1 {
		if err := by.note(ctx, ws, ledger.Entry{Verb: ledger.KeyRotated, Reason: fmt.Sprintf("master:%d:done", out.Epoch)}); err != nil {
			return out, err
		}
		if err := o.step("noted again"); err != nil {
			return out, err
		}
		if err := ws.Keys.Retire(); err != nil {
			return out, err
		}
	}
	out.Finished = true
	return out, o.step("retired")
}

// left counts the subjects' keys that another epoch than this one wraps.
func left(ctx context.Context, ws *workspace.Workspace, epoch int64) (n int64, err error) {
	err = ws.Vault.Wrapped(ctx, func(wrapped []byte) {
		if keys.WrappedIn(wrapped) != epoch {
			n++
		}
	})
	return n, err
}

// PlanMaster says what [RotateMaster] would do. It makes no key.
func PlanMaster(ctx context.Context, ws *workspace.Workspace) (Rotated, error) {
	out := Rotated{Key: "master", Epoch: ws.Keys.Epoch()}
	if ws.Keys.Awaits() {
		out.Epoch++
	}
	var err error
	out.Left, err = left(ctx, ws, out.Epoch)
	return out, err
}

var errUnsent = fault.New("UOMA-KEY-DELIVERY", "a delivery of this domain is not finished, and its pseudonyms are those of the old key", "finish it first: uoma delivery list shows it")

// RotateDomain gives a recipient's domain, named RECIPIENT/DATASET, a new key: the next extract has pseudonyms that nobody
// can join with those before. What was sent stays as it is. epoch is the one that the domain is to be in, so that a
// repetition changes nothing; 0 is the next.
func RotateDomain(ctx context.Context, ws *workspace.Workspace, name string, epoch int64, dry bool, by Author, o Options) (Rotated, error) {
	now := ws.Keys.DomainEpoch(name)
	out := Rotated{Key: "domain " + name, Epoch: now + 1}
	if epoch != 0 && epoch <= now {
		out.Epoch, out.Finished = now, true
		return out, nil
	}
	all, err := ws.Outbox.All(ctx)
	if err != nil {
		return out, err
	}
	for i := range all {
		if d := &all[i]; d.Chain.Recipient+"/"+d.Chain.Dataset == name && !d.Done() {
			return out, errUnsent.At(fault.Place{Field: d.ID})
		}
	}
	if dry {
		return out, nil
	}
	if err := by.note(ctx, ws, ledger.Entry{Verb: ledger.KeyRotated, Reason: fmt.Sprintf("domain:%s:%d", name, out.Epoch)}); err != nil {
		return out, err
	}
	if err := o.step("noted"); err != nil {
		return out, err
	}
	if out.Epoch, err = ws.Keys.ReplaceDomain(name); err != nil {
		return out, err
	}
	out.Finished = true
	return out, o.step("replaced")
}
