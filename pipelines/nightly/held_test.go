package nightly_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
)

// sayFrom writes a hold of a person down from another open workspace, as another program does.
func (s site) sayFrom(person, hold string, date canon.Date) error {
	ws, err := workspace.Open(context.Background(), s.dir)
	if err != nil {
		return err
	}
	defer ws.Close()
	pack, err := ws.Policy(date)
	if err != nil {
		return err
	}
	said := []rights.Statement{{Kind: register.HoldWord, About: hold, State: register.Stands}}
	_, err = rights.Say(context.Background(), ws, pack, person, said, rights.Author{By: "dpo", At: date.Time().Add(9 * time.Hour), Rand: rand.Reader})
	return err
}

// patience is how long a hold is given to be written where nothing should hold it up.
const patience = 500 * time.Millisecond

// beside runs f beside the caller, and comes back when f ended or waits for somebody. What it ended with comes later.
func beside(f func() error) <-chan error {
	ended, out := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(ended)
		out <- f()
	}()
	select {
	case <-ended:
	case <-time.After(patience):
	}
	return out
}

// again offers an outcome that was waited for once more.
func again(err error) <-chan error {
	out := make(chan error, 1)
	out <- err
	return out
}

// TestThreat_T26_AHoldWhileSomebodyIsErased writes a hold from another program at each point at which an erasure looks at its
// clock, before and after it looked for holds: either the hold is there and the person is untouched, or the person is gone
// and the hold is refused. Never is a hold written of which nothing comes.
func TestThreat_T26_AHoldWhileSomebodyIsErased(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := loadedSite(t, on)
		v := base.victim(t)
		wins := map[string]int{}
		for at := 1; ; at++ {
			s := base.copy(t)
			before := s.identity(t)
			r := newRun(firstNight)
			calls := 0
			var said <-chan error
			r.Now = func() time.Time {
				if calls++; calls == at {
					said = beside(func() error { return s.sayFrom(v.person, "legal_claim", firstNight) })
				}
				return evening(firstNight)()
			}
			var erased error
			s.at(t, func(ws *workspace.Workspace) { _, erased = s.eraseKey(ws, r, v.system, v.key) })
			if said == nil {
				break
			}
			switch held := <-said; {
			case held == nil && fault.Code(erased) == "UOMA-ERA-HELD":
				wins["hold"]++
				if s.identity(t) != before {
					t.Errorf("at %d: the person is held, and something of them is gone", at)
				}
			case fault.Code(held) == "UOMA-SUB-NOBODY" && erased == nil:
				wins["erasure"]++
				s.gone(t, v, "the erasure")
			default:
				t.Errorf("at %d the hold ended with %v and the erasure with %v", at, held, erased)
			}
		}
		if wins["hold"] == 0 || wins["erasure"] == 0 {
			t.Errorf("the points are all on one side: %v", wins)
		}
	})
}

