package nightly_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
)

// say writes words of a person down.
func say(t testing.TB, ws *workspace.Workspace, person string, date canon.Date, said ...rights.Statement) rights.Noted {
	t.Helper()
	pack, _ := documents(t, ws, date)
	out, err := rights.Say(context.Background(), ws, pack, person, said, rights.Author{By: "dpo", At: date.Time().Add(9 * time.Hour), Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func explained(t testing.TB, ws *workspace.Workspace, person string, date canon.Date) nightly.Explained {
	t.Helper()
	e, err := nightly.Explain(context.Background(), ws, person, "", date)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestWhatIsSaidByHandOutlivesEveryNight holds XAMK-40, XAMK-48 and XAMK-50 to XAMK-53 where they are not the pack's: a
// withdrawal is recorded on the person's own data and a prohibition is kept, whatever sources bring, through nights that
// decide all rows anew, over the parting of a person's records and the joining of two persons.
func TestWhatIsSaidByHandOutlivesEveryNight(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		joined, apart := s.pairsToDecide(t, 1)
		links := s.linkedTo(t)
		s.at(t, func(ws *workspace.Workspace) {
			out := say(t, ws, links[joined[0].A], firstNight+1,
				rights.Statement{Kind: register.ConsentWord, About: "newsletter", State: "withdrawn", Via: "letter"},
				rights.Statement{Kind: register.ConsentWord, About: "surveys", State: "granted", TextVersion: "2026-09"},
				rights.Statement{Kind: register.ObjectionWord, About: "marketing", State: register.Stands},
				rights.Statement{Kind: register.HoldWord, About: "contract", State: register.Stands})
			if out.Records != 2 || len(out.Words) != 4 || out.Words[2].Clause != "XAMK-48" {
				t.Fatalf("%+v", out)
			}
			say(t, ws, links[apart[0].A], firstNight+1, rights.Statement{Kind: register.RestrictionWord, State: register.Stands})
		})
		state := func(e nightly.Explained, purpose string) string {
			for _, w := range e.Words {
				if w.Purpose == purpose && w.Channel == "email" {
					return w.State
				}
			}
			return ""
		}
		night := func(n canon.Date, surveys string, both bool) {
			t.Helper()
			s.night(t, firstNight+n)
			links := s.linkedTo(t)
			s.at(t, func(ws *workspace.Workspace) {
				for _, record := range []string{joined[0].A, joined[0].B} {
					e := explained(t, ws, links[record], firstNight+n)
					if state(e, "newsletter") != "withdrawn" || state(e, "surveys") != surveys || !slices.Contains(e.Objects, "marketing") || !slices.Equal(e.Holds, []string{"contract"}) {
						t.Errorf("night %d: newsletter %s, surveys %s, %v, %v", n, state(e, "newsletter"), state(e, "surveys"), e.Objects, e.Holds)
					}
					found := false
					for c, err := range ws.Register.Consents(context.Background()) {
						found = found || err == nil && c.Person == links[record] && c.Purpose == "newsletter" && c.State == "withdrawn"
					}
					if !found {
						t.Errorf("night %d: the withdrawal is not an effective consent of the person", n)
					}
				}
				if e := explained(t, ws, links[apart[0].A], firstNight+n); !e.Restricted {
					t.Errorf("night %d: the restriction is gone", n)
				}
				if e := explained(t, ws, links[apart[0].B], firstNight+n); e.Restricted != both {
					t.Errorf("night %d: the other is restricted: %v", n, e.Restricted)
				}
			})
		}
		night(1, "granted", false)
		s.settings(t, "# another text, another configuration\n") // every row is decided anew
		night(2, "granted", false)
		s.decide(t, "nightly-"+(firstNight+2).String(), clerical.Different, joined...)
		s.decide(t, "nightly-"+(firstNight+2).String(), clerical.Same, apart...)
		night(3, "", true)
		s.hold(t, false, joined)
		s.hold(t, true, apart)
		s.decide(t, "nightly-"+(firstNight+3).String(), clerical.Same, joined...)
		s.decide(t, "nightly-"+(firstNight+3).String(), clerical.Different, apart...)
		night(4, "granted", false)
	})
}

// TestHoldsAndRestrictionsStandBeforeErasure holds XAMK-49 and XAMK-51 where they are not the pack's.
func TestHoldsAndRestrictionsStandBeforeErasure(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		joined, _ := s.pairsToDecide(t, 1)
		_, keys := s.subjects(t)
		person, key := s.linkedTo(t)[joined[0].A], keys[joined[0].A]
		erase := func() (err error) {
			s.at(t, func(ws *workspace.Workspace) {
				r := newRun(firstNight + 9)
				pack, layouts := documents(t, ws, r.Date)
				j := ws.NewJournal("test", "", pack.Digest())
				held, herr := j.Hold(context.Background(), r)
				if herr != nil {
					t.Fatal(herr)
				}
				defer j.Free(context.Background())
				n := nightly.New(ws, layouts, pack, nil, j.Check)
				defer n.Close()
				_, err = n.Erase(held, r, "nightly", key.System, key.PersonKey, "XAMK-39")
			})
			return err
		}
		for _, w := range []rights.Statement{{Kind: register.HoldWord, About: "rdi"}, {Kind: register.RestrictionWord}} {
			for n, state := range []string{register.Stands, register.Lifted} {
				w.State = state
				s.at(t, func(ws *workspace.Workspace) { say(t, ws, person, firstNight+1+canon.Date(n), w) })
				if w.State == register.Stands {
					if err := erase(); fault.Code(err) != "UOMA-ERA-HELD" {
						t.Errorf("%s: %v", w.Kind, err)
					}
				}
			}
		}
	})
}

// TestConsentsByTopicAreListed asks what the register says of somebody who consented to one topic of a newsletter, and of
// somebody who took the whole back: topics stand behind the purpose, and what was not said of a topic is not listed.
func TestConsentsByTopicAreListed(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"alumni: user user | "+whoIs+", joined as: instant; to: role.alumnus.from",
			"words: key user | key required: true, user required: true, topic to: consent.topic, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted; withdrawn: withdrawn}; to: consent.state, time as: instant; to: consent.time")})
		const alumni, words = "mira/alumni_%s.csv", "mira/words_%s.csv"
		s.feeds[alumni], s.feeds[words] = "user;family;given;joined", "key;user;topic;purpose;channel;state;time"
		s.put(t, alumni, firstNight, "m1;Jasen;Jaana;2020-01-01T09:00:00Z", "m2;Muu;Maija;2020-01-01T09:00:00Z")
		s.put(t, words, firstNight, "1;m1;research;newsletter;email;granted;2024-01-01T09:00:00Z", "2;m2;research;newsletter;email;granted;2024-01-01T09:00:00Z", "3;m2;;newsletter;email;withdrawn;2025-01-01T09:00:00Z")
		s.finish(t, firstNight, pipelines.Finished)
		listed := map[string][]string{}
		s.at(t, func(ws *workspace.Workspace) {
			for c, err := range ws.Register.Consents(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				listed[c.Person] = append(listed[c.Person], c.Purpose+" "+c.State+" "+c.Since[:4])
			}
		})
		var got []string
		for _, said := range listed {
			got = append(got, strings.Join(said, ", "))
		}
		slices.Sort(got)
		same(t, "consents", got, "newsletter/further_education withdrawn 2025, newsletter/research withdrawn 2025, newsletter/social withdrawn 2025", "newsletter/research granted 2024")
	})
}
