package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// envelope is what --json prints, the same for every command.
type envelope struct {
	Command string `json:"command"`
	OK      bool   `json:"ok"`
	Result  any    `json:"result"`
}

// printJSON writes the envelope.
func (a *app) printJSON(command string, ok bool, result any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	return enc.Encode(envelope{command, ok, result})
}

// table writes aligned columns.
func (a *app) table(header []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// colours paints only on a terminal, and not where NO_COLOR is set.
type colours bool

func palette(w io.Writer) colours { return colours(isTerminal(w) && os.Getenv("NO_COLOR") == "") }

func (c colours) paint(code, s string) string {
	if !c {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c colours) red(s string) string   { return c.paint("31", s) }
func (c colours) green(s string) string { return c.paint("32", s) }
func (c colours) bold(s string) string  { return c.paint("1", s) }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// counted writes a count with what it is of: 1 error, 2 errors.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// thousands writes a count for people: 260 118.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

func localTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
