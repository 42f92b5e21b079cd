package nightly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// feedLayout makes the layout of a system with feeds written as "name: key person | column as target, …".
func feedLayout(system string, feeds ...string) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "system: %s\ntitle: %s\ncontroller: \"10065\"\ndates: [yyyy-MM-dd]\nfeeds:\n", system, system)
	for _, f := range feeds {
		name, rest, _ := strings.Cut(f, ": ")
		keys, columns, _ := strings.Cut(rest, " | ")
		key, person, _ := strings.Cut(keys, " ")
		fmt.Fprintf(b, "- name: %s\n  file: \"%s_{yyyyMMdd}.csv\"\n  format: {type: csv, delimiter: \";\"}\n  guard: {removed: 100, shrink: 100}\n  key: [%s]\n  person: [%s]\n  columns:\n", name, name, key, person)
		for _, c := range strings.Split(columns, ", ") {
			column, target, _ := strings.Cut(c, " ")
			fmt.Fprintf(b, "  - {name: %s, %s}\n", column, strings.ReplaceAll(target, ";", ","))
		}
	}
	return b.String()
}

const whoIs = "user required: true; to: person.source_key, family as: name; required: true; to: person.family_name, given as: name; required: true; to: person.given_names"

// TestThreat_T26_PeriodsOfTheNotices carries out periods of several notices for rows on both sides of the last day. It
// holds NMBU-15, LJMU-67, METRO-51, NMBU-20, NMBU-49, XAMK-37 and XAMK-38.
func TestThreat_T26_PeriodsOfTheNotices(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy  string
		layouts map[string]string
		exports map[string][]string // rows by file, the header first
		table   string
		column  string
		stays   []string
	}{
		"XAMK-37 ten years after the year of the invoice": {
			policy:  "xamk",
			layouts: map[string]string{"dynamics365": feedLayout("dynamics365", "payments: key user | key required: true; to: payment.key, "+whoIs+", day as: date; to: payment.date, what to: payment.status")},
			exports: map[string][]string{"dynamics365/payments": {"key;user;family;given;day;what",
				"a;u1;Alpha;Anna;2015-12-31;over", "b;u1;Alpha;Anna;2016-01-01;last year"}},
			table: "payment", column: "status", stays: []string{"last year"},
		},
		"XAMK-38 twenty years after the project": {
			policy:  "xamk",
			layouts: map[string]string{"reportronic": feedLayout("reportronic", "projektihenkilot: key user | key required: true; to: project.key, "+whoIs+", end as: date; to: project.end, name to: project.name")},
			exports: map[string][]string{"reportronic/projektihenkilot": {"key;user;family;given;end;name",
				"a;u1;Alpha;Anna;2006-11-22;over", "b;u1;Alpha;Anna;2006-11-23;last day", "c;u1;Alpha;Anna;;open"}},
			table: "project", column: "name", stays: []string{"last day", "open"},
		},
		"LJMU-67 six years after the financial year": {
			policy:  "ljmu",
			layouts: map[string]string{"raisers-edge": feedLayout("raisers-edge", "gifts: key user | key required: true; to: payment.key, "+whoIs+", day as: date; to: payment.date, what to: payment.status")},
			exports: map[string][]string{"raisers-edge/gifts": {"key;user;family;given;day;what",
				"a;u1;Alpha;Anna;2020-07-31;over", "b;u1;Alpha;Anna;2020-08-01;next year"}},
			table: "payment", column: "status", stays: []string{"next year"},
		},
		"NMBU-20 a death": {
			policy:  "nmbu",
			layouts: map[string]string{"mira": feedLayout("mira", "alumni: user user | "+whoIs+", joined as: instant; to: role.alumnus.from, died as: date; to: person.deceased_date, work to: employment.employer")},
			exports: map[string][]string{"mira/alumni": {"user;family;given;joined;died;work",
				"u1;Alpha;Anna;2020-01-01T09:00:00Z;2026-11-22;the dead", "u2;Beta;Bo;2020-01-01T09:00:00Z;;the living"}},
			table: "employment", column: "employer", stays: []string{"the living"},
		},
		"NMBU-15 an invitation that is declined": {
			policy: "nmbu",
			layouts: map[string]string{
				"fs":   feedLayout("fs", "candidates: user user | "+whoIs+", number as: student_number; to: person.student_number, born as: date; to: person.birth_date, language as: language; to: person.contact_language"),
				"mira": feedLayout("mira", "alumni: user user | "+whoIs+", number as: student_number; to: person.student_number, born as: date; to: person.birth_date, purpose to: consent.purpose, channel to: consent.channel, state to: consent.state, time as: instant; to: consent.time")},
			exports: map[string][]string{
				"fs/candidates": {"user;family;given;number;born;language", "f1;Alpha;Anna;2100001;1999-01-02;fi", "f2;Beta;Bo;2100002;1998-03-04;no"},
				"mira/alumni":   {"user;family;given;number;born;purpose;channel;state;time", "m1;Alpha;Anna;2100001;1999-01-02;invitation;email;withdrawn;2026-11-20T09:00:00Z"}},
			table: "person", column: "contact_language", stays: []string{"no"},
		},
		"NMBU-15 a person whom Mira erased": { // of whom it still tells FS's key and nothing else
			policy: "nmbu",
			layouts: map[string]string{
				"fs": feedLayout("fs", "candidates: user user | "+whoIs+", language as: language; to: person.contact_language"),
				"mira": strings.Replace(feedLayout("mira", "erased: id fs | id required: true, fs required: true; to: person.source_key, purpose to: consent.purpose, channel to: consent.channel, state to: consent.state, time as: instant; to: consent.time"),
					"person: [fs]", "person: {of: fs, key: [fs]}", 1)},
			exports: map[string][]string{
				"fs/candidates": {"user;family;given;language", "f1;Alpha;Anna;fi", "f2;Beta;Bo;no"},
				"mira/erased":   {"id;fs;purpose;channel;state;time", "m1;f1;invitation;email;withdrawn;2026-11-20T09:00:00Z"}},
			table: "person", column: "contact_language", stays: []string{"no"},
		},
		"NMBU-49 the last subscription": {
			policy: "nmbu",
			layouts: map[string]string{"mira": feedLayout("mira", "stakeholders: user user | "+whoIs+", language as: language; to: person.contact_language, mail as: email; to: email.work",
				"words: user user | user required: true, purpose to: consent.purpose, channel to: consent.channel, state to: consent.state, time as: instant; to: consent.time")},
			exports: map[string][]string{
				"mira/stakeholders": {"user;family;given;language;mail", "u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@firm.example"},
				"mira/words": {"user;purpose;channel;state;time", "u1;stakeholder_newsletter;email;withdrawn;2026-11-20T09:00:00Z",
					"u2;stakeholder_newsletter;email;granted;2026-11-20T09:00:00Z"}},
			table: "person", column: "contact_language", stays: []string{"no"},
		},
		"METRO-51 a consent that is withdrawn": {
			policy: "metropolia_exam",
			layouts: map[string]string{
				"exam": feedLayout("exam", "users: user user | "+whoIs+", number as: student_number; to: person.student_number, born as: date; to: person.birth_date",
					"words: user user | user required: true, purpose to: consent.purpose, channel to: consent.channel, state to: consent.state, time as: instant; to: consent.time"),
				"axis": feedLayout("axis", "recordings: key user | key required: true; to: recording.key, "+whoIs+", number as: student_number; to: person.student_number, born as: date; to: person.birth_date, camera to: recording.camera, start as: instant; to: recording.start")},
			exports: map[string][]string{
				"exam/users": {"user;family;given;number;born", "u1;Alpha;Anna;2100001;1999-01-02", "u2;Beta;Bo;2100002;1998-03-04"},
				"exam/words": {"user;purpose;channel;state;time", "u1;exam_supervision;;withdrawn;2026-11-20T09:00:00Z", "u2;exam_supervision;;granted;2026-11-20T09:00:00Z"},
				"axis/recordings": {"key;user;family;given;number;born;camera;start", "r1;c1;Alpha;Anna;2100001;1999-01-02;withdrawn;2026-11-15T09:00:00Z",
					"r2;c2;Beta;Bo;2100002;1998-03-04;granted;2026-11-15T09:00:00Z"}},
			table: "recording", column: "camera", stays: []string{"granted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTiny(t, databasetest.OnSQLite, tt.policy, tt.layouts)
			for d := range canon.Date(3) {
				for file, rows := range tt.exports {
					if d == 0 { // nobody is dead yet, and nothing withdrawn: all of it comes in
						rows = strings.Split(strings.ReplaceAll(strings.ReplaceAll(strings.Join(rows, "\n"), "2026-11-22", ""), "withdrawn;2026", "granted;2026"), "\n")
					}
					pattern := file + "_%s.csv"
					s.feeds[pattern] = rows[0]
					s.put(t, pattern, firstNight+d, rows[1:]...)
				}
			}
			s.finish(t, firstNight, pipelines.Finished)
			before := s.cells(t, tt.table, tt.column)
			if len(before) <= len(tt.stays) {
				t.Fatalf("only %q came in", before)
			}
			s.finish(t, firstNight+1, pipelines.Finished)
			s.mustApply(t, firstNight+2)
			same(t, "what stays", s.cells(t, tt.table, tt.column), tt.stays...)
			s.touchLayouts(t)
			s.finish(t, firstNight+2, pipelines.Finished)
			same(t, "what stays, decided anew", s.cells(t, tt.table, tt.column), tt.stays...)
		})
	}
}

