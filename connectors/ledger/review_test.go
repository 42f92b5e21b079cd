package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
)

// token makes what looks like a record's token of 26 characters.
func token(c string) string { return strings.Repeat(c, 26) }

func TestReviewForgetsARecordAndNotThatSomebodyLooked(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		a, b, c := token("a"), token("b"), token("c")
		write := func(f func(tx *sqlx.Tx) error) { must(t, db.Do(ctx, f)) }
		write(func(tx *sqlx.Tx) error {
			return ledger.AddDecisions(ctx, tx, []ledger.Decision{{A: a, B: b, Decision: "same", DecidedBy: "x", DecidedAt: 1, Run: "r"}, {A: b, B: c, Decision: "unsure"}})
		})
		write(func(tx *sqlx.Tx) error {
			return ledger.AddDecisions(ctx, tx, []ledger.Decision{{A: a, B: c, Decision: "different"}})
		})
		write(func(tx *sqlx.Tx) error {
			return ledger.AddSample(ctx, tx, []ledger.Sampled{{Run: "r", Seed: -1, Asked: 2, Stratum: "x × y", Links: 9, A: a, B: b}, {A: b, B: c}})
		})
		write(func(tx *sqlx.Tx) error {
			return ledger.AddAccess(ctx, tx, ledger.Access{SeenBy: "x", SeenAt: 7, A: a, B: b, Reason: "review"})
		})
		look := func(decisions, samples, accesses string) {
			t.Helper()
			d, err := ledger.Decisions(ctx, db)
			must(t, err)
			s, err := ledger.Samples(ctx, db)
			must(t, err)
			x, err := ledger.Accesses(ctx, db)
			must(t, err)
			if got := fmt.Sprint(d); got != decisions {
				t.Errorf("decisions %s, want %s", got, decisions)
			}
			if got := fmt.Sprint(s); got != samples {
				t.Errorf("samples %s, want %s", got, samples)
			}
			if got := fmt.Sprint(x); got != accesses {
				t.Errorf("looks %s, want %s", got, accesses)
			}
		}
		look("[{1 "+a+" "+b+" same x 1  r} {2 "+b+" "+c+" unsure  0  } {3 "+a+" "+c+" different  0  }]",
			"[{1 r -1 2 x × y 9 "+a+" "+b+"} {2  0 0  0 "+b+" "+c+"}]", "[{1 x 7 "+a+" "+b+" review}]")
		write(func(tx *sqlx.Tx) error { return ledger.ForgetRecords(ctx, tx, []string{a}) })
		look("[{2 "+b+" "+c+" unsure  0  }]", "[{2  0 0  0 "+b+" "+c+"}]", "[{1 x 7  "+b+" review}]")
	})
}
