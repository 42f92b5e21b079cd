package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
)

// nightly is the pipeline whose last run the extract rests on, and reportStage the stage that judged it.
const (
	nightly     = "nightly"
	reportStage = "report"
)

var errGate = fault.New("UOMA-DLV-QUALITY-GATE", "the data is not fit to be sent", "read the quality report, correct what it names and run the nightly pipeline first")

// gate is what the last nightly run says of the register.
type gate struct {
	Run     string // the register's present commit
	Date    string // its logical date, YYYY-MM-DD
	Verdict string // pass or warn
}

// check reads the last nightly run. A run that is under way or failed, one without a verdict, and one that its report
// blocks let nothing through.
func (s *Survey) check(ctx context.Context) (gate, error) {
	runs, err := ledger.Runs(ctx, s.ws.RegisterDB, nightly, 1)
	if err != nil {
		return gate{}, err
	}
	if len(runs) == 0 {
		return gate{}, errGate.Because(errors.New("there is no nightly run"))
	}
	last := runs[0]
	if last.State != ledger.Finished && last.State != ledger.Partial {
		return gate{}, errGate.At(fault.Place{Field: last.ID}).Because(errors.New("the last nightly run is not finished"))
	}
	stage, found, err := ledger.FindStage(ctx, s.ws.RegisterDB, last.ID, reportStage)
	if err != nil {
		return gate{}, err
	}
	var facts struct {
		Verdict string `json:"verdict"`
	}
	if found {
		if err := json.Unmarshal([]byte(stage.Facts), &facts); err != nil {
			return gate{}, errGate.At(fault.Place{Field: last.ID}).Wrap(err)
		}
	}
	if facts.Verdict != "pass" && facts.Verdict != "warn" {
		return gate{}, errGate.At(fault.Place{Field: last.ID}).Because(fmt.Errorf("the verdict of its report is %q", facts.Verdict))
	}
	return gate{last.ID, last.LogicalDate, facts.Verdict}, nil
}
