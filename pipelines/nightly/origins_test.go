package nightly_test

import (
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestWhatTheNoticeNamesAsItsSources: the stakeholder register takes contact data from a public list and none from one that was
// bought, and of a registration the event and nothing else. It holds XAMK-20, XAMK-47 and XAMK-57.
func TestWhatTheNoticeNamesAsItsSources(t *testing.T) {
	t.Parallel()
	list := "mail mail | mail as: email; required: true; to: email.work, phone as: phone; to: phone.work"
	forms := strings.Replace(feedLayout("webforms", "events: id mail | id required: true, channel codes: {email: email}; default: email, "+
		"mail as: point; by: channel; required: true; to: email.personal, event required: true; to: event.key, title to: event.name, fee to: payment.key, "+
		"similar codes: {yes: granted; no: withdrawn}; to: consent.state, purpose to: consent.purpose, time as: instant; to: consent.time"),
		"person: [mail]", "person: {point: mail}", 1)
	s := newTiny(t, databasetest.OnSQLite, "xamk", map[string]string{"webforms": forms,
		"external-lists": feedLayout("external-lists", "public: "+list, "purchased: "+list),
		"dynamics365":    feedLayout("dynamics365", "contacts: user user | "+whoIs+", mail as: email; to: email.work")})
	s.feeds["webforms/events_%s.csv"] = "id;channel;mail;event;title;fee;similar;purpose;time"
	s.feeds["external-lists/public_%s.csv"], s.feeds["external-lists/purchased_%s.csv"] = "mail;phone", "mail;phone"
	s.feeds["dynamics365/contacts_%s.csv"] = "user;family;given;mail"
	for d := range canon.Date(2) {
		night := firstNight + d
		s.put(t, "dynamics365/contacts_%s.csv", night, "u1;Alpha;Anna;anna@firm.example", "u2;Beta;Bo;bo@firm.example")
		s.put(t, "external-lists/public_%s.csv", night, "anna@firm.example;+358400000001")
		s.put(t, "external-lists/purchased_%s.csv", night, "bo@firm.example;+358400000002")
		s.put(t, "webforms/events_%s.csv", night, "f1;email;anna@firm.example;EV26-014;Evening;RF01;no;events;2026-11-20T09:00:00Z",
			"f2;email;nobody@mail.example;EV26-015;Morning;;;;") // of nobody known
		s.finish(t, night, pipelines.Finished)
		same(t, "telephones", s.numbers(t), "+358400000001")
		same(t, "events", s.cells(t, "event", "name"), "Evening", "Morning")
		same(t, "payments", s.cells(t, "payment", "key"))
		same(t, "consents", slices.Compact(s.consents(t)), "events withdrawn") // of each channel
		same(t, "addresses", s.addresses(t), "anna@firm.example", "anna@firm.example", "bo@firm.example")
	}
}

// numbers gives the telephone numbers in the vault.
func (s site) numbers(t *testing.T) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Contacts) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range e.Contacts {
				if f.Column == "number" {
					out = append(out, f.Value)
				}
			}
		}
	})
	return out
}

// consents gives what people said of each purpose.
func (s site) consents(t *testing.T) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for c, err := range ws.Register.Consents(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c.Purpose+" "+c.State)
		}
	})
	return out
}