// TestRowsNameTheirPersonElsewhere: a row may name its person by the key of another system, and is the person's whatever
// it says of a name, also when it came nights before; a row that is nobody's is kept without one.
func TestRowsNameTheirPersonElsewhere(t *testing.T) {
	t.Parallel()
	found := strings.Replace(feedLayout("external-lists", "honours: ref ref | ref required: true; to: person.source_key, firm to: employment.employer"),
		"person: [ref]", "person: {of: raisers-edge, key: [ref]}", 1)
	s := newTiny(t, databasetest.OnSQLite, "ljmu", map[string]string{"external-lists": found,
		"raisers-edge": feedLayout("raisers-edge", "constituents: user user | "+whoIs) + strings.Replace(strings.SplitAfter(feedLayout("raisers-edge",
			"firms: code code | code required: true; to: org.key, name to: org.name"), "feeds:\n")[1], "person: [code]", "person: nobody", 1)})
	s.feeds["external-lists/honours_%s.csv"], s.feeds["raisers-edge/constituents_%s.csv"] = "ref;firm", "user;family;given"
	s.feeds["raisers-edge/firms_%s.csv"] = "code;name"
	people := func() (n int) {
		s.at(t, func(ws *workspace.Workspace) {
			if err := ws.RegisterDB.Get(&n, "SELECT COUNT(DISTINCT `person`) FROM `link`"); err != nil {
				t.Fatal(err)
			}
		})
		return n
	}
	for d, tt := range []struct {
		people []string
		want   int
	}{{[]string{"u2;Beta;Bo"}, 2}, {[]string{"u1;Alpha;Anna", "u2;Beta;Bo"}, 2}} { // u1 is unknown but for what was found, then not
		night := firstNight + canon.Date(d)
		s.put(t, "external-lists/honours_%s.csv", night, "u1;Sample Ltd")
		s.put(t, "raisers-edge/constituents_%s.csv", night, tt.people...)
		s.put(t, "raisers-edge/firms_%s.csv", night, "f1;Specimen Ltd")
		s.finish(t, night, pipelines.Finished)
		if n := people(); n != tt.want {
			t.Errorf("night %d: %d people, not %d", d, n, tt.want)
		}
		same(t, "organisations", s.cells(t, "org", "name"), "Specimen Ltd")
		same(t, "what was found", s.cells(t, "employment", "employer"), "Sample Ltd")
	}
}

