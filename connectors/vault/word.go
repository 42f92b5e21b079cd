package vault

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Word is something a person said against a use of their data, kept under a mark of the person when the data itself is
// removed: it counts again when a source brings the person back.
type Word struct {
	Token   string `db:"token"` // keyed token of a mark
	Kind    string `db:"kind"`  // "consent" or "objection"
	About   string `db:"about"` // purpose, or scope
	Topic   string `db:"topic"`
	Channel string `db:"channel"`
	State   string `db:"state"` // of a consent
	Time    int64  `db:"time"`  // microseconds since 1970, 0 when unknown
	Clause  string `db:"clause"`
	Since   string `db:"since_run"`
}

// AboutSame tells whether two words, of whichever marks, are about the same.
func (w *Word) AboutSame(x *Word) bool {
	return w.Kind == x.Kind && w.About == x.About && w.Topic == x.Topic && w.Channel == x.Channel
}

var wordColumns = []string{"token", "kind", "about", "topic", "channel", "state", "time", "clause", "since_run"}

// KeepWords adds words; of two about the same, the later is kept.
func (v *Vault) KeepWords(ctx context.Context, words []Word) error {
	type about struct{ token, kind, about, topic, channel string }
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		kept, err := wordsIn(ctx, tx)
		if err != nil {
			return err
		}
		last := map[about]*Word{}
		for i := range kept {
			w := &kept[i]
			last[about{w.Token, w.Kind, w.About, w.Topic, w.Channel}] = w
		}
		fresh := map[about]bool{}
		for i := range words {
			w := &words[i]
			k := about{w.Token, w.Kind, w.About, w.Topic, w.Channel}
			if old := last[k]; old == nil || old.Time < w.Time {
				last[k], fresh[k] = w, true
			}
		}
		var write []Word
		for k := range fresh {
			write = append(write, *last[k])
		}
		return database.Replace(ctx, tx, "kept_word", wordColumns, database.Each(write, func(w *Word, col int) database.Value {
			if col == 6 {
				return database.Int(w.Time)
			}
			return database.Text([...]string{w.Token, w.Kind, w.About, w.Topic, w.Channel, w.State, "", w.Clause, w.Since}[col])
		}))
	})
}

// Words gives all kept words, by the token of the mark.
func (v *Vault) Words(ctx context.Context) (map[string][]Word, error) {
	all, err := wordsIn(ctx, v.db)
	out := map[string][]Word{}
	for _, w := range all {
		out[w.Token] = append(out[w.Token], w)
	}
	return out, err
}

func wordsIn(ctx context.Context, q sqlx.QueryerContext) (out []Word, err error) {
	err = sqlx.SelectContext(ctx, q, &out, "SELECT "+database.Columns(wordColumns)+" FROM `kept_word` ORDER BY "+database.Columns(wordColumns[:5]))
	return out, database.Failed("read the kept words", err)
}

// DropWords forgets the words under some marks: their person is erased, and nothing is used of an erased person.
func (v *Vault) DropWords(ctx context.Context, tokens []string) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		return database.In(tokens, func(marks string, args []any) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM `kept_word` WHERE `token` IN ("+marks+")", args...)
			return database.Failed("forget kept words", err)
		})
	})
}
