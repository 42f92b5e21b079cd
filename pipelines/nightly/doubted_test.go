package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
)

// TestALaterWordEndsADoubt has two people whose only consent stands in a row that cannot be read any more. Nothing ends for that
// (NMBU-49), unless they take the consent back by another row, later.
func TestALaterWordEndsADoubt(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"stakeholders: user user | "+whoIs+", language as: language; to: person.contact_language, mail as: email; to: email.work", wordFeed)})
		s.feeds["mira/stakeholders_%s.csv"], s.feeds["mira/words_%s.csv"] = "user;family;given;language;mail", "key;user;purpose;channel;state;time"
		night := func(n canon.Date, state string, more ...string) {
			t.Helper()
			s.put(t, "mira/stakeholders_%s.csv", firstNight+n, "u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@firm.example")
			s.put(t, "mira/words_%s.csv", firstNight+n, append(more, "1;u1;general_info;email;"+state+";2024-01-01T09:00:00Z", "2;u2;general_info;email;"+state+";2024-01-01T09:00:00Z")...)
			s.finish(t, firstNight+n, pipelines.Finished)
			s.mustApply(t, firstNight+n)
		}
		night(0, "granted")
		before := "3;u2;general_info;email;withdrawn;2023-01-01T09:00:00Z"
		night(1, "nonsense", before)
		same(t, "while nothing else is said", s.cells(t, "person", "contact_language"), "fi", "no")
		night(2, "nonsense", before, "4;u1;general_info;email;withdrawn;2025-01-01T09:00:00Z")
		same(t, "who took the consent back is gone", s.cells(t, "person", "contact_language"), "no")
	})
}
