package survey

import (
	"context"
	"errors"
	"io/fs"

	"uoma/internal/fault"
	"uoma/transforms/pseudonym"
)

// random tells whether the settings want random pseudonyms for the recipient.
func (s *Survey) random() bool { return s.ws.Settings.Pseudonyms[s.domain()] == "random" }

var errMode = fault.New("UOMA-SVY-PSEUDONYMS", "the settings want other pseudonyms than people have in this epoch of the domain", "rotate the domain, with uoma key rotate domain RECIPIENT/DATASET: pseudonyms become random, or keyed, with a new epoch")

// pseudonyms gives what people of the register are called in the recipient's domain. dry keeps nothing.
func (s *Survey) pseudonyms(ctx context.Context, people []*graduate, dry bool) (func(person string) string, error) {
	if err := s.oneMode(ctx); err != nil {
		return nil, err
	}
	if !s.random() {
		d, err := s.ws.Domain(s.domain(), s.epoch())
		return func(person string) string { return s.ws.PersonIn(d, person) }, err
	}
	persons := make([]string, len(people))
	for i, g := range people {
		persons[i] = g.person
	}
	of, err := s.ws.Vault.RandomPseudonyms(ctx, s.domain(), s.epoch(), persons, pseudonym.Spell, dry)
	return func(person string) string { return of[person] }, err
}

// oneMode refuses settings that were changed within an epoch: the recipient would know one person under two pseudonyms.
func (s *Survey) oneMode(ctx context.Context) error {
	has, err := s.ws.Vault.HasRandom(ctx, s.domain(), s.epoch())
	if err != nil || has && s.random() {
		return err
	}
	if has {
		return errMode
	}
	if !s.random() {
		return nil
	}
	all, err := s.ws.Outbox.List(ctx, s.chain())
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Attempts == 0 {
			continue
		}
		l, err := readList(s.ws, all[i].ID, &asked{all: true})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if max(l.Epoch, 1) == s.epoch() && len(l.People) > 0 && l.People[0].Pseudonym == "" {
			return errMode
		}
	}
	return nil
}
