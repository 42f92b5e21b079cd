package workspace

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/access"
	"uoma/transforms/policy"
)

// OperatorsFile is where a workspace names its operators, unless its settings say otherwise.
const OperatorsFile = "operators.yaml"

var (
	errNoOperators = fault.New("UOMA-OPR-ABSENT", "the settings name a file of operators that cannot be read, so nobody may do anything",
		"put the file back, or write it anew: docs/operator.md says how")
	errOperatorsWritable = fault.New("UOMA-OPR-WRITABLE", "others may write to the file of operators, and so give themselves any role", "chmod go-w the file: 0644, of root, is best")
	errOperatorsOwner    = fault.New("UOMA-OPR-OWNER", "the file of operators is neither of root nor of the account that runs the program", "let root own the file, mode 0644")
	errTwoRoles          = fault.New("UOMA-OPR-ROLES", "roles stand both in uoma.yaml and in the file of operators", "take roles: out of uoma.yaml; the file of operators says who approves what")
)

// readOperators reads the file of operators; it gives nil where there is none and the settings demand none.
func (s *Settings) readOperators(dir string, src []byte) (*access.Operators, error) {
	file := cmp.Or(s.Operators, OperatorsFile)
	text, err := os.ReadFile(within(dir, file))
	if err == nil {
		err = ownersAlone(within(dir, file), os.Getuid(), errOperatorsWritable, errOperatorsOwner)
	}
	switch {
	case errors.Is(err, errOperatorsWritable), errors.Is(err, errOperatorsOwner):
		return nil, err
	case errors.Is(err, fs.ErrNotExist) && s.Operators == "":
		return nil, nil
	case err != nil:
		return nil, errNoOperators.At(document.Locate(FileName, src, "operators"))
	case len(s.Roles.DPO)+len(s.Roles.Approver) > 0:
		return nil, errTwoRoles.At(document.Locate(FileName, src, "roles"))
	}
	return access.Parse(file, text)
}

// Access is what of a workspace is known before it is opened: who may do what, on which calendar, and which networks
// may be reached.
type Access struct {
	Operators *access.Operators // nil where everybody may do everything
	Location  *time.Location

	network Network
}

// ReadAccess reads who may do what in the workspace in dir, without keys and stores. Settings that cannot be read give
// nothing and no error: whoever opens the workspace is told.
func ReadAccess(dir string) (Access, error) {
	s, src, err := readSettings(dir)
	if err != nil {
		return Access{Location: time.UTC}, nil
	}
	o, err := s.readOperators(dir, src)
	return Access{o, s.Location, s.Network}, err
}

// Reach gives the networks that may be dialled; bound is false where the settings bind nothing. A list that cannot be read
// lets nothing be dialled.
func (a *Access) Reach() (to []netip.Prefix, bound bool) {
	to, _ = a.network.reach(nil) // whoever opens the workspace is told what is wrong
	return to, len(a.network.Inside) > 0
}

// operatorsState names the digest of the file of operators among the ledger's states.
const operatorsState = "operators"

// NoteOperators writes into the audit log that the file of operators is another than when the workspace was last opened:
// its digest, or none.
func (w *Workspace) NoteOperators(ctx context.Context, actor func() string, at time.Time) error {
	digest := "none"
	if w.Operators != nil {
		digest = w.Operators.Digest()
	}
	before, known, err := ledger.FindState(ctx, w.RegisterDB, operatorsState, operatorsState)
	if err != nil || before.Digest == digest || !known && w.Operators == nil {
		return err
	}
	return w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		now := ledger.State{Pipeline: operatorsState, Name: operatorsState, Digest: digest}
		if err := ledger.SetState(ctx, tx, now, before.Digest); err != nil {
			return err
		}
		return w.Audit.Append(ctx, tx, ledger.Entry{At: at.UnixMicro(), Actor: actor(), Verb: ledger.OperatorsChanged, Reason: digest})
	})
}

// Approves tells whether somebody may allow what another asked for. Without operators the settings name whom: officers
// allow everything, and where approvers are named nobody else allows anything.
func (w *Workspace) Approves(actor string, p access.Permission, at time.Time) bool {
	if w.Operators != nil {
		return w.Operators.Decide(w.Operators.Named(actor), p, canon.DateOf(at.In(w.Settings.Location))) == nil
	}
	roles := w.Settings.Roles
	if slices.Contains(roles.DPO, actor) {
		return true
	}
	return p == access.ApproveReveal && (len(roles.Approver) == 0 || slices.Contains(roles.Approver, actor))
}

// wordFor is how long somebody's word for what another is to do counts.
const wordFor = 14 * 24 * time.Hour

// Allowed gives the number in the audit log of the last word by which somebody allowed an act of another; 0 where none counts.
func (w *Workspace) Allowed(ctx context.Context, q sqlx.QueryerContext, by, subject, act string, now time.Time) (int64, error) {
	said, err := w.Audit.Lines(ctx, q, ledger.AuditFilter{Verb: string(ledger.ActApproved), Actor: by, Subject: subject, Reason: act,
		Since: now.Add(-wordFor), Limit: 1})
	if err != nil || len(said) == 0 {
		return 0, err
	}
	return said[0].Number, nil
}

// Bound refuses to send to a processor of the pack that has not committed to secrecy. Without operators there is no book of
// commitments.
func (w *Workspace) Bound(pack *policy.Pack, recipient string, day canon.Date) error {
	if w.Operators == nil || !pack.IsProcessor(recipient) {
		return nil
	}
	return w.Operators.Bound(recipient, day)
}
