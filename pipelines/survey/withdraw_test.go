package survey

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/connectors/register"
	"uoma/pipelines/delivery"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/extract"
	"uoma/transforms/protect"
)

// withdraw withdraws as a fresh process does.
func (r *rig) withdraw(dry bool) (WithdrawFacts, error) {
	r.t.Helper()
	s, run := r.process(dry)
	return s.Withdraw(ctx, run)
}

// withdrawn gives what the endpoint has written down beside a delivery: row, action, reason.
func (r *rig) withdrawn(id string) (out []string) {
	r.t.Helper()
	f, err := os.Open(filepath.Join(r.endpoint.Folder, "state", "deliveries", sender, id, "withdrawn.csv"))
	r.must(err)
	defer f.Close()
	rows, err := parcel.DecodeWithdrawals(f)
	r.must(err)
	for _, w := range rows {
		out = append(out, fmt.Sprintf("%d %s %s", w.Row, w.Action, w.Reason))
		if w.DeliveryID != id || w.Epoch != 1 || w.Pseudonym == "" {
			r.t.Errorf("%+v", w)
		}
	}
	return out
}

// rowOf gives the row of a student number in a delivery, from 1.
func (r *rig) rowOf(id, number string) int {
	r.t.Helper()
	rows, _, _ := r.received(id)
	for i, x := range rows {
		if x.StudentNumber == number {
			return i + 1
		}
	}
	r.t.Fatalf("%s is not in the delivery", number)
	return 0
}

// eraseAll takes a person out of both stores, as an erasure does.
func (r *rig) eraseAll(of string) {
	r.t.Helper()
	night, err := r.ws.Register.Begin(ctx)
	r.must(err)
	defer night.Rollback()
	own, _, err := night.OwnAndShared(ctx, workspace.PersonOf(r.ws.Persons(), of))
	r.must(err)
	_, err = night.Erase(ctx, own)
	r.must(err)
	r.must(night.Commit())
	_, err = r.ws.Vault.Erase(ctx, []string{of}, "erasure")
	r.must(err)
}

// A later word becomes a withdrawal, told once: what was said by hand, what a source brought, and an erasure.
func TestThreat_T24_ALaterWordIsAWithdrawal(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 || len(r.deliveries()) != 0 {
			t.Fatalf("nobody was sent: %+v %v", f, err)
		}
		out, err := r.run(false)
		r.must(err)
		id := fact[SealFacts](t, out, "seal").Delivery
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 || r.endpoint.Accepted() != 1 {
			t.Fatalf("nobody said anything: %+v %v", f, err)
		}
		aino, eino, asa := r.rowOf(id, "12345"), r.rowOf(id, "12350"), r.rowOf(id, "777")

		r.says("P1", rights.Statement{Kind: register.RestrictionWord, State: register.Stands})
		if f, err := r.withdraw(true); err != nil || f.Rows != 1 || f.Delivery != "" || len(r.deliveries()) != 1 {
			t.Errorf("a dry run: %+v %v", f, err)
		}
		f, err := r.withdraw(false)
		if err != nil || f.Rows != 1 || f.Reasons["restricted"] != 1 || f.State != string(outbox.Closed) || f.Level != "validated" || f.Sequence != 2 {
			t.Errorf("%+v %v", f, err)
		}
		if got := r.withdrawn(id); !slices.Equal(got, []string{fmt.Sprintf("%d stop restricted", aino)}) {
			t.Errorf("the endpoint has %q", got)
		}
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 || r.endpoint.Accepted() != 2 {
			t.Errorf("told twice: %+v %v", f, err)
		}

		r.objects("P6", "survey") // by a source
		r.eraseAll("P3")
		r.eraseAll("P1") // what was stopped may be erased later
		f, err = r.withdraw(false)
		if err != nil || f.Rows != 3 || f.Reasons["objection"] != 1 || f.Reasons[ReasonErased] != 2 || f.Sequence != 3 {
			t.Errorf("%+v %v", f, err)
		}
		want := []string{fmt.Sprintf("%d erase erased", aino), fmt.Sprintf("%d stop objection", eino), fmt.Sprintf("%d erase erased", asa)}
		slices.SortFunc(want, func(a, b string) int { return strings.Compare(a, b) })
		if got := r.withdrawn(id); !slices.Equal(got, want) {
			t.Errorf("the endpoint has %q, not %q", got, want)
		}
		source := protect.SourceKey(r.ws.SourceTokens(), "student-register/opiskelijat", "12345")
		if by, err := Disclosures(ctx, r.ws, []string{}, source); err != nil || len(by) != 1 || by[0].Withdrawn != parcel.Erase {
			t.Errorf("by a source row alone: %+v %v", by, err)
		}
		all, err := Disclosures(ctx, r.ws, []string{workspace.PersonOf(r.ws.Persons(), "P1")})
		if err != nil || len(all) != 1 || all[0].Withdrawn != parcel.Erase {
			t.Errorf("%+v %v", all, err)
		}
		// The chain goes on.
		r.date = r.date.AddMonths(12)
		out, err = r.run(false)
		r.must(err)
		if f := fact[SealFacts](t, out, "seal"); f.Sequence != 4 || r.endpoint.Accepted() != 4 {
			t.Errorf("%+v", f)
		}
	})
}

