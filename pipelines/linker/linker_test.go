package linker_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"uoma/connectors/rowfile"
	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/linker"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

type silent struct{}

func (silent) Begin(string)              {}
func (silent) Advance(int64, string)     {}
func (silent) End(string, time.Duration) {}

// resolve runs a job and gives what it wrote.
func resolve(t testing.TB, s linker.Settings, files ...string) (string, *linker.Report, error) {
	t.Helper()
	job, err := linker.Open(files, nil, s)
	if err != nil {
		return "", nil, err
	}
	out := filepath.Join(t.TempDir(), "clusters.csv")
	rep, err := job.Run(context.Background(), linker.Outputs{Clusters: out}, linker.Tools{Now: time.Now, Progress: silent{}})
	if err != nil {
		return "", nil, err
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	return string(got), rep, nil
}

func write(t testing.TB, name, src string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// records gives the lines of a generated file.
func records(t testing.TB, n int) (header string, lines []string) {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	day, _ := canon.NewDate(2026, 11, 22)
	if _, err := campus.Records(context.Background(), campus.RecordOptions{Count: n, Seed: 7, Date: day, Identifiers: 0.7, Out: root, Name: "people.csv"}); err != nil {
		t.Fatal(err)
	}
	src, err := root.ReadFile("people.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines = strings.SplitAfter(string(src), "\n")
	return lines[0], lines[1 : len(lines)-1]
}

// The outcome is the same to the byte for any order of rows and any number of processors.
func TestOrderAndProcessorsChangeNothing(t *testing.T) {
	header, lines := records(t, 1500)
	want, rep, err := resolve(t, linker.Settings{}, write(t, "people.csv", header+strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Records != 1500 || rep.People < 700 || rep.People > 1200 {
		t.Errorf("%d records of %d people", rep.Records, rep.People)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for seed := range uint64(3) {
		runtime.GOMAXPROCS(1 + int(seed)%2)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, _, err := resolve(t, linker.Settings{}, write(t, "people.csv", header+strings.Join(lines, "")))
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("another order of rows gives another outcome: %s", difference(got, want))
		}
	}
}

// difference counts the lines that differ.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return fmt.Sprintf("%d of %d lines", n, len(b))
}

// row is a generated record as a Parquet file has it, with a date as a date.
type row struct {
	ID     string  `parquet:"record_id"`
	Given  *string `parquet:"given_names,optional"`
	Family *string `parquet:"family_name,optional"`
	Born   *int32  `parquet:"birth_date,optional,date"`
	Phone  *string `parquet:"phone,optional"`
	Email  *string `parquet:"email,optional,dict"`
}

func TestParquetGivesWhatCSVGives(t *testing.T) {
	header, lines := records(t, 1500)
	all, err := csv.NewReader(strings.NewReader(header + strings.Join(lines, ""))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(all[0], name) }
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	columns := []string{"record_id", "given_names", "family_name", "birth_date", "phone", "email"}
	if err := w.Write(columns); err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, r := range all[1:] {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = r[at(c)]
		}
		if len(cells[3]) != len("2006-01-02") { // a date in part is none in Parquet
			cells[3] = ""
		}
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
		x := row{ID: cells[0], Given: maybe(cells[1]), Family: maybe(cells[2]), Phone: maybe(cells[4]), Email: maybe(cells[5])}
		if day, err := canon.ParseDate(cells[3]); err == nil {
			d := int32(day)
			x.Born = &d
		}
		rows = append(rows, x)
	}
	w.Flush()
	path := filepath.Join(t.TempDir(), "people.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	want, _, err := resolve(t, linker.Settings{}, write(t, "people.csv", text.String()))
	if err != nil {
		t.Fatal(err)
	}
	got, rep, err := resolve(t, linker.Settings{}, path)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Files[0].Format != "parquet" || got != want {
		t.Errorf("%s, %s", rep.Files[0].Format, difference(got, want))
	}
}

func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Every row is a record of the outcome, a bad row with its line, or no data.
func TestNoRowIsLost(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		b.WriteString("id,given_names,family_name,birth_date\n")
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"good", "good", "good", "short", "long", "control", "blank", "quoted", "unnamed"}), 1, 60).Draw(rt, "rows")
		good, bad, blank := map[string]bool{}, map[int64]bool{}, int64(0)
		line := int64(1)
		for i, k := range kinds {
			line++
			id := fmt.Sprintf("r%03d", i)
			switch k {
			case "good":
				fmt.Fprintf(&b, "%s,Aino,Esimerkki,1990-02-%02d\n", id, 1+i%28)
				good[id] = true
			case "quoted": // spans two lines
				fmt.Fprintf(&b, "\"%s\",\"Aino\nMaria\",Esimerkki,1990-02-%02d\n", id, 1+i%28)
				good[id] = true
				line++
			case "unnamed":
				fmt.Fprintf(&b, ",Onni,Mallinen,1985-07-%02d\n", 1+i%28)
				good[fmt.Sprintf("people.csv:%d", line)] = true
			case "short":
				fmt.Fprintf(&b, "%s,Aino\n", id)
				bad[line] = true
			case "long":
				fmt.Fprintf(&b, "%s,Aino,Esimerkki,1990-02-03,more,still more\n", id)
				bad[line] = true
			case "control":
				fmt.Fprintf(&b, "%s,Ai\x01no,Esimerkki,1990-02-03\n", id)
				bad[line] = true
			case "blank":
				b.WriteString(" , , ,\n")
				blank++
			}
		}
		path := filepath.Join(dir, "people.csv")
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			rt.Fatal(err)
		}
		got, rep, err := resolve(t, linker.Settings{Columns: map[string]string{"id": "record_id", "given_names": "given_names",
			"family_name": "family_name", "birth_date": "birth_date"}}, path)
		if err != nil {
			rt.Fatal(err)
		}
		table, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range table[1:] {
			if !good[r[0]] {
				rt.Fatalf("%s is in the outcome", r[0])
			}
			if r[1] > r[0] {
				rt.Fatalf("%s is in a cluster that is not named by its first record", r[0])
			}
			delete(good, r[0])
		}
		for _, x := range rep.Rejection {
			if !bad[x.Line] {
				rt.Fatalf("line %d is bad: %s", x.Line, x.Code)
			}
			delete(bad, x.Line)
		}
		if len(good)+len(bad) > 0 || rep.Files[0].Skipped["blank"] != blank {
			rt.Fatalf("lost: %v, lines %v; %d of %d blank", good, bad, rep.Files[0].Skipped["blank"], blank)
		}
	})
}

