package policy

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
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
	f := &Facts{Consents: []Consent{{Purpose: "newsletter", Channel: Email, State: Granted, Time: endOf(day(t, "2024-02-29"))}}}
	for date, want := range map[string]State{"2024-02-28": Unknown, "2024-02-29": Granted, "2025-02-28": Granted, "2025-03-01": Expired} {
		if got := p.Effective(f, endOf(day(t, date)))[0]; got.State != want {
			t.Errorf("on %s: %s", date, got.State)
		}
	}
}

func TestThreat_T07_MergeNeverWidensConsent(t *testing.T) {
	packs := append(everyPack(t), xamk(t), limited(t))
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(packs).Draw(t, "pack")
		v := vocabularyOf(p)
		a, b := anyFacts(t, v, "a"), anyFacts(t, v, "b")
		const merged = 6 // after every drawn word
		m := p.Merge(a, b, merged)
		for _, later := range []int64{merged, merged + 1, endOf(364), endOf(365), endOf(366), endOf(800)} {
			x, y := p.Effective(a, later), p.Effective(b, later)
			for i, got := range p.Effective(m, later) {
				if got.State < max(x[i].State, y[i].State) {
					t.Fatalf("at %d %s by %s: %s and %s became %s", later, got.Purpose, got.Channel, x[i].State, y[i].State, got.State)
				}
			}
		}
		again, first := *m, p.Effective(m, merged)[0]
		again.Consents = append(again.Consents, Consent{Purpose: first.Purpose, Topic: first.Topic, Channel: first.Channel, State: Granted, Time: merged + 1})
		again.Objections = nil
		if got := p.Effective(&again, merged+1)[0]; got.State != Granted {
			t.Fatalf("a word after the merge does not count: %s", got.State)
		}
		if m.Restricted != (a.Restricted || b.Restricted) || m.Protected != (a.Protected || b.Protected) || m.Suppressed != (a.Suppressed || b.Suppressed) {
			t.Fatal("a merge loses a stop")
		}
	})
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
