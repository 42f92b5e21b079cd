package linker_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"uoma/internal/fault"
	"uoma/pipelines/linker"
)

// explain resolves two files of the same records: pairs.csv with an index, and an explanation of two of them.
func explain(t *testing.T, s linker.Settings, a, b string, files ...string) (*linker.Explanation, error) {
	t.Helper()
	job, err := linker.Open(files, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	return job.Explain(context.Background(), a, b, linker.Tools{Now: time.Now, Progress: silent{}})
}

// listed resolves and gives the rows of the file of pairs.
func listed(t *testing.T, s linker.Settings, files ...string) ([][]string, *linker.Report) {
	t.Helper()
	job, err := linker.Open(files, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := linker.Outputs{Clusters: filepath.Join(dir, "clusters.csv"), Pairs: filepath.Join(dir, "pairs.csv"), Model: filepath.Join(dir, "model.json")}
	rep, err := job.Run(context.Background(), out, linker.Tools{Now: time.Now, Progress: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out.Pairs)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	m, err := linker.ReadModel(out.Model)
	if err != nil || m.Digest() != rep.Model.Digest {
		t.Errorf("the model that was written is not the one that was used: %v", err)
	}
	return rows[1:], rep
}

func people(t *testing.T) string {
	header, lines := records(t, 1500)
	return write(t, "people.csv", header+strings.Join(lines, ""))
}

// Every pair that is listed can be explained, the parts add up, and what is masked says nothing.
func TestPartsOfAWeightAddUp(t *testing.T) {
	path := people(t)
	pairs, rep := listed(t, linker.Settings{}, path)
	if len(pairs) != rep.Listed || len(pairs) < 100 || !slices.IsSortedFunc(pairs, func(x, y []string) int { return slices.Compare(x[:2], y[:2]) }) {
		t.Fatalf("%d pairs, %d of them in the report", len(pairs), rep.Listed)
	}
	for _, p := range []int{0, len(pairs) / 2, len(pairs) - 1} {
		e, err := explain(t, linker.Settings{}, pairs[p][0], pairs[p][1], path)
		if err != nil {
			t.Fatal(err)
		}
		sum := e.Prior + e.Alike
		for _, f := range e.Features {
			sum += f.Bits
		}
		if math.Abs(sum-e.Weight) > 1e-6 || e.Model != rep.Model.Digest {
			t.Errorf("%v bits add up to %v", e.Weight, sum)
		}
		if e.Together != (pairs[p][4] == "link") || e.Together != (e.WhyNot == nil) || !e.Compared {
			t.Errorf("%s: %+v", pairs[p][4], e)
		}
		for _, f := range e.Masked().Features {
			for _, v := range append(f.A, f.B...) {
				if strings.ContainsFunc(v, func(c rune) bool { return c != 'x' && c != '0' && (unicode.IsLetter(c) || unicode.IsDigit(c)) }) {
					t.Errorf("%s is told", f.Feature)
				}
			}
		}
	}
}

// A rule that keeps two records apart is named, whichever of the clusters' records it is about.
func TestARuleThatKeepsRecordsApartIsNamed(t *testing.T) {
	header, lines := records(t, 1500)
	header = "card,system," + header
	for i := range lines {
		lines[i] = ",all," + lines[i]
	}
	columns := strings.Count(header, ",")
	twin := func(id, card string) string {
		cells := make([]string, columns+1)
		for i, name := range strings.Split(strings.TrimSpace(header), ",") {
			cells[i] = map[string]string{"card": card, "system": "crm", "record_id": id, "given_names": "Aino Maria", "family_name": "Esimerkki",
				"birth_date": "1990-02-03", "phone": "+358400001234", "email": "aino.esimerkki@mail.example"}[name]
		}
		return strings.Join(cells, ",") + "\n"
	}
	path := write(t, "people.csv", header+strings.Join(lines, "")+twin("t1", "k1")+twin("t2", "k2"))
	meanings := map[string]string{"card": "identifier", "system": "source", "source": "ignored"}
	e, err := explain(t, linker.Settings{Columns: meanings, Unique: []linker.Unique{{Of: "card"}}}, "t1", "t2", path)
	if err != nil || e.Together || len(e.WhyNot.Constraints) != 1 || !strings.Contains(e.WhyNot.Constraints[0], "card") {
		t.Errorf("unique: %+v, %v", e.WhyNot, err)
	}
	meanings["card"] = "ignored"
	e, err = explain(t, linker.Settings{Columns: meanings, Clean: []string{"CRM"}}, "t1", "t2", path)
	if err != nil || e.Together || len(e.WhyNot.Constraints) != 1 || !strings.Contains(e.WhyNot.Constraints[0], "nobody twice") {
		t.Errorf("clean: %+v, %v", e.WhyNot, err)
	}
	pairs, _ := listed(t, linker.Settings{Columns: meanings, Clean: []string{"CRM"}}, path)
	if !slices.ContainsFunc(pairs, func(p []string) bool { return p[0] == "t1" && p[1] == "t2" && p[4] == "apart" }) {
		t.Error("the pair is not listed as apart")
	}
	e, err = explain(t, linker.Settings{Columns: meanings}, "t1", "t2", path)
	if err != nil || !e.Together || e.Weakest == nil || e.A.Cluster != e.B.Cluster || e.A.Records < 2 {
		t.Errorf("without a rule: %+v, %v", e, err)
	}
}

// Rules about several columns, and sources linked one to one, come from the settings and are named, too.
func TestLongRulesHoldAndAreNamed(t *testing.T) {
	header, lines := records(t, 1500)
	person := func(id, source, number, school, status string) string {
		var cells []string
		for name := range strings.SplitSeq(strings.TrimSpace(header), ",") {
			cells = append(cells, map[string]string{"record_id": id, "source": source, "given_names": "Aino Maria", "family_name": "Esimerkki",
				"birth_date": "1990-02-03", "phone": "+358400001234", "email": "aino.esimerkki@mail.example"}[name])
		}
		return strings.Join(append(cells, number, school, status), ",") + "\n"
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i]) + ",,,\n"
	}
	src := strings.TrimSpace(header) + ",card,school,state\n" + strings.Join(lines, "") + person("t1", "dynamics365", "k1", "North", "active") +
		person("t2", "student-register", "k2", "North", "active") + person("t3", "student-register", "k3", "South", "active") + person("t4", "alumni-portal", "k4", "North", "old")
	path := write(t, "people.csv", src)
	for _, tt := range []struct {
		name, settings, a, b, why string
	}{
		{"two active cards", "unique: [{of: card, within: school, while: {state: [active, new]}}]", "t1", "t2", "two different values of card within one school while state is active or new, of which nobody has two"},
		{"of two schools", "unique: [{of: card, within: school, while: {state: active}}]", "t1", "t3", ""},
		{"an old card", "unique: [{of: card, within: school, while: {state: active}}]", "t1", "t4", ""},
		{"in two sources", "unique: [{of: card, within: source}]", "t1", "t4", ""},
		{"in one source", "unique: [{of: card, within: source}]", "t2", "t3", "two different values of card within one source"},
		{"one to one", "one-to-one: [[dynamics365, Student-Register]]", "t2", "t3", "Student-Register are linked one to one"},
	} {
		config := write(t, "resolve.yaml", "columns: {card: text, school: ignored, state: ignored}\n"+tt.settings+"\n")
		s, err := linker.ReadSettings(config)
		if err != nil {
			t.Fatal(err)
		}
		e, err := explain(t, s, tt.a, tt.b, path)
		if err != nil {
			t.Fatal(err)
		}
		if tt.why == "" {
			if !e.Together {
				t.Errorf("%s: apart: %+v", tt.name, e.WhyNot)
			}
		} else if e.Together || !strings.Contains(strings.Join(e.WhyNot.Constraints, "\n"), tt.why) {
			t.Errorf("%s: got %+v", tt.name, e.WhyNot)
		}
	}
	for settings, code := range map[string]string{
		"unique: [{of: card, within: campus}]": "UOMA-LNK-COLUMN", "one-to-one: [[dynamics365, moon]]": "UOMA-LNK-CLEAN",
		"unique: [{of: card}]": "UOMA-CFG-SCHEMA", "unique: [{of: card, while: {a: b, c: d}}]": "UOMA-CFG-SCHEMA", "one-to-one: [[crm]]": "UOMA-CFG-SCHEMA",
	} {
		s, err := linker.ReadSettings(write(t, "resolve.yaml", settings+"\n"))
		if err == nil {
			_, _, err = resolve(t, s, path)
		}
		if fault.Code(err) != code && !strings.Contains(fmt.Sprint(err), code) {
			t.Errorf("%s: got %v", settings, err)
		}
	}
}

func TestOnlyTwoRecordsThatAreThereAreExplained(t *testing.T) {
	path := write(t, "people.csv", "id,given_names,family_name,birth_date\ncanary1,Aino,Canary,1990-02-03\ncanary2,Onni,Canary,1985-07-01\n")
	for _, tt := range []struct{ a, b, code string }{{"canary1", "canary1", "UOMA-LNK-SAME"}, {"canary1", "canary3", "UOMA-LNK-RECORD"}} {
		_, err := explain(t, linker.Settings{Columns: map[string]string{"id": "record_id"}}, tt.a, tt.b, path)
		if fault.Code(err) != tt.code || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	}
}

// A model gives the clusters that it gave when it was learned, and does not fit other columns.
func TestAModelLinksAgainAsItDid(t *testing.T) {
	path := people(t)
	want, rep, err := resolve(t, linker.Settings{}, path)
	if err != nil {
		t.Fatal(err)
	}
	job, err := linker.Open([]string{path}, nil, linker.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := job.Run(t.Context(), linker.Outputs{Clusters: filepath.Join(dir, "c.csv"), Model: filepath.Join(dir, "m.json")}, linker.Tools{Now: time.Now, Progress: silent{}}); err != nil {
		t.Fatal(err)
	}
	m, err := linker.ReadModel(filepath.Join(dir, "m.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := resolve(t, linker.Settings{Model: m}, path)
	if err != nil || got != want || again.Model.Digest != rep.Model.Digest || !again.Model.Given || rep.Model.Given {
		t.Errorf("%s; %v", difference(got, want), err)
	}
	_, _, err = resolve(t, linker.Settings{Model: m, Columns: map[string]string{"phone": "ignored"}}, path)
	if fault.Code(err) != "UOMA-LNK-OTHER-MODEL" {
		t.Errorf("got %v", err)
	}
}

func TestDamagedModelsAreRefused(t *testing.T) {
	whole := `{"version":1,"records":9,"prior":0.1,"household":0.1,"twins":0.1,"namesakes":0.1,"passes":[],"found":1,` +
		`"features":[{"name":"sex","kind":"sex","levels":[{"name":"different","m":0.1,"u":0.5},{"name":"same","m":0.9,"u":0.5}]}]}`
	if _, err := linker.ReadModel(write(t, "m.json", whole)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"m":0.9`, `"m":0`}, {`"u":0.5`, `"u":-1`}, {`"prior":0.1`, `"prior":2`}, {`"kind":"sex"`, `"kind":"canary"`}, {`"version":1`, `"canary":1`},
		{`"features"`, `"sources":["a","b"],"features"`}, {`"passes":[]`, `"passes":[],"between":[{"a":"a","b":"a","prior":0.1,"m":[]}],"sources":["a"]`}, {`}]}]}`, ``},
		{`"passes":[]`, `"passes":[],"dependence":[{"a":"sex","b":"sex","lift":0,"error_bits":0.1,"pairs":20,"once":true}]`},
		{`"passes":[]`, `"passes":[],"dependence":[{"a":"sex","b":"sex","lift":2,"error_bits":-0.1,"pairs":20,"once":true}]`},
		{`"passes":[]`, `"passes":[],"dependence":[{"a":"sex","b":"sex","lift":2,"error_bits":0.1,"pairs":20,"one_person_lift":-1,"once":true}]`},
	} {
		_, err := linker.ReadModel(write(t, "m.json", strings.Replace(whole, change[0], change[1], 1)))
		if fault.Code(err) != "UOMA-LNK-MODEL" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", change[1], err)
		}
	}
}
