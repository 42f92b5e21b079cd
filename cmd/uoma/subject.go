package main

import (
	"context"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/workspace"
	"uoma/transforms/pseudonym"
)

// subjectCommand gathers what is done for one person of the register.
func (a *app) subjectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "subject",
		Short: "Find a person, and answer what the person asks of the controller",
		Example: `  uoma subject find < words.txt
  uoma subject export TOKEN --out answer`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.subjectFindCommand(), a.subjectExportCommand(), a.subjectRequestCommand(), a.subjectWordsCommand(), a.subjectConsentCommand(),
		a.subjectObjectCommand(), a.subjectRestrictCommand(), a.subjectHoldCommand(), a.subjectRectifyCommand(), a.subjectDiscloseCommand(), a.subjectEraseCommand())
	return c
}

// typedTokens reads the arguments as pseudonyms that people typed, once the others have been looked at.
func typedTokens(before cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := before(c, args); err != nil {
			return err
		}
		return readTokens(args)
	}
}

// readTokens puts in the place of pseudonyms that people typed those that the stores have.
func readTokens(typed []string) error {
	for i := range typed {
		token, err := pseudonym.Typed(typed[i])
		if err != nil {
			return usageError{err}
		}
		typed[i] = token
	}
	return nil
}

// readToken is readTokens for a flag, which may be empty.
func readToken(typed *string) error {
	if *typed == "" {
		return nil
	}
	one := []string{*typed}
	err := readTokens(one)
	*typed = one[0]
	return err
}

// noteLooks writes into the audit log that somebody looked at people, by the register's tokens, before anything is
// shown: what was not noted is not shown. A search that found nobody is noted, too.
func (a *app) noteLooks(ctx context.Context, ws *workspace.Workspace, verb ledger.Verb, by, reason string, refs ...string) error {
	looks := make([]ledger.Entry, len(refs))
	for i, ref := range refs {
		looks[i] = ledger.Entry{At: a.now().UnixMicro(), Actor: a.actor(by), Verb: verb, Subject: ref, Reason: reason}
	}
	return ws.Note(ctx, looks...)
}
