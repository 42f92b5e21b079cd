package outgoing

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/target"
)

// guests is the list of the people of one event.
const guests = `target: guests
title: Guests of one event
policy: nmbu
system: door
purpose: run_event
channel: email
from: [mira]
%sfile: "guests_{yyyyMMdd}.csv"
form: {type: csv, delimiter: ";"}
each: %s
columns:
- {name: name, from: person.family_name}
- {name: mail, from: email.personal, required: true}
%s`

// newEvents loads guests of two events: one is a guest of both, under another address at each.
func newEvents(t *testing.T) *rig {
	t.Helper()
	inbox := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(inbox, "mira"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(inbox, "mira", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, feed := range []string{"alumni", "stakeholders", "consents", "degrees"} { // nobody, under the columns of the committed exports
		src, err := os.ReadFile("../../fixtures/systems/mira/mira_" + feed + "_20261121.csv")
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(strings.TrimPrefix(string(src), "\ufeff"), "\n")
		rows := header + "\n"
		if feed == "stakeholders" { // guests are stakeholders, too
			for _, given := range []string{"Both", "One", "Other"} {
				cells := make([]string, strings.Count(header, ";")+1)
				for column, text := range map[string]string{"MiraId": map[string]string{"Both": "1", "One": "2", "Other": "3"}[given], "FirstName": given, "LastName": "Guest"} {
					cells[slices.Index(strings.Split(strings.ReplaceAll(strings.TrimSpace(header), `"`, ""), ";"), column)] = text
				}
				rows += strings.Join(cells, ";") + "\n"
			}
		}
		write("mira_"+feed+"_20261121.csv", rows)
	}
	rows := "EventId;EventName;EventDate;MiraId;Name;Email;Phone;Company;Title;Status;PaidAmount;Currency;PaymentDate;PaymentRef;KeepContact;KeepSubject;RegisteredAt\n"
	for _, r := range []string{"spring;1;both@spring.example", "autumn;1;both@autumn.example", "spring;2;one@spring.example", "autumn;3;other@autumn.example"} {
		x := strings.Split(r, ";")
		rows += fmt.Sprintf("%s;%s day;2026-11-14;%s;;%s;;Malli AS;Rådgiver;Attended;;;;;0;;2026-10-22 09:15\n", x[0], x[0], x[1], x[2])
	}
	write("mira_participants_20261121.csv", rows)
	r := newRigAt(t, databasetest.OnSQLite, "events", site{"0192", "nmbu", inbox, "systems: [mira]\n"})
	for l, err := range r.ws.Register.Links(ctx) {
		r.must(err)
		r.says(l.Person, rights.Statement{Kind: register.ConsentWord, About: "run_event", State: "granted", TextVersion: "2026-09"})
	}
	return r
}

// TestEventDataRunsItsOwnEvent makes the lists of two events of the same guests: each has the rows and the addresses that were
// given for it, and no other; without an event there is none. It holds NMBU-38.
func TestEventDataRunsItsOwnEvent(t *testing.T) {
	t.Parallel()
	r := newEvents(t)
	choose := func(event, each, more string) (*choice, error) {
		x, err := target.Parse("guests.yaml", fmt.Appendf(nil, guests, event, each, more))
		r.must(err)
		return r.fileOf(x).choose(ctx, r.runOf("guests", true))
	}
	for _, tt := range []struct {
		event, each, more string
		want              []string
	}{
		{"spring", "person", "", []string{"both@spring.example", "one@spring.example"}},
		{"autumn", "person", "", []string{"both@autumn.example", "other@autumn.example"}},
		{"spring", "event", "- {name: event, from: event.name}\n", []string{"both@spring.example spring day", "one@spring.example spring day"}},
		{"winter", "person", "", nil},
	} {
		c, err := choose("event: {system: mira, key: "+tt.event+"}\n", tt.each, tt.more)
		r.must(err)
		var got []string
		for _, rec := range c.records {
			got = append(got, strings.TrimSpace(strings.Join(rec.cells, " ")))
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) || c.people+sum(c.account()) != c.eligible {
			t.Errorf("%s of %s: %q, of %d people, %v", tt.each, tt.event, got, c.eligible, c.account())
		}
		for _, w := range c.account() {
			if w.Clause != "NMBU-38" || tt.each == "event" && w.Reason != "the data was not given for that event" {
				t.Errorf("%+v", w)
			}
		}
	}
	if _, err := choose("", "person", ""); fault.Code(err) != "UOMA-OUT-EVENT" {
		t.Errorf("without an event: %v", err)
	}
	x, err := target.Parse("guests.yaml", fmt.Appendf(nil, strings.Replace(guests, "run_event", "similar_events", 1), "event: {system: mira, key: spring}\n", "person", ""))
	r.must(err)
	if _, err := r.fileOf(x).choose(ctx, r.runOf("guests", true)); fault.Code(err) != "UOMA-OUT-EVENT" {
		t.Errorf("an event for a purpose of all: %v", err)
	}
}

// TestThreat_T24_AWordReachesTheGuestListOfAnEvent sends the list of one event and then hears a word of one guest: the row is
// withdrawn, also when the target names another event by now, or none, with which it could not be sent.
func TestThreat_T24_AWordReachesTheGuestListOfAnEvent(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{"the same": "event: {system: mira, key: spring}\n", "another": "event: {system: mira, key: autumn}\n", "none": ""} {
		t.Run(name, func(t *testing.T) {
			r := newEvents(t)
			guestsOf := func(event string) *File {
				x, err := target.Parse("guests.yaml", fmt.Appendf(nil, guests, event, "person", ""))
				r.must(err)
				return r.fileOf(x)
			}
			withdraw := func(dry bool) survey.WithdrawFacts {
				f, err := guestsOf(event).Withdraw(ctx, r.runOf("withdrawals", dry))
				r.must(err)
				return f
			}
			_, err := pipelines.Execute(ctx, r.runOf("guests", false), guestsOf("event: {system: mira, key: spring}\n").Stages(), workspace.DryJournal{})
			r.must(err)
			people := r.sentPeople()
			if f := withdraw(true); len(people) != 2 || f.Rows != 0 {
				t.Fatalf("%d people, and nobody said anything: %+v", len(people), f)
			}
			r.now = r.now.Add(time.Second)
			r.says(people[0], rights.Statement{Kind: register.ConsentWord, About: "run_event", State: "withdrawn", TextVersion: "2026-09"})
			if f := withdraw(false); f.Rows != 1 || f.Reasons["consent was refused or withdrawn"] != 1 || f.State != "closed" {
				t.Errorf("%+v", f)
			}
		})
	}
}
