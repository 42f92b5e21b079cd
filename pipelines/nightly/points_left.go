package nightly

import (
	"cmp"
	"context"
	"slices"

	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/protect"
)

// pastPoint is a contact point that the vault alone knew of somebody who turned out to be erased. The vault lets go of it before the
// register lets go of what came by it: a night that is killed between the two leaves it to the next one.
type pastPoint struct {
	Of    string `parquet:"of"` // the inner token of the record that had it, or the subject of one that its source gave up
	Point string `parquet:"point"`
}

// addPastPoints takes some that are not there yet.
func (n *Night) addPastPoints(of string, points []string) {
	for _, point := range points {
		if p := (pastPoint{of, point}); !slices.Contains(n.leftPoints, p) {
			n.leftPoints = append(n.leftPoints, p)
		}
	}
}

// notePastPoints writes them down before the vault is written.
func (n *Night) notePastPoints(ctx context.Context, r *pipelines.Run) error {
	if len(n.leftPoints) == 0 {
		return nil
	}
	digest, err := snapshot.WriteRows(n.ws.State, n.leftPoints)
	if err != nil {
		return err
	}
	return memory{statePoints: digest}.commit(ctx, n.ws.RegisterDB, r)
}

// pastPointsToRemember gives those that are left after tonight: of people who are not found to be erased any more, or not yet, as the
// feed that says so did not land.
func (n *Night) pastPointsToRemember() []pastPoint {
	here, tokens := map[string]bool{}, n.ws.InnerTokens()
	for _, m := range n.rememberable() {
		here[m.Subject], here[protect.Record(tokens, canon.SystemOf(m.Feed), m.PersonKey)] = true, true
	}
	out := slices.DeleteFunc(slices.Clone(n.leftPoints), func(p pastPoint) bool { return !here[p.Of] })
	slices.SortFunc(out, func(a, b pastPoint) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Point, b.Point))
	})
	return out
}
