package rights

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var (
	errKind     = fault.New("UOMA-REQ-KIND", "there is no request of that kind", "write access, rectification, erasure, restriction, objection, portability, information or complaint")
	errOffice   = fault.New("UOMA-REQ-OFFICE", "no request comes through that office by the pack", "name one of the pack's offices for the kind, or add yours to the workspace's own pack")
	errNeeds    = fault.New("UOMA-REQ-NEEDS", "the notice wants more before the request is opened", "give --scope with the data that it is about, or --proof and --proved-by with how the identity was proved and by whom")
	errProof    = fault.New("UOMA-REQ-PROOF", "that proves no identity", "write id_card, passport, strong_login, in_person, signature, known_address or representative, and --proved-by")
	errReceived = fault.New("UOMA-REQ-RECEIVED", "nothing can have been received in the future", "correct --received")
	errWhy      = fault.New("UOMA-REQ-EXTEND", "an answer is put off for one of two reasons", "write complexity or number (GDPR 12(3)), before the first period has passed")
	errOutcome  = fault.New("UOMA-REQ-OUTCOME", "that is no outcome", "write done, partly, refused, withdrawn or forwarded; a refusal names its --ground, a clause or an article")
)

var (
	proofs   = []string{"id_card", "passport", "strong_login", "in_person", "signature", "known_address", "representative"}
	outcomes = []string{"done", "partly", "refused", "withdrawn", "forwarded"}
	ground   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ()./§-]{0,63}$`)
)

// Asked is a request on its way into the ledger.
type Asked struct {
	Kind, Person, Scope, Office string
	Received                    canon.Date
	Proof, ProvedBy             string
}

// shortID draws an id that people can say over the phone.
func (a *Author) shortID() (string, error) {
	id, err := a.newID()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%04d-%s", a.At.UTC().Year(), id[:8]), nil
}

// Open writes a request down, with the last day for its answer by the pack in force.
func Open(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, asked Asked, a Author) (r ledger.Request, err error) {
	entry, known := pack.Request(asked.Kind)
	switch {
	case a.check() != nil:
		return r, errBy
	case !known:
		return r, errKind.At(fault.Place{Field: asked.Kind})
	case asked.Received > pack.Day(a.At.UnixMicro()):
		return r, errReceived
	case !labelled(asked.Scope) || !labelled(asked.Office):
		return r, errLabel
	case len(entry.Offices) > 0 && !slices.Contains(entry.Offices, asked.Office):
		return r, errOffice.At(fault.Place{Field: strings.Join(entry.Offices, ", ")})
	case asked.Proof != "" && (!slices.Contains(proofs, asked.Proof) || !by.MatchString(asked.ProvedBy)):
		return r, errProof
	}
	for _, need := range entry.Needs {
		if need == policy.NeedsScope && asked.Scope == "" || need == policy.NeedsIdentity && asked.Proof == "" {
			return r, errNeeds.At(fault.Place{Field: need})
		}
	}
	r = ledger.Request{Kind: asked.Kind, Person: asked.Person, Scope: asked.Scope, Office: asked.Office, Received: asked.Received.String(),
		Due: entry.DueOn(asked.Received).String(), Authority: entry.Authority, Proof: asked.Proof, ProvedBy: asked.ProvedBy, OpenedBy: a.By, OpenedAt: a.At.UnixMicro()}
	if len(entry.Clause) > 0 {
		r.Clause = entry.Clause[0]
	}
	if r.ID, err = a.shortID(); err != nil {
		return r, err
	}
	return r, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddRequest(ctx, tx, r); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.SubjectRequest, r.Person, "open", r.Kind, r.ID))
	})
}

// Known fails for a person whom the register does not have.
func Known(ctx context.Context, ws *workspace.Workspace, person string) error {
	return ws.Register.See(ctx, func(v *register.View) error {
		_, err := recordsOf(ctx, v, person)
		return err
	})
}

// Extend puts the answer to a request off, once, by as much as the pack lets.
func Extend(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, id, why string, a Author) (r ledger.Request, err error) {
	if err := a.check(); err != nil {
		return r, err
	}
	if r, err = ledger.FindRequest(ctx, ws.RegisterDB, id); err != nil {
		return r, err
	}
	if why != "complexity" && why != "number" || pack.Day(a.At.UnixMicro()).String() > r.Due {
		return r, errWhy
	}
	received, err := canon.ParseDate(r.Received)
	if err != nil {
		return r, err
	}
	if entry, known := pack.Request(r.Kind); known {
		r.Due, r.ExtendedFor = entry.ExtendedTo(received).String(), why
	}
	return r, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.PutOffRequest(ctx, tx, id, r.Due, why); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.SubjectRequest, r.Person, "extend", why, id))
	})
}

// CloseRequest ends a request with its outcome; a refusal names its ground.
func CloseRequest(ctx context.Context, ws *workspace.Workspace, id, outcome, why string, a Author) (r ledger.Request, err error) {
	switch {
	case a.check() != nil:
		return r, errBy
	case !slices.Contains(outcomes, outcome), (outcome == "refused" || outcome == "partly") && why == "", why != "" && !ground.MatchString(why):
		return r, errOutcome
	}
	if r, err = ledger.FindRequest(ctx, ws.RegisterDB, id); err != nil {
		return r, err
	}
	r.Outcome, r.Ground, r.ClosedBy, r.ClosedAt = outcome, why, a.By, a.At.UnixMicro()
	return r, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.CloseRequest(ctx, tx, id, outcome, why, a.By, r.ClosedAt); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.SubjectRequest, r.Person, "close", outcome, id))
	})
}

// Late tells whether the answer to a request is overdue on a day.
func Late(r *ledger.Request, day canon.Date) bool { return r.Outcome == "" && r.Due < day.String() }
