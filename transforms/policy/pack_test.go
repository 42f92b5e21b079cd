package policy

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the difference\n%s", path, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return "want " + w[i] + "\ngot  " + strings.Join(g[min(i, len(g)-1):min(i+1, len(g))], "")
		}
	}
	return "got more lines"
}

func xamk(t testing.TB) *Pack {
	t.Helper()
	src, ok := Shipped("xamk")
	if !ok {
		t.Fatal("no shipped pack")
	}
	p, err := Parse("xamk.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func day(t testing.TB, s string) canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestShipped(t *testing.T) {
	for _, id := range ShippedIDs() {
		src, _ := Shipped(id)
		p, err := Parse(id+".yaml", src)
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != id {
			t.Errorf("the file of pack %s holds pack %s", id, p.ID)
		}
	}
	if _, ok := Shipped("nobody"); ok {
		t.Error("a pack that is not there")
	}
}

func TestDescribe(t *testing.T) { golden(t, "describe.golden", xamk(t).Describe()) }

func TestThreat_T27_DigestFollowsEveryByte(t *testing.T) {
	src, _ := Shipped("xamk")
	a := xamk(t)
	b, err := Parse("xamk.yaml", append(src, '\n'))
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest() == b.Digest() || a.Digest() != xamk(t).Digest() || a.Digest() != fmt.Sprintf("sha256:%x", sha256.Sum256(src)) {
		t.Errorf("digests %s and %s", a.Digest(), b.Digest())
	}
}

// TestATextStaysWhatPeopleAgreedTo has a later version of a pack say that the same version of a text was another one.
func TestATextStaysWhatPeopleAgreedTo(t *testing.T) {
	version := func(id, from, to string, texts ...ConsentText) *Pack {
		return &Pack{ID: id, Version: from, compiled: compiled{from: day(t, from), to: day(t, to)}, Consents: []ConsentFor{{Purpose: "career_survey", Texts: texts}}}
	}
	text := func(version, digest string) ConsentText { return ConsentText{Version: version, SHA256: digest} }
	older := version("xamk", "2024-01-01", "2024-12-31", text("v1", "aa"))
	for _, tt := range []struct {
		later *Pack
		code  string
	}{
		{version("xamk", "2025-01-01", "2030-01-01", text("v1", "aa"), text("v2", "bb")), ""},
		{version("xamk", "2025-01-01", "2030-01-01", text("v2", "bb")), ""},
		{version("seamk", "2025-01-01", "2030-01-01", text("v1", "bb")), ""},
		{version("xamk", "2025-01-01", "2030-01-01", text("v2", "bb"), text("v1", "bb")), "UOMA-POL-TEXT"},
	} {
		if _, err := Collect(tt.later, older); fault.Code(err) != tt.code {
			t.Errorf("%v: %v, want %q", tt.later.Consents[0].Texts, err, tt.code)
		}
	}
}

func TestThreat_T27_VersionsMustNotOverlap(t *testing.T) {
	version := func(from, to string) *Pack {
		src, _ := Shipped("xamk")
		p, err := Parse("x.yaml", []byte(strings.Replace(string(src), "{from: 2022-12-08}", "{from: "+from+to+"}", 1)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	older, newer := version("2022-12-08", ", to: 2024-12-31"), version("2025-01-01", "")
	shelf, err := Collect(newer, older)
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]*Pack{"2024-12-31": older, "2025-01-01": newer, "2022-12-07": nil} {
		if got, ok := shelf.InForce("xamk", day(t, date)); got != want || ok != (want != nil) {
			t.Errorf("on %s another pack is in force", date)
		}
	}
	if _, err := Collect(older, version("2024-12-31", "")); fault.Code(err) != "UOMA-POL-OVERLAP" {
		t.Errorf("one day in common: %v", err)
	}
	if _, err := Collect(newer, version("2030-01-01", "")); fault.Code(err) != "UOMA-POL-OVERLAP" {
		t.Errorf("open end before another: %v", err)
	}
}

func TestParseFindings(t *testing.T) {
	shipped, _ := Shipped("xamk")
	tests := []struct{ name, old, new, want string }{
		{"unknown basis", "id: contract, basis: contract", "id: contract, basis: contrat", "UOMA-POL-REFERENCE"},
		{"unknown category", "categories: [contact, prospect], clause: [XAMK-23]", "categories: [contacts, prospect], clause: [XAMK-23]", "UOMA-POL-REFERENCE"},
		{"unknown purpose", "purpose: newsletter, channels", "purpose: newsletters, channels", "UOMA-POL-REFERENCE"},
		{"unknown hold", "holds: [contract, rdi]", "holds: [contract, rdx]", "UOMA-POL-REFERENCE"},
		{"no retention", "{category: staff, anchor", "{category: event, anchor", "UOMA-POL-RETENTION"},
		{"no clause", "period: P20Y, action: delete, clause: [XAMK-38]}", "period: P20Y, action: delete}", "missing property 'clause'"},
		{"not a clause", "clause: [XAMK-38]", "clause: [article 5]", "UOMA-CFG-SCHEMA"},
		{"no such day", "automatic: {from: 2020-01-31", "automatic: {from: 2020-02-31", "UOMA-POL-DATE"},
		{"ends before it begins", "effective: {from: 2022-12-08}", "effective: {from: 2022-12-08, to: 2022-12-07}", "UOMA-POL-DATE"},
		{"no such period", "period: P20Y", "period: P20", "UOMA-POL-DATE"},
		{"outside the EEA", "recipient: csc\n  country: FI", "recipient: csc\n  country: US", "UOMA-POL-COUNTRY"},
		{"no such column", "person.hetu, person.fnr]\n    use", "person.hetu, person.shoe]\n    use", "UOMA-POL-COLUMN"},
		{"column of another type", "column: kind, in: [home]", "column: kind, from: 2020-01-01", "UOMA-POL-COLUMN"},
		{"no such table", "tables: [project, org]", "tables: [project, orgs]", "UOMA-POL-COLUMN"},
		{"needed and not stored", "tables: [project, org]", "needs: [licence], tables: [project, org]", "UOMA-POL-COLUMN"},
		{"two categories for a table", "tables: [event]", "tables: [event, person]", "UOMA-POL-TWICE"},
		{"purpose said twice", "- {id: mentoring,", "- {id: newsletter,", "UOMA-POL-TWICE"},
		{"scope said twice", "- scope: survey", "- scope: marketing", "UOMA-POL-TWICE"},
		{"consent never asked", "- {id: marketing, basis", "- {id: marketing, needs_consent: true, basis", "UOMA-POL-CONSENT"},
		{"recipient beyond the purpose", "categories: [statistics]\n  transport", "categories: [staff]\n  transport", "UOMA-POL-REFERENCE"},
		{"not encrypted", "transport: encrypted", "transport: plain", "UOMA-CFG-SCHEMA"},
		{"misspelt key", "dpv: dpv:Marketing, ", "dvp: dpv:Marketing, ", "UOMA-CFG-SCHEMA"},
		{"a text with two digests", "{purpose: newsletter, ", `{purpose: newsletter, texts: [{version: "1", sha256: ` + strings.Repeat("a", 64) + `}, {version: "1", sha256: ` + strings.Repeat("b", 64) + "}], ", "UOMA-POL-TWICE"},
		{"the end of a duty, later", "told_by: [haka, ldap], period: P0D", "told_by: [haka, ldap], period: P30D", "UOMA-POL-DATE"},
		{"needed and kept out", "person.home_municipality, person.orcid]", "person.home_municipality, attribution.licence]", "UOMA-POL-COLUMN"},
	}
	in := func(old string) []byte { // the pack that has it
		for _, id := range []string{"metropolia_exam", "seamk"} {
			if src, _ := Shipped(id); bytes.Contains(src, []byte(old)) && !bytes.Contains(shipped, []byte(old)) {
				return src
			}
		}
		return shipped
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := in(tt.old)
			before, _, found := strings.Cut(string(src), tt.old)
			if !found {
				t.Fatal("the pack has no such text")
			}
			_, err := Parse("x.yaml", []byte(strings.Replace(string(src), tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v", err)
			}
			checkPlaces(t, err, strings.Count(before, "\n")+1)
		})
	}
}

// checkPlaces wants every finding to have a line, and one of them to stand near the line that was broken.
func checkPlaces(t *testing.T, err error, line int) {
	t.Helper()
	near := false
	for _, e := range err.(fault.List) {
		if e.Place.File != "x.yaml" || e.Place.Line == 0 || e.Place.Column == 0 {
			t.Errorf("a finding without its place: %v", e)
		}
		near = near || e.Place.Line >= line-3 && e.Place.Line <= line+5
	}
	// A missing entry is found at what misses it: the category that has no period stands elsewhere.
	if !near && fault.Code(err) != "UOMA-POL-RETENTION" && fault.Code(err) != "UOMA-POL-REFERENCE" {
		t.Errorf("no finding near line %d: %v", line, err)
	}
}

func TestParseFindsAllAtOnce(t *testing.T) {
	src, _ := Shipped("xamk")
	broken := strings.NewReplacer("P20Y", "P20", "from: 2020-01-31", "from: 2020-02-31", "country: FI", "country: US").Replace(string(src))
	_, err := Parse("x.yaml", []byte(broken))
	if list, ok := err.(fault.List); !ok || len(list) != 6 {
		t.Errorf("want six findings, got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	src, _ := Shipped("xamk")
	f.Add(src)
	f.Add([]byte("id: x\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Parse("f.yaml", src)
		if err == nil {
			p.Describe()
			p.Clauses()
			p.Decide(Query{Facts: &Facts{}, Category: "contact", Purpose: "marketing"})
		}
	})
}
