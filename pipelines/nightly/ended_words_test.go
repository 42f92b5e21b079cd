package nightly_test

import (
	"context"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
)

const (
	wordFeed      = "words: key user | key required: true, user required: true, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted; withdrawn: withdrawn}; to: consent.state, time as: instant; to: consent.time"
	objectionFeed = "against: key user | key required: true, user required: true, scope to: objection.scope, time as: instant; to: objection.time"
)

// explainedKey explains the person of a record of mira.
func (s site) explainedKey(t testing.TB, key string, date canon.Date) (e nightly.Explained) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		e = explained(t, ws, s.linkedBy(t, ws, "mira", key), date)
	})
	return e
}

// linkedBy gives the one person that a record is linked to.
func (s site) linkedBy(t testing.TB, ws *workspace.Workspace, system, key string) (person string) {
	t.Helper()
	record := protect.Record(ws.SourceTokens(), system, key)
	links, err := ws.Register.LinksOf(context.Background(), []string{record})
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	return links[0].Person
}

func emailWords(e nightly.Explained) string {
	var out []string
	for _, w := range e.Words {
		if w.Channel == "email" {
			out = append(out, w.Purpose+" "+w.State)
		}
	}
	return strings.Join(out, ", ")
}

// TestAWordAgainstAUseOutlivesItsRow holds XAMK-40 and NMBU-12 where a source stops exporting what somebody said: a withdrawal, an
// objection and a protection order count on, whatever an older row of another feed allowed; a consent does not.
func TestAWordAgainstAUseOutlivesItsRow(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"alumni: row user | row required: true, "+whoIs+", shield as: bool; to: person.protected, joined as: instant; to: role.alumnus.from",
			wordFeed, objectionFeed)})
		const alumni, words, against = "mira/alumni_%s.csv", "mira/words_%s.csv", "mira/against_%s.csv"
		s.feeds[alumni], s.feeds[words], s.feeds[against] = "row;user;family;given;shield;joined", "key;user;purpose;channel;state;time", "key;user;scope;time"
		kept := []string{"1;m1;member_info;email;granted;2024-01-01T09:00:00Z", "2;m1;surveys;email;granted;2024-01-01T09:00:00Z", "9;m5;surveys;email;granted;2024-01-01T09:00:00Z"}
		gone := []string{"3;m1;member_info;email;withdrawn;2025-01-01T09:00:00Z", "4;m1;surveys;email;withdrawn;", "5;m1;general_info;email;granted;2025-01-01T09:00:00Z"}
		put := func(n canon.Date, said, objected, ended []string) {
			s.put(t, alumni, firstNight+n, append(ended, "1;m1;Jasen;Jaana;;2020-01-01T09:00:00Z", "2;m2;Muu;Maija;;2020-01-01T09:00:00Z",
				"4;m4;Neljas;Niina;;2020-01-01T09:00:00Z", "5;m5;Viides;Viivi;;2020-01-01T09:00:00Z")...)
			s.put(t, words, firstNight+n, append(said, kept...)...)
			s.put(t, against, firstNight+n, append(objected, "7;m4;marketing;2025-02-01T09:00:00Z")...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(n canon.Date, m1 string) {
			t.Helper()
			if got := emailWords(s.explainedKey(t, "m1", firstNight+n)); got != m1 {
				t.Errorf("night %d: %s, want %s", n, got, m1)
			}
			if e := s.explainedKey(t, "m5", firstNight+n); !strings.Contains(emailWords(e), "surveys withdrawn") || len(e.Objects) != 1 {
				t.Errorf("night %d: %s of who objected, %v", n, emailWords(e), e.Objects)
			}
			if e := s.explainedKey(t, "m2", firstNight+n); !e.Shield {
				t.Errorf("night %d: a protection order has gone", n)
			}
			s.at(t, func(ws *workspace.Workspace) { // what the night wrote down and what a plan works out are the same
				person, listed := s.linkedBy(t, ws, "mira", "m1"), []string{}
				for c, err := range ws.Register.Consents(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if c.Person == person && c.Channel == "email" {
						listed = append(listed, c.Purpose+" "+c.State)
					}
				}
				same(t, "effective consents", listed, strings.Split(m1, ", ")...)
			})
		}
		put(0, gone, []string{"6;m5;marketing;2025-02-01T09:00:00Z"}, []string{"3;m2;Muu;Maija;true;2020-01-01T09:00:00Z"})
		check(0, "member_info withdrawn, surveys withdrawn, general_info granted")
		put(1, nil, nil, nil)
		check(1, "member_info withdrawn, surveys withdrawn")
		again := []string{"10;m1;surveys;email;granted;" + (firstNight + 2).String() + "T09:00:00Z"}
		put(2, again, nil, nil)
		check(2, "member_info withdrawn, surveys granted")
	})
}

