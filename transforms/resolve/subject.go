package resolve

import (
	"cmp"
	"slices"
)

// claim is a group's wish to keep an id that some of its records had.
type claim struct {
	group, records int32
	id             int32
}

// claims are the wishes of all groups. Ids are numbered in their order, so that comparing numbers compares ids.
type claims struct {
	list  []claim
	ids   []string // every id that is in use, sorted
	owner []int32  // group that keeps each id, or -1
}

// assign gives every group its subject id: the id that most of its records had, each id to one group, and a new one to
// groups that keep none. Events tell of ids that were given up.
func (e *Engine) assign(records []record, g *groups, res *Result) []string {
	c := claim1(records, g, e.left)
	subjects := make([]string, g.len())
	for _, x := range c.list {
		if c.owner[x.id] < 0 && subjects[x.group] == "" {
			subjects[x.group], c.owner[x.id] = c.ids[x.id], x.group
		}
	}
	fresh := map[string]bool{}
	for n := range subjects {
		if subjects[n] == "" {
			subjects[n] = e.mint(&records[g.at(n)[0]], c, fresh)
			fresh[subjects[n]] = true
		}
	}
	e.tell(records, g, c, subjects, res)
	return subjects
}

// claim1 numbers the ids and finds who claims which, the strongest claim first.
func claim1(records []record, g *groups, left map[Key]string) *claims {
	number := make(map[string]int32, g.len())
	c := &claims{}
	note := func(id string) {
		if _, ok := number[id]; !ok && id != "" {
			number[id] = 0
			c.ids = append(c.ids, id)
		}
	}
	for i := range records {
		note(records[i].before)
	}
	for _, id := range left {
		note(id)
	}
	slices.Sort(c.ids)
	for i, id := range c.ids {
		number[id] = int32(i)
	}
	c.owner = make([]int32, len(c.ids))
	for i := range c.owner {
		c.owner[i] = -1
	}
	for n := range g.len() {
		first := len(c.list)
		for _, i := range g.at(n) {
			if id := records[i].before; id != "" {
				c.count(first, claim{int32(n), 1, number[id]})
			}
		}
	}
	slices.SortFunc(c.list, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.records, a.records), cmp.Compare(a.id, b.id), cmp.Compare(a.group, b.group))
	})
	return c
}

// count adds a claim of one record to those of its group, which begin at first.
func (c *claims) count(first int, x claim) {
	for k := first; k < len(c.list); k++ {
		if c.list[k].id == x.id {
			c.list[k].records++
			return
		}
	}
	c.list = append(c.list, x)
}

// mint makes an id that no subject has or had.
func (e *Engine) mint(first *record, c *claims, fresh map[string]bool) string {
	for n := 0; ; n++ {
		id := e.s.Mint(first.System, first.PersonKey, n)
		if _, used := slices.BinarySearch(c.ids, id); !used && !fresh[id] && !e.retired[id] {
			return id
		}
	}
}

// tell lists what became of ids, and retires those that were given up.
func (e *Engine) tell(records []record, g *groups, c *claims, subjects []string, res *Result) {
	for n, id := range subjects {
		if !slices.ContainsFunc(g.at(n), func(i int32) bool { return records[i].before != "" }) {
			res.Events = append(res.Events, Event{Kind: Created, Subject: id})
		}
	}
	for _, x := range c.list {
		mine, other := subjects[x.group], c.ids[x.id]
		if mine == other {
			continue
		}
		ev := Event{Kind: Split, Subject: mine, Other: other}
		if c.owner[x.id] < 0 {
			ev.Kind = Merged
			e.retired[other] = true
		}
		for _, i := range g.at(int(x.group)) {
			if records[i].before == other {
				ev.Records = append(ev.Records, records[i].Key)
			}
		}
		res.Events = append(res.Events, ev)
	}
	for i, id := range c.ids {
		if c.owner[i] < 0 && !e.retired[id] {
			res.Events = append(res.Events, Event{Kind: Vanished, Subject: id})
		}
	}
	slices.SortFunc(res.Events, compareEvents)
}

// Undo takes back a merge or a split that [Engine.Resolve] told of: the records that went from one subject to the other
// get their old id again, as far as they are still there. It changes ids, not the evidence: who wants the records to
// stay apart corrects the source, or names them in [Settings.Apart].
func (e *Engine) Undo(ev Event) {
	if ev.Kind != Merged && ev.Kind != Split {
		return
	}
	e.settle()
	back := make(map[Key]bool, len(ev.Records))
	for _, k := range ev.Records {
		back[k] = true
	}
	kept := false
	for i := range e.rows {
		m := &e.rows[i]
		if m.Subject == ev.Subject && back[m.record()] {
			m.Subject = ev.Other
		}
		kept = kept || m.Subject == ev.Subject
	}
	delete(e.retired, ev.Other)
	if !kept {
		e.retired[ev.Subject] = true
	}
}
