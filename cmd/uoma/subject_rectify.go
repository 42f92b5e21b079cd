package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
	"uoma/transforms/policy"
)

// maxValue is longer than any value that is corrected.
const maxValue = 4096

// correctionLine is a correction on the command line.
type correctionLine struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Field   string    `json:"field"`
	Source  string    `json:"source"`
	State   string    `json:"state"` // pending, shown, gone
	From    string    `json:"learnt_from"`
	By      string    `json:"noted_by"`
	At      time.Time `json:"noted"`
	Request string    `json:"request,omitempty"`
}

func (a *app) subjectRectifyCommand() *cobra.Command {
	var c rights.Correction
	var who string
	cmd := &cobra.Command{
		Use:   "rectify TOKEN --field F --source S",
		Short: "Write down that a source has to correct a value (GDPR 16), or list what is pending",
		Long: `Rectify writes down which source has a value wrong. The source corrects it, and the register takes it from the next export:
until an export shows the right value, the correction is pending. The right value is read from standard input, so that neither
the list of processes nor the shell's history has it; of it a keyed token alone is kept. Without TOKEN, all corrections are
listed with their state.`,
		Example: `  uoma subject rectify 4f1c… --field person.family_name --source student-register --request 2026-7k3mq2xw < value.txt
  uoma subject rectify`,
		Args: typedTokens(between(0, 1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inWorkspace(cmd.Context(), func(ws *workspace.Workspace) error {
				if len(args) == 0 {
					return a.listCorrections(cmd, ws)
				}
				if c.Field == "" || c.Source == "" {
					return usageError{errors.New("--field and --source are needed")}
				}
				value, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxValue))
				if err != nil {
					return err
				}
				c.Person, c.Value = args[0], string(value)
				r, err := rights.Rectify(cmd.Context(), ws, c, a.author(who, a.now()))
				switch {
				case err != nil:
					return err
				case a.json:
					return a.printJSON("subject rectify", true, correctionOf(&r, rights.Pending))
				}
				_, err = fmt.Fprintf(a.out, "correction %s: %s has to correct %s; pending until its export shows it\n", r.ID, r.Source, c.Field)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Field, "field", "", "TABLE.COLUMN of the canonical tables")
	f.StringVar(&c.Source, "source", "", "system that has to correct it")
	f.StringVar(&c.LearntFrom, "from", "person", "who told: person or public")
	f.StringVar(&c.Request, "request", "", "id of the request that it answers")
	f.StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return cmd
}

func correctionOf(r *ledger.Rectification, state string) correctionLine {
	return correctionLine{r.ID, r.Person, r.Table + "." + r.Column, r.Source, state, r.LearntFrom, r.NotedBy, time.UnixMicro(r.NotedAt).UTC(), r.Request}
}

func (a *app) listCorrections(cmd *cobra.Command, ws *workspace.Workspace) error {
	all, err := rights.Corrections(cmd.Context(), ws)
	if err != nil {
		return err
	}
	lines := make([]correctionLine, 0, len(all))
	var rows [][]string
	for i := range all {
		l := correctionOf(&all[i].Rectification, all[i].State)
		lines = append(lines, l)
		rows = append(rows, []string{l.ID, l.State, l.Field, l.Source, l.Person, localTime(l.At), l.By, cmp.Or(l.Request, "-")})
	}
	if a.json {
		return a.printJSON("subject rectify", true, lines)
	}
	return a.table([]string{"CORRECTION", "STATE", "FIELD", "SOURCE", "PERSON", "NOTED", "BY", "REQUEST"}, rows)
}

func (a *app) subjectDiscloseCommand() *cobra.Command {
	var d ledger.LegalDisclosure
	var categories, at, who string
	c := &cobra.Command{
		Use:   "disclose TOKEN --to R --ground G --case C --categories K",
		Short: "Write down that data was disclosed because a law wants it, with its ground, or list such disclosures",
		Long: `Disclose writes down that a person's data went to an authority or a court because a law wants it: whom, by which law, in
which case, who approved it and who wrote it down, who are two. It sends nothing. Without TOKEN, all such disclosures are
listed.`,
		Example: `  uoma subject disclose 4f1c… --to police --ground "872/2011 4 (2)" --case 5500-R-1 --categories contact --approved-by rector
  uoma subject disclose`,
		Args: typedTokens(between(0, 1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atRequests(c.Context(), func(ws *workspace.Workspace, pack *policy.Pack, _ canon.Date) error {
				if len(args) == 0 {
					return a.listDisclosed(c, ws)
				}
				moment, err := rights.Instant(at, true, ws.Settings.Location, a.now())
				if err != nil {
					return err
				}
				d.Person, d.DisclosedAt = args[0], moment.UnixMicro()
				if err := a.allowed(c.Context(), ws, d.ApprovedBy, "disclosure", d.Person, d.Case, access.ApproveDisclosure); err != nil {
					return err
				}
				list := strings.FieldsFunc(categories, func(r rune) bool { return r == ',' || r == ' ' })
				if d, err = rights.Disclose(c.Context(), ws, pack, d, list, a.author(who, a.now())); err != nil {
					return err
				}
				if a.json {
					return a.printJSON("subject disclose", true, disclosedOf(&d))
				}
				_, err = fmt.Fprintf(a.out, "disclosure %s to %s by %s, case %s\n", d.ID, d.Recipient, d.Ground, d.Case)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&d.Recipient, "to", "", "authority or court")
	f.StringVar(&d.Ground, "ground", "", "the law that wants it")
	f.StringVar(&d.Case, "case", "", "the case's number")
	f.StringVar(&categories, "categories", "", "categories of the pack, by commas")
	f.StringVar(&d.ApprovedBy, "approved-by", "", "who approved it, another than who writes it down")
	f.StringVar(&at, "at", "", "when it was disclosed, a day or an instant; now when absent")
	f.StringVar(&who, "by", "", "who writes it down; the user of the machine when absent")
	return c
}

// disclosedLine is a disclosure by law on the command line.
type disclosedLine struct {
	ID         string    `json:"id"`
	Person     string    `json:"person"`
	Recipient  string    `json:"recipient"`
	Ground     string    `json:"ground"`
	Case       string    `json:"case"`
	Categories string    `json:"categories"`
	At         time.Time `json:"disclosed"`
	ApprovedBy string    `json:"approved_by"`
	By         string    `json:"noted_by"`
}

func disclosedOf(d *ledger.LegalDisclosure) disclosedLine {
	return disclosedLine{d.ID, d.Person, d.Recipient, d.Ground, d.Case, d.Categories, time.UnixMicro(d.DisclosedAt).UTC(), d.ApprovedBy, d.NotedBy}
}

func (a *app) listDisclosed(c *cobra.Command, ws *workspace.Workspace) error {
	all, err := ledger.LegalDisclosures(c.Context(), ws.RegisterDB)
	if err != nil {
		return err
	}
	lines := make([]disclosedLine, 0, len(all))
	var rows [][]string
	for i := range all {
		l := disclosedOf(&all[i])
		lines = append(lines, l)
		rows = append(rows, []string{l.ID, localTime(l.At), l.Recipient, l.Ground, l.Case, l.Categories, l.Person, l.ApprovedBy, l.By})
	}
	if a.json {
		return a.printJSON("subject disclose", true, lines)
	}
	return a.table([]string{"DISCLOSURE", "AT", "TO", "GROUND", "CASE", "CATEGORIES", "PERSON", "APPROVED BY", "BY"}, rows)
}
