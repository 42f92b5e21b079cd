package nightly_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// TestWhoWasMergedIsFollowedToTheEnd has contacts of a CRM that were merged one after the other. A ban on the first holds for the one
// that stays, from the night on that says so; where the merges run in a circle, the night ends, and it is told.
func TestWhoWasMergedIsFollowedToTheEnd(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		text := feedLayout("dynamics365", "contacts: id id | id required: true; to: person.source_key, family as: name; to: person.family_name, given as: name; to: person.given_names, "+
			"into to: person.merged_into, ban as: bool; to: objection.marketing")
		s := newTiny(t, on, "seamk", map[string]string{"dynamics365": strings.Replace(text, "person: [id]", "person: [[into, id]]", 1)})
		decidedSeamk(t, s)
		s.feeds["dynamics365/contacts_%s.csv"] = "id;family;given;into;ban"
		for n, tt := range []struct {
			name             string
			first, next, end string // whom each was merged into
			subjects         int
			bans             string // of whom holds the first one's ban
			circles          map[string]int
		}{
			{"nobody", "", "", "", 3, "a", nil},
			{"the first", "b", "", "", 2, "b", nil},
			{"and the second", "b", "c", "", 1, "c", nil},
			{"nothing new", "b", "c", "", 1, "c", nil},
			{"in a circle", "b", "c", "a", 1, "abc", map[string]int{"dynamics365": 1}},
			{"into itself", "b", "b", "", 2, "b", map[string]int{"dynamics365": 1}},
			{"into nobody that is there", "x", "", "", 3, "x", nil},
		} {
			date := firstNight + canon.Date(n)
			s.put(t, "dynamics365/contacts_%s.csv", date, "a;Alpha;Anna;"+tt.first+";true", "b;Beta;Bo;"+tt.next+";false", "c;Gamma;Cia;"+tt.end+";false")
			out, log, err := s.attempt(t, date, false)
			if err != nil || out.State != pipelines.Finished {
				t.Fatalf("%s: %s %v\n%s", tt.name, out.State, err, log)
			}
			var resolved nightly.ResolveFacts
			facts(t, out, "resolve", &resolved)
			if resolved.Subjects != tt.subjects || !maps.Equal(resolved.Circles, tt.circles) || strings.Contains(log, "UOMA-RES-CIRCLE") != (tt.circles != nil) {
				t.Errorf("merged %s: %d people, circles %v\n%s", tt.name, resolved.Subjects, resolved.Circles, log)
			}
			s.at(t, func(ws *workspace.Workspace) {
				for _, key := range tt.bans {
					if e := explained(t, ws, s.linkedBy(t, ws, "dynamics365", string(key)), date); len(e.Objects) != 1 {
						t.Errorf("merged %s: objections of %c: %v", tt.name, key, e.Objects)
					}
				}
			})
		}
	})
}

// TestConsentsOfWhoWasMergedAreOfWhoStays reads Mira by its shipped layout. What stands under the key of somebody who was merged into
// another counts for that one: the later word, of one moment the stricter.
func TestConsentsOfWhoWasMergedAreOfWhoStays(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newMira(t, on)
		alumnus := func(id, given, family, status, into string) string {
			return id + ";;Alumni;" + given + ";" + family + strings.Repeat(";", 12) + "0;" + status + ";2015-02-01;;nb;;2026-10-01 12:30;;" + into
		}
		night := func(n canon.Date, first string) {
			t.Helper()
			date := firstNight + n
			s.put(t, "mira/mira_alumni_%s.csv", date, first, alumnus("70002", "Kari", "Beta", "Member", ""), alumnus("70004", "Pal", "Delta", "Member", ""))
			s.put(t, "mira/mira_stakeholders_%s.csv", date)
			s.put(t, "mira/mira_participants_%s.csv", date)
			s.put(t, "mira/mira_degrees_%s.csv", date)
			s.put(t, "mira/mira_consents_%s.csv", date, "70001;Surveys;;Email;No;2026-10-01 12:00;Self", "70001;MemberInfo;;Email;No;2025-01-01 12:00;Self", "70001;SocialEvents;;Email;No;2026-01-01 12:00;Self",
				"70002;Surveys;;Email;Yes;2025-01-01 12:00;Self", "70002;MemberInfo;;Email;Yes;2026-10-01 12:00;Self", "70002;SocialEvents;;Email;Yes;2026-01-01 12:00;Self")
			s.finish(t, date, pipelines.Finished)
		}
		words := func(n canon.Date) (out string) {
			s.at(t, func(ws *workspace.Workspace) {
				out = emailWords(explained(t, ws, s.linkedBy(t, ws, "mira", "70002"), firstNight+n))
			})
			return out
		}
		night(0, alumnus("70001", "Ola", "Alpha", "Member", ""))
		if got := words(0); got != "member_info granted, event_invitation granted, surveys granted" {
			t.Errorf("before the merge: %s", got)
		}
		night(1, alumnus("70001", "", "", "Member", "70002"))
		if got := words(1); got != "member_info granted, event_invitation withdrawn, surveys withdrawn" {
			t.Errorf("after it: %s", got)
		}
	})
}

