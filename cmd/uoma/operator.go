package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
	"uoma/transforms/pseudonym"
)

func (a *app) operatorCommand() *cobra.Command {
	list := a.operatorListCommand()
	c := &cobra.Command{
		Use:   "operator",
		Short: "See who may do what, and allow what another is to do",
		Long: `A workspace whose operators.yaml names its operators lets nobody else do anything. Each has a personal account of the
operating system, roles from one day to another, training that counts and a commitment to secrecy; an account of no person
runs schedules alone. Who is at the keyboard is told by the account that logged in, through sudo too, and by no flag.`,
		Example: `  uoma operator
  uoma operator whoami
  uoma operator roles`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.operatorRolesCommand(), a.operatorWhoamiCommand(), a.operatorAllowCommand())
	return c
}

// operatorLine is an operator with what it may do today.
type operatorLine struct {
	Account     string              `json:"account"`
	Service     bool                `json:"service"`
	Roles       []string            `json:"roles"` // with their days
	Trained     string              `json:"trained_until,omitempty"`
	Secrecy     string              `json:"secrecy,omitempty"`
	Permissions []access.Permission `json:"permissions"` // today; none while something is missing
}

func operatorOf(o *access.Operators, x *access.Operator, as access.Account, day canon.Date) operatorLine {
	l := operatorLine{Account: x.Account, Service: x.Service, Roles: []string{}, Secrecy: x.Secrecy, Permissions: o.Permissions(as, day)}
	for _, h := range x.Roles {
		l.Roles = append(l.Roles, h.Role+" "+h.From+"/"+cmp.Or(h.Until, ".."))
	}
	if x.Training != nil {
		l.Trained = x.Training.ValidUntil
	}
	return l
}

// access reads who may do what in the workspace, today.
func (a *app) access() (workspace.Access, canon.Date, error) {
	may, err := workspace.ReadAccess(a.workspace)
	return may, canon.DateOf(a.now().In(may.Location)), err
}

func (a *app) operatorListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the operators: roles with their days, training, secrecy, and how much each may do today",
		Example: "  uoma operator list --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			may, day, err := a.access()
			if err != nil {
				return err
			}
			lines := []operatorLine{}
			var rows [][]string
			if may.Operators != nil {
				for i := range may.Operators.List {
					x := &may.Operators.List[i]
					l := operatorOf(may.Operators, x, may.Operators.Named(x.Account), day)
					lines = append(lines, l)
					today := "nothing"
					if len(l.Permissions) > 0 {
						today = thousands(int64(len(l.Permissions))) + " permissions"
					}
					rows = append(rows, []string{l.Account, strings.Join(l.Roles, ", "), cmp.Or(l.Trained, "-"), cmp.Or(l.Secrecy, "-"), today})
				}
			}
			if a.json {
				return a.printJSON("operator list", true, lines)
			}
			if may.Operators == nil {
				_, err := fmt.Fprintln(a.out, "no file names the operators: everybody who can open the workspace may do everything (docs/operator.md)")
				return err
			}
			return a.table([]string{"ACCOUNT", "ROLES", "TRAINED UNTIL", "SECRECY", "TODAY"}, rows)
		},
	}
}

func (a *app) operatorWhoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		Short:   "Show who is at the keyboard, and what that account may do today",
		Example: "  uoma operator whoami",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			may, day, err := a.access()
			if err != nil {
				return err
			}
			l := operatorLine{Account: a.person(), Roles: []string{}, Permissions: []access.Permission{}}
			if may.Operators == nil {
				for _, p := range access.Roles().Permissions {
					l.Permissions = append(l.Permissions, p.ID)
				}
			} else if x := may.Operators.Find(l.Account); x != nil {
				l = operatorOf(may.Operators, x, a.account(), day)
			}
			if a.json {
				return a.printJSON("operator whoami", true, l)
			}
			rows := [][]string{{"account", l.Account}, {"through sudo", cmp.Or(printable(os.Getenv("SUDO_USER")), "-")}, {"roles", cmp.Or(strings.Join(l.Roles, ", "), "-")}}
			for _, p := range l.Permissions {
				rows = append(rows, []string{"may", string(p)})
			}
			return a.table([]string{"WHAT", "IS"}, rows)
		},
	}
}

