package linkage

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options of linking. Start from [Defaults].
type Options struct {
	Threshold float64    // bits of evidence above which two clusters are one person; 0 is even odds
	Review    float64    // bits down to which pairs are listed
	Careful   bool       // more is asked of a cluster than weight: careful.go
	Model     *Model     // to link by; nil trains one on the table's records
	Links     Links      // that people have decided, or that are known
	Clean     []string   // sources that have nobody twice
	Unique    []Rule     // of which nobody has two
	OneToOne  [][]string // lists of sources: a record of one is linked with at most one record of each other
	Passes    [][]string // parts of each pass, instead of those chosen
}

// Defaults are the options that fit without looking at the data.
func Defaults() Options { return Options{Threshold: 1.5, Review: -3} }

// Links are what clustering must keep: pairs of records of one person, and of two.
type Links struct {
	Must, Cannot [][2]int32
}

// Pair is two records that may be one person's, A before B in the table's order.
type Pair struct {
	A, B   int32
	Weight float32 // log odds that they are, in bits
}

// Probability gives the chance that something with log odds in bits is so.
func Probability(bits float64) float64 { return 1 / (1 + math.Exp2(-bits)) }

// PassReport is what became of a pass.
type PassReport struct {
	Name    string
	Pairs   int64 // of its blocks
	Split   int   // blocks that were too large and were split by further keys
	Left    int64 // pairs of these that were not compared
	Windows int   // blocks that no key splits: each record was compared with the next ones only
	// Estimated tells that training, which chose among the passes, said of this one what follows.
	Estimated bool
	Expected  int64   // pairs of its blocks
	Alone     float64 // share of one person's pairs that it finds and none of the others does: what leaving it out loses
}

// Result is the outcome of linking.
type Result struct {
	Model      *Model
	Cluster    []int32   // of each record: the first record of its cluster
	Confidence []float32 // of each record: the chance that it is in the right cluster, by the weakest step that made it
	Pairs      []Pair    // of a weight above Options.Review, by A and B
	Passes     []PassReport
	Compared   int64               // pairs
	forecasts  map[string]forecast // of each pass that training knows
	Alarms     int                 // sets of records that hung together and were too large to be one person
	Quality    Quality
	// Drift is how far the pairs that a standing table found are from what its model expects; nil when the model was learned from them.
	Drift *Drift
}

// Quality is what the weights themselves say of the outcome, without the truth.
type Quality struct {
	Precision float64 // expected share of linked pairs that are one person's
	Recall    float64 // expected share of one person's pairs that are linked
	Found     float64 // of these the share that some pass compares
	// Unlinkable is the share of records that say too little to be linked even with a copy of themselves.
	Unlinkable float64
}

// Link clusters the records, by a model of its own unless the options bring one.
func (t *Table) Link(o Options) (*Result, error) {
	res := &Result{Model: o.Model}
	if err := t.takes(o); err != nil {
		return nil, err
	}
	passes, err := t.ready(o, res)
	if err != nil {
		return nil, err
	}
	all := t.blockAll(passes)
	for _, b := range all {
		r := b.report()
		if e, ok := res.forecasts[r.Name]; ok {
			r.Estimated, r.Expected, r.Alone = true, e.pairs, e.alone
		}
		res.Passes = append(res.Passes, r)
	}
	s := newScorer(res.Model, t)
	res.Pairs, res.Compared = t.score(all, s, o.Review, nil)
	k := t.clusterer(s, o)
	res.Cluster, res.Confidence = k.clusters(res.Pairs, o.Links.Must, nil)
	res.doubtAlone()
	res.Alarms = int(k.alarms.Load())
	res.judge(t, s, o)
	return res, nil
}

// blockAll builds the blocks of all passes.
func (t *Table) blockAll(passes []pass) []*blocks {
	all := make([]*blocks, len(passes))
	parallel(len(passes), func(i int) { all[i] = t.block(&passes[i]) })
	return all
}

// takes tells whether the options' rules are about columns that the table has.
func (t *Table) takes(o Options) error {
	_, err := t.rules(o.Unique)
	_, err2 := t.pairing(o.OneToOne)
	return errors.Join(err, err2)
}

// ready brings the model and the passes: it trains, or takes those of the options.
func (t *Table) ready(o Options, res *Result) ([]pass, error) {
	if res.Model == nil {
		return t.learn(o, res)
	}
	if err := t.fits(res.Model); err != nil {
		return nil, err
	}
	lists := o.Passes
	if lists == nil {
		lists = t.lists(res.Model.Passes)
	}
	res.Quality.Found = res.Model.Found
	return t.named(lists)
}

