package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

// part is one made-up person of the decision tables.
type part struct {
	name  string
	facts *Facts
}

// graduate makes the facts of someone who graduated from Xamk in 2021, with changes.
func graduate(t testing.TB, change func(*Facts)) *Facts {
	t.Helper()
	f := &Facts{Degrees: []Degree{{"10118", day(t, "2021-06-15")}}}
	if change != nil {
		change(f)
	}
	return f
}

func words(t testing.TB, state State) []Consent {
	t.Helper()
	var out []Consent
	for _, purpose := range []string{"newsletter", "events", "mentoring", "training_offers", "surveys"} {
		out = append(out, Consent{Purpose: purpose, Channel: Email, State: state, Time: day(t, "2024-05-01").End()})
	}
	return out
}

func cast(t testing.TB) []part {
	t.Helper()
	objects := func(scope string, channel Channel) func(*Facts) {
		return func(f *Facts) { f.Objections = []Objection{{scope, channel, day(t, "2025-01-01").End()}} }
	}
	early := func(institution string, joined, left string) *Facts {
		f := &Facts{Degrees: []Degree{{institution, day(t, "2012-05-31")}}}
		if joined != "" {
			f.Joined = []canon.Date{day(t, joined)}
		}
		if left != "" {
			f.Left = []canon.Date{day(t, left)}
		}
		return f
	}
	people := []part{
		{"nobody", &Facts{}},
		{"graduate", graduate(t, nil)},
		{"graduate of Kyamk", &Facts{Degrees: []Degree{{"02608", day(t, "2021-06-15")}}}},
		{"graduate of another institution", &Facts{Degrees: []Degree{{"10066", day(t, "2021-06-15")}}}},
		{"early graduate", early("02506", "", "")},
		{"early graduate of Mamk who joined", early("02506", "2021-02-03", "")},
		{"early graduate who joined and left", early("10118", "2021-02-03", "2023-02-03")},
		{"graduate who left", graduate(t, func(f *Facts) { f.Left = []canon.Date{day(t, "2022-01-01")} })},
		{"dead", graduate(t, func(f *Facts) { f.Deceased, f.DeceasedOn = true, day(t, "2024-02-29") })},
		{"restricted", graduate(t, func(f *Facts) { f.Restricted = true })},
		{"suppressed", graduate(t, func(f *Facts) { f.Suppressed = true })},
		{"protected", graduate(t, func(f *Facts) { f.Protected = true })},
		{"objected to marketing", graduate(t, objects("marketing", AnyChannel))},
		{"objected to marketing by e-mail", graduate(t, objects("marketing", Email))},
		{"objected to surveys", graduate(t, objects("survey", AnyChannel))},
		{"objected to disclosure", graduate(t, objects("disclosure", AnyChannel))},
		{"objected in an unknown scope", graduate(t, objects("everything", AnyChannel))},
		{"granted all", graduate(t, func(f *Facts) { f.Consents = words(t, Granted) })},
		{"withdrew all", graduate(t, func(f *Facts) { f.Consents = words(t, Withdrawn) })},
		{"granted all, objected to marketing", graduate(t, func(f *Facts) {
			objects("marketing", AnyChannel)(f)
			f.Consents = words(t, Granted)
		})},
	}
	for _, hold := range []string{"contract", "teaching", "rdi", "accuracy", "unlawful", "legal_claim", "objection", "unknown"} {
		people = append(people, part{"held: " + hold, graduate(t, func(f *Facts) { f.Holds = []string{hold} })})
	}
	return people
}

// TestDecisionTable keeps for people to read what each person of the cast may be used for.
func TestDecisionTable(t *testing.T) {
	p := filledIn(t, "xamk")
	var b strings.Builder
	for _, who := range cast(t) {
		s := p.Member(who.facts, day(t, "2026-11-22"))
		fmt.Fprintf(&b, "%s: member %v (%s)\n", who.name, s.Member, s.Clause)
		for _, u := range p.Purposes {
			d := p.Decide(Query{Facts: who.facts, Category: "contact", Purpose: u.ID, At: day(t, "2026-11-22")})
			if !slices.Contains(u.Categories, "contact") {
				d = p.Decide(Query{Facts: who.facts, Category: u.Categories[0], Purpose: u.ID, At: day(t, "2026-11-22")})
			}
			fmt.Fprintf(&b, "  %-24s %-8s %s\n", u.ID, d.Clause, verdict(d))
		}
		for _, x := range p.Disclosures {
			d := p.Decide(Query{Facts: who.facts, Category: x.Categories[0], Purpose: x.Purpose, Recipient: x.Recipient, At: day(t, "2026-11-22")})
			fmt.Fprintf(&b, "  to %-21s %-8s %s\n", x.Recipient, d.Clause, verdict(d))
		}
	}
	golden(t, "decisions.golden", b.String())
}

