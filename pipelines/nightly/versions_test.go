package nightly_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

const internshipFile = "hatu/hatu_harjoittelut_%s0400.csv"

// internships is a site that reads HaTu by its shipped layout, with one student.
func internships(t *testing.T, on databasetest.Kind) tiny {
	t.Helper()
	text, err := layout.ShippedSource("hatu.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newTiny(t, on, "seamk", map[string]string{"hatu": string(text)})
	decidedSeamk(t, s)
	const students = "hatu/hatu_opiskelijat_%s0400.csv"
	s.feeds[students] = "Opiskelijanumero;Käyttäjätunnus;Sukunimi;Etunimi;Sähköposti;Puhelin;Ryhmä;Yksikkö;Koulutusala;Tutkinto-ohjelma;Tila;Päivitetty"
	s.feeds[internshipFile] = "Harjoittelu ID;Opiskelijanumero;Organisaatio;Alkaa;Päättyy;Tila;Päivitetty"
	for n := range canon.Date(20) {
		s.put(t, students, firstNight+n, "0012345;evarhai;Varhainen;Eino;eino.varhainen@seamk.example;;;;;;Läsnä;3.11.2026 4:05")
	}
	return s
}

// TestTheLatestOfAKeysRowsCounts runs nights over internships of which some stand there twice. The row that was updated last
// counts, wherever it stands; the others are counted as merged, and nothing is lost. Which is the latest is not guessed.
func TestTheLatestOfAKeysRowsCounts(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := internships(t, on)
		row := func(employer, updated string) string {
			return fmt.Sprintf("55012;0012345;%s;1.6.2017;31.8.2017;Hyväksytty;%s", employer, updated)
		}
		other := "55013;0012345;Kolmas Oy;1.6.2018;31.8.2018;Hyväksytty;1.9.2018 12:00"
		old, late := row("Eka Oy", "30.6.2017 12:00"), row("Toka Oy", "1.7.2017 9:00") // as texts they are the other way round
		night := func(n canon.Date, rows ...string) (string, string) {
			t.Helper()
			s.put(t, internshipFile, firstNight+n, append(rows, other)...)
			out := s.finish(t, firstNight+n, pipelines.Finished)
			var load nightly.LoadFacts
			facts(t, out, "load", &load)
			at := slices.IndexFunc(load.Accounts, func(a nightly.Account) bool { return a.Feed == "hatu/harjoittelut" })
			a := load.Accounts[at]
			if a.Read != int64(len(rows)+1) {
				t.Errorf("night %d: %d rows read", n, a.Read)
			}
			return strings.Join(s.cells(t, "internship", "employer"), ","), fmt.Sprintf("%d loaded %d unchanged %d merged %d quarantined", a.Loaded, a.Unchanged, a.Merged, a.Quarantined)
		}
		for n, tt := range []struct {
			name           string
			rows           []string
			stands, counts string
		}{
			{"the later one first", []string{late, old}, "Kolmas Oy,Toka Oy", "2 loaded 0 unchanged 1 merged 0 quarantined"},
			{"and last, the night after", []string{old, late}, "Kolmas Oy,Toka Oy", "0 loaded 2 unchanged 1 merged 0 quarantined"},
			{"three, two of them the same", []string{old, late, old}, "Kolmas Oy,Toka Oy", "0 loaded 2 unchanged 2 merged 0 quarantined"},
			{"the later one twice", []string{late, old, late}, "Kolmas Oy,Toka Oy", "0 loaded 2 unchanged 2 merged 0 quarantined"},
			{"the earlier one alone", []string{old}, "Eka Oy,Kolmas Oy", "1 loaded 1 unchanged 0 merged 0 quarantined"},
			{"two that are the latest", []string{late, old, row("Neljäs Oy", "1.7.2017 9:00")}, "Eka Oy,Kolmas Oy", "0 loaded 1 unchanged 0 merged 3 quarantined"},
			{"two that were the latest", []string{old, row("Neljäs Oy", "30.6.2017 12:00"), late}, "Kolmas Oy,Toka Oy", "1 loaded 1 unchanged 2 merged 0 quarantined"},
			{"the earlier one again", []string{old}, "Eka Oy,Kolmas Oy", "1 loaded 1 unchanged 0 merged 0 quarantined"},
			{"one that does not say when", []string{late, row("Neljäs Oy", "")}, "Eka Oy,Kolmas Oy", "0 loaded 1 unchanged 0 merged 2 quarantined"},
			{"one of which nobody can read when", []string{row("Neljäs Oy", "eilen"), late}, "Eka Oy,Kolmas Oy", "0 loaded 1 unchanged 0 merged 2 quarantined"},
			{"a later one that is refused", []string{late, strings.Replace(row("Neljäs Oy", "2.7.2017 9:00"), "Hyväksytty", "Kadonnut", 1)}, "Eka Oy,Kolmas Oy", "0 loaded 1 unchanged 1 merged 1 quarantined"},
			{"alone and without a time", []string{row("Toka Oy", "")}, "Kolmas Oy,Toka Oy", "1 loaded 1 unchanged 0 merged 0 quarantined"},
			{"both again", []string{old, late}, "Kolmas Oy,Toka Oy", "1 loaded 1 unchanged 1 merged 0 quarantined"},
		} {
			stands, counts := night(canon.Date(n), tt.rows...)
			if stands != tt.stands || counts != tt.counts {
				t.Errorf("%s: %s, %s\nnot %s, %s", tt.name, stands, counts, tt.stands, tt.counts)
			}
		}
		s.at(t, func(ws *workspace.Workspace) {
			known, err := ledger.Digests(t.Context(), ws.RegisterDB)
			files, gerr := filepath.Glob(filepath.Join(s.dir, workspace.SnapshotDir, "*", "*.age"))
			if err != nil || gerr != nil || len(files) != len(known) {
				t.Errorf("%d snapshots of %d in the ledger: %v %v", len(files), len(known), err, gerr)
			}
		})
	})
}

