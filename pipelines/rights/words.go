package rights

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// Words are all words that were said by hand.
type Words struct {
	by    map[string][]register.Word // by record
	bound map[string]int             // records that a word is bound to, by its id
}

// ReadWords reads the words that were said by hand.
func ReadWords(ctx context.Context, v *register.View) (*Words, error) {
	all, err := v.WordsByHand(ctx)
	return byRecord(all), err
}

// ReadWordsOf reads the words that were said by hand of some records.
func ReadWordsOf(ctx context.Context, v *register.View, records []string) (*Words, error) {
	all, err := v.WordsByHandOf(ctx, records)
	return byRecord(all), err
}

func byRecord(all []register.Word) *Words {
	w := &Words{map[string][]register.Word{}, map[string]int{}}
	for _, x := range all {
		w.by[x.Record] = append(w.by[x.Record], x)
		w.bound[x.ID]++
	}
	return w
}

// CopyWords gives a register the words by hand of another that it does not have.
func CopyWords(ctx context.Context, to, from *register.Register) error {
	all, err := from.WordsByHand(ctx)
	if err != nil {
		return err
	}
	night, err := to.Begin(ctx)
	if err != nil {
		return err
	}
	defer night.Rollback()
	there, err := night.WordsByHand(ctx)
	if err != nil {
		return err
	}
	known := map[[2]string]bool{}
	for _, w := range there {
		known[[2]string{w.ID, w.Record}] = true
	}
	all = slices.DeleteFunc(all, func(w register.Word) bool { return known[[2]string{w.ID, w.Record}] })
	if err := register.AddWords(ctx, night.Tx(), all); err != nil {
		return err
	}
	return night.Commit()
}

// Same tells whether others are the same words.
func (w *Words) Same(other *Words) bool { return reflect.DeepEqual(w.by, other.by) }

// Records gives the records of which there is a word, in order.
func (w *Words) Records() []string { return slices.Sorted(maps.Keys(w.by)) }

// Tell adds to somebody's facts what was said by an instant (microseconds since 1970 UTC) of their records and holds on a day.
// It tells whether anything was.
func (w *Words) Tell(f *policy.Facts, records []string, day canon.Date, instant int64) (told bool) {
	all := map[string][]register.Word{} // by id
	last := map[matter]register.Word{}
	for _, record := range records {
		for _, x := range w.by[record] {
			if x.At > instant {
				continue
			}
			told = true
			all[x.ID] = append(all[x.ID], x)
			m := matter{record, x.Kind, x.About, x.Channel}
			if old, ok := last[m]; !ok || later(&x, &old) {
				last[m] = x
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if x := &all[id][0]; x.Kind == register.ConsentWord {
			f.Consents = w.consent(f.Consents, x, len(all[id]))
		}
	}
	stands := map[string]bool{}
	for _, m := range slices.SortedFunc(maps.Keys(last), compareMatters) {
		x := last[m]
		if x.State == register.Lifted || x.Until != "" && x.Until < day.String() || x.Kind == register.ConsentWord {
			continue
		}
		if key := x.Kind + " " + x.About + " " + x.Channel; !stands[key] { // once, though each record says it
			stands[key] = true
			bear(f, &x)
		}
	}
	return told
}

// stands tells whether something stands on one of the records that a word would lift.
func (w *Words) stands(lifts *register.Word, records []string) bool {
	for _, record := range records {
		var last *register.Word
		for i := range w.by[record] {
			x := &w.by[record][i]
			if x.Kind == lifts.Kind && x.About == lifts.About && x.Channel == lifts.Channel && (last == nil || later(x, last)) {
				last = x
			}
		}
		if last != nil && last.State != register.Lifted && !later(last, lifts) {
			return true
		}
	}
	return false
}

// consent adds a consent. One that was granted opens a use, so that it counts for who has all the records that it was said
// of: else two persons who were parted would both have granted what one of them did.
func (w *Words) consent(to []policy.Consent, x *register.Word, has int) []policy.Consent {
	state, _ := policy.ParseState(x.State)
	if state == policy.Granted && has < w.bound[x.ID] {
		return to
	}
	channel, _ := policy.ParseChannel(x.Channel)
	return append(to, policy.Consent{Purpose: x.About, Topic: x.Topic, Channel: channel, State: state, Time: x.At, Source: byHand})
}

// byHand stands where a word's source would.
const byHand = "hand"

func bear(f *policy.Facts, x *register.Word) {
	switch x.Kind {
	case register.ObjectionWord:
		channel, _ := policy.ParseChannel(x.Channel)
		f.Objections = append(f.Objections, policy.Objection{Scope: x.About, Channel: channel, Time: x.At})
	case register.RestrictionWord:
		f.Restricted = true
	case register.HoldWord:
		f.Holds = append(f.Holds, x.About)
	}
}

// matter is what one word can take the place of another in.
type matter struct{ record, kind, about, channel string }

func compareMatters(a, b matter) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.about, b.about), cmp.Compare(a.channel, b.channel), cmp.Compare(a.record, b.record))
}

// later tells whether x takes old's place: the later word does, and of two at one instant the stricter.
func later(x, old *register.Word) bool {
	if x.At != old.At {
		return x.At > old.At
	}
	if x.NotedAt != old.NotedAt {
		return x.NotedAt > old.NotedAt
	}
	return old.State == register.Lifted
}
