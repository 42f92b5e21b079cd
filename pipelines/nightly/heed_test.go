package nightly_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// canaries are values of one person of canarySite, in stores, snapshots, quarantine and the resolver's memory.
var canaries = []string{"Stayer", "siri@mail.example", "Farm of canaries", "m1canary"}

// canarySite has loaded two nights of exports with canaries.
func canarySite(t *testing.T, on databasetest.Kind) tiny {
	s := miraSite(t, on)
	for n := range canon.Date(3) {
		s.put(t, "mira/alumni_%s.csv", firstNight+n,
			"m1canary;Stayer;Siri;siri@mail.example;2020-01-01T09:00:00Z;;Farm of canaries",
			"m2;Leaver;Lars;lars@mail.example;2020-01-01T09:00:00Z;;Mill",
			"m3;Other;Sara;sara@mail.example;2020-01-01T09:00:00Z;;Mill")
		s.put(t, "mira/words_%s.csv", firstNight+n, "m1canary;member_info;email;granted;2020-01-01T09:00:00Z",
			"m1canary;general_info;email;nonsense;2020-01-01T09:00:00Z", // quarantined
			"m2;member_info;email;withdrawn;2026-11-01T09:00:00Z")
	}
	s.finish(t, firstNight, pipelines.Finished)
	s.finish(t, firstNight+1, pipelines.Finished)
	return s
}

// restored erases the person of the canaries and puts the workspace of before back, with the book of erasures of now.
func (s tiny) restored(t *testing.T) (old tiny, tokens []string) {
	t.Helper()
	old = tiny{s.copy(t), s.feeds}
	s.at(t, func(ws *workspace.Workspace) {
		if out, err := s.eraseKey(ws, newRun(firstNight+1), "mira", "m1canary"); err != nil || out.Raw == 0 || out.Quarantined == 0 {
			t.Fatalf("%+v %v", out, err)
		}
		book, err := ws.Erasures()
		if err != nil {
			t.Fatal(err)
		}
		e := book.After(erasures.Head{})[0]
		tokens = append(e.Records, e.Person, e.Subject)
	})
	text, err := os.ReadFile(filepath.Join(s.dir, "erasures", "book.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(old.dir, "erasures"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(old.dir, "erasures", "book.jsonl"), text)
	return old, tokens
}

// openNight opens the workspace as the program does.
func (s site) openNight(t *testing.T) {
	t.Helper()
	ws, err := nightly.Open(context.Background(), s.dir, evening(firstNight+1))
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestThreat_T25_ARestoredWorkspaceHasNoByteOfTheErased puts a whole workspace back from before an erasure, opens it, and goes
// over every table and every file: of the values of the person none is left, of the tokens those that stay as proofs. The
// others are as they were, and the next night loads nothing of the person.
func TestThreat_T25_ARestoredWorkspaceHasNoByteOfTheErased(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := canarySite(t, on)
		for name, disturb := range map[string]func(t *testing.T, old tiny, tokens []string){
			"as it was": func(*testing.T, tiny, []string) {},
			"when the person was two": func(t *testing.T, old tiny, tokens []string) {
				old.withoutBook(t, func(ws *workspace.Workspace) { formerly(t, ws, tokens) })
			},
			"with decisions of reviewers": func(t *testing.T, old tiny, tokens []string) {
				old.withoutBook(t, func(ws *workspace.Workspace) {
					err := ws.RegisterDB.Do(context.Background(), func(tx *sqlx.Tx) error {
						return errors.Join(
							ledger.AddDecisions(context.Background(), tx, []ledger.Decision{{A: tokens[0], B: strings.Repeat("z", 26), Decision: "same", DecidedBy: "x", Run: "nightly-2026-11-22"}}),
							ledger.AddSample(context.Background(), tx, []ledger.Sampled{{Run: "nightly-2026-11-22", A: tokens[0], B: strings.Repeat("z", 26)}}))
					})
					if err != nil {
						t.Fatal(err)
					}
				})
			},
		} {
			s := tiny{base.copy(t), base.feeds}
			old, tokens := s.restored(t)
			disturb(t, old, tokens)
			others := old.others(t)
			if found := old.findQuietly(t, canaries); !strings.Contains(strings.Join(found, " "), "snapshots/") || !strings.Contains(strings.Join(found, " "), "state/") {
				t.Fatalf("before it is opened the person is in %q: the test says nothing", found)
			}
			old.openNight(t)
			if found := old.find(t, canaries); len(found) > 0 {
				t.Errorf("%s: after opening the person is in %q", name, found)
			}
			for _, place := range old.find(t, tokens) {
				if !slices.Contains([]string{"register.audit", "register.erased_record", "register.db", "register.db-wal", "vault.db", "vault.db-wal", "vault.subject", "erasures/book.jsonl"}, place) &&
					!strings.HasPrefix(place, "state/") { // ids that were given up
					t.Errorf("%s: tokens of the person are in %s", name, place)
				}
			}
			if got := old.others(t); got != others || others == "" {
				t.Errorf("%s: the others changed:\n%s\nnot\n%s", name, got, others)
			}
			old.openNight(t) // and once more, with nothing to do
			old.finish(t, firstNight+2, pipelines.Finished)
			old.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+2).String()) })
			for _, place := range old.find(t, canaries) { // the source goes on exporting
				if !strings.HasPrefix(place, "snapshots/") && !strings.HasPrefix(place, "quarantine/") {
					t.Errorf("%s: after the next night the person is in %s", name, place)
				}
			}
		}
	})
}

