package outbox

import (
	"database/sql"
	"strings"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// stamp is how instants stand in the tables: UTC, microseconds, one width, so that texts compare as times do.
const stamp = "2006-01-02T15:04:05.000000Z"

// row is a delivery as the table has it.
type row struct {
	ID              string         `db:"id"`
	Pipeline        string         `db:"pipeline"`
	Sender          string         `db:"sender"`
	Recipient       string         `db:"recipient"`
	Dataset         string         `db:"dataset"`
	Kind            string         `db:"kind"`
	Supersedes      string         `db:"supersedes"`
	PeriodFrom      string         `db:"period_from"`
	PeriodTo        string         `db:"period_to"`
	PeriodClaim     sql.NullString `db:"period_claim"`
	State           string         `db:"state"`
	Version         int64          `db:"version"`
	Attempts        int64          `db:"attempts"`
	Sequence        sql.NullInt64  `db:"sequence"`
	Nonce           string         `db:"nonce"`
	SelectionDigest string         `db:"selection_digest"`
	RegisterCommit  string         `db:"register_commit"`
	QualityVerdict  string         `db:"quality_verdict"`
	QualitySHA256   string         `db:"quality_sha256"`
	ConsentCutAt    string         `db:"consent_cut_at"`
	ManifestSHA256  string         `db:"manifest_sha256"`
	PreviousSHA256  string         `db:"previous_manifest_sha256"`
	PayloadSHA256   string         `db:"payload_sha256"`
	PayloadBytes    int64          `db:"payload_bytes"`
	ReceiptSequence int64          `db:"receipt_sequence"`
	ReceiptSHA256   string         `db:"receipt_sha256"`
	ReceiptStatus   string         `db:"receipt_status"`
	ReceiptLevel    string         `db:"receipt_level"`
	NotAfter        string         `db:"not_after"`
	CreatedAt       string         `db:"created_at"`
	UpdatedAt       string         `db:"updated_at"`
	Fence           int64          `db:"fence"`
}

// columns in the table's order.
var columns = []string{
	"id", "pipeline", "sender", "recipient", "dataset", "kind", "supersedes", "period_from", "period_to", "period_claim",
	"state", "version", "attempts", "sequence", "nonce", "selection_digest", "register_commit", "quality_verdict",
	"quality_sha256", "consent_cut_at", "manifest_sha256", "previous_manifest_sha256", "payload_sha256", "payload_bytes",
	"receipt_sequence", "receipt_sha256", "receipt_status", "receipt_level", "not_after", "created_at", "updated_at", "fence",
}

// fixed is how many leading columns, and created_at, never change after the insert.
const fixed = 9

var (
	selectRow = "SELECT " + strings.Join(columns, ", ") + " FROM delivery "
	insertRow = "INSERT INTO delivery (" + strings.Join(columns, ", ") + ") VALUES (:" + strings.Join(columns, ", :") + ")"
	updateRow = "UPDATE delivery SET " + assignments() + " WHERE id = :id AND state = :state_before AND version = :version_before"
)

func assignments() string {
	var set []string
	for _, c := range columns[fixed:] {
		if c != "created_at" {
			set = append(set, c+" = :"+c)
		}
	}
	return strings.Join(set, ", ")
}

func rowOf(d *Delivery) row {
	r := row{
		ID: d.ID, Pipeline: d.Pipeline, Sender: d.Chain.Sender, Recipient: d.Chain.Recipient, Dataset: d.Chain.Dataset,
		Kind: d.Kind, Supersedes: d.Supersedes, PeriodFrom: d.From.String(), PeriodTo: d.To.String(),
		State: string(d.State), Version: d.Version, Attempts: d.Attempts,
		Sequence: sql.NullInt64{Int64: d.Sequence, Valid: d.Sequence > 0},
		Nonce:    d.Nonce, SelectionDigest: d.SelectionDigest, RegisterCommit: d.RegisterCommit,
		QualityVerdict: d.QualityVerdict, QualitySHA256: d.QualitySHA256, ConsentCutAt: text(d.ConsentCutAt),
		ManifestSHA256: d.ManifestSHA256, PreviousSHA256: d.PreviousManifestSHA256,
		PayloadSHA256: d.PayloadSHA256, PayloadBytes: d.PayloadBytes,
		ReceiptSequence: d.ReceiptSequence, ReceiptSHA256: d.ReceiptSHA256, ReceiptStatus: d.ReceiptStatus, ReceiptLevel: d.ReceiptLevel,
		NotAfter: text(d.NotAfter), CreatedAt: text(d.CreatedAt), UpdatedAt: text(d.UpdatedAt), Fence: d.Fence,
	}
	if (d.Kind == "full" || d.Kind == "delta") && d.Supersedes == "" && d.State != Voided {
		r.PeriodClaim = sql.NullString{String: r.PeriodFrom + "/" + r.PeriodTo, Valid: true}
	}
	return r
}

func (r *row) delivery() (Delivery, error) {
	var wrong error
	day := func(s string) canon.Date {
		d, err := canon.ParseDate(s)
		wrong = first(wrong, err)
		return d
	}
	instant := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		t, err := time.Parse(stamp, s)
		wrong = first(wrong, err)
		return t
	}
	d := Delivery{
		ID: r.ID, Pipeline: r.Pipeline, Chain: Chain{r.Sender, r.Recipient, r.Dataset},
		Kind: r.Kind, Supersedes: r.Supersedes, From: day(r.PeriodFrom), To: day(r.PeriodTo),
		State: State(r.State), Version: r.Version, Attempts: r.Attempts, Sequence: r.Sequence.Int64,
		Nonce: r.Nonce, SelectionDigest: r.SelectionDigest, RegisterCommit: r.RegisterCommit,
		QualityVerdict: r.QualityVerdict, QualitySHA256: r.QualitySHA256, ConsentCutAt: instant(r.ConsentCutAt),
		ManifestSHA256: r.ManifestSHA256, PreviousManifestSHA256: r.PreviousSHA256,
		PayloadSHA256: r.PayloadSHA256, PayloadBytes: r.PayloadBytes,
		ReceiptSequence: r.ReceiptSequence, ReceiptSHA256: r.ReceiptSHA256, ReceiptStatus: r.ReceiptStatus, ReceiptLevel: r.ReceiptLevel,
		NotAfter: instant(r.NotAfter), CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt), Fence: r.Fence,
	}
	if wrong != nil {
		return Delivery{}, fault.New("UOMA-DLV-ROW", "a row of the delivery ledger cannot be read", "restore the database from its backup").Wrap(wrong)
	}
	return d, nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}
