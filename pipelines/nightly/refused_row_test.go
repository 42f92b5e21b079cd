package nightly_test

import (
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestWhatWasLoadedOfARefusedRowGoes has three people of whom a row cannot be used on the second night: one row is refused by the
// layout, so that what was loaded of it goes, one only waits in quarantine, and one is good again on the third. On the fourth the
// layout itself comes to refuse a domain that was good before.
func TestWhatWasLoadedOfARefusedRowGoes(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		source := feedLayout("mira", "stakeholders: user user | "+whoIs+", language as: language; invalid: quarantine; to: person.contact_language, mail as: email; invalid: refuse; block: [bots.example]; to: email.work")
		s := newTiny(t, on, "nmbu", map[string]string{"mira": source})
		s.feeds["mira/stakeholders_%s.csv"] = "user;family;given;language;mail"
		night := func(n canon.Date, rows ...string) {
			t.Helper()
			s.put(t, "mira/stakeholders_%s.csv", firstNight+n, rows...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		good := []string{"u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@firm.example", "u3;Gamma;Gro;en;gro@firm.example"}
		night(0, good...)
		same(t, "all are loaded", s.cells(t, "person", "contact_language"), "en", "fi", "no")
		night(1, "u1;Alpha;Anna;fi;anna@bots.example", "u2;Beta;Bo;nonsense;bo@firm.example", "u3;Gamma;Gro;en;gro@mail.bots.example")
		same(t, "what was refused is gone", s.cells(t, "person", "contact_language"), "no")
		night(2, "u1;Alpha;Anna;fi;anna@bots.example", "u2;Beta;Bo;no;bo@firm.example", "u3;Gamma;Gro;en;gro@firm.example")
		same(t, "what is good again is loaded", s.cells(t, "person", "contact_language"), "en", "no")
		write(t, filepath.Join(s.dir, workspace.LayoutDir, "mira.yaml"), []byte(strings.Replace(source, "[bots.example]", "[bots.example, firm.example]", 1)))
		night(3, "u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@post.example", "u3;Gamma;Gro;en;gro@firm.example")
		same(t, "what the layout refuses now", s.cells(t, "person", "contact_language"), "no")
	})
}
