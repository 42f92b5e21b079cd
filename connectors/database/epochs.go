package database

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// TokenEpochs gives in which epoch each kind of tokens stands in a store, by the table that it keeps that in. A kind that is
// not there is in its first. lock may be what a Guard was given.
func TokenEpochs(ctx context.Context, q sqlx.QueryerContext, table, lock string) (map[string]int64, error) {
	rows := []struct {
		Name  string `db:"name"`
		Epoch int64  `db:"epoch"`
	}{}
	if err := sqlx.SelectContext(ctx, q, &rows, "SELECT `name`, `epoch` FROM "+Quote(table)+lock); err != nil {
		return nil, Failed("read the epochs of tokens", err)
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Name] = r.Epoch
	}
	return out, nil
}

// SetTokenEpoch notes in which epoch a kind of tokens stands. Whoever rewrites them calls it first, as it makes all others
// wait whose [DB.Guard] reads the table.
func SetTokenEpoch(ctx context.Context, tx *sqlx.Tx, table, name string, epoch int64) error {
	_, err := tx.ExecContext(ctx, "REPLACE INTO "+Quote(table)+" (`name`, `epoch`) VALUES (?, ?)", name, epoch)
	return Failed("note the epoch of tokens", err)
}

// Tokens says which columns of a table hold tokens, by what they are tokens of.
type Tokens struct {
	Table  string
	Index  []string // source rows, records and keys
	Person []string
	Mark   []string // what a person is known again by
	Wanted []string // values that a source is to show
}
