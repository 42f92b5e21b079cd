package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/workspace"
)

// auditLine is an entry of the audit log.
type auditLine struct {
	Number  int64     `json:"number"`
	Time    time.Time `json:"time"`
	Actor   string    `json:"actor"`
	Verb    string    `json:"verb"`
	Subject string    `json:"subject,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Run     string    `json:"run,omitempty"`
}

func (a *app) auditCommand() *cobra.Command {
	list := a.auditListCommand()
	c := &cobra.Command{
		Use:   "audit",
		Short: "See who did what that is sensitive, and prove that the log was not touched",
		Long: `The audit log holds every erasure, every look at values and every other sensitive act: when, who, what, of which person (as
a token), under which clause or request. It is only ever added to. Each entry carries a keyed digest of itself and of the
one before, and the last one is signed at the end of each run.`,
		Example: `  uoma audit
  uoma audit list --verb subject.erased --since 2026-11-01
  uoma audit verify`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, a.auditVerifyCommand(), a.auditGrantsCommand())
	return c
}

func (a *app) auditListCommand() *cobra.Command {
	var f ledger.AuditFilter
	var since string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the entries, newest first",
		Example: "  uoma audit list --subject 4f1c… --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := readToken(&f.Subject); err != nil {
				return err
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) (err error) {
				if since != "" {
					if f.Since, err = time.ParseInLocation(time.DateOnly, since, ws.Settings.Location); err != nil {
						return usageError{errDate}
					}
				}
				lines, err := ws.Audit.Lines(c.Context(), ws.RegisterDB, f)
				if err != nil {
					return err
				}
				return a.printAudit(lines)
			})
		},
	}
	c.Flags().StringVar(&f.Verb, "verb", "", "only this act, such as subject.erased")
	c.Flags().StringVar(&f.Subject, "subject", "", "only of this token")
	c.Flags().StringVar(&f.Run, "run", "", "only of this run")
	c.Flags().StringVar(&since, "since", "", "only from this date on, YYYY-MM-DD")
	c.Flags().IntVar(&f.Limit, "limit", 50, "how many entries at most")
	_ = c.RegisterFlagCompletionFunc("run", a.completeRuns) // fails only for a flag that is not there
	return c
}

func (a *app) printAudit(lines []ledger.Line) error {
	out := make([]auditLine, 0, len(lines))
	var rows [][]string
	for _, l := range lines {
		x := auditLine{l.Number, instant(l.At), l.Actor, string(l.Verb), l.Subject, l.Reason, l.Run}
		out = append(out, x)
		rows = append(rows, []string{fmt.Sprint(x.Number), localTime(x.Time), x.Actor, x.Verb, cmp.Or(x.Subject, "-"), cmp.Or(x.Reason, "-"), cmp.Or(x.Run, "-")})
	}
	if a.json {
		return a.printJSON("audit list", true, out)
	}
	return a.table([]string{"NUMBER", "TIME", "ACTOR", "ACT", "SUBJECT", "REASON", "RUN"}, rows)
}

func (a *app) auditGrantsCommand() *cobra.Command {
	var user, host string
	c := &cobra.Command{
		Use:   "grants --user NAME --host HOST",
		Short: "Print the grants by which the database account can only add to the books",
		Long: `Print SQL for the server that has the register: the account may add to the audit log, its signatures and the books of
breaches and reviews, and change nothing in them; it may remove words of consent, as an erasure does, and change none.`,
		Example: "  uoma audit grants --user uoma_register --host uoma.example",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				lines, err := ws.RegisterDB.Grants(c.Context(), user, host, workspace.Kept())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("audit grants", true, lines)
				}
				_, err = fmt.Fprintln(a.out, strings.Join(lines, "\n"))
				return err
			})
		},
	}
	c.Flags().StringVar(&user, "user", "uoma_register", "name of the account")
	c.Flags().StringVar(&host, "host", "%", "host that it connects from")
	return c
}

// auditResult is what a proof of the log found.
type auditResult struct {
	Entries int64               `json:"entries"`
	Chain   string              `json:"chain"`
	Heads   int64               `json:"signed_heads"`
	Sealed  int64               `json:"under_signed_head"` // entries
	Faults  []workspace.Finding `json:"faults"`
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var heads []string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove that no entry was changed, removed, moved or cut off",
		Long: `Follow the chain of all entries under the workspace's key, check the signature of every signed head, and hold the log
against the heads in the quality reports. That the end was cut off shows only by a head that was kept elsewhere: give one
that you wrote down, from a report or uoma runs show, with --head.

Exit codes: 0 the log is whole, 4 it is not.`,
		Example: `  uoma audit verify
  uoma audit verify --head 17:9c0f…`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			var known []ledger.Evidence
			for _, h := range heads {
				e, err := workspace.ParseHead(h)
				if err != nil {
					return usageError{err}
				}
				known = append(known, e)
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				found, err := ws.VerifyAudit(c.Context(), known...)
				if err != nil {
					return err
				}
				return a.printAudited(&found)
			})
		},
	}
	c.Flags().StringArrayVar(&heads, "head", nil, "a head that was kept elsewhere, NUMBER:CHAIN")
	return c
}

func (a *app) printAudited(found *ledger.Audited) error {
	out := auditResult{found.Number, found.Chain, found.Seals, found.Sealed, []workspace.Finding{}}
	for _, f := range found.Faults {
		out.Faults = append(out.Faults, workspace.Findings(f)...)
	}
	whole := len(out.Faults) == 0
	if a.json {
		if err := a.printJSON("audit verify", whole, out); err != nil {
			return err
		}
	} else {
		p := palette(a.out)
		for _, f := range out.Faults {
			fmt.Fprintf(a.out, "%s %s: %s (%s)\n         %s %s\n", p.red("error   "), f.Place, f.Message, f.Code, p.bold("next:"), f.Hint)
		}
		fmt.Fprintf(a.out, "%d entries, %d of them under a signed head; %d signed heads, %d faults\n", out.Entries, out.Sealed, out.Heads, len(out.Faults))
		if whole && out.Entries > 0 {
			fmt.Fprintf(a.out, "head %d:%s\n", out.Entries, out.Chain)
		}
	}
	if !whole {
		return statusError(exitFindings)
	}
	return nil
}
