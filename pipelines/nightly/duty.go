package nightly

import (
	"context"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/policy"
)

// duty is what those who tell of duties say of somebody.
type duty struct {
	on    bool       // they have one on the date
	known bool       // they tell of the person
	ended canon.Date // the last day of a duty that they had
	since canon.Date // the day from which they are told of as they are now
	stood canon.Date // the earliest day on which something that waits for the end was due already
}

// end gives the day on which somebody's last duty ended: as far as it is known, else that from which they are told of without one,
// which does not move when something else of them changes while a right waits. Everybody whom a directory knows without a
// duty has such a day, most of them without anything that ends with one. Somebody of whom nobody tells had no duty that could end.
func (d *duty) end() (day canon.Date, ended bool) {
	switch {
	case d.on || !d.known:
		return 0, false
	case d.ended > 0:
		return d.ended, true
	case d.stood > 0:
		return min(d.since, d.stood), true
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
func (g *governing) readDuties(ctx context.Context, v *register.View, read func(table string, columns []string) []canon.Batches) error {
	if !g.n.pack.DutiesEnd() {
		return nil
	}
	if err := g.readStood(ctx, v); err != nil {
		return err
	}
	for _, t := range []struct {
		table   string
		columns []string
		note    func(d *duty, b *canon.Batch, i int)
	}{
		{"role", []string{"record", "source", "last_seen_run", "kind", "from", "to"}, g.noteDuty},
		{"person", []string{"record", "source", "last_seen_run", "modified_at", "first_seen_run"}, g.noteKnown},
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

// readStood takes since when something of people is due that waits for the end of a duty.
func (g *governing) readStood(ctx context.Context, v *register.View) error {
	for due, err := range v.Retention(ctx) {
		if err != nil {
			return err
		}
		if p := g.people[due.Person]; p != nil && g.n.pack.Waits(due.Category, policy.DutyEnd) && (p.duty.stood == 0 || due.Due < p.duty.stood) {
			p.duty.stood = due.Due
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
	gone, isGone := pipelines.DateIn(b.Col(2).Text(i))
	switch {
	case ends && to < g.r.Date && (!isGone || to < gone):
		d.ended = max(d.ended, to)
	case isGone && gone <= g.r.Date:
		d.ended = max(d.ended, gone)
	default:
		d.on = true
	}
}

// noteKnown takes since when somebody is told of as they are: from the last change of their row, or from its end. A row without
// the time of its change says no more than when it came.
func (g *governing) noteKnown(d *duty, b *canon.Batch, i int) {
	d.known = true
	day := g.r.Date
	if gone, isGone := pipelines.DateIn(b.Col(2).Text(i)); isGone {
		day = min(day, gone)
	} else if at, changed := b.Col(3).Instant(i); changed {
		day = min(day, g.n.pack.Day(at))
	} else if came, known := pipelines.DateIn(b.Col(4).Text(i)); known {
		day = min(day, came)
	}
	d.since = max(d.since, day)
}
