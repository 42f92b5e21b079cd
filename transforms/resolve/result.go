package resolve

import (
	"cmp"
	"slices"

	"uoma/internal/canon"
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
}

// Stats counts what happened; it holds no value.
type Stats struct {
	Records   int            `json:"records"`
	Subjects  int            `json:"subjects"`
	Links     map[string]int `json:"links"`     // joins by rule
	Conflicts map[string]int `json:"conflicts"` // refused joins of an identifier, by rule and reason
	Review    map[string]int `json:"review"`    // pairs that fit more than one person, by rule
	Oversized map[string]int `json:"oversized"` // blocks too large to be evidence, by rule
	Sizes     map[int]int    `json:"sizes"`     // clusters by number of records
}

// Result is the outcome of a night.
type Result struct {
	Records []Record // by system and person key
	Events  []Event
	Stats   Stats

	at map[string]int
	by []*record
}

// Subject gives the subject of a record; ok is false when no row names the record.
func (r *Result) Subject(system, personKey string) (subject string, ok bool) {
	i, ok := r.at[system+canon.KeySeparator+personKey]
	if !ok {
		return "", false
	}
	return r.Records[i].Subject, true
}

// Resolve finds the subjects of all records.
func (e *Engine) Resolve() *Result {
	records := e.records()
	res := &Result{by: records, at: make(map[string]int, len(records)), Stats: Stats{
		Records: len(records), Links: map[string]int{}, Conflicts: map[string]int{}, Review: map[string]int{},
		Oversized: map[string]int{}, Sizes: map[int]int{},
	}}
	c := newClusters(records, e.s.Clean)
	c.linkIdentifiers(&res.Stats)
	c.linkRules(&res.Stats)
	groups := c.groups()
	subjects := e.assign(records, groups, res)
	res.Records = make([]Record, len(records))
	for g, list := range groups {
		res.Stats.Sizes[len(list)]++
		for _, i := range list {
			r := records[i]
			res.Records[i] = Record{r.system, r.personKey, subjects[g], r.before}
			for _, m := range r.members {
				m.Subject = subjects[g]
			}
		}
	}
	for i, r := range res.Records {
		res.at[r.System+canon.KeySeparator+r.PersonKey] = i
	}
	res.Stats.Subjects = len(groups)
	return res
}

// groups gives the clusters, each sorted, in the order of their first record.
func (c *clusters) groups() [][]int32 {
	var out [][]int32
	for i := range c.records {
		if c.parent[i] == int32(i) {
			slices.Sort(c.lists[i])
			out = append(out, c.lists[i])
		}
	}
	return out
}

// claim is a cluster's wish to keep an id.
type claim struct {
	group, records int
	id             string
}

// assign gives every group its subject id: the id that most of its records had, each id to one group, and a new one to
// groups that keep none. Events tell of ids that were given up.
func (e *Engine) assign(records []*record, groups [][]int32, res *Result) []string {
	subjects := make([]string, len(groups))
	var claims []claim
	alive := map[string]bool{}
	for g, list := range groups {
		counts := map[string]int{}
		for _, i := range list {
			if id := records[i].before; id != "" {
				counts[id]++
				alive[id] = true
			}
		}
		for id, n := range counts {
			claims = append(claims, claim{g, n, id})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.records, a.records), cmp.Compare(a.id, b.id), cmp.Compare(a.group, b.group))
	})
	owner := map[string]int{}
	for _, c := range claims {
		if _, taken := owner[c.id]; !taken && subjects[c.group] == "" {
			subjects[c.group], owner[c.id] = c.id, c.group
		}
	}
	for g, list := range groups {
		if subjects[g] == "" {
			subjects[g] = e.mint(records[list[0]], alive)
			owner[subjects[g]] = g
			alive[subjects[g]] = true
		}
	}
	e.events(claims, subjects, owner, groups, records, res)
	return subjects
}

// mint makes an id that no subject has or had.
func (e *Engine) mint(first *record, alive map[string]bool) string {
	for n := 0; ; n++ {
		id := e.s.Mint(first.system, first.personKey, n)
		if !alive[id] && !e.retired[id] {
			return id
		}
	}
}

func (e *Engine) events(claims []claim, subjects []string, owner map[string]int, groups [][]int32, records []*record, res *Result) {
	for g, list := range groups {
		fresh := true
		for _, i := range list {
			fresh = fresh && records[i].before == ""
		}
		if fresh {
			res.Events = append(res.Events, Event{Kind: Created, Subject: subjects[g]})
		}
	}
	for _, c := range claims {
		mine := subjects[c.group]
		if mine == c.id {
			continue
		}
		if _, kept := owner[c.id]; kept {
			res.Events = append(res.Events, Event{Split, mine, c.id})
			continue
		}
		res.Events = append(res.Events, Event{Merged, mine, c.id})
		e.retired[c.id] = true
	}
	for id := range e.before {
		if _, kept := owner[id]; !kept && !e.retired[id] {
			res.Events = append(res.Events, Event{Kind: Vanished, Subject: id})
		}
	}
	slices.SortFunc(res.Events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Other, b.Other))
	})
}
