package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
)

var auditKey = []byte(strings.Repeat("k", 32))

const person = "0123456789abcdefghjkmnpqrs"

func appended(t *testing.T, db *database.DB, a *ledger.Audit, n int) {
	t.Helper()
	appendedBy(t, db, a, slices.Repeat([]string{"virtanen"}, n)...)
}

func appendedBy(t *testing.T, db *database.DB, a *ledger.Audit, actors ...string) {
	t.Helper()
	for i, actor := range actors {
		e := ledger.Entry{At: start.Add(time.Duration(i) * time.Hour).UnixMicro(), Actor: actor, Verb: ledger.SubjectErased, Subject: person,
			Reason: "XAMK-39", Run: "erase-2026-11-22"}
		must(t, db.Do(t.Context(), func(tx *sqlx.Tx) error { return a.Append(t.Context(), tx, e) }))
	}
}

func sealed(t *testing.T, db *database.DB, a *ledger.Audit) {
	t.Helper()
	sign := func(message []byte) (string, string, error) { return "signed " + string(message), "key", nil }
	must(t, db.Do(t.Context(), func(tx *sqlx.Tx) error { return a.Seal(t.Context(), tx, "nightly-2026-11-22", start, sign) }))
}

func verified(t *testing.T, db *database.DB, a *ledger.Audit, evidence ...ledger.Evidence) ledger.Audited {
	t.Helper()
	out, err := a.Verify(t.Context(), db, evidence, func(s *ledger.Seal) error {
		if s.Signature != "signed "+string(s.Message()) {
			return errors.New("another message")
		}
		return nil
	})
	must(t, err)
	return out
}

