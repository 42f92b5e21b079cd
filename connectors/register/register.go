package register

import (
	"context"
	"embed"
	"io/fs"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/canon"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Register is the pseudonymous store in one database. It is safe for concurrent use; one [Night] is open at a time.
// Its [View] sees the last commit, each call for itself; [Register.See] gives one that stays at one commit.
type Register struct {
	View
	db *database.DB
}

// New makes a register of an open database. [Register.Migrate] comes before the first use.
func New(db *database.DB) *Register {
	return &Register{View: newView(db), db: db}
}

// Migrate brings the register's tables to this release.
func (r *Register) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := r.db.Migrate(ctx, "register", files); err != nil {
		return err
	}
	return r.db.Keep(ctx, Kept())
}

// Kept gives the book of words: nothing in it changes. An erased person's words go.
func Kept() []database.Kept { return []database.Kept{{Table: "word", Goes: true}} }

// See runs f on a view of one state, whatever is committed meanwhile.
func (r *Register) See(ctx context.Context, f func(*View) error) error {
	return r.db.See(ctx, func(tx *sqlx.Tx) error {
		v := newView(tx)
		return f(&v)
	})
}

// Digest gives the SHA-256 of everything in the register, in hex; see [View.Digest].
func (r *Register) Digest(ctx context.Context) (digest string, err error) {
	err = r.See(ctx, func(v *View) error {
		digest, err = v.Digest(ctx)
		return err
	})
	return digest, err
}

// shapes maps the register's tables by name.
func shapes() map[string]*canon.Table {
	all := Tables()
	out := make(map[string]*canon.Table, len(all))
	for i := range all {
		out[all[i].Name] = &all[i]
	}
	return out
}
