package resolve

import "cmp"

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
	Links     map[string]int `json:"links"`     // joins by rule
	Conflicts map[string]int `json:"conflicts"` // refused joins of an identifier, as "identifier:reason"
	Review    map[string]int `json:"review"`    // pairs that fit more than one person, by rule
	Oversized map[string]int `json:"oversized"` // values that too many records have to be evidence, by kind
	Sizes     map[int]int    `json:"sizes"`     // clusters by number of records
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

	at *index
	by []record
}

// Subject gives the subject of a record; ok is false when no row names the record.
func (r *Result) Subject(system, personKey string) (subject string, ok bool) {
	i, ok := r.at.find(Key{system, personKey})
	if !ok {
		return "", false
	}
	return r.Records[i].Subject, true
}

// Resolve finds the subjects of all records.
func (e *Engine) Resolve() *Result {
	e.settle()
	at := e.records()
	records := at.records
	res := &Result{by: records, at: at, Stats: Stats{
		Records: len(records), Links: map[string]int{}, Conflicts: map[string]int{}, Review: map[string]int{},
		Oversized: map[string]int{}, Sizes: map[int]int{},
	}}
	c := newClusters(&view{records: records, names: newOnomasticon(records), clean: e.s.Clean, apart: e.apart(at)})
	c.linkDecided(e.s.Together, at, &res.Stats)
	c.linkIdentifiers(&res.Stats)
	c.linkRules(&res.Stats)
	g := c.groups()
	subjects := e.assign(records, g, res)
	res.Records = make([]Record, len(records))
	for i := range records {
		r, id := &records[i], subjects[g.of[i]]
		res.Records[i] = Record{r.System, r.PersonKey, id, r.before}
		for _, m := range r.rows {
			m.Subject = id
		}
	}
	res.Review = c.review()
	for n := range g.len() {
		res.Stats.Sizes[len(g.at(n))]++
	}
	res.Stats.Subjects = g.len()
	e.left = map[Key]string{} // a cleared map keeps its room
	return res
}

// apart gives the parted pairs whose records are both there.
func (e *Engine) apart(at *index) map[[2]int32]bool {
	var out map[[2]int32]bool
	for _, p := range e.s.Apart {
		a, okA := at.find(p.A)
		b, okB := at.find(p.B)
		if !okA || !okB {
			continue
		}
		if out == nil {
			out = map[[2]int32]bool{}
		}
		out[[2]int32{min(a, b), max(a, b)}] = true
	}
	return out
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

func (c *clusters) groups() *groups {
	g := &groups{of: make([]int32, len(c.records)), recs: make([]int32, len(c.records))}
	end := int32(0)
	for i := range c.records {
		if c.parent[i] == int32(i) {
			g.of[i] = int32(len(g.ends))
			g.ends = append(g.ends, end) // where the group's next record goes
			end += c.size[i]
		}
	}
	for i := range c.records {
		n := g.of[c.root(int32(i))]
		g.of[i] = n
		g.recs[g.ends[n]] = int32(i)
		g.ends[n]++
	}
	return g
}
