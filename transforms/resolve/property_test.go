package resolve_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/likeness"
	"uoma/transforms/resolve"
)

// world draws rows of a handful of people whose names, numbers and contact points collide in every way.
type world struct{ *rapid.T }

func (w world) pick(label string, values ...string) string {
	return rapid.SampledFrom(values).Draw(w.T, label)
}

func (w world) row(n int) row {
	feed := w.pick("feed", peppi, register, pegasos, projects, portal, crm)
	r := person(feed, fmt.Sprint(n%12), "row", fmt.Sprint(n))
	facts := map[string][]string{
		"hetu":               {"", "", "", "010190-900P", "140385-901E", "140385Y901E"},
		"oppijanumero":       {"", "", "", "1.2.246.562.24.10000000003", "1.2.246.562.24.55555000005"},
		"student_number":     {"", "", "2100001", "2100002", "2100003"},
		"institution_code":   {"10118", "10118", "02506"},
		"employee_number":    {"", "", "", "004711", "004712"},
		"eppn":               {"", "", "", "a@xamk.example", "b@xamk.example"},
		"birth_date":         {"", "", "1990-01-01", "1985-03-14", "1985-03-15"},
		"family_name":        {"Testaaja", "Testaja", "Koe", "Näyte-Öhman", "Öhman", ""},
		"former_family_name": {"", "", "", "Koe", "Näyte"},
		"given_names":        {"", "Veikko", "Veikko Olli", "Reijo Olli", "Johanna", "Anna Maria", "Anna Elina"},
		"call_name":          {"", "", "Olli", "Hanna", "Testaaja", "Anna"},
		"email":              {"", "", "a@mail.example", "b@mail.example|a@mail.example", "c@mail.example"},
		"phone":              {"", "", "+358400000001", "+358400000002|+358400000001", "+358400000003"},
		"place":              {"", "", "50100|Mallikatu 1", "50100|Mallikatu 2", "50100|Mallikatu 2;50100|Mallikatu 1"},
	}
	for _, k := range slices.Sorted(maps.Keys(facts)) {
		r.facts[k] = w.pick(k, facts[k]...)
	}
	return r
}

func (w world) rows(most int) []row {
	out := make([]row, rapid.IntRange(0, most).Draw(w.T, "rows"))
	for i := range out {
		out[i] = w.row(i)
	}
	return out
}

// The order of rows and tables, and where batches end, make no difference, neither to the subjects nor to a byte of
// what is remembered.
func TestOrderIsOfNoMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world{rt}
		all := batches(w.rows(14)...)
		one, other := resolve.New(settings()), resolve.New(settings())
		for _, b := range all {
			one.Add(b)
		}
		want := resolved(t, one)
		order := rapid.Permutation(all).Draw(rt, "order")
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(rt, "batch")
			for _, b := range joined(order[:n]) {
				other.Add(b)
			}
			order = order[n:]
		}
		got := resolved(t, other)
		if !reflect.DeepEqual(got.Records, want.Records) || !reflect.DeepEqual(got.Stats, want.Stats) || !reflect.DeepEqual(got.Events, want.Events) {
			rt.Fatal("another order gives another result")
		}
		if !reflect.DeepEqual(one.Members(), other.Members()) {
			rt.Fatal("another order is remembered otherwise")
		}
	})
}

// joined makes one batch of neighbours of the same table and feed.
func joined(in []*canon.Batch) []*canon.Batch {
	var out []*canon.Batch
	for i := 0; i < len(in); {
		b := canon.NewBuilder(in[i].Table, in[i].Feed)
		j := i
		for ; j < len(in) && in[j].Table.Name == in[i].Table.Name && in[j].Feed == in[i].Feed; j++ {
			for c := range in[j].Table.Columns {
				b.Copy(c, in[j].Col(c), 0)
			}
			b.EndRow()
		}
		out = append(out, b.Flush())
		i = j
	}
	return out
}

// Nights of changes give what one night with all rows gives. Ids stay with people whose records stay together, every
// change of an id is told, a retired one never comes back, and undoing the night's events restores every id.
func TestNightsAreLikeOneNight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world{rt}
		now := map[string]row{} // rows of today's exports
		e := resolve.New(settings())
		last := map[resolve.Key]string{}
		for range rapid.IntRange(1, 5).Draw(rt, "nights") {
			e = reborn(e)
			retired := e.Retired()
			for _, k := range slices.Sorted(maps.Keys(now)) {
				if rapid.IntRange(0, 3).Draw(rt, "goes") == 0 {
					r := now[k]
					e.Remove(r.feed, r.rowKey())
					delete(now, k)
				}
			}
			for _, r := range w.rows(8) {
				now[r.feed+"|"+r.rowKey()] = r
				add(e, r)
			}
			res := resolved(t, e)
			fresh := resolve.New(settings())
			for _, k := range slices.Sorted(maps.Keys(now)) {
				add(fresh, now[k])
			}
			if want := resolved(t, fresh); !reflect.DeepEqual(partition(res), partition(want)) {
				rt.Fatal("the nights give other people than one night")
			}
			checkIDs(rt, res, last, retired)
			checkNoContradiction(rt, e.Members())
			checkUndo(rt, e, res)
			last = ids(res)
		}
	})
}

func ids(res *resolve.Result) map[resolve.Key]string {
	out := map[resolve.Key]string{}
	for _, r := range res.Records {
		out[resolve.Key{System: r.System, PersonKey: r.PersonKey}] = r.Subject
	}
	return out
}

