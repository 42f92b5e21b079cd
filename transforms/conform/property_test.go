package conform_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// dirt is what goes wrong in exports.
var dirt = []string{"", "-", " ", "?", "1", "E", "K", "31.2.2020", "01.01.2020", "2020-01-01", "0", "true", "x@y.example", "n|12", "d|2020-02-01",
	"e|", "b|true", "31.12.9999", "canary", "ä*b*", "534120001", "{}", "a;b", "99999999999999999999"}

// dirtyRows draws rows of a feed: those of the cast with some cells spoilt.
func dirtyRows(t *rapid.T, clean []cells, f *layout.Feed) []cells {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) cells {
		row := clean[rapid.IntRange(0, len(clean)-1).Draw(t, "row")].with(nil)
		for range rapid.IntRange(0, 3).Draw(t, "spoilt") {
			col := f.Columns[rapid.IntRange(0, len(f.Columns)-1).Draw(t, "column")].Name
			row[col] = rapid.SampledFrom(dirt).Draw(t, "cell")
		}
		return row
	}), 1, 20).Draw(t, "rows")
}

// Every raw row ends once: as canonical rows or as a rejection, whatever stands in it.
func TestEveryRowEndsOnce(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cast())) {
		t.Run(name, func(t *testing.T) {
			c, f := conformer(t, name)
			clean := cast()[name]
			rapid.Check(t, func(rt *rapid.T) {
				rows := dirtyRows(rt, clean, f)
				o := run(t, c, raw(t, f, 1, rows...))
				for line := 1; line <= len(rows); line++ {
					mark := fmt.Sprintf(" line=%d ", line)
					conformed := slices.ContainsFunc(o.rows, func(r string) bool { return strings.Contains(r+" ", mark) })
					refused := 0
					for _, r := range o.rejected {
						if r.Line == int64(line) {
							refused++
						}
					}
					if conformed && refused != 0 || !conformed && refused != 1 {
						rt.Fatalf("line %d: conformed %v, rejected %d times", line, conformed, refused)
					}
				}
				n := o.sink.Rows()
				if n.Read != int64(len(rows)) || n.Read != n.Conformed+n.Rejected || n.Rejected != int64(len(o.rejected)) {
					rt.Fatalf("%+v for %d rows", n, len(rows))
				}
				for _, field := range o.sink.Fields() {
					total := field.Present + field.Missing
					for _, bad := range field.Invalid {
						total += bad.N
					}
					if total != n.Read {
						rt.Fatalf("field %s counts %d of %d cells", field.Name, total, n.Read)
					}
				}
			})
		})
	}
}

// The outcome depends neither on where raw batches end nor on what the conformer saw before.
func TestDeterministicAndSplitIndependent(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cast())) {
		t.Run(name, func(t *testing.T) {
			used, f := conformer(t, name)
			clean := cast()[name]
			rapid.Check(t, func(rt *rapid.T) {
				rows := dirtyRows(rt, clean, f)
				cut := rapid.IntRange(0, len(rows)).Draw(rt, "cut")
				fresh, _ := conformer(t, name)
				whole := run(t, fresh, raw(t, f, 1, rows...)).text()
				split := run(t, used, raw(t, f, 1, rows[:cut]...), raw(t, f, 1+cut, rows[cut:]...)).text()
				if whole != split {
					rt.Fatalf("whole\n%s\nsplit\n%s", whole, split)
				}
			})
		})
	}
}

// The land stage keys rows before they are conformed: the keys must be those of the canonical rows.
func TestKeysAgree(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cast())) {
		t.Run(name, func(t *testing.T) {
			c, f := conformer(t, name)
			clean := cast()[name]
			rapid.Check(t, func(rt *rapid.T) {
				batch := raw(t, f, 1, dirtyRows(rt, clean, f)...)
				keys, people := map[int64]string{}, map[int64]string{}
				emit := func(b *canon.Batch) error {
					for i := range b.Len() {
						keys[b.Col(canon.Line).Int(i)] = b.Col(canon.RowKey).Text(i)
						people[b.Col(canon.Line).Int(i)] = b.Col(canon.PersonKey).Text(i)
					}
					return nil
				}
				sink := c.NewSink(emit, func(canon.Rejection) error { return nil })
				if err := c.Batch(batch, sink); err != nil {
					rt.Fatal(err)
				}
				if err := sink.Flush(); err != nil {
					rt.Fatal(err)
				}
				for i := range batch.Len() {
					line := int64(i + 1)
					key, ok := c.Key(batch, i, nil)
					person, ok2 := c.PersonKey(batch, i, []byte("before"))
					if _, conformed := keys[line]; conformed && (!ok || !ok2 || keys[line] != string(key) || "before"+people[line] != string(person)) {
						rt.Fatalf("line %d has other keys when it is conformed", line)
					}
					if !ok || !ok2 {
						r := c.Unkeyed(batch, i)
						if r.Line != line || r.Field == "" || r.Code == "" || !bytes.HasPrefix(r.Raw, []byte("{")) {
							rt.Fatalf("unkeyed: %+v", r)
						}
					}
				}
			})
		})
	}
}

// No count, code, reason or field name carries a value: only the raw row and the key do, for the encrypted quarantine.
func TestThreat_T07_RejectionsNameNoValue(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cast())) {
		c, f := conformer(t, name)
		row := cells{}
		for i := range f.Columns {
			row[f.Columns[i].Name] = "canary@canary.example"
		}
		o := run(t, c, raw(t, f, 1, row))
		if len(o.rejected) != 1 {
			t.Fatalf("%s: a row of nonsense was taken", name)
		}
		r := o.rejected[0]
		if r.Raw == nil || !bytes.Contains(r.Raw, []byte("canary")) {
			t.Errorf("%s: the quarantine needs the row as it was", name)
		}
		r.Raw, r.Key = nil, ""
		if strings.Contains(fmt.Sprint(r, o.sink.Fields()), "canary") {
			t.Errorf("%s: a value stands outside the quarantine", name)
		}
	}
}

// Every rule that a layout may name exists.
func TestRulesExist(t *testing.T) {
	rules := identifier.Rules()
	for name := range rules {
		if _, known := layout.RuleType(name); known {
			delete(rules, name)
		}
	}
	src := `{system: s, title: t, controller: "10118", dates: [d.M.yyyy], feeds: [{name: f, file: "f_{yyyyMMdd}", format: {type: csv}, key: [a], person: [a], columns: [{name: a}, {name: b, as: %s}]}]}`
	for _, rule := range []string{"text", "name", "hetu", "fnr", "oppijanumero", "orcid", "ytunnus", "student_number", "employee_number", "virta_avain",
		"eppn", "phone", "email", "postcode", "municipality", "country", "country-alpha", "country-numeric", "language", "institution",
		"koulutuskoodi", "ohjausala", "guid", "sex", "date", "year", "instant", "bool", "integer", "decimal", "credits"} {
		if !strings.Contains(string(layout.Schema()), rule) {
			t.Errorf("the schema does not name rule %s", rule)
		}
		l, err := layout.Parse("f.yaml", fmt.Appendf(nil, src, rule))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conform.New(l, &l.Feeds[0], settings()); err != nil {
			t.Error(err)
		}
	}
}
