package main

import "github.com/spf13/cobra"

// subjectCommand gathers what is done for one person of the register.
func (a *app) subjectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "subject",
		Short:   "Find a person, and answer what the person asks of the controller",
		Example: `  uoma subject --help`,
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.subjectConsentCommand(), a.subjectObjectCommand(), a.subjectRestrictCommand(), a.subjectHoldCommand(), a.subjectWordsCommand(),
		a.subjectRequestCommand(), a.subjectRectifyCommand(), a.subjectDiscloseCommand())
	return c
}
