package policy

import (
	"slices"
	"strings"
	"testing"

	"uoma/internal/fault"
)

// rulesOf counts the enforceable rules of each notice.
var rulesOf = map[string]int{"xamk": 58, "seamk": 50, "nmbu": 61, "ljmu": 70, "metropolia_exam": 71}

// TestEveryRuleIsHeldOrOpen holds the five packs to their notices: every rule is there, and held or open with a reason, never
// both; and every kind of data is taken or refused.
func TestEveryRuleIsHeldOrOpen(t *testing.T) {
	held, open := 0, 0
	for _, id := range ShippedIDs() {
		p, src, x, _ := shippedPack(t, id)
		if len(p.Rules) != rulesOf[id] {
			t.Errorf("%s has %d rules, its notice %d", id, len(p.Rules), rulesOf[id])
		}
		for i, c := range p.Coverage(x) {
			if number := c.ID[len(c.ID)-2:]; number != twoDigits(i+1) {
				t.Errorf("%s stands in the place of rule %d", c.ID, i+1)
			}
			switch {
			case c.Held() && c.Open != "":
				t.Errorf("%s is held and open", c.ID)
			case !c.Held() && c.Rest != "":
				t.Errorf("%s is open altogether, not in rest", c.ID)
			case c.Held():
				held++
			default:
				open++
			}
		}
		if err := p.Gaps(x, nil, id+".yaml", src).Err(); err != nil {
			t.Error(err)
		}
		for _, e := range x.List {
			for _, rule := range e.Rules {
				if !slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.ID == rule }) {
					t.Errorf("an example speaks of %s, which %s does not have", rule, id)
				}
			}
		}
	}
	t.Logf("%d rules held, %d open", held, open)
}

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

func TestGaps(t *testing.T) {
	_, src, x, _ := shippedPack(t, "xamk")
	feeds := map[string][]string{"peppi/alumnit": {"person", "exam", "payment"}, "library/loans": {"person"}}
	tests := []struct{ name, old, new, want string }{
		{"a rule that nothing holds", "rules:\n", "rules:\n- {id: XAMK-59, section: nowhere, says: something new}\n", "UOMA-POL-UNHELD"},
		{"a table that nobody speaks of", "tables: [exam, recording, access, internship]", "tables: [exam, access, internship]", "UOMA-POL-UNCOVERED"},
		{"feeds", "", "", "UOMA-POL-UNCOVERED"},
	}
	for _, tt := range tests {
		changed := []byte(strings.Replace(string(src), tt.old, tt.new, 1))
		p, err := Parse("x.yaml", changed)
		if err != nil {
			t.Fatal(err)
		}
		found := p.Gaps(x, nil, "x.yaml", changed)
		if tt.name == "feeds" {
			found = p.Gaps(x, feeds, "x.yaml", changed)
			if len(found) != 2 || found[0].Place.Field != "library/loans person" || found[1].Place.Field != "peppi/alumnit payment" {
				t.Errorf("feeds: %v", found)
			}
			continue
		}
		if len(found) != 1 || found[0].Code != tt.want {
			t.Errorf("%s: %v", tt.name, found)
		}
	}
}