// permissionLine is a permission with who has it and what it opens.
type permissionLine struct {
	access.Titled
	Roles    []string `json:"roles"`
	Commands []string `json:"commands"`
}

func (a *app) operatorRolesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "roles",
		Short:   "List every permission: which roles give it, and which commands ask for it",
		Example: "  uoma operator roles",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			lines := permissionLines()
			if a.json {
				return a.printJSON("operator roles", true, lines)
			}
			var rows [][]string
			for _, l := range lines {
				rows = append(rows, []string{string(l.ID), l.Title, strings.Join(l.Roles, ", "), strings.Join(l.Commands, ", ")})
			}
			return a.table([]string{"PERMISSION", "LETS", "ROLES", "COMMANDS"}, rows)
		},
	}
}

func permissionLines() []permissionLine {
	table, needed := access.Roles(), needs()
	out := make([]permissionLine, 0, len(table.Permissions))
	for _, p := range table.Permissions {
		l := permissionLine{Titled: p, Roles: []string{}, Commands: []string{}}
		for _, r := range table.Roles {
			if table.Gives(r.Role, p.ID) {
				l.Roles = append(l.Roles, r.Role)
			}
		}
		for _, path := range slices.Sorted(maps.Keys(needed)) {
			command := strings.TrimPrefix(path, "uoma ")
			if needed[path].permission == p.ID {
				l.Commands = append(l.Commands, command)
			}
			for flag, of := range needed[path].flags {
				if of == p.ID {
					l.Commands = append(l.Commands, command+" --"+flag)
				}
			}
		}
		for command, of := range unattended() {
			if of == p.ID {
				l.Commands = append(l.Commands, strings.TrimPrefix(command, "uoma ")+" (service accounts)")
			}
		}
		out = append(out, l)
	}
	return out
}

func (a *app) operatorAllowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "allow",
		Short: "Allow what another operator is to do, under your own account",
		Long: `Where operators are named, the second person of what needs two is no name on a command line: that person allows it under
their own account, and the one who does it names them with --approved-by. The word counts for 14 days, and for retention only
until the next night, as nothing is applied for a day before it.`,
		Example: `  uoma operator allow retention --date 2026-11-22 --plan 0f2c…
  uoma operator allow disclosure 4f1c… 5500-R-1`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.operatorAllowRetentionCommand(), a.operatorAllowDisclosureCommand())
	return c
}

func (a *app) operatorAllowRetentionCommand() *cobra.Command {
	var date, plan string
	c := &cobra.Command{
		Use:   "retention --date D --plan P",
		Short: "Allow that what is due on a date is carried out, after a look at the plan",
		Long: `The word is for the plan that uoma retention plan printed last, and for no other: when more or less is due by then, it has to
be given again. It is used once.`,
		Example: "  uoma operator allow retention --date 2026-11-22 --plan 0f2c…",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				day, err := a.logicalDate(ws, date)
				if err != nil {
					return err
				}
				reference, err := nightly.ApproveRetention(c.Context(), ws, day, plan)
				if err != nil {
					return err
				}
				return a.allow(c.Context(), ws, nightly.RetentionAct, "", reference)
			})
		},
	}
	c.Flags().StringVar(&date, "date", "auto", "the date for which retention is applied, YYYY-MM-DD or auto for today")
	c.Flags().StringVar(&plan, "plan", "", "the plan that was looked at, as uoma retention plan prints it (required)")
	_ = c.MarkFlagRequired("plan")
	return c
}

func (a *app) operatorAllowDisclosureCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "disclosure TOKEN CASE",
		Short:   "Allow that a person's data goes to an authority in a case",
		Example: "  uoma operator allow disclosure 4f1c… 5500-R-1",
		Args:    exactly(2),
		RunE: func(c *cobra.Command, args []string) error {
			person, err := pseudonym.Typed(args[0])
			if err != nil {
				return usageError{err}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				return a.allow(c.Context(), ws, "disclosure", person, args[1])
			})
		},
	}
}
