package vault

import (
	"context"
	"database/sql"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"uoma/connectors/database"
)

const (
	putChunk = 65_536  // entries sealed before they are written: their cells are the memory that a Put needs
	mostKeys = 131_072 // subjects' keys at hand in one filling, at 200 bytes each, before they are written and let go of
)

var (
	identityColumns = []string{"source_key", "record", "subject", "source", "names", "identifiers", "contacts", "epoch"}
	subjectColumns  = []string{"subject", "wrapped_key", "epoch", "seals", "created_run"}
)

// filling is the writing of one transaction. It keeps the keys of the subjects it met, so that each is fetched or made once
// and written once, however many feeds tell of the person.
type filling struct {
	v     *Vault
	tx    *sqlx.Tx
	run   string
	empty bool // nothing to look up: the first night
	keys  map[string]*key
}

// fill runs f in a filling and writes the keys when f is done. However it ends, no key stays in memory.
func (v *Vault) fill(ctx context.Context, tx *sqlx.Tx, run string, f func(*filling) error) error {
	w := &filling{v: v, tx: tx, run: run, keys: map[string]*key{}}
	defer w.forget()
	if err := tx.GetContext(ctx, &w.empty, "SELECT NOT EXISTS (SELECT 1 FROM `subject`)"); err != nil {
		return database.Failed("look into the vault", err)
	}
	if err := f(w); err != nil {
		return err
	}
	return w.settle(ctx)
}

// put takes entries, of several with one source key the last.
func (w *filling) put(ctx context.Context, given []Entry) error {
	for order := range slices.Chunk(latest(given), putChunk) {
		if err := w.putOne(ctx, pick(given, order)); err != nil {
			return err
		}
		if len(w.keys) < w.v.atHand {
			continue
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
		w.empty = false
	}
	return nil
}

// latest gives the entries by number, of several with the same source key the last one.
func latest(given []Entry) []int {
	last := make(map[string]int, len(given))
	for i := range given {
		last[given[i].SourceKey] = i
	}
	order := make([]int, 0, len(last))
	for i := range given {
		if last[given[i].SourceKey] == i {
			order = append(order, i)
		}
	}
	return order
}

// pick gives entries in the order of their source keys, in which the store keeps them.
func pick(given []Entry, numbers []int) []Entry {
	slices.SortFunc(numbers, func(a, b int) int { return strings.Compare(given[a].SourceKey, given[b].SourceKey) })
	out := make([]Entry, len(numbers))
	for i, n := range numbers {
		out[i] = given[n]
	}
	return out
}

func (w *filling) putOne(ctx context.Context, entries []Entry) error {
	if !w.empty {
		if err := drop(ctx, w.tx, sourceKeys(entries)); err != nil {
			return err
		}
	}
	subjects := distinct(entries)
	if err := w.meet(ctx, subjects); err != nil {
		return err
	}
	for i := range entries {
		k := w.keys[entries[i].Subject]
		if k.seals += groups; k.seals > maxSeals {
			return errWorn
		}
	}
	cells, err := w.v.sealAll(entries, w.keys)
	if err != nil {
		return err
	}
	for _, s := range subjects {
		w.keys[s].aead = nil // ten times what the key takes
	}
	return database.Load(ctx, w.tx, "identity", identityColumns, &identityRows{entries, cells, w.keys})
}

// meet makes the keys of subjects ready for use: those at hand, those in the store, and new ones.
func (w *filling) meet(ctx context.Context, subjects []string) error {
	var strangers []string
	for _, s := range subjects {
		k := w.keys[s]
		if k == nil {
			strangers = append(strangers, s)
			continue
		}
		if err := k.ready(); err != nil {
			return err
		}
	}
	if !w.empty {
		if err := w.v.keysOf(ctx, w.tx, strangers, w.keys); err != nil {
			return err
		}
	}
	return w.v.makeKeys(w.keys, strangers, w.run)
}

// settle writes the keys at hand, with the count of their seals, and lets go of them.
func (w *filling) settle(ctx context.Context) error {
	subjects := slices.Sorted(maps.Keys(w.keys)) // the order in which they are stored fastest
	if err := w.v.writeKeys(ctx, w.tx, subjects, w.keys); err != nil {
		return err
	}
	w.forget()
	return nil
}

// forget overwrites the keys at hand and lets go of them.
func (w *filling) forget() {
	for _, k := range w.keys {
		clear(k.plain[:])
		k.aead = nil
	}
	clear(w.keys)
}

func sourceKeys(entries []Entry) []string {
	out := make([]string, len(entries))
	for i := range entries {
		out[i] = entries[i].SourceKey
	}
	return out
}

func drop(ctx context.Context, tx *sqlx.Tx, sourceKeys []string) error {
	return database.In(sourceKeys, func(marks string, args []any) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM `identity` WHERE `source_key` IN ("+marks+")", args...)
		return database.Failed("remove entries", err)
	})
}

// identityRows gives entries and their cells to the bulk load.
type identityRows struct {
	entries []Entry
	cells   []sealed
	keys    map[string]*key
}

// Len gives the number of entries.
func (r *identityRows) Len() int { return len(r.entries) }

