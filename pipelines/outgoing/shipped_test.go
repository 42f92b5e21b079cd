package outgoing

import (
	"archive/zip"
	"cmp"
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/target"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

var token = regexp.MustCompile(`\b[0-9a-hjkmnp-tv-z]{26}\b`)

// named gives keyed tokens, which are others in each workspace, numbers in their order.
func named(s string) string {
	seen := map[string]string{}
	return token.ReplaceAllStringFunc(s, func(x string) string {
		if seen[x] == "" {
			seen[x] = fmt.Sprintf("token-%d", len(seen)+1)
		}
		return seen[x]
	})
}

// goldenBytes is how much of a file is compared: the rest is more of the same.
const goldenBytes = 24 << 10

func compare(t *testing.T, name, got string) {
	t.Helper()
	if len(got) > goldenBytes {
		got = got[:strings.LastIndexByte(got[:goldenBytes], '\n')+1]
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is another: go test ./pipelines/outgoing -run TestShipped -update\n%s", name, got)
	}
}

// asked is a list of the survey office about two graduates of the committed exports, and two numbers that nobody has.
func asked(t *testing.T, r *rig, content string) {
	t.Helper()
	dir := r.ws.AskedPath("arvo-contacts")
	r.must(os.MkdirAll(dir, 0o700))
	r.must(os.WriteFile(filepath.Join(dir, "kohteet_20261121.csv"), []byte(content), 0o600))
}

const askedHeader = "id;opiskelijatunnus;sähköposti;puhelinnumero;asiointikieli\r\n"

// numbers gives student numbers of people whom a dry run without a list would send, for the list to ask for.
func numbers(t *testing.T, r *rig) []string {
	t.Helper()
	src, err := target.ShippedSource("arvo-contacts.yaml")
	r.must(err)
	open := strings.NewReplacer("asked: {", "# ", "{name: id, copy: true, required: true}", "{name: id, value: x}", "{name: opiskelijatunnus, copy: true", "{name: opiskelijatunnus, from: person.student_number").Replace(string(src))
	x, err := target.Parse("open.yaml", []byte(open))
	r.must(err)
	c, err := r.fileOf(x).choose(ctx, r.runOf("open", true))
	r.must(err)
	var out []string
	for _, rec := range c.records {
		out = append(out, rec.cells[1])
	}
	return out
}

// TestShippedTargets writes the file of every shipped target from the committed exports, and compares it.
func TestShippedTargets(t *testing.T) {
	t.Parallel()
	done := map[string]bool{}
	for _, of := range []string{"xamk", "ljmu", "nmbu"} {
		t.Run(of, func(t *testing.T) {
			r := newRig(t, databasetest.OnSQLite, of)
			files, err := workspace.TargetFiles(r.ws.Dir)
			r.must(err)
			for _, f := range files {
				if f.Target.Policy != of {
					continue
				}
				name := f.Target.Name
				done[name] = true
				if f.Target.Asked != nil {
					list, err := os.ReadFile("../../fixtures/demo/asked/arvo-contacts/kohteet_20261121.csv")
					r.must(err)
					asked(t, r, string(list))
				}
				content, sel, facts := r.sent(name)
				if facts.State != "closed" || facts.Status != "accepted" || sel.People == 0 || sel.People+sum(sel.Withheld) != sel.Eligible {
					t.Errorf("%s: %+v %+v", name, sel, facts)
				}
				r.disclosesEach(f.Target, facts.Delivery, sel)
				if name == "virta" {
					validXML(t, r, facts.File)
				}
				compare(t, name+"."+f.Target.Form.Type, named(content))
			}
		})
	}
	all, err := target.Shipped()
	all = slices.DeleteFunc(all, func(x *target.Target) bool { return x.InTable() || x.Orders != nil }) // these have a table, or a recorder, in their tests
	if err != nil || len(done) != len(all) || len(all) < 6 {
		t.Errorf("%d of %d targets were written, %v", len(done), len(all), err)
	}
}

// disclosesEach holds a delivery to its rows: each is written down as a disclosure to the target's recipient. Of numbers none is, as
// nobody stands in them.
func (r *rig) disclosesEach(x *target.Target, delivery string, sel SelectFacts) {
	r.t.Helper()
	all, err := survey.Disclosures(ctx, r.ws, nil)
	r.must(err)
	var want, got int64
	if !x.Counted() {
		want = sel.Rows
	}
	for _, d := range all {
		if d.Delivery != delivery {
			continue
		}
		if got++; d.Person == "" || d.Recipient != cmp.Or(x.Recipient, x.System) || d.Purpose != x.Purpose || d.Clause == "" || len(d.Columns) == 0 {
			r.t.Errorf("%s: %+v", x.Name, d)
		}
	}
	if got != want {
		r.t.Errorf("%s: %d of %d rows are written down as disclosures", x.Name, got, want)
	}
}

func sum(all []Withheld) (n int64) {
	for _, w := range all {
		n += w.N
	}
	return n
}

// validXML holds the file to a schema by libxml2's validator. The schema is written from the published structure of the store's
// elements, their order, number and codes; the national identity code is not in it, as it never goes.
func validXML(t *testing.T, r *rig, file string) {
	t.Helper()
	path := r.ws.Path(workspace.OutgoingDir, "virta", file)
	if out, err := exec.Command("xmllint", "--nonet", "--noout", "--schema", "testdata/virta.xsd", path).CombinedOutput(); err != nil {
		t.Errorf("xmllint (apt-get install libxml2-utils): %v\n%s", err, out)
	}
}

// enrolled is what the first term of the test below becomes.
var enrolled = regexp.MustCompile(strings.ReplaceAll(`<LukukausiIlmoittautuminen opiskelijaAvain="([^"]+)" opiskeluoikeusAvain="([^"]+)">~<Myontaja>10118</Myontaja>`+
	`~<Tila>1</Tila>~<IlmoittautumisPvm>2019-07-12</IlmoittautumisPvm>~<AlkuPvm>2019-08-01</AlkuPvm>~<LoppuPvm>2019-12-31</LoppuPvm>`, "~", `\s*`))

// A register that also exports term enrolments, by a feed that its layout gains, sends them inside the person, by the schema.
func TestTermEnrolmentsGoToTheNationalDataStore(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "small")
	src, err := layout.ShippedSource("student-register.yaml")
	r.must(err)
	r.must(os.WriteFile(r.ws.Path("layouts", "student-register.yaml"), append(src, `
- name: lukukaudet
  file: "lukukaudet_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  key: [oikeus, alku]
  person: [opiskelija]
  rows:
    enrolment: {set: {institution_code: "10118"}}
  columns:
  - {name: oikeus, required: true, to: enrolment.right_key}
  - {name: opiskelija, as: virta_avain, required: true}
  - {name: tila, pattern: "^[1-4]$", required: true, to: enrolment.state}
  - {name: ilmoittautui, as: date, to: enrolment.date}
  - {name: alku, as: date, required: true, to: enrolment.term_start}
  - {name: loppu, as: date, to: enrolment.term_end}
`...), 0o600))
	r.date++
	inbox := filepath.Join(r.ws.Settings.Inbox, "student-register")
	z, err := zip.OpenReader(filepath.Join(inbox, "opiskelijarekisteri_20261122.zip"))
	r.must(err)
	defer z.Close()
	rights, err := z.Open("opiskeluoikeudet.csv")
	r.must(err)
	rows := csv.NewReader(rights)
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord = ';', true, -1
	all, err := rows.ReadAll()
	r.must(err)
	terms := "oikeus;opiskelija;tila;ilmoittautui;alku;loppu\r\n"
	for _, right := range all[1:] {
		terms += fmt.Sprintf("%s;%s;1;2019-07-12;2019-08-01;2019-12-31\r\n%[1]s;%[2]s;2;;2020-01-01;\r\n", right[0], right[1]) // of the second nobody knows the day
	}
	r.must(os.WriteFile(filepath.Join(inbox, "lukukaudet_20261122.csv"), []byte(terms), 0o600))
	r.must(r.ws.Close())
	r.ws, err = workspace.Open(ctx, r.ws.Dir)
	r.must(err)
	r.night()
	content, sel, facts := r.sent("virta")
	validXML(t, r, facts.File)
	people := strings.Split(content, "<Opiskelija ")[1:]
	sent := 0
	for _, p := range people {
		key := regexp.MustCompile(`avain="([^"]+)"`).FindStringSubmatch(p)[1]
		for _, e := range enrolled.FindAllStringSubmatch(p, -1) {
			if sent++; e[1] != key || !strings.Contains(p, `<Opiskeluoikeus avain="`+e[2]+`"`) {
				t.Error("an enrolment stands in another person, or of a right that is not there")
			}
		}
	}
	if n := strings.Count(content, "<LukukausiIlmoittautuminen "); sent == 0 || n != sent || sel.People == 0 {
		t.Errorf("%d of %d enrolments of %d people", sent, n, sel.People)
	}
}

