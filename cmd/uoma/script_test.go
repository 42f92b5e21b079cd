package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"uoma": main})
}

// TestScripts runs the sessions in testdata: each is a page of documentation that is true. Besides the commands of
// testscript they use
//
//	exits CODE COMMAND...   runs a command that must end with the exit code
//	tree DIR...             prints every file with its digest
//	shape                   prints the paths and types in the JSON object on the last standard output
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "tree": tree, "shape": shape, "recipient": func(ts *testscript.TestScript, _ bool, args []string) { recipient(t, ts, args) },
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("UOMA_WORKSPACE", filepath.Join(e.WorkDir, "ws"))
			return nil
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func tree(ts *testscript.TestScript, _ bool, args []string) {
	for _, dir := range args {
		root := ts.MkAbs(dir)
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			fmt.Fprintf(ts.Stdout(), "%s %x\n", rel, sha256.Sum256(src))
			return err
		}))
	}
}

func shape(ts *testscript.TestScript, _ bool, _ []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	paths := map[string]bool{}
	walkJSON("", v, paths)
	for _, p := range slices.Sorted(func(yield func(string) bool) {
		for p := range paths {
			if !yield(p) {
				return
			}
		}
	}) {
		fmt.Fprintln(ts.Stdout(), p)
	}
}

// walkJSON notes the path and type of every value; elements of an array share their path.
func walkJSON(at string, v any, paths map[string]bool) {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			walkJSON(strings.TrimPrefix(at+"."+k, "."), e, paths)
		}
	case []any:
		for _, e := range x {
			walkJSON(at+"[]", e, paths)
		}
		if len(x) == 0 {
			paths[at+" empty"] = true
		}
	case string:
		paths[at+" text"] = true
	case float64:
		paths[at+" number"] = true
	case bool:
		paths[at+" bool"] = true
	default:
		paths[at+" null"] = true
	}
}