// others gives what the vault has of everybody but the person of the canaries.
func (s tiny) others(t *testing.T) string {
	t.Helper()
	var out []string
	s.withoutBook(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			if text := fmt.Sprint(e.Source, e.SourceKey, valuesOf(e)); !holds([]byte(text), canaries) {
				out = append(out, text)
			}
		}
	})
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// withoutBook opens the workspace as if nobody had been erased where the book was put into a workspace of before.
func (s tiny) withoutBook(t *testing.T, f func(ws *workspace.Workspace)) {
	t.Helper()
	book := filepath.Join(s.dir, "erasures", "book.jsonl")
	aside := filepath.Join(t.TempDir(), "book")
	heeded := false
	if err := os.Rename(book, aside); err != nil {
		t.Fatal(err)
	}
	ws, err := workspace.Open(context.Background(), s.dir)
	if err != nil { // it was heeded by now, and is not opened without the book
		heeded = true
	}
	if heeded {
		if err := os.Rename(aside, book); err != nil {
			t.Fatal(err)
		}
		s.at(t, f)
		return
	}
	f(ws)
	if err := errors.Join(ws.Close(), os.Remove(book)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Rename(aside, book); err != nil {
		t.Fatal(err)
	}
}

// findQuietly is find of a workspace that must not be opened with its book yet.
func (s tiny) findQuietly(t *testing.T, values []string) (found []string) {
	t.Helper()
	book := filepath.Join(s.dir, "erasures", "book.jsonl")
	aside := filepath.Join(t.TempDir(), "book")
	if err := os.Rename(book, aside); err != nil {
		t.Fatal(err)
	}
	found = s.find(t, values)
	if err := os.Rename(aside, book); err != nil {
		t.Fatal(err)
	}
	return found
}

// formerly makes one record of the erased person that of somebody else, as it was before the two were found to be one.
func formerly(t *testing.T, ws *workspace.Workspace, tokens []string) {
	t.Helper()
	ctx := context.Background()
	subject, person, record := tokens[len(tokens)-1], tokens[len(tokens)-2], tokens[0]
	former := strings.Repeat("f", 26)
	if err := ws.Vault.Move(ctx, "nightly-2026-11-21", []vault.Move{{Record: record, From: subject, To: former}}); err != nil {
		t.Fatal(err)
	}
	night, err := ws.Register.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer night.Rollback()
	links := []register.Link{{Record: record, Person: person, Since: "nightly-2026-11-21"}}
	if err := night.Unlink(ctx, links); err != nil {
		t.Fatal(err)
	}
	links[0].Person = workspace.PersonOf(ws.Persons(), former)
	if err := errors.Join(night.Link(ctx, links), night.Commit()); err != nil {
		t.Fatal(err)
	}
}

// TestHeedAsAChild is the child of TestThreat_T25_KilledWhileAnErasureIsRepeated, and nothing without it.
func TestHeedAsAChild(t *testing.T) {
	dir := os.Getenv("UOMA_TEST_HEED")
	if dir == "" {
		return
	}
	s := siteIn(dir, databasetest.OnSQLite) // whichever: the stores exist
	ws := s.open(t)
	_, layouts := documents(t, ws, firstNight)
	n := nightly.New(ws, layouts, nil, nil, func(context.Context, *sqlx.Tx) error {
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	t.Fatal("it was not killed", n.HeedErasures(context.Background(), newRun(firstNight+1)))
}

// TestThreat_T25_KilledWhileAnErasureIsRepeated kills a program (SIGKILL) that cleans a restored workspace, before its commit,
// when files are written anew already, and looks for the person when the next one has opened it.
func TestThreat_T25_KilledWhileAnErasureIsRepeated(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := canarySite(t, on)
		old, _ := s.restored(t)
		child := exec.Command(os.Args[0], "-test.run=^TestHeedAsAChild$", "-test.count=1")
		child.Env = append(os.Environ(), "UOMA_TEST_HEED="+filepath.Dir(old.dir))
		if out, err := child.CombinedOutput(); err == nil || child.ProcessState.ExitCode() != -1 {
			t.Fatalf("the child was not killed: %v\n%s", err, out)
		}
		old.openNight(t)
		if found := old.find(t, canaries); len(found) > 0 {
			t.Errorf("after opening the person is in %q", found)
		}
		want, got := s.kinds(t), old.kinds(t)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v files are left, not %v", got, want)
		}
	})
}

// kinds counts the files of a workspace that are written anew.
func (s site) kinds(t *testing.T) map[string]int {
	out := map[string]int{}
	for name := range files(t, s.dir, nil) {
		if folder, _, _ := strings.Cut(name, "/"); folder == "snapshots" || folder == "state" || folder == "quarantine" || folder == "work" {
			out[folder]++
		}
	}
	return out
}
