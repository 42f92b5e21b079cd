package survey

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
)

// everybody are the numbers of the graduates of 2021 whom the shipped pack and pipeline send.
var everybody = []string{"12345", "12350", "777"}

func TestTheFourStages(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.night("nightly-2026-11-23", ledger.Finished, `{"verdict":"warn"}`)
		out, err := r.run(false)
		r.must(err)
		chosen := fact[SelectFacts](t, out, "select")
		want := []extract.Withheld{{Reason: extract.Deceased, Clause: "XAMK-36", N: 1}, {Reason: extract.NoContact, Clause: "XAMK-31", N: 1},
			{Reason: extract.Objection, Clause: "XAMK-53", N: 1}, {Reason: extract.Protected, Clause: "XAMK-32", N: 1}}
		if chosen.Eligible != 7 || chosen.Sent != 3 || !reflect.DeepEqual(chosen.Withheld, want) || chosen.Register != "nightly-2026-11-23" {
			t.Errorf("%+v", chosen)
		}
		sealed, sent, receipt := fact[SealFacts](t, out, "seal"), fact[DeliverFacts](t, out, "deliver"), fact[ReceiptFacts](t, out, "receipt")
		if sealed.State != "encrypted" || sealed.Rows != 3 || sealed.Eligible != 7 || sealed.Sequence != 1 || sealed.Bytes == 0 {
			t.Errorf("%+v", sealed)
		}
		if sent.State != "sent" || sent.Attempts != 1 || sent.Anew != 0 || sent.Delivery != sealed.Delivery {
			t.Errorf("%+v", sent)
		}
		if receipt.State != "closed" || receipt.Status != "accepted" || receipt.Level != "validated" || receipt.Receipt == "" {
			t.Errorf("%+v", receipt)
		}
		rows, inner, quality := r.received(sent.Delivery)
		if d := r.deliveries()[0]; !bytes.Contains(quality, []byte(`"verdict": "`+d.QualityVerdict+`"`)) || d.RegisterCommit != "nightly-2026-11-23" {
			t.Errorf("%+v", d)
		}
		if !bytes.Contains(quality, []byte(`"policy_digest": "`+r.pack.Digest()+`"`)) {
			t.Error("the delivery does not say under which pack it was made")
		}
		if !slices.Equal(numbers(rows), everybody) || inner.PseudonymDomain != "csc/uraseuranta" || inner.Suppressed["deceased"] != 0 {
			t.Errorf("%v %+v", numbers(rows), inner)
		}
		for _, x := range rows {
			if x.IdentityCode != "" {
				t.Error("an identity code was sent")
			}
			if x.StudentNumber == "12345" && (x.Email1 != "aino.esimerkki@mail.example" || x.Language != "en" || x.GivenNames != "Aino Maria" ||
				x.Credits != 211 || x.Field != 5 || x.Institution != "10118" || x.Municipality != "491" || x.Phone1 != "+3584000012345") {
				t.Errorf("%+v", x)
			}
			if x.StudentNumber == "777" && (x.Email1 != "" || x.Email2 != "asa@student.xamk.example" || x.Language != "sv" || x.Field != 9) {
				t.Errorf("%+v", x)
			}
		}
	})
}

func TestAPeriodIsSentOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		first, err := r.run(false)
		r.must(err)
		r.endpoint.Stop() // what is done needs no endpoint
		again, err := r.run(false)
		if err != nil || !again.Already {
			t.Fatalf("the same date again: %+v, %v", again.State, err)
		}
		r.date++ // another date of the same year asks for the same period
		r.night("nightly-2026-11-23", ledger.Finished, `{"verdict":"warn"}`)
		later, err := r.run(false)
		r.must(err)
		if f := fact[SealFacts](t, later, "seal"); !f.Already || f.Delivery != fact[SealFacts](t, first, "seal").Delivery {
			t.Errorf("%+v", f)
		}
		if !fact[DeliverFacts](t, later, "deliver").Already || !fact[ReceiptFacts](t, later, "receipt").Already {
			t.Error("something was sent again")
		}
		if len(r.deliveries()) != 1 || r.endpoint.Accepted() != 1 {
			t.Errorf("%d deliveries, %d accepted", len(r.deliveries()), r.endpoint.Accepted())
		}
	})
}