func verdict(d Decision) string {
	if d.Allow {
		return "yes"
	}
	return "no, " + d.Reason
}

// TestThreat_T23_CareerSurvey pins who is in the frame of the national survey.
func TestThreat_T23_CareerSurvey(t *testing.T) {
	p := xamk(t)
	out := map[string]string{
		"nobody": "XAMK-12", "graduate of another institution": "XAMK-12", "early graduate": "XAMK-11",
		"early graduate who joined and left": "XAMK-13", "graduate who left": "XAMK-13", "dead": "XAMK-36",
		"restricted": "XAMK-50", "suppressed": "XAMK-39", "protected": "XAMK-32", "objected to surveys": "XAMK-53",
		"objected to disclosure": "XAMK-53", "objected in an unknown scope": "XAMK-40", "held: accuracy": "XAMK-50",
		"held: unlawful": "XAMK-51", "held: legal_claim": "XAMK-52", "held: objection": "XAMK-53", "held: unknown": "XAMK-50",
	}
	for _, who := range cast(t) {
		q := Query{Facts: who.facts, Category: "contact", Purpose: "career_monitoring", Recipient: "csc", At: day(t, "2026-11-22")}
		d := p.Decide(q)
		if clause, excluded := out[who.name]; excluded == d.Allow || excluded && d.Clause != clause || !excluded && d.Clause != "XAMK-31" {
			t.Errorf("%s: %+v", who.name, d)
		}
		if q.IncludeProtected = true; who.name == "protected" && !p.Decide(q).Allow {
			t.Error("the profile asks for protected people and the pack leaves it to the profile")
		}
		if q.At = day(t, "2022-12-07"); p.Decide(q).Allow {
			t.Errorf("%s: allowed before the pack is in force", who.name)
		}
	}
}

func TestWhatIsRecordedLaterDoesNotCount(t *testing.T) {
	p := xamk(t)
	f := graduate(t, func(f *Facts) {
		f.Objections = []Objection{{"survey", AnyChannel, day(t, "2026-11-22").End() + 1}}
		f.Deceased, f.DeceasedOn = true, day(t, "2026-11-24")
	})
	for date, allow := range map[string]bool{"2026-11-22": true, "2026-11-23": false, "2026-11-24": false} {
		q := Query{Facts: f, Category: "contact", Purpose: "career_monitoring", Recipient: "csc", At: day(t, date)}
		if d := p.Decide(q); d.Allow != allow {
			t.Errorf("on %s: %+v", date, d)
		}
	}
}

// TestInstant asks within a day: what was said a moment later does not count, and the day is the controller's.
func TestInstant(t *testing.T) {
	p := filledIn(t, "xamk")
	said := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixMicro()
	f := graduate(t, func(f *Facts) { f.Objections = []Objection{{"survey", AnyChannel, said}} })
	for instant, allow := range map[int64]bool{said - 1: true, said: false} {
		q := Query{Facts: f, Category: "contact", Purpose: "career_monitoring", Recipient: "csc", Instant: instant}
		if d := p.Decide(q); d.Allow != allow {
			t.Errorf("%d: %+v", instant-said, d)
		}
	}
	first := time.Date(2022, 12, 7, 22, 0, 0, 0, time.UTC).UnixMicro() // midnight in Helsinki: the pack's first day begins
	for instant, clause := range map[int64]string{first - 1: "XAMK-02", first: "XAMK-31"} {
		q := Query{Facts: graduate(t, nil), Category: "contact", Purpose: "career_monitoring", Recipient: "csc", Instant: instant}
		if d := p.Decide(q); d.Clause != clause {
			t.Errorf("%d: %+v", instant-first, d)
		}
	}
}

func TestDecideIsTotal(t *testing.T) {
	p := xamk(t)
	odd := &Facts{Objections: []Objection{{"marketing", 200, 0}}, Consents: []Consent{{Purpose: "newsletter", Channel: 200, State: 200}}}
	for _, f := range []*Facts{nil, odd} {
		for _, channel := range []Channel{AnyChannel, Email, 200} {
			q := Query{Facts: f, Category: "contact", Purpose: "newsletter", Channel: channel, At: day(t, "2026-11-22")}
			if d := p.Decide(q); d.Allow || d.Clause == "" {
				t.Errorf("%+v", d)
			}
		}
	}
	if d := p.Decide(Query{}); d.Allow || d.Clause != "XAMK-02" {
		t.Errorf("nothing asked: %+v", d)
	}
}