// gradesOf are the grades of the store by their scale.
var gradesOf = map[string][]string{"Viisiportainen": {"1", "2", "3", "4", "5", "HYV"}, "ToinenKotimainen": {"TT", "HT"}, "Hyvaksytty": {"HYV"},
	"Naytetyo": {"HYV", "KH"}, "Tutkielma": {"I", "A", "B", "N", "C", "M", "E", "L"}}

// TestGradesAreThoseOfTheirScale in the target, which leaves out a degree with another, and in the schema, which refuses it.
func TestGradesAreThoseOfTheirScale(t *testing.T) {
	t.Parallel()
	x, err := target.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	virta := x[slices.IndexFunc(x, func(x *target.Target) bool { return x.Name == "virta" })]
	degree := &virta.Inside[slices.IndexFunc(virta.Inside, func(b target.Block) bool { return b.Each == "degree" })]
	grades := []string{"0", "6", "hyv", "3.54", "Hyväksytty", "L "}
	for _, of := range gradesOf {
		grades = append(grades, of...)
	}
	slices.Sort(grades)
	grades = slices.Compact(grades)
	const no = "<EiKaytossa>Arvosana ei kaytossa</EiKaytossa>"
	whole := wholePeople(t)
	for scale, goes := range map[string]bool{"": true, "EiKaytossa": true, "Muu": false, "viisiportainen": false} {
		own := func(f target.Field, _ []string) target.Value {
			return target.Value{Text: map[string]string{"scale": scale}[f.Column] + map[bool]string{true: "1"}[f.Column != "scale"]}
		}
		if _, lacks := degree.Row(own, own, nil, strings.NewReplacer()); lacks != map[bool]string{false: "Arvosana"}[goes] {
			t.Errorf("a degree of scale %q lacks %q", scale, lacks)
		}
	}
	for scale, of := range gradesOf {
		at := slices.IndexFunc(degree.Columns, func(c target.Column) bool { return c.Name == "Arvosana/"+scale })
		for _, grade := range grades {
			want := slices.Contains(of, grade)
			own := func(f target.Field, _ []string) target.Value {
				switch f.Column {
				case "scale":
					return target.Value{Text: scale}
				case "grade":
					return target.Value{Text: grade}
				}
				return target.Value{Text: "1"} // that the rest is there
			}
			cells, lacks := degree.Row(own, own, nil, strings.NewReplacer())
			if (lacks == "") != want || at < 0 || want && cells[at].Text != grade {
				t.Errorf("the target lets %q of %s go: %q", grade, scale, lacks)
			}
			if err := validates(t, strings.Replace(whole, no, "<"+scale+">"+grade+"</"+scale+">", 1)); (err == nil) != want {
				t.Errorf("%q of %s in the schema: %v", grade, scale, err)
			}
		}
	}
}

