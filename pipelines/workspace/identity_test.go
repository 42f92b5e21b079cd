package workspace_test

import (
	"reflect"
	"slices"
	"testing"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestThreat_T25_AnEntryGivesEveryMark fills every field of an identity from a vault entry, so that no mark of any pack is
// left out, and takes nothing from other tables.
func TestThreat_T25_AnEntryGivesEveryMark(t *testing.T) {
	person := func(column, value string) vault.Fact {
		return vault.Fact{Table: "person", Column: column, Value: value}
	}
	e := vault.Entry{Source: "peppi/alumnit",
		Names: []vault.Fact{person("family_name", "Näyte-Öhman"), person("given_names", "Åsa"), {Table: "guardian", Column: "given_names", Value: "Aino"}},
		Identifiers: []vault.Fact{{Column: "row_key", Value: "r1"}, {Column: "person_key", Value: "12345"}, person("hetu", "010190-900P"), person("fnr", "14838510117"),
			person("oppijanumero", "1.2.246.562.24.10000000003"), person("student_number", "2100001"), person("employee_number", "004711"),
			person("orcid", "0000-0000-0000-001X"), person("eppn", "aanayte@xamk.example"), person("birth_date", "1990-01-01")}}
	id := workspace.IdentityIn(&e, "10118")
	for v, i := reflect.ValueOf(id), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is empty", v.Type().Field(i).Name)
		}
	}
	if got := canon.Date(7305); id.BirthDate != got || id.System != "peppi" {
		t.Errorf("%v %q", id.BirthDate, id.System)
	}
	pack := policy.Pack{Suppression: policy.Suppression{Keys: []string{"name_birth_date"}}}
	want := []string{"hetu|010190-900P", "fnr|14838510117", "oppijanumero|1.2.246.562.24.10000000003", "orcid|0000-0000-0000-001X", "student_number|10118|2100001",
		"employee_number|10118|004711", "eppn|AANAYTE@XAMK.EXAMPLE|bn||", "eppn|AANAYTE@XAMK.EXAMPLE|bn|b|1990-01-01",
		"eppn|AANAYTE@XAMK.EXAMPLE|bn|n|nayte", "eppn|AANAYTE@XAMK.EXAMPLE|bn|n|ohman", "eppn|AANAYTE@XAMK.EXAMPLE|bn|n|asa",
		"eppn|AANAYTE@XAMK.EXAMPLE|bn|bn|1990-01-01", "source_key|peppi|12345", "name_birth_date|nayte ohman|asa|1990-01-01"}
	if got := pack.Suppression.Kept(id); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