func TestDiff(t *testing.T) {
	src, _ := Shipped("xamk")
	newer := strings.NewReplacer("period: P20Y", "period: P10Y", "- {id: contract, effect: keep, clause: [XAMK-49]}\n", "",
		"holds:\n", "holds:\n- {id: audit, effect: keep, clause: [XAMK-49]}\n").Replace(string(src))
	got, err := Diff(src, []byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{"holds.audit", "id", "", "audit"}, {"holds.audit", "effect", "", "keep"}, {"holds.audit", "clause", "", "XAMK-49"},
		{"holds.contract", "id", "contract", ""}, {"holds.contract", "effect", "keep", ""}, {"holds.contract", "clause", "XAMK-49", ""},
		{"retention.project project_end", "period", "P20Y", "P10Y"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if same, err := Diff(src, src); err != nil || len(same) != 0 {
		t.Errorf("a pack differs from itself: %v %v", same, err)
	}
	if _, err := Diff(src, []byte("a: [")); err == nil {
		t.Error("what is no YAML was compared")
	}
}

// TestPrecedence holds the written order to the program, step by step: each pair of reasons meets in one person, and the
// earlier one answers.
func TestPrecedence(t *testing.T) {
	p := filledIn(t, "metropolia_exam")
	xamk := filledIn(t, "xamk")
	at := day(t, "2026-11-22")
	granted := Consent{Purpose: "newsletter", Channel: AnyChannel, State: Granted, Time: 5}
	newsletter := func(change func(*Facts)) Query {
		f := graduate(t, func(f *Facts) { f.Consents = []Consent{granted} })
		change(f)
		return Query{Facts: f, Category: "contact", Purpose: "newsletter", At: at}
	}
	recording := func(change func(*Facts)) Query {
		f := &Facts{Roles: []string{"student"}, Consents: []Consent{{Purpose: "exam_supervision", State: Granted, Time: 5}}}
		change(f)
		return Query{Facts: f, Category: "recording", Purpose: "exam_supervision", At: at}
	}
	tests := []struct {
		name   string
		pack   *Pack
		query  Query
		allow  bool
		clause string
	}{
		{"a consent alone", xamk, newsletter(func(*Facts) {}), true, "XAMK-14"},
		{"an objection before a consent", xamk, newsletter(func(f *Facts) { f.Objections = []Objection{{"marketing", AnyChannel, 1}} }), false, "XAMK-48"},
		{"a restriction before a consent", xamk, newsletter(func(f *Facts) { f.Restricted = true }), false, "XAMK-50"},
		{"a restriction before an objection", xamk, newsletter(func(f *Facts) {
			f.Holds, f.Objections = []string{"legal_claim"}, []Objection{{"marketing", AnyChannel, 1}}
		}), false, "XAMK-52"},
		{"a hold keeps and never brings back use after erasure", xamk, newsletter(func(f *Facts) { f.Holds, f.Suppressed = []string{"contract"}, true }), false, "XAMK-39"},
		{"a freeze before erasure", xamk, newsletter(func(f *Facts) { f.Holds, f.Suppressed = []string{"accuracy"}, true }), false, "XAMK-50"},
		{"the later word wins", xamk, newsletter(func(f *Facts) {
			f.Consents = append(f.Consents, Consent{Purpose: "newsletter", State: Withdrawn, Time: 6})
		}), false, "XAMK-40"},
		{"also when it grants", xamk, newsletter(func(f *Facts) {
			f.Consents = []Consent{{Purpose: "newsletter", State: Withdrawn, Time: 4}, granted}
		}), true, "XAMK-14"},
		{"the stricter of one instant", xamk, newsletter(func(f *Facts) {
			f.Consents = append(f.Consents, Consent{Purpose: "newsletter", State: Refused, Time: 5})
		}), false, "XAMK-40"},
		{"in doubt the stricter: an unknown scope", xamk, newsletter(func(f *Facts) { f.Objections = []Objection{{"what", AnyChannel, 1}} }), false, "XAMK-40"},
		{"in doubt the stricter: an unknown hold", xamk, newsletter(func(f *Facts) { f.Holds = []string{"what"} }), false, "XAMK-50"},
		{"in doubt the stricter: a role unknown", p, recording(func(f *Facts) { f.Roles = nil }), false, "METRO-04"},
		{"a keeping hold leaves the use as it was", p, recording(func(f *Facts) { f.Holds = []string{"misconduct"} }), true, "METRO-18"},
	}
	for _, tt := range tests {
		if d := tt.pack.Decide(tt.query); d.Allow != tt.allow || d.Clause != tt.clause {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
	held := Item{Category: "recording", Holds: []string{"misconduct"}}
	held.Anchors.Set(ConsentWithdrawn, at)
	if d, due := p.DueAt(&held, at); !due || d.Hold != "misconduct" {
		t.Errorf("a hold before erasure: %+v", d)
	}
	yes, too, no, nor := Decision{true, "A-01", "a"}, Decision{true, "A-02", "a"}, Decision{false, "B-01", "b"}, Decision{false, "B-02", "b"}
	if Meet(yes, too) != too || Meet(yes, no) != no || Meet(no, yes) != no || Meet(yes, no, nor) != no || Meet().Allow {
		t.Error("where rules meet the stricter wins, and the first of those that refuse says why")
	}
}

func TestFindingsOfTheNewEntries(t *testing.T) {
	tests := []struct{ id, old, new, want string }{
		{"metropolia_exam", "id: consent, gdpr: 6(1)(a)", "id: consent, gdpr: 6(1)(f)", "UOMA-POL-BASIS"},
		{"metropolia_exam", "only_under: misconduct, clause: [METRO-13]", "only_under: nothing, clause: [METRO-13]", "UOMA-POL-REFERENCE"},
		{"metropolia_exam", "period: P1Y, action: review", "period: P0D, action: review", "UOMA-POL-DATE"},
		{"metropolia_exam", "recipients: [student_register], clause", "recipients: [student_register], purposes: [x], clause", "UOMA-POL-REFUSAL"},
		{"metropolia_exam", "clause: [METRO-16]", "clause: [METRO-99]", "UOMA-POL-RULE"},
		{"metropolia_exam", "- {id: METRO-02,", "- {id: METRO-01,", "UOMA-POL-TWICE"},
		{"metropolia_exam", "categories: [user_right], clause", "categories: [exam], clause", "UOMA-POL-PURPOSE"},
		{"nmbu", "unless_consent: similar_events", "unless_consent: similar", "UOMA-POL-REFERENCE"},
		{"nmbu", "topics: [research, further_education, social]", "topics: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t]", "UOMA-POL-SLOTS"},
		{"seamk", "{category: basics, undecided: true,", "{category: basics, undecided: true, period: P1Y, action: delete, anchor: copied,", "UOMA-CFG-SCHEMA"},
		{"seamk", "{id: applicant, roles: [applicant]", "{id: applicant, roles: [guest]", "UOMA-CFG-SCHEMA"},
	}
	for _, tt := range tests {
		src, _ := Shipped(tt.id)
		if !strings.Contains(string(src), tt.old) {
			t.Fatalf("%s does not say %s", tt.id, tt.old)
		}
		_, err := Parse("x.yaml", []byte(strings.Replace(string(src), tt.old, tt.new, 1)))
		list, _ := err.(fault.List)
		if !slices.ContainsFunc(list, func(e *fault.Error) bool { return e.Code == tt.want }) {
			t.Errorf("%s: %v", tt.new, err)
		}
	}
}
