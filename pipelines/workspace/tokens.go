package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/transforms/pseudonym"
)

// Kinds of tokens whose outer key is replaced by a rotation. In the two stores tokens stand under it. Whatever is never
// rewritten (the audit log, the book of erasures, the cells of the vault) and the encrypted files have the inner tokens,
// which no rotation changes: a rotation rewrites two databases, in a transaction each.
const (
	IndexTokens  = "index"         // of source rows, records and keys
	PersonTokens = "register"      // of people, in the register
	MarkTokens   = "suppression"   // of what erased people are known again by
	WantedTokens = "rectification" // of values that sources are to show
)

// TokenKinds lists them.
func TokenKinds() []string { return []string{IndexTokens, PersonTokens, MarkTokens, WantedTokens} }

// TokenColumns gives the columns of a table that hold tokens of a kind.
func TokenColumns(t *database.Tokens, kind string) []string {
	switch kind {
	case IndexTokens:
		return t.Index
	case PersonTokens:
		return t.Person
	case MarkTokens:
		return t.Mark
	case WantedTokens:
		return t.Wanted
	}
	return nil
}

var (
	errRotating = fault.New("UOMA-KEY-UNFINISHED", "a rotation of keys was cut off, and the stores may stand under two of them", "finish it first, with uoma key rotate and the name of the key that uoma key list shows as pending")
	errEpoch    = fault.New("UOMA-KEY-STORES", "a store has tokens of another epoch than the keys", "restore the stores and keys/epochs.json from one backup; a program that was at work while keys were rotated is started again")
)

// openOuter makes the outer keys in use.
func (w *Workspace) openOuter() error {
	w.outer = map[string]*pseudonym.Outer{}
	for _, kind := range TokenKinds() {
		key, err := w.Keys.TokenKey(kind)
		if err != nil {
			return err
		}
		w.outer[kind] = pseudonym.NewOuter(key)
	}
	return nil
}

// Inner gives what a token of the stores is where it is never rewritten.
func (w *Workspace) Inner(kind, token string) string { return w.outer[kind].Uncover(token) }

// Outer gives what an inner token is in the stores.
func (w *Workspace) Outer(kind, token string) string { return w.outer[kind].Cover(token) }

// PersonIn gives the pseudonym that a person of the register has in another domain. It stays when the key of the register's
// own domain is replaced.
func (w *Workspace) PersonIn(d *pseudonym.Domain, person string) string {
	return PersonOf(d, w.Inner(PersonTokens, person))
}

// throughEntry changes the tokens of an entry of the book of erasures.
func throughEntry(e erasures.Entry, turn func(kind, token string) string) erasures.Entry {
	e.Person = turn(PersonTokens, e.Person)
	e.Records, e.Bound, e.Marks = slices.Clone(e.Records), slices.Clone(e.Bound), slices.Clone(e.Marks)
	for _, records := range [][]string{e.Records, e.Bound} {
		for i := range records {
			records[i] = turn(IndexTokens, records[i])
		}
	}
	for i := range e.Marks {
		e.Marks[i].Token = turn(MarkTokens, e.Marks[i].Token)
	}
	return e
}

// auditKind gives what the subject of a line of the audit log is.
func auditKind(verb ledger.Verb) string {
	switch verb {
	case ledger.ReviewValues, ledger.RevealRequested, ledger.RevealHolders: // two records; the recording whose people are asked for
		return IndexTokens
	}
	return PersonTokens
}

// Store is one of the two stores, and where its tokens stand.
type Store struct {
	Name   string
	DB     *database.DB
	Epochs string // the table that says in which epoch they are
	Tables []database.Tokens
}

// TokenStores gives the stores that a rotation rewrites, in its order: the vault first, as in a night.
func (w *Workspace) TokenStores() []Store {
	return []Store{
		{inVault, w.VaultDB, vault.TokenEpochs, vault.Tokens()},
		RegisterStore(w.RegisterDB),
	}
}

// RegisterStore gives what a rotation rewrites of a register.
func RegisterStore(db *database.DB) Store {
	return Store{inRegister, db, ledger.TokenEpochs, append(register.Tokens(), ledger.Tokens()...)}
}

// guard refuses a store whose tokens stand in another epoch than the keys: now, and at the start of every transaction, as
// another program may rotate the keys meanwhile.
func (w *Workspace) guard(ctx context.Context) error {
	if kinds := w.Keys.Rotating(); len(kinds) > 0 {
		return errRotating.At(fault.Place{Field: strings.Join(kinds, ", ")})
	}
	if err := w.TokensInEpoch(ctx); err != nil {
		return err
	}
	for _, s := range w.TokenStores() {
		s.DB.Guard = func(ctx context.Context, tx *sqlx.Tx, lock string) error { return w.inEpoch(ctx, tx, s, lock) }
	}
	return nil
}

// TokensInEpoch refuses stores whose tokens stand in another epoch than the keys. A store that is new comes into theirs.
func (w *Workspace) TokensInEpoch(ctx context.Context) error {
	for _, s := range w.TokenStores() {
		if err := w.begin(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) inEpoch(ctx context.Context, q sqlx.QueryerContext, s Store, lock string) error {
	epochs, err := database.TokenEpochs(ctx, q, s.Epochs, lock)
	if err != nil {
		return err
	}
	for _, kind := range TokenKinds() {
		if is, want := max(1, epochs[kind]), w.Keys.TokenEpoch(kind); is != want {
			return errEpoch.At(fault.Place{Field: fmt.Sprintf("%s, %s: %d, not %d", s.Name, kind, is, want)})
		}
	}
	return nil
}

// begin notes the epochs of tokens in a store that is new.
func (w *Workspace) begin(ctx context.Context, s Store) error {
	first := true
	for _, kind := range TokenKinds() {
		first = first && w.Keys.TokenEpoch(kind) == 1
	}
	if first {
		return w.inEpoch(ctx, s.DB, s, "")
	}
	empty, err := s.empty(ctx)
	if err != nil || !empty {
		return errors.Join(err, w.inEpoch(ctx, s.DB, s, ""))
	}
	return s.DB.Do(ctx, func(tx *sqlx.Tx) error {
		for _, kind := range TokenKinds() {
			if err := database.SetTokenEpoch(ctx, tx, s.Epochs, kind, w.Keys.TokenEpoch(kind)); err != nil {
				return err
			}
		}
		return nil
	})
}

// empty tells whether no token stands in the store.
func (s Store) empty(ctx context.Context) (bool, error) {
	for _, t := range s.Tables {
		var some bool
		if err := s.DB.GetContext(ctx, &some, "SELECT EXISTS (SELECT 1 FROM "+database.Quote(t.Table)+")"); err != nil || some {
			return false, database.Failed("look into "+t.Table, err)
		}
	}
	return true, nil
}

// tokens finds a rotation that was cut off, and stores of another epoch.
func (c *checker) tokens(ctx context.Context) {
	if c.w.Keys == nil {
		return
	}
	if kinds := c.w.Keys.Rotating(); len(kinds) > 0 {
		c.add(Error, errRotating.At(fault.Place{Field: strings.Join(kinds, ", ")}))
		return
	}
	c.w.RegisterDB, c.w.VaultDB = c.register, c.vault
	for _, s := range c.w.TokenStores() {
		if s.DB == nil {
			continue
		}
		empty, err := s.empty(ctx)
		if err == nil && !empty {
			err = c.w.inEpoch(ctx, s.DB, s, "")
		}
		c.add(Error, err)
	}
}