// TestErasureAsAChild is the child of TestThreat_T26_AHoldAfterAKilledErasure, and nothing without it: it is killed before it
// looks for holds, or before its last commit, when the key of the person is destroyed already.
func TestErasureAsAChild(t *testing.T) {
	dir, point, ok := strings.Cut(os.Getenv("UOMA_TEST_ERASE"), "|")
	if !ok {
		return
	}
	s := siteIn(dir, databasetest.OnSQLite) // whichever: the stores exist
	v := victim{}
	if _, err := fmt.Sscan(os.Getenv("UOMA_TEST_VICTIM"), &v.system, &v.key); err != nil {
		t.Fatal(err)
	}
	ws := s.open(t)
	r := newRun(firstNight)
	pack, layouts := documents(t, ws, r.Date)
	j := ws.NewJournal("test", "", pack.Digest())
	ctx, err := j.Hold(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	n := nightly.New(ws, layouts, pack, nil, func(context.Context, *sqlx.Tx) error {
		die()
		return nil
	})
	calls := 0
	r.Now = func() time.Time {
		if calls++; calls > 1 && point == "early" {
			die()
		}
		return evening(firstNight)()
	}
	r.Pipeline = "erase"
	_, err = n.Erase(ctx, r, "nightly", v.system, v.key, erasureClause)
	t.Fatal("the erasure was not killed", err)
}

// TestThreat_T26_AHoldAfterAKilledErasure kills an erasure (SIGKILL) and writes a hold before anything is repaired: while
// nothing was decided yet it counts, and once the erasure stands in its book it is refused, and the erasure is finished.
func TestThreat_T26_AHoldAfterAKilledErasure(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := loadedSite(t, on)
		v := base.victim(t)
		for _, point := range []string{"early", "late"} {
			s := base.copy(t)
			before := s.identity(t)
			child := exec.Command(os.Args[0], "-test.run=^TestErasureAsAChild$", "-test.count=1")
			child.Env = append(os.Environ(), "UOMA_TEST_ERASE="+filepath.Dir(s.dir)+"|"+point, "UOMA_TEST_VICTIM="+v.system+" "+v.key)
			if out, err := child.CombinedOutput(); err == nil || child.ProcessState.ExitCode() != -1 {
				t.Fatalf("%s: the child was not killed: %v\n%s", point, err, out)
			}
			held := s.sayFrom(v.person, "legal_claim", firstNight)
			s.freeLease(t)
			switch point {
			case "early":
				var err error
				s.at(t, func(ws *workspace.Workspace) { _, err = s.eraseKey(ws, newRun(firstNight+9), v.system, v.key) })
				if held != nil || fault.Code(err) != "UOMA-ERA-HELD" || s.identity(t) != before {
					t.Errorf("the hold ended with %v, the erasure with %v", held, err)
				}
			case "late":
				if fault.Code(held) != "UOMA-SUB-ERASED" {
					t.Errorf("a hold on somebody whose key is destroyed: %v", held)
				}
				s.open(t) // finishes what the book has
				s.gone(t, v, "the next opening")
				s.at(t, func(ws *workspace.Workspace) { // whoever was killed asks again
					out, err := s.eraseKey(ws, newRun(firstNight+9), v.system, v.key)
					if err != nil || !out.Before || out.Run == "" {
						t.Errorf("a repetition: %+v %v", out, err)
					}
					if _, err := s.eraseKey(ws, newRun(firstNight+9), v.system, "nobody's"); fault.Code(err) != "UOMA-ERA-NOBODY" {
						t.Errorf("of nobody: %v", err)
					}
					erase := func(n *nightly.Night, ctx context.Context, r *pipelines.Run) (nightly.Erased, error) {
						return n.ErasePerson(ctx, r, "nightly", strings.Repeat("n", 26), erasureClause)
					}
					if out, err := s.eraseBy(ws, newRun(firstNight+9), erase); fault.Code(err) != "UOMA-ERA-NOBODY" || out.Rows+out.Entries > 0 || out.Before {
						t.Errorf("of a token of nobody: %+v, %v", out, err)
					}
				})
			}
		}
	})
}

// interrupter does something when a step begins.
type interrupter struct {
	quiet
	step string
	do   func()
}

func (i interrupter) Begin(step string) {
	if step == i.step {
		i.do()
	}
}

// TestThreat_T26_AHoldWhileRetentionIsApplied writes a hold from another program between the plan and each step that carries
// it out: before the look for holds it counts, and is in the audit log; after it, it waits for the commit.
func TestThreat_T26_AHoldWhileRetentionIsApplied(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := examSite(t, on)
		base.finish(t, firstNight, pipelines.Finished)
		var person string
		base.at(t, func(ws *workspace.Workspace) {
			plan, err := nightly.RetentionPlan(context.Background(), ws, firstNight)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range plan {
				if d.Category == "recording" && d.Hold == "" {
					person = d.Person
				}
			}
		})
		for step, counts := range map[string]bool{"audit": true, "register": false, "vault": false} {
			s := base.copy(t)
			said := make(<-chan error)
			out, err := s.applyWatched(t, firstNight, approved, interrupter{step: step, do: func() {
				say := func() error { return s.sayFrom(person, "misconduct", firstNight) }
				if said = beside(say); counts {
					said = again(<-said)
				} else if len(said) > 0 {
					t.Errorf("a hold at %s is not kept waiting", step)
				}
			}})
			if err != nil {
				t.Fatal(step, err)
			}
			held := <-said
			left := strings.Join(s.cells(t, "recording", "camera"), ", ")
			kept := 0
			s.at(t, func(ws *workspace.Workspace) {
				lines, err := ledger.AuditLines(context.Background(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RetentionKept), Limit: 100})
				if err != nil {
					t.Fatal(err)
				}
				kept = len(lines)
			})
			switch {
			case counts && (held != nil || left != "case, last day, new, old" || out.Held != 2 || kept == 0):
				t.Errorf("a hold at %s: %v, %q is left, %+v, %d lines say so", step, held, left, out, kept)
			case !counts && (left != "case, last day, new" || out.Held != 1 || kept != 0 || held != nil && fault.Code(held) != "UOMA-SUB-NOBODY"):
				t.Errorf("a hold at %s: %v, %q is left, %+v, %d lines say so", step, held, left, out, kept)
			}
		}
	})
}