// TestWhatASourceGaveUpFollowsItsPerson has a person of whom one source gave its record up, and who turns out to be another one:
// what that record said counts against the other, an erasure of the other takes it along, and so does the night on which the other
// turns out to be erased already (threat T25).
func TestWhatASourceGaveUpFollowsItsPerson(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := "people: user user | " + whoIs + ", joined as: instant; to: role.alumnus.from, hetu as: hetu; to: person.hetu"
		s := newTiny(t, on, "nmbu", map[string]string{
			"mira":          feedLayout("mira", strings.Replace(who, "people", "alumni", 1), wordFeed),
			"alumni-portal": feedLayout("alumni-portal", strings.Replace(who, "people", "members", 1))})
		s.feeds["mira/alumni_%s.csv"], s.feeds["alumni-portal/members_%s.csv"], s.feeds["mira/words_%s.csv"] = "user;family;given;joined;hetu", "user;family;given;joined;hetu", "key;user;purpose;channel;state;time"
		s.set(t, "temporary_identifiers: true")
		const joined, once, hers = ";2020-01-01T09:00:00Z;", "010190-900P", "140385-901E"
		night := func(n canon.Date, mira, portal, words []string) {
			t.Helper()
			s.put(t, "mira/alumni_%s.csv", firstNight+n, append(mira, "m2;Alpha;Anna"+joined+hers, "m3;Other;Olga"+joined)...)
			s.put(t, "alumni-portal/members_%s.csv", firstNight+n, append(portal, "p2;Alpha;Anna"+joined+hers)...)
			s.put(t, "mira/words_%s.csv", firstNight+n, append(words, "1;m2;surveys;email;granted;2024-01-01T09:00:00Z")...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		p1 := "p1;Alpha;Anna" + joined
		night(0, []string{"m1;Alpha;Anna" + joined + once}, []string{p1 + once}, []string{"2;m1;surveys;email;withdrawn;2025-01-01T09:00:00Z"})
		night(1, nil, []string{p1 + once}, nil)
		if got := emailWords(s.explainedKey(t, "m2", firstNight+1)); got != "surveys granted" {
			t.Fatalf("before the two are one: %s", got)
		}
		erased := tiny{s.copy(t), s.feeds}
		night(2, nil, []string{p1 + hers}, nil)
		if got := emailWords(s.explainedKey(t, "m2", firstNight+2)); got != "surveys withdrawn" {
			t.Errorf("one person said %s", got)
		}
		s.at(t, func(ws *workspace.Workspace) {
			if one, other := s.linkedBy(t, ws, "mira", "m1"), s.linkedBy(t, ws, "mira", "m2"); one != other {
				t.Error("the record that its source gave up is still another person's")
			}
			if out, err := s.eraseKey(ws, newRun(firstNight+2), "mira", "m2"); err != nil || out.Records != 4 {
				t.Errorf("%+v %v", out, err)
			}
		})
		same(t, "who is left", s.names(t), "Other")
		s = erased
		s.at(t, func(ws *workspace.Workspace) {
			if out, err := s.eraseKey(ws, newRun(firstNight+1), "mira", "m2"); err != nil || out.Records != 2 {
				t.Errorf("%+v %v", out, err)
			}
		})
		same(t, "before the night", s.names(t), "Alpha", "Alpha", "Other")
		night(2, nil, []string{p1 + hers}, nil)
		same(t, "after it", s.names(t), "Other")
		s.at(t, func(ws *workspace.Workspace) {
			gone := protect.Record(ws.SourceTokens(), "mira", "m1")
			for _, rows := range sourceRows(t, &ws.Register.View, register.All) {
				for record := range rows {
					if record == gone {
						t.Error("the register has a row of the person")
					}
				}
			}
		})
	})
}

