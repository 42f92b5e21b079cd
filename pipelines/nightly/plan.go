package nightly

import (
	"context"
	"slices"

	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/protect"
)

// dated stands in place of a clause for a row that was loaded, and of which another row is made today though it is the
// same: a cell was refused for the date.
const dated = "dated"

// plan says of every row of the feed's snapshot whether it is conformed tonight, and counts those that are not.
func (w *conforming) plan(ctx context.Context) error {
	withheld, tokens := inPlace(w.n.withheldBefore[w.rows.Feed])
	w.withheld = withheld
	w.recall()
	w.again, w.byToken, w.ended, w.now = map[int32]string{}, map[int32]bool{}, map[int32]bool{}, make([]int32, w.f.changes.before)
	for i := range w.now {
		w.now[i] = nowhere
	}
	w.f.rows.waiting = make([]withheldRow, 0, len(withheld))
	if err := w.askTokens(tokens); err != nil {
		return err
	}
	var doubtful []int32
	for i, fate := range w.f.changes.fates {
		place := int32(i)
		switch {
		case fate == merged:
			w.rows.Merged++
		case fate != unchanged:
			w.wanted = append(w.wanted, place)
		case w.settled(place):
		case w.again[place] == dated:
			doubtful = append(doubtful, place)
			fallthrough
		default:
			w.wanted = append(w.wanted, place)
		}
	}
	return w.settleDoubtful(ctx, doubtful)
}

// recall takes what the last night left of the feed's rows. Where it does not fit, or something else decides tonight,
// every row is decided anew.
func (w *conforming) recall() {
	f := w.f
	w.last = w.n.remembered[w.rows.Feed]
	f.base, f.barred = f.facts.Previous, nil
	switch known := w.last != nil && w.last.Snapshot == f.facts.Previous; {
	case known && w.last.Night == w.r.Date.String():
		f.base, f.barred = w.last.Base, w.last.Barred
	case known:
		f.barred = barredAt(w.withheld, f.changes.before)
	}
	f.rows = newRowsTonight(w.c.NewTally(), len(f.changes.fates))
	if f.facts.Previous == "" {
		return
	}
	good := !w.n.mustRedo(w.rows.Feed) && w.last != nil && f.rows.tally.Restore(w.last.counted()) &&
		w.last.fits(f.facts.Previous, f.changes.before, f.rows.tally.Len())
	if !good {
		f.rows.tally = w.c.NewTally()
		f.changes.redo()
		w.redone = true
	}
}

// barredAt gives the places of rows that were refused as [barred], as a bitmap, nil of none.
func barredAt(withheld map[int32]*withheldRow, rows int) (bitmap []byte) {
	for place, h := range withheld {
		if h.Clause != barred || int(place) >= rows {
			continue
		}
		if bitmap == nil {
			bitmap = make([]byte, (rows+7)/8)
		}
		bitmap[place/8] |= 1 << (place % 8)
	}
	return bitmap
}

// settled counts an unchanged row as last night, and tells whether that is all: a row is decided anew that was withheld,
// or that has a cell which was refused for the date.
func (w *conforming) settled(place int32) bool {
	rows, from := w.f.rows, w.f.changes.from[place]
	o := w.last.outcome(from)
	rows.outcomes[place] = o
	h := w.withheld[from]
	out := h != nil && h.Clause != inPart
	switch {
	case w.again[place] != "":
		return false
	case out && h.Person != "" && w.n.pack.At(w.r.Date):
		w.now[from] = place
		still := *h
		still.Place = place
		rows.waiting = append(rows.waiting, still)
		rows.tally.Count(o, 1)
	case out || h != nil && h.Person == "":
		w.again[place] = h.Clause
		return false
	case rows.tally.Waits(o):
		w.again[place] = dated
		return false
	default:
		w.stay(place)
	}
	return true
}

