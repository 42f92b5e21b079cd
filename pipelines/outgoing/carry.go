package outgoing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"filippo.io/age"
	"github.com/gofrs/uuid/v5"

	"uoma/connectors/drop"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
)

var (
	errAltered = fault.New("UOMA-OUT-ALTERED", "what lies in the recipient's folder is not what was written", "ask who changed it, and remove it; the next run of the date does not write it again")
	errUnread  = fault.New("UOMA-OUT-UNREAD", "what was laid for the recipient cannot be read back", "run the same date again when the place can be reached")
)

// carrier brings deliveries of one target from the ledger into the recipient's folder, under the chain's lease.
type carrier struct {
	f     *File
	r     *pipelines.Run
	lease *outbox.Lease
	place drop.Place      // nil where rows go into a table
	keys  []age.Recipient // none: the file is plain
}

// content is what a delivery is made of.
type content interface {
	// again works out anew what goes out, and gives its digest.
	again(ctx context.Context) (digest string, err error)
	// note writes down what has to be known before anybody can see what goes out.
	note(ctx context.Context) error
	empty() bool
	write(w io.Writer) error
	// list says who is in the delivery.
	list() survey.List
	name(d *outbox.Delivery) string
	draft(d *outbox.Delivery)
}

// holding runs do under the chain's lease.
func (f *File) holding(ctx context.Context, r *pipelines.Run, do func(context.Context, *carrier) error) (err error) {
	c := &carrier{f: f, r: r}
	if c.keys, err = f.keys(r); err != nil {
		return err
	}
	return delivery.Hold(ctx, f.ws.Outbox, f.chain(), f.o.Holder, r.Now, func(ctx context.Context, lease *outbox.Lease) (_ bool, err error) {
		c.lease, f.killed = lease, false
		if !f.t.InTable() {
			if c.place, err = f.ws.TargetPlace(ctx, f.t.Name, f.ws.Patience); err != nil {
				return false, err
			}
			defer func() { err = errors.Join(err, c.place.Close()) }()
		}
		err = do(ctx, c)
		return f.killed, err
	})
}

// keys gives those that the file is sealed to, of the recipient whom two people pinned.
func (f *File) keys(r *pipelines.Run) ([]age.Recipient, error) {
	if !f.t.Sealed() {
		return nil, nil
	}
	pinned, warnings, err := parcel.LoadRecipient(f.ws.HomePath(workspace.RecipientDir), f.t.Pinned, r.Now())
	for _, w := range warnings {
		r.Log.Warn(w.Message, "code", w.Code, "recipient", f.t.Pinned, "next", w.Hint)
	}
	if err != nil {
		return nil, err
	}
	keys, _, err := pinned.EncryptTo(r.Now())
	return keys, err
}

// find gives the delivery of a date; its id is empty when there is none.
func (c *carrier) find(ctx context.Context, date canon.Date) (outbox.Delivery, error) {
	var none outbox.Delivery
	all, err := c.f.ws.Outbox.List(ctx, c.f.chain())
	for _, d := range all {
		if d.Kind != parcel.Full || d.From != date || d.State == outbox.Voided {
			continue
		}
		if d.ReceiptStatus != overtaken {
			return d, err
		}
		none.Supersedes = d.ID
	}
	return none, err
}

func (c *carrier) now() time.Time { return c.r.Now().UTC().Truncate(time.Microsecond) }

func (c *carrier) save(ctx context.Context, d *outbox.Delivery, to outbox.State) error {
	before, next := d.State, *d
	next.State = to
	if err := c.lease.Save(ctx, &next, before, c.now()); err != nil {
		return err
	}
	*d = next
	return nil
}

// life is how long a prepared delivery may wait to be sent.
const life = 14 * 24 * time.Hour

