package nightly_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/pipelines/workspace"
)

// TestThreat_T22_OrderSaysNothing joins side tables by order, as somebody would who has the register's file and a class list: the
// order in which rows lie, and the numbers of events, have nothing to do with the order of the keys of their systems.
func TestThreat_T22_OrderSaysNothing(t *testing.T) {
	s := loadedSite(t, databasetest.OnSQLite) // a server keeps rows in the order of keys, which are tokens
	s.night(t, firstNight+1)
	s.at(t, func(ws *workspace.Workspace) {
		key, person, subject := map[string]string{}, map[string]string{}, map[string]string{} // by record; by person; by subject
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Identifiers) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range e.Identifiers {
				if f.Column == "person_key" {
					key[e.Record], subject[e.Subject] = string(f.Value), string(f.Value)
					person[workspace.PersonOf(ws.Persons(), e.Subject)] = string(f.Value)
				}
			}
		}
		look := func(db *database.DB, what, query string, keys map[string]string) {
			t.Helper()
			var order, known []string
			if err := db.Select(&order, query); err != nil {
				t.Fatal(err)
			}
			for _, token := range order {
				if k := keys[token]; k != "" && !slices.Contains(known, k) {
					known = append(known, k)
				}
			}
			if len(known) < 30 {
				return
			}
			if r := spearman(known); math.Abs(r) > 5/math.Sqrt(float64(len(known))) { // five standard deviations of no relation at all
				t.Errorf("%s: the order of %d rows tells that of their keys, by %.2f", what, len(known), r)
			}
		}
		for _, table := range register.Tables() {
			var feeds []string
			if err := ws.RegisterDB.Select(&feeds, fmt.Sprintf("SELECT DISTINCT `source` FROM `%s`", table.Name)); err != nil {
				t.Fatal(err)
			}
			for _, feed := range feeds {
				look(ws.RegisterDB, table.Name+" of "+feed, fmt.Sprintf("SELECT `record` FROM `%s` WHERE `source` = '%s' ORDER BY rowid", table.Name, feed), key)
			}
		}
		look(ws.RegisterDB, "links", "SELECT `record` FROM `link` ORDER BY rowid", key)
		look(ws.RegisterDB, "events", "SELECT `person` FROM `subject_event` ORDER BY `run`, `seq`", person)
		var systems []string
		if err := ws.VaultDB.Select(&systems, "SELECT DISTINCT `source` FROM `identity`"); err != nil || len(systems) == 0 {
			t.Fatal(systems, err)
		}
		for _, source := range systems {
			look(ws.VaultDB, "the vault's rows of "+source, fmt.Sprintf("SELECT `record` FROM `identity` WHERE `source` = '%s' ORDER BY rowid", source), key)
		}
		look(ws.VaultDB, "the vault's subjects", "SELECT `subject` FROM `subject` ORDER BY rowid", subject)
		look(ws.VaultDB, "the vault's pseudonyms", "SELECT `subject` FROM `pseudonym` ORDER BY rowid", subject)
	})
}

// spearman gives the rank correlation between the places of texts and their order.
func spearman(list []string) float64 {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	rank := map[string]int{}
	for i, x := range sorted {
		rank[x] = i
	}
	n, sum := float64(len(list)), 0.0
	for i, x := range list {
		d := float64(i - rank[x])
		sum += d * d
	}
	return 1 - 6*sum/(n*(n*n-1))
}
