package vault

import (
	"cmp"
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

func (v *Vault) put(ctx context.Context, tx *sqlx.Tx, run string, entries []Entry) error {
	for len(entries) > 0 {
		chunk := entries[:min(len(entries), putChunk)]
		entries = entries[len(chunk):]
		if err := v.putOne(ctx, tx, run, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) putOne(ctx context.Context, tx *sqlx.Tx, run string, given []Entry) error {
	entries, sourceKeys := latest(given)
	subjects := distinct(entries)
	keys, err := v.keysOf(ctx, tx, subjects)
	if err != nil {
		return err
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
	if err := writeKeys(ctx, tx, subjects, keys); err != nil {
		return err
	}
	if err := drop(ctx, tx, sourceKeys); err != nil {
		return err
	}
	return database.Load(ctx, tx, "identity", identityColumns, &identityRows{entries, cells, keys})
}

// latest gives the entries in the order of their source keys, in which the store keeps them, and of two with the same
// the later; and the keys.
func latest(given []Entry) ([]Entry, []string) {
	order := make([]int, len(given))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(strings.Compare(given[a].SourceKey, given[b].SourceKey), a-b)
	})
	entries, sourceKeys := make([]Entry, 0, len(given)), make([]string, 0, len(given))
	for n, i := range order {
		if n+1 < len(order) && given[order[n+1]].SourceKey == given[i].SourceKey {
			continue
		}
		entries = append(entries, given[i])
		sourceKeys = append(sourceKeys, given[i].SourceKey)
	}
	return entries, sourceKeys
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

// keysOf unwraps the keys that the store has of some subjects.
func (v *Vault) keysOf(ctx context.Context, tx *sqlx.Tx, subjects []string) (map[string]*key, error) {
	keys := make(map[string]*key, len(subjects))
	err := database.In(subjects, func(marks string, args []any) error {
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
	return keys, err
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
			var s sealer
			for i := from; i < min(from+share, len(entries)); i++ {
				out[i] = s.seal(&entries[i], keys[entries[i].Subject], nonces[i*perEntry:(i+1)*perEntry])
			}
			return nil
		})
	}
	return out, g.Wait()
}

// writeKeys stores new keys, and the count of seals of all.
func writeKeys(ctx context.Context, tx *sqlx.Tx, subjects []string, keys map[string]*key) error {
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
		switch col {
		case 0:
			return database.Text(*s)
		case 1:
			return database.Blob(k.wrapped)
		case 2:
			return database.Int(k.epoch)
		case 3:
			return database.Int(k.seals)
		}
		return database.Text(k.created)
	}
	if err := database.Load(ctx, tx, "subject", subjectColumns, database.Each(fresh, value)); err != nil {
		return err
	}
	return database.Replace(ctx, tx, "subject", subjectColumns, database.Each(known, value))
}
