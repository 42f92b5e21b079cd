package survey

import (
	"context"

	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/extract"
)

// Period is the span of graduation days that a delivery covers, both included.
type Period struct {
	From canon.Date `json:"from"`
	To   canon.Date `json:"to"`
}

// SelectFacts is what the stage leaves in the ledger. Eligible = Sent + the sum of Withheld.
type SelectFacts struct {
	Recipient string             `json:"recipient"`
	Dataset   string             `json:"dataset"`
	Period    Period             `json:"period"`
	Register  string             `json:"register_commit"` // the nightly run that the register is at
	Verdict   string             `json:"verdict"`         // pass or warn
	Policy    string             `json:"policy"`          // pack and version
	Eligible  int64              `json:"eligible"`
	Sent      int64              `json:"sent"` // chosen to be sent
	Withheld  []extract.Withheld `json:"withheld"`
	Formulas  int64              `json:"formula_like_cells"`
	Columns   []extract.Column   `json:"columns"`
	Dry       bool               `json:"dry_run,omitempty"`
}

type selectStage struct{ s *Survey }

func (selectStage) Name() string { return "select" }

// Run selects, and writes nothing: what is sealed is selected again.
func (t selectStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Mode == pipelines.Backfill && !r.Dry {
		return nil, errBackfill
	}
	o := t.s.order(r)
	c, err := t.s.choose(ctx, r, o.From.Year())
	if err != nil {
		return nil, err
	}
	r.Progress.Advance(c.extract.Eligible, "graduates")
	return t.s.selected(r, c), nil
}

func (s *Survey) selected(r *pipelines.Run, c *choice) SelectFacts {
	o := s.order(r)
	return SelectFacts{
		Recipient: s.terms.Recipient, Dataset: s.terms.Dataset, Period: Period{o.From, o.To}, Register: c.gate.Run, Verdict: c.verdict,
		Policy: s.pack.ID + " " + s.pack.Version, Eligible: c.extract.Eligible, Sent: int64(len(c.extract.Rows)),
		Withheld: c.extract.Withheld, Formulas: c.extract.Formulas(), Columns: c.extract.Filled(), Dry: r.Dry,
	}
}
