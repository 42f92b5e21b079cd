package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Breach is a breach of personal data (GDPR 33). It names nobody and tells nothing of anybody.
type Breach struct {
	ID      string `db:"id"`
	Kind    string `db:"kind"`  // loss, disclosure, access, alteration, destruction
	Place   string `db:"place"` // system or store
	Risk    string `db:"risk"`  // none, risk, high
	People  int64  `db:"people"`
	KnownAt int64  `db:"known_at"` // microseconds
	NotedBy string `db:"noted_by"`
	NotedAt int64  `db:"noted_at"`
}

// BreachNotice says that somebody was told of a breach.
type BreachNotice struct {
	Breach  string `db:"breach"`
	Told    string `db:"told"` // authority, people, dpo, controller
	ToldAt  int64  `db:"told_at"`
	NotedBy string `db:"noted_by"`
	NotedAt int64  `db:"noted_at"`
}

var (
	breachColumns = []string{"id", "kind", "place", "risk", "people", "known_at", "noted_by", "noted_at"}
	noticeColumns = []string{"breach", "told", "told_at", "noted_by", "noted_at"}
)

// AddBreach writes a breach down.
func AddBreach(ctx context.Context, tx *sqlx.Tx, b Breach) error {
	return insert(ctx, tx, "breach", breachColumns, b.ID, b.Kind, b.Place, b.Risk, b.People, b.KnownAt, b.NotedBy, b.NotedAt)
}

// Breaches lists all breaches, the oldest first.
func Breaches(ctx context.Context, q sqlx.QueryerContext) ([]Breach, error) {
	return list[Breach](ctx, q, "SELECT "+database.Columns(breachColumns)+" FROM `breach` ORDER BY `known_at`, `id`")
}

// AddBreachNotice writes down who was told; a breach that is not there is [ErrNoBreach].
func AddBreachNotice(ctx context.Context, tx *sqlx.Tx, n BreachNotice) error {
	var id string
	ok, err := get(ctx, tx, &id, "SELECT `id` FROM `breach` WHERE `id` = ?", n.Breach)
	switch {
	case err != nil:
		return err
	case !ok:
		return ErrNoBreach
	}
	return insert(ctx, tx, "breach_notice", noticeColumns, n.Breach, n.Told, n.ToldAt, n.NotedBy, n.NotedAt)
}

// BreachNotices lists who was told of breaches, the oldest first.
func BreachNotices(ctx context.Context, q sqlx.QueryerContext) ([]BreachNotice, error) {
	return list[BreachNotice](ctx, q, "SELECT "+database.Columns(noticeColumns)+" FROM `breach_notice` ORDER BY `told_at`, `breach`, `told`")
}
