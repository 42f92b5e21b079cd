package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

var (
	errApplyConfirm = fault.New("UOMA-RET-CONFIRM", "what retention removes cannot be brought back", "look at it with --dry-run, then repeat the command with --yes")
	errWho          = fault.New("UOMA-RET-WHO", "a name stands in the ledger for ever, so it must be a short one", "give a user name: letters, digits, and . _ @ -, up to 64")
)

// userName is how somebody is named in the ledger.
var userName = regexp.MustCompile(`^[\p{L}\p{N}._@-]+$`)

const longestName = 64 // characters, counted apart: the pattern compiles at each start of the program

func isUserName(s string) bool {
	return utf8.RuneCountInString(s) <= longestName && userName.MatchString(s)
}

func (a *app) retentionApplyCommand() *cobra.Command {
	var date string
	var o nightly.Order
	var yes bool
	c := &cobra.Command{
		Use:   "apply",
		Short: "Carry out what is due",
		Long: `Apply works out what is due from the register as it stands, and carries it out: rows leave the register, identity leaves
the vault, counts stay of what is anonymised, words against a use stay under the person's marks, and the same row of a
later export is withheld. What a hold keeps stays; a review asks a person and is never carried out. Snapshots and
quarantined rows older than raw_days of uoma.yaml go as well.

Where more than 1 % of the people in the register lose something, or the retention.share of uoma.yaml, a second person must
have looked: --approved-by, and at which plan: --plan, or uoma operator allow where operators are named. What is due
otherwise by now needs another look. Both names stand in the ledger. A plan's file is never read. Killed anywhere, the same
command again ends the same.`,
		Example: `  uoma retention apply --date auto --dry-run
  uoma retention apply --date auto --yes
  uoma retention apply --date 2026-11-22 --approved-by registrar --plan 0f2c… --yes`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			actor := a.actor(o.By)
			o.Login = a.person()
			if o.By == "" {
				o.By = o.Login
			}
			if !isUserName(o.By) || o.ApprovedBy != "" && !isUserName(o.ApprovedBy) {
				return errWho
			}
			if !o.Dry && !yes {
				return errApplyConfirm
			}
			if o.ApprovedBy != "" { // asked before the lease, so that who may not is told so also while a night is at work
				if err := a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
					return a.second(ws, o.ApprovedBy, access.ApproveRetention)
				}); err != nil {
					return err
				}
			}
			var out nightly.Applied
			err := a.underNightly(c.Context(), date, func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (err error) {
				r.Pipeline, r.Actor = "retention", actor
				out, err = n.ApplyRetention(ctx, r, "nightly", o)
				return err
			})
			if err != nil && (!o.Dry || out.Plan == "") {
				return err
			}
			return errors.Join(a.printApplied(out, o.Dry, err == nil), err) // a plan that is refused is to be looked at
		},
	}
	f := c.Flags()
	f.StringVar(&date, "date", "", "the date for which it is applied, YYYY-MM-DD or auto for today (required)")
	f.StringVar(&o.By, "by", "", "who applies it (the user of the machine)")
	f.StringVar(&o.ApprovedBy, "approved-by", "", "the second person, who looked at the plan")
	f.StringVar(&o.Plan, "plan", "", "the plan that they looked at, as retention plan prints it; where operators are named, they say so themselves, and it may be left out")
	f.BoolVar(&o.Dry, "dry-run", false, "say what would be done, and do nothing")
	f.BoolVar(&yes, "yes", false, "do it")
	_ = c.MarkFlagRequired("date")
	return c
}

// underNightly runs f under the nightly's lease, as it changes what the nightly would.
func (a *app) underNightly(ctx context.Context, date string, f func(context.Context, *nightly.Night, *pipelines.Run) error) error {
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		day, err := a.logicalDate(ws, date)
		if err != nil {
			return err
		}
		r := a.manual("nightly", day)
		r.Progress = a.newProgress(r.Log)
		return held(ctx, ws, ws, r, func(ctx context.Context, h holding) error {
			n := nightly.New(ws, h.layouts, h.pack, nil, h.journal.Check)
			defer n.Close()
			of := *r
			return f(ctx, n, &of)
		})
	})
}

