package main

import (
	"cmp"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/workspace"
)

// changeLine is a version of a notice that people are to be told of.
type changeLine struct {
	Policy   string    `json:"policy"`
	Version  string    `json:"version"`
	Since    string    `json:"since"`
	Audience string    `json:"audience,omitempty"` // nobody where it is empty
	Channels string    `json:"channels,omitempty"`
	Channel  string    `json:"announced_by_channel,omitempty"`
	At       time.Time `json:"announced,omitzero"`
	By       string    `json:"announced_by,omitempty"`
	Owed     bool      `json:"owed"`
}

func (a *app) policyChangesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "changes",
		Short: "List the versions of the notice that took effect, and who has still to be told",
		Long: `A version of a pack that takes another's place is a change of the notice. Whom the pack's changes: name is to be told by one
of the channels there; until uoma policy announced records that, the quality report says so each night.

Exit codes: 0 nobody has to be told, 4 somebody has.`,
		Example: "  uoma policy changes",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				all, err := ledger.Announcements(c.Context(), ws.RegisterDB)
				if err != nil {
					return err
				}
				return a.printChanges("policy changes", all)
			})
		},
	}
}

func (a *app) policyAnnouncedCommand() *cobra.Command {
	var audience, channel string
	c := &cobra.Command{
		Use:   "announced VERSION --channel C",
		Short: "Record that people were told of a new version of the notice",
		Example: `  uoma policy announced 2027-01-01.1 --channel website
  uoma policy announced 2027-01-01.1 --audience alumni --channel email`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if channel == "" {
				return usageError{errors.New("--channel is needed")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				told, err := ws.Announce(c.Context(), args[0], audience, channel, a.actor(""), a.now())
				if err != nil {
					return err
				}
				return a.printChanges("policy announced", told)
			})
		},
	}
	c.Flags().StringVar(&audience, "audience", "", "register whose people were told; all of the version when missing")
	c.Flags().StringVar(&channel, "channel", "", "by which channel of the pack")
	return c
}

func (a *app) printChanges(command string, all []ledger.Announcement) error {
	lines, owed := make([]changeLine, 0, len(all)), false
	var rows [][]string
	for i := range all {
		x := &all[i]
		l := changeLine{x.Pack, x.Version, x.Since, x.Audience, x.Channels, x.Channel, time.Time{}, x.AnnouncedBy, x.Owed()}
		state := "-"
		switch {
		case l.Owed:
			owed, state = true, "to be announced"
		case l.Channel != "":
			l.At = instant(x.AnnouncedAt)
			state = l.Channel + " " + localTime(l.At)
		}
		lines = append(lines, l)
		rows = append(rows, []string{l.Policy, l.Version, l.Since, cmp.Or(l.Audience, "-"), cmp.Or(l.Channels, "-"), state, cmp.Or(l.By, "-")})
	}
	var err error
	if a.json {
		err = a.printJSON(command, !owed, lines)
	} else {
		err = a.table([]string{"POLICY", "VERSION", "SINCE", "AUDIENCE", "CHANNELS", "ANNOUNCED", "BY"}, rows)
	}
	if err == nil && owed {
		return statusError(exitFindings)
	}
	return err
}
