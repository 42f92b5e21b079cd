package nightly_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// A pack that is swapped under a run decides all of it or nothing: what the run's first attempt did under the other pack is
// done anew, and the outcome is that of a night under the new one.
func TestThreat_T27_ARunUnderAnotherPackBeginsAnew(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		undisturbed := s.copy(t)
		src, _ := policy.Shipped("xamk")
		pack := bytes.Replace(src, []byte(`codes: ["10118", "02608", "02506"]`), []byte(`codes: ["02608", "02506"]`), 1)
		if bytes.Equal(pack, src) {
			t.Fatal("the pack says otherwise")
		}
		s.stopAfter(t, firstNight+1, "load")
		for _, each := range []site{s, undisturbed} {
			write(t, filepath.Join(each.dir, workspace.PolicyDir, "xamk.yaml"), pack)
			each.night(t, firstNight+1)
		}
		run := "nightly-" + (firstNight + 1).String()
		if got, want := s.outcome(t, run), undisturbed.outcome(t, run); got.register != want.register || got.identity != want.identity {
			t.Errorf("the night under two packs is not the one under the second:\n%s\n%s", s.counts(t), undisturbed.counts(t))
		}
	})
}
