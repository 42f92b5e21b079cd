package nightly

import (
	"encoding/binary"
	"slices"

	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/conform"
	"uoma/transforms/protect"
)

// rememberedFeed is what a night leaves of a feed's rows besides their snapshot, each by its place there: what counts
// made of the row, and whether the night loaded it.
type rememberedFeed struct {
	Feed     string   `parquet:"feed"`
	Snapshot string   `parquet:"snapshot"` // digest of the snapshot that has the places
	Base     string   `parquet:"base"`     // last good snapshot of an earlier date than Night, "" when there was none
	Night    string   `parquet:"night"`    // logical date
	Codes    []string `parquet:"codes,list"`
	Outcomes []string `parquet:"outcomes,list"`
	Rows     []byte   `parquet:"rows"`            // number of each row's outcome, 32 bits little-endian
	Loaded   []byte   `parquet:"loaded"`          // a bit a row, least significant first: it was loaded on that date
	Barred   []byte   `parquet:"barred,optional"` // a bit a row of Base: it was [barred] there; nothing where no row was
}

const outcomeSize = 4

// outcome gives the number of a row's outcome.
func (m *rememberedFeed) outcome(place int32) conform.Outcome {
	return conform.Outcome(binary.LittleEndian.Uint32(m.Rows[int(place)*outcomeSize:]))
}

// loaded tells whether a row was loaded on the night's date.
func (m *rememberedFeed) loaded(place int32) bool { return bitAt(m.Loaded, place) }

func bitAt(bitmap []byte, place int32) bool { return bitmap[place/8]&(1<<(place%8)) != 0 }

// fits tells whether it speaks of the rows of a snapshot.
func (m *rememberedFeed) fits(snapshot string, rows, outcomes int) bool {
	if m == nil || m.Snapshot != snapshot || len(m.Rows) != rows*outcomeSize || len(m.Loaded) != (rows+7)/8 {
		return false
	}
	for at := range rows {
		if int(m.outcome(int32(at))) >= outcomes {
			return false
		}
	}
	return true
}

// withheldRow is a source row that was kept out: by the policy under a clause, without a person, or refused; or of which a
// part was kept out, for what its person was to the register ([inPart]).
type withheldRow struct {
	Feed      string `parquet:"feed,dict"`
	Place     int32  `parquet:"place"`      // in the feed's snapshot, or nowhere when only the token is known
	SourceKey string `parquet:"source_key"` // the row's token, where the place is not known
	Clause    string `parquet:"clause,dict"`
	// Person, Standing and Groups are of a row that waits for its person: the person's key, and their standing when the row was
	// decided; see [inWords]. Person is "" of a row that is decided anew every night.
	Person   string `parquet:"person"`
	Standing string `parquet:"standing,dict"`
	Groups   int64  `parquet:"groups,optional"` // bits of [protect.Standing]
}

// wider gives a person's standing tonight together with that under which their row was decided: what a row was let in for
// stays, while the row is the same, until its period ends.
func (h withheldRow) wider(st protect.Standing) protect.Standing {
	if h.Clause != inPart { // nothing was let in
		return st
	}
	st.Groups |= uint32(h.Groups)
	st.Member = st.Member || h.Standing == member
	return st
}

// settles tells whether a standing leaves what became of the row as it was. What is kept stays when the person's own row is
// gone from the export, as a row does that is kept whole.
func (h withheldRow) settles(st protect.Standing) bool {
	if h.Clause == inPart && !st.Known && st.Clause == "" {
		return true
	}
	st = h.wider(st)
	return inWords(st) == h.Standing && int64(st.Groups) == h.Groups
}

// inPart stands in place of a clause for a row that was kept, and of which a part was not for its person's standing: in a
// balance it is a row that was loaded.
const inPart = "in part"

// refused stands in place of a clause for a row that was quarantined with its key known: it may be right on another
// night without having changed, as a date that lay in the future does. barred stands for one by which what was loaded of it
// ended, orphan for a row without a person.
const (
	refused = "refused"
	barred  = "barred"
	orphan  = "orphan"
)

// rowsTonight is what is gathered of a feed's rows for [rememberedFeed].
type rowsTonight struct {
	tally    *conform.Tally
	outcomes []conform.Outcome // by place
	loaded   []byte            // bitmap by place
	lines    []int64           // of the rows that are decided tonight, ascending
	places   []int32           // the same rows' places
	late     map[int64]int32   // places by line of rows whose person became another after conform
	withheld []withheldRow
	waiting  []withheldRow // rows that are decided tonight only if their person's standing is another
	facts    []rowFact     // of all rows that are there
}