// TestADegreeOfAnotherScaleIsHeldBack and counted with what it lacks: the store refuses a whole file for a degree without a grade.
func TestADegreeOfAnotherScaleIsHeldBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "small")
	_, err := r.ws.RegisterDB.Exec("UPDATE `degree` SET `scale` = 'Muu' WHERE `grade` = '3'")
	r.must(err)
	var other int64
	r.must(r.ws.RegisterDB.Get(&other, "SELECT COUNT(*) FROM `degree` WHERE `scale` = 'Muu'"))
	content, sel, facts := r.sent("virta")
	validXML(t, r, facts.File)
	want := map[string]int64{"Opintosuoritukset/Opintosuoritus/Arvosana": other}
	if other == 0 || !maps.Equal(sel.Lacking, want) || sel.RowsWithheld["incomplete"] != other {
		t.Errorf("of %d degrees of another scale: %v lacking, %v held back", other, sel.Lacking, sel.RowsWithheld)
	}
	if strings.Contains(content, "<Viisiportainen>3<") || !strings.Contains(content, "<Viisiportainen>4<") {
		t.Error("other degrees than those are held back")
	}
}

// wholePeople gives the golden file, which is the beginning of a long one, with its whole people.
func wholePeople(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("testdata/virta.xml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	return text[:strings.LastIndex(text, "</Opiskelija>\n")+len("</Opiskelija>\n")] + "</Virta>\n"
}

func validates(t *testing.T, document string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.xml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command("xmllint", "--nonet", "--noout", "--schema", "testdata/virta.xsd", file).Run()
}

// TestTheValidatorRefuses shows that the schema is held to.
func TestTheValidatorRefuses(t *testing.T) {
	t.Parallel()
	whole := wholePeople(t)
	for name, change := range map[string]struct{ old, new string }{
		"as it is":                {"", ""},
		"no key":                  {` avain="`, ` nyckel="`},
		"another order":           {"<Tyyppi>1</Tyyppi>", ""},
		"an unknown state":        {"<Koodi>3</Koodi>", "<Koodi>8</Koodi>"},
		"a day that is none":      {"<SuoritusPvm>2", "<SuoritusPvm>x2"},
		"an element of nobody":    {"<Sukunimi>", "<Henki>x</Henki><Sukunimi>"},
		"two grades":              {"</Arvosana>", "<Hyvaksytty>HYV</Hyvaksytty></Arvosana>"},
		"another namespace":       {"urn:mace:funet.fi:virta/2015/09/01", "urn:other"},
		"a right without a place": {"<Koulutuskunta>", "<Kunta>"},
		"a grade of none":         {"<EiKaytossa>Arvosana ei kaytossa</EiKaytossa>", "<Naytetyo>5</Naytetyo>"},
		"a type that is none":     {"<Tyyppi>1</Tyyppi>", "<Tyyppi>21</Tyyppi>"},
		"a sex that is none":      {"    <Opiskeluoikeudet>", "    <Sukupuoli>3</Sukupuoli><Opiskeluoikeudet>"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(whole, change.old) {
				t.Fatalf("no %s", change.old)
			}
			err := validates(t, strings.Replace(whole, change.old, change.new, 1))
			if (err == nil) != (change.old == "") {
				t.Errorf("%v", err)
			}
		})
	}
}
