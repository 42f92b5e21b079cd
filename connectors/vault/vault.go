package vault

import (
	"cmp"
	"context"
	"embed"
	"io"
	"io/fs"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Entry is what one source row says about who a person is.
type Entry struct {
	SourceKey   string // token of the source row
	Record      string // token of the person's record in the system
	Subject     string // token of the person
	Source      string // feed
	Names       []Fact
	Identifiers []Fact
	Contacts    []Fact
}

func (e *Entry) groups() [groups][]Fact { return [groups][]Fact{e.Names, e.Identifiers, e.Contacts} }

func (e *Entry) set(g int, facts []Fact) {
	*[groups]*[]Fact{&e.Names, &e.Identifiers, &e.Contacts}[g] = facts
}

// Vault is the identity store in one database. It is safe for concurrent reading; one goroutine writes.
type Vault struct {
	db     *database.DB
	ring   Keyring
	random io.Reader
	epoch  int64
	atHand int // most keys of a filling; see [mostKeys]
	// pseudonym makes the register's name of a subject; see [Vault.FindBy]
	pseudonym func(subject string) string
	// inner gives what a source key was before it came under an outer key; see [Vault.BindTo]
	inner func(sourceKey string) string
}

// New makes a vault of an open database. random gives subject keys and nonces and must be a cryptographic source; epoch
// is that of keys made from now on. [Vault.Migrate] comes before the first use.
func New(db *database.DB, ring Keyring, random io.Reader, epoch int64) *Vault {
	return &Vault{db: db, ring: ring, random: random, epoch: epoch, atHand: mostKeys, inner: func(sourceKey string) string { return sourceKey }}
}

// BindTo tells the vault which part of a source key its cells are bound to: that which stays when the outer key of source keys
// is replaced, so that no cell is sealed anew for it.
func (v *Vault) BindTo(inner func(sourceKey string) string) { v.inner = inner }

// TokenEpochs is the table that says in which epochs the tokens of the vault stand.
const TokenEpochs = "vault_token_epoch"

// Tokens gives the tables that hold tokens.
func Tokens() []database.Tokens {
	return []database.Tokens{
		{Table: "identity", Index: []string{"source_key", "record"}},
		{Table: "pseudonym", Person: []string{"person"}},
		{Table: "random_pseudonym", Person: []string{"person"}},
		{Table: "suppression", Mark: []string{"token"}},
		{Table: "kept_word", Mark: []string{"token"}},
		{Table: "spread_word", Mark: []string{"token", "origin"}},
	}
}

// Migrate brings the vault's tables to this release.
func (v *Vault) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return v.db.Migrate(ctx, "vault", files)
}

// Put seals and stores entries, each in place of the one with its source key. Subjects that are new get a key, whose
// created_run is run. It is one transaction; doing it again gives the same content.
func (v *Vault) Put(ctx context.Context, run string, entries []Entry) error {
	return v.Fill(ctx, run, func(put func([]Entry) error) error { return put(entries) })
}

// Fill is [Vault.Put] of entries that come in parts, all in one transaction. A source key comes in one part only.
func (v *Vault) Fill(ctx context.Context, run string, f func(put func([]Entry) error) error) error {
	return v.db.DoAside(ctx, func(tx *sqlx.Tx) error {
		return v.fill(ctx, tx, run, func(w *filling) error {
			return f(func(entries []Entry) error { return w.put(ctx, entries) })
		})
	})
}

func (v *Vault) put(ctx context.Context, tx *sqlx.Tx, run string, entries []Entry) error {
	return v.fill(ctx, tx, run, func(w *filling) error { return w.put(ctx, entries) })
}

// Drop removes the entries of source rows.
func (v *Vault) Drop(ctx context.Context, sourceKeys []string) error {
	return v.db.Do(ctx, func(tx *sqlx.Tx) error { return drop(ctx, tx, sourceKeys) })
}

// Move is a record that turned out to belong to another person, or, without a record, everything of a person that no other
// move speaks of.
type Move struct{ Record, From, To string }

// Move opens what moves and seals it under the key of its new subject, which gets one when it has none.
func (v *Vault) Move(ctx context.Context, run string, moves []Move) error {
	if len(moves) == 0 {
		return nil
	}
	type at struct{ record, subject string }
	to := make(map[at]string, len(moves))
	var from []string
	for _, m := range moves {
		to[at{m.Record, m.From}] = m.To
		from = append(from, m.From)
	}
	next := func(e *Entry) string { return cmp.Or(to[at{e.Record, e.Subject}], to[at{"", e.Subject}]) }
	return v.db.Do(ctx, func(tx *sqlx.Tx) error {
		var moving []Entry
		wanted := func(e *Entry) bool { return next(e) != "" }
		for e, err := range v.read(ctx, tx, from, Everything, wanted) {
			if err != nil {
				return err
			}
			e.Subject = next(&e)
			moving = append(moving, e)
		}
		return v.put(ctx, tx, run, moving)
	})
}

// Erase destroys the keys of subjects and removes their entries, then makes the bytes leave SQLite's files. It tells how
// many entries went; a subject that is unknown or erased already has none, so a call that was cut short is made again.
// The row of a subject stays as a mark that no entry may come under it again.
func (v *Vault) Erase(ctx context.Context, subjects []string, run string) (entries int64, err error) {
	err = v.db.Do(ctx, func(tx *sqlx.Tx) error {
		for _, s := range subjects {
			n, err := v.erase(ctx, tx, s, run)
			if err != nil {
				return err
			}
			entries += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return entries, v.db.Scrub(ctx)
}

func (v *Vault) erase(ctx context.Context, tx *sqlx.Tx, subject, run string) (int64, error) {
	if err := v.unlist(ctx, tx, subject); err != nil {
		return 0, err
	}
	// The key is overwritten by as many other bytes before it is shortened, so that its place in the page is written.
	var size int
	err := tx.GetContext(ctx, &size, "SELECT COALESCE(MAX(LENGTH(`wrapped_key`)), 0) FROM `subject` WHERE `subject` = ?", subject)
	if err != nil {
		return 0, database.Failed("find the subject", err)
	}
	for _, bytes := range [][]byte{make([]byte, size), {}} {
		_, err := tx.ExecContext(ctx, "UPDATE `subject` SET `wrapped_key` = ?, `destroyed_run` = COALESCE(`destroyed_run`, ?) WHERE `subject` = ?", bytes, run, subject)
		if err != nil {
			return 0, database.Failed("destroy a subject's key", err)
		}
	}
	res, err := tx.ExecContext(ctx, "DELETE FROM `identity` WHERE `subject` = ?", subject)
	if err != nil {
		return 0, database.Failed("remove a subject's entries", err)
	}
	n, err := res.RowsAffected()
	return n, database.Failed("count a subject's entries", err)
}