func TestTheNextYearContinuesTheChain(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		_, err := r.run(false)
		r.must(err)
		r.date = r.date.AddMonths(12)
		r.people(graduateOf("P20", "20001", "Seuraava", "Saara", "1999-01-01", "2022-05-31"))
		out, err := r.run(false)
		r.must(err)
		f := fact[ReceiptFacts](t, out, "receipt")
		rows, _, _ := r.received(f.Delivery)
		if f.Sequence != 2 || !slices.Equal(numbers(rows), []string{"20001"}) {
			t.Errorf("%+v %v", f, numbers(rows))
		}
	})
}

func TestADryRunWritesAndSendsNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.endpoint.Stop()
		before, rows := r.tree(), workspacetest.Dump(t, r.ws.RegisterDB)
		out, err := r.run(true)
		r.must(err)
		f := fact[SealFacts](t, out, "seal")
		if f.State != "dry-run" || f.Rows != 3 || f.Bytes == 0 || f.Delivery != "" || fact[SelectFacts](t, out, "select").Sent != 3 {
			t.Errorf("%+v", f)
		}
		if after := r.tree(); !slices.Equal(before, after) || len(r.deliveries()) != 0 {
			t.Errorf("files before %v, after %v", before, after)
		}
		if !maps.Equal(rows, workspacetest.Dump(t, r.ws.RegisterDB)) {
			t.Error("the register's store changed")
		}
	})
}

// tree lists the workspace's files.
func (r *rig) tree() (out []string) {
	r.must(filepath.WalkDir(r.ws.Dir, func(path string, _ os.DirEntry, err error) error {
		out = append(out, path)
		return err
	}))
	return out
}

func TestThreat_T23_NothingWithoutABasis(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		cut := func(old, replacement string) func(string) string {
			return func(s string) string {
				if strings.Count(s, old) != 1 {
					t.Fatalf("the pack says %q %d times", old, strings.Count(s, old))
				}
				return strings.Replace(s, old, replacement, 1)
			}
		}
		disclosure := func(s string) string {
			from, to := strings.Index(s, "- id: career_survey\n"), strings.Index(s, "- id: national_repository\n  recipient")
			return s[:from] + s[to:]
		}
		contactOnly := cut("purpose: career_monitoring\n  categories: [alumni_basics, contact, education]", "purpose: career_monitoring\n  categories: [alumni_basics, contact]")
		career := "{id: career_monitoring, basis: public_task, categories: [alumni_basics, contact, education]"
		tests := []struct {
			name   string
			alter  func(string) string
			reason extract.Reason // of all graduates; "" when the numbers say it
			sent   []string
		}{
			{"the disclosure", disclosure, extract.NoBasis, nil},
			{"contact data of the disclosure", cut("purpose: career_monitoring\n  categories: [alumni_basics, contact, education]", "purpose: career_monitoring\n  categories: [alumni_basics, education]"), extract.NoBasis, nil},
			{"education of purpose and disclosure", func(s string) string {
				return contactOnly(cut(career, "{id: career_monitoring, basis: public_task, categories: [alumni_basics, contact]")(s))
			}, extract.NoBasis, nil},
			{"the recipient", cut("recipient: csc", "recipient: other"), extract.NoBasis, nil},
			{"the year in which membership is automatic", cut("automatic: {from: 2020-01-31", "automatic: {from: 2022-01-31"), extract.NotMember, nil},
			{"the objection to disclosure", cut("purposes: [career_monitoring, research, statistics]", "purposes: [research, statistics]"), "", append([]string{"12351"}, everybody...)},
			{"nothing", func(s string) string { return s }, "", everybody},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r.pack = shipped(t, tt.alter)
				out, err := r.run(true)
				r.must(err)
				f := fact[SelectFacts](t, out, "select")
				withheld := map[extract.Reason]int64{}
				sum := f.Sent
				for _, w := range f.Withheld {
					withheld[w.Reason] += w.N
					sum += w.N
					if w.Clause == "" {
						t.Errorf("%s has no clause", w.Reason)
					}
				}
				if f.Eligible != 7 || sum != 7 || f.Sent != int64(len(tt.sent)) {
					t.Errorf("%+v", f)
				}
				if tt.reason == extract.NoBasis {
					if _, err := r.run(false); fault.Code(err) != "UOMA-SVY-BASIS" || len(r.deliveries()) != 0 {
						t.Errorf("a real run ended with %v and %d deliveries", err, len(r.deliveries()))
					}
				}
				if tt.reason == extract.NoBasis && withheld[extract.NoBasis] != 7 || tt.reason == extract.NotMember && withheld[extract.NotMember] != 5 {
					t.Errorf("%v", withheld)
				}
			})
		}
	})
}

