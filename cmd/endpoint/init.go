package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/endpoint/setup"
)

func initCommand() *cobra.Command {
	var plan setup.Plan
	var sender string
	var keyFiles []string
	cmd := &cobra.Command{
		Use:     "init FOLDER",
		Short:   "Make an endpoint: authority, certificates, keys, settings and the first sender's bundle",
		Example: "  endpoint init ./endpoint --id csc --sender xamk --signing-key keys/signing.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := setup.Init(args[0], plan, time.Now(), rand.Reader); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], "endpoint.yaml"))
			if sender == "" {
				return nil
			}
			return enrol(cmd, args[0], sender, keyFiles)
		},
	}
	f := cmd.Flags()
	f.StringVar(&plan.RecipientID, "id", "csc", "recipient id of the endpoint")
	f.StringVar(&plan.Name, "name", "Reference endpoint", "name of the organisation")
	f.StringVar(&plan.Listen, "listen", "127.0.0.1:8443", "address to listen on; port 0 takes a free one")
	f.StringVar(&plan.URL, "url", "https://localhost:8443", "address that senders use")
	f.StringSliceVar(&plan.Hosts, "host", nil, "names in the server's certificate (default localhost, 127.0.0.1)")
	f.StringSliceVar(&plan.ApprovedBy, "approved-by", []string{"first approver", "second approver"}, "the two people who pin the keys at the sender")
	f.StringVar(&sender, "sender", "", "id of the first sender")
	f.StringSliceVar(&keyFiles, "signing-key", nil, "public manifest key of the sender, as ssh-keygen writes it")
	return cmd
}

func enrolCommand() *cobra.Command {
	var keyFiles []string
	cmd := &cobra.Command{
		Use:     "enrol FOLDER SENDER",
		Short:   "Add a sender and write the bundle that it needs",
		Example: "  endpoint enrol ./endpoint example-university --signing-key signing.pub",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return enrol(cmd, args[0], args[1], keyFiles)
		},
	}
	cmd.Flags().StringSliceVar(&keyFiles, "signing-key", nil, "public manifest key of the sender, as ssh-keygen writes it")
	return cmd
}

func enrol(cmd *cobra.Command, folder, sender string, keyFiles []string) error {
	var keys []ssh.PublicKey
	for _, path := range keyFiles {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			return fmt.Errorf("%s: not an OpenSSH public key", path)
		}
		keys = append(keys, key)
	}
	if err := setup.Enrol(folder, sender, keys, time.Now()); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(folder, "for-senders", sender))
	return nil
}
