package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// What heeds the book of erasures on its own, as the second takes longer: the register's tables, and everything beside the
// stores that is of people, which is snapshots, quarantine and what the resolver remembers.
const (
	OfRegister = 1
	OfFiles    = 2
)

// ErasureHead tells how far the book of erasures was heeded: the number and the chain of the last line.
func ErasureHead(ctx context.Context, q sqlx.QueryerContext, of int) (number int64, chain string, err error) {
	var h struct {
		Number int64  `db:"number"`
		Chain  string `db:"chain"`
	}
	_, err = get(ctx, q, &h, "SELECT `number`, `chain` FROM `erasure_head` WHERE `id` = ?", of)
	return h.Number, h.Chain, err
}

// LockErasures lets one program at a time write a word by hand or erase what such a word would keep, until its transaction
// ends: between the look for a hold and the erasure nobody writes one. It is the transaction's first statement, so that what
// is read behind it is what the last program committed.
func LockErasures(ctx context.Context, tx *sqlx.Tx) error {
	return swap(ctx, tx, "UPDATE `erasure_head` SET `number` = `number` WHERE `id` = 1")
}

// SetErasureHead notes that the book was heeded up to a line. It never goes back.
func SetErasureHead(ctx context.Context, tx *sqlx.Tx, of int, number int64, chain string) error {
	before, _, err := ErasureHead(ctx, tx, of)
	if err != nil || number <= before {
		return err
	}
	_, err = tx.ExecContext(ctx, "REPLACE INTO `erasure_head` (`id`, `number`, `chain`) VALUES (?, ?, ?)", of, number, chain)
	return database.Failed("note how far the book of erasures was heeded", err)
}