// stay counts a row that was loaded before and is as it was. Of one that waits for its person with a part protect counts it.
func (w *conforming) stay(place int32) {
	rows, from := w.f.rows, w.f.changes.from[place]
	w.now[from] = place
	rows.tally.Count(rows.outcomes[place], 1)
	earlier := w.last.Night == w.r.Date.String() && w.last.loaded(from)
	rows.setLoaded(place, earlier)
	if part := w.withheld[from]; part != nil {
		h := *part
		h.Place = place
		if w.n.pack.At(w.r.Date) {
			rows.waiting = append(rows.waiting, h)
			return
		}
		rows.withheld = append(rows.withheld, h)
	}
	if earlier {
		w.rows.Earlier++
	} else {
		w.rows.Unchanged++
	}
}

// settleDoubtful conforms rows to see which of them have the outcome on tonight's date that they had last night; these
// are not decided anew.
func (w *conforming) settleDoubtful(ctx context.Context, places []int32) error {
	if len(places) == 0 {
		return nil
	}
	probe := w.c.NewTally()
	probe.Restore(w.last.counted()) // numbers outcomes as the feed's own tally
	sink := w.c.NewSinkOn(probe, func(*canon.Batch) error { return nil }, func(canon.Rejection) error { return nil })
	same, at := map[int32]bool{}, 0
	for b, err := range w.rawRows(ctx, places) {
		if err != nil {
			return err
		}
		if err := w.c.Batch(b, sink); err != nil {
			return err
		}
		for _, o := range sink.Outcomes() {
			if place := places[at]; o == w.f.rows.outcomes[place] {
				same[place] = true
				w.stay(place)
			}
			at++
		}
	}
	wanted := w.wanted[:0]
	for _, place := range w.wanted {
		if !same[place] {
			wanted = append(wanted, place)
		}
	}
	w.wanted = wanted
	return nil
}

// askTokens finds the rows among those that are the same of which only the token was known when they were held.
func (w *conforming) askTokens(tokens map[string]string) error {
	if len(tokens) == 0 {
		return nil
	}
	place := 0
	return snapshot.Keys(w.n.ws.Snapshots, w.f.facts.Digest, func(key []byte, _ snapshot.Hash) {
		if w.f.changes.fates[place] == unchanged {
			if clause, held := tokens[protect.SourceKey(w.tokens, w.rows.Feed, string(key))]; held {
				w.again[int32(place)], w.byToken[int32(place)] = clause, true
			}
		}
		place++
	})
}

// counted gives the outcomes of the last night's rows.
func (m *rememberedFeed) counted() conform.Outcomes {
	return conform.Outcomes{Codes: m.Codes, Outcomes: m.Outcomes}
}

// stands keeps what was known of a row's version of last night: tonight's cannot be used, and what was loaded stands.
func (w *conforming) stands(place int32) {
	if from := w.f.changes.from[place]; from != nowhere {
		w.now[from] = place
	}
}

// listen notes of whom something may outlive its row: rows that are conformed tonight may tell of them anew.
func (w *conforming) listen() {
	w.spoke = map[string]bool{}
	told := w.n.toldBefore[w.rows.Feed]
	for i := range told {
		if told[i].outlives() {
			w.spoke[told[i].Person] = false
		}
	}
}

// carryFacts takes over what the last night's rows say of memberships, of those that are as they were or stand.
func (w *conforming) carryFacts() {
	good := w.last != nil && w.last.Snapshot == w.f.facts.Previous
	told := w.n.toldBefore[w.rows.Feed]
	w.f.rows.facts = slices.Grow(w.f.rows.facts, len(told))
	var there []bool // by place of last night: the row is here tonight, in whatever version that does not end it
	if good && len(w.spoke) > 0 {
		there = make([]bool, len(w.now))
		for place, from := range w.f.changes.from {
			if from != nowhere && !w.ended[int32(place)] {
				there[from] = true
			}
		}
	}
	for _, x := range told {
		switch {
		case good && x.Place != nowhere && int(x.Place) < len(w.now) && w.now[x.Place] != nowhere:
			x.Place = w.now[x.Place]
		case x.outlives() && x.Subject != "" && !w.spoke[x.Person] && !(good && x.Place != nowhere && there[x.Place]):
			x.Place = nowhere
		default:
			continue
		}
		w.f.rows.facts = append(w.f.rows.facts, x)
	}
}