// TestThreat_T23_WhoConsentedIsSent where the purpose waits for consent: that nobody is sent without a word is no lack of a basis.
func TestThreat_T23_WhoConsentedIsSent(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.pack = shipped(t, func(s string) string {
			s = strings.Replace(s, "{id: career_monitoring, basis: public_task,", "{id: career_monitoring, needs_consent: true, basis: public_task,", 1)
			return strings.Replace(s, "\n- {purpose: newsletter,", "\n- {purpose: career_monitoring, channels: [email], clause: [XAMK-40]}\n- {purpose: newsletter,", 1)
		})
		r.says("P1", rights.Statement{Kind: register.ConsentWord, About: "career_monitoring", State: "granted", Via: "letter", TextVersion: "1"})
		out, err := r.run(false)
		r.must(err)
		f := fact[SelectFacts](t, out, "select")
		silent := slices.ContainsFunc(f.Withheld, func(w extract.Withheld) bool { return w.Reason == extract.NoConsent && w.N == 3 })
		if rows, _, _ := r.received(fact[DeliverFacts](t, out, "deliver").Delivery); !slices.Equal(numbers(rows), []string{"12345"}) || !silent {
			t.Errorf("%v %+v", numbers(rows), f)
		}
	})
}

// TestThreat_T23_WhatASourceGaveUp where the purpose waits for consent: a consent whose source exports it no more sends nobody, from
// whichever step on, and a withdrawal that is exported no more goes on withholding.
func TestThreat_T23_WhatASourceGaveUp(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, at := range []string{"prepare/1-select", "encrypt/2-seal", "send/2-consent"} {
			t.Run(at, func(t *testing.T) {
				r := newRig(t, on)
				r.pack = shipped(t, func(s string) string {
					s = strings.Replace(s, "{id: career_monitoring, basis: public_task,", "{id: career_monitoring, needs_consent: true, basis: public_task,", 1)
					return strings.Replace(s, "\n- {purpose: newsletter,", "\n- {purpose: career_monitoring, channels: [email], clause: [XAMK-40]}\n- {purpose: newsletter,", 1)
				})
				for _, w := range []struct{ subject, key, state, time string }{
					{"P1", "stays", "granted", "1000000"}, {"P1", "goes", "withdrawn", ""}, {"P3", "kept", "granted", "1000000"}, {"P6", "gone", "granted", "1000000"},
				} {
					r.people(human{w.subject, []row{
						{feed: "alumni-portal/profiles", table: "person", key: w.key, person: w.key, columns: map[string]string{"family_name": "X", "given_names": "Y"}},
						{feed: "alumni-portal/profiles", table: "consent", key: w.key, person: w.key, columns: map[string]string{
							"purpose": "career_monitoring", "channel": "email", "state": w.state, "time": w.time}},
					}})
				}
				ended := false
				r.step = func(name string) error {
					if name == at && !ended {
						ended = true
						r.ends("goes", "gone")
					}
					return nil
				}
				out, err := r.run(false)
				r.must(err)
				if rows, _, _ := r.received(fact[DeliverFacts](t, out, "deliver").Delivery); !ended || !slices.Equal(numbers(rows), []string{"777"}) {
					t.Errorf("sent: %v", numbers(rows))
				}
			})
		}
	})
}

// TestThreat_T24_ADisclosureThatIsTakenOut of the pack after a delivery was sealed: the delivery is taken back with its archive,
// and no other is made.
func TestThreat_T24_ADisclosureThatIsTakenOut(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, at := range []string{"encrypt/2-seal", "send/1-file", "send/2-consent"} {
			t.Run(at, func(t *testing.T) {
				r := newRig(t, on)
				killed := errors.New("killed")
				r.step = func(name string) error {
					if name == at {
						return killed
					}
					return nil
				}
				if _, err := r.run(false); !errors.Is(err, killed) {
					t.Fatal(err)
				}
				r.step = nil
				r.endpoint.Clock.Move(outbox.LeaseFor + time.Second)
				r.pack = shipped(t, func(s string) string { return strings.Replace(s, "recipient: csc", "recipient: other", 1) })
				if _, err := r.run(false); fault.Code(err) != "UOMA-SVY-BASIS" {
					t.Errorf("the run ended with %v", err)
				}
				if d := r.deliveries(); len(d) != 1 || d[0].State != outbox.Voided || r.endpoint.Accepted() != 0 {
					t.Errorf("%+v", d)
				}
				left, err := os.ReadDir(r.ws.Path(workspace.OutboxDir))
				r.must(err)
				for _, e := range left {
					if strings.HasPrefix(e.Name(), r.deliveries()[0].ID) {
						t.Errorf("%s is left", e.Name())
					}
				}
			})
		}
	})
}

