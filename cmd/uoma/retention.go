package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var errOrder = fault.New("UOMA-CLI-ORDER", "a plan is not sorted by that", "sort by due, person, source, category, action or clause")

// dueLine is one line of a retention plan.
type dueLine struct {
	Due        string `json:"due"`
	Action     string `json:"action"`
	Category   string `json:"category"`
	Clause     string `json:"clause"`
	Hold       string `json:"hold,omitempty"`
	Anchor     string `json:"anchor"`
	AnchorDate string `json:"anchor_date"`
	Person     string `json:"person,omitempty"`
	Source     string `json:"source"`
	SourceKey  string `json:"source_key"`
}

// retentionResult is a plan on the command line.
type retentionResult struct {
	Date  string         `json:"date"`
	Plan  string         `json:"plan,omitempty"` // digest of all that is due, by which it is allowed
	Part  bool           `json:"part,omitempty"` // the lines are not all that is due, and have no digest
	Due   int            `json:"due"`
	Held  int            `json:"held"`
	By    map[string]int `json:"by_action"`
	Lines []dueLine      `json:"lines"`
}

func (a *app) retentionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "retention",
		Short:   "See and carry out what has outlived its period, by which clause of the notice",
		Example: "  uoma retention plan --date 2026-11-22",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.retentionPlanCommand(), a.retentionApplyCommand(), a.retentionReviewCommand())
	return c
}

// planFlags are what a plan is narrowed and ordered by.
type planFlags struct {
	date, from, sort string
	filter           policy.PlanFilter
	held, free, csv  bool
}

func (a *app) retentionPlanCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan",
		Short: "List what is due on a date, and what a hold keeps",
		Long: `Plan works out, from the register as it stands, which source rows are due for an action on a date: by the pack in force on
that date, with the clause, the day and the event that it counts from. Rows that a hold keeps are listed with the hold. A
date to come tells what will be due if nothing changes. Nothing is written, and persons stand as tokens. The whole plan ends
with its digest, by which a second person allows it (under --csv on standard error); a part of it has none.`,
		Example: `  uoma retention plan --date 2026-11-22
  uoma retention plan --date 2027-01-01 --action delete --free --sort category
  uoma retention plan --date 2026-11-22 --csv > due.csv`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			date, err := f.check(c)
			if err != nil {
				return usageError{err}
			}
			if err := readToken(&f.filter.Person); err != nil {
				return err
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				plan, err := nightly.RetentionPlan(c.Context(), ws, date)
				if err != nil {
					return err
				}
				digest := ""
				if f.filter == (policy.PlanFilter{}) { // who allows a plan has seen all of it
					digest = plan.Digest()
				}
				plan = plan.Keep(f.filter)
				plan.Sort(f.sort)
				return a.printPlan(date, digest, plan, f.csv)
			})
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.date, "date", "", "the date to plan for, YYYY-MM-DD (required)")
	flags.StringVar(&f.from, "from", "", "only what became due on this day or later")
	flags.StringVar(&f.filter.Category, "category", "", "only this category")
	flags.StringVar(&f.filter.Action, "action", "", "only this action: delete, anonymise, aggregate, suppress, shred, review")
	flags.StringVar(&f.filter.Source, "source", "", "only this feed or system")
	flags.StringVar(&f.filter.Clause, "clause", "", "only by this clause")
	flags.StringVar(&f.filter.Person, "person", "", "only this person's, by token")
	flags.BoolVar(&f.held, "held", false, "only what a hold keeps")
	flags.BoolVar(&f.free, "free", false, "only what no hold keeps")
	flags.StringVar(&f.sort, "sort", "due", "column to sort by: "+strings.Join(policy.PlanOrders(), ", "))
	flags.BoolVar(&f.csv, "csv", false, "print CSV")
	return c
}

// check reads the flags that are more than text.
func (f *planFlags) check(c *cobra.Command) (date canon.Date, err error) {
	if date, err = canon.ParseDate(f.date); err != nil {
		return 0, fmt.Errorf("--date: %w", err)
	}
	if f.from != "" {
		if f.filter.From, err = canon.ParseDate(f.from); err != nil {
			return 0, fmt.Errorf("--from: %w", err)
		}
	}
	if f.held && f.free {
		return 0, errors.New("--held and --free leave nothing")
	}
	if !slices.Contains(policy.PlanOrders(), f.sort) {
		return 0, errOrder.At(fault.Place{Field: f.sort})
	}
	if c.Flags().Changed("held") || c.Flags().Changed("free") {
		held := f.held
		f.filter.Held = &held
	}
	return date, nil
}

func (a *app) printPlan(date canon.Date, digest string, plan policy.Plan, asCSV bool) error {
	out := retentionResult{Date: date.String(), Plan: digest, Part: digest == "", By: map[string]int{}, Lines: make([]dueLine, 0, len(plan))}
	rows := make([][]string, 0, len(plan))
	for i := range plan {
		d := &plan[i]
		if d.Hold == "" {
			out.Due++
			out.By[string(d.Action)]++
		} else {
			out.Held++
		}
		out.Lines = append(out.Lines, dueLine{d.DueDate.String(), string(d.Action), d.Category, d.Clause, d.Hold, d.Anchor.String(),
			d.AnchorDate.String(), d.Person, d.Feed, d.SourceKey})
		rows = append(rows, []string{d.DueDate.String(), string(d.Action), d.Category, d.Clause, cmp.Or(d.Hold, "-"),
			d.Anchor.String() + " " + d.AnchorDate.String(), cmp.Or(d.Person, "-"), d.Feed, d.SourceKey})
	}
	last := fmt.Sprintf("%d due on %s, %d held; plan %s", out.Due, date, out.Held, digest)
	if out.Part {
		last = fmt.Sprintf("%d due on %s, %d held; a part of the plan", out.Due, date, out.Held)
	}
	switch {
	case asCSV:
		fmt.Fprintln(a.err, last)
		return plan.WriteCSV(a.out)
	case a.json:
		return a.printJSON("retention plan", true, out)
	}
	if err := a.table([]string{"DUE", "ACTION", "CATEGORY", "CLAUSE", "HELD", "SINCE", "PERSON", "SOURCE", "SOURCE KEY"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out, last)
	return err
}