func TestChannels(t *testing.T) {
	p := xamk(t)
	f := graduate(t, func(f *Facts) {
		f.Consents = []Consent{{Purpose: "newsletter", Channel: Email, State: Granted, Time: 1}, {Purpose: "newsletter", Channel: SMS, State: Withdrawn, Time: 1}}
		f.Objections = []Objection{{"survey", Phone, 1}}
	})
	tests := []struct {
		purpose string
		channel Channel
		allow   bool
	}{
		{"newsletter", Email, true}, {"newsletter", SMS, false}, {"newsletter", Post, false}, {"newsletter", AnyChannel, false},
		{"career_monitoring", Email, true}, {"career_monitoring", Phone, false}, {"career_monitoring", AnyChannel, false},
	}
	for _, tt := range tests {
		d := p.Decide(Query{Facts: f, Category: "contact", Purpose: tt.purpose, Channel: tt.channel, At: day(t, "2026-11-22")})
		if d.Allow != tt.allow {
			t.Errorf("%s by %q: %+v", tt.purpose, tt.channel, d)
		}
	}
}

func TestDisclosureColumns(t *testing.T) {
	d, ok := xamk(t).Disclosure("csc", "career_monitoring")
	if !ok || d.Sends("person", "hetu") || !d.Sends("person", "oppijanumero") || !d.Sends("email", "address") {
		t.Errorf("%+v", d)
	}
}

// reference is the order of decision said once more, slowly: over the facts and the pack's lists alone.
func reference(p *Pack, q Query) bool {
	f, now := q.Facts, q.At.End()
	u, ok := p.Purpose(q.Purpose)
	if !ok || !p.At(q.At) || !slices.Contains(u.Categories, q.Category) {
		return false
	}
	for _, r := range p.Refusals {
		if slices.Contains(r.Purposes, q.Purpose) || slices.Contains(r.Recipients, q.Recipient) {
			return false
		}
	}
	if b := p.Bases[slices.IndexFunc(p.Bases, func(b Basis) bool { return b.ID == u.Basis })]; b.NeedsAssessment {
		if b.Assessment == nil || q.At.String() < b.Assessment.Made || q.At.String() > b.Assessment.Review {
			return false
		}
	}
	if u.Per != "" && (q.Event == "" || q.Event != q.GivenFor) {
		return false
	}
	if q.Recipient != "" {
		d, ok := p.Disclosure(q.Recipient, q.Purpose)
		if !ok || !slices.Contains(d.Categories, q.Category) {
			return false
		}
		if f.Protected && (d.Protected == "withhold" || !q.IncludeProtected) {
			return false
		}
		if d.Processor && d.Agreement == "" || d.ThirdCountry && d.Safeguard == "" {
			return false
		}
	}
	under := u.OnlyUnder == ""
	for _, h := range f.Holds {
		i := slices.IndexFunc(p.Holds, func(x Hold) bool { return x.ID == h })
		if i < 0 || p.Holds[i].Effect == "freeze" {
			return false
		}
		under = under || h == u.OnlyUnder
	}
	if f.Restricted || f.Suppressed || f.dead(q.At) || u.MembersOnly && !p.Member(f, q.At).Member || !under {
		return false
	}
	admitted := len(p.Groups) == 0
	for _, g := range p.Groups {
		for _, role := range f.Roles {
			admitted = admitted || slices.Contains(g.Roles, role) && slices.Contains(g.Categories, q.Category)
		}
	}
	if !admitted {
		return false
	}
	for _, o := range f.Objections {
		if o.Time > now || q.Channel != AnyChannel && o.Channel != AnyChannel && o.Channel != q.Channel {
			continue
		}
		i := slices.IndexFunc(p.Objections, func(x Scope) bool { return x.ID == o.Scope })
		if i < 0 || slices.Contains(p.Objections[i].Purposes, u.ID) && (q.Recipient != "" || !p.Objections[i].DisclosuresOnly) {
			return false
		}
	}
	granted := false
	plain := *f
	plain.Objections = nil
	for _, s := range p.Effective(&plain, now) {
		if s.Purpose != u.ID || s.Topic != "" && s.Topic != q.Topic || q.Channel != AnyChannel && s.Channel != q.Channel {
			continue
		}
		silent := slices.ContainsFunc(p.Consents, func(e ConsentFor) bool { return e.Purpose == s.Purpose && e.Unanswered != "" })
		if s.State == Withdrawn || s.State == Refused || s.State == Expired && silent {
			return false
		}
		granted = granted || s.State == Granted
	}
	return granted || !u.NeedsConsent
}

