package custody

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/pseudonym"
)

var errOtherEpoch = fault.New("UOMA-KEY-LOST", "a store has tokens under a key that is not there any more", "restore it together with keys/epochs.json from one backup; remove a backfill's folder and make the replay anew")

// RotateTokens gives a kind of tokens ([workspace.TokenKinds]) a new outer key and rewrites every place that has one, in a
// transaction for each store. Until that is done nothing else opens the workspace. Cut off anywhere, it goes on when it is
// called again: each store says under which key it stands. The key of before is destroyed when no store stands under it. As
// with a domain, epoch is the one that the tokens are to be in; 0 is the next.
func RotateTokens(ctx context.Context, ws *workspace.Workspace, kind string, epoch int64, by Author, o Options) (Rotated, error) {
	t := &turning{ws: ws, kind: kind, by: by, o: o}
	if now := ws.Keys.TokenEpoch(kind); epoch != 0 && epoch <= now && !slices.Contains(ws.Keys.Rotating(), kind) {
		return Rotated{Key: kind, Epoch: now, Finished: true}, nil
	}
	t.out = Rotated{Key: kind, Epoch: ws.Keys.TokenEpoch(kind) + 1}
	if err := t.begin(ctx); err != nil {
		return t.out, err
	}
	if err := t.keys(); err != nil {
		return t.out, err
	}
	if err := t.stores(ctx); err != nil {
		return t.out, err
	}
	if err := o.step("rewritten"); err != nil {
		return t.out, err
	}
	for _, s := range ws.TokenStores() { // what stood under the old key leaves the files
		if err := s.DB.Scrub(ctx); err != nil {
			return t.out, err
		}
	}
	if err := o.step("scrubbed"); err != nil {
		return t.out, err
	}
	if err := ws.Keys.FinishTokens(kind); err != nil {
		return t.out, err
	}
	t.out.Finished = true
	return t.out, o.step("finished")
}

// turning is a rotation of one kind of tokens.
type turning struct {
	ws       *workspace.Workspace
	kind     string
	by       Author
	o        Options
	out      Rotated
	from, to *pseudonym.Outer
}

// begin makes the new key, unless a rotation that was cut off has made it.
func (t *turning) begin(ctx context.Context) error {
	if kinds := t.ws.Keys.Rotating(); len(kinds) > 0 {
		if slices.Contains(kinds, t.kind) {
			return nil
		}
		return errUnfinished.At(fault.Place{Field: strings.Join(kinds, ", ")})
	}
	if err := t.ws.TokensInEpoch(ctx); err != nil {
		return err
	}
	// As with the master key the entry comes first.
	if err := t.by.note(ctx, t.ws, t.entry("begun")); err != nil {
		return err
	}
	if err := t.o.step("noted"); err != nil {
		return err
	}
	if err := t.ws.Keys.BeginTokens(t.kind); err != nil {
		return err
	}
	return t.o.step("begun")
}

var errUnfinished = fault.New("UOMA-KEY-ANOTHER", "the rotation of another key was cut off", "finish that one first")

func (t *turning) entry(state string) ledger.Entry {
	return ledger.Entry{Verb: ledger.KeyRotated, Reason: fmt.Sprintf("%s:%d:%s", t.kind, t.out.Epoch, state)}
}

func (t *turning) keys() error {
	from, err := t.ws.Keys.TokenKey(t.kind)
	if err != nil {
		return err
	}
	to, err := t.ws.Keys.NextTokenKey(t.kind)
	if err != nil {
		return err
	}
	t.from, t.to = pseudonym.NewOuter(from), pseudonym.NewOuter(to)
	return nil
}

