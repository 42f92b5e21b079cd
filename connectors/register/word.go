package register

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Word is one entry of the book of words: what somebody said of the use of their data, or what the controller noted of it.
// Nothing in the book is changed; a later word stands beside the earlier. A word that was said by hand has one entry for
// each record of the person at that time, all with one id. A word that a source brought stands in the tables consent and
// objection while the source says it, and comes into the book when the source says otherwise.
type Word struct {
	Run         string `db:"run"`     // of a source's word: the run from which on it was another; "" of one by hand
	ID          string `db:"id"`      // the source row's token; of a word by hand a random one
	Record      string `db:"record"`  // whose word it is
	Seq         int64  `db:"seq"`     // of the source row
	Kind        string `db:"kind"`    // one of the kinds below
	About       string `db:"about"`   // a purpose, the scope of an objection, the id of a hold, or ""
	Topic       string `db:"topic"`   // of a consent that is asked for by topic
	Channel     string `db:"channel"` // by which somebody may be reached; "" for any
	State       string `db:"state"`   // of a consent its state; else Stands or Lifted
	At          int64  `db:"said_at"` // microseconds since 1970 UTC
	Until       string `db:"until"`   // the last day on which it holds, or ""
	Via         string `db:"via"`     // how it was said: letter, phone …
	TextVersion string `db:"text_version"`
	TextDigest  string `db:"text_digest"` // SHA-256 of the text that was agreed to, in hex, or ""
	Source      string `db:"source"`      // the feed; "" of a word by hand
	NotedAt     int64  `db:"noted_at"`
	NotedBy     string `db:"noted_by"` // who wrote a word down by hand
	Request     string `db:"request"`  // id of the request that it answers, or ""
}

// Kinds of a [Word].
const (
	ConsentWord     = "consent"
	ObjectionWord   = "objection"
	RestrictionWord = "restriction"
	HoldWord        = "hold"
)

// ErasedWord is the kind of a [KeptWord] that says that its person was erased before, and is stored while a hold stands.
const ErasedWord = "erased"

// Kinds of a [KeptWord] that says of its person what a row said that is not stored: it forbids a use of the others.
const (
	DeceasedWord  = "deceased"  // Time is the day, 0 when unknown
	ProtectedWord = "protected" // under an address protection order
)

// States of a word that is no consent.
const (
	Stands = "stands"
	Lifted = "lifted"
)

var wordColumns = []string{"run", "id", "record", "seq", "kind", "about", "topic", "channel", "state", "said_at", "until", "via",
	"text_version", "text_digest", "source", "noted_at", "noted_by", "request"}

// AddWords writes words that were said by hand behind all earlier ones.
func AddWords(ctx context.Context, tx *sqlx.Tx, words []Word) error {
	return database.Load(ctx, tx, "word", wordColumns, database.Each(words, func(w *Word, col int) database.Value {
		switch col {
		case 3:
			return database.Int(w.Seq)
		case 9:
			return database.Int(w.At)
		case 15:
			return database.Int(w.NotedAt)
		}
		return database.Text([...]string{w.Run, w.ID, w.Record, "", w.Kind, w.About, w.Topic, w.Channel, w.State, "", w.Until, w.Via,
			w.TextVersion, w.TextDigest, w.Source, "", w.NotedBy, w.Request}[col])
	}))
}

// WordsByHand gives every word that was said by hand, by id and record.
func (v *View) WordsByHand(ctx context.Context) ([]Word, error) {
	return v.words(ctx, "`run` = ''")
}

// WordsByHandOf gives every word that was said by hand of some records, with its entries for other records of the person at
// that time, by id and record.
func (v *View) WordsByHandOf(ctx context.Context, records []string) (out []Word, err error) {
	seen := map[string]bool{}
	err = database.In(records, func(marks string, args []any) error {
		some, err := v.words(ctx, "`run` = '' AND `id` IN (SELECT `id` FROM `word` WHERE `run` = '' AND `record` IN ("+marks+"))", args...)
		for _, w := range some {
			if key := w.ID + w.Record; !seen[key] {
				seen[key] = true
				out = append(out, w)
			}
		}
		return err
	})
	return out, err
}

