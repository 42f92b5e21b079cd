package rights

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
)

var (
	errBreach = fault.New("UOMA-BRC-KIND", "a breach is not described so", "write loss, disclosure, access, alteration or destruction, a --place, and --risk none, risk or high")
	errTold   = fault.New("UOMA-BRC-TOLD", "nobody of that name is told of breaches", "write authority, people, dpo or controller, and a moment after the breach was known")
)

var (
	breaches = []string{"loss", "disclosure", "access", "alteration", "destruction"}
	risks    = []string{"none", "risk", "high"}
	tellable = []string{"authority", "people", "dpo", "controller"}
)

// toAuthority is by when the authority is told of a breach, from when it was known (GDPR 33(1)).
const toAuthority = 72 * time.Hour

// NoteBreach writes a breach down. The book holds what it was, where, how grave and how many, and nothing of anybody.
func NoteBreach(ctx context.Context, ws *workspace.Workspace, b ledger.Breach, a Author) (ledger.Breach, error) {
	known := time.UnixMicro(b.KnownAt)
	switch {
	case a.check() != nil:
		return b, errBy
	case !slices.Contains(breaches, b.Kind), !slices.Contains(risks, b.Risk), b.Place == "", b.People < 0:
		return b, errBreach
	case !labelled(b.Place):
		return b, errLabel
	case known.After(a.At):
		return b, errWhen
	}
	var err error
	if b.ID, err = a.shortID(); err != nil {
		return b, err
	}
	b.NotedBy, b.NotedAt = a.By, a.At.UnixMicro()
	return b, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddBreach(ctx, tx, b); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.BreachNoted, "", b.Kind, b.Risk, b.ID))
	})
}

// NoteTold writes down that somebody was told of a breach.
func NoteTold(ctx context.Context, ws *workspace.Workspace, id, whom string, at time.Time, a Author) error {
	switch {
	case a.check() != nil:
		return errBy
	case !slices.Contains(tellable, whom):
		return errTold
	case at.After(a.At):
		return errWhen
	}
	return ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		n := ledger.BreachNotice{Breach: id, Told: whom, ToldAt: at.UnixMicro(), NotedBy: a.By, NotedAt: a.At.UnixMicro()}
		if err := ledger.AddBreachNotice(ctx, tx, n); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.BreachNoted, "", "told", whom, id))
	})
}

// BreachState is a breach with what is still owed.
type BreachState struct {
	ledger.Breach
	Told     map[string]int64 // who was told, and first when
	Deadline time.Time        // by when the authority is told; zero when there is no risk to anybody
	Late     bool             // the authority was not told by then
	Owed     []string         // who has still to be told: authority, people
}

// Breaches lists all breaches as they stand at a moment.
func Breaches(ctx context.Context, ws *workspace.Workspace, now time.Time) ([]BreachState, error) {
	all, err := ledger.Breaches(ctx, ws.RegisterDB)
	if err != nil {
		return nil, err
	}
	notices, err := ledger.BreachNotices(ctx, ws.RegisterDB)
	if err != nil {
		return nil, err
	}
	out := make([]BreachState, 0, len(all))
	for _, b := range all {
		s := BreachState{Breach: b, Told: map[string]int64{}, Owed: []string{}}
		for _, n := range notices {
			if at, seen := s.Told[n.Told]; n.Breach == b.ID && (!seen || n.ToldAt < at) {
				s.Told[n.Told] = n.ToldAt
			}
		}
		if b.Risk != "none" {
			s.Deadline = time.UnixMicro(b.KnownAt).Add(toAuthority).UTC()
			at, yes := s.Told["authority"]
			if !yes {
				s.Owed = append(s.Owed, "authority")
			}
			s.Late = yes && at > s.Deadline.UnixMicro() || !yes && now.After(s.Deadline)
		}
		if _, yes := s.Told["people"]; b.Risk == "high" && !yes {
			s.Owed = append(s.Owed, "people")
		}
		out = append(out, s)
	}
	return out, nil
}
