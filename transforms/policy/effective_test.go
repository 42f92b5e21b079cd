package policy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

func TestEffective(t *testing.T) {
	p := xamk(t)
	word := func(purpose string, channel Channel, state State, time int64) Consent {
		return Consent{Purpose: purpose, Channel: channel, State: state, Time: time}
	}
	tests := []struct {
		name    string
		facts   Facts
		channel Channel
		want    ConsentState
	}{
		{"no word", Facts{}, Email, ConsentState{"newsletter", "", Email, Unknown, 0, "XAMK-40"}},
		{"granted", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"another channel", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}}, SMS, ConsentState{"newsletter", "", SMS, Unknown, 0, "XAMK-40"}},
		{"all channels", Facts{Consents: []Consent{word("newsletter", AnyChannel, Granted, 5)}}, SMS, ConsentState{"newsletter", "", SMS, Granted, 5, "XAMK-40"}},
		{"the later word wins", Facts{Consents: []Consent{word("newsletter", Email, Withdrawn, 7), word("newsletter", Email, Granted, 5)}}, Email, ConsentState{"newsletter", "", Email, Withdrawn, 7, "XAMK-40"}},
		{"also when it grants", Facts{Consents: []Consent{word("newsletter", Email, Refused, 5), word("newsletter", Email, Granted, 7)}}, Email, ConsentState{"newsletter", "", Email, Granted, 7, "XAMK-40"}},
		{"the stricter at one instant", Facts{Consents: []Consent{word("newsletter", Email, Withdrawn, 5), word("newsletter", AnyChannel, Granted, 5)}}, Email, ConsentState{"newsletter", "", Email, Withdrawn, 5, "XAMK-40"}},
		{"not asked is no word", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5), word("newsletter", Email, Unknown, 7)}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"words of tomorrow", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5), word("newsletter", Email, Withdrawn, 101)}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"objection beats consent", Facts{Consents: []Consent{word("newsletter", Email, Granted, 50)}, Objections: []Objection{{"marketing", AnyChannel, 7}}}, Email, ConsentState{"newsletter", "", Email, Withdrawn, 7, "XAMK-48"}},
		{"objection to another channel", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}, Objections: []Objection{{"marketing", Phone, 7}}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"objection to surveys", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}, Objections: []Objection{{"survey", AnyChannel, 7}}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"objection to disclosure", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}, Objections: []Objection{{"disclosure", AnyChannel, 7}}}, Email, ConsentState{"newsletter", "", Email, Granted, 5, "XAMK-40"}},
		{"objection of an unknown scope", Facts{Consents: []Consent{word("newsletter", Email, Granted, 5)}, Objections: []Objection{{"?", AnyChannel, 7}}}, Email, ConsentState{"newsletter", "", Email, Withdrawn, 7, "XAMK-40"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, got := range p.Effective(&tt.facts, 100) {
				if got.Purpose == "newsletter" && got.Channel == tt.channel && got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
		})
	}
	if got := len(p.Effective(&Facts{}, 0)); got != 20 {
		t.Errorf("%d states for five purposes and four channels", got)
	}
}

