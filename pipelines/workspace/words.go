package workspace

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
)

// EnterWords writes words by hand about one person into the book of erasures, before the register has them, so that a register
// out of a backup learns what was said since. The words are bound to the same records. The caller holds [ledger.LockErasures] in
// tx, and commits the words with it.
func (w *Workspace) EnterWords(ctx context.Context, tx *sqlx.Tx, records []string, words []register.Word) error {
	book, err := w.Erasures()
	if err != nil {
		return err
	}
	before, e := book.Head(), erasures.Entry{Bound: records}
	for i := range words {
		x := &words[i]
		e.Words = append(e.Words, erasures.Word{ID: x.ID, Kind: x.Kind, About: x.About, Topic: x.Topic, Channel: x.Channel, State: x.State, At: x.At,
			Until: x.Until, Via: x.Via, TextVersion: x.TextVersion, TextDigest: x.TextDigest, NotedAt: x.NotedAt, NotedBy: x.NotedBy, Request: x.Request})
	}
	if e, err = book.Append(e); err != nil {
		return err
	}
	// Whatever had heeded the book to its end has heeded this, too: nothing but the register's book of words takes it.
	for _, of := range []int{ledger.OfRegister, ledger.OfFiles} {
		number, _, err := ledger.ErasureHead(ctx, tx, of)
		if err != nil {
			return err
		}
		if number != before.Number {
			continue
		}
		if err := ledger.SetErasureHead(ctx, tx, of, e.Number, e.Chain); err != nil {
			return err
		}
	}
	number, _, err := w.Vault.ErasureHead(ctx)
	if err != nil || number != before.Number {
		return err
	}
	return w.Vault.SetErasureHead(ctx, e.Number, e.Chain)
}

// heedWords gives the register the words of an entry that it has not.
func (w *Workspace) heedWords(ctx context.Context, night *register.Night, e erasures.Entry) error {
	there, err := night.WordsByHandOf(ctx, e.Bound)
	if err != nil {
		return err
	}
	var missing []register.Word
	for _, x := range e.Words {
		word := register.Word{ID: x.ID, Kind: x.Kind, About: x.About, Topic: x.Topic, Channel: x.Channel, State: x.State, At: x.At,
			Until: x.Until, Via: x.Via, TextVersion: x.TextVersion, TextDigest: x.TextDigest, NotedAt: x.NotedAt, NotedBy: x.NotedBy, Request: x.Request}
		for _, word.Record = range e.Bound {
			if !slices.ContainsFunc(there, func(t register.Word) bool { return t.ID == word.ID && t.Record == word.Record }) {
				missing = append(missing, word)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := register.AddWords(ctx, night.Tx(), missing); err != nil {
		return err
	}
	for _, x := range e.Words {
		said := ledger.Entry{At: time.Now().UnixMicro(), Actor: heeder, Verb: ledger.SubjectWord, Reason: x.Kind + ":" + x.State}
		if err := w.Audit.Append(ctx, night.Tx(), said); err != nil {
			return err
		}
	}
	return nil
}

// heeder is who acts where the book of erasures is heeded.
const heeder = "uoma (book of erasures)"
