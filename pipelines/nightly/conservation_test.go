package nightly_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/connectors/vault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
)

// TestEveryRowOfDamagedExportsIsAccountedFor holds invariant 1: whatever the exports look like, a system either stops with
// a code and nothing of it changes, or every row read is in exactly one place. The night after, with sound exports, ends
// as if the damaged one had not been.
func TestEveryRowOfDamagedExportsIsAccountedFor(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := loadedSite(t, on)
		sound := base.copy(t)
		sound.night(t, firstNight+2)
		want := sound.counts(t)
		// So that in every damaged night that has the systems a row is refused, one came before, and two are in conflict:
		withoutNumber(t, base.export(peppiFile, firstNight+1))
		twice(t, base.export(profileFile, firstNight+1))
		rapid.Check(t, func(rt *rapid.T) {
			s := base.copy(t)
			var landed nightly.LandFacts
			done := s.mangle(rt, t, firstNight+1)
			var before, after standing
			s.at(t, func(ws *workspace.Workspace) { before = standingOf(t, ws) })
			out, log, err := s.attempt(t, firstNight+1, false)
			if err != nil {
				rt.Fatalf("%v\n%v\n%s", done, err, log)
			}
			s.at(t, func(ws *workspace.Workspace) {
				after = standingOf(t, ws)
				a := audit{t: rt, ws: ws, run: out.Run, before: before, after: after, done: done}
				facts(t, out, "land", &a.landed)
				facts(t, out, "conform", &a.conformed)
				a.check()
			})
			if out, log, err = s.attempt(t, firstNight+2, false); err != nil {
				rt.Fatalf("%v\nthe sound night after failed: %v\n%s", done, err, log)
			}
			if facts(t, out, "land", &landed); landed.Failed > 0 {
				shrunk(rt, landed, done) // rows that only the damaged night had are gone again, and they were many
			} else if got := s.counts(t); got != want {
				rt.Errorf("%v\nthe sound night after ends otherwise:\n%s\n%s", done, got, want)
			}
		})
	})
}

// withoutNumber takes the number of the first student away, which is required.
func withoutNumber(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	first := &lines[linesOfHeader]
	*first = (*first)[bytes.IndexByte(*first, ';'):]
	write(t, path, bytes.Join(lines, nil))
}

// twice puts the first row at the end again, and the second one with another last value.
func twice(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	first, second := lines[linesOfHeader], bytes.TrimRight(lines[linesOfHeader+1], "\r\n")
	write(t, path, slices.Concat(text, first, second, []byte("X\r\n")))
}

// shrunk checks that nothing but the mass-change guard stopped a system.
func shrunk(t *rapid.T, landed nightly.LandFacts, done []string) {
	for _, f := range landed.Feeds {
		if f.Code != "" && f.Code != "UOMA-LND-SHRUNK" && f.Code != "UOMA-LND-SIBLING" {
			t.Errorf("%v\n%s of the sound night after stopped: %s %s", done, f.Feed, f.Code, f.Reason)
		}
	}
}

// standing is which source rows the stores hold, by feed and token.
type standing struct{ current, all, vault map[string]map[string]bool }

func standingOf(t testing.TB, ws *workspace.Workspace) standing {
	t.Helper()
	s := standing{
		current: sourceRows(t, &ws.Register.View, register.Current),
		all:     sourceRows(t, &ws.Register.View, register.All),
		vault:   map[string]map[string]bool{},
	}
	for e, err := range ws.Vault.Open(context.Background(), nil, vault.Groups(0)) {
		if err != nil {
			t.Fatal(err)
		}
		if s.vault[e.Source] == nil {
			s.vault[e.Source] = map[string]bool{}
		}
		s.vault[e.Source][e.SourceKey] = true
	}
	return s
}

// audit compares what a night says it did with what the stores hold.
type audit struct {
	t             *rapid.T
	ws            *workspace.Workspace
	run           string
	before, after standing
	landed        nightly.LandFacts
	conformed     nightly.ConformFacts
	done          []string
}

func (a *audit) check() {
	list, err := ledger.Accounts(context.Background(), a.ws.RegisterDB, a.run)
	if err != nil {
		a.t.Fatal(err)
	}
	accounts := map[string]ledger.Account{}
	for _, x := range list {
		accounts[x.Feed] = x
	}
	rows := map[string]nightly.FeedRows{}
	for _, x := range a.conformed.Feeds {
		rows[x.Feed] = x
	}
	for _, f := range a.landed.Feeds {
		account, loaded := accounts[f.Feed]
		switch {
		case f.Code != "":
			if loaded {
				a.fail(f.Feed, "stopped, and has an account")
			}
			a.untouched(f.Feed)
		case !loaded:
			a.fail(f.Feed, "landed, and has no account")
		default:
			a.feed(f, rows[f.Feed], account)
		}
	}
}

