package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// requestLine is a request on the command line.
type requestLine struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Person    string    `json:"person,omitempty"`
	Scope     string    `json:"scope,omitempty"`
	Office    string    `json:"office,omitempty"`
	Received  string    `json:"received"`
	Due       string    `json:"due"`
	Late      bool      `json:"late,omitempty"`
	Extended  string    `json:"extended_for,omitempty"`
	Clause    string    `json:"clause,omitempty"`
	Authority string    `json:"authority,omitempty"`
	Proof     string    `json:"proof,omitempty"`
	ProvedBy  string    `json:"proved_by,omitempty"`
	OpenedBy  string    `json:"opened_by"`
	Opened    time.Time `json:"opened"`
	Outcome   string    `json:"outcome,omitempty"`
	Ground    string    `json:"ground,omitempty"`
	ClosedBy  string    `json:"closed_by,omitempty"`
	Closed    time.Time `json:"closed,omitzero"`
}

func requestOf(r *ledger.Request, day canon.Date) requestLine {
	l := requestLine{ID: r.ID, Kind: r.Kind, Person: r.Person, Scope: r.Scope, Office: r.Office, Received: r.Received, Due: r.Due, Late: rights.Late(r, day),
		Extended: r.ExtendedFor, Clause: r.Clause, Authority: r.Authority, Proof: r.Proof, ProvedBy: r.ProvedBy, OpenedBy: r.OpenedBy,
		Opened: time.UnixMicro(r.OpenedAt).UTC(), Outcome: r.Outcome, Ground: r.Ground, ClosedBy: r.ClosedBy}
	if r.ClosedAt != 0 {
		l.Closed = time.UnixMicro(r.ClosedAt).UTC()
	}
	return l
}

func (a *app) subjectRequestCommand() *cobra.Command {
	list := a.requestListCommand()
	c := &cobra.Command{
		Use:   "request",
		Short: "The book of what data subjects ask for (GDPR 15 to 22): open, list, show, extend, close",
		Example: `  uoma subject request open access --person 4f1c… --office dpo --scope alumni --received 2026-11-20
  uoma subject request list --late
  uoma subject request close 2026-7k3mq2xw --outcome done`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(a.requestOpenCommand(), list, a.requestShowCommand(), a.requestExtendCommand(), a.requestCloseCommand())
	return c
}

// atRequests runs f with the pack in force today.
func (a *app) atRequests(ctx context.Context, f func(*workspace.Workspace, *policy.Pack, canon.Date) error) error {
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		today := a.today(ws)
		pack, err := ws.Policy(today)
		if err != nil {
			return err
		}
		return f(ws, pack, today)
	})
}

func (a *app) printRequest(command string, r *ledger.Request, day canon.Date) error {
	l := requestOf(r, day)
	if a.json {
		return a.printJSON(command, true, l)
	}
	late := ""
	if l.Late {
		late = ", late"
	}
	rows := [][2]string{{"request", l.ID}, {"kind", l.Kind}, {"person", l.Person}, {"about", l.Scope}, {"through", l.Office}, {"received", l.Received},
		{"answer by", l.Due + late}, {"put off for", l.Extended}, {"clause", l.Clause}, {"complaints to", l.Authority}, {"identity", l.Proof}, {"seen by", l.ProvedBy},
		{"opened by", l.OpenedBy}, {"outcome", cmp.Or(l.Outcome, "open")}, {"ground", l.Ground}, {"closed by", l.ClosedBy}}
	for _, row := range rows {
		fmt.Fprintf(a.out, "%-14s %s\n", row[0], cmp.Or(row[1], "-"))
	}
	return nil
}

