package survey

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/extract"
)

// equals are people of whom much is said several times, by sources that are equally good and at no known time: addresses and
// names, study rights, degrees of one day, and a learner number that two of them have.
func equals() []human {
	const learner = "1.2.246.562.24.10000000003"
	torn := graduateOf("Q1", "20001", "Esimerkki", "Aino", "1990-01-01", "2021-06-15").set("person", "oppijanumero", learner).set("degree", "right_key", "")
	for n := range 8 {
		key := fmt.Sprint("q", n)
		torn = torn.with(
			row{feed: "alumni-portal/profiles", table: "person", key: key, person: key, columns: map[string]string{"family_name": "Esimerkki", "given_names": "Aino"}},
			row{feed: "alumni-portal/profiles", table: "email", key: key, person: key, columns: map[string]string{"kind": "personal", "address": key + "@mail.example"}},
			row{feed: "student-register/opiskelijat", table: "person", key: key, person: "20001", columns: map[string]string{
				"student_number": "20001", "family_name": "Esimerkki", "given_names": "Aino " + strings.Repeat("A", n+1)}},
			row{feed: "student-register/opiskeluoikeudet", table: "study", key: key, person: "20001", columns: map[string]string{
				"right_key": key, "type": "1", "field": fmt.Sprint(n + 1), "municipality": "491", "institution_code": "10118", "degree_code": "631101"}},
			row{feed: "student-register/tutkinnot", table: "degree", key: key, person: "20001", columns: map[string]string{
				"key": key, "date": "2021-06-15", "code": "631101", "title": "Tradenomi " + key}})
	}
	twin := graduateOf("Q2", "20002", "Esimerkki", "Aada", "1991-01-01", "2021-06-15").set("person", "oppijanumero", learner)
	return []human{torn, twin}
}

// TestTiesAreBrokenByWhatIsSaid chooses in workspaces with keys of their own, and again under other tokens: the rows are the same.
func TestTiesAreBrokenByWhatIsSaid(t *testing.T) {
	t.Parallel()
	chosen := func(r *rig) []extract.Row {
		stages, run := r.stages(true)
		c, err := stages[0].(selectStage).s.choose(ctx, run, 2021)
		r.must(err)
		slices.SortFunc(c.extract.Rows, func(a, b extract.Row) int { return cmp.Compare(a.StudentNumber, b.StudentNumber) })
		return c.extract.Rows
	}
	made := func() *rig {
		r := newRig(t, databasetest.OnSQLite)
		r.people(equals()...)
		return r
	}
	r := made()
	want := chosen(r)
	if !slices.Contains(numbers(want), "20001") || slices.Contains(numbers(want), "20002") {
		t.Fatalf("of the two with one number it should be the first: %v", numbers(want))
	}
	for n := range 2 {
		if got := chosen(made()); !reflect.DeepEqual(got, want) {
			t.Errorf("workspace %d: %+v, not %+v", n, got, want)
		}
	}
	for range 2 {
		dir := r.ws.Dir
		r.must(r.ws.Close())
		r.ws = workspacetest.Rotate(t, dir, r.endpoint.Clock.Now(), workspace.IndexTokens, workspace.PersonTokens)
		if got := chosen(r); !reflect.DeepEqual(got, want) {
			t.Errorf("under other keys: %+v, not %+v", got, want)
		}
	}
}
