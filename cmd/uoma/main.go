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

	"golang.org/x/sys/unix"
)

// hideMemory keeps keys and people out of a dump of the memory, however the program may end, and other programs of the same
// user from looking into it. That a limit cannot be lowered is nothing to stop for: it is then lower already.
func hideMemory() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

func main() {
	syscall.Umask(0o077)
	hideMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		ctx = tuneCollector().with(ctx)
	}
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