// Whoever is killed anywhere withdraws once.
func TestThreat_T24_AWithdrawalIsSentOnceWhereverItIsKilled(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		steps := []string{"prepare/2-insert", "encrypt/done", "send/5-attempt", "send/6-manifest", "receive/5-commit", "close/3-commit"}
		if on == databasetest.OnMariaDB {
			steps = []string{"encrypt/done", "send/6-manifest"}
		}
		for _, at := range steps {
			t.Run(at, func(t *testing.T) {
				r := newRig(t, on)
				out, err := r.run(false)
				r.must(err)
				r.says("P1", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
				killed := errors.New("killed")
				r.step = func(name string) error {
					if name == at {
						return killed
					}
					return nil
				}
				if _, err := r.withdraw(false); !errors.Is(err, killed) {
					t.Fatal(err)
				}
				r.step = nil
				r.endpoint.Clock.Move(outbox.LeaseFor + time.Second)
				for range 2 {
					if _, err := r.withdraw(false); err != nil {
						t.Fatal(err)
					}
				}
				if got := r.withdrawn(fact[SealFacts](t, out, "seal").Delivery); len(got) != 1 || r.endpoint.Accepted() != 2 {
					t.Errorf("%q, %d accepted", got, r.endpoint.Accepted())
				}
			})
		}
	})
}

// A word between the choice and the first byte of a withdrawal is in it.
func TestThreat_T24_AWordWhileAWithdrawalIsMade(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		out, err := r.run(false)
		r.must(err)
		r.says("P1", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
		r.step = func(name string) error {
			if name == "send/1-file" {
				r.step = nil
				r.says("P6", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
			}
			return nil
		}
		f, err := r.withdraw(false)
		if err != nil || f.Rows != 2 || len(r.withdrawn(fact[SealFacts](t, out, "seal").Delivery)) != 2 || r.endpoint.Accepted() != 2 {
			t.Errorf("%+v %v", f, err)
		}
	})
}

// Two persons who turn out to be one are not taken for erased; what the one says now counts for what was sent of the other.
func TestWhoWasJoinedIsNotErased(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		_, err := r.run(false)
		r.must(err)
		one, other := workspace.PersonOf(r.ws.Persons(), "P6"), workspace.PersonOf(r.ws.Persons(), "P1")
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		own, _, err := night.OwnAndShared(ctx, other)
		r.must(err)
		var before, after []register.Link
		for _, record := range own {
			before, after = append(before, register.Link{Record: record, Person: other}), append(after, register.Link{Record: record, Person: one, Since: "nightly-2026-11-22"})
		}
		r.must(errors.Join(night.Unlink(ctx, before), night.Link(ctx, after),
			night.Events(ctx, []register.Event{{Run: "nightly-2026-11-22", Kind: register.Merged, Person: one, Other: other, Rule: "x"}}), night.Commit()))
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 {
			t.Errorf("%+v %v", f, err)
		}
		r.says("P6", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
		if f, err := r.withdraw(false); err != nil || f.Rows != 2 || f.Reasons["objection"] != 2 {
			t.Errorf("%+v %v", f, err)
		}
	})
}

// A recipient that was sent people is named when nothing delivers to it any more, and one that cannot be asked keeps no other
// from being told.
func TestThreat_T24_ARecipientIsNotForgotten(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		if _, err := r.run(false); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("no such recipient")
		for n, told := range []bool{false, true} {
			s, run := r.process(false)
			var log strings.Builder
			run.Log = slog.New(slog.NewTextHandler(&log, nil))
			all := []Withdrawer{Untold(broken)}
			if told {
				all = append(all, s)
			}
			out, err := WithdrawStage(r.ws, all).Run(ctx, run)
			if facts := out.([]WithdrawFacts); !errors.Is(err, broken) || len(facts) != n+1 {
				t.Errorf("%+v %v", facts, err)
			}
			if named := strings.Contains(log.String(), "UOMA-SVY-FORGOTTEN"); named == told {
				t.Errorf("told %t: %s", told, log.String())
			}
		}
	})
}

