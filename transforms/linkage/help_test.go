package linkage

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"uoma/fixtures/campus"
	"uoma/internal/canon"
)

// cells are rows of a test.
type cells [][]string

func (c cells) Len() int { return len(c) }
func (c cells) Cells(column, from int, out [][]byte) {
	for i := range out {
		out[i] = []byte(c[from+i][column])
	}
}

// tableOf loads rows in batches of a size; 0 is all at once.
func tableOf(fields []Field, rows cells, batch int) *Table {
	t := NewTable(fields)
	if batch == 0 {
		batch = max(1, len(rows))
	}
	for part := range slices.Chunk(rows, batch) {
		t.Append(part)
	}
	t.Finish()
	return t
}

// campusFields are the columns of files that package campus writes.
func campusFields() []Field {
	fields := []Field{{"record_id", RecordID, false}, {"source", Source, false}, {"given_names", GivenNames, false}, {"call_name", CallName, false},
		{"family_name", FamilyName, false}, {"former_family_name", FormerName, false}, {"birth_date", BirthDate, false}, {"sex", Sex, false}, {"street", Street, false},
		{"postcode", Postcode, false}, {"city", City, false}, {"phone", Phone, false}, {"email", Email, false}, {"hetu", Identifier, true},
		{"oppijanumero", Identifier, false}, {"student_number", Identifier, false}, {"employee_number", Identifier, false}}
	return fields
}

// without leaves columns out of what is compared.
func without(fields []Field, names ...string) []Field {
	out := slices.Clone(fields)
	for i := range out {
		if slices.Contains(names, out[i].Name) {
			out[i].Kind = Ignored
		}
	}
	return out
}

// people are generated records with their truth.
type people struct {
	rows  cells
	truth map[string]string // person by record id
}

type campusOf struct {
	count       int
	seed        uint64
	identifiers float64
}

var campuses = struct {
	sync.Mutex
	made map[campusOf]people
}{made: map[campusOf]people{}}

// several gives how many records a test takes: a quarter of them in a short run, as with the race detector, which finds in
// few records what it finds in many.
func several(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}

// campusRecords makes records, once for all tests.
func campusRecords(t testing.TB, o campusOf) people {
	t.Helper()
	campuses.Lock()
	defer campuses.Unlock()
	if p, ok := campuses.made[o]; ok {
		return p
	}
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	date, _ := canon.NewDate(2026, 11, 22)
	if _, err := campus.Records(context.Background(), campus.RecordOptions{Count: o.count, Seed: o.seed, Date: date, Identifiers: o.identifiers, Out: root, Name: "p.csv"}); err != nil {
		t.Fatal(err)
	}
	p := people{rows: readAll(t, root, "p.csv"), truth: map[string]string{}}
	for _, row := range readAll(t, root, "p.truth.csv") {
		p.truth[row[0]] = row[1]
	}
	campuses.made[o] = p
	return p
}

func readAll(t testing.TB, root *os.Root, name string) cells {
	t.Helper()
	raw, err := root.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// link links by the options, which must be right.
func link(t testing.TB, table *Table, o Options) *Result {
	t.Helper()
	res, err := table.Link(o)
	if err != nil {
		t.Fatal(err)
	}
	conserved(t, table, res)
	return res
}

// conserved checks that every record is in one cluster, named by its first record, and that all figures are in their range.
func conserved(t testing.TB, table *Table, res *Result) {
	t.Helper()
	if len(res.Cluster) != table.Len() || len(res.Confidence) != table.Len() {
		t.Fatalf("%d records, %d in clusters, %d with a confidence", table.Len(), len(res.Cluster), len(res.Confidence))
	}
	for i, c := range res.Cluster {
		switch {
		case c < 0 || int(c) > i || res.Cluster[c] != c:
			t.Fatalf("record %d: cluster %d is not named by its first record", i, c)
		case !(res.Confidence[i] >= 0 && res.Confidence[i] <= 1):
			t.Fatalf("record %d: confidence %v", i, res.Confidence[i])
		}
	}
	last := Pair{-1, -1, 0}
	for _, p := range res.Pairs {
		if p.A >= p.B || comparePairs(last, p) >= 0 || p.Weight != p.Weight {
			t.Fatalf("pair %v after %v", p, last)
		}
		last = p
	}
	q := res.Quality
	for _, x := range []float64{q.Precision, q.Recall, q.Found, q.Unlinkable} {
		if !(x >= 0 && x <= 1+1e-9) {
			t.Fatalf("quality %+v", q)
		}
	}
}

// written is all of an outcome, by the records' ids.
func written(t *Table, res *Result) string {
	var out []string
	for i := range res.Cluster {
		out = append(out, fmt.Sprintf("%s %s %v", t.Label(int32(i)), t.Label(res.Cluster[i]), res.Confidence[i]))
	}
	slices.Sort(out)
	for _, p := range res.Pairs {
		out = append(out, fmt.Sprintf("%s %s %v", t.Label(p.A), t.Label(p.B), p.Weight))
	}
	return strings.Join(append(out, fmt.Sprintf("%+v %d %d %+v %s", res.Passes, res.Compared, res.Alarms, res.Quality, res.Model.Digest())), "\n")
}

// groups gives the clusters of several records as sets of where the records came.
func groups(t *Table, res *Result) [][]int32 {
	byRoot := map[int32][]int32{}
	for i, c := range res.Cluster {
		byRoot[c] = append(byRoot[c], t.Came(int32(i)))
	}
	var out [][]int32
	for _, g := range byRoot {
		if slices.Sort(g); len(g) > 1 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, slices.Compare[[]int32])
	return out
}

// linked tells of ids whether all of them are one cluster.
func linked(t testing.TB, table *Table, res *Result, ids ...string) bool {
	t.Helper()
	roots := map[int32]bool{}
	for _, id := range ids {
		rec, ok := table.Find(id)
		if !ok {
			t.Fatal("no such record:", id)
		}
		roots[res.Cluster[rec]] = true
	}
	return len(roots) == 1
}

// accuracy gives the share of linked pairs that are right, and of right pairs that are linked.
func accuracy(t *Table, res *Result, truth map[string]string) (precision, recall float64) {
	both, ours, theirs := map[string]int{}, map[int32]int{}, map[string]int{}
	for i, c := range res.Cluster {
		who := truth[t.Label(int32(i))]
		both[fmt.Sprint(who, " ", c)]++
		ours[c]++
		theirs[who]++
	}
	pairs := func(n int) float64 { return float64(n) * float64(n-1) / 2 }
	var right, linked, all float64
	for n := range maps.Values(both) {
		right += pairs(n)
	}
	for n := range maps.Values(ours) {
		linked += pairs(n)
	}
	for n := range maps.Values(theirs) {
		all += pairs(n)
	}
	return right / linked, right / all
}

func shuffled(rows cells, seed uint64) cells {
	out := slices.Clone(rows)
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
