package main

import (
	"cmp"
	"os"
	"os/user"
	"strings"
)

// loginFile holds the id of the user who logged in, which the kernel keeps through sudo and su.
const loginFile = "/proc/self/loginuid"

// noLogin is what the kernel says of a process that nobody logged in for, as one that a timer started.
const noLogin = "4294967295"

// person names who is at the keyboard: the user who logged in, else the user as whom the program runs.
func person() string {
	if b, err := os.ReadFile(loginFile); err == nil {
		if id := strings.TrimSpace(string(b)); id != "" && id != noLogin {
			if u, err := user.LookupId(id); err == nil {
				return u.Username
			}
		}
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

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