// TestTheLatestCountsFromTheDayOnThatTheLayoutSaysIt has rows that were in conflict, which the layout decides the night after.
// The snapshot of the first night stays what it was.
func TestTheLatestCountsFromTheDayOnThatTheLayoutSaysIt(t *testing.T) {
	s := internships(t, databasetest.OnSQLite)
	file := filepath.Join(s.dir, workspace.LayoutDir, "hatu.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, []byte(strings.ReplaceAll(string(text), "  latest: Päivitetty\n", "")))
	for n := range canon.Date(3) {
		s.put(t, internshipFile, firstNight+n, "1;0012345;Eka Oy;1.6.2017;;Sopimus;1.6.2017 12:00", "1;0012345;Toka Oy;1.6.2017;;Sopimus;1.7.2017 12:00")
	}
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "in conflict", s.cells(t, "internship", "employer"))
	write(t, file, text)
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "by the layout", s.cells(t, "internship", "employer"), "Toka Oy")
	s.at(t, func(ws *workspace.Workspace) {
		list, err := ledger.Snapshots(t.Context(), ws.RegisterDB, "hatu/harjoittelut", 10)
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		for _, x := range list {
			if !ws.Snapshots.Has(x.Digest, snapshot.Ext) {
				t.Errorf("the snapshot of %s is gone", x.LogicalDate)
			}
		}
	})
	var landed nightly.LandFacts
	facts(t, s.finish(t, firstNight+2, pipelines.Finished), "land", &landed)
	for _, f := range landed.Feeds {
		if f.Feed == "hatu/harjoittelut" && (f.Rows != 1 || f.Outdated != 1) {
			t.Errorf("%d rows in the snapshot, %d outdated", f.Rows, f.Outdated)
		}
	}
	same(t, "the night after", s.cells(t, "internship", "employer"), "Toka Oy")
}

// TestVersionsThatAreTakenOutAreNoLoss: the guard counts keys where the latest of their rows counts, on the night on that the layout
// begins to say it, and on later ones, when what goes is one.
func TestVersionsThatAreTakenOutAreNoLoss(t *testing.T) {
	s := internships(t, databasetest.OnSQLite)
	file := filepath.Join(s.dir, workspace.LayoutDir, "hatu.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, []byte(strings.ReplaceAll(string(text), "  latest: Päivitetty\n", "")))
	version := func(key, month int) string {
		return fmt.Sprintf("%d;0012345;Eka Oy;1.6.2017;;Sopimus;1.%d.2017 12:00", key, month)
	}
	var all, few []string
	for key := range 10 {
		for month := range 3 {
			all = append(all, version(key+1, month+1))
		}
		if key < 7 {
			few = append(few, version(key+1, 1), version(key+1, 2), version(key+1, 3))
		}
	}
	for n, rows := range [][]string{all, all, all, few} {
		s.put(t, internshipFile, firstNight+canon.Date(n), rows...)
	}
	landed := func(n canon.Date, state pipelines.State) nightly.FeedFacts {
		t.Helper()
		var landed nightly.LandFacts
		facts(t, s.finish(t, firstNight+n, state), "land", &landed)
		return landed.Feeds[slices.IndexFunc(landed.Feeds, func(f nightly.FeedFacts) bool { return f.Feed == "hatu/harjoittelut" })]
	}
	landed(0, pipelines.Finished)
	write(t, file, text)
	for n := range canon.Date(2) {
		if f := landed(1+n, pipelines.Finished); f.Code != "" || f.Rows != 10 || f.Outdated != 20 {
			t.Errorf("night %d: %q, %d rows, %d outdated", 1+n, f.Code, f.Rows, f.Outdated)
		}
	}
	if f := landed(3, pipelines.Part); f.Code != "UOMA-LND-SHRUNK" { // 21 rows came, of 7 keys
		t.Errorf("three of ten are gone: %q", f.Code)
	}
}
