package vault

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// ErasureHead tells how far the vault has heeded the book of erasures: the number and the chain of the last line.
func (v *Vault) ErasureHead(ctx context.Context) (number int64, chain string, err error) {
	return erasureHead(ctx, v.db)
}

func erasureHead(ctx context.Context, q sqlx.QueryerContext) (number int64, chain string, err error) {
	err = q.QueryRowxContext(ctx, "SELECT `number`, `chain` FROM `vault_erasure_head` WHERE `id` = 1").Scan(&number, &chain)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return number, chain, database.Failed("read how far the book of erasures was heeded", err)
}

// SetErasureHead notes that the vault has heeded the book up to a line. It never goes back.
func (v *Vault) SetErasureHead(ctx context.Context, number int64, chain string) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		before, _, err := erasureHead(ctx, tx)
		if err != nil || number <= before {
			return err
		}
		_, err = tx.ExecContext(ctx, "REPLACE INTO `vault_erasure_head` (`id`, `number`, `chain`) VALUES (1, ?, ?)", number, chain)
		return database.Failed("note how far the book of erasures was heeded", err)
	})
}
