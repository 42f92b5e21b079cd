package vault_test

import (
	"maps"
	"strings"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
)

// TestASubjectIsFoundByItsPseudonym finds subjects that are on the list, that are not, and that were erased.
func TestASubjectIsFoundByItsPseudonym(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		pseudonym := func(subject string) string { return "p" + subject[1:] }
		entry := func(key, subject string) vault.Entry {
			return vault.Entry{SourceKey: key, Record: key, Subject: subject, Source: "peppi/alumnit", Names: []vault.Fact{{Table: "person", Column: "family_name", Value: "x"}}}
		}
		before, listed, erased := "a"+strings.Repeat("1", 25), "a"+strings.Repeat("2", 25), "a"+strings.Repeat("3", 25)
		put := func(key, subject string) {
			t.Helper()
			if err := v.Put(t.Context(), "n1", []vault.Entry{entry(key, subject)}); err != nil {
				t.Fatal(err)
			}
		}
		put("k1", before) // by a release that kept no list
		v.FindBy(pseudonym)
		put("k2", listed)
		put("k3", erased)
		find := func(person, want string) {
			t.Helper()
			if got, err := v.SubjectOf(t.Context(), person); err != nil || got != want {
				t.Errorf("%s is %q, want %q: %v", person, got, want, err)
			}
		}
		findAll := func(want map[string]string, persons ...string) {
			t.Helper()
			if got, err := v.SubjectsOf(t.Context(), persons); err != nil || !maps.Equal(got, want) {
				t.Errorf("%v are %v, want %v: %v", persons, got, want, err)
			}
		}
		find(pseudonym(before), before)
		find(pseudonym(listed), listed)
		find(pseudonym(erased), erased)
		nobody := "p" + strings.Repeat("9", 25)
		find(nobody, "")
		findAll(map[string]string{pseudonym(before): before, pseudonym(listed): listed, pseudonym(erased): erased},
			pseudonym(erased), nobody, pseudonym(before), pseudonym(listed), pseudonym(before))
		findAll(map[string]string{})
		if _, err := v.Erase(t.Context(), []string{erased}, "e1"); err != nil {
			t.Fatal(err)
		}
		find(pseudonym(erased), "")
		var n int
		if err := db.Get(&n, "SELECT COUNT(*) FROM `pseudonym` WHERE `subject` = ?", erased); err != nil || n != 0 {
			t.Errorf("an erased subject is on the list: %d, %v", n, err)
		}
		// Somebody who can write to the table cannot make one person pass for another.
		if _, err := db.Exec("UPDATE `pseudonym` SET `subject` = ? WHERE `person` = ?", before, pseudonym(listed)); err != nil {
			t.Fatal(err)
		}
		find(pseudonym(listed), listed)
		findAll(map[string]string{pseudonym(before): before, pseudonym(listed): listed}, pseudonym(listed), pseudonym(erased), pseudonym(before))
	})
}
