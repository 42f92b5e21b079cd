package workspace_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// codes are the institutions of the shipped packs.
var codes = map[string]string{"10118": "xamk", "02472": "seamk", "0192": "nmbu", "10003957": "ljmu", "10065": "metropolia_exam"}

// words checks a workspace that reads some systems under a shipped pack, all of whose periods are set, and gives what is said of words
// that the pack does not know. A system's own layout may be there.
func words(t *testing.T, institution string, systems []string, own map[string]string, amend ...string) (found []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, nil))
	id := codes[institution]
	pack, ok := policy.Shipped(id)
	if !ok {
		t.Fatalf("no pack of %q", institution)
	}
	text := strings.NewReplacer(append(amend, "undecided: true", "anchor: source_removed, period: P2Y, action: delete")...).Replace(string(pack))
	write(t, dir+"/policies/"+id+".yaml", text)
	write(t, dir+"/uoma.yaml", "institution: \""+institution+"\"\npolicy: "+id+"\nsender: {id: tiny}\nsystems: ["+strings.Join(systems, ", ")+"]\n")
	for system, src := range own {
		write(t, dir+"/layouts/"+system+".yaml", src)
	}
	for _, f := range check(t, dir, workspace.CheckOptions{}) {
		switch {
		case f.Code == "UOMA-CHK-SCOPE" || f.Code == "UOMA-CHK-UNHEARD":
			if f.Severity != workspace.Warning {
				t.Errorf("%+v", f)
			}
			found = append(found, strings.TrimPrefix(f.Code, "UOMA-CHK-")+" "+f.Place.File+" "+f.Place.Field)
		case strings.HasPrefix(f.Code, "UOMA-LAY-") || strings.HasPrefix(f.Code, "UOMA-POL-") || strings.HasPrefix(f.Code, "UOMA-WSP-"):
			t.Errorf("%+v", f)
		}
	}
	return found
}

// TestEveryPackKnowsWhatItsSystemsSay checks what each institution of the demo reads: an objection of an unknown scope stops every
// use, and what is taken back of an unknown purpose stops none.
func TestEveryPackKnowsWhatItsSystemsSay(t *testing.T) {
	checked := 0
	for institution, id := range codes {
		out := t.TempDir()
		date, err := canon.ParseDate("2026-11-21")
		must(t, err)
		root, err := os.OpenRoot(out)
		must(t, err)
		_, err = campus.Generate(t.Context(), campus.Options{Institution: id, People: 30, Seed: 1, Date: date, Out: root})
		must(t, err)
		must(t, root.Close())
		inbox, err := os.ReadDir(out + "/inbox")
		must(t, err)
		var systems []string
		for _, e := range inbox {
			systems = append(systems, e.Name())
		}
		if found := words(t, institution, systems, nil); len(systems) == 0 || found != nil {
			t.Errorf("%s: %q", id, found)
		}
		checked++
	}
	if checked != len(campus.Institutions()) {
		t.Errorf("%d of %d institutions", checked, len(campus.Institutions()))
	}
}

// TestEveryPackKnowsWhatTemplatesSay checks each layout that is for copying under the pack of whose it is.
func TestEveryPackKnowsWhatTemplatesSay(t *testing.T) {
	for _, name := range layout.Templates() {
		src, err := layout.TemplateSource(name)
		must(t, err)
		l, err := layout.Parse(name, src)
		must(t, err)
		if found := words(t, l.Controller, []string{l.System}, map[string]string{l.System: string(src)}); found != nil {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// TestCheckFindsWordsThatNobodyHeeds takes out of a pack what LJMU Connect says.
func TestCheckFindsWordsThatNobodyHeeds(t *testing.T) {
	source, err := layout.ShippedSource("graduway.yaml")
	must(t, err)
	both := func(code, what string) []string {
		return []string{code + " graduway/users " + what, code + " graduway/newcomers " + what}
	}
	for _, tt := range []struct {
		amend []string // the pack
		open  bool     // the layout does not say what the newsletter is
		found []string
	}{
		{[]string{"scope: disclosure", "scope: else"}, false, both("SCOPE", "objection.disclosure")},
		{[]string{"purpose: news, channels: [email, sms, phone, post]", "purpose: news, channels: [post]"}, false, both("UNHEARD", "consent.news.email")},
		{[]string{"purpose: news, channels", "purpose: benefits, channels"}, false, both("UNHEARD", "consent.news.email")},
		{[]string{"purpose: news, channels", "purpose: benefits, channels"}, true, nil},
		{[]string{"scope: disclosure", "scope: else", "sources: [raisers-edge, graduway, webforms]", "sources: [raisers-edge, webforms]"}, false, nil}, // none come in
	} {
		own := map[string]string{}
		if tt.open {
			own["graduway"] = strings.ReplaceAll(string(source), "{purpose: news, ", "{")
		}
		if found := words(t, "10003957", []string{"graduway"}, own, tt.amend...); !slices.Equal(found, tt.found) {
			t.Errorf("%q: %q, not %q", tt.amend, found, tt.found)
		}
	}
}