// prepare enters a delivery of what goes out now into the ledger, with the list of who is in it. One that was prepared before
// and would be another now is taken back; the id of d is empty when nothing is left to be sent.
func (c *carrier) prepare(ctx context.Context, d *outbox.Delivery, what content) error {
	digest, err := what.again(ctx)
	if err != nil {
		return err
	}
	if err := what.note(ctx); err != nil {
		return err
	}
	if d.ID != "" && d.SelectionDigest != digest {
		take := c.void
		if c.place == nil && d.Attempts > 0 {
			take = c.overtake
		}
		if err := take(ctx, d, what); err != nil {
			return err
		}
	}
	if d.ID == "" {
		if what.empty() {
			return nil
		}
		id, err := uuid.NewGenWithOptions(uuid.WithRandomReader(c.f.o.Rand)).NewV7AtTime(c.now())
		if err != nil {
			return err
		}
		last, err := c.f.ws.Outbox.Last(ctx, c.f.chain())
		if err != nil && !errors.Is(err, outbox.ErrNone) {
			return err
		}
		*d = outbox.Delivery{ID: id.String(), Pipeline: c.f.t.Name, Chain: c.f.chain(), State: outbox.Prepared, Sequence: last.Sequence + 1,
			Supersedes: d.Supersedes, SelectionDigest: digest, NotAfter: c.now().Add(life), CreatedAt: c.now(), UpdatedAt: c.now()}
		what.draft(d)
		if err := c.f.step("insert"); err != nil {
			return err
		}
		if err := c.lease.Insert(ctx, d); err != nil {
			return err
		}
	}
	if d.Attempts > 0 { // the list says so already
		return nil
	}
	if err := c.f.step("list"); err != nil {
		return err
	}
	l := what.list()
	return l.Write(c.f.ws, d.ID)
}

// void takes back a delivery that nobody can have seen. That sending did not begin is noted before the file goes: without either
// it would be taken for fetched.
func (c *carrier) void(ctx context.Context, d *outbox.Delivery, what content) error {
	if c.place != nil {
		if d.Attempts > 0 {
			d.Attempts = 0
			if err := c.save(ctx, d, d.State); err != nil {
				return err
			}
		}
		if err := c.f.step("unstage"); err != nil {
			return err
		}
		if err := c.place.Unstage(what.name(d)); err != nil {
			return err
		}
	}
	d.Sequence, d.Attempts = 0, 0
	err := c.save(ctx, d, outbox.Voided)
	*d = outbox.Delivery{}
	return err
}