// TestThreat_T26_EachActionIsNotedBeforeItIsCarriedOut reads the audit log from another program when the first of the data is about
// to go: a line for each action that is due is there, for whoever looks after a crash.
func TestThreat_T26_EachActionIsNotedBeforeItIsCarriedOut(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := examSite(t, on)
		s.finish(t, firstNight, pipelines.Finished)
		actions := 0
		s.at(t, func(ws *workspace.Workspace) {
			plan, err := nightly.RetentionPlan(context.Background(), ws, firstNight)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range plan {
				if d.Hold == "" && d.Action.Ends() {
					actions++
				}
			}
		})
		for _, step := range []string{"words", "register", "vault"} {
			noted := -1
			c := site(s.copy(t))
			_, err := c.applyWatched(t, firstNight, approved, interrupter{step: step, do: func() {
				c.at(t, func(ws *workspace.Workspace) {
					lines, err := ledger.AuditLines(context.Background(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RetentionAction), Limit: 100})
					if err != nil {
						t.Error(err)
					}
					noted = len(lines)
				})
			}})
			if err != nil || actions < 2 || noted != actions {
				t.Errorf("at %s: %d of %d actions are noted, %v", step, noted, actions, err)
			}
		}
	})
}

// TestThreat_T25_WhoTurnsOutToBeErasedStaysWhileHeld marks somebody who is loaded, and held, as a person who was erased: what
// is stored stays, through nights that decide every row anew, and goes when the hold is lifted.
func TestThreat_T25_WhoTurnsOutToBeErasedStaysWhileHeld(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.night(t, firstNight+1)
		v := s.victim(t)
		rows := func() (n int) {
			s.at(t, func(ws *workspace.Workspace) {
				for _, all := range sourceRows(t, &ws.Register.View, register.Current) {
					for row := range all {
						if v.sourceRows[row] {
							n++
						}
					}
				}
			})
			return n
		}
		before := rows()
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, v.person, firstNight+1, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Stands})
			token := workspace.SuppressionToken(ws.Suppression(), "source_key|"+v.system+"|"+v.key)
			mark := vault.Suppression{Token: token, Kind: "source_key", Since: "erase-2026-11-20", Clause: erasureClause}
			if err := ws.Vault.Suppress(context.Background(), []vault.Suppression{mark}); err != nil {
				t.Fatal(err)
			}
		})
		for n := canon.Date(2); n < 5; n++ {
			if n == 3 {
				s.settings(t, "# another text, another configuration\n") // every row is decided anew
			}
			s.night(t, firstNight+n)
			if got := rows(); got < before || before == 0 {
				t.Errorf("night %d: of %d held rows %d are left", n, before, got)
			}
			s.at(t, func(ws *workspace.Workspace) {
				balanced(t, ws, "nightly-"+(firstNight+n).String())
				kinds := map[string]int{}
				for w, err := range ws.Register.KeptWordsOf(context.Background(), v.person) {
					if err != nil {
						t.Fatal(err)
					}
					kinds[w.Kind+" "+w.Clause]++
				}
				if kinds[register.ErasedWord+" "+erasureClause] != 1 {
					t.Errorf("night %d: nobody who sends is told that the person was erased: %v", n, kinds)
				}
				if e := explained(t, ws, v.person, firstNight+n); len(e.Holds) != 1 {
					t.Errorf("night %d: the hold is gone: %v", n, e.Holds)
				}
			})
		}
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, v.person, firstNight+4, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Lifted})
		})
		s.night(t, firstNight+5)
		s.gone(t, v, "the hold was lifted")
	})
}

