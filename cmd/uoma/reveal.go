package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/custody"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

func (a *app) revealCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reveal",
		Short: "Learn who a pseudonym is: asked by one person, allowed by another, shown once",
		Long: `Nobody learns alone who is behind a pseudonym. One person asks, with a reason and a clause; another allows it; then it is
shown once to the one who asked, before the request's end. More than 20 people, in one request or in all of one person
within 30 days, need the approval of a data protection officer: the role in operators.yaml, or without that file roles.dpo in
uoma.yaml. Persons are those who logged in to the machine, also through sudo. Every step stands in the audit log.`,
		Example: `  uoma reveal request --reason request --clause GDPR-15 4f1c…
  uoma reveal approve 7
  uoma reveal show 7
  uoma reveal list --month 2026-11`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.revealRequestCommand(), a.revealApproveCommand(), a.revealShowCommand(), a.revealListCommand())
	return c
}

func (a *app) revealRequestCommand() *cobra.Command {
	var domain, reason, clause, recording string
	var hours int
	c := &cobra.Command{
		Use:   "request PSEUDONYM...",
		Short: "Ask who pseudonyms are",
		Long: "Ask who pseudonyms are, named one by one, or a line each on standard input for a single -. With --recording, ask of an\n" +
			"exam's recording that a case keeps who had an exam or passed a door meanwhile; an exam administrator allows that one.\n\n" +
			"Reasons:\n" + codes(custody.Reasons()) + "\n\nReasons of a recording:\n" + codes(custody.RecordingReasons()),
		Example: `  uoma reveal request --reason request --clause GDPR-15 4f1c…
  uoma reveal request --recording axis/20261121_081500_1A2B_ACCC8E --reason misconduct --clause METRO-13
  uoma reveal request --domain csc/uraseuranta --reason breach --clause GDPR-34 - < list.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if system, id, ok := strings.Cut(recording, "/"); recording != "" {
				if !ok || len(args) > 0 {
					return usageError{errors.New("a recording is written SYSTEM/ID, and no pseudonyms beside it")}
				}
				return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
					r, err := custody.RequestRecording(c.Context(), ws, system, id, reason, clause, time.Duration(hours)*time.Hour, a.keeper())
					if err != nil {
						return err
					}
					return a.printReveals("reveal request", []ledger.Reveal{r})
				})
			}
			if len(args) == 0 {
				return usageError{errors.New("name pseudonyms, or - for standard input")}
			}
			if len(args) == 1 && args[0] == "-" {
				var err error
				if args, err = readLines(c.InOrStdin()); err != nil {
					return err
				}
			}
			if err := readTokens(args); err != nil {
				return err
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				if domain != custody.RegisterDomain {
					if err := knownDomain(ws, domain); err != nil {
						return err
					}
				}
				r, err := custody.Request(c.Context(), ws, domain, args, reason, clause, time.Duration(hours)*time.Hour, a.keeper())
				if err != nil {
					return err
				}
				return a.printReveals("reveal request", []ledger.Reveal{r})
			})
		},
	}
	c.Flags().StringVar(&domain, "domain", custody.RegisterDomain, "whose pseudonyms they are: the register, or RECIPIENT/DATASET")
	c.Flags().StringVar(&reason, "reason", "", "why, as a code of the list above")
	c.Flags().StringVar(&clause, "clause", "", "clause of the notice, or article of law")
	c.Flags().StringVar(&recording, "recording", "", "recording of an exam, SYSTEM/ID")
	c.Flags().IntVar(&hours, "hours", 24, "how long the request stays open")
	return c
}

// readLines reads words, one a line.
func readLines(in io.Reader) (out []string, err error) {
	s := bufio.NewScanner(in)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" {
			out = append(out, line)
		}
	}
	return out, s.Err()
}

// atReveal runs f with the number of a request.
func (a *app) atReveal(ctx context.Context, arg string, f func(*workspace.Workspace, int64) error) error {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return usageError{errors.New("a request is named by its number, as uoma reveal list shows it")}
	}
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error { return f(ws, n) })
}

// ofRecording is the flag by which the one who allows or sees says that the request is about a recording.
func ofRecording(c *cobra.Command) *cobra.Command {
	c.Flags().Bool("recording", false, "the request is about a recording of an exam, with the permission that this needs")
	return c
}

func (a *app) revealApproveCommand() *cobra.Command {
	return ofRecording(&cobra.Command{
		Use:     "approve NUMBER",
		Short:   "Allow a request of somebody else",
		Example: "  uoma reveal approve 7\n  uoma reveal approve --recording 8",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atReveal(c.Context(), args[0], func(ws *workspace.Workspace, n int64) error {
				if _, err := custody.Approve(c.Context(), ws, n, a.keeper()); err != nil {
					return err
				}
				r, _, err := ledger.FindReveal(c.Context(), ws.RegisterDB, n)
				if err != nil {
					return err
				}
				return a.printReveals("reveal approve", []ledger.Reveal{r})
			})
		},
	})
}

// factLine is one value of a person.
type factLine struct {
	Source string `json:"source"`
	Column string `json:"column"`
	Value  string `json:"value"`
}

type personLine struct {
	Pseudonym string     `json:"pseudonym"`
	Facts     []factLine `json:"facts"` // none when nobody is behind the pseudonym any more
	Cards     []cardLine `json:"cards,omitempty"`
}

// cardLine is who held a card that opened a door.
type cardLine struct {
	Source  string    `json:"source"`
	At      time.Time `json:"at"`
	Twice   bool      `json:"twice,omitempty"` // one of the times came twice, as clocks were set back
	Door    string    `json:"door"`
	Holder  string    `json:"holder"` // "" when no list says who: that nobody held it does not follow
	Checked string    `json:"identity_checked,omitempty"`
	Carried string    `json:"carried,omitempty"` // date of the list of the day before, which alone has the holder, and no return
	Lists   []string  `json:"lists"`             // dates of the lists that were read whole
	Listed  bool      `json:"listed"`            // lists have the card
}

// words says the same in one line.
func (l *cardLine) words() string {
	s := cmp.Or(l.Holder, "holder unknown") + " at " + localTime(l.At) + ", " + l.Door
	switch {
	case l.Holder == "":
		s += ": " + l.unknown()
	case l.Checked == "true":
		s += ", identity checked"
	case l.Checked == "false":
		s += ", identity not checked"
	default:
		s += ", nothing said of their identity"
	}
	if l.Carried != "" {
		s += "; lent the day before, and not back by the list of " + l.Carried
	}
	if l.Twice {
		s += "; clocks were set back, the hour after may be meant"
	}
	return s
}

// unknown says why the lists do not tell the holder.
func (l *cardLine) unknown() string {
	lists := "the list of " + strings.Join(l.Lists, "")
	if len(l.Lists) > 1 {
		lists = "the lists of " + strings.Join(l.Lists, " and ")
	}
	switch {
	case len(l.Lists) == 0:
		return "no list was read whole"
	case l.Listed:
		return "no line of " + lists + " says who had the card then; it may be out since an earlier day"
	}
	return "no line of " + lists + " is about the card; it may be out since an earlier day"
}

func (a *app) revealShowCommand() *cobra.Command {
	return ofRecording(&cobra.Command{
		Use:     "show NUMBER",
		Short:   "Show who the pseudonyms of an approved request are, once",
		Example: "  uoma reveal show 7   # personal data on the screen",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atReveal(c.Context(), args[0], func(ws *workspace.Workspace, n int64) error {
				people, missed, err := custody.Show(c.Context(), ws, n, a.keeper(), openList)
				if err != nil {
					return err
				}
				for _, e := range missed {
					fmt.Fprintf(a.err, "warning: %s\n  next: %s\n", e, e.Hint)
				}
				fmt.Fprintln(a.err, "warning: what follows is personal data; do not keep, send or paste it")
				return a.printPeople(people)
			})
		},
	})
}

func (a *app) printPeople(people []custody.Person) error {
	out := make([]personLine, 0, len(people))
	var rows [][]string
	for _, p := range people {
		x := personLine{Pseudonym: p.Pseudonym, Facts: []factLine{}}
		for _, e := range p.Entries {
			for _, group := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
				for _, f := range group {
					l := factLine{e.Source, f.Table + "." + f.Column, printable(f.Value)}
					x.Facts = append(x.Facts, l)
					rows = append(rows, []string{p.Pseudonym, l.Source, l.Column, l.Value})
				}
			}
		}
		for _, c := range p.Cards {
			l := cardLine{c.List, c.At, c.Twice, printable(c.Door), printable(c.Holder), c.Checked, c.Carried, append([]string{}, c.Lists...), c.Listed}
			x.Cards = append(x.Cards, l)
			rows = append(rows, []string{p.Pseudonym, l.Source, "card", l.words()})
		}
		if len(x.Facts)+len(x.Cards) == 0 {
			rows = append(rows, []string{p.Pseudonym, "-", "-", "nobody is known here any more"})
		}
		out = append(out, x)
	}
	if a.json {
		return a.printJSON("reveal show", true, out)
	}
	return a.table([]string{"PSEUDONYM", "SOURCE", "COLUMN", "VALUE"}, rows)
}

func (a *app) revealListCommand() *cobra.Command {
	var month string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the requests of a month",
		Example: "  uoma reveal list --month 2026-11",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				from, err := time.ParseInLocation("2006-01", cmp.Or(month, a.now().In(ws.Settings.Location).Format("2006-01")), ws.Settings.Location)
				if err != nil {
					return usageError{errors.New("a month is written YYYY-MM")}
				}
				all, err := ledger.Reveals(c.Context(), ws.RegisterDB, from, from.AddDate(0, 1, 0))
				if err != nil {
					return err
				}
				return a.printReveals("reveal list", all)
			})
		},
	}
	c.Flags().StringVar(&month, "month", "", "YYYY-MM, this one when missing")
	return c
}

// revealLine is a request without its pseudonyms.
type revealLine struct {
	Number   int64     `json:"number"`
	State    string    `json:"state"`
	People   int       `json:"people"`
	Domain   string    `json:"domain"`
	Reason   string    `json:"reason"`
	Clause   string    `json:"clause"`
	By       string    `json:"requested_by"`
	At       time.Time `json:"requested_at"`
	Expires  time.Time `json:"expires_at"`
	Approver string    `json:"approved_by,omitempty"`
}

func (a *app) printReveals(command string, all []ledger.Reveal) error {
	out := make([]revealLine, 0, len(all))
	var rows [][]string
	for i := range all {
		r := &all[i]
		l := revealLine{r.Number, r.State, len(r.Tokens()), r.Domain, r.Reason, r.Clause, r.RequestedBy, instant(r.RequestedAt), instant(r.ExpiresAt), r.ApprovedBy}
		out = append(out, l)
		rows = append(rows, []string{fmt.Sprint(l.Number), l.State, fmt.Sprint(l.People), l.Domain, l.Reason, l.Clause, l.By, localTime(l.At), localTime(l.Expires), cmp.Or(l.Approver, "-")})
	}
	if a.json {
		return a.printJSON(command, true, out)
	}
	return a.table([]string{"NUMBER", "STATE", "PEOPLE", "DOMAIN", "REASON", "CLAUSE", "REQUESTED BY", "AT", "EXPIRES", "APPROVED BY"}, rows)
}

// openList opens a list of holders as the night opens an export.
func openList(ctx context.Context, files fs.FS, name string, f *layout.Feed) (custody.Holders, error) {
	return nightly.OpenIn(ctx, files, name, f, func(canon.Rejection) {})
}
