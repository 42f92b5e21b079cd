package nightly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// TestThreat_T25_RestoredBackupBringsNobodyBack erases somebody, puts the stores of a night before back, whole and in part,
// and looks for the person at once and after the next night.
func TestThreat_T25_RestoredBackupBringsNobodyBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		backup := loadedSite(t, on)
		for name, parts := range map[string][]string{
			"everything":   {"register", "vault"},
			"the register": {"register"},
			"the vault":    {"vault"},
		} {
			s := backup.copy(t)
			v := s.victim(t)
			s.erase(t, firstNight, v)
			s.gone(t, v, "the erasure")
			// The backup goes back into place, or, which is the same, the book of now goes to the backup.
			old := backup.copy(t)
			book := filepath.Join("erasures", "book.jsonl")
			text, err := os.ReadFile(filepath.Join(s.dir, book))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(old.dir, "erasures"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(old.dir, book), text)
			for _, store := range []string{"register", "vault"} {
				if !strings.Contains(fmt.Sprint(parts), store) {
					workspacetest.Swap(t, s.dir, old.dir, store)
				}
			}
			old.gone(t, v, "restoring "+name)
			if len(parts) == 2 || parts[0] == "register" {
				old.night(t, firstNight+1)
				old.gone(t, v, "the night after restoring "+name)
			}
		}
	})
}

// TestThreat_T25_NoStoreWithoutItsBook opens stores without the book of erasures that they have heeded, with an older one,
// and with another.
func TestThreat_T25_NoStoreWithoutItsBook(t *testing.T) {
	s := loadedSite(t, databasetest.OnSQLite)
	v := s.victim(t)
	s.erase(t, firstNight, v)
	path := filepath.Join(s.dir, "erasures", "book.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		book string
		code string
	}{
		"none":    {"", "UOMA-ERA-MISSING"},
		"older":   {" ", "UOMA-ERA-OLDER"},
		"changed": {strings.Replace(string(whole), erasureClause, "XAMK-99", 1), "UOMA-ERA-BOOK"},
		"its own": {string(whole), ""},
	} {
		if tt.book == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, path, []byte(strings.TrimPrefix(tt.book, " ")))
		}
		ws, err := workspace.Open(context.Background(), s.dir)
		if fault.Code(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
		if ws != nil {
			ws.Close()
		}
		write(t, path, whole)
	}
}

// TestThreat_T25_NoStoreAloneIsNewerThanItsBook opens a workspace of which one part alone has heeded an erasure: the register, the
// vault, or the files. Neither without the book, nor with the one of before, nor with the one of another erasure is it opened.
func TestThreat_T25_NoStoreAloneIsNewerThanItsBook(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		path := filepath.Join("erasures", "book.jsonl")
		other := s.copy(t)
		other.erase(t, firstNight+1, other.victim(t))
		books := map[string]string{"none": "", "of before": " ", "of another erasure": ""}
		text, err := os.ReadFile(filepath.Join(other.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		books["of another erasure"] = string(text)
		v := s.victim(t)
		s.erase(t, firstNight, v)
		own, err := os.ReadFile(filepath.Join(s.dir, path))
		if err != nil || string(own) == string(text) {
			t.Fatalf("two erasures of one book: %v", err)
		}
		back := map[string][2]string{ // how a part is set back to before the erasure
			"register": {workspacetest.Register, "DELETE FROM `erasure_head` WHERE `id` = 1"},
			"files":    {workspacetest.Register, "DELETE FROM `erasure_head` WHERE `id` = 2"},
			"vault":    {workspacetest.Vault, "DELETE FROM `vault_erasure_head`"},
		}
		for newer := range back {
			c := s.copy(t)
			for part, undo := range back {
				if part != newer {
					workspacetest.Exec(t, c.dir, undo[0], undo[1])
				}
			}
			for name, text := range books {
				code := "UOMA-ERA-OLDER"
				if name == "none" && newer != "files" {
					code = "UOMA-ERA-MISSING"
				}
				write(t, filepath.Join(c.dir, path), []byte(strings.TrimPrefix(text, " ")))
				if name == "none" {
					if err := os.Remove(filepath.Join(c.dir, path)); err != nil {
						t.Fatal(err)
					}
				}
				ws, err := workspace.Open(context.Background(), c.dir)
				if fault.Code(err) != code {
					t.Errorf("the %s is newer than the book %s: %v", newer, name, err)
				}
				if ws != nil {
					ws.Close()
				}
			}
		}
	})
}

// TestThreat_T25_ThirtyNightsOfExports goes on exporting an erased person for thirty nights.
func TestThreat_T25_ThirtyNightsOfExports(t *testing.T) {
	s := miraSite(t, databasetest.OnSQLite)
	s.finish(t, firstNight, pipelines.Finished)
	s.at(t, func(ws *workspace.Workspace) {
		r := newRun(firstNight)
		if out, err := s.eraseKey(ws, r, "mira", "m1"); err != nil || out.Records == 0 {
			t.Fatalf("%+v %v", out, err)
		}
	})
	gone := func(when canon.Date) {
		t.Helper()
		for _, name := range s.names(t) {
			if name == "Stayer" {
				t.Errorf("%s: the person is back", when)
			}
		}
		for _, e := range s.cells(t, "employment", "employer") {
			if e == "Farm" {
				t.Errorf("%s: the person's data is back", when)
			}
		}
	}
	gone(firstNight)
	for n := canon.Date(1); n <= 30; n++ {
		if n > 3 {
			for _, f := range []string{"mira/events_%s.csv", "mira/words_%s.csv"} {
				b, err := os.ReadFile(s.export(f, firstNight))
				if err != nil {
					t.Fatal(err)
				}
				write(t, s.export(f, firstNight+n), b)
			}
			s.put(t, "mira/alumni_%s.csv", firstNight+n, fmt.Sprintf("m1;Stayer;Siri;siri@mail.example;2020-01-01T09:00:00Z;;Farm %d", n%3))
		}
		s.finish(t, firstNight+n, pipelines.Finished)
		if n%5 == 1 {
			gone(firstNight + n)
		}
	}
	gone(firstNight + 30)
}
