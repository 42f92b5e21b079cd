package survey

import (
	"context"

	"uoma/connectors/outbox"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
)

// ReceiptFacts is what the stage leaves in the ledger.
type ReceiptFacts struct {
	Delivery string `json:"delivery_id,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	State    string `json:"state"`                    // of the delivery; "dry-run" when nothing was sent
	Status   string `json:"receipt_status,omitempty"` // accepted or rejected
	Level    string `json:"receipt_level,omitempty"`  // stored, opened or validated
	Receipt  string `json:"receipt_sha256,omitempty"` // hex
	Already  bool   `json:"already,omitempty"`        // an earlier run had closed the delivery
}

type receiptStage struct{ s *Survey }

func (receiptStage) Name() string { return "receipt" }

// Run waits for the endpoint's receipt, verifies it and closes the delivery. A delivery that the endpoint rejected is
// closed too, and is an error.
func (t receiptStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Dry {
		return ReceiptFacts{State: dryRun}, nil
	}
	var facts ReceiptFacts
	err := t.s.holding(ctx, r, func(ctx context.Context, m *delivery.Machine, d *outbox.Delivery) error {
		if d.ID == "" {
			return outbox.ErrNone // taken back by somebody else since it was sealed
		}
		facts.Already = d.State == outbox.Closed
		err := m.Advance(ctx, d)
		facts.Delivery, facts.Sequence, facts.State = d.ID, d.Sequence, string(d.State)
		facts.Status, facts.Level, facts.Receipt = d.ReceiptStatus, d.ReceiptLevel, d.ReceiptSHA256
		return err
	})
	return facts, err
}
