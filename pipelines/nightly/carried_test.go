package nightly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestWhatIsCarriedOverIsWhatWouldBeDecidedAnew runs the same damaged nights three times: carrying over what did not
// change; under another configuration every night, so that every row is conformed anew; and with every withheld row
// decided anew. The counts of all columns and what is known of memberships are those of the second, register and vault
// those of the third.
func TestWhatIsCarriedOverIsWhatWouldBeDecidedAnew(t *testing.T) {
	t.Parallel()
	const nights = 3
	stores := rapid.SampledFrom([]databasetest.Kind{databasetest.OnSQLite, databasetest.OnMariaDB})
	rapid.Check(t, func(rt *rapid.T) {
		carried := loadedSite(t, stores.Draw(rt, "store"))
		for n := range canon.Date(nights - 1) {
			rt.Log(carried.mangle(rt, t, firstNight+n+1))
		}
		conformed, decided := carried.copy(t), carried.copy(t)
		for n := canon.Date(1); n <= nights; n++ {
			conformed.settings(t, fmt.Sprintf("# configuration %d\n", n))
			decided.forgetWhatWaits(t)
			same := func(what string, a, b map[string]string) {
				for _, d := range differences(a, b) {
					rt.Errorf("night %d: %s %s: %v and not %v", n, what, d, linesOnlyIn(a[d], b[d]), linesOnlyIn(b[d], a[d]))
				}
			}
			got := carried.attempted(rt, t, firstNight+n)
			same("counts", counted(t, got), counted(t, conformed.attempted(rt, t, firstNight+n)))
			same("memberships", carried.told(t), conformed.told(t))
			same("people", governed(t, got), governed(t, decided.attempted(rt, t, firstNight+n)))
			same("register", lasting(t, carried), lasting(t, decided))
			if carried.identity(t) != decided.identity(t) {
				rt.Errorf("night %d: the vault differs", n)
			}
		}
	})
}

func (s site) attempted(rt *rapid.T, t testing.TB, date canon.Date) pipelines.Outcome {
	out, log, err := s.attempt(t, date, false)
	if err != nil {
		rt.Fatalf("%v\n%s", err, log)
	}
	return out
}

// withheldRow is a row that was kept out, as nights remember it.
type withheldRow struct {
	Feed      string `parquet:"feed,dict"`
	Place     int32  `parquet:"place"`
	SourceKey string `parquet:"source_key"`
	Clause    string `parquet:"clause,dict"`
	Person    string `parquet:"person"`
	Standing  string `parquet:"standing,dict"`
	Groups    int64  `parquet:"groups,optional"`
}

// forgetWhatWaits makes the next night decide every withheld row anew.
func (s site) forgetWhatWaits(t testing.TB) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		ctx := context.Background()
		last, _, err := ledger.FindState(ctx, ws.RegisterDB, "nightly", "held")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := snapshot.ReadRows[withheldRow](ws.State, last.Digest)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i].Person = ""
		}
		next := last
		if next.Digest, err = snapshot.WriteRows(ws.State, rows); err != nil {
			t.Fatal(err)
		}
		if err := ledger.SetState(ctx, ws.RegisterDB, next, last.Digest); err != nil {
			t.Fatal(err)
		}
	})
}

// told gives what the last night remembers of memberships.
func (s site) told(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	s.at(t, func(ws *workspace.Workspace) {
		last, _, err := ledger.FindState(context.Background(), ws.RegisterDB, "nightly", "facts")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := snapshot.ReadRows[struct {
			Feed   string `parquet:"feed,dict"`
			Place  int32  `parquet:"place"`
			Person string `parquet:"person"`
			Kind   string `parquet:"kind,dict"`
			Code   string `parquet:"code,dict"`
			Day    int32  `parquet:"day"`
			From   int32  `parquet:"from,optional"`
		}](ws.State, last.Digest)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range rows {
			out[x.Feed] += fmt.Sprintln(x.Place, x.Person, x.Kind, x.Code, canon.Date(x.Day), canon.Date(x.From))
		}
	})
	for feed, text := range out {
		lines := slices.Sorted(strings.Lines(text))
		out[feed] = strings.Join(lines, "")
	}
	return out
}

