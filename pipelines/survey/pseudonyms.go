package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/pseudonym"
)

var errMode = fault.New("UOMA-SVY-PSEUDONYMS", "the settings want other pseudonyms than people have in this epoch of the domain", "rotate the domain, with uoma key rotate domain RECIPIENT/DATASET: pseudonyms become random, or keyed, with a new epoch")

// Called gives what people of the register are called in the domain of a chain's recipient, in its present epoch. dry keeps
// nothing.
func Called(ctx context.Context, ws *workspace.Workspace, c outbox.Chain, persons []string, dry bool) (func(person string) string, error) {
	domain := c.Recipient + "/" + c.Dataset
	epoch := ws.Keys.DomainEpoch(domain)
	if err := oneMode(ctx, ws, c, domain, epoch); err != nil {
		return nil, err
	}
	if !ws.Settings.Random(domain) {
		d, err := ws.Domain(domain, epoch)
		return func(person string) string { return ws.PersonIn(d, person) }, err
	}
	of, err := ws.Vault.RandomPseudonyms(ctx, domain, epoch, persons, pseudonym.Spell, dry)
	return func(person string) string { return of[person] }, err
}

// oneMode refuses settings that were changed within an epoch: the recipient would know one person under two pseudonyms.
func oneMode(ctx context.Context, ws *workspace.Workspace, c outbox.Chain, domain string, epoch int64) error {
	has, err := ws.Vault.HasRandom(ctx, domain, epoch)
	switch {
	case err != nil || has == ws.Settings.Random(domain):
		return err
	case has:
		return errMode.At(fault.Place{Field: domain})
	}
	all, err := ws.Outbox.List(ctx, c)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Attempts == 0 {
			continue
		}
		l, err := readList(ws, all[i].ID, &asked{all: true})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := l.inEpoch(ctx, ws, &all[i]); err != nil {
			return err
		}
		if l.Epoch == epoch && len(l.People) > 0 && l.People[0].Pseudonym == "" {
			return errMode.At(fault.Place{Field: domain})
		}
	}
	return nil
}

// inEpoch fills in the epoch of a delivery's list that was written before lists had it. It is what the audit log says of the time
// at which the delivery was made: while one is not finished its domain is not rotated.
func (l *List) inEpoch(ctx context.Context, ws *workspace.Workspace, d *outbox.Delivery) error {
	if l.Epoch > 0 || len(l.People) == 0 {
		return nil
	}
	l.Epoch = 1
	domain := d.Chain.Recipient + "/" + d.Chain.Dataset
	for epoch := ws.Keys.DomainEpoch(domain); epoch > 1 && l.Epoch == 1; epoch-- {
		// A rotation that was cut off was noted again: the last note is of the one that was done.
		noted, err := ledger.AuditLines(ctx, ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.KeyRotated), Reason: fmt.Sprintf("domain:%s:%d", domain, epoch), Limit: 1})
		if err != nil {
			return err
		}
		if len(noted) > 0 && noted[0].At <= d.CreatedAt.UnixMicro() {
			l.Epoch = epoch
		}
	}
	return nil
}
