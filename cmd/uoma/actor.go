package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"uoma/connectors/ledger"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

const (
	loginFile    = "/proc/self/loginuid" // the number of the account that logged in, which the kernel keeps through sudo and su
	accountsFile = "/etc/passwd"
)

// noLogin is what the kernel says of a process that nobody logged in for, as one that a timer started.
const noLogin = "4294967295"

// atKeyboard gives the account at the keyboard: that which logged in, else the one as which the program runs.
func atKeyboard() access.Account {
	login, _ := os.ReadFile(loginFile) // a kernel without an audit has none
	accounts, _ := os.ReadFile(accountsFile)
	return accountOf(login, accounts, os.Getuid())
}

// accountOf reads who logged in and what the account is called. One that the machine does not list is called by its number.
// Package os/user is not asked: without C libraries it takes the name of an account that it does not know from $USER.
func accountOf(login, accounts []byte, running int) access.Account {
	uid := running
	if text := strings.TrimSpace(string(login)); text != noLogin {
		if n, err := strconv.Atoi(text); err == nil {
			uid = n
		}
	}
	number := strconv.Itoa(uid)
	for line := range bytes.Lines(accounts) {
		if field := strings.Split(string(line), ":"); len(field) > 2 && field[0] != "" && field[2] == number {
			return access.Account{Name: field[0], UID: uid}
		}
	}
	return access.Account{Name: "uid-" + number, UID: uid}
}

// noteValues notes in the audit log of the workspace, where there is one, that a command which needs none shows values.
func (a *app) noteValues(ctx context.Context, command string) error {
	if _, err := os.Stat(filepath.Join(a.workspace, workspace.FileName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		return ws.Note(ctx, ledger.Entry{At: a.now().UnixMicro(), Actor: a.actor(""), Verb: ledger.FileValues, Reason: command})
	})
}

// person names who is at the keyboard.
func (a *app) person() string { return a.account().Name }

// named gives who is said to act: the one at the keyboard unless another was named.
func (a *app) named(by string) string { return cmp.Or(by, a.person()) }

// actor names who acts for the audit log. A name that was given stands beside that of the machine, never in its place.
func (a *app) actor(by string) string {
	who := a.person()
	if by == "" || by == who {
		return who
	}
	return by + " (" + who + ")"
}
