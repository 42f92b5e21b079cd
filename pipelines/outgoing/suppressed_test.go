package outgoing

import (
	"slices"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestThreat_T24_WhoCameBackAfterAnErasureIsInNoFile: a source has brought an erased record back since, and no night has taken it out
// again. Any mark that it bears is enough.
func TestThreat_T24_WhoCameBackAfterAnErasureIsInNoFile(t *testing.T) {
	t.Parallel()
	const name = "research-graduates"
	r := newRig(t, databasetest.OnSQLite, "small")
	chosen := func() (people []string) {
		c, err := r.file(name).choose(ctx, r.runOf(name, true))
		r.must(err)
		for _, rec := range c.records {
			people = append(people, rec.included.Person)
		}
		slices.Sort(people)
		return slices.Compact(people)
	}
	before := chosen()
	marks := map[string]string{} // the last one that somebody bears: of a system that the file does not take
	persons := r.ws.Persons()
	for e, err := range r.ws.Vault.Open(ctx, nil, vault.Everything) {
		r.must(err)
		for _, mark := range policy.Borne(workspace.IdentityIn(&e, "")) {
			marks[workspace.PersonOf(persons, e.Subject)] = mark
		}
	}
	if len(before) < 2 || marks[before[0]] == "" {
		t.Fatalf("%d people", len(before))
	}
	token := workspace.SuppressionToken(r.ws.Suppression(), marks[before[0]])
	r.must(r.ws.Vault.Suppress(ctx, []vault.Suppression{{Token: token, Kind: "source_key", Since: "erasure", Clause: "XAMK-39"}}))
	if after := chosen(); !slices.Equal(after, before[1:]) {
		t.Errorf("%d of %d people are in the file, the erased one among them: %v", len(after), len(before), slices.Contains(after, before[0]))
	}
}
