package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
)

// nightly is the pipeline whose last run the extract rests on, and reportStage the stage that judged it.
const (
	nightly     = "nightly"
	reportStage = "report"
)

var errGate = fault.New("UOMA-DLV-QUALITY-GATE", "the data is not fit to be sent", "read the quality report, correct what it names and run the nightly pipeline first")

// Gate is what the last nightly run says of the register.
type Gate struct {
	Run     string // the register's present commit
	Date    string // its logical date, YYYY-MM-DD
	Verdict string // pass or warn, where something goes by it
}

// CheckGate reads the last nightly run. A run that is under way or failed, one without a verdict, and one that its report
// blocks let nothing through.
func CheckGate(ctx context.Context, ws *workspace.Workspace) (Gate, error) {
	g, err := LastNight(ctx, ws)
	if err == nil && g.Verdict != "pass" && g.Verdict != "warn" {
		return Gate{}, errGate.At(fault.Place{Field: g.Run}).Because(fmt.Errorf("the verdict of its report is %q", g.Verdict))
	}
	return g, err
}

// LastNight reads the last nightly run, which is not under way and has not failed, whatever its report says.
func LastNight(ctx context.Context, ws *workspace.Workspace) (Gate, error) {
	runs, err := ledger.Runs(ctx, ws.RegisterDB, nightly, 1)
	if err != nil {
		return Gate{}, err
	}
	if len(runs) == 0 {
		return Gate{}, errGate.Because(errors.New("there is no nightly run"))
	}
	last := runs[0]
	if last.State != ledger.Finished && last.State != ledger.Partial {
		return Gate{}, errGate.At(fault.Place{Field: last.ID}).Because(errors.New("the last nightly run is not finished"))
	}
	stage, found, err := ledger.FindStage(ctx, ws.RegisterDB, last.ID, reportStage)
	if err != nil {
		return Gate{}, err
	}
	var facts struct {
		Verdict string `json:"verdict"`
	}
	if found {
		if err := json.Unmarshal([]byte(stage.Facts), &facts); err != nil {
			return Gate{}, errGate.At(fault.Place{Field: last.ID}).Wrap(err)
		}
	}
	return Gate{last.ID, last.LogicalDate, facts.Verdict}, nil
}
