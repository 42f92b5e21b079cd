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

// ids are the ids in use, by number.
type ids struct {
	sorted []string
	of     []int32 // number of the id that each record had, or none
}

const none = int32(-1)

// idsOf numbers the ids that records had, and those that are left over from records that are gone.
func idsOf(records []record, left map[Key]string) *ids {
	type had struct {
		id     string
		record int32
	}
	n := len(left)
	for i := range records {
		if records[i].before != "" {
			n++
		}
	}
	all := make([]had, 0, n)
	for i := range records {
		if id := records[i].before; id != "" {
			all = append(all, had{id, int32(i)})
		}
	}
	for _, id := range left {
		all = append(all, had{id, none})
	}
	slices.SortFunc(all, func(a, b had) int { return cmp.Compare(a.id, b.id) })
	out := &ids{sorted: make([]string, 0, n), of: slices.Repeat([]int32{none}, len(records))}
	for _, x := range all {
		if n := len(out.sorted); n == 0 || out.sorted[n-1] != x.id {
			out.sorted = append(out.sorted, x.id)
		}
		if x.record != none {
			out.of[x.record] = int32(len(out.sorted) - 1)
		}
	}
	return out
}

// assign gives every group its subject id: the id that most of its records had, each id to one group, and a new one to
// groups that keep none. Events tell of ids that were given up.
func (e *Engine) assign(records []record, had *ids, g *groups, res *Result) []string {
	c := claim1(had, g)
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

// claim1 finds who claims which id, the strongest claim first. Of two equal ones that of the record that comes first is the
// stronger, and not that of the lesser id: ids are tokens, which say nothing.
func claim1(had *ids, g *groups) *claims {
	c := &claims{list: make([]claim, 0, g.len()), ids: had.sorted, owner: slices.Repeat([]int32{nobody}, len(had.sorted))}
	for n := range g.len() {
		first := len(c.list)
		for _, i := range g.at(n) {
			id := had.of[i]
			if id == none {
				continue
			}
			at := slices.IndexFunc(c.list[first:], func(x claim) bool { return x.id == id })
			if at < 0 {
				at = len(c.list) - first
				c.list = append(c.list, claim{group: int32(n), first: i, id: id})
			}
			c.list[first+at].records++
		}
	}
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
