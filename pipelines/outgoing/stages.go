package outgoing

import (
	"context"
	"io"

	"uoma/connectors/dataverse"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/pipelines"
	"uoma/pipelines/survey"
)

// Facts is what the stages seal, deliver and receipt leave in the ledger.
type Facts struct {
	Delivery string `json:"delivery_id,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	State    string `json:"state"`             // of the delivery; "dry-run" when nothing was written
	Already  bool   `json:"already,omitempty"` // an earlier run had sent it
	File     string `json:"file,omitempty"`
	Rows     int64  `json:"rows,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	SHA256   string `json:"sha256,omitempty"` // hex
	Status   string `json:"receipt_status,omitempty"`
	// Table counts what became of rows that go into a table.
	Table *dataverse.Outcome `json:"table,omitempty"`
}

// What stands in the place of a delivery's state where there is none.
const (
	dryRun  = "dry-run"
	nothing = "nothing" // no order stands, so that there is no file
)

func (f *Facts) fill(d *outbox.Delivery, name string) {
	f.Delivery, f.Sequence, f.State, f.File = d.ID, d.Sequence, string(d.State), name
	f.Bytes, f.SHA256, f.Status = d.PayloadBytes, d.PayloadSHA256, d.ReceiptStatus
}

// full is the content of a target's file of a date.
type full struct {
	f    *File
	r    *pipelines.Run
	last *choice
	gone []survey.Withdrawn // of a table: rows of earlier deliveries that this one empties

	outcome *dataverse.Outcome // of rows that were written to a table
}

func (x *full) again(ctx context.Context) (string, error) {
	var err error
	if x.last, err = x.f.choose(ctx, x.r); err != nil {
		return "", err
	}
	if x.gone, err = x.leaving(ctx); err != nil {
		return "", err
	}
	if len(x.last.records) == 0 && x.f.t.Orders == nil {
		return "", errEmpty
	}
	return x.last.digest, nil
}

func (x *full) empty() bool { return len(x.last.records) == 0 }

func (x *full) write(w io.Writer) error { return x.f.write(w, x.last) }

func (x *full) list() survey.List {
	l := survey.List{Purpose: x.f.t.Purpose, Policy: x.f.pack.Digest(), Epoch: x.f.ws.Keys.DomainEpoch(x.f.domain()), People: []survey.Included{}, Withdrawn: x.gone}
	if x.f.t.Counted() || x.f.t.Orders != nil {
		return l // nobody is in it
	}
	for _, rec := range x.last.records {
		l.People = append(l.People, rec.included)
	}
	return l
}

func (x *full) note(ctx context.Context) error {
	if len(x.last.book) == 0 {
		return nil
	}
	if err := x.f.book(ctx, x.last.book); err != nil {
		return err
	}
	return x.f.step("noted")
}

func (x *full) name(d *outbox.Delivery) string { return x.f.name(d.From) }

func (x *full) draft(d *outbox.Delivery) {
	d.Kind, d.From, d.To = parcel.Full, x.r.Date, x.r.Date
	d.RegisterCommit, d.QualityVerdict, d.ConsentCutAt = x.last.gate.Run, x.last.gate.Verdict, x.last.cut
}

// none is the answer where there is no delivery: of orders there need be none, of people there was somebody.
func (f *File) none() error {
	if f.t.Orders != nil {
		return nil
	}
	return outbox.ErrNone
}

// each runs a stage's part on the delivery of the run's date.
func (f *File) each(ctx context.Context, r *pipelines.Run, facts *Facts, do func(context.Context, *carrier, *outbox.Delivery, *full) error) error {
	return f.holding(ctx, r, func(ctx context.Context, c *carrier) error {
		d, err := c.find(ctx, r.Date)
		if err != nil {
			return err
		}
		what := &full{f: f, r: r}
		err = do(ctx, c, &d, what)
		if facts.fill(&d, f.name(r.Date)); d.ID == "" && err == nil && f.t.Orders != nil {
			facts.State, facts.File = nothing, ""
		}
		facts.Table = what.outcome
		if what.last != nil {
			facts.Rows = int64(len(what.last.records))
		}
		return err
	})
}

type sealStage struct{ f *File }

func (sealStage) Name() string { return "seal" }

// Run enters the delivery of what goes out now into the ledger.
func (t sealStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	facts := Facts{State: dryRun}
	if r.Dry {
		if _, err := t.f.keys(r); err != nil {
			return nil, err
		}
		what := &full{f: t.f, r: r}
		_, err := what.again(ctx)
		if err == nil {
			facts.Rows, facts.File = int64(len(what.last.records)), t.f.name(r.Date)
		}
		return facts, err
	}
	err := t.f.each(ctx, r, &facts, func(ctx context.Context, c *carrier, d *outbox.Delivery, what *full) error {
		if facts.Already = d.Attempts > 0 || d.Done() && d.ID != ""; facts.Already {
			return nil
		}
		if err := c.settle(ctx, r.Date); err != nil {
			return err
		}
		return c.prepare(ctx, d, what)
	})
	return facts, err
}

type deliverStage struct{ f *File }

func (deliverStage) Name() string { return "deliver" }

// Run lays the file into the recipient's folder, or writes the rows to the table.
func (t deliverStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	facts := Facts{State: dryRun}
	if r.Dry {
		return facts, nil
	}
	err := t.f.each(ctx, r, &facts, func(ctx context.Context, c *carrier, d *outbox.Delivery, what *full) error {
		if facts.Already = d.State == outbox.Sent || d.State == outbox.Closed; facts.Already {
			return nil
		}
		if d.ID == "" {
			return t.f.none() // or taken back by somebody else since it was prepared
		}
		if c.place == nil {
			return c.upsert(ctx, d, what)
		}
		return c.deliver(ctx, d, what)
	})
	return facts, err
}

type receiptStage struct{ f *File }

func (receiptStage) Name() string { return "receipt" }

// Run reads back what lies in the folder, and closes the delivery.
func (t receiptStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	facts := Facts{State: dryRun}
	if r.Dry {
		return facts, nil
	}
	err := t.f.each(ctx, r, &facts, func(ctx context.Context, c *carrier, d *outbox.Delivery, what *full) error {
		if d.ID == "" {
			return t.f.none()
		}
		facts.Already = d.State == outbox.Closed
		return c.close(ctx, d, what.name(d))
	})
	return facts, err
}
