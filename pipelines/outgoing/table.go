package outgoing

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"uoma/connectors/dataverse"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/pipelines/delivery"
	"uoma/pipelines/survey"
	"uoma/pipelines/upsert"
	"uoma/pipelines/workspace"
	"uoma/transforms/target"
)

// mostGone is how many percent of the rows in a table one run may empty, where the settings do not say.
const mostGone = 20

// Endings of a delivery of rows, in the place of a receipt's status.
const (
	overtaken = "overtaken" // a part of it was sent before others were to go
	Partial   = "partial"   // the table refused some of the rows
)

// upsert brings the recipient's table to what may be sent at this moment. Of rows that a killed run sent the journal knows.
func (c *carrier) upsert(ctx context.Context, d *outbox.Delivery, what *full) error {
	for range anew {
		was := d.ID
		if err := c.prepare(ctx, d, what); err != nil {
			return err
		}
		if d.ID == was {
			return c.rows(ctx, d, what)
		}
	}
	return delivery.ErrUnsteady
}

// rows writes the rows of the last look.
func (c *carrier) rows(ctx context.Context, d *outbox.Delivery, what *full) error {
	f := c.f
	service, err := f.ws.TargetService(ctx, f.t.Name, f.ws.Patience)
	if err != nil {
		return err
	}
	defer service.Close() // idle connections only
	journal := upsert.NewJournal(f.ws.Outbox, f.ws.Work, f.t.Name, c.r.ID())
	w, err := dataverse.NewWriter(service, workspace.Table(f.t), journal, cmp.Or(f.ws.Settings.Targets[f.t.Name].MostGone, mostGone))
	if err != nil {
		return err
	}
	d.Attempts++ // from here on somebody may have been sent
	if err := c.f.step("attempt"); err != nil {
		return err
	}
	if err := c.save(ctx, d, outbox.Encrypted); err != nil {
		return err
	}
	out, err := w.Write(ctx, upsert.Rows(f.ws.Keys.Derive("upsert", f.t.Name), f.decided(what.last)))
	what.outcome = &out
	if err != nil {
		return err
	}
	d.ReceiptStatus, d.ReceiptLevel = parcel.Accepted, string(parcel.Stored)
	if len(out.Refused) > 0 {
		d.ReceiptStatus = Partial
	}
	if err := c.f.step("given"); err != nil {
		return err
	}
	return c.told(ctx, d, ledger.DeliveryRows)
}

// overtake ends a delivery of which a part was sent: its list stays, as what somebody may have.
func (c *carrier) overtake(ctx context.Context, d *outbox.Delivery, _ content) error {
	d.ReceiptStatus = overtaken
	err := c.save(ctx, d, outbox.Closed)
	*d = outbox.Delivery{Supersedes: d.ID}
	return err
}

// decided gives the rows of a choice in the columns of the table.
func (f *File) decided(c *choice) iter.Seq2[upsert.Decided, error] {
	return func(yield func(upsert.Decided, error) bool) {
		for _, rec := range c.records {
			row := upsert.Decided{Key: f.key(rec.cells)}
			for i, cell := range rec.cells {
				if !slices.Contains(f.t.Form.Key, f.t.Columns[i].Name) {
					row.Cells = append(row.Cells, cell)
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// key gives the alternate key of a row.
func (f *File) key(cells []string) []string {
	out := make([]string, len(f.t.Form.Key))
	for n, name := range f.t.Form.Key {
		out[n] = cells[slices.IndexFunc(f.t.Columns, func(c target.Column) bool { return c.Name == name })]
	}
	return out
}

// apart leaves out rows of one key: nobody knows whose theirs would be.
func (h *chooser) apart() {
	key := func(r *record) string { return strings.Join(h.f.key(r.cells), "\x00") }
	times, stay := map[string]int{}, map[string]bool{} // by key, by person
	for _, r := range h.c.records {
		times[key(r)]++
	}
	for _, r := range h.c.records {
		stay[r.included.Person] = stay[r.included.Person] || times[key(r)] == 1
	}
	gone := map[string]bool{}
	h.c.records = slices.DeleteFunc(h.c.records, func(r *record) bool {
		person := r.included.Person
		switch {
		case times[key(r)] == 1:
			return false
		case stay[person]:
			h.c.lost(ambiguous, 1)
		case !gone[person]:
			gone[person] = true
			h.c.people--
			h.c.withheld[Withheld{Reason: ambiguous, Clause: r.included.Clause}]++
		}
		return true
	})
}

// leaving gives the rows of earlier deliveries whose people the table is to have no more: they are emptied with the next.
func (x *full) leaving(ctx context.Context) ([]survey.Withdrawn, error) {
	if !x.f.t.InTable() {
		return nil, nil
	}
	w := &withdrawal{f: x.f, r: x.r}
	_, err := w.again(ctx)
	return w.list().Withdrawn, err
}
