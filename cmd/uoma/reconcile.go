package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"uoma/connectors/outbox"
	"uoma/pipelines/workspace"
)

func (a *app) deliveryReconcileCommand() *cobra.Command {
	var pipeline, first, second string
	c := &cobra.Command{
		Use:   "reconcile --first ROLE --second ROLE",
		Short: "Take over the endpoint's last delivery after a restored backup",
		Long: `When the ledger was restored from a backup, the endpoint knows deliveries that the ledger does not, and nothing is sent
(UOMA-DLV-LEDGER-BEHIND). This command takes over the endpoint's last delivery with its signed receipt, so that the next
one continues the chain. Two different people must have confirmed with the endpoint that it is right; name their roles.`,
		Example: "  uoma delivery reconcile --pipeline career-survey --first operator --second registrar",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if first == "" || second == "" {
				return usageError{errors.New("--first and --second are needed")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				d, err := a.reconcile(c.Context(), ws, pipeline, first, second)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("delivery reconcile", true, deliveryOf(&d))
				}
				if d.ID == "" {
					_, err = fmt.Fprintln(a.out, "both sides agree already; nothing was changed")
					return err
				}
				_, err = fmt.Fprintf(a.out, "took over %s, number %d\n", d.ID, d.Sequence)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&pipeline, "pipeline", "career-survey", "pipeline whose deliveries are reconciled")
	f.StringVar(&first, "first", "", "role of the person who reconciles")
	f.StringVar(&second, "second", "", "role of another person who confirmed it")
	return c
}

func (a *app) reconcile(ctx context.Context, ws *workspace.Workspace, pipeline, first, second string) (d outbox.Delivery, err error) {
	def, err := ws.Pipeline(pipeline)
	if err != nil {
		return d, err
	}
	if def.Survey == nil {
		return d, usageError{fmt.Errorf("%s delivers nothing", pipeline)}
	}
	r := a.manual(pipeline, a.today(ws))
	err = held(ctx, ws, ws, r, func(ctx context.Context, h holding) error {
		s, err := surveyOf(ws, def, r, h)
		if err != nil {
			return err
		}
		m, done, err := s.Machine(r)
		if err != nil {
			return err
		}
		err = m.Hold(ctx, func(ctx context.Context) error {
			d, err = m.Reconcile(ctx, first, second)
			return err
		})
		return errors.Join(err, done())
	})
	return d, err
}
