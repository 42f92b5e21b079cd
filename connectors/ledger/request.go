package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

// Request is what a data subject asks of the controller (GDPR 15 to 22). It names the person by token, "" where the
// register does not have the person.
type Request struct {
	ID          string `db:"id"`
	Kind        string `db:"kind"`
	Person      string `db:"person"`
	Scope       string `db:"scope"`    // the data that it is about, in a word
	Office      string `db:"office"`   // through which it came
	Received    string `db:"received"` // day
	Due         string `db:"due"`      // last day for the answer
	Clause      string `db:"clause"`
	Authority   string `db:"authority"` // where one may complain, for the reply
	Proof       string `db:"proof"`     // how the requester's identity was proved
	ProvedBy    string `db:"proved_by"` // who saw it
	OpenedBy    string `db:"opened_by"`
	OpenedAt    int64  `db:"opened_at"`
	ExtendedFor string `db:"extended_for"` // why the answer was put off, or ""
	Outcome     string `db:"outcome"`      // "" while it is open
	Ground      string `db:"ground"`       // clause or article of a refusal
	ClosedBy    string `db:"closed_by"`
	ClosedAt    int64  `db:"closed_at"`
}

var requestColumns = []string{"id", "kind", "person", "scope", "office", "received", "due", "clause", "authority", "proof", "proved_by",
	"opened_by", "opened_at", "extended_for", "outcome", "ground", "closed_by", "closed_at"}

// Faults of requests.
var (
	ErrNoRequest    = fault.New("UOMA-REQ-NONE", "there is no request of that id", "uoma subject request list shows them")
	ErrRequestMoved = fault.New("UOMA-REQ-CLOSED", "the request is closed, or its answer was put off already", "uoma subject request show tells; open another one where the person asks anew")
	ErrNoBreach     = fault.New("UOMA-BRC-NONE", "there is no breach of that id", "uoma breach list shows them")
)

// AddRequest writes a new request.
func AddRequest(ctx context.Context, tx *sqlx.Tx, r Request) error {
	return insert(ctx, tx, "subject_request", requestColumns, r.ID, r.Kind, r.Person, r.Scope, r.Office, r.Received, r.Due, r.Clause, r.Authority, r.Proof,
		r.ProvedBy, r.OpenedBy, r.OpenedAt, r.ExtendedFor, r.Outcome, r.Ground, r.ClosedBy, r.ClosedAt)
}

// PutOffRequest gives an open request a later last day, once.
func PutOffRequest(ctx context.Context, tx *sqlx.Tx, id, due, why string) error {
	return orElse(ErrRequestMoved, swap(ctx, tx, "UPDATE `subject_request` SET `due` = ?, `extended_for` = ? WHERE `id` = ? AND `outcome` = '' AND `extended_for` = ''", due, why, id))
}

// CloseRequest ends an open request.
func CloseRequest(ctx context.Context, tx *sqlx.Tx, id, outcome, ground, by string, at int64) error {
	return orElse(ErrRequestMoved, swap(ctx, tx, "UPDATE `subject_request` SET `outcome` = ?, `ground` = ?, `closed_by` = ?, `closed_at` = ? WHERE `id` = ? AND `outcome` = ''",
		outcome, ground, by, at, id))
}

// FindRequest gives one request, or [ErrNoRequest].
func FindRequest(ctx context.Context, q sqlx.QueryerContext, id string) (r Request, err error) {
	ok, err := get(ctx, q, &r, "SELECT "+database.Columns(requestColumns)+" FROM `subject_request` WHERE `id` = ?", id)
	if err == nil && !ok {
		err = ErrNoRequest
	}
	return r, err
}

// Requests lists all requests, those that are due first at the top.
func Requests(ctx context.Context, q sqlx.QueryerContext) ([]Request, error) {
	return list[Request](ctx, q, "SELECT "+database.Columns(requestColumns)+" FROM `subject_request` ORDER BY `due`, `id`")
}