func (a *audit) fail(feed, format string, args ...any) {
	a.t.Errorf("%s: %s\n%v", feed, fmt.Sprintf(format, args...), a.done)
}

// untouched checks that nothing of a stopped feed changed.
func (a *audit) untouched(feed string) {
	if !maps.Equal(a.before.current[feed], a.after.current[feed]) || !maps.Equal(a.before.all[feed], a.after.all[feed]) || !maps.Equal(a.before.vault[feed], a.after.vault[feed]) {
		a.fail(feed, "stopped, and yet changed")
	}
}

func (a *audit) feed(f nightly.FeedFacts, rows nightly.FeedRows, x ledger.Account) {
	if !x.Balanced() || x.RowsRead != f.Rows+f.Rejected {
		a.fail(f.Feed, "does not add up: %+v of %d+%d rows", x, f.Rows, f.Rejected)
	}
	if rows.Added+rows.Changed+rows.Merged > x.RowsRead {
		a.fail(f.Feed, "more changes than rows: %+v", rows)
	}
	a.quarantine(f.Feed, x)
	if merged, conflicts := a.repeated(f); rows.Merged != merged || x.Merged != merged || rows.Reasons["duplicate-key"] != conflicts {
		a.fail(f.Feed, "%d rows are in conflict and %d came before, of which the night says %+v", conflicts, merged, rows)
	}
	exported, distinct := a.exported(f)
	stored := maps.Clone(a.after.all[f.Feed])
	if stored == nil {
		stored = map[string]bool{}
	}
	maps.Copy(stored, a.after.vault[f.Feed])
	maps.DeleteFunc(stored, func(k string, _ bool) bool { return !exported[k] })
	// A quarantined row leaves what stood of it before, so the stores may hold more than what was loaded, never less.
	if n, least := int64(len(stored)), x.Loaded+x.Unchanged; n < least || n > least+x.Quarantined {
		a.fail(f.Feed, "the stores hold %d of the %d keys exported, %d loaded, %d unchanged, %d quarantined", n, distinct, x.Loaded, x.Unchanged, x.Quarantined)
	}
	for k := range a.after.current[f.Feed] {
		if !exported[k] {
			a.fail(f.Feed, "a row stands that is not exported")
			break
		}
	}
	lost := int64(0)
	for k := range a.before.all[f.Feed] {
		if !a.after.all[f.Feed][k] {
			lost++
		}
	}
	if lost > x.Withheld+x.Quarantined {
		a.fail(f.Feed, "%d rows of last night are in no place", lost)
	}
}

// quarantine checks that the ledger and the encrypted list hold as many rows as the account says.
func (a *audit) quarantine(feed string, x ledger.Account) {
	list, err := ledger.QuarantineOf(context.Background(), a.ws.RegisterDB, a.run, feed, 1<<20)
	if err != nil {
		a.t.Fatal(err)
	}
	if int64(len(list)) != x.Quarantined {
		a.fail(feed, "%d rows in the ledger's quarantine, %d in the account", len(list), x.Quarantined)
	}
	refs := map[string]bool{}
	n := 0
	for _, q := range list {
		if refs[q.Ref] {
			continue
		}
		refs[q.Ref] = true
		rows, err := nightly.ReadRejections(a.ws.Quarantine, q.Ref)
		if err != nil {
			a.t.Fatal(err)
		}
		n += len(rows)
	}
	if n != len(list) {
		a.fail(feed, "%d rows in the encrypted quarantine, %d in the ledger's", n, len(list))
	}
}

// repeated counts the rows of a feed's snapshot that are as one before them, and those whose key has other values elsewhere.
func (a *audit) repeated(f nightly.FeedFacts) (merged, conflicts int64) {
	of := map[string]map[snapshot.Hash]int64{}
	err := snapshot.Keys(a.ws.Snapshots, f.Digest, func(key []byte, hash snapshot.Hash) {
		if of[string(key)] == nil {
			of[string(key)] = map[snapshot.Hash]int64{}
		}
		of[string(key)][hash]++
	})
	if err != nil {
		a.t.Fatal(err)
	}
	delete(of, "") // a row without a key is refused for that
	for _, hashes := range of {
		for _, n := range hashes {
			if len(hashes) > 1 {
				conflicts += n
			} else {
				merged += n - 1
			}
		}
	}
	return merged, conflicts
}

// exported gives the tokens of the keys in a feed's snapshot.
func (a *audit) exported(f nightly.FeedFacts) (tokens map[string]bool, distinct int) {
	d := a.ws.SourceTokens()
	tokens = map[string]bool{}
	err := snapshot.Keys(a.ws.Snapshots, f.Digest, func(key []byte, _ snapshot.Hash) {
		tokens[protect.SourceKey(d, f.Feed, string(key))] = true
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return tokens, len(tokens)
}
