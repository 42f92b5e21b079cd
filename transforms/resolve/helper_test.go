package resolve_test

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/resolve"
)

// row is a source row as conform would give it, by canonical column: "state" is that of the right to study; "email" and "phone" hold several values parted by
// a bar, "place" is postcode and street parted by one, several places parted by a semicolon. The key is the person key, too, unless "row" is another.
type row struct {
	feed, key string
	facts     map[string]string
}

func person(feed, key string, facts ...string) row {
	r := row{feed, key, map[string]string{}}
	for i := 0; i+1 < len(facts); i += 2 {
		r.facts[facts[i]] = facts[i+1]
	}
	return r
}

// with gives the row with other facts.
func (r row) with(facts ...string) row {
	out := row{r.feed, r.key, maps.Clone(r.facts)}
	for k, v := range person("", "", facts...).facts {
		out.facts[k] = v
	}
	return out
}

// as gives the row under another key.
func (r row) as(key string) row { return row{r.feed, key, maps.Clone(r.facts)} }

func (r row) rowKey() string {
	if k := r.facts["row"]; k != "" {
		return k
	}
	return r.key
}

func (r row) record() resolve.Key {
	return resolve.Key{System: canon.SystemOf(r.feed), PersonKey: r.key}
}

// batches gives the rows as canonical batches, one of each table and row.
func batches(rows ...row) []*canon.Batch {
	var out []*canon.Batch
	for _, r := range rows {
		out = append(out, batch(r, "person", r.facts))
		for _, c := range [][2]string{{"email", "address"}, {"phone", "number"}} {
			for _, v := range strings.FieldsFunc(r.facts[c[0]], func(r rune) bool { return r == '|' }) {
				out = append(out, batch(r, c[0], map[string]string{c[1]: v}))
			}
		}
		if state := r.facts["state"]; state != "" {
			out = append(out, batch(r, "study", map[string]string{"state": state}))
		}
		for _, place := range strings.Split(r.facts["place"], ";") {
			if postcode, street, ok := strings.Cut(place, "|"); ok {
				out = append(out, batch(r, "address", map[string]string{"postcode": postcode, "line1": street}))
			}
		}
	}
	return out
}

func batch(r row, table string, facts map[string]string) *canon.Batch {
	tables := canon.Tables()
	t := &tables[slices.IndexFunc(tables, func(t canon.Table) bool { return t.Name == table })]
	b := canon.NewBuilder(t, r.feed)
	for i, c := range t.Columns {
		v := facts[c.Name]
		switch {
		case i == canon.RowKey:
			b.Text(i, r.rowKey())
		case i == canon.PersonKey:
			b.Text(i, r.key)
		case c.Name == "institution_code" && v == "":
			b.Text(i, "10118")
		case v == "":
			b.Null(i)
		case c.Type == canon.Day:
			d, err := canon.ParseDate(v)
			if err != nil {
				panic(err)
			}
			b.Day(i, d)
		default:
			b.Text(i, v)
		}
	}
	b.EndRow()
	return b.Flush()
}

// engine makes an engine of rows.
func engine(rows ...row) *resolve.Engine {
	e := resolve.New(settings())
	add(e, rows...)
	return e
}

// crowd is an engine that knows the records of some thousand people: who is who depends on how common names are.
var crowd struct {
	sync.Mutex
	*resolve.Engine
}

// among makes an engine of rows among those of a crowd, who have been resolved.
func among(t testing.TB, rows ...row) *resolve.Engine {
	t.Helper()
	crowd.Lock()
	defer crowd.Unlock()
	if crowd.Engine == nil {
		crowd.Engine = resolve.New(settings())
		exports(t, crowd.Engine, campusDir(t, 1500, 1), night)
		resolved(t, crowd.Engine)
	}
	e := reborn(crowd.Engine)
	add(e, rows...)
	return e
}

func add(e *resolve.Engine, rows ...row) {
	for _, b := range batches(rows...) {
		e.Add(b)
	}
}

// reborn gives an engine that knows what another one remembers.
func reborn(e *resolve.Engine) *resolve.Engine {
	out := resolve.New(settings())
	out.Restore(slices.Clone(e.Members()), e.Retired())
	var links bytes.Buffer
	if err := e.WriteLinks(&links, func(string, resolve.Key) bool { return true }); err != nil {
		panic(err)
	}
	if err := out.RestoreLinks(&links, true); err != nil {
		panic(err)
	}
	return out
}

// same tells whether two rows' records are one person.
func same(t testing.TB, res *resolve.Result, a, b row) bool {
	t.Helper()
	return subject(t, res, a) == subject(t, res, b)
}

func subject(t testing.TB, res *resolve.Result, r row) string {
	t.Helper()
	k := r.record()
	s, ok := res.Subject(k.System, k.PersonKey)
	if !ok {
		t.Fatal("a record has no subject")
	}
	return s
}

// partition gives the records of each subject, in a form that does not depend on ids.
func partition(res *resolve.Result) [][]resolve.Key {
	by := map[string][]resolve.Key{}
	for _, r := range res.Records {
		by[r.Subject] = append(by[r.Subject], resolve.Key{System: r.System, PersonKey: r.PersonKey})
	}
	out := slices.Collect(maps.Values(by))
	slices.SortFunc(out, func(a, b []resolve.Key) int {
		return cmp.Or(strings.Compare(a[0].System, b[0].System), strings.Compare(a[0].PersonKey, b[0].PersonKey))
	})
	return out
}

func events(res *resolve.Result, kind string) []resolve.Event {
	var out []resolve.Event
	for _, e := range res.Events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

type fataler interface {
	Helper()
	Fatal(...any)
}

// resolved finds the subjects of an engine's records.
func resolved(t fataler, e *resolve.Engine) *resolve.Result {
	t.Helper()
	res, err := e.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return res
}