// TestThreat_T24_AnErasureIsKnownWhileSomebodyIsHeld has somebody who was erased, and another one who turns out to be the same and whose
// data a hold keeps. Of each record that was erased it stays known that it was, by itself or by who has it, through nights with the hold
// and without, whatever their sources export, so that recipients are told.
func TestThreat_T24_AnErasureIsKnownWhileSomebodyIsHeld(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu, mail as: email; to: email.work"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", "contacts: user user | "+who, "title to: event.name")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/events_%s.csv"] = "user;family;given;hetu;mail", "id;mail;channel;title"
		const anna, bo = ";Alpha;Anna;010190-900P;anna@firm.example", ";Beta;Bo;140385-901E;bo@firm.example"
		n := canon.Date(0)
		night := func(other, contact string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, contact, other, "u9;Iota;Ida;;")
			s.put(t, "dynamics365/events_%s.csv", firstNight+n, "1;anna@firm.example;email;Evening", "2;bo@firm.example;email;Morning")
			s.finish(t, firstNight+n, pipelines.Finished)
			n++
		}
		check := func(when string, erased int) {
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				gone, err := ws.Register.ErasedRecords(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				marked := map[string]bool{}
				for w, err := range ws.Register.KeptWords(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					marked[w.Person] = marked[w.Person] || w.Kind == register.ErasedWord
				}
				of := func(system, key string) string { return protect.Record(ws.SourceTokens(), system, key) }
				point := canon.PointPrefix + "email:"
				known := 0
				for _, record := range []string{of("dynamics365", "u1"), of("dynamics365", point+"anna@firm.example"), of("dynamics365", "u2"), of("dynamics365", point+"bo@firm.example")} {
					links, err := ws.Register.LinksOf(t.Context(), []string{record})
					if err != nil {
						t.Fatal(err)
					}
					if gone[record] || len(links) == 1 && marked[links[0].Person] {
						known++
					}
				}
				if known != erased {
					t.Errorf("%s: of %d records it is known that they were erased, not of %d", when, known, erased)
				}
			})
		}
		night("u2"+bo, "u1"+anna)
		check("before", 0)
		s.at(t, func(ws *workspace.Workspace) {
			if _, err := s.eraseKey(ws, newRun(firstNight), "dynamics365", "u1"); err != nil {
				t.Fatal(err)
			}
			say(t, ws, s.linkedBy(t, ws, "dynamics365", "u2"), firstNight, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Stands})
		})
		check("erased", 2)
		theirs := strings.Replace(bo, "140385-901E", "010190-900P", 1)
		night("u2"+theirs, "u1"+anna)
		check("the other is the same", 4)
		night("u2"+strings.Replace(theirs, "bo@", "anna@", 1), "u1"+anna)
		check("the other has the address", 4)
		s.touchLayouts(t)
		night("u2"+theirs, "u1"+theirs)
		check("decided anew", 4)
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, s.linkedBy(t, ws, "dynamics365", "u2"), firstNight+n-1, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Lifted})
		})
		night("u2"+theirs, "u1"+anna)
		check("the hold is lifted", 4)
		night("u2"+theirs, "u1"+anna)
		check("the next night", 4)
	})
}

// TestThreat_T26_AHoldOnASharedContactPoint sets a hold on somebody who has nothing in the register but a contact point that
// another person has, too: it is bound to that, and keeps it when the person turns out to be erased.
func TestThreat_T26_AHoldOnASharedContactPoint(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s, ctx := loadedSite(t, on), context.Background()
		v := s.victim(t)
		said := func(ws *workspace.Workspace, point string) (n int) {
			for b, err := range ws.Register.Read(ctx, "consent", []string{"record"}, register.Current, register.Condition{Columns: []string{"record"}, Value: point}) {
				if err != nil {
					t.Fatal(err)
				}
				n += b.Len()
			}
			return n
		}
		var point string
		before := 0
		s.at(t, func(ws *workspace.Workspace) {
			point = protect.Record(ws.SourceTokens(), "dynamics365", canon.PointPrefix+"email:"+v.point)
			night, err := ws.Register.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer night.Rollback()
			var other string
			var theirs []register.Link
			for l, err := range night.Links(ctx) {
				switch {
				case err != nil:
					t.Fatal(err)
				case l.Person != v.person:
					other = l.Person
				case l.Record != point:
					theirs = append(theirs, l)
				}
			}
			err = errors.Join(night.Unlink(ctx, theirs), night.Link(ctx, []register.Link{{Record: point, Person: other, Since: "nightly-" + firstNight.String()}}), night.Commit())
			if err != nil {
				t.Fatal(err)
			}
			before = said(ws, point)
			if n := say(t, ws, v.person, firstNight, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Stands}); n.Records != 1 || before == 0 {
				t.Fatalf("the hold is bound to %d records, and the contact point has %d rows", n.Records, before)
			}
			mark := vault.Suppression{Token: workspace.SuppressionToken(ws.Suppression(), "source_key|"+v.system+"|"+v.key), Kind: "source_key",
				Since: "erase-2026-11-20", Clause: erasureClause}
			if err := ws.Vault.Suppress(ctx, []vault.Suppression{mark}); err != nil {
				t.Fatal(err)
			}
		})
		s.night(t, firstNight+1)
		s.at(t, func(ws *workspace.Workspace) {
			if now := said(ws, point); now < before {
				t.Errorf("of %d rows that are held %d are left", before, now)
			}
		})
	})
}
