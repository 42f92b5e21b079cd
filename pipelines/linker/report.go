package linker

import (
	"cmp"
	"slices"

	"uoma/transforms/linkage"
)

// Report says what a job did. It holds counts, names of columns and places; of what records say only the groups by which
// link rates are compared ([Group]).
type Report struct {
	Files     []FileReport `json:"files"`
	Records   int          `json:"records"`
	People    int          `json:"people"`
	Largest   int          `json:"largest_cluster"` // records
	Unnamed   int64        `json:"records_without_id"`
	Threshold float64      `json:"threshold"` // bits
	Review    float64      `json:"review"`    // bits
	Model     ModelReport  `json:"model"`
	Compared  int64        `json:"pairs_compared"`
	Listed    int          `json:"pairs_listed"` // of a weight above Review
	Alarms    int          `json:"alarms"`       // sets of records that hung together and were too large to be one person
	Passes    []PassReport `json:"passes"`
	Quality   Quality      `json:"quality"`
	Groups    []Group      `json:"groups"`
	Rejected  int64        `json:"rejected"`
	Rejection []Rejection  `json:"rejections"` // the first of them
	Seconds   Seconds      `json:"seconds"`
}

// ModelReport says by what weights records were linked.
type ModelReport struct {
	Digest  string `json:"digest"`  // SHA-256 of the model; "" when there was nothing to learn from
	Given   bool   `json:"given"`   // and not learned from these records
	Records int    `json:"records"` // that it was learned from
	// Shared are the features that people of one home have in common, which therefore count once: how far they depend on each other.
	Shared []Shared `json:"shared_at_home"`
	// Dependence is how far features depend on each other, of those that enough pairs tell it of; the strongest first.
	Dependence []Dependence `json:"dependence"`
}

// Dependence says how much oftener two features agree together than if they had nothing to do with each other.
type Dependence struct {
	linkage.Dependence
	Bits float64 `json:"bits"` // log2 of the lift
}

// Shared says in what share of cases people of one home agree in a feature as one person's records do.
type Shared struct {
	Feature string  `json:"feature"`
	Share   float64 `json:"share"`
}

// PassReport is what became of a way to find pairs.
type PassReport struct {
	Name    string `json:"name"`
	Pairs   int64  `json:"pairs"`
	Split   int    `json:"split"`   // blocks that were too large and were split by further keys
	Left    int64  `json:"left"`    // pairs of these that were not compared
	Windows int    `json:"windows"` // blocks that no key splits: each record was compared with the next ones only
	// Estimated tells that the model was learned from these records, and that its training said of the pass what follows.
	Estimated bool    `json:"estimated"`
	Expected  int64   `json:"expected_pairs"`
	Alone     float64 `json:"found_alone"` // share of one person's pairs that no other pass finds: what leaving it out loses
}

// Quality is what the weights themselves say of the outcome, without the truth.
type Quality struct {
	Precision  float64 `json:"precision"`  // expected share of linked pairs that are one person's
	Recall     float64 `json:"recall"`     // expected share of one person's pairs that are linked
	Found      float64 `json:"found"`      // of these the share that some pass compares
	Unlinkable float64 `json:"unlinkable"` // share of records that say too little to be linked even with a copy of themselves
}

// FileReport is what was read of one file. Read is the sum of Records and Rejected.
type FileReport struct {
	File      string           `json:"file"`
	Format    string           `json:"format"`
	Delimiter string           `json:"delimiter,omitempty"`
	Encoding  string           `json:"encoding,omitempty"`
	Columns   []Column         `json:"columns"`
	Records   int64            `json:"records"`
	Rejected  int64            `json:"rejected"`
	Skipped   map[string]int64 `json:"skipped,omitempty"` // rows that are no data, by reason
}

// Rejection is a row that could not be used.
type Rejection struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Seconds are wall times.
type Seconds struct {
	Read  float64 `json:"read"`
	Link  float64 `json:"link"`
	Write float64 `json:"write"`
}

func newReport() *Report {
	return &Report{Model: ModelReport{Shared: []Shared{}, Dependence: []Dependence{}}, Rejection: []Rejection{}, Passes: []PassReport{}, Groups: []Group{}}
}

// linked takes over what linking says.
func (r *Report) linked(res *linkage.Result, o linkage.Options) {
	r.Model = ModelReport{res.Model.Digest(), o.Model != nil, res.Model.Records, []Shared{}, []Dependence{}}
	for _, f := range res.Model.Features {
		if f.Household > 0 && f.Told > 0 {
			r.Model.Shared = append(r.Model.Shared, Shared{f.Name, f.Household})
		}
	}
	for _, d := range res.Model.Dependence {
		r.Model.Dependence = append(r.Model.Dependence, Dependence{d, d.Bits()})
	}
	r.Compared, r.Listed, r.Alarms = res.Compared, len(res.Pairs), res.Alarms
	for _, p := range res.Passes {
		r.Passes = append(r.Passes, PassReport(p))
	}
	r.Quality = Quality(res.Quality)
}

// clustered counts people.
func (r *Report) clustered(cluster []int32) {
	size := make([]int32, len(cluster))
	for _, c := range cluster {
		if size[c]++; size[c] == 1 {
			r.People++
		}
	}
	r.Largest = int(slices.Max(append(size, 0)))
}

func byGroup(a, b Group) int {
	return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(b.Records, a.Records), cmp.Compare(a.Group, b.Group))
}