func (a *app) printApplied(out nightly.Applied, dry, ok bool) error {
	if a.json {
		return a.printJSON("retention apply", ok, out)
	}
	actions := make([]string, 0, len(out.Actions))
	for action, n := range out.Actions {
		actions = append(actions, fmt.Sprintf("%s %d", action, n))
	}
	slices.Sort(actions)
	if len(actions) == 0 {
		actions = []string{"nothing is due"}
	}
	if dry {
		_, err := fmt.Fprintf(a.out, "due on %s: %s; about %d of %d people; %d held, %d reviews wait; plan %s\n", out.Date, strings.Join(actions, ", "), out.Touched, out.People, out.Held, out.Reviews, out.Plan)
		return err
	}
	_, err := fmt.Fprintf(a.out, "applied for %s: %s; %d register rows, %d vault entries gone; %d counts stay; %d held, %d reviews wait; %d old snapshots removed\n",
		out.Date, strings.Join(actions, ", "), out.Rows, out.Entries, out.Counts, out.Held, out.Reviews, out.Snapshots)
	return err
}

func (a *app) retentionReviewCommand() *cobra.Command {
	var date string
	var look nightly.Look
	c := &cobra.Command{
		Use:   "review --category C",
		Short: "Record that data without an end was looked at and is still needed",
		Long: `Some data has no end but is kept under review. Review records that you looked at everything of a category whose review is
due, of one source or of all, and found it still needed: who, on which day, by which clause, how many records. The next
review is due a period later. Without --category it lists the reviews on record.`,
		Example: `  uoma retention plan --date auto --action review
  uoma retention review --category identification --date auto`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if look.Category == "" {
				return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error { return a.listReviews(c.Context(), ws) })
			}
			actor := a.actor(look.By)
			if look.By == "" {
				look.By = a.person()
			}
			if !isUserName(look.By) {
				return errWho
			}
			if date == "" {
				return usageError{errors.New("--date is needed")}
			}
			var v ledger.RetentionReview
			err := a.underNightly(c.Context(), date, func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (err error) {
				r.Actor = actor
				v, err = n.ReviewRetention(ctx, r, "nightly", look)
				return err
			})
			if err != nil {
				return err
			}
			return a.printReviews([]ledger.RetentionReview{v})
		},
	}
	f := c.Flags()
	f.StringVar(&look.Category, "category", "", "category that was looked at")
	f.StringVar(&look.Source, "source", "", "feed or system that was looked at (all)")
	f.StringVar(&look.By, "by", "", "who looked (the user of the machine)")
	f.StringVar(&date, "date", "", "the day of the look, YYYY-MM-DD or auto for today")
	return c
}

func (a *app) listReviews(ctx context.Context, ws *workspace.Workspace) error {
	all, err := ledger.RetentionReviews(ctx, ws.RegisterDB)
	if err != nil {
		return err
	}
	return a.printReviews(all)
}

// reviewedLine is one review on record.
type reviewedLine struct {
	Number   int64  `json:"number"`
	On       string `json:"reviewed_on"`
	By       string `json:"reviewed_by"`
	Category string `json:"category"`
	Source   string `json:"source,omitempty"`
	Clause   string `json:"clause"`
	Records  int64  `json:"records"`
}

func (a *app) printReviews(all []ledger.RetentionReview) error {
	lines := make([]reviewedLine, 0, len(all))
	rows := make([][]string, 0, len(all))
	for _, v := range all {
		lines = append(lines, reviewedLine{v.Number, v.ReviewedOn, v.ReviewedBy, v.Category, v.Source, v.Clause, v.Records})
		source := v.Source
		if source == "" {
			source = "all"
		}
		rows = append(rows, []string{fmt.Sprint(v.Number), v.ReviewedOn, v.ReviewedBy, v.Category, source, v.Clause, fmt.Sprint(v.Records)})
	}
	if a.json {
		return a.printJSON("retention review", true, lines)
	}
	return a.table([]string{"NUMBER", "ON", "BY", "CATEGORY", "SOURCE", "CLAUSE", "RECORDS"}, rows)
}
