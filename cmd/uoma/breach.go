package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

// breachLine is a breach on the command line.
type breachLine struct {
	ID       string               `json:"id"`
	Kind     string               `json:"kind"`
	Place    string               `json:"place"`
	Risk     string               `json:"risk"`
	People   int64                `json:"people"`
	Known    time.Time            `json:"known"`
	Deadline time.Time            `json:"authority_by,omitzero"`
	Late     bool                 `json:"late,omitempty"`
	Told     map[string]time.Time `json:"told"`
	Owed     []string             `json:"owed"`
	By       string               `json:"noted_by"`
}

func breachOf(b *rights.BreachState) breachLine {
	l := breachLine{b.ID, b.Kind, b.Place, b.Risk, b.People, time.UnixMicro(b.KnownAt).UTC(), b.Deadline, b.Late, map[string]time.Time{}, b.Owed, b.NotedBy}
	for whom, at := range b.Told {
		l.Told[whom] = time.UnixMicro(at).UTC()
	}
	return l
}

func (a *app) breachCommand() *cobra.Command {
	list := a.breachListCommand()
	c := &cobra.Command{
		Use:   "breach",
		Short: "The book of breaches (GDPR 33 and 34): note one, who was told of it, and what is still owed",
		Example: `  uoma breach note access --place dynamics365 --risk high --people 120 --known 2026-11-22T08:15:00+02:00
  uoma breach told 2026-7k3mq2xw authority
  uoma breach list`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(a.breachNoteCommand(), a.breachToldCommand(), list)
	return c
}

func (a *app) breachNoteCommand() *cobra.Command {
	var b ledger.Breach
	var known, who string
	c := &cobra.Command{
		Use:   "note KIND --place P --risk R",
		Short: "Write a breach down: loss, disclosure, access, alteration or destruction",
		Long: `Note writes down what kind of breach it was, where, how grave and how many people, and nothing of anybody. With a risk the
authority is to be told within 72 hours of when it was known, with a high risk the people as well. With no risk it stays in
the book.`,
		Example: "  uoma breach note access --place dynamics365 --risk high --people 120 --known 2026-11-22T08:15:00+02:00",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				at, err := rights.Instant(known, true, ws.Settings.Location, a.now())
				if err != nil {
					return err
				}
				b.Kind, b.KnownAt = args[0], at.UnixMicro()
				if b, err = rights.NoteBreach(c.Context(), ws, b, a.author(who, a.now())); err != nil {
					return err
				}
				return a.printBreaches(c, ws, b.ID)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&b.Place, "place", "", "system or store")
	f.StringVar(&b.Risk, "risk", "", "to people: none, risk or high")
	f.Int64Var(&b.People, "people", 0, "how many people, about")
	f.StringVar(&known, "known", "", "when it was known, an instant or a day; now when absent")
	f.StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}

func (a *app) breachToldCommand() *cobra.Command {
	var at, who string
	c := &cobra.Command{
		Use:     "told ID WHOM",
		Short:   "Write down that somebody was told of a breach: authority, people, dpo, controller",
		Example: "  uoma breach told 2026-7k3mq2xw authority --at 2026-11-23T10:00:00+02:00",
		Args:    exactly(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				moment, err := rights.Instant(at, false, ws.Settings.Location, a.now())
				if err != nil {
					return err
				}
				if err := rights.NoteTold(c.Context(), ws, args[0], args[1], moment, a.author(who, a.now())); err != nil {
					return err
				}
				return a.printBreaches(c, ws, args[0])
			})
		},
	}
	c.Flags().StringVar(&at, "at", "", "when, an instant or a day; now when absent")
	c.Flags().StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}

func (a *app) breachListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the breaches and who has still to be told; exit code 4 when the authority was not told in time",
		Example: "  uoma breach list --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error { return a.printBreaches(c, ws, "") })
		},
	}
}

// printBreaches prints one breach, or all.
func (a *app) printBreaches(c *cobra.Command, ws *workspace.Workspace, id string) error {
	all, err := rights.Breaches(c.Context(), ws, a.now())
	if err != nil {
		return err
	}
	if id != "" {
		all = slices.DeleteFunc(all, func(b rights.BreachState) bool { return b.ID != id })
	}
	lines, late := make([]breachLine, 0, len(all)), false
	var rows [][]string
	for i := range all {
		l := breachOf(&all[i])
		lines, late = append(lines, l), late || l.Late && slices.Contains(l.Owed, "authority")
		by := localTime(l.Deadline)
		if l.Late {
			by += " late"
		}
		rows = append(rows, []string{l.ID, l.Kind, l.Place, l.Risk, fmt.Sprint(l.People), localTime(l.Known), by, cmp.Or(strings.Join(l.Owed, ", "), "-")})
	}
	if a.json {
		err = a.printJSON("breach list", !late, lines)
	} else {
		err = a.table([]string{"BREACH", "KIND", "PLACE", "RISK", "PEOPLE", "KNOWN", "AUTHORITY BY", "TO BE TOLD"}, rows)
	}
	if err == nil && late && id == "" {
		return statusError(exitFindings)
	}
	return err
}
