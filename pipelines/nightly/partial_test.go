package nightly_test

import (
	"os"
	"testing"

	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
)

// TestNewConfigurationReachesASystemThatWasAway changes the settings on a night without one system: the rows of that system
// are decided anew on the night on which it is back, and those of the others once.
func TestNewConfigurationReachesASystemThatWasAway(t *testing.T) {
	s := newSite(t, smallCampus, 4)
	s.finish(t, firstNight, pipelines.Finished)
	if err := os.Remove(s.export(peppiFile, firstNight+1)); err != nil {
		t.Fatal(err)
	}
	s.settings(t, "# another text, another configuration\n")
	s.finish(t, firstNight+1, pipelines.Part)
	for n := canon.Date(2); n < 4; n++ {
		var conformed nightly.ConformFacts
		facts(t, s.finish(t, firstNight+n, pipelines.Finished), "conform", &conformed)
		back := n == 2
		if conformed.Redone != back {
			t.Errorf("%s: decided anew: %v", firstNight+n, conformed.Redone)
		}
		for _, f := range conformed.Feeds {
			if anew := f.Unchanged == 0; anew != (back && f.Feed == "peppi/alumnit") {
				t.Errorf("%s: %s: %d rows are left as they were", firstNight+n, f.Feed, f.Unchanged)
			}
		}
	}
}
