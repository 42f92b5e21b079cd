package nightly_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

// subjects gives the subject of every record, by the record's token, and the record itself.
func (s site) subjects(t testing.TB) (of map[string]string, keys map[string]resolve.Key) {
	t.Helper()
	of = map[string]string{}
	s.at(t, func(ws *workspace.Workspace) {
		list, err := nightly.Recall(context.Background(), ws, "nightly")
		if err != nil {
			t.Fatal(err)
		}
		keys = nightly.RecordsByToken(ws, list.Members, nil)
		tokens := ws.SourceTokens()
		for _, m := range list.Members {
			k := m.RecordOf()
			of[protect.Record(tokens, k.System, k.PersonKey)] = m.Subject
		}
	})
	return of, keys
}

// linkedTo gives the persons of the register that each record is linked to.
func (s site) linkedTo(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	s.at(t, func(ws *workspace.Workspace) {
		for l, err := range ws.Register.Links(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			out[l.Record] = l.Person
		}
	})
	return out
}

// decide writes decisions of some pairs, made on the list of a run.
func (s site) decide(t testing.TB, run string, verdict clerical.Verdict, pairs ...clerical.Pair) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		var all []ledger.Decision
		for _, p := range pairs {
			all = append(all, ledger.Decision{A: p.A, B: p.B, Decision: string(verdict), DecidedBy: "tester", DecidedAt: 1, Reason: "source", Run: run})
		}
		err := ws.RegisterDB.Do(context.Background(), func(tx *sqlx.Tx) error { return ledger.AddDecisions(context.Background(), tx, all) })
		if err != nil {
			t.Fatal(err)
		}
	})
}

// pairsToDecide gives pairs of two records that are a cluster, and pairs of records that are clusters of their own. Both
// records of each have rows in the register.
func (s site) pairsToDecide(t testing.TB, n int) (joined, apart []clerical.Pair) {
	t.Helper()
	of, keys := s.subjects(t)
	links := s.linkedTo(t)
	inOrder := slices.SortedFunc(maps.Keys(of), func(a, b string) int { // of the records: tokens are others in every workspace
		return cmp.Or(cmp.Compare(keys[a].System, keys[b].System), cmp.Compare(keys[a].PersonKey, keys[b].PersonKey))
	})
	clusters, first := map[string][]string{}, []string{}
	for _, token := range inOrder {
		if links[token] == "" {
			of[token] += " without rows" // not to be picked
		}
		if clusters[of[token]] = append(clusters[of[token]], token); len(clusters[of[token]]) == 1 {
			first = append(first, of[token])
		}
	}
	var single string
	for _, subject := range first {
		switch c := clusters[subject]; {
		case links[c[0]] == "":
		case len(c) == 2 && len(joined) < n && keys[c[0]].System != keys[c[1]].System:
			joined = append(joined, clerical.NewPair(c[0], c[1]))
		case len(c) == 1 && single == "":
			single = c[0]
		case len(c) == 1 && len(apart) < n && keys[c[0]].System != keys[single].System:
			apart = append(apart, clerical.NewPair(single, c[0]))
			single = ""
		}
	}
	if len(joined) < n || len(apart) < n {
		t.Fatalf("the campus has only %d joined and %d single pairs", len(joined), len(apart))
	}
	return joined, apart
}

// hold proves that pairs are one person or two, in the resolver and in the register, as far as their records are there.
func (s site) hold(t testing.TB, same bool, pairs []clerical.Pair) {
	t.Helper()
	of, _ := s.subjects(t)
	links := s.linkedTo(t)
	there := 0
	for i, p := range pairs {
		a, b := of[p.A], of[p.B]
		if a == "" || b == "" {
			continue
		}
		there++
		if (a == b) != same {
			t.Errorf("pair %d: one person is %v in the resolver", i, a == b)
		}
		if x, y := links[p.A], links[p.B]; x != "" && y != "" && (x == y) != same {
			t.Errorf("pair %d: one person is %v in the register", i, x == y)
		}
	}
	if there == 0 {
		t.Error("no decided record is there any more")
	}
}