// vocabulary is what a pack knows, and one name of each kind that it does not know.
type vocabulary struct{ purposes, asked, topics, scopes, categories, recipients, holds, roles, institutions []string }

func vocabularyOf(p *Pack) (v vocabulary) {
	v.topics, v.roles, v.recipients, v.institutions = []string{"", "", "unheard"}, []string{"unheard"}, []string{"", "", "newspaper"}, []string{"10066", ""}
	for _, x := range p.Purposes {
		v.purposes = append(v.purposes, x.ID)
	}
	for _, x := range p.Consents {
		v.asked, v.topics = append(v.asked, x.Purpose), append(v.topics, x.Topics...)
	}
	for _, x := range p.Objections {
		v.scopes = append(v.scopes, x.ID)
	}
	for _, x := range p.Categories {
		v.categories = append(v.categories, x.ID)
	}
	for _, x := range p.Disclosures {
		v.recipients = append(v.recipients, x.Recipient)
	}
	for _, x := range p.Holds {
		v.holds = append(v.holds, x.ID)
	}
	for _, x := range p.Groups {
		v.roles = append(v.roles, x.Roles...)
	}
	if m := p.Load.Membership.Institutions; m != nil {
		v.institutions = append(v.institutions, m.Codes...)
	}
	for _, list := range []*[]string{&v.purposes, &v.asked, &v.scopes, &v.categories, &v.holds} {
		*list = append(*list, "unheard")
	}
	return v
}

// anyFacts draws a person over few values, so that words meet each other.
func anyFacts(t *rapid.T, v vocabulary, label string) *Facts {
	moment := rapid.Int64Range(0, 5)
	date := rapid.SampledFrom([]canon.Date{10, 18290, 18291, 18300, 19400, 20000, 21000})
	f := &Facts{
		Consents: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Consent {
			return Consent{
				Purpose: rapid.SampledFrom(v.asked).Draw(t, "purpose"),
				Topic:   rapid.SampledFrom(v.topics).Draw(t, "topic"),
				Channel: Channel(rapid.IntRange(0, int(channels)-1).Draw(t, "channel")),
				State:   State(rapid.IntRange(0, int(Withdrawn)).Draw(t, "state")),
				Time:    moment.Draw(t, "time"),
			}
		}), 0, 6).Draw(t, label+" consents"),
		Objections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Objection {
			return Objection{
				Scope:   rapid.SampledFrom(v.scopes).Draw(t, "scope"),
				Channel: Channel(rapid.IntRange(0, int(channels)-1).Draw(t, "channel")),
				Time:    rapid.SampledFrom([]int64{0, 3, canon.Date(30000).End()}).Draw(t, "time"),
			}
		}), 0, 2).Draw(t, label+" objections"),
		Degrees: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Degree {
			return Degree{rapid.SampledFrom(v.institutions).Draw(t, "institution"), date.Draw(t, "graduated")}
		}), 0, 3).Draw(t, label+" degrees"),
		Joined: rapid.SliceOfN(date, 0, 2).Draw(t, label+" joined"),
		Left:   rapid.SliceOfN(date, 0, 1).Draw(t, label+" left"),
		Holds:  rapid.SliceOfN(rapid.SampledFrom(v.holds), 0, 1).Draw(t, label+" holds"),
		Roles:  rapid.SliceOfN(rapid.SampledFrom(v.roles), 0, 2).Draw(t, label+" roles"),
	}
	odd := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5}).Draw(t, label+" flag")
	f.Restricted, f.Suppressed, f.Protected, f.Deceased = odd == 1, odd == 2, odd == 3, odd >= 4
	if odd == 5 {
		f.DeceasedOn = date.Draw(t, label+" died")
	}
	return f
}

