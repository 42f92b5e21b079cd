package resolve

import (
	"cmp"
	"maps"
	"sync"
)

// Record is a record with its subject.
type Record struct {
	System, PersonKey string
	Subject           string
	Before            string // subject after the last night, "" when the record is new
}

// Event kinds.
const (
	Created  = "created"  // a new subject
	Merged   = "merged"   // Other was given up; its records are Subject's now
	Split    = "split"    // records of Other became Subject
	Vanished = "vanished" // no source has the subject any more
)

// Event is a change of subjects.
type Event struct {
	Kind    string
	Subject string
	Other   string
	Records []Key // that went from Other to Subject, by system and person key
}

func compareEvents(a, b Event) int {
	return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Other, b.Other))
}

// Stats counts what happened; it holds no value.
type Stats struct {
	Records   int            `json:"records"`
	Subjects  int            `json:"subjects"`
	Links     map[string]int `json:"links"`     // pairs of records of one person, by the strongest identifier that they share, or "likeness"
	Conflicts map[string]int `json:"conflicts"` // identifiers that stand in records of several people, by identifier
	Review    map[string]int `json:"review"`    // pairs that are apart though their weight is above the threshold, as "kept-apart"
	Sizes     map[int]int    `json:"sizes"`     // clusters by number of records
	Linkage   Linkage        `json:"linkage"`
}

// Linkage is what the engine says of its work.
type Linkage struct {
	Model     string  `json:"model"`   // digest of the model that weighed
	Trained   int     `json:"trained"` // records that the model was learned from
	Learned   bool    `json:"learned"` // tonight
	Shipped   bool    `json:"shipped"` // the model came with the program: there are too few records to learn from
	Anew      bool    `json:"anew"`    // all records were compared
	Compared  int64   `json:"compared"`
	Precision float64 `json:"precision"` // share of linked pairs that are right, as the weights themselves expect
	Recall    float64 `json:"recall"`    // share of right pairs that are linked
	Poor      float64 `json:"poor"`      // share of records that say too little to be linked even with a copy of themselves
	Drift     float64 `json:"drift"`     // bits by which what drifted most says more or less than before
	Drifted   string  `json:"drifted"`   // what that is
	Linked    int     `json:"linked"`    // pairs that drift was seen in
}

// count adds to a count that is listed only when it is not zero.
func count(in map[string]int, name string, n int) {
	if n > 0 {
		in[name] += n
	}
}

// Result is the outcome of a night.
type Result struct {
	Records []Record // by system and person key
	Events  []Event
	Review  []Candidate // pairs for a person to look at, in a fixed order
	Stats   Stats

	at    *index
	by    []record
	other map[Key]bool // records that say otherwise than on the last night who they are of
	apart []Pair
}

// Subject gives the subject of a record; ok is false when no row names the record.
func (r *Result) Subject(system, personKey string) (subject string, ok bool) {
	i, ok := r.at.find(Key{system, personKey})
	if !ok {
		return "", false
	}
	return r.Records[i].Subject, true
}

// ForgetRows lets go of what the rows say, which is most of a result's memory. Identities and points are not to be had then.
func (r *Result) ForgetRows() {
	for i := range r.by {
		r.by[i].rows = nil
	}
}

// Resolve finds the subjects of all records.
func (e *Engine) Resolve() (*Result, error) {
	e.settle()
	at := e.records()
	records := at.records
	res := &Result{by: records, at: at, other: e.other, apart: e.s.Apart, Stats: Stats{
		Records: len(records), Links: map[string]int{}, Conflicts: map[string]int{}, Review: map[string]int{}, Sizes: map[int]int{},
	}}
	var had *ids
	var beside sync.WaitGroup // what needs one processor only
	beside.Go(func() { had = idsOf(records, e.left) })
	l, err := e.link(at, &res.Stats.Linkage)
	beside.Wait()
	if err != nil {
		return nil, err
	}
	beside.Go(func() { l.tell(records, res) })
	g := l.groups(len(records))
	subjects := e.assign(records, had, g, res)
	res.Records = make([]Record, len(records))
	inParts(len(records), func(from, to int) {
		for i := from; i < to; i++ {
			r, id := &records[i], subjects[g.of[i]]
			res.Records[i] = Record{r.System, r.PersonKey, id, r.before}
			for _, m := range r.rows {
				m.Subject = id
			}
		}
	})
	for n := range g.len() {
		res.Stats.Sizes[len(g.at(n))]++
	}
	res.Stats.Subjects = g.len()
	maps.DeleteFunc(res.other, func(k Key, _ bool) bool { // of a new one nothing was said before
		i, ok := at.find(k)
		return !ok || records[i].before == ""
	})
	e.left, e.other = map[Key]string{}, map[Key]bool{} // a cleared map keeps its room
	beside.Wait()
	return res, nil
}

// groups are the clusters in the order of their first record, the records of each in their order.
type groups struct {
	of   []int32 // group of each record
	recs []int32
	ends []int32
}

func (g *groups) len() int { return len(g.ends) }

func (g *groups) at(i int) []int32 {
	from := int32(0)
	if i > 0 {
		from = g.ends[i-1]
	}
	return g.recs[from:g.ends[i]]
}
