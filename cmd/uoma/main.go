// Command uoma runs the pipelines of a workspace: it reads source systems' exports, resolves the people in them, fills
// vault and register, applies the policy, reports, and delivers extracts.
//
// One file holds one subcommand: it reads flags, calls one function of the library and prints the result. Standard
// output carries data, standard error carries talk. The clock, the environment and randomness are read here and passed on.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	syscall.Umask(0o077)
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
