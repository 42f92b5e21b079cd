package main

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/endpoint"
	"uoma/connectors/endpoint/setup"
)

func serveCommand() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   `Receive deliveries until interrupted; the first line of output is {"listening":"host:port"}`,
		Example: "  endpoint serve --config ./endpoint/endpoint.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return serve(cmd, config) },
	}
	cmd.Flags().StringVar(&config, "config", "endpoint.yaml", "settings of the endpoint")
	return cmd
}

func serve(cmd *cobra.Command, config string) error {
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	loaded, err := setup.Load(config, time.Now, rand.Reader, log)
	if err != nil {
		return err
	}
	e, err := endpoint.New(loaded.Endpoint)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", loaded.Listen)
	if err != nil {
		return err
	}
	// Connections made from here on wait in the queue, so the line below may be taken as "ready".
	if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"listening": ln.Addr().String()}); err != nil {
		return err
	}
	return e.Serve(cmd.Context(), ln, loaded.TLS)
}
