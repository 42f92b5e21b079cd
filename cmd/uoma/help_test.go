package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// TestEveryCommandShowsAnExample walks all commands: each has an example that names it, and a line of what it does.
func TestEveryCommandShowsAnExample(t *testing.T) {
	a := &app{out: io.Discard, err: io.Discard, now: time.Now}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no example of it", c.CommandPath())
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q is not one line without a dot", c.CommandPath(), c.Short)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(a.root())
}

func TestNoColour(t *testing.T) {
	if s := colours(false).red("x"); s != "x" {
		t.Errorf("without colours: %q", s)
	}
	if s := colours(true).red("x"); s != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours: %q", s)
	}
	if palette(io.Discard) {
		t.Error("what is no terminal has colours")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	t.Setenv("NO_COLOR", "")
	if !palette(terminal) {
		t.Error("a terminal has no colours")
	}
	t.Setenv("NO_COLOR", "1") // https://no-color.org
	if palette(terminal) {
		t.Error("NO_COLOR is not honoured")
	}
}
