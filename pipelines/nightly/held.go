package nightly

import (
	"context"
	"errors"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/transforms/policy"
)

var errHeld = fault.New("UOMA-ERA-HELD", "a hold or a restriction is on the person, and stands before an erasure",
	"uoma subject words says which; lift it when its ground is gone")

// erasable fails while a hold or a restriction that was set by hand is on one of the records: a hold keeps data from being
// erased, and a restriction lets it be stored and no more.
func (n *Night) erasable(ctx context.Context, r *pipelines.Run, records []string) error {
	words, err := rights.ReadWords(ctx, &n.ws.Register.View)
	if err != nil {
		return err
	}
	var f policy.Facts
	now := r.Now()
	words.Tell(&f, records, canon.DateOf(now.In(n.ws.Settings.Location)), now.UnixMicro())
	for b, err := range n.ws.Register.Read(ctx, "recording", []string{"hold"}, register.All, register.Condition{Columns: []string{"record"}, Values: records}) {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			if b.Col(0).Bool(i) {
				return errHeld.Because(errors.New("a recording of the person is held for a case"))
			}
		}
	}
	switch {
	case len(f.Holds) > 0:
		return errHeld.Because(errors.New("holds: " + strings.Join(f.Holds, ", ")))
	case f.Restricted:
		return errHeld
	}
	return nil
}