// stores rewrites the registers of backfills, then the two stores, of which the register's transaction has the entry that
// it is done.
func (t *turning) stores(ctx context.Context) error {
	files, err := filepath.Glob(t.ws.Path("backfills", "*", "register.db"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := t.backfill(ctx, f); err != nil {
			return err
		}
	}
	for _, s := range t.ws.TokenStores() {
		err := t.store(ctx, s, func(tx *sqlx.Tx) error {
			if s.DB != t.ws.RegisterDB {
				return nil
			}
			done := t.entry("done")
			done.Actor, done.At = t.by.Actor, t.by.At.UnixMicro()
			if err := t.ws.Audit.Append(ctx, tx, done); err != nil || t.by.Check == nil {
				return err
			}
			return t.by.Check(ctx, tx)
		})
		if err != nil {
			return err
		}
		if err := t.o.step("committed"); err != nil {
			return err
		}
	}
	return nil
}

func (t *turning) backfill(ctx context.Context, file string) error {
	db, err := database.Open(ctx, string(database.SQLite)+":"+file)
	if err != nil {
		return err
	}
	defer db.Close() // what is to be kept was committed
	if err := errors.Join(ledger.Migrate(ctx, db), register.New(db).Migrate(ctx)); err != nil {
		return err
	}
	s := workspace.RegisterStore(db)
	s.Name = file
	if err := t.store(ctx, s, func(*sqlx.Tx) error { return nil }); err != nil {
		return err
	}
	return db.Scrub(ctx)
}

// store rewrites one store, unless that was done before.
func (t *turning) store(ctx context.Context, s workspace.Store, also func(*sqlx.Tx) error) error {
	return s.DB.Do(ctx, func(tx *sqlx.Tx) error {
		lock := "" // SQLite has one writer
		if s.DB.Dialect == database.MySQL {
			lock = " FOR UPDATE" // what is read is not of the transaction's start, and nobody changes it from here on
		}
		epochs, err := database.TokenEpochs(ctx, tx, s.Epochs, lock)
		if err != nil {
			return err
		}
		switch max(1, epochs[t.kind]) {
		case t.out.Epoch:
			return nil
		case t.out.Epoch - 1:
		default:
			return errOtherEpoch.At(fault.Place{Field: s.Name})
		}
		if err := database.SetTokenEpoch(ctx, tx, s.Epochs, t.kind, t.out.Epoch); err != nil {
			return err
		}
		for _, table := range s.Tables {
			columns := workspace.TokenColumns(&table, t.kind)
			if len(columns) == 0 {
				continue
			}
			n, err := s.DB.Rewrite(ctx, tx, table.Table, func(r *database.Row) error {
				t.row(r, table.Table, columns)
				return nil
			})
			if err != nil {
				return err
			}
			t.out.Rows += n
			if err := t.o.step("rewrote " + table.Table); err != nil {
				return err
			}
		}
		return also(tx)
	})
}

// row gives a row its tokens under the new key.
func (t *turning) row(r *database.Row, table string, columns []string) {
	for _, c := range columns {
		switch {
		case table == "word" && c == "id" && r.Text("source") == "": // of a word by hand it is no token
		case table == "reveal":
			if domain := r.Text("domain"); domain == RegisterDomain || domain == RecordingDomain {
				tokens := strings.Split(r.Text(c), "\n")
				for i := range tokens {
					tokens[i] = t.turn(tokens[i])
				}
				slices.Sort(tokens)
				r.SetText(c, strings.Join(tokens, "\n"))
			}
		case r.Text(c) != "":
			r.SetText(c, t.turn(r.Text(c)))
		}
	}
	// Of a pair the smaller token stands first.
	if len(columns) == 2 && columns[0] == "record_a" {
		if a, b := r.Text("record_a"), r.Text("record_b"); b != "" && a > b {
			r.SetText("record_a", b)
			r.SetText("record_b", a)
		}
	}
}

func (t *turning) turn(token string) string { return t.to.Cover(t.from.Uncover(token)) }

// PlanTokens says what [RotateTokens] would do. It makes no key.
func PlanTokens(ctx context.Context, ws *workspace.Workspace, kind string) (Rotated, error) {
	out := Rotated{Key: kind, Epoch: ws.Keys.TokenEpoch(kind) + 1}
	for _, s := range ws.TokenStores() {
		for _, table := range s.Tables {
			if len(workspace.TokenColumns(&table, kind)) == 0 {
				continue
			}
			var n int64
			if err := s.DB.GetContext(ctx, &n, "SELECT COUNT(*) FROM "+database.Quote(table.Table)); err != nil {
				return out, database.Failed("count the rows of "+table.Table, err)
			}
			out.Rows += n
		}
	}
	return out, nil
}