// An objection recorded between any two steps before the first byte is honoured; afterwards the delivery stands.
func TestThreat_T24_ObjectionBetweenSelectAndSend(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		tests := []struct {
			at     string // the step before which the objection is recorded
			heard  bool
			voided int
		}{
			{"sweep/1-begin", true, 0}, {"prepare/1-select", true, 0}, {"prepare/2-insert", true, 1}, {"encrypt/2-seal", true, 1},
			{"encrypt/6-commit", true, 1}, {"send/1-file", true, 1}, {"send/2-consent", true, 1}, {"send/6-manifest", false, 0}, {"receive/1-fetch", false, 0},
		}
		for _, tt := range tests {
			t.Run(tt.at, func(t *testing.T) {
				r := newRig(t, on)
				said := false
				r.step = func(name string) error {
					if name == tt.at && !said {
						said = true
						r.objects("P1", "survey")
					}
					return nil
				}
				out, err := r.run(false)
				r.must(err)
				f := fact[DeliverFacts](t, out, "deliver")
				rows, _, _ := r.received(f.Delivery)
				if slices.Contains(numbers(rows), "12345") == tt.heard || len(rows) < 2 {
					t.Errorf("sent: %v", numbers(rows))
				}
				voided := 0
				for _, d := range r.deliveries() {
					if d.State == outbox.Voided {
						voided++
					}
				}
				if voided != tt.voided || r.endpoint.Accepted() != 1 || f.Sequence != 1 {
					t.Errorf("%d voided, %d accepted, %+v", voided, r.endpoint.Accepted(), f)
				}
			})
		}
	})
}

// What the data protection officer writes down by hand between any two steps is heard as what a source brings is.
func TestThreat_T24_AWordByHandBetweenAnyTwoSteps(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		words := []rights.Statement{{Kind: register.ObjectionWord, About: "survey", State: register.Stands},
			{Kind: register.RestrictionWord, State: register.Stands}, {Kind: register.HoldWord, About: "legal_claim", State: register.Stands}}
		for i, at := range []string{"sweep/1-begin", "prepare/1-select", "prepare/2-insert", "encrypt/2-seal", "encrypt/6-commit", "send/1-file", "send/2-consent", "send/6-manifest"} {
			if on == databasetest.OnMariaDB && i%3 != 1 {
				continue // every step once; what differs between stores, thrice
			}
			t.Run(at, func(t *testing.T) {
				r := newRig(t, on)
				said := false
				r.step = func(name string) error {
					if name == at && !said {
						said = true
						r.says("P1", words[i%len(words)])
					}
					return nil
				}
				out, err := r.run(false)
				r.must(err)
				rows, _, _ := r.received(fact[DeliverFacts](t, out, "deliver").Delivery)
				if heard := at != "send/6-manifest"; slices.Contains(numbers(rows), "12345") == heard || len(rows) < 2 || r.endpoint.Accepted() != 1 {
					t.Errorf("sent: %v", numbers(rows))
				}
			})
		}
	})
}

// TestThreat_T24_AWordThatABackupDoesNotHave takes an objection out of the register, as a backup of before has it, and sends when
// the book of erasures was heeded.
func TestThreat_T24_AWordThatABackupDoesNotHave(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.says("P1", rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
		r.must(r.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
			for _, sql := range []string{"DELETE FROM `word`", "UPDATE `erasure_head` SET `number` = 0, `chain` = ''"} {
				if _, err := tx.ExecContext(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		}))
		r.must(r.ws.HeedErasures(ctx))
		out, err := r.run(false)
		r.must(err)
		rows, _, _ := r.received(fact[DeliverFacts](t, out, "deliver").Delivery)
		if slices.Contains(numbers(rows), "12345") || len(rows) < 2 {
			t.Errorf("sent: %v", numbers(rows))
		}
	})
}

func TestThreat_T24_ErasedBetweenSealAndSend(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.step = func(name string) error {
			if name == "send/1-file" {
				r.step = nil
				_, err := r.ws.Vault.Erase(ctx, []string{"P1"}, "erasure")
				return err
			}
			return nil
		}
		out, err := r.run(false)
		r.must(err)
		rows, _, _ := r.received(fact[DeliverFacts](t, out, "deliver").Delivery)
		if slices.Contains(numbers(rows), "12345") {
			t.Error("an erased person was sent")
		}
	})
}

