package survey

import (
	"context"

	"uoma/connectors/outbox"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
)

// DeliverFacts is what the stage leaves in the ledger.
type DeliverFacts struct {
	Delivery string `json:"delivery_id,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	State    string `json:"state"`             // of the delivery; "dry-run" when nothing was sent
	Already  bool   `json:"already,omitempty"` // an earlier run had sent it
	Attempts int64  `json:"attempts"`          // times that sending began
	Bytes    int64  `json:"bytes"`             // of the encrypted file
	// Anew is how often people changed their minds, or the register its rows, between sealing and the first byte.
	Anew int `json:"prepared_anew,omitempty"`
}

type deliverStage struct{ s *Survey }

func (deliverStage) Name() string { return "deliver" }

// Run sends the sealed file.
func (t deliverStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Dry {
		return DeliverFacts{State: dryRun}, nil
	}
	var facts DeliverFacts
	err := t.s.holding(ctx, r, func(ctx context.Context, m *delivery.Machine, d *outbox.Delivery) error {
		if d.ID == "" {
			return outbox.ErrNone // taken back by somebody else since it was sealed
		}
		facts.Already = d.State != outbox.Encrypted
		err := t.s.send(ctx, r, m, d, &facts)
		facts.Delivery, facts.Sequence, facts.State = d.ID, d.Sequence, string(d.State)
		facts.Attempts, facts.Bytes = d.Attempts, d.PayloadBytes
		return err
	})
	return facts, err
}

// send sends a sealed delivery. The last look before the first byte may void it: then it is prepared and sealed anew.
func (s *Survey) send(ctx context.Context, r *pipelines.Run, m *delivery.Machine, d *outbox.Delivery, facts *DeliverFacts) error {
	for range anew {
		if d.State != outbox.Encrypted {
			return nil
		}
		if err := m.Send(ctx, d); err == nil || d.State != outbox.Voided {
			return err
		}
		facts.Anew++
		if err := s.seal(ctx, r, m, d); err != nil {
			return err
		}
	}
	return delivery.ErrUnsteady
}