// A delivery that the recipient rejected is none that it has: nothing of it is withdrawn, and whom it names is told once, in the
// one that took its place. A rejected withdrawal told nothing.
func TestThreat_T24_WhatWasRejectedWasNotSent(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		reject := true
		r := newRigAt(t, on, func(c *endpoint.Config) {
			c.Datasets = map[string]endpoint.Dataset{"uraseuranta": {Schemas: map[string]string{extract.SchemaVersion: ""},
				Validator: func(*parcel.Manifest) endpoint.Check { return picky{&reject} }}}
		})
		if _, err := r.run(false); !errors.Is(err, delivery.ErrRejected) {
			t.Fatal(err)
		}
		first := r.deliveries()[0]
		r.says("P1", rights.Statement{Kind: register.RestrictionWord, State: register.Stands})
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 || len(r.deliveries()) != 1 {
			t.Errorf("of what was rejected: %+v %v", f, err)
		}
		_, run := r.process(false)
		var log strings.Builder
		run.Log = slog.New(slog.NewTextHandler(&log, nil))
		if _, err := WithdrawStage(r.ws, nil).Run(ctx, run); err != nil || strings.Contains(log.String(), "UOMA-SVY-FORGOTTEN") {
			t.Errorf("a recipient that has nothing is forgotten: %v, %s", err, log.String())
		}

		reject, r.instead = false, first.ID
		out, err := r.run(false)
		r.must(err)
		r.instead = ""
		id := fact[SealFacts](t, out, "seal").Delivery
		r.says("P6", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
		if f, err := r.withdraw(false); err != nil || f.Rows != 1 || f.Reasons["objection"] != 1 {
			t.Errorf("of what took its place: %+v %v", f, err)
		}
		if got := r.withdrawn(id); !slices.Equal(got, []string{fmt.Sprintf("%d stop objection", r.rowOf(id, "12350"))}) {
			t.Errorf("the endpoint has %q", got)
		}
		last := r.deliveries()[2]
		if _, err := r.ws.RegisterDB.Exec("UPDATE `delivery` SET `receipt_status` = ? WHERE `id` = ?", parcel.Rejected, last.ID); err != nil {
			t.Fatal(err)
		}
		if f, err := r.withdraw(true); err != nil || f.Rows != 1 {
			t.Errorf("a withdrawal that was rejected told it: %+v %v", f, err)
		}
	})
}

// Of a person that is no more, who it turned out to be is followed from one to the next. Another person that a record of theirs
// went to is somebody else, and one that ended in nobody is erased.
func TestWhoOneTurnedOutToBeIsFollowed(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		of := func(subject string) string { return workspace.PersonOf(r.ws.Persons(), subject) }
		there := of("P6")
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		event := func(seq int64, kind, person, other string) register.Event {
			return register.Event{Run: "nightly-2026-11-22", Seq: seq, Kind: kind, Person: person, Other: other, Rule: "x"}
		}
		r.must(errors.Join(night.Events(ctx, []register.Event{
			event(100, register.Merged, there, of("second")), // those of one night stand in any order
			event(101, register.Merged, of("second"), of("first")),
			event(102, register.Split, of("P1"), of("first")),  // a record of the first's had been another's
			event(103, register.Split, of("P1"), of("second")), // and after that they were joined
			event(104, register.Split, of("P1"), of("gone")),
			event(105, register.Merged, of("gone"), of("before")),
			event(106, register.Merged, of("P2"), there), // who is there is who they are
			event(107, register.Merged, of("round"), of("and round")),
			event(108, register.Merged, of("and round"), of("round")),
		}), night.Commit()))
		ask := []string{there}
		for _, p := range []string{"first", "second", "gone", "before", "round", "nobody"} {
			ask = append(ask, of(p))
		}
		var got map[string]string
		r.must(r.ws.Register.See(ctx, func(v *register.View) (err error) {
			got, err = survivors(ctx, v, map[string]bool{there: true}, slices.Values(ask))
			return err
		}))
		if want := map[string]string{there: there, of("first"): there, of("second"): there}; !maps.Equal(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
	})
}

// TestARowOfSeveralPeopleFollowsEach: a graduate's row was made with the portal's record of somebody who turns out to be another
// one. What that one says is told to the recipient of the row, and nobody else's row with it.
func TestARowOfSeveralPeopleFollowsEach(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		out, err := r.run(false)
		r.must(err)
		id := fact[SealFacts](t, out, "seal").Delivery
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		record, persons := protect.Record(r.ws.SourceTokens(), "alumni-portal", "g1"), r.ws.Persons()
		r.must(errors.Join(night.Unlink(ctx, []register.Link{{Record: record, Person: workspace.PersonOf(persons, "P1")}}),
			night.Link(ctx, []register.Link{{Record: record, Person: workspace.PersonOf(persons, "other"), Since: "nightly-2026-11-22"}}), night.Commit()))
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 {
			t.Errorf("nobody said anything: %+v %v", f, err)
		}
		r.says("other", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
		if f, err := r.withdraw(false); err != nil || f.Rows != 1 || f.Reasons["objection"] != 1 {
			t.Errorf("%+v %v", f, err)
		}
		if got := r.withdrawn(id); !slices.Equal(got, []string{fmt.Sprintf("%d stop objection", r.rowOf(id, "12345"))}) {
			t.Errorf("the endpoint has %q", got)
		}
	})
}

