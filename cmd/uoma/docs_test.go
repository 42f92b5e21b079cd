package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// mentioned finds command lines in a page: in code blocks and between backticks, also after sudo -u NAME or a $.
var mentioned = regexp.MustCompile("(?m)(?:^[ \t]*(?:\\$ )?|`)(?:sudo (?:-u \\S+ )?)?(?:bin/)?uoma( [a-z-][^`\n]*)")

// TestDocsNameRealCommands holds every command line in the docs to the program: its command and its flags exist.
func TestDocsNameRealCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../../README.md")
	lines := 0
	for _, page := range pages {
		src, err := os.ReadFile(page)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mentioned.FindAllStringSubmatch(string(src), -1) {
			lines++
			if err := understands(words(m[1])); err != nil {
				t.Errorf("%s: uoma%s: %v", filepath.Base(page), m[1], err)
			}
		}
	}
	if lines < 20 {
		t.Errorf("found only %d command lines", lines)
	}
}

var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)

// words gives a command line's words up to a comment, a pipe, a redirection or the next command.
func words(line string) []string {
	all := strings.Fields(quoted.ReplaceAllString(line, "quoted"))
	if end := slices.IndexFunc(all, func(w string) bool { return strings.ContainsAny(w, "#|>&;\\") }); end >= 0 {
		all = all[:end]
	}
	return all
}

func understands(args []string) error {
	a := &app{out: io.Discard, err: io.Discard, now: time.Now}
	c, rest, err := a.root().Find(args)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil && !strings.HasSuffix(err.Error(), "help requested") {
		return err
	}
	return nil
}