// TestAPersonIsFoundWhereNoFactIsLeft: contact data goes with the source, what was paid stays for ten years, and the vault still
// leads from the person there, for as long as any of the row is kept.
func TestAPersonIsFoundWhereNoFactIsLeft(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": feedLayout("dynamics365",
			"payments: key user | key required: true; to: payment.key, user required: true; to: person.source_key, mail as: email; to: email.personal, day as: date; to: payment.date, what to: payment.status")})
		s.feeds["dynamics365/payments_%s.csv"] = "key;user;mail;day;what"
		s.put(t, "dynamics365/payments_%s.csv", firstNight, "a;u1;anna@exam.example;2020-05-05;paid", "b;u2;bo@exam.example;2020-05-05;open")
		s.finish(t, firstNight, pipelines.Finished)
		for night := firstNight + 1; night <= firstNight+2; night++ {
			s.put(t, "dynamics365/payments_%s.csv", night, "b;u2;bo@exam.example;2020-05-05;open")
		}
		s.finish(t, firstNight+1, pipelines.Finished)
		if out := s.mustApply(t, firstNight+1); out.Entries != 0 || out.Actions["delete"] == 0 {
			t.Errorf("%+v", out)
		}
		same(t, "what was paid", s.cells(t, "payment", "status"), "open", "paid")
		s.finish(t, firstNight+2, pipelines.Finished)
	})
}