// TestWhoIsErasedInMiraIsGone has a stub in the place of two members, one of whom the student system knows, and of a stakeholder: nothing
// is left of any of them.
func TestWhoIsErasedInMiraIsGone(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newMira(t, on)
		row := func(id, fs, given, family, status string) string {
			return id + ";" + fs + ";Alumni;" + given + ";" + family + strings.Repeat(";", 12) + "0;" + status + ";2015-02-01;;nb;;2026-10-01 12:30;;"
		}
		members := []string{row("70001", "", "Ola", "Alpha", "Member"), row("70002", "88", "Kari", "Beta", "Member"), row("70004", "", "Pal", "Delta", "Member")}
		guest := func(id, given, family, mail, status string) string {
			return id + ";;Stakeholder;" + given + ";" + family + ";;;" + mail + strings.Repeat(";", 9) + "0;" + status + ";;;nb;;2026-10-01 12:30;;"
		}
		stakeholders := []string{guest("80001", "Eva", "Epsilon", "eva@firm.example", ""), guest("80002", "Ida", "Eta", "ida@firm.example", "")}
		gone := []string{guest("80001", "", "", "", "Erased"), stakeholders[1]}
		stubs := []string{row("70001", "", "", "", "Erased"), row("70002", "88", "", "", "Erased"), members[2]}
		guests := [][]string{stakeholders, gone}
		const letters = ";Newsletter;;Email;Yes;2026-09-01 12:30;Self"
		for n, rows := range [][]string{members, stubs, stubs} {
			date := firstNight + canon.Date(n)
			s.put(t, "mira/mira_alumni_%s.csv", date, rows...)
			s.put(t, "mira/mira_stakeholders_%s.csv", date, guests[min(n, 1)]...)
			s.put(t, "mira/mira_participants_%s.csv", date)
			s.put(t, "mira/mira_degrees_%s.csv", date, "70001;P;Prog;First;Ås;2010;2012-06-01;FS", "70004;P;Prog;Last;Ås;2010;2012-06-01;FS")
			s.put(t, "mira/mira_consents_%s.csv", date, "80001"+letters, "80002"+letters, "80001"+strings.Replace(letters, "Newsletter", "SimilarEvents", 1))
			s.finish(t, date, pipelines.Finished)
			s.mustApply(t, date)
			want, degrees, words := []string{"Alpha", "Beta", "Delta", "Epsilon", "Eta"}, []string{"First", "Last"}, []string{"newsletter", "newsletter", "similar_events"}
			if n > 0 {
				want, degrees, words = []string{"Delta", "Eta"}, degrees[1:], []string{"invitation", "newsletter"} // the refusal bars one whom the student system knows
			}
			same(t, fmt.Sprint("people of night ", n), s.names(t), want...)
			same(t, fmt.Sprint("degrees of night ", n), s.cells(t, "degree", "title"), degrees...)
			same(t, fmt.Sprint("words of night ", n), s.cells(t, "consent", "purpose"), words...)
		}
	})
}

// newMira is a tiny site with the layout of Mira and the headers of its files.
func newMira(t *testing.T, on databasetest.Kind) tiny {
	t.Helper()
	text, err := layout.ShippedSource("mira.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newTiny(t, on, "nmbu", map[string]string{"mira": strings.ReplaceAll(string(text), "  key: [", "  guard: {removed: 100, shrink: 100}\n  key: [")})
	const person = "MiraId;ExternalId;PersonType;FirstName;LastName;BirthDate;PrivateEmail;WorkEmail;MobilePhone;Address;PostalCode;City;Country;Employer;JobTitle;JobStart;" +
		"ProtectedIdentity;MembershipStatus;MembershipDate;LeftDate;Language;Created;Updated;MarkedDeleted;MergedInto"
	s.feeds["mira/mira_alumni_%s.csv"], s.feeds["mira/mira_stakeholders_%s.csv"] = person, person
	s.feeds["mira/mira_participants_%s.csv"] = "EventId;EventName;EventDate;MiraId;Name;Email;Phone;Company;Title;Status;PaidAmount;Currency;PaymentDate;PaymentRef;KeepContact;KeepSubject;RegisteredAt"
	s.feeds["mira/mira_degrees_%s.csv"] = "MiraId;ProgrammeCode;ProgrammeName;DegreeName;Campus;StartYear;DegreeDate;Source"
	s.feeds["mira/mira_consents_%s.csv"] = "MiraId;Purpose;Topic;Channel;State;ChangedAt;ChangedBy"
	return s
}
