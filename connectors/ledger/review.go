package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Decision is what a person found of two records: a line of a book in which nothing is changed. Of two decisions of one
// pair the later counts. Records are named by their tokens in the register.
type Decision struct {
	Number    int64  `db:"number"` // 1 and up, in the order in which they were made
	A         string `db:"record_a"`
	B         string `db:"record_b"` // after A
	Decision  string `db:"decision"` // same, different or unsure
	DecidedBy string `db:"decided_by"`
	DecidedAt int64  `db:"decided_at"`
	Reason    string `db:"reason"` // a code of a fixed list, or ""
	Run       string `db:"run"`    // whose list was before the person
}

var decisionColumns = []string{"number", "record_a", "record_b", "decision", "decided_by", "decided_at", "reason", "run"}

// AddDecisions writes decisions behind the last one and numbers them. The caller holds the pipeline's lease.
func AddDecisions(ctx context.Context, tx *sqlx.Tx, decisions []Decision) error {
	last, err := lastNumber(ctx, tx, "review_decision")
	if err != nil {
		return err
	}
	for i := range decisions {
		decisions[i].Number = last + int64(i) + 1
	}
	return database.Load(ctx, tx, "review_decision", decisionColumns, database.Each(decisions, func(d *Decision, col int) database.Value {
		switch col {
		case 0:
			return database.Int(d.Number)
		case 5:
			return database.Int(d.DecidedAt)
		}
		return database.Text([...]string{"", d.A, d.B, d.Decision, d.DecidedBy, "", d.Reason, d.Run}[col])
	}))
}

// Decisions lists all decisions by number.
func Decisions(ctx context.Context, q sqlx.QueryerContext) ([]Decision, error) {
	return list[Decision](ctx, q, "SELECT "+database.Columns(decisionColumns)+" FROM `review_decision` ORDER BY `number`")
}

// Sampled is a pair of linked records that was drawn at random to learn how many links are right.
type Sampled struct {
	Number  int64  `db:"number"` // 1 and up, over all samples
	Run     string `db:"run"`    // whose links were drawn from
	Seed    int64  `db:"seed"`
	Asked   int64  `db:"asked"` // how many pairs the sample was to have
	Stratum string `db:"stratum"`
	Links   int64  `db:"links"` // in the stratum, of which some were drawn
	A       string `db:"record_a"`
	B       string `db:"record_b"` // after A
}

var sampledColumns = []string{"number", "run", "seed", "asked", "stratum", "links", "record_a", "record_b"}

// AddSample writes a sample behind the last one and numbers its pairs. The caller holds the pipeline's lease.
func AddSample(ctx context.Context, tx *sqlx.Tx, sample []Sampled) error {
	last, err := lastNumber(ctx, tx, "review_sample")
	if err != nil {
		return err
	}
	for i := range sample {
		sample[i].Number = last + int64(i) + 1
	}
	return database.Load(ctx, tx, "review_sample", sampledColumns, database.Each(sample, func(s *Sampled, col int) database.Value {
		switch col {
		case 0, 2, 3, 5:
			return database.Int([...]int64{s.Number, 0, s.Seed, s.Asked, 0, s.Links}[col])
		}
		return database.Text([...]string{"", s.Run, "", "", s.Stratum, "", s.A, s.B}[col])
	}))
}

// Samples lists the pairs of all samples by number.
func Samples(ctx context.Context, q sqlx.QueryerContext) ([]Sampled, error) {
	return list[Sampled](ctx, q, "SELECT "+database.Columns(sampledColumns)+" FROM `review_sample` ORDER BY `number`")
}

// Access is one look at what two records say of a person.
type Access struct {
	Number int64  `db:"number"`
	SeenBy string `db:"seen_by"`
	SeenAt int64  `db:"seen_at"`
	A      string `db:"record_a"` // "" when the person was erased since
	B      string `db:"record_b"`
	Reason string `db:"reason"` // a code of a fixed list
}

var accessColumns = []string{"number", "seen_by", "seen_at", "record_a", "record_b", "reason"}

// AddAccess notes a look. Of two programs that note one at the same moment one fails, and shows nothing.
func AddAccess(ctx context.Context, tx *sqlx.Tx, a Access) error {
	last, err := lastNumber(ctx, tx, "review_access")
	if err != nil {
		return err
	}
	return insert(ctx, tx, "review_access", accessColumns, last+1, a.SeenBy, a.SeenAt, a.A, a.B, a.Reason)
}

// Accesses lists all looks by number.
func Accesses(ctx context.Context, q sqlx.QueryerContext) ([]Access, error) {
	return list[Access](ctx, q, "SELECT "+database.Columns(accessColumns)+" FROM `review_access` ORDER BY `number`")
}

func lastNumber(ctx context.Context, q sqlx.QueryerContext, table string) (n int64, err error) {
	_, err = get(ctx, q, &n, "SELECT COALESCE(MAX(`number`), 0) FROM "+database.Quote(table))
	return n, err
}

// ForgetRecords removes every decision and every sampled pair of some records, and their names from the looks at them:
// that somebody looked stays.
func ForgetRecords(ctx context.Context, tx *sqlx.Tx, records []string) error {
	return database.In(records, func(marks string, args []any) error {
		for _, column := range []string{"record_a", "record_b"} {
			where := " WHERE " + database.Quote(column) + " IN (" + marks + ")"
			for _, query := range []string{"DELETE FROM `review_decision`" + where, "DELETE FROM `review_sample`" + where} {
				if _, err := tx.ExecContext(ctx, query, args...); err != nil {
					return database.Failed("forget what was reviewed", err)
				}
			}
			if _, err := tx.ExecContext(ctx, "UPDATE `review_access` SET "+database.Quote(column)+" = ''"+where, args...); err != nil {
				return database.Failed("forget what was reviewed", err)
			}
		}
		return nil
	})
}