// TestAnUnusableRowGrantsNothing has a consent whose row cannot be used any more, or comes twice with other values: it may have been
// taken back, so it counts no more until the row is right again. A withdrawal goes on counting.
func TestAnUnusableRowGrantsNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"alumni: row user | row required: true, "+whoIs+", joined as: instant; to: role.alumnus.from", wordFeed)})
		const alumni, words = "mira/alumni_%s.csv", "mira/words_%s.csv"
		s.feeds[alumni], s.feeds[words] = "row;user;family;given;joined", "key;user;purpose;channel;state;time"
		night := func(n canon.Date, want string, said ...string) {
			t.Helper()
			s.put(t, alumni, firstNight+n, "1;m1;Jasen;Jaana;2020-01-01T09:00:00Z")
			s.put(t, words, firstNight+n, said...)
			s.finish(t, firstNight+n, pipelines.Finished)
			if got := strings.Join(s.consents(t), ", "); got != want {
				t.Errorf("night %d: %s, want %s", n, got, want)
			}
		}
		row := func(key, purpose, state string) string {
			return key + ";m1;" + purpose + ";email;" + state + ";2024-01-01T09:00:00Z"
		}
		surveys, info, general := row("1", "surveys", "granted"), row("2", "member_info", "granted"), row("3", "general_info", "withdrawn")
		night(0, "general_info withdrawn, member_info granted, surveys granted", surveys, info, general)
		night(1, "general_info withdrawn, member_info granted", row("1", "surveys", "nonsense"), info, row("3", "general_info", "nonsense"))
		night(2, "general_info withdrawn", row("1", "surveys", "nonsense"), info, row("2", "member_info", "withdrawn"), row("3", "general_info", "nonsense"))
		same(t, "states", s.cells(t, "consent", "state"), "doubted", "doubted", "withdrawn")
		if plan := s.mustApply(t, firstNight+2); plan.Rows > 0 {
			t.Errorf("a row that is exported is due: %+v", plan)
		}
		night(3, "general_info withdrawn, member_info granted, surveys granted", surveys, info, general)
	})
}

// TestAWordOutlivesItsPersonsRow has a source that exports what somebody said and their own row no more: a withdrawal counts on where
// all rows are decided anew and where its row changes, and a consent of which the row changed does not count; with the person's row
// it is as it was.
func TestAWordOutlivesItsPersonsRow(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"alumni: row user | row required: true, "+whoIs+", joined as: instant; to: role.alumnus.from", wordFeed)})
		const alumni, words = "mira/alumni_%s.csv", "mira/words_%s.csv"
		s.feeds[alumni], s.feeds[words] = "row;user;family;given;joined", "key;user;purpose;channel;state;time"
		hers := "1;m1;Jasen;Jaana;2020-01-01T09:00:00Z"
		night := func(n canon.Date, own, want, info string) {
			t.Helper()
			s.put(t, alumni, firstNight+n, "9;m9;Muu;Maija;2020-01-01T09:00:00Z", own)
			s.put(t, words, firstNight+n, "1;m1;surveys;email;withdrawn;2024-01-01T09:00:00Z", "2;m1;member_info;email;granted;"+info, "3;m1;general_info;email;withdrawn;"+info)
			s.finish(t, firstNight+n, pipelines.Finished)
			if got := emailWords(s.explainedKey(t, "m1", firstNight+n)); got != want {
				t.Errorf("night %d: %q, want %q", n, got, want)
			}
		}
		night(0, hers, "member_info granted, surveys withdrawn, general_info withdrawn", "2024-01-01T09:00:00Z")
		night(1, "", "member_info granted, surveys withdrawn, general_info withdrawn", "2024-01-01T09:00:00Z")
		night(2, "", "surveys withdrawn, general_info withdrawn", "2024-02-01T09:00:00Z")
		s.touchLayouts(t)
		night(3, "", "surveys withdrawn, general_info withdrawn", "2024-02-01T09:00:00Z")
		night(4, hers, "member_info granted, surveys withdrawn, general_info withdrawn", "2024-02-01T09:00:00Z")
	})
}
