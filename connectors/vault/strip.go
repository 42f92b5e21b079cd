package vault

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Strip names facts of a source row that go: all, or those of some tables.
type Strip struct {
	SourceKey string
	Whole     bool
	Tables    []string
}

// Strip takes facts out of the entries of source rows, or whole entries; the key of a subject without entries is destroyed,
// so that a person who comes back gets another. It tells how many entries went. An entry without facts stays while its row has
// anything in the register: it leads from the person there. An entry that is not there is no error, so a call that was cut
// short is made again.
func (v *Vault) Strip(ctx context.Context, run string, rows []Strip) (entries int64, err error) {
	for chunk := range slices.Chunk(rows, putChunk) {
		err := v.db.Do(ctx, func(tx *sqlx.Tx) error {
			n, err := v.strip(ctx, tx, run, chunk)
			entries += n
			return err
		})
		if err != nil {
			return entries, err
		}
	}
	return entries, nil
}

func (v *Vault) strip(ctx context.Context, tx *sqlx.Tx, run string, rows []Strip) (int64, error) {
	var whole, part []string
	tables := map[string][]string{}
	for _, r := range rows {
		if r.Whole {
			whole = append(whole, r.SourceKey)
		} else {
			part = append(part, r.SourceKey)
			tables[r.SourceKey] = r.Tables
		}
	}
	of, err := subjectsOf(ctx, tx, part)
	if err != nil {
		return 0, err
	}
	var stay []Entry
	if len(of) > 0 {
		for e, err := range v.read(ctx, tx, of, Everything, func(e *Entry) bool { return tables[e.SourceKey] != nil }) {
			if err != nil {
				return 0, err
			}
			before := e.facts()
			e.take(tables[e.SourceKey])
			if e.facts() < before {
				stay = append(stay, e)
			}
		}
	}
	left, err := subjectsOf(ctx, tx, whole)
	if err != nil {
		return 0, err
	}
	gone, err := count(ctx, tx, whole)
	if err != nil {
		return 0, err
	}
	if err := drop(ctx, tx, whole); err != nil {
		return 0, err
	}
	if len(stay) > 0 {
		if err := v.put(ctx, tx, run, stay); err != nil {
			return 0, err
		}
	}
	return gone, destroyEmpty(ctx, tx, left)
}

// facts counts the entry's facts.
func (e *Entry) facts() int { return len(e.Names) + len(e.Identifiers) + len(e.Contacts) }

// take takes out the facts of some tables.
func (e *Entry) take(tables []string) {
	for g, facts := range e.groups() {
		e.set(g, slices.DeleteFunc(facts, func(f Fact) bool { return slices.Contains(tables, f.Table) }))
	}
}

func subjectsOf(ctx context.Context, tx *sqlx.Tx, sourceKeys []string) (subjects []string, err error) {
	err = database.In(sourceKeys, func(marks string, args []any) error {
		var some []string
		err := tx.SelectContext(ctx, &some, "SELECT DISTINCT `subject` FROM `identity` WHERE `source_key` IN ("+marks+")", args...)
		subjects = append(subjects, some...)
		return database.Failed("find the subjects of entries", err)
	})
	slices.Sort(subjects)
	return slices.Compact(subjects), err
}

func count(ctx context.Context, tx *sqlx.Tx, sourceKeys []string) (n int64, err error) {
	err = database.In(sourceKeys, func(marks string, args []any) error {
		var some int64
		err := tx.GetContext(ctx, &some, "SELECT COUNT(*) FROM `identity` WHERE `source_key` IN ("+marks+")", args...)
		n += some
		return database.Failed("count entries", err)
	})
	return n, err
}

// destroyEmpty overwrites and removes the keys of those subjects that have no entry. The mark of an erased subject stays.
func destroyEmpty(ctx context.Context, tx *sqlx.Tx, subjects []string) error {
	const empty = " AND `destroyed_run` IS NULL AND NOT EXISTS (SELECT 1 FROM `identity` i WHERE i.`subject` = `subject`.`subject`)"
	return database.In(subjects, func(marks string, args []any) error {
		const gone = ") AND NOT EXISTS (SELECT 1 FROM `identity` i WHERE i.`subject` = `pseudonym`.`subject`)"
		_, err := tx.ExecContext(ctx, "DELETE FROM `random_pseudonym` WHERE `person` IN (SELECT `person` FROM `pseudonym` WHERE `subject` IN ("+marks+gone+")", args...)
		if err != nil {
			return database.Failed("take subjects without entries off the list", err)
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM `pseudonym` WHERE `subject` IN ("+marks+gone, args...)
		if err != nil {
			return database.Failed("take subjects without entries off the list", err)
		}
		_, err = tx.ExecContext(ctx, "UPDATE `subject` SET `wrapped_key` = ? WHERE `subject` IN ("+marks+")"+empty, append([]any{make([]byte, wrappedSize)}, args...)...)
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM `subject` WHERE `subject` IN ("+marks+")"+empty, args...)
		}
		return database.Failed("destroy the keys of subjects without entries", err)
	})
}

// wrappedSize is at least as long as a wrapped key, so that its place in the page is written over.
const wrappedSize = 256
