package linker

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/transforms/golden"
)

type quiet struct{}

func (quiet) Begin(string)              {}
func (quiet) Advance(int64, string)     {}
func (quiet) End(string, time.Duration) {}

// resolved runs a job over files by name and gives the two golden files.
func resolved(t *testing.T, files map[string]string, meanings map[string]string, rules, modified string) (records, provenance [][]string) {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for name, text := range files {
		paths = append(paths, filepath.Join(dir, name))
		must(t, os.WriteFile(paths[len(paths)-1], []byte(text), 0o600))
	}
	job, err := Open(paths, nil, Settings{Columns: meanings})
	must(t, err)
	parsed, err := golden.Parse("rules.yaml", []byte(rules))
	must(t, err)
	r := newRun(job, Tools{Now: time.Now, Progress: quiet{}})
	must(t, r.read(t.Context()))
	must(t, r.link(t.Context()))
	g := &Golden{Rules: parsed, Modified: modified, Records: filepath.Join(dir, "golden.csv"), Provenance: filepath.Join(dir, "golden.provenance.csv")}
	must(t, r.golden(t.Context(), g))
	return table(t, g.Records), table(t, g.Provenance)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	must(t, err)
	return all
}

const (
	crmFile = "id,first name,last name,born,mail,phone,changed\n" +
		"c1,Aino,Esimerkki,1990-01-01,aino@work.example,+358400000001,2026-11-01\n" +
		"c2,Veikko,Testaaja,1985-03-14,veikko@posti.example,,2026-11-01\n"
	portalFile = "id,first name,last name,born,mail,phone,changed\n" +
		"p1,Aino Maria,Esimerkki,1990-01-01,\"aino, the \"\"one\"\"@mail.example\",0400000001,2020-11-01\n" +
		"p2,Åsa,Näyte-Öhman,1996-02-29,asa@mail.example,+358400000003,2026-11-01\n"
	meaningRules = "golden: t\ntitle: T\nfields: [{of: [email], as: email, many: true}, {of: [phone], as: phone, many: true}, {of: [given_names, family_name], together: true}]\n"
)

func meanings() map[string]string {
	return map[string]string{"id": "record_id", "first name": "given_names", "last name": "family_name", "born": "birth_date", "mail": "email", "phone": "phone", "changed": "ignored"}
}

// oneCluster gives the row of the cluster with an id, as column to cell.
func oneCluster(t *testing.T, rows [][]string, id string) map[string]string {
	t.Helper()
	for _, row := range rows[1:] {
		if row[0] == id {
			out := map[string]string{}
			for i, name := range rows[0] {
				out[name] = row[i]
			}
			return out
		}
	}
	t.Fatalf("no cluster %s in %d rows", id, len(rows))
	return nil
}

func TestGoldenRecordsOfFiles(t *testing.T) {
	files := map[string]string{"crm.csv": crmFile, "portal.csv": portalFile}
	newest, provenance := resolved(t, files, meanings(), meaningRules, "Changed")
	if len(newest) != 4 {
		t.Fatalf("%d rows", len(newest))
	}
	aino := oneCluster(t, newest, "c1")
	if aino["given_names"] != "Aino" || aino["phone"] != "+358400000001" || aino["birth_date"] != "1990-01-01" {
		t.Errorf("the newer record wins: %v", aino)
	}
	preferred, _ := resolved(t, files, meanings(), strings.Replace(meaningRules, "title: T", "title: T\norder: [portal.csv]", 1), "")
	if got := oneCluster(t, preferred, "c1"); got["given_names"] != "Aino Maria" || got["email"] != "aino@work.example" {
		t.Errorf("the preferred file wins, but not by an invalid address: %v", got)
	}
	if strings.Join(provenance[0], ",") != "cluster_id,field,source,record_id,why" {
		t.Errorf("%v", provenance[0])
	}
	source := map[string]map[string]bool{} // of each value: the records that have it
	for _, text := range files {
		all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		for _, row := range all[1:] {
			for _, cell := range row {
				if source[cell] == nil {
					source[cell] = map[string]bool{}
				}
				source[cell][row[0]] = true
			}
		}
	}
	values := map[string][]string{} // of each cluster and field
	for _, row := range newest[1:] {
		for i, name := range newest[0][1:] {
			if row[i+1] != "" {
				values[row[0]+"/"+name] = strings.Split(row[i+1], setMark)
			}
		}
	}
	for _, p := range provenance[1:] {
		key := p[0] + "/" + p[1]
		if len(values[key]) == 0 || !source[values[key][0]][p[3]] || p[2] == "" || p[4] == "" {
			t.Errorf("%s: the record it names does not have the value", key)
			continue
		}
		values[key] = values[key][1:]
	}
	for key, rest := range values {
		if len(rest) > 0 {
			t.Errorf("%s: nothing says where the value comes from", key)
		}
	}
}

func TestGoldenNeedsWhatItIsTold(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "crm.csv")
	must(t, os.WriteFile(path, []byte(crmFile), 0o600))
	job, err := Open([]string{path}, nil, Settings{Columns: meanings()})
	must(t, err)
	r := newRun(job, Tools{Now: time.Now, Progress: quiet{}})
	must(t, r.read(t.Context()))
	if _, err := r.keep(t.Context(), &Golden{Modified: "nowhere"}); err == nil || !strings.Contains(err.Error(), "UOMA-LNK-MODIFIED") {
		t.Errorf("%v", err)
	}
	must(t, os.WriteFile(path, []byte(crmFile+"c3,Olli,Koe,2001-07-07,,,\n"), 0o600))
	if _, err := r.keep(t.Context(), &Golden{}); err == nil || !strings.Contains(err.Error(), "UOMA-LNK-CHANGED") {
		t.Errorf("%v", err)
	}
}