func TestThreat_T25_AMarkOfAnErasedPerson(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		token := r.ws.Suppression().Token("suppressed", "student_number|10118|777")
		r.must(r.ws.Vault.Suppress(ctx, []vault.Suppression{{Token: token, Kind: "student_number", Since: "erasure", Clause: "XAMK-39"}}))
		out, err := r.run(true)
		r.must(err)
		f := fact[SelectFacts](t, out, "select")
		if f.Sent != 2 || !slices.Contains(f.Withheld, extract.Withheld{Reason: extract.Suppressed, Clause: "XAMK-39", N: 1}) {
			t.Errorf("%+v", f)
		}
	})
}

// TestThreat_T25_WhoIsKnownToBeErasedIsNotSent: the mark may stand on a record of which nothing is stored, so that nothing in
// the vault bears it; what is stored stays while a hold stands, and is not used.
func TestThreat_T25_WhoIsKnownToBeErasedIsNotSent(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		defer night.Rollback()
		r.must(night.MarkErased(ctx, map[string]string{workspace.PersonOf(r.ws.Persons(), "P3"): "XAMK-39"}))
		r.must(night.Commit())
		out, err := r.run(false)
		r.must(err)
		if f := fact[SelectFacts](t, out, "select"); f.Sent != 2 || !slices.Contains(f.Withheld, extract.Withheld{Reason: extract.Suppressed, Clause: "XAMK-39", N: 1}) {
			t.Errorf("%+v", f)
		}
	})
}

func TestTheQualityGate(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		tests := []struct{ name, state, report, want string }{
			{"blocked", ledger.Finished, `{"verdict":"block"}`, "UOMA-DLV-QUALITY-GATE"},
			{"stopped", ledger.Partial, `{"verdict":"stop"}`, "UOMA-DLV-QUALITY-GATE"},
			{"no verdict", ledger.Finished, `null`, "UOMA-DLV-QUALITY-GATE"},
			{"no report", ledger.Finished, ``, "UOMA-DLV-QUALITY-GATE"},
			{"under way", ledger.Running, `{"verdict":"pass"}`, "UOMA-DLV-QUALITY-GATE"},
			{"failed", ledger.Failed, `{"verdict":"pass"}`, "UOMA-DLV-QUALITY-GATE"},
			{"in part", ledger.Partial, `{"verdict":"warn"}`, ""},
		}
		r := newRig(t, on)
		for i, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				day := r.date.AddMonths(i + 1)
				r.night("nightly-"+day.String(), tt.state, tt.report)
				if _, err := r.run(true); fault.Code(err) != tt.want {
					t.Errorf("got %v, want %s", err, tt.want)
				}
			})
		}
		if len(r.deliveries()) != 0 {
			t.Error("something was prepared")
		}
	})
}

// An identity code typed into a degree's title stops the extract.
func TestAStrayIdentifierStopsTheExtract(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.people(graduateOf("P30", "30001", "Vuoto", "Ville", "1990-01-02", "2021-03-03").set("degree", "title", "Tradenomi 010190-900P"))
		_, err := r.run(true)
		if fault.Code(err) != "UOMA-DLV-QUALITY-GATE" || strings.Contains(err.Error(), "900P") {
			t.Errorf("%v", err)
		}
	})
}

func TestKilledAndRunAgain(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		killed := errors.New("killed")
		for _, at := range []string{"prepare/2-insert", "encrypt/3-sequence", "send/5-attempt", "send/7-payload", "send/9-commit", "receive/5-commit", "close/3-commit"} {
			t.Run(at, func(t *testing.T) {
				r := newRig(t, on)
				r.step = func(name string) error {
					if name == at {
						return killed
					}
					return nil
				}
				if _, err := r.run(false); !errors.Is(err, killed) {
					t.Fatal(err)
				}
				r.step = nil
				r.endpoint.Clock.Move(outbox.LeaseFor + time.Second)
				out, err := r.run(false)
				r.must(err)
				f := fact[ReceiptFacts](t, out, "receipt")
				if f.State != "closed" || f.Sequence != 1 || r.endpoint.Accepted() != 1 {
					t.Errorf("%+v, %d accepted", f, r.endpoint.Accepted())
				}
			})
		}
	})
}

