package nightly_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/resttest"
	"uoma/connectors/vault"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// candidate is a person in the three forms in which FS gives people.
type candidate struct{ lopenr, given, family, private, institution, mobile string }

func (c candidate) graphQL() resttest.Row {
	return resttest.Row{"id": "R" + c.lopenr, "status": "AKTIV", "startdato": "2024-08-15",
		"personProfil": resttest.Row{"personlopenummer": c.lopenr, "fodselsnummer": nil, "fodselsdato": nil, "kjonn": nil, "maalform": nil,
			"navn": resttest.Row{"fornavn": c.given, "etternavn": c.family}, "feideBruker": nil, "mobilTelefon": "+47" + c.mobile, "privatTelefon": nil,
			"privatEpost": c.private, "institusjonsepost": c.institution},
		"studieprogram": resttest.Row{"kode": "M-ECOL", "navnAlleSprak": resttest.Row{"nb": "Økologi, master"}}}
}

func (c candidate) rest() resttest.Row {
	n, err := strconv.Atoi(c.lopenr)
	if err != nil {
		panic(err) // the test wrote it
	}
	return resttest.Row{"personlopenummer": n, "fornavn": c.given, "etternavn": c.family, "bankkontonummer": 99999999999, "adresser": []resttest.Row{},
		"eposter":   []resttest.Row{{"type": "PRIVAT", "adresse": c.private}, {"type": "INSTITUSJON", "adresse": c.institution}},
		"telefoner": []resttest.Row{{"type": "ARB", "landnummer": "47", "nummer": "40000009"}, {"type": "MOBIL", "landnummer": "47", "nummer": c.mobile, "merknad": ""}}}
}

// line is in Windows-1252, as older extracts are.
func (c candidate) line(t *testing.T) string {
	t.Helper()
	text, err := charmap.Windows1252.NewEncoder().String(strings.Join([]string{c.lopenr, "", "", "", c.family, c.given, "", "", c.institution, c.private, "47", "", c.mobile, "", "", "", "", "N", ""}, ";"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// feedName is where a layout of one feed names it.
var feedName = regexp.MustCompile(`(?m)^- name: \w+$`)

// TestFSGivesTheSamePeopleInEachForm loads the same people from the files of FS, over GraphQL and over FS-API.
func TestFSGivesTheSamePeopleInEachForm(t *testing.T) {
	t.Parallel()
	var people []candidate
	for i := range 40 {
		people = append(people, candidate{strconv.Itoa(1_230_000 + i), "Kari", fmt.Sprintf("Prøveš%c%c", 'a'+i%26, 'a'+i/26), fmt.Sprintf("kari%d@post.example", i), fmt.Sprintf("s%d@nmbu.example", i), fmt.Sprintf("400000%02d", i)})
	}
	const person = "fs/fs_person_%s.csv"
	source := func(src []byte, err error) map[string]string {
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"fs": string(src)}
	}
	files := newTiny(t, databasetest.OnSQLite, "nmbu", source(layout.ShippedSource("fs.yaml")))
	files.feeds[person] = "personlopenr;fodselsdato;personnr;dato_fodt;etternavn;fornavn;kjonn;studentnr_tildelt;emailadresse;emailadresse_privat;telefonlandnr_mobil;telefonretnnr_mobil;telefonnr_mobil;adrlin1_hjemsted;postnr_hjemsted;adresseland_hjemsted;sprakkode_malform;status_dod;dato_sist_endret"
	files.feeds["fs/fs_studierett_%s.csv"] = "personlopenr;studieprogramkode;studieprognavn;studierettstatkode;arstall_kull;terminkode_kull"
	files.feeds["fs/fs_grad_%s.csv"] = "personlopenr;studieprogramkode;studieprognavn;gradkode;dato_oppnadd;ar_oppnaelse;studiepoeng"
	lines, graph, api := []string{}, &resttest.FS{}, &resttest.FSAPI{Throttle: resttest.Throttle{Left: 1}}
	for _, c := range people {
		lines, graph.Rights, api.Persons = append(lines, c.line(t)), append(graph.Rights, c.graphQL()), append(api.Persons, c.rest())
	}
	files.put(t, person, firstNight, lines...)
	files.put(t, "fs/fs_studierett_%s.csv", firstNight, people[0].lopenr+";M-ECOL;Okologi;AKTIV;2024;H\xd8ST")
	files.put(t, "fs/fs_grad_%s.csv", firstNight, people[0].lopenr+";M-ECOL;Okologi;MASTER;2024-06-15;2024;120")
	files.finish(t, firstNight, pipelines.Finished)
	want := files.people(t)
	if len(want) != len(people) {
		t.Fatalf("%d people of the files", len(want))
	}
	for name, tt := range map[string]struct {
		service  http.Handler
		template string
		feed     string // called otherwise than in the template
		want     []string
	}{
		"GraphQL":               {graph, "fs.yaml", "", want},
		"FS-API":                {api, "fs-api.yaml", "candidates", want},
		"all persons of FS-API": {api, "fs-api.yaml", "", nil}, // nobody is invited of whom it is not known that they took credits
	} {
		src, err := layout.TemplateSource(tt.template)
		if tt.feed != "" {
			src = feedName.ReplaceAll(src, []byte("- name: "+tt.feed))
		}
		over := newTiny(t, databasetest.OnSQLite, "nmbu", source(src, err))
		authority := tlstest.NewAuthority(t)
		addr := authority.Serve(t, tt.service)
		write(t, filepath.Join(over.dir, workspace.KeysDir, "web.crt"), authority.PEM)
		write(t, filepath.Join(over.dir, workspace.KeysDir, "fs"), []byte(resttest.Secret))
		settings := filepath.Join(over.dir, workspace.FileName)
		text, err := os.ReadFile(settings)
		if err != nil {
			t.Fatal(err)
		}
		write(t, settings, fmt.Appendf(text, "inboxes:\n  fs: {url: \"rest://%s@%s\", password: file:keys/fs, ca: keys/web.crt, networks: [127.0.0.0/8]}\n", resttest.ID, addr))
		if out, err := (network{site: over.site}).run(t, t.Context(), firstNight); err != nil || out.State != pipelines.Finished {
			t.Fatalf("%s: ended %q, %v: %v", name, out.State, err, codes(t, out))
		}
		if got := over.people(t); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d people, %.300q\nand of the files %d, %.300q", name, len(got), got, len(tt.want), tt.want)
		}
	}
}

// people gives what is known of each person, sorted, in the order of that.
func (s site) people(t *testing.T) (out []string) {
	t.Helper()
	known := map[string]map[string]bool{}
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			if known[e.Subject] == nil {
				known[e.Subject] = map[string]bool{}
			}
			for _, f := range slices.Concat(e.Names, e.Identifiers, e.Contacts) {
				if f.Table != "" { // else it is a row's key
					known[e.Subject][f.Table+"."+f.Column+"="+string(f.Value)] = true
				}
			}
		}
	})
	for _, facts := range known {
		out = append(out, strings.Join(slices.Sorted(maps.Keys(facts)), " "))
	}
	slices.Sort(out)
	return out
}
