package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

func (a *app) explainSubjectCommand() *cobra.Command {
	var subject, purpose, on, delivered string
	var row int
	c := &cobra.Command{
		Use:   "explain --subject TOKEN | --extract ID --row N",
		Short: "Say why the register holds what it holds of a person, or where a row of a sealed extract comes from",
		Long: `Explain goes from each datum of a person to the clause that let it in and the source row that gave it, asks the decision
function what it may serve and whom, and tells when it goes and by which clause. The person stands as the register's token,
as uoma retention plan prints it; no value of the person is shown. That it was asked is noted in the audit log.

With --extract and --row, explain follows a row of a delivery, counted from 1, back to its sources: which source rows say
each of its columns, by which clauses their data is held and went out, and where the rows lie in the exports that the
delivery was made from.`,
		Example: `  uoma explain --subject 4f1c… --purpose career_monitoring
  uoma explain --subject 4f1c… --date 2026-11-22 --json
  uoma explain --extract 0197a2… --row 17`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if delivered != "" && subject == "" {
				return a.explainRow(c.Context(), delivered, row)
			}
			if subject == "" || delivered != "" {
				return usageError{errors.New("--subject is needed, or --extract with --row")}
			}
			if err := readToken(&subject); err != nil {
				return err
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				date := a.today(ws)
				if on != "" {
					var err error
					if date, err = canon.ParseDate(on); err != nil {
						return usageError{fmt.Errorf("--date: %w", err)}
					}
				}
				e, err := nightly.Explain(c.Context(), ws, subject, purpose, date)
				if err != nil {
					return err
				}
				if err := a.noteLooks(c.Context(), ws, ledger.SubjectExplain, "", purpose, subject); err != nil {
					return err
				}
				if a.json {
					return a.printJSON("explain", true, e)
				}
				return a.printExplained(&e)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&subject, "subject", "", "the person's token in the register")
	f.StringVar(&delivered, "extract", "", "id of a delivery")
	f.IntVar(&row, "row", 0, "number of a row of the delivery, from 1")
	f.StringVar(&purpose, "purpose", "", "only this purpose")
	f.StringVar(&on, "date", "", "the date to decide on, today when absent")
	return c
}

func (a *app) printExplained(e *nightly.Explained) error {
	membership := "no member"
	if e.Member {
		membership = "member"
	}
	fmt.Fprintf(a.out, "%s on %s by %s\n%s (%s)", e.Person, e.Date, e.Policy, membership, e.By)
	for _, word := range []struct {
		is   bool
		text string
	}{{e.Dead, "dead"}, {e.Shield, "address protected"}, {e.Restricted, "restricted"}, {len(e.Holds) > 0, "held: " + strings.Join(e.Holds, ", ")}, {len(e.Objects) > 0, "objected: " + strings.Join(e.Objects, ", ")}} {
		if word.is {
			fmt.Fprintf(a.out, ", %s", word.text)
		}
	}
	fmt.Fprint(a.out, "\n\nwhy it is here, and when it goes\n")
	var rows [][]string
	for _, d := range e.Data {
		goes := strings.Join(d.Ends, "; ")
		if d.Due != "" {
			goes = fmt.Sprintf("%s on %s (%s)", d.Action, d.Due, d.DueClause)
			if d.Hold != "" {
				goes += ", held: " + d.Hold
			}
		}
		rows = append(rows, []string{d.Category, d.Clause, d.Basis, d.Source, d.SourceKey, strings.Join(d.Tables, ","), d.Since, goes})
	}
	if err := a.table([]string{"CATEGORY", "CLAUSE", "BASIS", "SOURCE", "SOURCE KEY", "TABLES", "SINCE", "GOES"}, rows); err != nil {
		return err
	}
	if err := a.printAttributions(e); err != nil {
		return err
	}
	if err := a.printSaid(e); err != nil {
		return err
	}
	fmt.Fprint(a.out, "\nwho may use it\n")
	rows = nil
	for _, u := range e.Uses {
		answer := "no: " + u.Reason
		if u.Allow {
			answer = "yes"
			if u.Per != "" {
				answer += ", for its own " + u.Per + " alone"
			}
		}
		rows = append(rows, []string{u.Purpose, cmp.Or(u.Recipient, "-"), u.Category, u.Clause, answer, u.Says})
	}
	return a.table([]string{"PURPOSE", "RECIPIENT", "CATEGORY", "CLAUSE", "ANSWER", "THE NOTICE"}, rows)
}

// printSaid lists what was said of consents, and the texts that it was said to.
func (a *app) printSaid(e *nightly.Explained) error {
	if len(e.Said) == 0 {
		return nil
	}
	var rows [][]string
	for _, s := range e.Said {
		rows = append(rows, []string{cmp.Or(s.At, "-"), strings.TrimSuffix(s.Purpose+"/"+s.Topic, "/"), cmp.Or(s.Channel, "any"), s.State, s.Source, cmp.Or(s.TextVersion, "-"), cmp.Or(s.TextDigest, "-")})
	}
	fmt.Fprint(a.out, "\nwhat was said of consents\n")
	return a.table([]string{"SAID", "PURPOSE", "CHANNEL", "STATE", "SOURCE", "TEXT", "SHA-256 OF THE TEXT"}, rows)
}

// printAttributions lists the source rows that say who provided them, under which licence, or who changed them and when.
func (a *app) printAttributions(e *nightly.Explained) error {
	var rows [][]string
	seen := map[string]bool{}
	for _, d := range e.Data {
		if x := d.Attributed; x != nil && !seen[d.SourceKey] {
			seen[d.SourceKey] = true
			rows = append(rows, []string{d.Source, d.SourceKey, cmp.Or(x.Provider, "-"), cmp.Or(x.Licence, "-"), cmp.Or(x.Until, "-"), cmp.Or(x.Author, "-"), cmp.Or(x.ChangedAt, "-")})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprint(a.out, "\nattribution\n")
	return a.table([]string{"SOURCE", "SOURCE KEY", "PROVIDER", "LICENCE", "UNTIL", "CHANGED BY", "CHANGED AT"}, rows)
}
