package nightly_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

// byHand gives what stands in the register's book of words by hand.
func (s site) byHand(t testing.TB) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		words, err := ws.Register.WordsByHand(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			out = append(out, fmt.Sprint(w))
		}
	})
	slices.Sort(out)
	return out
}

// TestThreat_T24_AWordSaidAfterABackupIsNotForgotten puts back a workspace of before somebody objected, with the book of now: the
// objection stands, once, whatever becomes of the backup, also where the program was killed before the register had it; of
// somebody who was erased since nothing stands.
func TestThreat_T24_AWordSaidAfterABackupIsNotForgotten(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		ctx := context.Background()
		s := loadedSite(t, on)
		v := s.victim(t)
		var other string
		s.at(t, func(ws *workspace.Workspace) {
			for l, err := range ws.Register.Links(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Person != v.person && !v.records[l.Record] {
					other = max(other, l.Person)
				}
			}
			say(t, ws, other, firstNight, rights.Statement{Kind: register.HoldWord, About: "contract", State: register.Stands})
		})
		old := s.copy(t) // the backup
		objection := rights.Statement{Kind: register.ObjectionWord, About: "marketing", State: register.Stands, Via: "letter"}
		s.at(t, func(ws *workspace.Workspace) {
			early := register.Word{ID: "abcdefghjkmnpqrs0123456789", Kind: register.ConsentWord, About: "newsletter", State: "withdrawn", At: 1, NotedAt: 1, NotedBy: "dpo"}
			err := ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error { // of before the book took words
				err := tx.GetContext(ctx, &early.Record, "SELECT `record` FROM `link` WHERE `person` = ? LIMIT 1", other)
				return errors.Join(err, register.AddWords(ctx, tx, []register.Word{early}))
			})
			if err != nil {
				t.Fatal(err)
			}
			say(t, ws, other, firstNight+1, objection, rights.Statement{Kind: register.HoldWord, About: "contract", State: register.Lifted})
			say(t, ws, v.person, firstNight, objection)
			night, err := ws.Register.Begin(ctx) // killed behind the book
			if err != nil {
				t.Fatal(err)
			}
			own, _, err := night.OwnAndShared(ctx, other)
			if err != nil {
				t.Fatal(err)
			}
			restriction := register.Word{ID: "0123456789abcdefghjkmnpqrs", Record: own[0], Kind: register.RestrictionWord, State: register.Stands, At: 1, NotedAt: 1, NotedBy: "dpo"}
			if err := ws.EnterWords(ctx, night, []register.Word{restriction}); err != nil {
				t.Fatal(err)
			}
			night.Rollback()
		})
		s.openNight(t)
		s.at(t, func(ws *workspace.Workspace) {
			if _, err := s.eraseKey(ws, newRun(firstNight), v.system, v.key); err != nil {
				t.Fatal(err)
			}
		})
		want := s.byHand(t)
		if len(want) < 5 {
			t.Fatalf("only %q", want)
		}
		text, err := os.ReadFile(filepath.Join(s.dir, "erasures", "book.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(old.dir, "erasures", "book.jsonl"), text)
		for range 2 {
			old.openNight(t)
			same(t, "words by hand in what was put back", old.byHand(t), want...)
		}
		old.at(t, func(ws *workspace.Workspace) {
			if heeded, err := ws.ErasuresHeeded(ctx); err != nil || !heeded {
				t.Errorf("the book is heeded: %v %v", heeded, err)
			}
			e := explained(t, ws, other, firstNight+1)
			if len(e.Objects) == 0 || !e.Restricted || len(e.Holds) != 0 {
				t.Errorf("%+v", e)
			}
		})
		if err := os.Remove(filepath.Join(old.dir, "erasures", "book.jsonl")); err != nil {
			t.Fatal(err)
		}
		if _, err := nightly.Open(ctx, old.dir, evening(firstNight)); fault.Code(err) != "UOMA-ERA-MISSING" {
			t.Errorf("without the book: %v", err)
		}
	})
}
