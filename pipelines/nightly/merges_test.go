package nightly_test

import (
	"maps"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
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