// limited is the shipped pack with newsletter consents that hold for one year.
func limited(t testing.TB) *Pack {
	t.Helper()
	src, _ := Shipped("xamk")
	p, err := Parse("x.yaml", []byte(strings.Replace(string(src), "{purpose: newsletter, channels", "{purpose: newsletter, valid: P1Y, channels", 1)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConsentRunsOut(t *testing.T) {
	p := limited(t)
	f := &Facts{Consents: []Consent{{Purpose: "newsletter", Channel: Email, State: Granted, Time: day(t, "2024-02-29").End()}}}
	for date, want := range map[string]State{"2024-02-28": Unknown, "2024-02-29": Granted, "2025-02-28": Granted, "2025-03-01": Expired} {
		if got := p.Effective(f, day(t, date).End())[0]; got.State != want {
			t.Errorf("on %s: %s", date, got.State)
		}
	}
}

// slowState is what words come to for a purpose, topic and channel, worked out from the rules as they are said: put every word
// of which nobody knows the time wherever it may have been said; the last word counts, of two at one instant the stricter; and
// of all that may have been the strictest counts.
func slowState(words []Consent, purpose, topic string, channel Channel, instant int64) State {
	var dated, undated []Consent
	for _, w := range words {
		about := w.Topic == topic || w.Topic == "" && w.State != Granted
		if w.Purpose != purpose || !about || w.Channel != AnyChannel && w.Channel != channel || w.State == Unknown || w.State == 0 || w.Time > instant {
			continue
		}
		if w.Time == 0 {
			undated = append(undated, w)
		} else {
			dated = append(dated, w)
		}
	}
	strictest := State(0)
	var place func(placed []Consent, rest []Consent)
	place = func(placed, rest []Consent) {
		if len(rest) > 0 {
			for at := int64(1); at <= instant; at++ {
				w := rest[0]
				w.Time = at
				place(append(slices.Clone(placed), w), rest[1:])
			}
			return
		}
		last, at := Unknown, int64(0)
		for _, w := range placed {
			if w.Time > at || w.Time == at && w.State > last {
				last, at = w.State, w.Time
			}
		}
		strictest = max(strictest, last)
	}
	place(dated, undated)
	return strictest
}

// TestThreat_T07_MergeNeverWidensConsent joins two persons, and parts them again: for each purpose, topic and channel the
// joined person has consented only where the later word of both is a consent, and no word of either that may be later says
// otherwise; each of the parted has what their own words come to.
func TestThreat_T07_MergeNeverWidensConsent(t *testing.T) {
	packs := append(everyPack(t), xamk(t))
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(packs).Draw(t, "pack")
		const instant = 6 // after every word
		v := vocabularyOf(p)
		a, b := anyFacts(t, v, "a"), anyFacts(t, v, "b")
		for _, f := range []*Facts{a, b} {
			f.Objections = nil
			f.Consents = f.Consents[:min(len(f.Consents), 4)]
			for i := range f.Consents {
				f.Consents[i].Time = rapid.Int64Range(0, 5).Draw(t, "time")
			}
		}
		ab, ba := &Facts{}, &Facts{}
		ab.Join(a)
		ab.Join(b)
		ba.Join(b)
		ba.Join(a)
		whole, turned := p.Effective(ab, instant), p.Effective(ba, instant)
		for i, got := range whole {
			if want := slowState(slices.Concat(a.Consents, b.Consents), got.Purpose, got.Topic, got.Channel, instant); got.State != want {
				t.Fatalf("joined, %s %s by %s is %s and not %s", got.Purpose, got.Topic, got.Channel, got.State, want)
			}
			if turned[i] != got {
				t.Fatalf("joined the other way round: %+v, not %+v", turned[i], got)
			}
		}
		for _, f := range []*Facts{a, b} {
			for _, got := range p.Effective(f, instant) {
				if want := slowState(f.Consents, got.Purpose, got.Topic, got.Channel, instant); got.State != want {
					t.Fatalf("alone, %s %s by %s is %s and not %s", got.Purpose, got.Topic, got.Channel, got.State, want)
				}
			}
		}
		if ab.Restricted != (a.Restricted || b.Restricted) || ab.Protected != (a.Protected || b.Protected) || ab.Suppressed != (a.Suppressed || b.Suppressed) ||
			ab.Deceased != (a.Deceased || b.Deceased) || len(ab.Holds) != len(a.Holds)+len(b.Holds) {
			t.Fatal("a merge loses a stop")
		}
	})
}

// TestAConsentThatRunsOutIsNotLengthened joins a person whose consent runs out with one who said the same at another time.
func TestAConsentThatRunsOutIsNotLengthened(t *testing.T) {
	p := limited(t)
	said := day(t, "2024-02-29").End()
	f := &Facts{Consents: []Consent{{Purpose: "newsletter", Channel: Email, State: Granted, Time: said}}}
	f.Join(&Facts{Consents: []Consent{{Purpose: "newsletter", Channel: Email, State: Granted}}}) // nobody knows when
	f.Join(&Facts{Consents: []Consent{{Purpose: "newsletter", Channel: Email, State: Granted, Time: said - 1000}}})
	for date, want := range map[string]State{"2025-02-28": Granted, "2025-03-01": Expired} {
		if got := p.Effective(f, day(t, date).End())[0]; got.State != want {
			t.Errorf("on %s: %s", date, got.State)
		}
	}
}

func TestMember(t *testing.T) {
	p := xamk(t)
	tests := []struct {
		name                  string
		graduated, join, left string
		died                  string
		at                    string
		member                bool
		clause, since, until  string
	}{
		{"on the first day", "2020-01-31", "", "", "", "2026-11-22", true, "XAMK-10", "2020-01-31", ""},
		{"a day too early", "2020-01-30", "", "", "", "2026-11-22", false, "XAMK-11", "", ""},
		{"early, joined", "2012-05-31", "2020-02-03", "", "", "2026-11-22", true, "XAMK-11", "2020-02-03", ""},
		{"early, joins tomorrow", "2012-05-31", "2026-11-23", "", "", "2026-11-22", false, "XAMK-11", "", ""},
		{"not yet graduated", "2026-12-15", "2026-01-01", "", "", "2026-11-22", false, "XAMK-12", "", ""},
		{"joined before graduating", "2019-12-15", "2019-01-01", "", "", "2026-11-22", true, "XAMK-11", "2019-12-15", ""},
		{"left", "2021-06-15", "", "2022-01-01", "", "2026-11-22", false, "XAMK-13", "", "2022-01-01"},
		{"leaves tomorrow", "2021-06-15", "", "2026-11-23", "", "2026-11-22", true, "XAMK-10", "2021-06-15", ""},
		{"came back", "2021-06-15", "2023-01-01", "2022-01-01", "", "2026-11-22", true, "XAMK-11", "2023-01-01", ""},
		{"joined and left on a day", "2012-05-31", "2022-01-01", "2022-01-01", "", "2026-11-22", false, "XAMK-13", "", "2022-01-01"},
		{"dead", "2021-06-15", "", "", "2024-02-29", "2026-11-22", false, "XAMK-36", "", "2024-02-29"},
		{"dies tomorrow", "2021-06-15", "", "", "2026-11-23", "2026-11-22", true, "XAMK-10", "2021-06-15", ""},
		{"dead, the day unknown", "2021-06-15", "", "", "unknown", "2026-11-22", false, "XAMK-36", "", "2026-11-22"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &Facts{Degrees: []Degree{{"10118", day(t, tt.graduated)}}, Deceased: tt.died != ""}
			if tt.join != "" {
				f.Joined = []canon.Date{day(t, tt.join)}
			}
			if tt.left != "" {
				f.Left = []canon.Date{day(t, tt.left)}
			}
			if f.Deceased && tt.died != "unknown" {
				f.DeceasedOn = day(t, tt.died)
			}
			want := Standing{Member: tt.member, Clause: tt.clause}
			if tt.member {
				want.Role, want.Since = "alumnus", day(t, tt.since)
			}
			if tt.until != "" {
				want.Ended, want.Until = true, day(t, tt.until)
			}
			if got := p.Member(f, day(t, tt.at)); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestWhatIsAskedHasRoom refuses a purpose and a topic that the register's list has no room for together.
func TestWhatIsAskedHasRoom(t *testing.T) {
	src, _ := Shipped("nmbu")
	text := strings.ReplaceAll(string(src), "network_groups", "groups_of_the_network_of_alumni")
	const asked = "channels: [email], clause: [NMBU-12, NMBU-06]"
	for topic, code := range map[string]string{strings.Repeat("t", 32): "", strings.Repeat("t", 33): "UOMA-POL-ASKED"} {
		_, err := Parse("nmbu.yaml", []byte(strings.Replace(text, asked, "topics: ["+topic+"], "+asked, 1)))
		if fault.Code(err) != code {
			t.Errorf("%d characters of a topic: %v", len(topic), err)
		}
	}
}
