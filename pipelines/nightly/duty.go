package nightly

import (
	"context"

	"uoma/connectors/register"
	"uoma/internal/canon"
)

// duty is what those who tell of duties say of somebody.
type duty struct {
	on    bool       // they have one on the date
	known bool       // they tell of the person
	ended canon.Date // the last day of a duty that they had
	since canon.Date // the day from which they are told of as they are now
}

// end gives the day on which somebody's last duty ended: as far as it is known, else that from which they are told of without one.
// Somebody of whom nobody tells had no duty that could end.
func (d *duty) end() (day canon.Date, ended bool) {
	switch {
	case d.on || !d.known:
		return 0, false
	case d.ended > 0:
		return d.ended, true
	}
	return d.since, true
}

// scanned reads whole tables.
func scanned(ctx context.Context, v *register.View) func(table string, columns []string) []canon.Batches {
	return func(table string, columns []string) []canon.Batches {
		return []canon.Batches{v.Scan(ctx, table, columns, register.All)}
	}
}

// readDuties takes who has a duty, and when that of others ended, where the pack ends anything with duties.
func (g *governing) readDuties(read func(table string, columns []string) []canon.Batches) error {
	if !g.n.pack.DutiesEnd() {
		return nil
	}
	for _, t := range []struct {
		table   string
		columns []string
		note    func(d *duty, b *canon.Batch, i int)
	}{
		{"role", []string{"record", "source", "last_seen_run", "kind", "from", "to"}, g.noteDuty},
		{"person", []string{"record", "source", "last_seen_run", "modified_at"}, g.noteKnown},
	} {
		for _, batches := range read(t.table, t.columns) {
			for b, err := range batches {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					if !g.n.pack.TellsOfDuties(b.Col(1).Text(i)) {
						continue
					}
					for _, p := range g.byRecord[b.Col(0).Text(i)] {
						t.note(&p.duty, b, i)
					}
				}
			}
		}
	}
	return nil
}

// noteDuty takes a role that is a duty: of a row that is exported no more it ended with the row.
func (g *governing) noteDuty(d *duty, b *canon.Batch, i int) {
	if !g.n.pack.TellsDuty(b.Col(1).Text(i), b.Col(3).Text(i)) {
		return
	}
	if from, begins := b.Col(4).Day(i); begins && from > g.r.Date {
		return
	}
	d.known = true
	to, ends := b.Col(5).Day(i)
	gone, isGone := runDate(b.Col(2).Text(i))
	switch {
	case ends && to < g.r.Date && (!isGone || to < gone):
		d.ended = max(d.ended, to)
	case isGone && gone <= g.r.Date:
		d.ended = max(d.ended, gone)
	default:
		d.on = true
	}
}

// noteKnown takes since when somebody is told of as they are: from the last change of their row, or from its end.
func (g *governing) noteKnown(d *duty, b *canon.Batch, i int) {
	d.known = true
	day := g.r.Date
	if gone, isGone := runDate(b.Col(2).Text(i)); isGone {
		day = min(day, gone)
	} else if at, changed := b.Col(3).Instant(i); changed {
		day = min(day, g.n.pack.Day(at))
	}
	d.since = max(d.since, day)
}
