// Command endpoint is a reference national endpoint: it receives deliveries by the delivery protocol and signs receipts.
//
//	endpoint init /srv/endpoint --id csc --sender xamk --signing-key xamk.pub
//	endpoint serve --config /srv/endpoint/endpoint.yaml
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		var f *fault.Error
		if errors.As(err, &f) && f.Hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", f.Hint)
		}
		stop()
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "endpoint", Short: "Receive deliveries and sign receipts", SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
	}
	cmd.AddCommand(initCommand(), enrolCommand(), serveCommand())
	return cmd
}
