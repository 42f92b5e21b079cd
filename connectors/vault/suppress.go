package vault

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Suppression keeps an erased or deregistered person away: whatever has the token again is withheld.
type Suppression struct {
	Token  string `db:"token"` // keyed token of an identifier or contact point
	Kind   string `db:"kind"`
	Since  string `db:"since_run"`
	Clause string `db:"clause"` // clause of the notice or article of law
}

var suppressionColumns = []string{"token", "kind", "since_run", "clause"}

// Suppress adds tokens to the list. One that is there already keeps its first run and clause.
func (v *Vault) Suppress(ctx context.Context, tokens []Suppression) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		listed, err := suppressed(ctx, tx)
		if err != nil {
			return err
		}
		var fresh []Suppression
		for _, s := range tokens {
			if _, ok := listed[s.Token]; !ok {
				listed[s.Token] = s
				fresh = append(fresh, s)
			}
		}
		return database.Load(ctx, tx, "suppression", suppressionColumns, database.Each(fresh, func(s *Suppression, col int) database.Value {
			return database.Text([...]string{s.Token, s.Kind, s.Since, s.Clause}[col])
		}))
	})
}

// Suppressed gives the list by token.
func (v *Vault) Suppressed(ctx context.Context) (map[string]Suppression, error) {
	return suppressed(ctx, v.db)
}

func suppressed(ctx context.Context, q sqlx.QueryerContext) (map[string]Suppression, error) {
	var rows []Suppression
	if err := sqlx.SelectContext(ctx, q, &rows, "SELECT "+database.Columns(suppressionColumns)+" FROM `suppression`"); err != nil {
		return nil, database.Failed("read the suppression list", err)
	}
	out := make(map[string]Suppression, len(rows))
	for _, s := range rows {
		out[s.Token] = s
	}
	return out, nil
}