func checkIDs(t *rapid.T, res *resolve.Result, last map[resolve.Key]string, retired []string) {
	before := map[string]int{} // records that each id had
	for _, id := range last {
		before[id]++
	}
	for _, group := range partition(res) {
		id, _ := res.Subject(group[0].System, group[0].PersonKey)
		if slices.Contains(retired, id) {
			t.Fatal("a retired id was given out")
		}
		old := map[string]int{}
		for _, k := range group {
			old[last[k]]++
		}
		if was := last[group[0]]; was != "" && old[was] == len(group) && before[was] == len(group) && was != id {
			t.Fatal("the id of somebody whose records stayed together changed")
		}
	}
	for _, r := range res.Records {
		k := resolve.Key{System: r.System, PersonKey: r.PersonKey}
		if last[k] != r.Before {
			t.Fatal("the id before is not that of the last night")
		}
		if r.Before == "" || r.Before == r.Subject {
			continue
		}
		told := slices.ContainsFunc(res.Events, func(e resolve.Event) bool {
			return (e.Kind == resolve.Merged || e.Kind == resolve.Split) && e.Subject == r.Subject && e.Other == r.Before && slices.Contains(e.Records, k)
		})
		if !told {
			t.Fatal("an id changed and no event tells of it")
		}
	}
	if n := len(partition(res)); n != res.Stats.Subjects {
		t.Fatalf("%d people have %d ids", res.Stats.Subjects, n)
	}
}

// checkNoContradiction looks at every two records of a subject: identity codes must have a value in common, and
// birth dates differ by a slip at most.
func checkNoContradiction(t *rapid.T, members []resolve.Member) {
	type facts struct {
		codes  []string
		births []likeness.Day
	}
	bySubject := map[string]map[resolve.Key]*facts{}
	for _, m := range members {
		k := resolve.Key{System: canon.SystemOf(m.Feed), PersonKey: m.PersonKey}
		if bySubject[m.Subject] == nil {
			bySubject[m.Subject] = map[resolve.Key]*facts{}
		}
		f := bySubject[m.Subject][k]
		if f == nil {
			f = &facts{}
			bySubject[m.Subject][k] = f
		}
		if m.Hetu != "" {
			f.codes = append(f.codes, m.Hetu)
		}
		if m.Birth != resolve.NoBirth {
			day, _ := likeness.ParseDay(canon.Date(m.Birth).String())
			f.births = append(f.births, day)
		}
	}
	for _, records := range bySubject {
		for _, a := range records {
			for _, b := range records {
				if apart(a.codes, b.codes, func(x, y string) bool { return x == y }) ||
					apart(a.births, b.births, func(x, y likeness.Day) bool { return likeness.Birth(x, y) != likeness.Different }) {
					t.Fatal("records of one subject contradict each other")
				}
			}
		}
	}
}

func apart[T any](a, b []T, agree func(x, y T) bool) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x T) bool {
		return slices.ContainsFunc(b, func(y T) bool { return agree(x, y) })
	})
}

func checkUndo(t *rapid.T, e *resolve.Engine, res *resolve.Result) {
	undone := reborn(e)
	for _, ev := range res.Events {
		undone.Undo(ev)
	}
	back := map[resolve.Key]string{}
	for _, m := range undone.Members() {
		back[resolve.Key{System: canon.SystemOf(m.Feed), PersonKey: m.PersonKey}] = m.Subject
	}
	for _, r := range res.Records {
		if r.Before != "" && back[resolve.Key{System: r.System, PersonKey: r.PersonKey}] != r.Before {
			t.Fatal("undoing does not restore an id")
		}
	}
}

// The same holds for the nights of a campus.
func TestCampusNightsAreLikeOneNight(t *testing.T) {
	const nights = 3
	dir := campusDir(t, 3000, nights)
	e := resolve.New(settings())
	var last *resolve.Result
	for n := range nights {
		e = reborn(e)
		exports(t, e, dir, night+canon.Date(n)) // every row anew, so that only rows that went need removing
		prune(t, e, dir, night+canon.Date(n))
		res := resolved(t, e)
		fresh := resolve.New(settings())
		exports(t, fresh, dir, night+canon.Date(n))
		if !reflect.DeepEqual(partition(res), partition(resolved(t, fresh))) {
			t.Fatal("the nights give other people than one night")
		}
		if last != nil {
			kept, was := 0, ids(last)
			for k, id := range ids(res) {
				if was[k] == id {
					kept++
				}
			}
			if share := float64(kept) / float64(len(res.Records)); share < 0.97 {
				t.Errorf("only %.3f of the records kept their id", share)
			}
		}
		last = res
	}
}

// prune removes the rows that a night's exports no longer have.
func prune(t *testing.T, e *resolve.Engine, dir string, date canon.Date) {
	t.Helper()
	there := map[string]bool{}
	now := resolve.New(settings())
	exports(t, now, dir, date)
	for _, m := range now.Members() {
		there[m.Feed+canon.KeySeparator+m.RowKey] = true
	}
	for _, m := range slices.Clone(e.Members()) {
		if !there[m.Feed+canon.KeySeparator+m.RowKey] {
			e.Remove(m.Feed, m.RowKey)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Näyte-Öhman", "O'Specimen", "  Åsa ", "von der Koe", "ÆØÅ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := resolve.Fold(s)
		if resolve.Fold(once) != once {
			t.Error("folding twice changes the name")
		}
		if strings.HasPrefix(once, " ") || strings.HasSuffix(once, " ") || strings.Contains(once, "  ") {
			t.Error("words are not parted by one space")
		}
	})
}
