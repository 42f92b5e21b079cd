package vault

import (
	"context"
	"errors"

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

	// Origin is the mark from which it was spread to this one, "" where it was said under this one.
	Origin string `db:"origin"`
}

// AboutSame tells whether two words, of whichever marks, are about the same.
func (w *Word) AboutSame(x *Word) bool {
	return w.Kind == x.Kind && w.About == x.About && w.Topic == x.Topic && w.Channel == x.Channel
}

// Words are said, or spread: a spread one stands beside whatever was said, so that it can be taken away again.
var (
	saidColumns   = []string{"token", "kind", "about", "topic", "channel", "state", "time", "clause", "since_run"}
	spreadColumns = []string{"token", "kind", "about", "topic", "channel", "origin", "state", "time", "clause", "since_run"}
)

func (w *Word) value(column string) database.Value {
	switch column {
	case "time":
		return database.Int(w.Time)
	case "token":
		return database.Text(w.Token)
	case "kind":
		return database.Text(w.Kind)
	case "about":
		return database.Text(w.About)
	case "topic":
		return database.Text(w.Topic)
	case "channel":
		return database.Text(w.Channel)
	case "origin":
		return database.Text(w.Origin)
	case "state":
		return database.Text(w.State)
	case "clause":
		return database.Text(w.Clause)
	}
	return database.Text(w.Since)
}

// KeepWords adds words; of two about the same, of one origin, the later is kept.
func (v *Vault) KeepWords(ctx context.Context, words []Word) error {
	type about struct{ token, kind, about, topic, channel, origin string }
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		kept, err := wordsIn(ctx, tx)
		if err != nil {
			return err
		}
		last := map[about]*Word{}
		for i := range kept {
			w := &kept[i]
			last[about{w.Token, w.Kind, w.About, w.Topic, w.Channel, w.Origin}] = w
		}
		fresh := map[about]bool{}
		for i := range words {
			w := &words[i]
			k := about{w.Token, w.Kind, w.About, w.Topic, w.Channel, w.Origin}
			if old := last[k]; old == nil || old.Time < w.Time {
				last[k], fresh[k] = w, true
			}
		}
		var said, spread []Word
		for k := range fresh {
			if k.origin == "" {
				said = append(said, *last[k])
			} else {
				spread = append(spread, *last[k])
			}
		}
		put := func(table string, columns []string, words []Word) error {
			return database.Replace(ctx, tx, table, columns, database.Each(words, func(w *Word, col int) database.Value { return w.value(columns[col]) }))
		}
		return errors.Join(put("kept_word", saidColumns, said), put("spread_word", spreadColumns, spread))
	})
}

// TakeBackWords takes spread words away again.
func (v *Vault) TakeBackWords(ctx context.Context, words []Word) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		stmt, err := tx.PrepareContext(ctx, "DELETE FROM `spread_word` WHERE `token` = ? AND `kind` = ? AND `about` = ? AND `topic` = ? AND `channel` = ? AND `origin` = ?")
		if err != nil {
			return database.Failed("prepare to take back words", err)
		}
		defer stmt.Close()
		for i := range words {
			w := &words[i]
			if _, err := stmt.ExecContext(ctx, w.Token, w.Kind, w.About, w.Topic, w.Channel, w.Origin); err != nil {
				return database.Failed("take back a word", err)
			}
		}
		return nil
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
	err = sqlx.SelectContext(ctx, q, &out, "SELECT "+database.Columns(saidColumns)+", '' AS `origin` FROM `kept_word` ORDER BY "+database.Columns(saidColumns[:5]))
	if err != nil {
		return nil, database.Failed("read the kept words", err)
	}
	var spread []Word
	err = sqlx.SelectContext(ctx, q, &spread, "SELECT "+database.Columns(spreadColumns)+" FROM `spread_word` ORDER BY "+database.Columns(spreadColumns[:6]))
	return append(out, spread...), database.Failed("read the spread words", err)
}

// DropWords forgets the words under some marks: their person is erased, and nothing is used of an erased person.
func (v *Vault) DropWords(ctx context.Context, tokens []string) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		return database.In(tokens, func(marks string, args []any) error {
			for _, table := range []string{"kept_word", "spread_word"} {
				if _, err := tx.ExecContext(ctx, "DELETE FROM "+database.Quote(table)+" WHERE `token` IN ("+marks+")", args...); err != nil {
					return database.Failed("forget kept words", err)
				}
			}
			return nil
		})
	})
}