// Rectification is a correction that somebody is owed: the source that gave a value has to correct it. Wanted is a keyed token
// of the right value.
type Rectification struct {
	ID         string `db:"id"`
	Person     string `db:"person"`
	Table      string `db:"table_name"`
	Column     string `db:"column_name"`
	Source     string `db:"source"` // system
	Wanted     string `db:"wanted"`
	LearntFrom string `db:"learnt_from"` // person or public
	NotedBy    string `db:"noted_by"`
	NotedAt    int64  `db:"noted_at"`
	Request    string `db:"request"`
}

var rectificationColumns = []string{"id", "person", "table_name", "column_name", "source", "wanted", "learnt_from", "noted_by", "noted_at", "request"}

// AddRectification writes a correction down.
func AddRectification(ctx context.Context, tx *sqlx.Tx, r Rectification) error {
	return insert(ctx, tx, "rectification", rectificationColumns, r.ID, r.Person, r.Table, r.Column, r.Source, r.Wanted, r.LearntFrom, r.NotedBy, r.NotedAt, r.Request)
}

// Rectifications lists all corrections, the oldest first.
func Rectifications(ctx context.Context, q sqlx.QueryerContext) ([]Rectification, error) {
	return list[Rectification](ctx, q, "SELECT "+database.Columns(rectificationColumns)+" FROM `rectification` ORDER BY `noted_at`, `id`")
}

// FollowPerson lays what the books have of a person beside the one who that person was found to be.
func FollowPerson(ctx context.Context, tx *sqlx.Tx, person, is string) error {
	for _, query := range []string{
		"UPDATE `subject_request` SET `person` = ? WHERE `person` = ?",
		"UPDATE `rectification` SET `person` = ? WHERE `person` = ?",
		"UPDATE `legal_disclosure` SET `person` = ? WHERE `person` = ?",
	} {
		if _, err := tx.ExecContext(ctx, query, is, person); err != nil {
			return database.Failed("move what the books have of a person", err)
		}
	}
	return nil
}

// ForgetRectifications removes the corrections of an erased person. Requests stay: they prove what was asked and done.
func ForgetRectifications(ctx context.Context, tx *sqlx.Tx, person string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM `rectification` WHERE `person` = ?", person)
	return database.Failed("forget the corrections of a person", err)
}

// LegalDisclosure is a disclosure that a law wants. Who asks and why stand as labels.
type LegalDisclosure struct {
	ID          string `db:"id"`
	Person      string `db:"person"`
	Recipient   string `db:"recipient"`
	Categories  string `db:"categories"` // by commas
	Ground      string `db:"ground"`     // the law
	Case        string `db:"case_ref"`
	ApprovedBy  string `db:"approved_by"` // another than who wrote it down
	DisclosedAt int64  `db:"disclosed_at"`
	NotedBy     string `db:"noted_by"`
	NotedAt     int64  `db:"noted_at"`
}

var legalColumns = []string{"id", "person", "recipient", "categories", "ground", "case_ref", "approved_by", "disclosed_at", "noted_by", "noted_at"}

// AddLegalDisclosure writes a disclosure down.
func AddLegalDisclosure(ctx context.Context, tx *sqlx.Tx, d LegalDisclosure) error {
	return insert(ctx, tx, "legal_disclosure", legalColumns, d.ID, d.Person, d.Recipient, d.Categories, d.Ground, d.Case, d.ApprovedBy, d.DisclosedAt, d.NotedBy, d.NotedAt)
}

// LegalDisclosures lists all disclosures by law, the oldest first.
func LegalDisclosures(ctx context.Context, q sqlx.QueryerContext) ([]LegalDisclosure, error) {
	return list[LegalDisclosure](ctx, q, "SELECT "+database.Columns(legalColumns)+" FROM `legal_disclosure` ORDER BY `disclosed_at`, `id`")
}
