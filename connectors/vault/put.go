package vault

import (
	"context"
	"database/sql"
	"io"
	"runtime"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"uoma/connectors/database"
)

// putChunk is how many entries are sealed before they are written: their cells are the memory a Put needs.
const putChunk = 16_384

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

func (v *Vault) putOne(ctx context.Context, tx *sqlx.Tx, run string, entries []Entry) error {
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
	return database.Replace(ctx, tx, "identity", identityColumns, &identityRows{entries, cells, keys})
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

// distinct gives the entries' subjects in the order of their first entry.
func distinct(entries []Entry) []string {
	seen := make(map[string]struct{}, len(entries))
	out := make([]string, 0, len(entries))
	for i := range entries {
		if _, ok := seen[entries[i].Subject]; !ok {
			seen[entries[i].Subject] = struct{}{}
			out = append(out, entries[i].Subject)
		}
	}
	return out
}

// keysOf unwraps the keys that the store has of some subjects.
func (v *Vault) keysOf(ctx context.Context, tx *sqlx.Tx, subjects []string) (map[string]*key, error) {
	if err := database.Select(ctx, tx, subjects); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT `subject`.`subject`, `wrapped_key`, `epoch`, `seals`, `created_run`, `destroyed_run` FROM "+
		database.JoinSelected("subject", "subject"))
	if err != nil {
		return nil, database.Failed("read subject keys", err)
	}
	defer rows.Close()
	keys := make(map[string]*key, len(subjects))
	for rows.Next() {
		var subject, created string
		var wrapped []byte
		var epoch, seals int64
		var destroyed sql.NullString
		if err := rows.Scan(&subject, &wrapped, &epoch, &seals, &created, &destroyed); err != nil {
			return nil, database.Failed("read subject keys", err)
		}
		if destroyed.Valid {
			return nil, errErased
		}
		k, err := v.unwrap(subject, wrapped, epoch)
		if err != nil {
			return nil, err
		}
		k.seals, k.created, k.wrapped = seals, created, wrapped
		keys[subject] = k
	}
	return keys, database.Failed("read subject keys", rows.Err())
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
			return database.Failed("draw a subject's key", err)
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
		return nil, database.Failed("draw nonces", err)
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
	return database.Replace(ctx, tx, "subject", subjectColumns, database.Each(subjects, func(s *string, col int) database.Value {
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
	}))
}
