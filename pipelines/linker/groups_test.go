package linker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/pipelines/linker"
)

// Small groups are told together, and what is no code is no group.
func TestGroupsShowWhoIsLinkedLess(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,given_names,family_name,birth_date,email,Äidinkieli,Citizenship\n")
	for i := range 200 {
		language := []string{"fi", "FI ", "sv", "canary@mail.example", ""}[i%5]
		if i < 10 {
			language = "so"
		}
		name := "Esimerkki" + string(rune('a'+i/2%26)) + string(rune('a'+i/2/26%26))
		fmt.Fprintf(&b, "%03d,Aino,%s,19%02d-02-%02d,a%d@mail.example,%s,\n", i, name, i/2%80, 1+i/2%28, i/2, language)
	}
	_, rep, err := resolve(t, linker.Settings{}, write(t, "people.csv", b.String()))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range rep.Groups {
		got = append(got, fmt.Sprintf("%s %s %d", g.Of, g.Group, g.Records))
		if g.Linked < 0 || g.Linked > 1 || g.Confidence < 0 || g.Confidence > 1 {
			t.Errorf("got %+v", g)
		}
	}
	if want := []string{"language fi 76", "language other 48", "language not told 38", "language sv 38"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPassesAndSourcesThatAreNotThereAreTold(t *testing.T) {
	path := write(t, "people.csv", "id,given_names,family_name,birth_date\n1,Aino,Esimerkki,1990-02-03\n2,Onni,Mallinen,1985-07-01\n")
	config := filepath.Join(t.TempDir(), "resolve.yaml")
	settings := func(text string) linker.Settings {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := linker.ReadSettings(config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	_, _, err := resolve(t, settings("passes:\n- [birth date]\n- [family name, shoe size]\n"), path)
	if fault.Code(err) != "UOMA-LNK-PART" || !strings.Contains(err.Error(), config+":3:") || !strings.Contains(err.Error(), "given name, family name") {
		t.Errorf("got %v", err)
	}
	_, _, err = resolve(t, settings("clean: [crm]\n"), path)
	if fault.Code(err) != "UOMA-LNK-CLEAN" {
		t.Errorf("got %v", err)
	}
	_, rep, err := resolve(t, settings("passes:\n- [birth date]\n- [family name, given initial]\nreview: -9\nthreshold: 4\n"), path)
	if err != nil || len(rep.Passes) != 2 || rep.Passes[1].Name != "family name + given initial" || rep.Review != -9 || rep.Threshold != 4 {
		t.Errorf("got %+v, %v", rep, err)
	}
}
