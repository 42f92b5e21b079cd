package outbox

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// SentRow is a row that was sent to a table which somebody else keeps, and what is known of it there.
type SentRow struct {
	Token  string `db:"token"` // stands for the row, and says nothing of it
	State  string `db:"state"`
	Digest string `db:"digest"` // keyed digest of what was sent; "" while nobody knows whether it arrived
	Entity string `db:"entity"` // the other side's own key; "" while it is not known
	Run    string `db:"run"`    // that wrote it down
}

// Intended is the state of a row that was about to be sent for the first time. The other states are the sender's.
const Intended = "intended"

var sentColumns = []string{"target", "token", "state", "digest", "entity", "run"}

// SentRows gives what is known of a target's rows that were sent, by token.
func (o *Outbox) SentRows(ctx context.Context, target string) (map[string]SentRow, error) {
	var all []SentRow
	err := sqlx.SelectContext(ctx, o.db, &all, "SELECT "+database.Columns(sentColumns[1:])+" FROM `sent_row` WHERE `target` = ? AND `state` <> ?", target, Intended)
	out := make(map[string]SentRow, len(all))
	for _, r := range all {
		out[r.Token] = r
	}
	return out, database.Failed("read what was sent", err)
}

// IntendedRows gives the tokens of a target's rows that are [Intended], in their order.
func (o *Outbox) IntendedRows(ctx context.Context, target string) (tokens []string, err error) {
	err = sqlx.SelectContext(ctx, o.db, &tokens, "SELECT `token` FROM `sent_row` WHERE `target` = ? AND `state` = ? ORDER BY `token`", target, Intended)
	return tokens, database.Failed("read what was to be sent", err)
}

// IntendRows notes that a target's rows are about to be sent: one that is known has no known digest from then on, one that
// is not known is [Intended].
func (o *Outbox) IntendRows(ctx context.Context, target, run string, tokens []string) error {
	return o.db.Do(ctx, func(tx *sqlx.Tx) error {
		for _, token := range tokens {
			known, err := database.One(tx.ExecContext(ctx, "UPDATE `sent_row` SET `digest` = '', `run` = ? WHERE `target` = ? AND `token` = ?", run, target, token))
			if err != nil {
				return database.Failed("note a row to be sent", err)
			}
			if known {
				continue
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO `sent_row` ("+database.Columns(sentColumns)+") VALUES (?,?,?,'','',?)", target, token, Intended, run); err != nil {
				return database.Failed("note a row to be sent", err)
			}
		}
		return nil
	})
}

// SettleRows notes what became of a target's rows, in place of what was known. A row without a state is forgotten.
func (o *Outbox) SettleRows(ctx context.Context, target string, rows []SentRow) error {
	var stay []SentRow
	var gone []string
	for _, r := range rows {
		if r.State == "" {
			gone = append(gone, r.Token)
		} else {
			stay = append(stay, r)
		}
	}
	return o.db.Do(ctx, func(tx *sqlx.Tx) error {
		err := database.In(gone, func(marks string, args []any) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM `sent_row` WHERE `target` = ? AND `token` IN ("+marks+")", append([]any{target}, args...)...)
			return database.Failed("note what was sent", err)
		})
		if err != nil {
			return err
		}
		return database.Replace(ctx, tx, "sent_row", sentColumns, database.Each(stay, func(r *SentRow, col int) database.Value {
			return database.Text([]string{target, r.Token, r.State, r.Digest, r.Entity, r.Run}[col])
		}))
	})
}
