package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// wordFlags are what every word has.
type wordFlags struct {
	by, at, text string
	said         rights.Statement
}

func (f *wordFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.by, "by", "", "who writes it down; the user of the machine when absent")
	flags.StringVar(&f.at, "at", "", "when it was said, a day or an instant; now when absent")
	flags.StringVar(&f.said.Via, "via", "", "how it was said: letter, mail, phone, oral, form, desk, decision")
	flags.StringVar(&f.said.Request, "request", "", "id of the request that it answers")
}

// say writes words down and prints what was.
func (a *app) say(c *cobra.Command, person string, f *wordFlags, said func(*policy.Pack) ([]rights.Statement, error)) error {
	return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
		now := a.now()
		pack, err := ws.Policy(canon.DateOf(now.In(ws.Settings.Location)))
		if err != nil {
			return err
		}
		list, err := said(pack)
		if err != nil {
			return err
		}
		for i := range list {
			opens := list[i].State == "granted" || list[i].State == register.Lifted
			if list[i].At, err = rights.Instant(f.at, opens, ws.Settings.Location, now); err != nil {
				return err
			}
		}
		out, err := rights.Say(c.Context(), ws, pack, person, list, a.author(f.by, now))
		switch {
		case err != nil:
			return err
		case a.json:
			return a.printJSON(strings.TrimPrefix(c.CommandPath(), "uoma "), true, out)
		}
		for _, w := range out.Words {
			fmt.Fprintf(a.out, "%s: %s (%s), for %d records\n", strings.Join(strings.Fields(w.Kind+" "+w.About+" "+w.Channel), " "), w.State, cmp.Or(w.Clause, "-"), out.Records)
		}
		return nil
	})
}

// author is who writes something down.
func (a *app) author(by string, now time.Time) rights.Author {
	return rights.Author{By: a.named(by), Actor: a.actor(by), Login: a.person(), At: now, Rand: rand.Reader}
}

// one says one thing.
func one(s *rights.Statement) func(*policy.Pack) ([]rights.Statement, error) {
	return func(*policy.Pack) ([]rights.Statement, error) { return []rights.Statement{*s}, nil }
}

