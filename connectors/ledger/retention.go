package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// RetentionReview says that somebody looked whether data without an end is still needed. Nothing in it is changed.
type RetentionReview struct {
	Number     int64  `db:"number"`      // 1 and up
	ReviewedOn string `db:"reviewed_on"` // YYYY-MM-DD
	ReviewedBy string `db:"reviewed_by"`
	Category   string `db:"category"`
	Source     string `db:"source"` // feed or system, "" for all
	Clause     string `db:"clause"` // that asks for the review
	Records    int64  `db:"records"`
	MadeAt     int64  `db:"made_at"`
}

var retentionReviewColumns = []string{"number", "reviewed_on", "reviewed_by", "category", "source", "clause", "records", "made_at"}

// AddRetentionReview writes a review behind the last one and gives its number.
func AddRetentionReview(ctx context.Context, tx *sqlx.Tx, r RetentionReview) (int64, error) {
	last, err := lastNumber(ctx, tx, "retention_review")
	if err != nil {
		return 0, err
	}
	return last + 1, insert(ctx, tx, "retention_review", retentionReviewColumns, last+1, r.ReviewedOn, r.ReviewedBy, r.Category, r.Source, r.Clause, r.Records, r.MadeAt)
}

// RetentionReviews lists all reviews by number.
func RetentionReviews(ctx context.Context, q sqlx.QueryerContext) ([]RetentionReview, error) {
	return list[RetentionReview](ctx, q, "SELECT `number`, `reviewed_on`, `reviewed_by`, `category`, `source`, `clause`, `records`, `made_at` FROM `retention_review` ORDER BY `number`")
}