// settle ends what a killed run left of another date than but: a file that lies whole in the folder was sent, and one that has
// not its name yet is taken away, as people may have left it since. Rows in a table are gone on with by this date's run.
func (c *carrier) settle(ctx context.Context, but canon.Date) error {
	all, err := c.f.ws.Outbox.List(ctx, c.f.chain())
	if err != nil {
		return err
	}
	for i := range all {
		d := &all[i]
		if !staged(d) || d.From == but {
			continue
		}
		what := &full{f: c.f, r: c.r}
		if c.place == nil {
			if err := c.overtake(ctx, d, what); err != nil {
				return err
			}
			continue
		}
		name := what.name(d)
		gave, there, err := c.gave(d, name)
		switch {
		case err != nil:
		case !gave:
			err = c.void(ctx, d, what)
		default:
			if err = c.given(ctx, d, name, there); err == nil {
				err = c.close(ctx, d, name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// staged tells whether a run was killed between writing a date's file, or rows, and noting that they were sent.
func staged(d *outbox.Delivery) bool {
	return d.Kind == parcel.Full && d.State == outbox.Encrypted
}

// anew is how often a delivery is prepared anew when what goes out changes under it.
const anew = 3

// deliver lays a prepared delivery into the folder. The last look before it has its name may take it back: then it is
// prepared anew.
func (c *carrier) deliver(ctx context.Context, d *outbox.Delivery, what content) error {
	for range anew {
		if d.ID == "" {
			return nil
		}
		name := what.name(d)
		gave, there, err := c.gave(d, name)
		if err != nil {
			return err
		}
		if gave {
			return c.given(ctx, d, name, there)
		}
		if d.Attempts == 0 || d.Kind != parcel.Withdrawal { // what was told is told, and is not looked for again
			was := d.ID
			if err := c.prepare(ctx, d, what); err != nil {
				return err
			}
			if d.ID != was {
				continue
			}
		}
		if d.Attempts == 0 { // else it is staged, whole, and what is staged may not be missing for a moment
			if err := c.stage(ctx, d, what, name); err != nil {
				return err
			}
		}
		if err := c.publish(ctx, d, name); err != nil {
			return err
		}
		if err := c.f.step("given"); err != nil {
			return err
		}
		return c.given(ctx, d, name, true)
	}
	return delivery.ErrUnsteady
}

// doubtful is a place where what we staged may be taken for somebody else's.
type doubtful interface {
	Doubt(name string) error
}

// gave tells whether a killed run gave the file its name, and whether it is there still: it may have been fetched since. From
// the note that sending began the file is staged until it has its name, so that one that is neither was fetched.
func (c *carrier) gave(d *outbox.Delivery, name string) (gave, there bool, err error) {
	staged, there, err := c.place.Find(name)
	switch {
	case err != nil || d.Attempts == 0:
		return false, there, err
	case !staged:
		if p, ok := c.place.(doubtful); ok && !there {
			return true, there, p.Doubt(name)
		}
		return true, there, nil
	case !there:
		return false, false, nil
	}
	if ours, err := c.ours(d, name); err != nil || !ours {
		return false, true, err
	}
	return true, true, c.place.Unstage(name) // it was under both names, as a place may take two steps
}

// ours tells whether what lies under the name is what was written.
func (c *carrier) ours(d *outbox.Delivery, name string) (bool, error) {
	err := c.verify(d, name)
	if errors.Is(err, errAltered) {
		return false, nil
	}
	return err == nil, err
}

// publish notes that sending begins, and gives a staged file its name. The same bytes under it are ours: the line broke before the
// answer came.
func (c *carrier) publish(ctx context.Context, d *outbox.Delivery, name string) error {
	if err := c.f.step("publish"); err != nil {
		return err
	}
	if d.Attempts == 0 {
		d.Attempts++
		if err := c.save(ctx, d, outbox.Encrypted); err != nil {
			return err
		}
	}
	if err := c.f.step("publishing"); err != nil {
		return err
	}
	err := c.place.Publish(name)
	if !errors.Is(err, drop.ErrExists) {
		return err
	}
	switch ours, unread := c.ours(d, name); {
	case unread != nil:
		return unread
	case !ours:
		return err
	}
	return c.place.Unstage(name)
}

// stage writes the file beside its place, and notes in the ledger what it is before anybody can see it.
func (c *carrier) stage(ctx context.Context, d *outbox.Delivery, what content, name string) error {
	if err := c.f.step("stage"); err != nil {
		return err
	}
	sum, size := sha256.New(), int64(0)
	err := c.place.Stage(name, func(w io.Writer) error {
		sum.Reset()
		size = 0
		return c.seal(io.MultiWriter(w, sum, counter{&size}), what)
	})
	if err != nil {
		return err
	}
	d.PayloadSHA256, d.PayloadBytes = hex.EncodeToString(sum.Sum(nil)), size
	if err := c.f.step("attempt"); err != nil {
		return err
	}
	return c.save(ctx, d, outbox.Encrypted)
}

// seal writes the file, encrypted to the recipient's keys where there are any.
func (c *carrier) seal(w io.Writer, what content) error {
	if len(c.keys) == 0 {
		return what.write(w)
	}
	to, err := age.Encrypt(w, c.keys...)
	if err != nil {
		return err
	}
	return errors.Join(what.write(to), to.Close())
}

type counter struct{ n *int64 }

func (c counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return len(p), nil
}

// given notes that the recipient can fetch the file.
func (c *carrier) given(ctx context.Context, d *outbox.Delivery, name string, there bool) error {
	if d.State == outbox.Sent {
		return nil
	}
	if there {
		if err := c.verify(d, name); err != nil {
			return err
		}
	}
	verb := ledger.DeliveryFile
	if d.Kind == parcel.Withdrawal {
		verb = ledger.DeliveryWithdraw
	}
	return c.told(ctx, d, verb)
}

// told notes in the log and in the ledger that the recipient has what was decided.
func (c *carrier) told(ctx context.Context, d *outbox.Delivery, verb ledger.Verb) error {
	e := ledger.Entry{At: c.r.Now().UnixMicro(), Actor: cmp.Or(c.r.Actor, c.f.t.Name), Verb: verb, Reason: d.ID, Run: c.r.ID()}
	if err := c.f.ws.Note(ctx, e); err != nil {
		return err
	}
	if err := c.f.step("sent"); err != nil {
		return err
	}
	return c.save(ctx, d, outbox.Sent)
}

// verify reads back what lies in the folder.
func (c *carrier) verify(d *outbox.Delivery, name string) error {
	in, err := c.place.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return errUnread.At(fault.Place{File: name}).Wrap(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != d.PayloadSHA256 {
		return errAltered.At(fault.Place{File: name})
	}
	return nil
}

// close ends a delivery: what lies in the folder is what was written, or the recipient has fetched it.
func (c *carrier) close(ctx context.Context, d *outbox.Delivery, name string) error {
	if d.State == outbox.Closed {
		return nil
	}
	if c.place == nil { // the table answered for each row
		return c.save(ctx, d, outbox.Closed)
	}
	_, there, err := c.place.Find(name)
	if err != nil {
		return err
	}
	d.ReceiptStatus = Fetched
	if there {
		if err := c.verify(d, name); err != nil {
			return err
		}
		d.ReceiptStatus, d.ReceiptLevel, d.ReceiptSHA256 = parcel.Accepted, string(parcel.Stored), d.PayloadSHA256
	}
	return c.save(ctx, d, outbox.Closed)
}

// Fetched stands where a receipt's status does when the file was gone before it was read back.
const Fetched = "fetched"
