package ledger

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// States of a reveal, in the order in which it goes through them.
const (
	RevealAsked   = "requested"
	RevealAllowed = "approved"
	RevealDone    = "shown"
)

// Reveal is a request to learn who some pseudonyms are. It holds no identity.
type Reveal struct {
	Number      int64  `db:"number"` // 1 and up
	State       string `db:"state"`
	Domain      string `db:"domain"`     // of the pseudonyms
	Pseudonyms  string `db:"pseudonyms"` // a line each
	Reason      string `db:"reason"`     // a code of a fixed list
	Clause      string `db:"clause"`
	RequestedBy string `db:"requested_by"`
	RequestedAt int64  `db:"requested_at"`
	ExpiresAt   int64  `db:"expires_at"`
	ApprovedBy  string `db:"approved_by"` // "" until somebody has
	ApprovedAt  int64  `db:"approved_at"`
	ShownAt     int64  `db:"shown_at"` // 0 until it was
}

// Tokens gives the pseudonyms one by one.
func (r *Reveal) Tokens() []string { return strings.Split(r.Pseudonyms, "\n") }

var revealColumns = []string{"number", "state", "domain", "pseudonyms", "reason", "clause", "requested_by", "requested_at", "expires_at", "approved_by", "approved_at", "shown_at"}

// AddReveal writes a new request and numbers it. Of two programs that add one at the same moment one fails.
func AddReveal(ctx context.Context, tx *sqlx.Tx, r *Reveal) error {
	last, err := lastNumber(ctx, tx, "reveal")
	if err != nil {
		return err
	}
	r.Number, r.State = last+1, RevealAsked
	return insert(ctx, tx, "reveal", revealColumns, r.Number, r.State, r.Domain, r.Pseudonyms, r.Reason, r.Clause, r.RequestedBy, r.RequestedAt, r.ExpiresAt, "", 0, 0)
}

// ApproveReveal notes who allows a request that nobody has allowed yet.
func ApproveReveal(ctx context.Context, tx *sqlx.Tx, number int64, by string, now time.Time) error {
	return swap(ctx, tx, "UPDATE `reveal` SET `state` = ?, `approved_by` = ?, `approved_at` = ? WHERE `number` = ? AND `state` = ?",
		RevealAllowed, by, now.UnixMicro(), number, RevealAsked)
}

// SpendReveal notes that an approved request is shown, which it is once.
func SpendReveal(ctx context.Context, tx *sqlx.Tx, number int64, now time.Time) error {
	return swap(ctx, tx, "UPDATE `reveal` SET `state` = ?, `shown_at` = ? WHERE `number` = ? AND `state` = ?", RevealDone, now.UnixMicro(), number, RevealAllowed)
}

// FindReveal gives a request by its number.
func FindReveal(ctx context.Context, q sqlx.QueryerContext, number int64) (r Reveal, ok bool, err error) {
	ok, err = get(ctx, q, &r, "SELECT "+database.Columns(revealColumns)+" FROM `reveal` WHERE `number` = ?", number)
	return r, ok, err
}

// Reveals lists the requests made from one moment to before another, oldest first.
func Reveals(ctx context.Context, q sqlx.QueryerContext, from, to time.Time) ([]Reveal, error) {
	return list[Reveal](ctx, q, "SELECT "+database.Columns(revealColumns)+" FROM `reveal` WHERE `requested_at` >= ? AND `requested_at` < ? ORDER BY `number`",
		from.UnixMicro(), to.UnixMicro())
}