func TestTermsOfThePipeline(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		r.terms.Protected, r.terms.Background, r.terms.Format = "email", "virta", "csv"
		out, err := r.run(true)
		r.must(err)
		f := fact[SelectFacts](t, out, "select")
		if f.Sent != 4 {
			t.Errorf("protected people by e-mail: %+v", f)
		}
		for i, c := range f.Columns {
			if i >= 12 && c.Present > 0 {
				t.Errorf("%s is filled", c.Name)
			}
		}
		r.terms.ContactSources = []string{"alumni-portal"}
		out, err = r.run(true)
		r.must(err)
		if f := fact[SelectFacts](t, out, "select"); f.Sent != 1 {
			t.Errorf("contact data from the portal alone: %+v", f)
		}
		r.terms.Recipient = "nobody"
		if out, err = r.run(true); fault.Code(err) != "UOMA-DLV-RECIPIENT-UNPINNED" {
			t.Errorf("an unpinned recipient: %v", err)
		}
		if f := fact[SelectFacts](t, out, "select"); f.Sent != 0 {
			t.Errorf("a recipient that no entry names: %+v", f)
		}
	})
}

func TestTwoRunsGiveTheSameBytes(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		stages, run := r.stages(false)
		s := stages[0].(selectStage).s
		a, err := s.choose(ctx, run, 2021)
		r.must(err)
		b, err := s.choose(ctx, run, 2021)
		r.must(err)
		if a.digest != b.digest || len(a.digest) != 64 {
			t.Errorf("%s, %s", a.digest, b.digest)
		}
		r.objects("P2", "survey") // of another year
		b, err = s.choose(ctx, run, 2021)
		r.must(err)
		if a.digest != b.digest {
			t.Error("somebody outside the frame changes the choice")
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		stages, run := r.stages(false)
		run.Mode = pipelines.Backfill
		if _, err := stages[0].Run(ctx, run); fault.Code(err) != "UOMA-SVY-BACKFILL" {
			t.Errorf("a backfill: %v", err)
		}
		if _, err := New(r.ws, &pipelines.Definition{Pipeline: "x"}, r.pack, Options{}); fault.Code(err) != "UOMA-SVY-TERMS" {
			t.Errorf("a pipeline without terms: %v", err)
		}
		r.must(os.Chmod(r.ws.Path("keys", "client.key"), 0o644))
		if _, err := r.run(false); !errors.Is(err, parcel.ErrKeyPerms) {
			t.Errorf("a key that others can read: %v", err)
		}
		r.must(os.Remove(r.ws.Path("keys", "client.key")))
		if _, err := r.run(false); fault.Code(err) != "UOMA-SVY-CERTIFICATE" {
			t.Errorf("no key: %v", err)
		}
	})
}

func TestWhoWasSentWhat(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		out, err := r.run(false)
		r.must(err)
		all, err := Disclosures(ctx, r.ws, nil)
		r.must(err)
		aino := workspace.PersonOf(r.ws.Persons(), "P1")
		hers, err := Disclosures(ctx, r.ws, []string{aino, workspace.PersonOf(r.ws.Persons(), "P5")})
		r.must(err)
		if len(all) != 3 || len(hers) != 1 {
			t.Fatalf("%d people, %d of the two", len(all), len(hers))
		}
		d := hers[0]
		if d.Person != aino || d.Delivery != fact[SealFacts](t, out, "seal").Delivery || d.Recipient != "csc" || d.Purpose != "career_monitoring" ||
			d.Clause != "XAMK-31" || d.State != "closed" || !slices.Contains(d.Columns, "sahkoposti1") || slices.Contains(d.Columns, "henkilotunnus") {
			t.Errorf("%+v", d)
		}
	})
}

// What was prepared and never left was sent to nobody.
func TestWhatNeverLeftWasSentToNobody(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		killed := errors.New("killed")
		r.step = func(name string) error {
			if name == "send/5-attempt" {
				return killed
			}
			return nil
		}
		if _, err := r.run(false); !errors.Is(err, killed) {
			t.Fatal(err)
		}
		all, err := Disclosures(ctx, r.ws, nil)
		if err != nil || len(all) != 0 {
			t.Errorf("%d people, %v", len(all), err)
		}
		// The next year's run takes back what nobody asks for any more; asked for again, the period is prepared anew.
		r.step = nil
		r.endpoint.Clock.Move(outbox.LeaseFor + time.Second)
		r.date = r.date.AddMonths(12)
		_, err = r.run(false)
		r.must(err)
		if list := r.deliveries(); len(list) != 2 || list[0].State != outbox.Voided || list[1].Sequence != 1 {
			t.Errorf("%+v", list)
		}
		r.date = r.date.AddMonths(-12) - 1
		_, err = r.run(false)
		r.must(err)
		if all, err = Disclosures(ctx, r.ws, nil); err != nil || len(all) != 3 || r.endpoint.Accepted() != 2 {
			t.Errorf("%d people, %d accepted, %v", len(all), r.endpoint.Accepted(), err)
		}
	})
}