// TestAnInvitationWithoutAnAnswerIsOver: the night itself finds that half a year went by; nobody asks it to, and before
// retention is applied the invitation is no ground for anything any more. It holds NMBU-15.
func TestAnInvitationWithoutAnAnswerIsOver(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"fs": feedLayout("fs", "candidates: user user | "+whoIs)})
	s.feeds["fs/candidates_%s.csv"] = "user;family;given"
	for d, want := range []int{0, 2} {
		night := firstNight + canon.Date(d)
		s.put(t, "fs/candidates_%s.csv", night, "f1;Alpha;Anna", "f2;Beta;Bo")
		var facts nightly.GovernFacts
		if err := json.Unmarshal(s.finish(t, night, pipelines.Finished).Facts["govern"], &facts); err != nil {
			t.Fatal(err)
		}
		if facts.Due["invitation_contact"] != want {
			t.Errorf("night %d: due %v", d, facts.Due)
		}
		if facts.Consents["invitation"]["expired"] != want {
			t.Errorf("night %d: consents %v", d, facts.Consents)
		}
		s.at(t, func(ws *workspace.Workspace) { // they were invited long ago
			for c, err := range ws.Register.Consents(t.Context()) {
				if err != nil || c.Purpose != "invitation" || c.State != "expired" || c.Since != "2026-07-02T00:00:00Z" || c.Clause != "NMBU-15" {
					t.Errorf("night %d: %+v %v", d, c, err)
				}
			}
			if _, err := ws.RegisterDB.Exec("UPDATE `person` SET `first_seen_run` = 'nightly-2026-01-01'"); err != nil {
				t.Fatal(err)
			}
		})
	}
	out := s.mustApply(t, firstNight+2)
	if out.Actions["suppress"] != 0 {
		t.Errorf("silence is no refusal: %v", out.Actions)
	}
	s.put(t, "fs/candidates_%s.csv", firstNight+2, "f1;Alpha;Anna", "f2;Beta;Bo")
	s.touchLayouts(t)
	s.finish(t, firstNight+2, pipelines.Finished)
	same(t, "who was invited", s.names(t))
}

// TestReviewsOfTheNotices looks at data without an end under several notices: it holds LJMU-64, METRO-38 and NMBU-18.
func TestReviewsOfTheNotices(t *testing.T) {
	t.Parallel()
	for clause, tt := range map[string]struct{ policy, system, category, feed string }{
		"METRO-38": {"metropolia_exam", "exam", "identification", "users: user user | " + whoIs},
		"NMBU-18":  {"nmbu", "mira", "alumni_contact", "alumni: user user | " + whoIs + ", joined as: instant; to: role.alumnus.from"},
		"LJMU-64":  {"ljmu", "raisers-edge", "basics", "people: user user | " + whoIs},
	} {
		t.Run(clause, func(t *testing.T) {
			t.Parallel()
			s := newTiny(t, databasetest.OnSQLite, tt.policy, map[string]string{tt.system: feedLayout(tt.system, tt.feed)})
			name, _, _ := strings.Cut(tt.feed, ":")
			pattern := tt.system + "/" + name + "_%s.csv"
			s.feeds[pattern] = "user;family;given;joined"
			rows := []string{"u1;Alpha;Anna;2010-01-01T09:00:00Z", "u2;Beta;Bo;2010-01-01T09:00:00Z"}
			if clause != "NMBU-18" {
				s.feeds[pattern], rows = "user;family;given", []string{"u1;Alpha;Anna", "u2;Beta;Bo"}
			}
			s.put(t, pattern, firstNight, rows...)
			s.finish(t, firstNight, pipelines.Finished)
			s.at(t, func(ws *workspace.Workspace) { // they have been here for long
				for _, table := range []string{"person", "role"} {
					if _, err := ws.RegisterDB.Exec("UPDATE `" + table + "` SET `first_seen_run` = 'nightly-2020-01-01'"); err != nil {
						t.Fatal(err)
					}
				}
			})
			waiting := func() int {
				out, err := s.apply(t, firstNight, nightly.Order{By: "one", Dry: true})
				if err != nil {
					t.Fatal(err)
				}
				return out.Reviews
			}
			before := waiting()
			var v ledger.RetentionReview
			err := s.underLease(t, firstNight, quiet{}, func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (err error) {
				v, err = n.ReviewRetention(ctx, r, "nightly", nightly.Look{By: "one", Category: tt.category})
				return err
			})
			if err != nil || v.Clause != clause || v.Records != 2 || v.ReviewedBy != "one" || v.ReviewedOn != firstNight.String() {
				t.Fatalf("%+v %v", v, err)
			}
			if after := waiting(); after != before-2 {
				t.Errorf("%d waited, %d wait still", before, after)
			}
		})
	}
}