func newRowsTonight(t *conform.Tally, rows int) *rowsTonight {
	return &rowsTonight{tally: t, outcomes: make([]conform.Outcome, rows), loaded: make([]byte, (rows+7)/8), late: map[int64]int32{}}
}

// place gives the place of a row that is decided tonight.
func (t *rowsTonight) place(line int64) (int32, bool) {
	if place, ok := t.late[line]; ok {
		return place, true
	}
	at, ok := slices.BinarySearch(t.lines, line)
	if !ok {
		return nowhere, false
	}
	return t.places[at], true
}

func (t *rowsTonight) setLoaded(place int32, is bool) {
	if bit := byte(1) << (place % 8); is {
		t.loaded[place/8] |= bit
	} else {
		t.loaded[place/8] &^= bit
	}
}

// decide notes a row that is decided tonight. It counts as loaded until it is withheld.
func (t *rowsTonight) decide(line int64, place int32) {
	t.lines, t.places = append(t.lines, line), append(t.places, place)
	t.setLoaded(place, true)
}

// withhold notes that a row that was decided tonight is not loaded. Where its outcome may be another tomorrow, it does not wait
// for its person alone.
func (t *rowsTonight) withhold(line int64, w withheldRow) {
	place, ok := t.place(line)
	if !ok { // then the token stands for it
		w.Place, w.Person, w.Standing = nowhere, "", ""
		t.withheld = append(t.withheld, w)
		return
	}
	t.setLoaded(place, false)
	w.Place, w.SourceKey = place, ""
	if w.Person != "" && t.tally.Waits(t.outcomes[place]) {
		w.Person, w.Standing = "", ""
	}
	t.withheld = append(t.withheld, w)
}

// keepInPart notes that a row that was decided tonight is kept, and waits for its person with the rest.
func (t *rowsTonight) keepInPart(line int64, h withheldRow) {
	if place, ok := t.place(line); ok {
		h.Place = place
		t.withheld = append(t.withheld, h)
	}
}

// remember closes what is known of a feed's rows.
func (f *feedNight) remember(r *pipelines.Run) rememberedFeed {
	kept, numbers := f.rows.tally.Keep()
	m := rememberedFeed{Feed: f.feed.FullName(), Snapshot: f.facts.Digest, Base: f.base, Barred: f.barred, Night: r.Date.String(),
		Codes: kept.Codes, Outcomes: kept.Outcomes, Loaded: f.rows.loaded, Rows: make([]byte, 0, len(f.rows.outcomes)*outcomeSize)}
	for _, o := range f.rows.outcomes {
		n := conform.Outcome(0) // of rows that were merged or in conflict, which nobody asks for
		if int(o) < len(numbers) {
			n = numbers[o]
		}
		m.Rows = binary.LittleEndian.AppendUint32(m.Rows, uint32(n))
	}
	return m
}

// member is the standing of a member in words.
const member = "member"

// inWords puts a standing, but for the groups, into words, so that it can be compared with tomorrow's: "" of somebody who is
// unknown or suppressed.
//
// What becomes of a row depends on the row, on the configuration, on whether the policy is in force, and on the standing of its
// person ([protect.Standing]), and on nothing else: not on the date, but through these. So a row that the policy withheld is
// withheld again, under the same clause, while the row, the configuration and the person's standing are the same and the policy
// is in force, and need not be conformed. What it says of its person's standing itself is remembered ([rowFact]). So it is with
// the part of a row that was left out. A row of which a cell was refused for the date is an exception, as another row may be made
// of it tomorrow.
func inWords(st protect.Standing) string {
	switch {
	case !st.Known || st.Clause != "":
		return ""
	case st.Member:
		return member
	default:
		return "not: " + st.Ended
	}
}

// inPlace gives the withheld rows of a feed by place, and the tokens of those of which the place is not known.
func inPlace(withheld []withheldRow) (byPlace map[int32]*withheldRow, tokens map[string]string) {
	byPlace, tokens = make(map[int32]*withheldRow, len(withheld)), map[string]string{}
	for i := range withheld {
		if w := &withheld[i]; w.Place == nowhere {
			tokens[w.SourceKey] = w.Clause
		} else {
			byPlace[w.Place] = w
		}
	}
	return byPlace, tokens
}

// pick copies some rows of a batch.
func pick(b *canon.Batch, rows []int) *canon.Batch {
	if len(rows) == b.Len() {
		return b
	}
	out := canon.NewBuilder(b.Table, b.Feed)
	for c := range b.Table.Columns {
		col := b.Col(c)
		for _, i := range rows {
			out.Copy(c, col, i)
		}
	}
	return out.Flush()
}