func (a *app) requestOpenCommand() *cobra.Command {
	var asked rights.Asked
	var received, who string
	c := &cobra.Command{
		Use:   "open KIND",
		Short: "Write a request down; its last day is counted by the pack in force",
		Long: `Open writes a request down: access, rectification, erasure, restriction, objection, portability, information or complaint.
The last day for the answer is that of the pack: a month by calendar, where the notice says nothing else. How the identity of
who asks was proved stands with it, and who saw the proof; some notices want it before a request is opened.`,
		Example: `  uoma subject request open access --person 4f1c… --office dpo --scope alumni --proof id_card --proved-by virtanen
  uoma subject request open erasure --office dpo --received 2026-11-20`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := readToken(&asked.Person); err != nil {
				return err
			}
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, pack *policy.Pack, today canon.Date) error {
				asked.Kind, asked.Received = args[0], today
				if received != "" {
					var err error
					if asked.Received, err = canon.ParseDate(received); err != nil {
						return usageError{errDate}
					}
				}
				if asked.Person != "" {
					if err := rights.Known(c.Context(), ws, asked.Person); err != nil {
						return err
					}
				}
				r, err := rights.Open(c.Context(), ws, pack, asked, a.author(who, a.now()))
				if err != nil {
					return err
				}
				return a.printRequest("subject request open", &r, today)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&asked.Person, "person", "", "the person's token; absent where the register does not have the person")
	f.StringVar(&asked.Office, "office", "", "office of the pack through which the request came")
	f.StringVar(&asked.Scope, "scope", "", "the data that it is about, in a word")
	f.StringVar(&received, "received", "", "day on which it was received; today when absent")
	f.StringVar(&asked.Proof, "proof", "", "how the identity was proved: id_card, passport, strong_login, in_person, signature, known_address, representative")
	f.StringVar(&asked.ProvedBy, "proved-by", "", "who saw the proof")
	f.StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}

func (a *app) requestListCommand() *cobra.Command {
	var late, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the requests that are open, those due first at the top; exit code 4 when one is late",
		Example: `  uoma subject request list
  uoma subject request list --late
  uoma subject request list --all --json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, _ *policy.Pack, today canon.Date) error {
				requests, err := ledger.Requests(c.Context(), ws.RegisterDB)
				if err != nil {
					return err
				}
				lines, overdue := []requestLine{}, 0
				var rows [][]string
				for i := range requests {
					l := requestOf(&requests[i], today)
					if l.Late {
						overdue++
					}
					if late && !l.Late || !all && l.Outcome != "" {
						continue
					}
					lines = append(lines, l)
					mark := "-"
					if l.Late {
						mark = "late"
					}
					rows = append(rows, []string{l.ID, l.Kind, l.Received, l.Due, mark, cmp.Or(l.Office, "-"), cmp.Or(l.Person, "-"), cmp.Or(l.Outcome, "open")})
				}
				if a.json {
					err = a.printJSON("subject request list", overdue == 0, lines)
				} else {
					err = a.table([]string{"REQUEST", "KIND", "RECEIVED", "DUE", "LATE", "OFFICE", "PERSON", "OUTCOME"}, rows)
				}
				if err == nil && overdue > 0 {
					return statusError(exitFindings)
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&late, "late", false, "only those whose last day is over")
	c.Flags().BoolVar(&all, "all", false, "also those that are closed")
	return c
}

func (a *app) requestShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show a request",
		Example: "  uoma subject request show 2026-7k3mq2xw",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, _ *policy.Pack, today canon.Date) error {
				r, err := ledger.FindRequest(c.Context(), ws.RegisterDB, args[0])
				if err != nil {
					return usageError{err}
				}
				return a.printRequest("subject request show", &r, today)
			})
		},
	}
}

func (a *app) requestExtendCommand() *cobra.Command {
	var why, who string
	c := &cobra.Command{
		Use:     "extend ID --for W",
		Short:   "Put the answer to a request off, once, by as much as the pack lets; the person is told within the first period",
		Example: "  uoma subject request extend 2026-7k3mq2xw --for complexity",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, pack *policy.Pack, today canon.Date) error {
				r, err := rights.Extend(c.Context(), ws, pack, args[0], why, a.author(who, a.now()))
				if err != nil {
					return err
				}
				return a.printRequest("subject request extend", &r, today)
			})
		},
	}
	c.Flags().StringVar(&why, "for", "", "complexity or number (GDPR 12(3))")
	c.Flags().StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}

func (a *app) requestCloseCommand() *cobra.Command {
	var outcome, why, who string
	c := &cobra.Command{
		Use:   "close ID --outcome O",
		Short: "Close a request with its outcome",
		Example: `  uoma subject request close 2026-7k3mq2xw --outcome done
  uoma subject request close 2026-7k3mq2xw --outcome refused --ground XAMK-49`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if outcome == "" {
				return usageError{errors.New("--outcome is needed")}
			}
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, _ *policy.Pack, today canon.Date) error {
				r, err := rights.CloseRequest(c.Context(), ws, args[0], outcome, why, a.author(who, a.now()))
				if err != nil {
					return err
				}
				return a.printRequest("subject request close", &r, today)
			})
		},
	}
	c.Flags().StringVar(&outcome, "outcome", "", "done, partly, refused, withdrawn or forwarded")
	c.Flags().StringVar(&why, "ground", "", "clause of the notice or article of law, for what was refused")
	c.Flags().StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}
