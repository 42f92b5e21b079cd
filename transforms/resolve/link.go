package resolve

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"uoma/internal/canon"
	"uoma/transforms/likeness"
	"uoma/transforms/linkage"
)

// Linking keeps a table of all records linked from night to night (package linkage), and tells it what changed. The table
// is made anew, and all records compared, when there is none, when the systems are others, or when most records changed.

// linked is a night's linking, by the numbers of records.
type linked struct {
	*linkage.Result
	table  *linkage.Table
	record []int32 // of each place in the table
	place  []int32 // of each record

	threshold float64
}

// match finds each record's place in the table; it answers false when they are not the same records.
func (l *linked) match(t *linkage.Table, at *index) bool {
	if t.Len() != len(at.records) {
		return false
	}
	l.table, l.record, l.place = t, make([]int32, t.Len()), make([]int32, t.Len())
	var strange atomic.Bool
	inParts(len(l.record), func(from, to int) {
		for i := from; i < to; i++ {
			system, person, _ := strings.Cut(t.Label(int32(i)), canon.KeySeparator)
			rec, ok := at.find(Key{system, person})
			if !ok {
				strange.Store(true)
				return
			}
			l.record[i], l.place[rec] = rec, int32(i)
		}
	})
	return !strange.Load()
}

// inParts calls f for all parts of n things, side by side.
func inParts(n int, f func(from, to int)) {
	var all sync.WaitGroup
	const part = 1 << 14
	for from := 0; from < n; from += part {
		all.Go(func() { f(from, min(from+part, n)) })
	}
	all.Wait()
}

// options are the engine's, which are the same on all nights.
func (e *Engine) options() linkage.Options {
	o := linkage.Defaults()
	o.Threshold, o.Careful, o.Unique = e.s.threshold(), true, oneNumber
	for _, system := range e.s.Clean {
		o.Clean = append(o.Clean, likeness.Fold(system)) // as sources are
	}
	return o
}

// Threshold is the weight from which records are one person where [Settings] says nothing: a link that is wrong counts as
// eight that are missed.
const Threshold = 3

func (s *Settings) threshold() float64 { return cmp.Or(s.Threshold, Threshold) }

// link links all records.
func (e *Engine) link(at *index, tell *Linkage) (*linked, error) {
	before := e.model()
	if e.anew {
		e.standing, e.learned = nil, nil
	}
	if err := e.stand(at, tell); err != nil {
		return nil, err
	}
	l := &linked{threshold: e.s.threshold()}
	if !l.match(e.standing.Table(), at) { // the table is of other rows: it is made anew
		e.learned, e.standing = e.model(), nil
		if err := e.stand(at, tell); err != nil {
			return nil, err
		}
		l.match(e.standing.Table(), at)
	}
	o := e.options()
	o.Links = linkage.Links{Must: l.pairs(at, e.s.Together), Cannot: l.pairs(at, e.s.Apart)}
	res, err := e.standing.Link(o)
	if err != nil {
		return nil, err
	}
	l.Result, e.learned, e.anew = res, res.Model, false
	tell.Model, tell.Trained, tell.Compared = res.Model.Digest(), res.Model.Records, res.Compared
	tell.Precision, tell.Recall, tell.Poor = res.Quality.Precision, res.Quality.Recall, res.Quality.Unlinkable
	tell.Shipped = shipped(res.Model)
	tell.Learned = !tell.Shipped && before != res.Model
	drift := res.Drift
	if tell.Learned && before != nil && !shipped(before) {
		if drift, err = linkage.DriftOf(before, res.Model); err != nil {
			drift = nil // of other columns, which a release has
		}
	}
	if drift != nil {
		worst := drift.Worst()
		tell.Drift, tell.Drifted, tell.Linked = worst.Bits, worst.Feature, drift.Pairs
	}
	return l, nil
}

func (e *Engine) model() *linkage.Model {
	if e.standing == nil || e.standing.Model() == nil {
		return e.learned
	}
	return e.standing.Model()
}

// LearnAnew makes the next [Engine.Resolve] learn a model of tonight's records, where there are enough.
func (e *Engine) LearnAnew() { e.anew = true }

// Records from which a model is learned from the records themselves, and how much their number may change before it is
// learned anew. Fewer are weighed by the shipped model.
const (
	learnFrom = 20_000
	outgrown  = 2
)

// stand brings the table up to the records.
func (e *Engine) stand(at *index, tell *Linkage) error {
	var gone []string
	var come []int32
	for k := range e.touched {
		gone = append(gone, label(k))
		if i, ok := at.find(k); ok {
			come = append(come, i)
		}
	}
	slices.Sort(come)
	e.touched = map[Key]bool{}
	stale := e.outgrown(len(at.records))
	if e.standing != nil && 2*len(come) <= len(at.records) && !stale {
		if len(gone) == 0 || e.standing.Change(gone, rows{columns(), at.records, come}) {
			return nil
		}
	}
	tell.Anew = true
	t := linkage.NewTable(Fields())
	all := at.every()
	const batch = 1 << 14
	for part := range slices.Chunk(all, batch) {
		t.Append(rows{columns(), at.records, part})
	}
	t.Finish()
	model := e.model()
	if stale || model != nil && !t.Takes(model) {
		model = nil
	}
	var err error
	if model == nil && len(all) < learnFrom {
		if model, err = Model(); err != nil {
			return err
		}
	}
	e.standing, err = linkage.NewStanding(t, model)
	return err
}

