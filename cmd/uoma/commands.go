package main

import "github.com/spf13/cobra"

// commands lists every subcommand.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.initCommand(),
		completing(a.runCommand(), a.completePipelines),
		a.runsCommand(),
		a.quarantineCommand(),
		a.reviewCommand(),
		a.checkCommand(),
		a.scheduleCommand(),
		a.backfillCommand(),
		a.eraseCommand(),
		a.auditCommand(),
		a.keyCommand(),
		a.backupCommand(),
		a.revealCommand(),
		a.operatorCommand(),
		a.deliveryCommand(),
		a.layoutCommand(),
		a.targetCommand(),
		a.policyCommand(),
		a.retentionCommand(),
		a.explainSubjectCommand(),
		a.subjectCommand(),
		a.recordCommand(),
		a.breachCommand(),
		a.generateCommand(),
		a.resolveCommand(),
		a.evaluateCommand(),
		a.feedbackCommand(),
		a.completionCommand(),
		a.versionCommand(),
	}
}
