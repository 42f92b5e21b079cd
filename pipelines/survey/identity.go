package survey

import (
	"context"
	"maps"
	"slices"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
)

// identity is what the vault says of the frame.
type identity struct {
	records    map[string][]extract.Record // by person
	suppressed map[string]bool             // by person
}

// open opens the vault for the people of the frame alone. Which subjects they are is found by their records, without
// decrypting anything; rows that the register does not have, or has no more, are left alone.
func open(ctx context.Context, ws *workspace.Workspace, f *frame) (*identity, error) {
	out := &identity{records: map[string][]extract.Record{}, suppressed: map[string]bool{}}
	list, err := ws.Vault.Suppressed(ctx)
	if err != nil {
		return nil, err
	}
	subjects := map[string]bool{}
	for e, err := range ws.Vault.Open(ctx, nil, 0) {
		if err != nil {
			return nil, err
		}
		if f.rows[e.SourceKey] != nil && f.records[e.Record] != nil {
			subjects[e.Subject] = true
		}
	}
	if len(subjects) == 0 {
		return out, nil
	}
	marks := ws.Suppression()
	for e, err := range ws.Vault.Open(ctx, slices.Sorted(maps.Keys(subjects)), vault.Everything) {
		if err != nil {
			return nil, err
		}
		row := f.rows[e.SourceKey]
		if row == nil {
			continue
		}
		r := record(&e, row)
		erased := len(list) > 0 && Erased(&e, row.institution, list, marks)
		for _, g := range f.records[e.Record] {
			out.records[g.person] = append(out.records[g.person], r)
			out.suppressed[g.person] = out.suppressed[g.person] || erased
		}
	}
	return out, nil
}

// record puts a vault entry together with what the register keeps of the same row.
func record(e *vault.Entry, row *rowFacts) extract.Record {
	r := extract.Record{System: canon.SystemOf(e.Source), ID: e.Record, Key: e.SourceKey, Time: row.modified,
		Institution: row.institution, Language: row.language}
	fields := map[string]*string{
		"family_name": &r.FamilyName, "given_names": &r.GivenNames, "student_number": &r.StudentNumber,
		"oppijanumero": &r.LearnerNumber, "hetu": &r.IdentityCode,
	}
	for _, facts := range [][]vault.Fact{e.Names, e.Identifiers} {
		for _, x := range facts {
			if x.Table != "person" {
				continue
			}
			if to := fields[x.Column]; to != nil {
				*to = x.Value
			}
			if x.Column == "birth_date" {
				if d, err := canon.ParseDate(x.Value); err == nil {
					r.BirthDate, r.HasBirthDate = d, true
				}
			}
		}
	}
	r.Emails = contacts(e.Contacts, "email", "address")
	r.Phones = contacts(e.Contacts, "phone", "number")
	return r
}

// contacts gives the contact points of a table: kind and value stand in two facts of one row.
func contacts(facts []vault.Fact, table, value string) []extract.Contact {
	bySeq := map[int]*extract.Contact{}
	for _, x := range facts {
		if x.Table != table {
			continue
		}
		c := bySeq[x.Seq]
		if c == nil {
			c = &extract.Contact{}
			bySeq[x.Seq] = c
		}
		switch x.Column {
		case "kind":
			c.Kind = x.Value
		case value:
			c.Value = x.Value
		}
	}
	var out []extract.Contact
	for _, seq := range slices.Sorted(maps.Keys(bySeq)) {
		out = append(out, *bySeq[seq])
	}
	return out
}

// Erased tells whether a row bears a mark of the suppression list: its person was erased, and a source brought the record
// back after the night that erased it.
func Erased(e *vault.Entry, institution string, list map[string]vault.Suppression, marks *pseudonym.Domain) bool {
	for _, mark := range policy.Borne(workspace.IdentityIn(e, institution)) {
		if _, hit := list[workspace.SuppressionToken(marks, mark)]; hit {
			return true
		}
	}
	return false
}
