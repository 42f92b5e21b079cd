package resolve

import (
	"cmp"
	"slices"
)

// claim is a group's wish to keep an id that some of its records had.
type claim struct {
	group, records int32
	first          int32 // of those records
	id             int32
}

// claims are the wishes of all groups. Ids are numbered in their order.
type claims struct {
	list  []claim
	ids   []string // every id that is in use, sorted
	owner []int32  // group that keeps each id, or nobody
}

// nobody is the group of an id that no group claims, or keeps.
const nobody = int32(-1)

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

// claim1 numbers the ids and finds who claims which, the strongest claim first. Of two equal ones that of the record that comes
// first is the stronger, and not that of the lesser id: ids are tokens, which say nothing.
func claim1(records []record, g *groups, left map[Key]string) *claims {
	type named struct {
		id string
		claim
	}
	all := make([]named, 0, g.len()+len(left))
	for n := range g.len() {
		first := len(all)
		for _, i := range g.at(n) {
			id := records[i].before
			if id == "" {
				continue
			}
			at := slices.IndexFunc(all[first:], func(x named) bool { return x.id == id })
			if at < 0 {
				at = len(all) - first
				all = append(all, named{id, claim{group: int32(n), first: i}})
			}
			all[first+at].records++
		}
	}
	for _, id := range left {
		all = append(all, named{id, claim{group: nobody}})
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.id, b.id) })
	c := &claims{list: make([]claim, 0, len(all)), ids: make([]string, 0, len(all))}
	for _, x := range all {
		if len(c.ids) == 0 || c.ids[len(c.ids)-1] != x.id {
			c.ids = append(c.ids, x.id)
		}
		if x.group != nobody {
			c.list = append(c.list, claim{x.group, x.records, x.first, int32(len(c.ids) - 1)})
		}
	}
	c.owner = slices.Repeat([]int32{nobody}, len(c.ids))
	slices.SortFunc(c.list, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.records, a.records), cmp.Compare(a.first, b.first))
	})
	return c
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