// A file whose only letter beyond ASCII stands where nobody looked is read again.
func TestALateLetterSettlesTheEncoding(t *testing.T) {
	const rows = 10_000
	var b strings.Builder
	b.WriteString("id,given_names,family_name,birth_date,note\n")
	for i := range rows {
		family := "Esimerkki" + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
		if i == 5250 {
			family = "\xc4ij\xe4l\xe4"
		}
		fmt.Fprintf(&b, "%06d,Aino%c,%s,19%02d-02-%02d,%s\n", i, 'a'+rune(i/676%26), family, i%100, 1+i%28, strings.Repeat("x", 600))
	}
	path := write(t, "people.csv", b.String())
	if f, err := rowfile.Open(path); err != nil || f.Sure || f.Encoding != "utf-8" {
		t.Fatal("the letter was seen at once", err)
	}
	_, rep, err := resolve(t, linker.Settings{Columns: map[string]string{"note": "ignored"}}, path)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Files[0].Encoding != "windows-1252" || rep.Records != rows || len(rep.Files) != 1 {
		t.Errorf("%s, %d records", rep.Files[0].Encoding, rep.Records)
	}
}

func TestBytesOfTwoEncodingsAreToldWithTheirLine(t *testing.T) {
	path := write(t, "people.csv", "id,given_names,family_name\n1,Aino,\xc4ij\xe4l\xe4\n2,Onni,Mal\x81linen\n")
	_, _, err := resolve(t, linker.Settings{}, path)
	if fault.Code(err) != "UOMA-LNK-ENCODING" || !strings.Contains(err.Error(), path+":3") || !strings.Contains(err.Error(), "windows-1252") {
		t.Errorf("got %v", err)
	}
}

func TestIdsThatStandTwiceAreToldWithBothPlaces(t *testing.T) {
	a := write(t, "a.csv", "id,given_names,family_name\n1,Aino,Esimerkki\n2,Onni,Mallinen\n")
	b := write(t, "b.csv", "id;given_names;family_name\n3;Eino;Testinen\n\n2;Helmi;Testinen\n")
	_, _, err := resolve(t, linker.Settings{}, a, b)
	if fault.Code(err) != "UOMA-LNK-TWICE" || !strings.Contains(err.Error(), b+":4") || !strings.Contains(err.Error(), a+":3") {
		t.Errorf("got %v", err)
	}
	got, _, err := resolve(t, linker.Settings{Columns: map[string]string{"ID": "ignored"}}, a, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"\na.csv:2,", "\na.csv:3,", "\nb.csv:2,", "\nb.csv:4,"} {
		if !strings.Contains(got, id) {
			t.Errorf("no record %q in %s", id, got)
		}
	}
}

// TestMeanings holds what is guessed of a generated file to testdata/meanings.txt.
func TestMeanings(t *testing.T) {
	header, lines := records(t, 3000)
	job, err := linker.Open([]string{write(t, "people.csv", header+strings.Join(lines, ""))}, nil, linker.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range job.Columns()[0].Columns {
		fmt.Fprintf(&b, "%-20s %s\n", c.Name, c.Meaning)
		if c.Confidence < 0.5 || c.Why == "" {
			t.Errorf("%s: %.2f, %q", c.Name, c.Confidence, c.Why)
		}
	}
	const golden = "testdata/meanings.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("got\n%s", b.String())
	}
}

// No error and no report holds a value of the file.
func TestThreat_T36_AnOutcomeAndItsErrorsNameNobody(t *testing.T) {
	path := write(t, "people.csv", "id,given_names,family_name,birth_date\ncanary,Aino,Canary,1990-02-03\nb,Canary\ncanary,Onni,Canary,1985-07-01\n")
	_, _, err := resolve(t, linker.Settings{Columns: map[string]string{"id": "record_id"}}, path)
	if err == nil || strings.Contains(strings.ToLower(err.Error()), "canary") {
		t.Errorf("got %v", err)
	}
	_, rep, err := resolve(t, linker.Settings{Columns: map[string]string{"id": "ignored"}}, path)
	if err != nil || strings.Contains(strings.ToLower(fmt.Sprintf("%+v", rep)), "canary") {
		t.Errorf("got %+v, %v", rep, err)
	}
}

func TestACancelledJobWritesNothing(t *testing.T) {
	header, lines := records(t, 200)
	job, err := linker.Open([]string{write(t, "people.csv", header+strings.Join(lines, ""))}, nil, linker.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := job.Run(ctx, linker.Outputs{Clusters: filepath.Join(dir, "c.csv")}, linker.Tools{Now: time.Now, Progress: silent{}}); err == nil {
		t.Error("no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
