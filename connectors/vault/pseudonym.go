package vault

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// A subject's pseudonym in the register cannot be turned back: it is a keyed hash. So that one person is found without
// hashing every subject, the vault keeps the pseudonym beside the subject; what it keeps is a list to look things up in
// and no more, and whatever is missing from it is found the long way.

// FindBy tells the vault how a subject's pseudonym in the register is made. Subjects that get a key from then on are
// listed under it. Whoever reads the vault calls the function, several at once.
func (v *Vault) FindBy(pseudonym func(subject string) string) { v.pseudonym = pseudonym }

var pseudonymColumns = []string{"person", "subject"}

// list notes the pseudonyms of subjects that are new.
func (v *Vault) list(ctx context.Context, tx *sqlx.Tx, subjects []string) error {
	if v.pseudonym == nil {
		return nil
	}
	rows := make([][2]string, len(subjects))
	for i, s := range subjects {
		rows[i] = [2]string{v.pseudonym(s), s}
	}
	slices.SortFunc(rows, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return database.Replace(ctx, tx, "pseudonym", pseudonymColumns, database.Each(rows, func(r *[2]string, col int) database.Value {
		return database.Text(r[col])
	}))
}

// unlist takes an erased subject from the list.
func (v *Vault) unlist(ctx context.Context, tx *sqlx.Tx, subject string) error {
	if v.pseudonym == nil {
		return nil
	}
	for _, list := range []string{"pseudonym", "random_pseudonym"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+database.Quote(list)+" WHERE `person` = ?", v.pseudonym(subject)); err != nil {
			return database.Failed("remove a subject from the list", err)
		}
	}
	return nil
}

// SubjectOf gives the subject that has a pseudonym in the register, or "" when the vault has none.
func (v *Vault) SubjectOf(ctx context.Context, person string) (string, error) {
	subjects, err := v.SubjectsOf(ctx, []string{person})
	return subjects[person], err
}

// SubjectsOf gives the subjects that have some pseudonyms in the register, by pseudonym, without those that the vault has
// none of.
func (v *Vault) SubjectsOf(ctx context.Context, persons []string) (map[string]string, error) {
	out := map[string]string{}
	if v.pseudonym == nil {
		return out, nil
	}
	left := make(map[string]bool, len(persons))
	for _, p := range persons {
		left[p] = true
	}
	err := database.In(persons, func(marks string, args []any) error {
		var listed []struct{ Person, Subject string }
		err := v.db.SelectContext(ctx, &listed, "SELECT "+database.Columns(pseudonymColumns)+" FROM `pseudonym` WHERE `person` IN ("+marks+")", args...)
		for _, l := range listed {
			if left[l.Person] && v.pseudonym(l.Subject) == l.Person { // what somebody else wrote there is not believed
				out[l.Person] = l.Subject
				delete(left, l.Person)
			}
		}
		return database.Failed("find subjects by their pseudonyms", err)
	})
	if err != nil {
		return nil, err
	}
	return out, v.searchSubjects(ctx, left, out)
}

// searchSubjects hashes every subject until all of some persons are found: those of a vault that an earlier release filled
// are on no list.
func (v *Vault) searchSubjects(ctx context.Context, left map[string]bool, out map[string]string) error {
	if len(left) == 0 {
		return nil
	}
	rows, err := v.db.QueryContext(ctx, "SELECT `subject` FROM `subject` WHERE `destroyed_run` IS NULL")
	if err != nil {
		return database.Failed("search the subjects", err)
	}
	defer rows.Close()
	for len(left) > 0 && rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return database.Failed("search the subjects", err)
		}
		if p := v.pseudonym(s); left[p] {
			out[p] = s
			delete(left, p)
		}
	}
	return database.Failed("search the subjects", rows.Err())
}