// WordsOf gives the entries of the book about a record: those by hand first, then those of sources in the order of the runs
// that ended them.
func (v *View) WordsOf(ctx context.Context, record string) ([]Word, error) {
	return v.words(ctx, "`record` = ?", record)
}

func (v *View) words(ctx context.Context, where string, args ...any) (out []Word, err error) {
	query := "SELECT " + database.Columns(wordColumns) + " FROM `word` WHERE " + where + " ORDER BY `run`, `id`, `record`, `seq`"
	return out, database.Failed("read the book of words", sqlx.SelectContext(ctx, v.q, &out, query, args...))
}

// HandOn lets what was said by hand against a use, of records that lose their links, also stand on the other records of their
// persons; what was granted it leaves where it was said. The words stay on the records as well, which may come back.
func (n *Night) HandOn(ctx context.Context, links []Link) error {
	var records []string
	for _, l := range links {
		records = append(records, l.Record)
	}
	said, there, err := n.wordsByHandOn(ctx, records)
	if err != nil || len(said) == 0 {
		return err
	}
	var out []Word
	for _, l := range links {
		if len(said[l.Record]) == 0 {
			continue
		}
		others, err := n.RecordsOf(ctx, l.Person)
		if err != nil {
			return err
		}
		for _, other := range others {
			for _, w := range said[l.Record] {
				key := [2]string{w.ID, other}
				if slices.Contains(records, other) || w.Kind == ConsentWord && w.State == "granted" || there[key] {
					continue
				}
				there[key] = true
				w.Record = other
				out = append(out, w)
			}
		}
	}
	return AddWords(ctx, n.tx, out)
}

// wordsByHandOn gives the words by hand of some records, and each id of these words with each record on which it stands.
func (n *Night) wordsByHandOn(ctx context.Context, records []string) (said map[string][]Word, there map[[2]string]bool, err error) {
	if len(records) == 0 {
		return nil, nil, nil
	}
	if err := database.Select(ctx, n.tx, records); err != nil {
		return nil, nil, err
	}
	var spoken []string
	query := "SELECT DISTINCT `word`.`record` FROM " + database.JoinSelected("word", "record") + " WHERE `word`.`run` = ''"
	if err := n.tx.SelectContext(ctx, &spoken, query); err != nil {
		return nil, nil, database.Failed("read the book of words", err)
	}
	words, err := n.WordsByHandOf(ctx, spoken)
	said, there = map[string][]Word{}, map[[2]string]bool{}
	for _, w := range words {
		there[[2]string{w.ID, w.Record}] = true
		if slices.Contains(spoken, w.Record) {
			said[w.Record] = append(said[w.Record], w)
		}
	}
	return said, there, err
}

// OwnAndShared gives the records of a person: those of nobody else, and those that others share, such as a contact point.
func (v *View) OwnAndShared(ctx context.Context, person string) (own, shared []string, err error) {
	var rows []struct {
		Record string `db:"record"`
		Of     int    `db:"n"`
	}
	err = sqlx.SelectContext(ctx, v.q, &rows, "SELECT l.`record`, COUNT(*) AS `n` FROM `link` l JOIN `link` o ON o.`record` = l.`record`"+
		" WHERE l.`person` = ? GROUP BY l.`record` ORDER BY l.`record`", person)
	for _, r := range rows {
		if r.Of == 1 {
			own = append(own, r.Record)
		} else {
			shared = append(shared, r.Record)
		}
	}
	return own, shared, database.Failed("read the records of a person", err)
}

// said says how the tables of canonical words stand in the book, column by column.
var said = []struct{ table, kind, about, topic, state, text string }{
	{"consent", ConsentWord, "`purpose`", "`topic`", "`state`", "`text_version`"},
	{"objection", ObjectionWord, "`scope`", "''", "'" + Stands + "'", "''"},
}

// WordsNow gives the words that sources say of a record, as entries of the book that nothing ended; of rows that their system
// no longer exports, Run is the run that missed them.
func (v *View) WordsNow(ctx context.Context, record string) (out []Word, err error) {
	for _, s := range said {
		t := database.Quote(s.table)
		text := func(column string) string { return "COALESCE(" + column + ", '')" }
		var rows []Word
		query := "SELECT " + text("`last_seen_run`") + " AS `run`, `source_key` AS `id`, `record`, `seq`, '" + s.kind + "' AS `kind`, " + text(s.about) + " AS `about`, " +
			text(s.topic) + " AS `topic`, " + text("`channel`") + " AS `channel`, " + text(s.state) + " AS `state`, COALESCE(`time`, 0) AS `said_at`, " +
			text(s.text) + " AS `text_version`, `source` FROM " + t + " WHERE `record` = ? ORDER BY `source_key`, `seq`"
		if err := sqlx.SelectContext(ctx, v.q, &rows, query, record); err != nil {
			return nil, database.Failed("read the words of "+s.table, err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// BookWords writes the words of source rows that are about to change into the book; [Night.SettleWords] follows when the new
// rows stand. A night has one entry for each word, however often it is attempted: what stood before it.
func (n *Night) BookWords(ctx context.Context, sourceKeys []string, run string) error {
	return n.chunks(ctx, sourceKeys, func() error {
		for _, s := range said {
			column := func(name string) string { return database.Quote(s.table) + "." + name }
			text := func(name string) string {
				if name[0] != '`' {
					return name
				}
				return "COALESCE(" + column(name) + ", '')"
			}
			query := "INSERT INTO `word` (" + database.Columns(wordColumns) + ") SELECT ?, " + column("`source_key`") + ", " + column("`record`") + ", " + column("`seq`") +
				", '" + s.kind + "', " + text(s.about) + ", " + text(s.topic) + ", " + text("`channel`") + ", " + text(s.state) + ", COALESCE(" + column("`time`") + ", 0)" +
				", '', '', " + text(s.text) + ", '', " + column("`source`") + ", 0, '', '' FROM " + database.JoinSelected(s.table, "source_key") +
				" WHERE NOT EXISTS (SELECT 1 FROM `word` w WHERE w.`run` = ? AND w.`id` = " + column("`source_key`") +
				" AND w.`record` = " + column("`record`") + " AND w.`seq` = " + column("`seq`") + ")"
			if _, err := n.tx.ExecContext(ctx, query, run, run); err != nil {
				return database.Failed("write the book of words from "+s.table, err)
			}
		}
		return nil
	})
}

// SettleWords takes the words out of the book again that the night put into it and that still stand as they did, also of rows that
// ended on an earlier night.
func (n *Night) SettleWords(ctx context.Context, run string) error {
	for _, s := range said {
		t := database.Quote(s.table)
		same := func(word, column string) string {
			if column[0] == '`' {
				column = "COALESCE(" + t + "." + column + ", '')"
			}
			return " AND `word`." + word + " = " + column
		}
		query := "DELETE FROM `word` WHERE `run` = ? AND `kind` = '" + s.kind + "' AND EXISTS (SELECT 1 FROM " + t +
			" WHERE " + t + ".`source_key` = `word`.`id` AND " + t + ".`seq` = `word`.`seq` AND " + t + ".`record` = `word`.`record`" +
			" AND COALESCE(" + t + ".`last_seen_run`, '') <> ? AND COALESCE(" + t + ".`time`, 0) = `word`.`said_at`" +
			same("`about`", s.about) + same("`topic`", s.topic) + same("`channel`", "`channel`") + same("`state`", s.state) + same("`text_version`", s.text) + ")"
		if _, err := n.tx.ExecContext(ctx, query, run, run); err != nil {
			return database.Failed("settle the words of "+s.table, err)
		}
	}
	return nil
}