func TestADecisionHoldsOnEveryLaterNight(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		first := "nightly-" + firstNight.String()
		joined, apart := s.pairsToDecide(t, 3)
		s.decide(t, first, clerical.Different, joined...)
		s.decide(t, first, clerical.Same, apart...)
		want := []string{s.registerDigest(t)}
		for n := canon.Date(1); n <= 3; n++ {
			for _, stage := range []string{"conform", "resolve", "load"} {
				s.stopAfter(t, firstNight+n, stage)
			}
			s.night(t, firstNight+n)
			s.hold(t, false, joined)
			s.hold(t, true, apart)
			want = append(want, s.registerDigest(t))
		}
		got := s.replayed(t, firstNight, firstNight+3)
		if !slices.Equal(got, want) {
			t.Error("a backfill of the nights decides otherwise")
		}
		// What was parted becomes one again by a later decision, and what was joined two.
		third := "nightly-" + (firstNight + 3).String()
		s.decide(t, third, clerical.Unsure, joined...)
		s.decide(t, third, clerical.Unsure, apart...)
		s.night(t, firstNight+4)
		s.hold(t, true, joined)
		s.hold(t, false, apart)
	})
}

// TestAReplayOfLaterNightsKnowsDecisions replays from a night on which all records are new.
func TestAReplayOfLaterNightsKnowsDecisions(t *testing.T) {
	t.Parallel()
	s := loadedSite(t, databasetest.OnSQLite)
	joined, _ := s.pairsToDecide(t, 2)
	s.decide(t, "nightly-"+firstNight.String(), clerical.Different, joined...)
	s.night(t, firstNight+1)
	ws := s.open(t)
	scratch, err := workspace.OpenScratch(context.Background(), ws, "backfills/test")
	if err != nil {
		t.Fatal(err)
	}
	scratch.Close()
	s.replayed(t, firstNight+1, firstNight+1)
	if scratch, err = workspace.OpenScratch(context.Background(), ws, "backfills/test"); err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	persons := map[string]string{}
	for l, err := range scratch.Register.Links(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		persons[l.Record] = l.Person
	}
	for i, p := range joined {
		if a := persons[p.A]; a != "" && a == persons[p.B] {
			t.Errorf("pair %d is one person in the replay", i)
		}
	}
}

func TestErasureTakesDecisionsAway(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		ctx := context.Background()
		s := loadedSite(t, on)
		joined, apart := s.pairsToDecide(t, 1)
		first := "nightly-" + firstNight.String()
		s.decide(t, first, clerical.Unsure, joined...)
		s.decide(t, first, clerical.Different, joined...)
		s.decide(t, first, clerical.Same, apart...)
		s.night(t, firstNight+1)
		_, keys := s.subjects(t)
		erase := func(token string) {
			s.at(t, func(ws *workspace.Workspace) {
				r := newRun(firstNight + 9)
				pack, layouts := documents(t, ws, r.Date)
				j := ws.NewJournal("test", "", pack.Digest())
				held, err := j.Hold(ctx, r)
				if err != nil {
					t.Fatal(err)
				}
				defer j.Free(ctx)
				n := nightly.New(ws, layouts, pack, nil, j.Check)
				defer n.Close()
				if _, err := n.Erase(held, r, "nightly", keys[token].System, keys[token].PersonKey, "XAMK-39"); err != nil {
					t.Fatal(err)
				}
			})
		}
		erase(joined[0].A)
		erase(apart[0].A)
		s.at(t, func(ws *workspace.Workspace) {
			left, err := ledger.Decisions(ctx, ws.RegisterDB)
			if err != nil {
				t.Fatal(err)
			}
			want := ledger.Decision{Number: left[0].Number, A: joined[0].A, B: joined[0].B, Decision: "different", DecidedBy: "erasure", Run: first}
			if len(left) != 1 || left[0] != want {
				t.Errorf("left: %+v", left)
			}
		})
		s.night(t, firstNight+2)
		links := s.linkedTo(t)
		if links[joined[0].A] != "" || links[apart[0].A] != "" || links[apart[0].B] != "" {
			t.Error("an erased person has rows")
		}
		if links[joined[0].B] == "" {
			t.Error("somebody else was taken for the erased person")
		}
	})
}