// filledIn gives a shipped pack with what the controller fills in.
func filledIn(t testing.TB, id string) *Pack {
	t.Helper()
	_, src, x, _ := shippedPack(t, id)
	filled, err := amend(src, x.Given)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(id+".yaml, filled in", filled)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everyPack gives each shipped pack as it comes and filled in.
func everyPack(t testing.TB) (out []*Pack) {
	t.Helper()
	for _, id := range ShippedIDs() {
		p, _, _, _ := shippedPack(t, id)
		out = append(out, p, filledIn(t, id))
	}
	return out
}

// TestBulkIsSingleIsReference asks every pack of every kind of person: the answers in bulk, one by one and of the slow
// reference are the same, and each names its clause and reason.
func TestBulkIsSingleIsReference(t *testing.T) {
	packs := everyPack(t)
	words := make([]vocabulary, len(packs))
	for i, p := range packs {
		words[i] = vocabularyOf(p)
	}
	allowed := map[string]int{}
	check := func(t *rapid.T, p *Pack, v vocabulary) {
		q := Query{
			Purpose:          rapid.SampledFrom(v.purposes).Draw(t, "purpose"),
			Recipient:        rapid.SampledFrom(v.recipients).Draw(t, "recipient"),
			Channel:          Channel(rapid.IntRange(0, int(channels)-1).Draw(t, "channel")),
			Topic:            rapid.SampledFrom(v.topics).Draw(t, "topic"),
			IncludeProtected: rapid.Bool().Draw(t, "include protected"),
			Event:            rapid.SampledFrom([]string{"", "", "spring", "autumn"}).Draw(t, "event"),
			At:               rapid.SampledFrom([]canon.Date{19000, 19500, 20400, 21500}).Draw(t, "at"),
		}
		q.GivenFor = rapid.SampledFrom([]string{q.Event, q.Event, q.Event, "", "spring"}).Draw(t, "given for")
		categories := v.categories
		if u, known := p.Purpose(q.Purpose); known && rapid.Bool().Draw(t, "a category of the purpose") {
			categories = u.Categories
		}
		q.Category = rapid.SampledFrom(categories).Draw(t, "category")
		facts := make([]*Facts, 16)
		crowd := p.Crowd(q.At, len(facts))
		for i := range facts {
			facts[i] = anyFacts(t, v, "person")
			crowd.Add(facts[i])
		}
		answers, yes := p.Case(q).DecideAll(crowd), 0
		for i, bulk := range answers.All() {
			q.Facts = facts[i]
			if single := p.Decide(q); single != bulk || single != answers.At(i) || single.Allow != reference(p, q) {
				t.Fatalf("%s: %+v %+v: single %+v, bulk %+v, reference %v", p.ID, q, *facts[i], single, bulk, reference(p, q))
			}
			if bulk.Clause == "" || bulk.Reason == "" {
				t.Fatalf("an answer without a ground: %+v", bulk)
			}
			if bulk.Allow {
				allowed[p.ID]++
				yes++
			}
		}
		if answers.Allowed() != yes || crowd.Len() != len(facts) {
			t.Fatalf("%d allowed of %d, counted %d", yes, crowd.Len(), answers.Allowed())
		}
	}
	for i, p := range packs {
		rapid.Check(t, func(t *rapid.T) { check(t, p, words[i]) })
	}
	if len(allowed) < 5 && !testing.Short() { // which draws too few cases for packs that allow little
		t.Errorf("people were allowed under few packs: the property says little: %v", allowed)
	}
}

func BenchmarkCompact(b *testing.B) {
	p := xamk(b)
	at := day(b, "2026-11-22")
	people := cast(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Compact(people[i%len(people)].facts, at)
	}
}

// TestAnEventIsAPurposeOfItsOwn asks for one event and another of somebody who consented, one by one and in bulk.
func TestAnEventIsAPurposeOfItsOwn(t *testing.T) {
	p := filledIn(t, "nmbu")
	at := day(t, "2026-11-22")
	guest := &Facts{Roles: []string{"stakeholder"}, Consents: []Consent{{Purpose: "run_event", Channel: Email, State: Granted, Time: 1}}}
	crowd := p.Crowd(at, 1)
	crowd.Add(guest)
	for _, tt := range []struct {
		event, given string
		allow        bool
	}{{"spring", "spring", true}, {"spring", "autumn", false}, {"spring", "", false}, {"", "spring", false}, {"", "", false}} {
		q := Query{Facts: guest, Category: "event_contact", Purpose: "run_event", Channel: Email, Event: tt.event, GivenFor: tt.given, At: at}
		if d := p.Decide(q); d.Allow != tt.allow || d.Clause != "NMBU-38" || d != p.Case(q).DecideAll(crowd).At(0) {
			t.Errorf("%+v: %+v", tt, d)
		}
	}
}