// lasting gives the register's tables, without what tells of the runs themselves.
func lasting(t testing.TB, s site) map[string]string {
	t.Helper()
	all := s.tables(t)
	for name := range all {
		switch name {
		case "register.run", "register.stage", "register.account", "register.snapshot", "register.state", "register.quarantine":
			delete(all, name)
		}
		if len(name) < len("register.") || name[:len("register.")] != "register." {
			delete(all, name)
		}
	}
	return all
}

// linesOnlyIn gives the lines of a that b has not.
func linesOnlyIn(a, b string) (out []string) {
	there := map[string]bool{}
	for l := range strings.Lines(b) {
		there[l] = true
	}
	for l := range strings.Lines(a) {
		if !there[l] {
			out = append(out, l)
		}
	}
	return out
}

// counted gives what a night counted of the feeds' columns and tables.
func counted(t testing.TB, out pipelines.Outcome) map[string]string {
	var conformed nightly.ConformFacts
	facts(t, out, "conform", &conformed)
	text := map[string]string{}
	for _, f := range conformed.Feeds {
		f.Unchanged, f.Waiting, f.Changed = 0, 0, 0 // they say how it was found out
		for _, field := range f.Fields {
			text[f.Feed+"."+field.Name] = fmt.Sprintf("%+v", field)
		}
		f.Fields = nil
		text[f.Feed] = fmt.Sprintf("%+v", f)
	}
	return text
}

// governed gives what a night says of people, and what it did with the rows of every feed.
func governed(t testing.TB, out pipelines.Outcome) map[string]string {
	var people nightly.GovernFacts
	var load nightly.LoadFacts
	facts(t, out, "govern", &people)
	facts(t, out, "load", &load)
	text := map[string]string{"people": fmt.Sprintf("%+v", people)}
	for _, a := range load.Accounts {
		a.Loaded, a.Unchanged = a.Loaded+a.Unchanged, 0 // of a row that is kept in part they say how it was found out
		text[a.Feed] = fmt.Sprintf("%+v", a)
	}
	return text
}

// TestALateExportDoesNotHideWhatTheNightLoaded runs a night in part and again when the late export has come: the account is
// that of the night, with the rows that its first attempt loaded.
func TestALateExportDoesNotHideWhatTheNightLoaded(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		whole := loadedSite(t, on)
		late := whole.copy(t)
		want := accountsOf(t, whole.finish(t, firstNight+1, pipelines.Finished))
		bring := late.takeAway(t, peppiFile, firstNight+1)
		late.finish(t, firstNight+1, pipelines.Part)
		bring()
		got := accountsOf(t, late.finish(t, firstNight+1, pipelines.Finished))
		if got != want {
			t.Errorf("the night in two attempts gives\n%s\nand not\n%s", got, want)
		}
	})
}

// accountsOf gives what a night says it did with the rows of every feed.
func accountsOf(t *testing.T, out pipelines.Outcome) (text string) {
	t.Helper()
	var load nightly.LoadFacts
	var conformed nightly.ConformFacts
	facts(t, out, "load", &load)
	facts(t, out, "conform", &conformed)
	for _, a := range load.Accounts {
		text += fmt.Sprintf("%s: read %d, loaded %d, unchanged %d, withheld %d\n", a.Feed, a.Read, a.Loaded, a.Unchanged, a.Withheld)
	}
	var people nightly.ResolveFacts
	facts(t, out, "resolve", &people)
	text += fmt.Sprintf("register: %v, %v\nsubjects: %d created\n", load.Before, load.Tables, people.Created)
	for _, f := range conformed.Feeds {
		text += fmt.Sprintf("%s: before %d, added %d, changed %d, removed %d\n", f.Feed, f.Before, f.Added, f.Changed, f.Removed)
	}
	return text
}

// takeAway removes an export from the inbox and gives a function that brings it back.
func (s site) takeAway(t *testing.T, pattern string, date canon.Date) (bring func()) {
	t.Helper()
	away := filepath.Join(t.TempDir(), "late")
	if err := os.Rename(s.export(pattern, date), away); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(away, s.export(pattern, date)); err != nil {
			t.Fatal(err)
		}
	}
}
