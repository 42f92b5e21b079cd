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
// bought, and of a registration the event and what was agreed to; each goes when its source gives it up, and what it forbids stays.
// It holds XAMK-20, XAMK-23, XAMK-34, XAMK-40 and XAMK-57.
func TestWhatTheNoticeNamesAsItsSources(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		list := "mail mail | mail as: email; required: true; to: email.work, phone as: phone; to: phone.work, provider required: true; to: attribution.provider"
		forms := strings.Replace(feedLayout("webforms", "events: id mail | id required: true, channel codes: {email: email}; default: email, "+
			"mail as: point; by: channel; required: true; to: email.personal, event required: true; to: event.key, title to: event.name, fee to: payment.key, "+
			"similar codes: {yes: granted; no: withdrawn}; to: consent.state, purpose to: consent.purpose, time as: instant; to: consent.time"),
			"person: [mail]", "person: {point: mail}", 1)
		s := newTiny(t, on, "xamk", map[string]string{"webforms": forms,
			"external-lists": feedLayout("external-lists", "public: "+list, "purchased: "+list),
			"dynamics365":    feedLayout("dynamics365", "contacts: user user | "+whoIs+", mail as: email; to: email.work")})
		s.feeds["webforms/events_%s.csv"] = "id;channel;mail;event;title;fee;similar;purpose;time"
		s.feeds["external-lists/public_%s.csv"], s.feeds["external-lists/purchased_%s.csv"] = "mail;phone;provider", "mail;phone;provider"
		s.feeds["dynamics365/contacts_%s.csv"] = "user;family;given;mail"
		put := func(n canon.Date, public, events []string) {
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, "u1;Alpha;Anna;anna@firm.example", "u2;Beta;Bo;bo@firm.example", "u3;Gamma;Gro;gro@firm.example")
			s.put(t, "external-lists/purchased_%s.csv", firstNight+n, "bo@firm.example;+358400000002;Broker")
			s.put(t, "external-lists/public_%s.csv", firstNight+n, append(public, "gro@firm.example;+358400000004;Directory")...)
			s.put(t, "webforms/events_%s.csv", firstNight+n, append(events, "f2;email;gro@firm.example;EV26-015;Morning;;yes;events;2026-11-20T09:00:00Z")...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		for n := range canon.Date(2) {
			put(n, []string{"new@firm.example;+358400000003;Directory"}, []string{"f1;email;anna@firm.example;EV26-014;Evening;RF01;no;events;2026-11-20T09:00:00Z"})
			same(t, "telephones", s.numbers(t), "+358400000003", "+358400000004")
			same(t, "events", s.cells(t, "event", "name"), "Evening", "Morning")
			same(t, "payments", s.cells(t, "payment", "key"))
			same(t, "consents", s.consents(t), "events granted", "events withdrawn")
			s.mustApply(t, firstNight+n)
			same(t, "telephones", s.numbers(t), "+358400000003", "+358400000004")
		}
		put(2, nil, nil)
		same(t, "consents that a source gave up", s.consents(t), "events granted", "events withdrawn")
		s.mustApply(t, firstNight+2)
		same(t, "telephones", s.numbers(t), "+358400000004")
		same(t, "providers", s.cells(t, canon.Attribution, "provider"), "Directory")
		same(t, "events", s.cells(t, "event", "name"), "Morning")
		same(t, "words of sources", s.cells(t, "consent", "state"), "granted")
		put(3, nil, nil)
		same(t, "consents whose row has gone", s.consents(t), "events granted", "events withdrawn")
		put(4, []string{"new@firm.example;+358400000003;Directory"}, nil)
		same(t, "telephones that are public again", s.numbers(t), "+358400000003", "+358400000004")
	})
}

// numbers gives the telephone numbers in the vault, sorted.
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
	slices.Sort(out)
	return out
}

// consents gives what people said of each purpose by e-mail, sorted.
func (s site) consents(t *testing.T) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for c, err := range ws.Register.Consents(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Channel == "email" {
				out = append(out, c.Purpose+" "+c.State)
			}
		}
	})
	slices.Sort(out)
	return out
}
