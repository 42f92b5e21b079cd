package main

import (
	"crypto/rand"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

func (a *app) policySignCommand() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign a policy pack, for workspaces that take signed ones alone",
		Long: "Sign a policy pack, for workspaces whose settings name policy_signers. A pack that is not sound is not signed. ssh-keygen -Y sign " +
			"-n " + parcel.PolicyNamespace + " does the same, also with a key of an agent.",
		Example: "  uoma policy sign policies/xamk-2027.yaml --key ~/.ssh/id_ed25519",
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			src, err := os.ReadFile(args[0])
			if err != nil {
				return usageError{errFile.At(fault.Place{File: args[0]}).Wrap(err)}
			}
			if _, err := policy.Parse(args[0], src); err != nil {
				return err
			}
			signer, err := parcel.LoadSigner(key)
			if err != nil {
				return err
			}
			sig, err := signer.Sign(rand.Reader, parcel.PolicyNamespace, src)
			if err != nil {
				return err
			}
			file := args[0] + workspace.Signature
			if err := os.WriteFile(file, sig, 0o600); err != nil {
				return usageError{errFile.At(fault.Place{File: file}).Wrap(err)}
			}
			if a.json {
				return a.printJSON("policy sign", true, map[string]string{"file": file, "key_id": signer.KeyID()})
			}
			fmt.Fprintf(a.out, "%s signed by %s\n", file, signer.KeyID())
			return nil
		},
	}
	c.Flags().StringVar(&key, "key", "", "OpenSSH Ed25519 private key of the signer, without a passphrase; with one, use ssh-keygen")
	_ = c.MarkFlagRequired("key")
	return c
}
