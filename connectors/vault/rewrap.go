package vault

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Rewrap wraps the keys of up to n subjects behind after anew, where stale says that they need it, in one
// transaction. It gives the last subject that it looked at, "" when there were none. The cells stay as they are.
func (v *Vault) Rewrap(ctx context.Context, after string, n int, stale func(wrapped []byte) bool) (last string, rewrapped int64, err error) {
	err = v.db.Do(ctx, func(tx *sqlx.Tx) error {
		rows := []struct {
			Subject string `db:"subject"`
			Wrapped []byte `db:"wrapped_key"`
			Epoch   int64  `db:"epoch"`
		}{}
		if err := tx.SelectContext(ctx, &rows, "SELECT `subject`, `wrapped_key`, `epoch` FROM `subject` WHERE `subject` > ? ORDER BY `subject` LIMIT ?", after, n); err != nil {
			return database.Failed("read subject keys", err)
		}
		for _, r := range rows {
			last = r.Subject
			if len(r.Wrapped) == 0 || !stale(r.Wrapped) { // destroyed, or done
				continue
			}
			place := wrapPlace(r.Subject, r.Epoch)
			plain, err := v.ring.Unwrap(r.Wrapped, place)
			if err != nil {
				return err
			}
			fresh, err := v.ring.Wrap(plain, place)
			clear(plain)
			if err != nil {
				return errRandom.Wrap(err)
			}
			ok, err := database.One(tx.ExecContext(ctx, "UPDATE `subject` SET `wrapped_key` = ? WHERE `subject` = ? AND `wrapped_key` = ?", fresh, r.Subject, r.Wrapped))
			if err != nil {
				return err
			}
			if !ok {
				return errCell
			}
			rewrapped++
		}
		return nil
	})
	return last, rewrapped, err
}

// Wrapped gives every subject's wrapped key that is not destroyed.
func (v *Vault) Wrapped(ctx context.Context, each func(wrapped []byte)) error {
	rows, err := v.db.QueryContext(ctx, "SELECT `wrapped_key` FROM `subject` WHERE LENGTH(`wrapped_key`) > 0")
	if err != nil {
		return database.Failed("read subject keys", err)
	}
	defer rows.Close()
	for rows.Next() {
		var wrapped []byte
		if err := rows.Scan(&wrapped); err != nil {
			return database.Failed("read subject keys", err)
		}
		each(wrapped)
	}
	return database.Failed("read subject keys", rows.Err())
}