// lists takes the names of passes apart. A column may be called like two parts.
func (t *Table) lists(passes []string) [][]string {
	var out [][]string
	for _, p := range passes {
		if t.part(p) >= 0 {
			out = append(out, []string{p})
		} else {
			out = append(out, strings.Split(p, and))
		}
	}
	return out
}

// named makes passes of the names of their parts.
func (t *Table) named(lists [][]string) ([]pass, error) {
	var out []pass
	for _, names := range lists {
		p, ok := t.pass(names...)
		if !ok {
			return nil, fmt.Errorf("the records have nothing to be blocked by %q; they have %q", names, t.Parts())
		}
		out = append(out, p)
	}
	return out, nil
}

// Parts lists what records can be blocked by.
func (t *Table) Parts() []string {
	var out []string
	for _, p := range t.parts {
		out = append(out, p.name)
	}
	return out
}

var errOtherTable = errors.New("the model was made for records of other columns")

// Takes tells whether the table can be linked by a model.
func (t *Table) Takes(m *Model) bool { return t.fits(m) == nil }

// fits tells whether a model is of this table's features.
func (t *Table) fits(m *Model) error {
	if m.Version != modelVersion || len(m.Features) != len(t.features) {
		return errOtherTable
	}
	for f, x := range m.Features {
		if x.Name != t.features[f].name || x.Kind != t.features[f].kind.String() || len(x.Levels) != len(t.features[f].levels) {
			return errOtherTable
		}
		if x.Told > 0 && !t.features[f].there && f != featureBirth && f != featureSex { // of which the model does not count who tells them
			return errOtherTable
		}
	}
	if len(m.Sources) > 0 && !slices.Equal(m.Sources, t.sourceNames) {
		return errOtherTable
	}
	return nil
}

// clusterer prepares clustering under the options.
func (t *Table) clusterer(s *scorer, o Options) *clusterer {
	k := &clusterer{t: t, s: s, threshold: o.Threshold, careful: o.Careful}
	k.rules, _ = t.rules(o.Unique)
	k.paired, _ = t.pairing(o.OneToOne)
	k.several[featurePlace], k.several[featurePhone], k.several[featureEmail] = true, true, true
	for i, x := range t.others {
		if x.field.Unique {
			k.unique = append(k.unique, featureOther+i)
		}
	}
	if len(o.Links.Cannot) > 0 {
		k.cannot = make(map[[2]int32]bool, len(o.Links.Cannot))
		for _, p := range o.Links.Cannot {
			k.cannot[[2]int32{min(p[0], p[1]), max(p[0], p[1])}] = true
		}
	}
	if t.sources != nil && len(o.Clean) > 0 {
		k.clean = make([]bool, t.sources.dict.len())
		for i := range k.clean {
			k.clean[i] = slices.Contains(o.Clean, t.sources.text(int32(i)))
		}
	}
	return k
}

// judgedRecords are compared with themselves; any, as the order of records is that of a hash.
const judgedRecords = 20_000

// judge estimates quality from the pairs' weights.
func (r *Result) judge(t *Table, s *scorer, o Options) {
	var linked, right, all float64
	for _, p := range r.Pairs {
		x := Probability(float64(p.Weight))
		all += x
		if r.Cluster[p.A] == r.Cluster[p.B] {
			linked++
			right += x
		}
	}
	r.Quality.Precision, r.Quality.Recall = 1, 1
	if linked > 0 {
		r.Quality.Precision = right / linked
	}
	if all > 0 {
		r.Quality.Recall = right / all * r.Quality.Found
	}
	n := min(t.n, judgedRecords)
	c := t.comparers.take()
	defer t.comparers.give(c)
	poor := 0
	for rec := range int32(n) {
		if c.weight(rec, rec, s, o.Threshold) <= o.Threshold {
			poor++
		}
	}
	if n > 0 {
		r.Quality.Unlinkable = float64(poor) / float64(n)
	}
}

func (b *blocks) report() PassReport {
	r := PassReport{Name: b.pass.name, Split: b.split, Left: b.left, Windows: len(b.windows)}
	for i := range b.len() {
		n := int64(len(b.at(i)))
		r.Pairs += n * (n - 1) / 2
	}
	return r
}

func comparePairs(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }
