package workspace

import (
	"context"
	"slices"
	"time"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
)

// heeder is who acts where the book of erasures is heeded.
const heeder = "uoma (book of erasures)"

// EnterWords writes words by hand, each of which is bound to some records, into the book of erasures, before the register has
// them: so a register out of a backup learns what was said since. What the register has and the book has not, as it was said
// before the book took words, is entered first. The caller holds [ledger.LockErasures] in the night, and commits the words with it.
func (w *Workspace) EnterWords(ctx context.Context, night *register.Night, words []register.Word) error {
	book, err := w.Erasures()
	if err != nil {
		return err
	}
	before, known := book.Head(), book.Words()
	there, err := night.WordsByHand(ctx)
	if err != nil {
		return err
	}
	words = slices.DeleteFunc(slices.Concat(there, words), func(w register.Word) bool { return known[w.ID] })
	end := erasures.Entry{}
	for _, e := range entriesOf(words) {
		if end, err = book.Append(e); err != nil {
			return err
		}
	}
	// Whatever had heeded the book to its end has heeded this, too: nothing but the register's book of words takes it.
	for _, of := range []int{ledger.OfRegister, ledger.OfFiles} {
		number, _, err := ledger.ErasureHead(ctx, night.Tx(), of)
		if err != nil {
			return err
		}
		if number != before.Number {
			continue
		}
		if err := ledger.SetErasureHead(ctx, night.Tx(), of, end.Number, end.Chain); err != nil {
			return err
		}
	}
	number, _, err := w.Vault.ErasureHead(ctx)
	if err != nil || number != before.Number {
		return err
	}
	return w.Vault.SetErasureHead(ctx, end.Number, end.Chain)
}

// entriesOf gives an entry of the book for each word, with all records that it is bound to.
func entriesOf(words []register.Word) (out []erasures.Entry) {
	at := map[string]int{}
	for i := range words {
		x := &words[i]
		n, known := at[x.ID]
		if !known {
			n = len(out)
			at[x.ID] = n
			out = append(out, erasures.Entry{Word: &erasures.Word{ID: x.ID, Kind: x.Kind, About: x.About, Topic: x.Topic, Channel: x.Channel,
				State: x.State, At: x.At, Until: x.Until, Via: x.Via, TextVersion: x.TextVersion, TextDigest: x.TextDigest, NotedAt: x.NotedAt,
				NotedBy: x.NotedBy, Request: x.Request}})
		}
		out[n].Bound = append(out[n].Bound, x.Record)
	}
	return out
}

// heedWord gives the register the word of an entry, where it has it not.
func (w *Workspace) heedWord(ctx context.Context, night *register.Night, e erasures.Entry) error {
	there, err := night.WordsByHandOf(ctx, e.Bound)
	if err != nil {
		return err
	}
	x := e.Word
	word := register.Word{ID: x.ID, Kind: x.Kind, About: x.About, Topic: x.Topic, Channel: x.Channel, State: x.State, At: x.At, Until: x.Until,
		Via: x.Via, TextVersion: x.TextVersion, TextDigest: x.TextDigest, NotedAt: x.NotedAt, NotedBy: x.NotedBy, Request: x.Request}
	var missing []register.Word
	for _, word.Record = range e.Bound {
		if !slices.ContainsFunc(there, func(t register.Word) bool { return t.ID == word.ID && t.Record == word.Record }) {
			missing = append(missing, word)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := register.AddWords(ctx, night.Tx(), missing); err != nil {
		return err
	}
	return w.Audit.Append(ctx, night.Tx(), ledger.Entry{At: time.Now().UnixMicro(), Actor: heeder, Verb: ledger.SubjectWord,
		Reason: x.Kind + ":" + x.State})
}
