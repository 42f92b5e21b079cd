package vault

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Open streams the entries of some subjects, or of all when subjects is nil, in the order of subject and source key, as
// the vault was when the loop began. Only the groups asked for are decrypted; the others are empty.
func (v *Vault) Open(ctx context.Context, subjects []string, which Groups) iter.Seq2[Entry, error] {
	return v.open(ctx, subjects, which, nil)
}

// OpenRecords is [Vault.Open] for the entries of some records, whosever they are.
func (v *Vault) OpenRecords(ctx context.Context, records []string, which Groups) iter.Seq2[Entry, error] {
	wanted := make(map[string]bool, len(records))
	for _, r := range records {
		wanted[r] = true
	}
	return v.open(ctx, nil, which, func(e *Entry) bool { return wanted[e.Record] })
}

func (v *Vault) open(ctx context.Context, subjects []string, which Groups, wanted func(*Entry) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := v.db.See(ctx, func(tx *sqlx.Tx) error {
			for e, err := range v.read(ctx, tx, subjects, which, wanted) {
				if err != nil {
					return err
				}
				if !yield(e, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// read streams entries; wanted, when given, sees them before they are decrypted.
func (v *Vault) read(ctx context.Context, tx *sqlx.Tx, subjects []string, which Groups, wanted func(*Entry) bool) iter.Seq2[Entry, error] {
	r := &reader{vault: v, which: which, wanted: wanted, sealer: sealer{inner: v.inner}}
	if subjects == nil {
		return r.query(ctx, tx, "", nil)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(subjects)))
	return func(yield func(Entry, error) bool) {
		stop := errors.New("stopped")
		err := database.In(sorted, func(marks string, args []any) error {
			for e, err := range r.query(ctx, tx, marks, args) {
				if err != nil {
					return err
				}
				if !yield(e, nil) {
					return stop
				}
			}
			return nil
		})
		if err != nil && err != stop {
			yield(Entry{}, err)
		}
	}
}

// reader keeps the key of the subject at hand, as its entries follow each other.
type reader struct {
	vault   *Vault
	which   Groups
	wanted  func(*Entry) bool
	sealer  sealer
	subject string
	key     *key
}

func (r *reader) query(ctx context.Context, tx *sqlx.Tx, marks string, args []any) iter.Seq2[Entry, error] {
	var b strings.Builder
	b.WriteString("SELECT i.`source_key`, i.`record`, i.`subject`, i.`source`, i.`epoch`, s.`wrapped_key`, s.`epoch`")
	for g, column := range groupColumns {
		if r.which&(1<<g) != 0 {
			b.WriteString(", i." + database.Quote(column))
		}
	}
	b.WriteString(" FROM `identity` i JOIN `subject` s ON s.`subject` = i.`subject`")
	if marks != "" {
		b.WriteString(" WHERE i.`subject` IN (" + marks + ")")
	}
	b.WriteString(" ORDER BY i.`subject`, i.`source_key`")
	return func(yield func(Entry, error) bool) {
		rows, err := tx.QueryContext(ctx, b.String(), args...)
		if err != nil {
			yield(Entry{}, database.Failed("read the vault", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			e, ok, err := r.entry(rows)
			if err != nil {
				yield(Entry{}, database.Failed("read the vault", err))
				return
			}
			if ok && !yield(e, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Entry{}, database.Failed("read the vault", err))
		}
	}
}

// entry reads and opens one row; ok is false when it is not wanted.
func (r *reader) entry(rows *sql.Rows) (e Entry, ok bool, err error) {
	var wrapped sql.RawBytes
	var cells [groups]sql.RawBytes
	var epoch, keyEpoch int64
	into := []any{&e.SourceKey, &e.Record, &e.Subject, &e.Source, &epoch, &wrapped, &keyEpoch}
	for g := range cells {
		if r.which&(1<<g) != 0 {
			into = append(into, &cells[g])
		}
	}
	if err := rows.Scan(into...); err != nil {
		return e, false, err
	}
	if r.wanted != nil && !r.wanted(&e) {
		return e, false, nil
	}
	if epoch != keyEpoch {
		return e, false, errCell
	}
	if r.key == nil || r.subject != e.Subject {
		k, err := r.vault.unwrap(e.Subject, wrapped, keyEpoch)
		if err != nil {
			return e, false, err
		}
		r.key, r.subject = k, e.Subject
	}
	for g, cell := range cells {
		if cell == nil {
			continue
		}
		facts, err := r.sealer.open(&e, g, r.key, cell)
		if err != nil {
			return e, false, err
		}
		e.set(g, facts)
	}
	return e, true, nil
}
