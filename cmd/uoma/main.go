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

// forbidCores keeps keys and people out of a dump of the memory, however the program may end. That a limit cannot be lowered
// is nothing to stop for: it is then lower already.
func forbidCores() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }

func main() {
	syscall.Umask(0o077)
	forbidCores()
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
