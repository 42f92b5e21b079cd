package main

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/workspace"
)

// subjectCommand gathers what is done for one person of the register.
func (a *app) subjectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "subject",
		Short: "Find a person, and answer what the person asks of the controller",
		Example: `  uoma subject find < words.txt
  uoma subject export REF --out answer`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.subjectFindCommand(), a.subjectExportCommand(), a.subjectRequestCommand(), a.subjectWordsCommand(), a.subjectConsentCommand(),
		a.subjectObjectCommand(), a.subjectRestrictCommand(), a.subjectHoldCommand(), a.subjectRectifyCommand(), a.subjectDiscloseCommand())
	return c
}

// noteLooks writes into the audit log that somebody looked at people, by the register's references, before anything is
// shown: what was not noted is not shown. A search that found nobody is noted, too.
func (a *app) noteLooks(ctx context.Context, ws *workspace.Workspace, verb ledger.Verb, by, reason string, refs ...string) error {
	return ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		for _, ref := range refs {
			look := ledger.Entry{At: a.now().UnixMicro(), Actor: a.actor(by), Verb: verb, Subject: ref, Reason: reason}
			if err := ws.Audit.Append(ctx, tx, look); err != nil {
				return err
			}
		}
		return nil
	})
}
