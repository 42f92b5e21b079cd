package vault

import (
	"context"
	"database/sql"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"uoma/connectors/database"
)

// putChunk is how many entries are sealed before they are written: their cells are the memory a Put needs.
const putChunk = 65_536

var (
	identityColumns = []string{"source_key", "record", "subject", "source", "names", "identifiers", "contacts", "epoch"}
	subjectColumns  = []string{"subject", "wrapped_key", "epoch", "seals", "created_run"}
)

// put takes the entries in the order of their subjects, so that a subject's key is fetched or made once.
func (v *Vault) put(ctx context.Context, tx *sqlx.Tx, run string, given []Entry) error {
	var empty bool // the first night has nothing to look up
	if err := tx.GetContext(ctx, &empty, "SELECT NOT EXISTS (SELECT 1 FROM `subject`)"); err != nil {
		return database.Failed("look into the vault", err)
	}
	order := latest(given)
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(given[a].Subject, given[b].Subject) })
	for len(order) > 0 {
		n := min(len(order), putChunk)
		for n < len(order) && given[order[n]].Subject == given[order[n-1]].Subject {
			n++
		}
		if err := v.putOne(ctx, tx, run, pick(given, order[:n]), empty); err != nil {
			return err
		}
		order = order[n:]
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

// putOne stores entries of which it has all that this Put has of their subjects.
func (v *Vault) putOne(ctx context.Context, tx *sqlx.Tx, run string, entries []Entry, empty bool) error {
	subjects := distinct(entries)
	keys := make(map[string]*key, len(subjects))
	if !empty {
		if err := v.keysOf(ctx, tx, subjects, keys); err != nil {
			return err
		}
		if err := drop(ctx, tx, sourceKeys(entries)); err != nil {
			return err
		}
	}
	if err := v.makeKeys(keys, subjects, run); err != nil {
		return err
	}
	for i := range entries {
		k := keys[entries[i].Subject]
		if k.seals += groups; k.seals > maxSeals {
			return errWorn
		}
	}
	cells, err := v.sealAll(entries, keys)
	if err != nil {
		return err
	}
	if err := v.writeKeys(ctx, tx, subjects, keys); err != nil {
		return err
	}
	return database.Load(ctx, tx, "identity", identityColumns, &identityRows{entries, cells, keys})
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

// distinct gives the entries' subjects in the order of their tokens, in which they are found and stored fastest.
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
	return newKey(plain, epoch)
}

// makeKeys gives every subject without a key a new one.
func (v *Vault) makeKeys(keys map[string]*key, subjects []string, run string) error {
	plain := make([]byte, keySize)
	defer clear(plain)
	for _, s := range subjects {
		if keys[s] != nil {
			continue
		}
		if _, err := io.ReadFull(v.random, plain); err != nil {
			return errRandom.Wrap(err)
		}
		k, err := newKey(plain, v.epoch)
		if err != nil {
			return err
		}
		if k.wrapped, err = v.ring.Wrap(plain, wrapPlace(s, v.epoch)); err != nil {
			return err
		}
		k.created, k.fresh = run, true
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