func (a *app) subjectConsentCommand() *cobra.Command {
	f := wordFlags{said: rights.Statement{Kind: register.ConsentWord}}
	c := &cobra.Command{
		Use:   "consent TOKEN --purpose P --state S",
		Short: "Write down a consent that was granted, refused, withdrawn or has expired",
		Long: `Consent writes a word about one purpose into the book of words. The later word counts, whoever brought it, and of two at
one moment the stricter. A granted consent names the version of the text that was agreed to; --text keeps the text's digest
with it.`,
		Example: `  uoma subject consent 4f1c… --purpose newsletter --state withdrawn --via letter --at 2026-11-20
  uoma subject consent 4f1c… --purpose newsletter --state granted --channel email --text-version 2026-09 --text consent.txt`,
		Args: typedTokens(exactly(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if f.said.About == "" || f.said.State == "" {
				return usageError{errors.New("--purpose and --state are needed")}
			}
			if f.text != "" {
				text, err := os.ReadFile(f.text)
				if err != nil {
					return usageError{err}
				}
				sum := sha256.Sum256(text)
				f.said.TextDigest = hex.EncodeToString(sum[:])
			}
			return a.say(c, args[0], &f, one(&f.said))
		},
	}
	f.add(c)
	flags := c.Flags()
	flags.StringVar(&f.said.About, "purpose", "", "purpose of the pack that asks for consent")
	flags.StringVar(&f.said.Topic, "topic", "", "topic, where the pack asks by topic")
	flags.StringVar(&f.said.State, "state", "", "granted, refused, withdrawn or expired")
	flags.StringVar(&f.said.Channel, "channel", "any", "email, sms, phone, post or any")
	flags.StringVar(&f.said.TextVersion, "text-version", "", "version of the text that was before the person")
	flags.StringVar(&f.text, "text", "", "file with that text")
	return c
}

func (a *app) subjectObjectCommand() *cobra.Command {
	f := wordFlags{said: rights.Statement{Kind: register.ObjectionWord, State: register.Stands}}
	var purpose string
	var lift bool
	c := &cobra.Command{
		Use:   "object TOKEN",
		Short: "Write down an objection, to a purpose or to everything that can be objected to (GDPR 21)",
		Long: `Object writes down that a person objects to a purpose. An objection to marketing is absolute: no consent and no legitimate
interest stands against it. An objection to a task in the public interest stops the use until it was weighed (see uoma
subject hold --reason objection); --lift takes an objection back that was written down by hand.`,
		Example: `  uoma subject object 4f1c… --purpose marketing --via phone
  uoma subject object 4f1c…
  uoma subject object 4f1c… --purpose survey --lift --via decision`,
		Args: typedTokens(exactly(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if lift {
				f.said.State = register.Lifted
			}
			return a.say(c, args[0], &f, func(p *policy.Pack) (out []rights.Statement, err error) {
				scopes, err := rights.ObjectedBy(p, purpose)
				for _, f.said.About = range scopes {
					out = append(out, f.said)
				}
				return out, err
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&purpose, "purpose", "", "purpose, or scope of an objection in the pack; everything when absent")
	c.Flags().StringVar(&f.said.Channel, "channel", "any", "email, sms, phone, post or any")
	c.Flags().BoolVar(&lift, "lift", false, "take the objection back")
	return c
}

// freezeCommand makes the command of a word that stands until it is lifted.
func (a *app) freezeCommand(c *cobra.Command, kind string, needs func(*wordFlags) error, more func(*cobra.Command, *wordFlags)) *cobra.Command {
	f := &wordFlags{said: rights.Statement{Kind: kind, State: register.Stands}}
	var lift bool
	c.Args = typedTokens(exactly(1))
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := needs(f); err != nil {
			return usageError{err}
		}
		if lift {
			f.said.State = register.Lifted
		}
		return a.say(c, args[0], f, one(&f.said))
	}
	f.add(c)
	c.Flags().StringVar(&f.said.Until, "until", "", "the last day on which it stands, YYYY-MM-DD; until it is lifted when absent")
	c.Flags().BoolVar(&lift, "lift", false, "lift it")
	c.MarkFlagsMutuallyExclusive("until", "lift")
	more(c, f)
	return c
}

func (a *app) subjectRestrictCommand() *cobra.Command {
	return a.freezeCommand(&cobra.Command{
		Use:   "restrict TOKEN",
		Short: "Restrict the use of a person's data to storing it (GDPR 18)",
		Long: `Restrict freezes everything but storage: the person is in no extract, nothing of the person is due for deletion, and an
erasure is refused until the restriction is lifted or over.`,
		Example: `  uoma subject restrict 4f1c… --until 2027-01-31 --via letter
  uoma subject restrict 4f1c… --lift --via decision`,
	}, register.RestrictionWord, func(*wordFlags) error { return nil }, func(*cobra.Command, *wordFlags) {})
}

func (a *app) subjectHoldCommand() *cobra.Command {
	return a.freezeCommand(&cobra.Command{
		Use:   "hold TOKEN --reason R",
		Short: "Hold a person's data for a reason of the pack: it is not erased, and some reasons freeze it, too",
		Example: `  uoma subject hold 4f1c… --reason legal_claim
  uoma subject hold 4f1c… --reason legal_claim --lift --via decision`,
	}, register.HoldWord, func(f *wordFlags) error {
		if f.said.About == "" {
			return errors.New("--reason is needed: a hold of the pack")
		}
		return nil
	}, func(c *cobra.Command, f *wordFlags) {
		c.Flags().StringVar(&f.said.About, "reason", "", "hold of the pack: legal_claim, contract …")
	})
}

func (a *app) subjectWordsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "words TOKEN",
		Short: "Show all that was said of the use of a person's data, by hand and by sources, oldest first",
		Example: `  uoma subject words 4f1c…
  uoma subject words 4f1c… --json`,
		Args: typedTokens(exactly(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				book, err := rights.Book(c.Context(), ws, args[0])
				if err != nil {
					return err
				}
				if a.json { // the table shows no digest of a text
					today, err := a.logicalDate(ws, "auto")
					if err != nil {
						return err
					}
					pack, err := ws.Policy(today)
					if err != nil {
						return err
					}
					rights.NameTexts(book, pack)
					return a.printJSON("subject words", true, book)
				}
				var rows [][]string
				for _, e := range book {
					rows = append(rows, []string{cmp.Or(e.At, "-"), e.Kind, cmp.Or(strings.TrimSuffix(e.About+"/"+e.Topic, "/"), "-"), cmp.Or(e.Channel, "any"), e.State,
						cmp.Or(e.Until, "-"), e.Source, cmp.Or(e.TextVersion, "-"), cmp.Or(e.Ended, "-"), cmp.Or(e.NotedBy, "-"), cmp.Or(e.Request, "-")})
				}
				return a.table([]string{"SAID", "KIND", "ABOUT", "CHANNEL", "STATE", "UNTIL", "SOURCE", "TEXT", "ENDED", "BY", "REQUEST"}, rows)
			})
		},
	}
}
