package vault

import (
	"context"
	"io"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

// In a domain whose pseudonyms are random nothing but the vault's list leads from a person to the pseudonym and back: no key
// does. A person keeps one within an epoch of the domain, and loses it with the key of the person's facts.

// random is one line of the list.
type random struct {
	Domain string `db:"domain"`
	Epoch  int64  `db:"epoch"`
	Person string `db:"person"` // as the register knows the person
	Token  string `db:"token"`
}

var randomColumns = []string{"domain", "epoch", "person", "token"}

// RandomPseudonyms gives the pseudonyms of people in an epoch of a domain, drawing them for who has none; spell writes 16
// random bytes as one. With dry what was drawn is not kept.
func (v *Vault) RandomPseudonyms(ctx context.Context, domain string, epoch int64, people []string, spell func([]byte) string, dry bool) (map[string]string, error) {
	out := make(map[string]string, len(people))
	work := func(tx *sqlx.Tx) error {
		var kept []random
		if err := tx.SelectContext(ctx, &kept, "SELECT "+database.Columns(randomColumns)+" FROM `random_pseudonym` WHERE `domain` = ?", domain); err != nil {
			return database.Failed("read random pseudonyms", err)
		}
		taken := make(map[string]bool, len(kept)) // in every epoch, so that a pseudonym names one person for ever
		for _, r := range kept {
			taken[r.Token] = true
			if r.Epoch == epoch {
				out[r.Person] = r.Token
			}
		}
		var fresh []random
		for _, p := range slices.Sorted(slices.Values(people)) {
			if out[p] != "" {
				continue
			}
			token, err := v.draw(taken, spell)
			if err != nil {
				return err
			}
			out[p], taken[token] = token, true
			fresh = append(fresh, random{domain, epoch, p, token})
		}
		if dry {
			return nil
		}
		return database.Load(ctx, tx, "random_pseudonym", randomColumns, database.Each(fresh, func(r *random, col int) database.Value {
			if col == 1 {
				return database.Int(r.Epoch)
			}
			return database.Text([...]string{r.Domain, "", r.Person, r.Token}[col])
		}))
	}
	if dry {
		return out, v.db.See(ctx, work)
	}
	return out, v.db.Do(ctx, work)
}

// draws is how often a pseudonym is drawn anew when somebody has it: more than once is a broken source.
const draws = 8

var errDraw = fault.New("UOMA-VLT-DRAW", "the source of random bytes gives the same again and again", "look at the system's entropy source, then run again")

func (v *Vault) draw(taken map[string]bool, spell func([]byte) string) (string, error) {
	var b [16]byte
	for range draws {
		if _, err := io.ReadFull(v.random, b[:]); err != nil {
			return "", errRandom.Wrap(err)
		}
		if token := spell(b[:]); !taken[token] {
			return token, nil
		}
	}
	return "", errDraw
}

// HasRandom tells whether people have random pseudonyms in an epoch of a domain.
func (v *Vault) HasRandom(ctx context.Context, domain string, epoch int64) (has bool, err error) {
	err = v.db.GetContext(ctx, &has, "SELECT EXISTS (SELECT 1 FROM `random_pseudonym` WHERE `domain` = ? AND `epoch` = ?)", domain, epoch)
	return has, database.Failed("read random pseudonyms", err)
}

// RandomPersons gives the persons of the register who have, or had in an earlier epoch, some random pseudonyms of a domain.
func (v *Vault) RandomPersons(ctx context.Context, domain string, tokens []string) (map[string]string, error) {
	out := map[string]string{}
	err := database.In(tokens, func(marks string, args []any) error {
		var rows []random
		err := v.db.SelectContext(ctx, &rows, "SELECT "+database.Columns(randomColumns)+" FROM `random_pseudonym` WHERE `domain` = ? AND `token` IN ("+marks+")", append([]any{domain}, args...)...)
		for _, r := range rows {
			out[r.Token] = r.Person
		}
		return database.Failed("read random pseudonyms", err)
	})
	return out, err
}
