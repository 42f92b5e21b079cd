// Package docs_test holds the documentation to the tree: links lead somewhere, and tests that it names exist.
package docs_test

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const top = ".."

// pages gives every page with its text.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"../README.md", "*.md", "../bench/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			src, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			out[n] = string(src)
		}
	}
	return out
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	block   = regexp.MustCompile("(?s)```.*?```")
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} -]`)
)

// anchors gives the names under which a page's headings can be linked to.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		out[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
	}
	return out
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			target, fragment, _ := strings.Cut(m[1], "#")
			if strings.HasPrefix(target, "https://") {
				continue
			}
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: no %s", page, target)
				continue
			}
			if fragment != "" && !anchors(all[file])[fragment] {
				t.Errorf("%s: %s has no heading %s", page, file, fragment)
			}
		}
	}
}

var (
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	quoted   = regexp.MustCompile("`(Test[A-Z]\\w*)`")
	// threat is a line of the table: everything before its last cell, the id, and that cell.
	threat     = regexp.MustCompile(`^(\| (T\d\d) \|[^|]*\| )(.*) \|$`)
	threatTest = regexp.MustCompile(`^TestThreat_(T\d\d)_(\w+)$`)
)

// tests gives the tests of the tree by folder.
func tests(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(top, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(src), -1) {
			if out[folder] == nil {
				out[folder] = map[string]bool{}
			}
			out[folder][m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNamedTestsExist(t *testing.T) {
	known := tests(t)
	anywhere := map[string]bool{}
	for _, of := range known {
		for n := range of {
			anywhere[n] = true
		}
	}
	for page, text := range pages(t) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if !anywhere[m[1]] {
				t.Errorf("%s names %s, which is no test", page, m[1])
			}
		}
	}
}

// update rewrites what is generated: go test ./docs -update
var update = flag.Bool("update", false, "rewrite threats.md and policy.md by the tests in the tree")

// TestThreatsNameTheirTests holds the table of threats to the tests in the tree, both ways.
func TestThreatsNameTheirTests(t *testing.T) {
	byThreat := map[string]map[string][]string{} // id to folder to tests
	for folder, of := range tests(t) {
		for full := range of {
			if m := threatTest.FindStringSubmatch(full); m != nil {
				if byThreat[m[1]] == nil {
					byThreat[m[1]] = map[string][]string{}
				}
				byThreat[m[1]][folder] = append(byThreat[m[1]][folder], "`"+m[2]+"`")
			}
		}
	}
	const file = "threats.md"
	var want strings.Builder
	for line := range strings.Lines(pages(t)[file]) {
		if row := threat.FindStringSubmatch(strings.TrimSpace(line)); row != nil {
			line = row[1] + cell(byThreat[row[2]], row[3]) + " |\n"
			delete(byThreat, row[2])
		}
		want.WriteString(line)
	}
	for id := range byThreat {
		t.Errorf("%s has no line for %s", file, id)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want.String() != pages(t)[file] {
		t.Errorf("%s is not what the tree has: go test ./docs -update", file)
	}
}

// cell lists a threat's tests by folder, or keeps what the page says of a threat without tests.
func cell(of map[string][]string, otherwise string) string {
	if len(of) == 0 {
		if !strings.HasPrefix(otherwise, "*none*") {
			return "*none*: say why"
		}
		return otherwise
	}
	var parts []string
	for _, folder := range slices.Sorted(maps.Keys(of)) {
		slices.Sort(of[folder])
		parts = append(parts, "`"+folder+"`: "+strings.Join(of[folder], ", "))
	}
	return strings.Join(parts, "<br>")
}

var direct = regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`) // an indirect one has a comment behind it

func TestEveryDependencyIsJustified(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text := pages(t)["dependencies.md"]
	for _, m := range direct.FindAllStringSubmatch(string(mod), -1) {
		if !strings.Contains(text, "| `"+m[1]+"` | "+m[2]+" |") {
			t.Errorf("dependencies.md has no line for %s %s", m[1], m[2])
		}
	}
}

var (
	demoBlock = regexp.MustCompile("(?s)```text\n(Uoma demo: .*?)```")
	uuid      = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// everyInstitution is a line of the second demo, which ends when an export does not land: few rows are held.
var everyInstitution = regexp.MustCompile(`(?m)^(xamk|seamk|nmbu|ljmu|metropolia_exam) +[3-7] +[1-9][0-9]{2,} +[1-9][0-9]+ +[0-9]{1,2}  ([1-9][0-9]* sent, 1 withdrawn|none) +(pass|warn) +\S+$`)

// TestDemoSaysWhatTheReadmeSays runs the demos. It compares what the first prints with the README, and finds all five
// institutions in the second, every system of each read to the end.
func TestDemoSaysWhatTheReadmeSays(t *testing.T) {
	readme := filepath.Join(top, "README.md")
	text := pages(t)[readme]
	block := demoBlock.FindStringSubmatch(text)
	if block == nil {
		t.Fatal("the README shows no demo")
	}
	run := programs(t)
	all := run("fixtures/demo-all.sh", "build/all", "80")
	if len(everyInstitution.FindAllString(all, -1)) != 5 {
		t.Errorf("the five institutions say:\n%s", all)
	}
	got, _, _ := strings.Cut(run("fixtures/demo.sh", "build/demo"), "\nNothing was sent twice")
	if !strings.HasPrefix(got, "Uoma demo: ") || !strings.Contains(got, "signature checked") {
		t.Fatalf("the demo says:\n%s", got)
	}
	if uuid.ReplaceAllString(got, "ID") == uuid.ReplaceAllString(block[1], "ID") {
		return
	}
	if !*update {
		t.Fatalf("the README shows another demo: go test ./docs -update\n%s", got)
	}
	if err := os.WriteFile(readme, []byte(strings.Replace(text, block[1], got, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// programs builds the programs beside the fixtures, and runs what stands there in a folder of its own.
func programs(t *testing.T) (run func(program string, args ...string) string) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "fixtures"), filepath.Join(dir, "fixtures")); err != nil { // the script looks for ../bin
		t.Fatal(err)
	}
	in := func(folder, program string, args ...string) string {
		c := exec.CommandContext(t.Context(), program, args...)
		c.Dir = folder
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
		return string(out)
	}
	in(root, "env", "CGO_ENABLED=0", "go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "bin")+"/", "./cmd/uoma", "./cmd/endpoint")
	return func(program string, args ...string) string { return in(dir, program, args...) }
}
