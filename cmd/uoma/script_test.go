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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"uoma/connectors/database/databasetest"
	"uoma/internal/mariadbtest"
	"uoma/internal/processtest"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

func TestMain(m *testing.M) {
	var remove func() error
	if filepath.Base(os.Args[0]) != "uoma" { // the tests, and not a command of theirs
		var err error
		if remove, err = processtest.Scratch(); err != nil {
			panic(err)
		}
	}
	testscript.Main(tests{m, remove}, map[string]func(){"uoma": main})
}

// tests are the tests of the package with the server that some of them use, and the folder that the program lies in.
type tests struct {
	*testing.M
	remove func() error
}

func (m tests) Run() int {
	status := mariadbtest.Run(m.M)
	if err := m.remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(status, 1)
	}
	return status
}

// built gives the program, which the binary of the tests is when it is called so.
func built(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("uoma")
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// TestScripts runs the sessions in testdata: each is a page of documentation that is true. Besides the commands of
// testscript they use
//
//	exits CODE COMMAND...   runs a command that must end with the exit code
//	tree DIR...             prints every file with its digest
//	shape                   prints the paths and types in the JSON object on the last standard output
//	recipient WORKSPACE     starts a national endpoint and pins it in the workspace
//	stores WORKSPACE        puts the stores of a new workspace where the test has them
//
// Those in testdata itself open no store.
func TestScripts(t *testing.T) { scripts(t, "testdata", databasetest.OnSQLite) }

// TestScriptsOnBothStores runs the sessions in which a store is opened. A short run has them on one: what goes on side by side
// in the program is the same.
func TestScriptsOnBothStores(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		if testing.Short() && on == databasetest.OnMariaDB {
			t.Skip("the run without -short has it")
		}
		scripts(t, "testdata/stores", on)
	})
}

func scripts(t *testing.T, dir string, on databasetest.Kind) {
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "grab": grab, "tree": tree, "shape": shape, "recipient": func(ts *testscript.TestScript, _ bool, args []string) { recipient(t, ts, args) },
			"stores": func(ts *testscript.TestScript, _ bool, args []string) { stores(t, ts, on, args) },
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("UOMA_WORKSPACE", filepath.Join(e.WorkDir, "ws"))
			return nil
		},
	})
}

// storesLines are the part of a new workspace's settings that says where the stores are.
var storesLines = regexp.MustCompile(`(?m)^stores:\n(?:  .*\n)+`)

func stores(t *testing.T, ts *testscript.TestScript, on databasetest.Kind, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: stores WORKSPACE")
	}
	dir := ts.MkAbs(args[0])
	file := filepath.Join(dir, workspace.FileName)
	text, err := os.ReadFile(file)
	ts.Check(err)
	if line := workspacetest.Stores(on); line != "" {
		ts.Check(os.WriteFile(file, append(storesLines.ReplaceAll(text, nil), "\n"+line...), 0o600))
	}
	workspacetest.Place(t, on, dir)
}

// grab keeps what a pattern's first group finds in the last output under a name.
func grab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: grab NAME PATTERN")
	}
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("nothing like %s in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
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