// TestThreat_T24_WhoPartedAndWasErased: a graduate's row was made with the portal's record of somebody who turns out to be another
// one, and who is erased. The recipient is told that the row goes, once, and keeps the rows that were made without that record: those
// of others, and one of the same person of later.
func TestThreat_T24_WhoPartedAndWasErased(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		out, err := r.run(false)
		r.must(err)
		first := fact[SealFacts](t, out, "seal").Delivery
		record, persons := protect.Record(r.ws.SourceTokens(), "alumni-portal", "g1"), r.ws.Persons()
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		r.must(errors.Join(night.Unlink(ctx, []register.Link{{Record: record, Person: workspace.PersonOf(persons, "P1")}}),
			night.Link(ctx, []register.Link{{Record: record, Person: workspace.PersonOf(persons, "other"), Since: "nightly-2026-11-22"}}), night.Commit()))
		r.instead = first
		out, err = r.run(false)
		r.must(err)
		r.rowOf(fact[SealFacts](t, out, "seal").Delivery, "12345")
		r.eraseAll("other")
		dir := r.ws.Dir
		r.must(r.ws.Close())
		r.ws = workspacetest.Rotate(t, dir, r.endpoint.Clock.Now(), workspace.IndexTokens, workspace.PersonTokens)
		f, err := r.withdraw(false)
		if err != nil || f.Rows != 1 || f.Reasons[ReasonErased] != 1 {
			t.Errorf("%+v %v", f, err)
		}
		if got := r.withdrawn(first); !slices.Equal(got, []string{fmt.Sprintf("%d erase erased", r.rowOf(first, "12345"))}) {
			t.Errorf("the endpoint has %q", got)
		}
		if f, err := r.withdraw(false); err != nil || f.Rows != 0 {
			t.Errorf("told twice: %+v %v", f, err)
		}
	})
}

// TestThreat_T24_WhoPartedAndIsHeld: what was erased with somebody turned up again with somebody else, who turns out to be the erased one and
// whose data a hold or a restriction keeps. The recipient of a row that was made of it is told that the row goes, whoever has the record:
// while a restriction lets nothing be done but keep it, that it is not used, and when the data goes, that the row does, too.
func TestThreat_T24_WhoPartedAndIsHeld(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, kept := range []rights.Statement{{Kind: register.HoldWord, About: "rdi", State: register.Stands}, {Kind: register.RestrictionWord, State: register.Stands}} {
			r := newRig(t, on)
			out, err := r.run(false)
			r.must(err)
			id := fact[SealFacts](t, out, "seal").Delivery
			record, persons := protect.Record(r.ws.SourceTokens(), "alumni-portal", "g1"), r.ws.Persons()
			night, err := r.ws.Register.Begin(ctx)
			r.must(err)
			links := func(of string) []register.Link {
				return []register.Link{{Record: record, Person: workspace.PersonOf(persons, of), Since: "nightly-2026-11-22"}}
			}
			r.must(errors.Join(night.Unlink(ctx, links("P1")), night.Link(ctx, links("other")), night.Commit()))
			r.eraseAll("other")
			night, err = r.ws.Register.Begin(ctx)
			r.must(err)
			r.must(errors.Join(night.Link(ctx, links("held")), night.MarkErased(ctx, map[string]string{workspace.PersonOf(persons, "held"): "XAMK-39"}), night.Commit()))
			r.says("held", kept)
			told := func(want string) {
				t.Helper()
				if _, err := r.withdraw(false); err != nil {
					t.Fatal(err)
				}
				if got := r.withdrawn(id); !slices.Contains(got, fmt.Sprintf("%d %s", r.rowOf(id, "12345"), want)) {
					t.Errorf("%s: the endpoint has %q, not %s", kept.Kind, got, want)
				}
			}
			if kept.Kind == register.RestrictionWord {
				told("stop restricted")
				r.eraseAll("held")
			}
			told("erase erased")
			if f, err := r.withdraw(false); err != nil || f.Rows != 0 {
				t.Errorf("%s: told twice: %+v %v", kept.Kind, f, err)
			}
		}
	})
}