// picky rejects every delivery while it is told to.
type picky struct{ reject *bool }

func (picky) File(string, io.Reader) error { return nil }

func (p picky) Findings() []parcel.Reason {
	if !*p.reject {
		return nil
	}
	return []parcel.Reason{{Type: "schema-violation", Table: extract.Table, Count: 1}}
}

// A rejected delivery ends, stays an error however often the period is asked for, and is replaced by one that names it.
func TestARejectedDeliveryIsSuperseded(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		reject := true
		r := newRigAt(t, on, func(c *endpoint.Config) {
			c.Datasets = map[string]endpoint.Dataset{"uraseuranta": {Schemas: map[string]string{extract.SchemaVersion: ""},
				Validator: func(*parcel.Manifest) endpoint.Check { return picky{&reject} }}}
		})
		for range 2 {
			if _, err := r.run(false); !errors.Is(err, delivery.ErrRejected) {
				t.Fatal(err)
			}
		}
		first := r.deliveries()[0]
		reject, r.instead = false, first.ID
		out, err := r.run(false)
		r.must(err)
		f := fact[ReceiptFacts](t, out, "receipt")
		if f.State != "closed" || f.Status != parcel.Accepted || f.Sequence != 2 || len(r.deliveries()) != 2 || r.deliveries()[1].Supersedes != first.ID {
			t.Errorf("%+v", f)
		}
	})
}

// Everything that a run leaves behind, byte by byte: files, and the rows of a register that is not a file.
func TestThreat_T36_NoIdentityIsLeftBehind(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		_, err := r.run(false)
		r.must(err)
		for _, path := range r.tree() {
			if raw, err := os.ReadFile(path); err == nil { // else it is a folder
				r.clean(filepath.Base(path), raw)
			}
		}
		for table, rows := range workspacetest.Dump(t, r.ws.RegisterDB) {
			r.clean(table, []byte(rows))
		}
	})
}

func (r *rig) clean(where string, raw []byte) {
	r.t.Helper()
	for _, canary := range []string{"Varhainen", "VARHAINEN", "p12350@mail.example", "+3584000012350", "aino.esimerkki", "010190-900P"} {
		if bytes.Contains(raw, []byte(canary)) {
			r.t.Errorf("%s holds a value of a person", where)
		}
	}
}

// TestEveryColumnOfARowLeadsBack follows every row of an extract: each column has a source row that holds a value of the
// column's table and says by which clause, but for the language, which is filled in where nobody gives one.
func TestEveryColumnOfARowLeadsBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		out, err := r.run(false)
		r.must(err)
		facts := fact[SealFacts](t, out, "seal")
		for n := 1; n <= int(facts.Rows); n++ {
			e, err := ExplainRow(ctx, r.ws, facts.Delivery, n)
			r.must(err)
			if e.Row != n || e.Person == "" || e.Clause != "XAMK-31" || e.Says == "" || e.Night != "nightly-2026-11-22" || len(e.Columns) < 5 {
				t.Errorf("row %d: %+v", n, e)
			}
			for _, c := range e.Columns {
				said := slices.ContainsFunc(c.From, func(i int) bool {
					return slices.ContainsFunc(e.Sources[i-1].Data, func(d ExplainedRef) bool {
						return d.Table == c.Table && d.Clause != "" && d.Says != "" && d.Basis != ""
					})
				})
				if !said && c.Column != "asiointikieli" {
					t.Errorf("row %d: nobody says %s (%s): %+v", n, c.Column, c.Table, c.From)
				}
			}
		}
		for _, ask := range []struct {
			id, want string
			row      int
		}{{facts.Delivery, "UOMA-SVY-ROW", 0}, {facts.Delivery, "UOMA-SVY-ROW", int(facts.Rows) + 1}, {"other", "UOMA-DLV-NONE", 1}} {
			if _, err := ExplainRow(ctx, r.ws, ask.id, ask.row); fault.Code(err) != ask.want {
				t.Errorf("%+v: %v", ask, err)
			}
		}
	})
}

