package main

import (
	"context"
	"errors"
	"strings"

	"uoma/internal/fault"
)

// Exit codes, the same table as in docs/operator.md.
const (
	exitOK          = 0
	exitFailed      = 1   // the run stopped; the next run of the same date goes on
	exitUsage       = 2   // the command line is wrong
	exitPartial     = 3   // finished, but at least one source failed
	exitFindings    = 4   // a check found faults
	exitSettings    = 5   // uoma.yaml, a layout, a policy pack or a key is wrong
	exitBusy        = 6   // another process holds the lease
	exitDelivery    = 7   // a delivery was refused, its recipient is not pinned, or it needs a person
	exitRefused     = 8   // operators.yaml does not let this person do this
	exitInterrupted = 130 // stopped by a signal
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// statusError ends the program with a code and nothing more to say: the result is already printed.
type statusError int

func (statusError) Error() string { return "" }

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var u usageError
	var s statusError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &s):
		return int(s)
	case errors.As(err, &u):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	code := fault.Code(err)
	for _, row := range []struct {
		prefix string
		exit   int
	}{
		{"UOMA-ACC-", exitRefused}, {"UOMA-OPR-", exitSettings},
		{"UOMA-CFG-", exitSettings}, {"UOMA-WSP-", exitSettings}, {"UOMA-KEY-", exitSettings}, {"UOMA-LAY-", exitSettings},
		{"UOMA-POL-", exitSettings}, {"UOMA-TGT-", exitSettings}, {"UOMA-LDG-HELD", exitBusy}, {"UOMA-DLV-BUSY", exitBusy}, {"UOMA-SCH-BUSY", exitBusy}, {"UOMA-DLV-", exitDelivery},
	} {
		if strings.HasPrefix(code, row.prefix) {
			return row.exit
		}
	}
	if strings.HasPrefix(err.Error(), "unknown command") || strings.HasPrefix(err.Error(), "required flag") {
		return exitUsage // cobra has no type for these
	}
	return exitFailed
}