func TestThreat_T34_ChangedAuditLogIsFound(t *testing.T) {
	cases := map[string]struct {
		do   []string
		code string
		at   string
	}{
		"untouched":              {},
		"an actor is changed":    {[]string{"UPDATE `audit` SET `actor` = 'korhonen' WHERE `number` = 3"}, "UOMA-AUD-EDITED", "entry 3"},
		"a subject is removed":   {[]string{"UPDATE `audit` SET `subject` = '' WHERE `number` = 1"}, "UOMA-AUD-EDITED", "entry 1"},
		"a verb is changed":      {[]string{"UPDATE `audit` SET `verb` = 'subject.exported' WHERE `number` = 3"}, "UOMA-AUD-EDITED", "entry 3"},
		"a reason is changed":    {[]string{"UPDATE `audit` SET `reason` = 'XAMK-40' WHERE `number` = 3"}, "UOMA-AUD-EDITED", "entry 3"},
		"a run is changed":       {[]string{"UPDATE `audit` SET `run` = 'erase-2026-11-23' WHERE `number` = 3"}, "UOMA-AUD-EDITED", "entry 3"},
		"a time is changed":      {[]string{"UPDATE `audit` SET `at` = `at` + 1 WHERE `number` = 2"}, "UOMA-AUD-EDITED", "entry 2"},
		"text moves to another":  {[]string{"UPDATE `audit` SET `reason` = '', `run` = 'XAMK-39erase-2026-11-22' WHERE `number` = 2"}, "UOMA-AUD-EDITED", "entry 2"},
		"a link is changed":      {[]string{"UPDATE `audit` SET `chain` = '" + strings.Repeat("0", 64) + "' WHERE `number` = 3"}, "UOMA-AUD-EDITED", "entry 3"},
		"one is deleted":         {[]string{"DELETE FROM `audit` WHERE `number` = 3"}, "UOMA-AUD-MISSING", "entries 3 to 3"},
		"the first are deleted":  {[]string{"DELETE FROM `audit` WHERE `number` < 3"}, "UOMA-AUD-MISSING", "entries 1 to 2"},
		"two are swapped":        {[]string{"UPDATE `audit` SET `number` = 102 WHERE `number` = 2", "UPDATE `audit` SET `number` = 2 WHERE `number` = 3", "UPDATE `audit` SET `number` = 3 WHERE `number` = 102"}, "UOMA-AUD-EDITED", "entry 2"},
		"a gap is closed":        {[]string{"DELETE FROM `audit` WHERE `number` = 2", "UPDATE `audit` SET `number` = 2 WHERE `number` = 3", "UPDATE `audit` SET `number` = 3 WHERE `number` = 4"}, "UOMA-AUD-EDITED", "entry 2"},
		"the last is cut off":    {[]string{"DELETE FROM `audit` WHERE `number` = 6"}, "UOMA-AUD-TRUNCATED", "entry 6"},
		"all is deleted":         {[]string{"DELETE FROM `audit`"}, "UOMA-AUD-TRUNCATED", "head of nightly-2026-11-22"},
		"the last with its head": {[]string{"DELETE FROM `audit` WHERE `number` > 3", "UPDATE `audit_head` SET `number` = 3, `chain` = (SELECT `chain` FROM `audit` WHERE `number` = 3)"}, "UOMA-AUD-TRUNCATED", "head of nightly-2026-11-22"},
		"a signature":            {[]string{"UPDATE `audit_seal` SET `signature` = 'x'"}, "UOMA-AUD-SIGNATURE", "head of nightly-2026-11-22"},
		"a head moved back":      {[]string{"UPDATE `audit_seal` SET `number` = 3"}, "UOMA-AUD-SIGNATURE", "head of nightly-2026-11-22"},
		"a forged entry":         {[]string{"INSERT INTO `audit` SELECT 7, `at`, `actor`, `verb`, `subject`, `reason`, `run`, `chain` FROM `audit` WHERE `number` = 6"}, "UOMA-AUD-EDITED", "entry 7"},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		empty := func() {
			for _, table := range []string{"audit", "audit_seal"} {
				db.MustExec("DELETE FROM " + database.Quote(table))
			}
			db.MustExec("UPDATE `audit_head` SET `number` = 0, `chain` = ''")
		}
		if db.Dialect == database.SQLite { // as whoever has the file can
			for _, trigger := range []string{"audit_no_update", "audit_no_delete", "audit_seal_no_update", "audit_seal_no_delete"} {
				db.MustExec("DROP TRIGGER " + database.Quote(trigger))
			}
		}
		a := ledger.NewAudit(auditKey)
		for name, c := range cases {
			empty()
			appended(t, db, a, 4)
			sealed(t, db, a)
			appended(t, db, a, 2)
			for _, s := range c.do {
				db.MustExec(s)
			}
			out := verified(t, db, a)
			switch {
			case c.code == "" && len(out.Faults) == 0 && out.Number == 6 && out.Sealed == 4 && out.Seals == 1:
			case c.code != "" && len(out.Faults) > 0 && out.Faults[0].Code == c.code && out.Faults[0].Place.Field == c.at:
			default:
				t.Errorf("%s: %+v", name, out)
			}
		}
		// An entry that was made under the same key, in a copy that went on by itself, fits in where it stood, and not before the next.
		empty()
		appendedBy(t, db, a, "virtanen", "virtanen", "korhonen")
		var other string
		must(t, db.Get(&other, "SELECT `chain` FROM `audit` WHERE `number` = 3"))
		empty()
		appended(t, db, a, 4)
		db.MustExec("UPDATE `audit` SET `actor` = 'korhonen', `chain` = ? WHERE `number` = 3", other)
		if out := verified(t, db, a); len(out.Faults) == 0 || out.Faults[0].Code != "UOMA-AUD-EDITED" || out.Faults[0].Place.Field != "entry 4" {
			t.Errorf("an entry of another history: %+v", out)
		}
		// What the database holds by itself can be cut back to an earlier state, heads and all. What was kept elsewhere tells.
		empty()
		appended(t, db, a, 4)
		sealed(t, db, a)
		known := ledger.Evidence{Place: fault.Place{Field: "report"}, Number: 4, Chain: verified(t, db, a).Chain}
		db.MustExec("DELETE FROM `audit` WHERE `number` > 2")
		db.MustExec("DELETE FROM `audit_seal`")
		db.MustExec("UPDATE `audit_head` SET `number` = 2, `chain` = (SELECT `chain` FROM `audit` WHERE `number` = 2)")
		if out := verified(t, db, a); len(out.Faults) != 0 {
			t.Errorf("%+v", out)
		}
		if out := verified(t, db, a, known); len(out.Faults) != 1 || out.Faults[0].Code != "UOMA-AUD-TRUNCATED" {
			t.Errorf("cut back: %+v", out)
		}
		if out := verified(t, db, ledger.NewAudit(make([]byte, 32))); len(out.Faults) != 2 {
			t.Errorf("under another key %d of 2 entries are refused", len(out.Faults))
		}
	})
}

func TestAuditIsOneWithItsTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		a := ledger.NewAudit(auditKey)
		stop := errors.New("stop")
		err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
			must(t, a.Append(t.Context(), tx, ledger.Entry{Actor: "x", Verb: ledger.SubjectErased}))
			return stop
		})
		if err != stop {
			t.Fatal(err)
		}
		appended(t, db, a, 1)
		if out := verified(t, db, a); out.Number != 1 || len(out.Faults) != 0 {
			t.Errorf("%+v", out)
		}
	})
}

func TestAuditTakesItsOwnFormAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		a := ledger.NewAudit(auditKey)
		good := ledger.Entry{Actor: "korhonen (uoma)", Verb: ledger.ReviewValues, Subject: person, Reason: "peppi/alumnit:17", Run: "nightly-2026-11-22"}
		for name, change := range map[string]func(*ledger.Entry){
			"nobody":               func(e *ledger.Entry) { e.Actor = "" },
			"a line break":         func(e *ledger.Entry) { e.Actor = "a\nb" },
			"a verb of its own":    func(e *ledger.Entry) { e.Verb = "subject.sold" },
			"an identity code":     func(e *ledger.Entry) { e.Subject = "010190-900P" },
			"a sentence":           func(e *ledger.Entry) { e.Reason = "Anna asked" },
			"a long name":          func(e *ledger.Entry) { e.Actor = strings.Repeat("ä", 121) },
			"something long":       func(e *ledger.Entry) { e.Reason = strings.Repeat("ä", 121) },
			"a run that is no run": func(e *ledger.Entry) { e.Run = "'; DROP TABLE audit" },
		} {
			e := good
			change(&e)
			err := db.Do(t.Context(), func(tx *sqlx.Tx) error { return a.Append(t.Context(), tx, e) })
			if fault.Code(err) != "UOMA-AUD-ENTRY" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if longest := (ledger.Entry{Actor: strings.Repeat("ä", 120), Verb: ledger.ReviewValues, Reason: strings.Repeat("ä", 120)}); longest.Check() != nil {
			t.Error("names and reasons of 120 letters are refused")
		}
		must(t, db.Do(t.Context(), func(tx *sqlx.Tx) error { return a.Append(t.Context(), tx, good) }))
		got, err := ledger.AuditLines(t.Context(), db, ledger.AuditFilter{Verb: "review.values", Limit: 10})
		if err != nil || len(got) != 1 || got[0].Entry != good || got[0].Number != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestAuditOfManyWriters(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		a := ledger.NewAudit(auditKey)
		var g sync.WaitGroup
		for range 4 {
			g.Go(func() {
				for range 5 {
					err := db.Do(context.Background(), func(tx *sqlx.Tx) error {
						var n int
						if err := tx.Get(&n, "SELECT COUNT(*) FROM `run`"); err != nil { // a view from before another's commit
							return err
						}
						return a.Append(context.Background(), tx, ledger.Entry{Actor: "x", Verb: ledger.SubjectErased})
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		g.Wait()
		if out := verified(t, db, a); out.Number != 20 || len(out.Faults) != 0 {
			t.Errorf("%+v", out)
		}
	})
}