// TestARowIsExplainedByThePackThatDecided explains a row when another version of the pack is in force by now: in the words of the
// one that decided, by its digest, and without any where that is not at hand. A list of before named no pack: then it is the
// night's.
func TestARowIsExplainedByThePackThatDecided(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite)
	out, err := r.run(false)
	r.must(err)
	facts := fact[SealFacts](t, out, "seal")
	explained := func() ExplainedRow {
		t.Helper()
		e, err := ExplainRow(ctx, r.ws, facts.Delivery, 1)
		r.must(err)
		return e
	}
	src, _ := policy.Shipped("xamk")
	was := explained()
	if was.Policy != r.pack.ID+" "+r.pack.Version || was.Digest != r.pack.Digest() || was.Says != r.pack.Says("XAMK-31") {
		t.Errorf("%+v", was)
	}
	anew := func(s string) string { return strings.ReplaceAll(s, "section: \"", "section: \"anew ") }
	r.must(os.WriteFile(filepath.Join(r.ws.Dir, workspace.PolicyDir, "xamk.yaml"), []byte(anew(string(src))), 0o600))
	if e := explained(); e.Says != was.Says || !reflect.DeepEqual(e.Sources, was.Sources) {
		t.Errorf("by the version of now: %+v", e)
	}
	l, err := readList(r.ws, facts.Delivery, &asked{all: true})
	r.must(err)
	other := shipped(t, anew)
	for _, tt := range []struct{ list, night, policy, digest string }{
		{other.Digest(), "", other.ID + " " + other.Version, other.Digest()},
		{"", r.pack.Digest(), was.Policy, was.Digest},
		{"", "", "", ""},
		{"sha256:00", r.pack.Digest(), "", "sha256:00"},
	} {
		l.Policy = tt.list
		r.must(l.Write(r.ws, facts.Delivery))
		_, err := r.ws.RegisterDB.Exec("UPDATE `run` SET `policy_digest` = ? WHERE `id` = ?", tt.night, "nightly-2026-11-22")
		r.must(err)
		e := explained()
		if e.Policy != tt.policy || e.Digest != tt.digest || e.Clause != "XAMK-31" || (e.Says == "") != (tt.policy == "") || len(e.Sources) != len(was.Sources) {
			t.Errorf("%+v: %+v", tt, e)
		}
		for _, s := range e.Sources {
			if len(s.Data) == 0 || s.Line != was.Sources[s.Number-1].Line {
				t.Errorf("%+v: %+v", tt, s)
			}
			for _, d := range s.Data {
				if d.Category == "" || d.Basis == "" || (d.Clause+d.Says == "") != (tt.policy == "") {
					t.Errorf("%+v: %+v", tt, d)
				}
			}
		}
	}
}

// TestThreat_T24_WhatIsSealedIsWhatWasPrepared asks for the rows of a delivery when the people chosen are others by now, and when
// they are the same again.
func TestThreat_T24_WhatIsSealedIsWhatWasPrepared(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite)
	stages, run := r.stages(false)
	s := stages[0].(selectStage).s
	first := &source{s: s, r: run}
	chosen, err := first.Select(ctx, s.order(run))
	r.must(err)
	d := outbox.Delivery{From: s.order(run).From, SelectionDigest: chosen.Digest}
	objection := rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands}
	r.says("P1", objection)
	for name, from := range map[string]*source{"by another program": {s: s, r: run}, "by one that chose otherwise": {s: s, r: run, last: &choice{digest: "another"}}} {
		if _, err := from.Contents(ctx, d); fault.Code(err) != "UOMA-DLV-CONSENT-CHANGED" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if changed, err := first.Changed(ctx, d); err != nil || !changed {
		t.Errorf("the last look: %v %v", changed, err)
	}
	objection.State = register.Lifted
	r.says("P1", objection)
	if _, err := first.Contents(ctx, d); err != nil {
		t.Errorf("the same people again: %v", err)
	}
	_, err = r.ws.RegisterDB.ExecContext(ctx, "UPDATE `degree` SET `title` = 'Insinööri (AMK)'")
	r.must(err)
	if changed, err := first.Changed(ctx, d); err != nil || !changed {
		t.Errorf("the same people, of whom something else is said: %v %v", changed, err)
	}
}

// TestThreat_T24_ANightBetweenTheTwoStores lets a night end between what is read of the register and of the vault.
func TestThreat_T24_ANightBetweenTheTwoStores(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		stages, run := r.stages(false)
		s := stages[0].(selectStage).s
		now, asked := run.Now, 0
		run.Now = func() time.Time {
			if asked++; asked == 2 { // the register has been entered
				r.night("nightly-"+r.date.AddMonths(1).String(), ledger.Finished, `{"verdict":"pass"}`)
			}
			return now()
		}
		if _, err := s.choose(ctx, run, 2021); fault.Code(err) != "UOMA-SVY-MOVED" || asked < 2 {
			t.Errorf("%v", err)
		}
	})
}
