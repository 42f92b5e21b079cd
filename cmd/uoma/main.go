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
	"runtime/debug"
	"syscall"
)

// gcPercent trades a tenth of a night's processor time for a third of its memory: much of what lives in a night lives
// until its end.
const gcPercent = 50

func main() {
	syscall.Umask(0o077)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