// outgrown tells whether the model was learned from another number of records.
func (e *Engine) outgrown(records int) bool {
	m := e.model()
	if m == nil {
		return false
	}
	if shipped(m) {
		return records >= learnFrom
	}
	return records > outgrown*m.Records || outgrown*records < m.Records
}

// pairs gives the places of pairs whose records are both there.
func (l *linked) pairs(at *index, pairs []Pair) (out [][2]int32) {
	for _, p := range pairs {
		a, okA := at.find(p.A)
		b, okB := at.find(p.B)
		if okA && okB && a != b {
			out = append(out, [2]int32{l.place[a], l.place[b]})
		}
	}
	return out
}

// groups gives the clusters in the order of their first record.
func (l *linked) groups(records int) *groups {
	g := &groups{of: make([]int32, records), recs: make([]int32, records)}
	number := slices.Repeat([]int32{-1}, records) // of the cluster, by its first place in the table
	for i := range g.of {
		root := l.Cluster[l.place[i]]
		if number[root] < 0 {
			number[root] = int32(len(g.ends))
			g.ends = append(g.ends, 0)
		}
		g.of[i] = number[root]
		g.ends[g.of[i]]++
	}
	end := int32(0)
	for n, size := range g.ends {
		g.ends[n] = end // where the group's next record goes
		end += size
	}
	for i, n := range g.of {
		g.recs[g.ends[n]] = int32(i)
		g.ends[n]++
	}
	return g
}

// tell counts links and conflicts, and lists pairs for people to look at.
func (l *linked) tell(records []record, res *Result) {
	shared := l.table.Sharer()
	for _, p := range l.Pairs {
		a, b := l.record[p.A], l.record[p.B]
		together := l.Cluster[p.A] == l.Cluster[p.B]
		if weight := float64(p.Weight); together {
			res.Stats.Links[cmp.Or(shared(p.A, p.B), "likeness")]++
		} else if weight > l.threshold {
			res.Stats.Review["kept-apart"]++
		}
		if !together || float64(p.Weight) < sureBits {
			a, b = min(a, b), max(a, b)
			res.Review = append(res.Review, Candidate{records[a].Key, records[b].Key, float64(p.Weight), together})
		}
	}
	slices.SortFunc(res.Review, func(x, y Candidate) int { return cmp.Or(compareKeys(x.A, y.A), compareKeys(x.B, y.B)) })
	for name, n := range l.table.Torn(l.Cluster) {
		count(res.Stats.Conflicts, name, n)
	}
}

// RestoreLinks reads what [Engine.WriteLinks] wrote. current tells whether that was with the rows that the engine has
// restored. Of a table of other rows or of another release only the model is taken, and all records are compared anew.
func (e *Engine) RestoreLinks(from io.Reader, current bool) (err error) {
	e.standing, e.learned, err = ReadLinks(from)
	if !current {
		e.standing = nil
	}
	return err
}

// ReadLinks reads the table that [Engine.WriteLinks] wrote, for [Explain], and its model; either is nil when it is not there
// or of another release.
func ReadLinks(from io.Reader) (*linkage.Standing, *linkage.Model, error) {
	r := bufio.NewReader(from)
	n, err := binary.ReadUvarint(r)
	if err != nil || n > maxModel {
		return nil, nil, errLinks
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, nil, errLinks
	}
	model, err := linkage.ParseModel(text)
	if err != nil {
		return nil, nil, nil // another release's
	}
	s, err := linkage.ReadStanding(r, Fields(), model)
	if errors.Is(err, linkage.ErrOther) {
		return nil, model, nil
	}
	return s, model, err
}

// maxModel is more bytes than any model has.
const maxModel = 1 << 24

var errLinks = errors.New("the table of linked records is damaged")

// WriteLinks writes down by which model and how records are linked, for [Engine.RestoreLinks]. Records that are not
// kept are left out, as if their rows were gone.
func (e *Engine) WriteLinks(to io.Writer, kept func(subject string, of Key) bool) error {
	model := e.model()
	text, err := json.Marshal(model)
	if err != nil {
		return err
	}
	if _, err := to.Write(append(binary.AppendUvarint(nil, uint64(len(text))), text...)); err != nil {
		return err
	}
	var gone []string
	last := Key{}
	for i := range e.rows {
		if m := &e.rows[i]; !kept(m.Subject, m.record()) && m.record() != last {
			last = m.record()
			gone = append(gone, label(last))
		}
	}
	if len(e.touched) > 0 { // rows went since the last linking
		e.learned = model
		if err := e.stand(e.records(), &Linkage{}); err != nil {
			return err
		}
	}
	if e.standing == nil || !e.standing.Linked() || len(gone) > 0 && !e.standing.Change(gone, rows{columns: columns()}) {
		return nil // no table: the next night compares all records by the model
	}
	return e.standing.Write(to)
}

// FreeLinks lets go of the table of linked records, when nobody resolves any more.
func (e *Engine) FreeLinks() { e.standing = nil }

// Explain takes the weight of two records apart; ok is false when one is not there.
func Explain(s *linkage.Standing, a, b Key) (out linkage.Explanation, ok bool) {
	x, okA := s.Table().Find(label(a))
	y, okB := s.Table().Find(label(b))
	if !okA || !okB {
		return out, false
	}
	return s.Table().Explain(s.Model(), x, y), true
}