// Value gives a column of [identityColumns].
func (r *identityRows) Value(row, col int) database.Value {
	e := &r.entries[row]
	switch col {
	case 0:
		return database.Text(e.SourceKey)
	case 1:
		return database.Text(e.Record)
	case 2:
		return database.Text(e.Subject)
	case 3:
		return database.Text(e.Source)
	case 7:
		return database.Int(r.keys[e.Subject].epoch)
	}
	return blobOrNull(r.cells[row][col-4])
}

func blobOrNull(b []byte) database.Value {
	if b == nil {
		return database.Null()
	}
	return database.Blob(b)
}

// distinct gives the entries' subjects in the order of their tokens, in which they are found fastest.
func distinct(entries []Entry) []string {
	seen := make(map[string]struct{}, len(entries))
	out := make([]string, 0, len(entries))
	for i := range entries {
		if _, ok := seen[entries[i].Subject]; !ok {
			seen[entries[i].Subject] = struct{}{}
			out = append(out, entries[i].Subject)
		}
	}
	slices.Sort(out)
	return out
}

// keysOf adds the keys that the store has of some subjects.
func (v *Vault) keysOf(ctx context.Context, tx *sqlx.Tx, subjects []string, keys map[string]*key) error {
	return database.In(subjects, func(marks string, args []any) error {
		rows, err := tx.QueryContext(ctx, "SELECT `subject`, `wrapped_key`, `epoch`, `seals`, `created_run`, `destroyed_run` FROM `subject`"+
			" WHERE `subject` IN ("+marks+")", args...)
		if err != nil {
			return database.Failed("read subject keys", err)
		}
		defer rows.Close()
		for rows.Next() {
			subject, k, err := v.scanKey(rows)
			if err != nil {
				return database.Failed("read subject keys", err)
			}
			keys[subject] = k
		}
		return database.Failed("read subject keys", rows.Err())
	})
}

func (v *Vault) scanKey(rows *sql.Rows) (subject string, k *key, err error) {
	var created string
	var wrapped []byte
	var epoch, seals int64
	var destroyed sql.NullString
	if err := rows.Scan(&subject, &wrapped, &epoch, &seals, &created, &destroyed); err != nil {
		return "", nil, err
	}
	if destroyed.Valid {
		return "", nil, errErased
	}
	if k, err = v.unwrap(subject, wrapped, epoch); err != nil {
		return "", nil, err
	}
	k.seals, k.created, k.wrapped = seals, created, wrapped
	return subject, k, nil
}

func (v *Vault) unwrap(subject string, wrapped []byte, epoch int64) (*key, error) {
	plain, err := v.ring.Unwrap(wrapped, wrapPlace(subject, epoch))
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	k := &key{plain: [keySize]byte(plain), epoch: epoch}
	return k, k.ready()
}

// makeKeys gives every subject without a key a new one.
func (v *Vault) makeKeys(keys map[string]*key, subjects []string, run string) error {
	for _, s := range subjects {
		if keys[s] != nil {
			continue
		}
		k := &key{epoch: v.epoch, created: run, fresh: true}
		if _, err := io.ReadFull(v.random, k.plain[:]); err != nil {
			return errRandom.Wrap(err)
		}
		var err error
		if k.wrapped, err = v.ring.Wrap(k.plain[:], wrapPlace(s, v.epoch)); err != nil {
			return err
		}
		if err := k.ready(); err != nil {
			return err
		}
		keys[s] = k
	}
	return nil
}

// sealAll seals entries on all cores.
func (v *Vault) sealAll(entries []Entry, keys map[string]*key) ([]sealed, error) {
	const perEntry = groups * nonceSize
	nonces := make([]byte, len(entries)*perEntry)
	if _, err := io.ReadFull(v.random, nonces); err != nil {
		return nil, errRandom.Wrap(err)
	}
	out := make([]sealed, len(entries))
	workers := runtime.GOMAXPROCS(0)
	share := (len(entries) + workers - 1) / workers
	var g errgroup.Group
	for from := 0; from < len(entries); from += share {
		g.Go(func() error {
			s := sealer{inner: v.inner}
			for i := from; i < min(from+share, len(entries)); i++ {
				out[i] = s.seal(&entries[i], keys[entries[i].Subject], nonces[i*perEntry:(i+1)*perEntry])
			}
			return nil
		})
	}
	return out, g.Wait()
}

// writeKeys stores new keys, and the count of seals of all.
func (v *Vault) writeKeys(ctx context.Context, tx *sqlx.Tx, subjects []string, keys map[string]*key) error {
	var fresh, known []string
	for _, s := range subjects {
		if keys[s].fresh {
			fresh = append(fresh, s)
		} else {
			known = append(known, s)
		}
	}
	value := func(s *string, col int) database.Value {
		k := keys[*s]
		return [...]database.Value{database.Text(*s), database.Blob(k.wrapped), database.Int(k.epoch), database.Int(k.seals),
			database.Text(k.created)}[col]
	}
	if err := database.Load(ctx, tx, "subject", subjectColumns, database.Each(fresh, value)); err != nil {
		return err
	}
	if err := v.list(ctx, tx, fresh); err != nil {
		return err
	}
	return database.Replace(ctx, tx, "subject", subjectColumns, database.Each(known, value))
}
