package survey

import (
	"context"
	"errors"
	"io/fs"

	"uoma/connectors/outbox"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/pseudonym"
)

var errMode = fault.New("UOMA-SVY-PSEUDONYMS", "the settings want other pseudonyms than people have in this epoch of the domain", "rotate the domain, with uoma key rotate domain RECIPIENT/DATASET: pseudonyms become random, or keyed, with a new epoch")

// Called gives what people of the register are called in the domain of a chain's recipient, in its present epoch. dry keeps nothing.
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
		if max(l.Epoch, 1) == epoch && len(l.People) > 0 && l.People[0].Pseudonym == "" {
			return errMode.At(fault.Place{Field: domain})
		}
	}
	return nil
}
