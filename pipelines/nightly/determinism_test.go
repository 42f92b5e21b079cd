package nightly_test

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/endpoint/setup"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
)

// TestSameNightsGiveTheSame holds invariant 2: same snapshots, policy, keys and dates give the same register, extract and
// report bit for bit, whatever the processors, the store and the order of rows in the exports.
func TestSameNightsGiveTheSame(t *testing.T) {
	first, bundle := newSite(t, databasetest.OnSQLite), recipient(t)
	var want [3]left
	for n := range want {
		want[n] = first.leaves(t, bundle, firstNight+canon.Date(n))
	}
	if want[0].register == want[1].register || want[1].register == want[2].register || want[0].extract == want[2].extract {
		t.Fatal("the nights do not differ, so the test says nothing")
	}
	identity := first.identity(t)
	for name, c := range map[string]struct {
		prepare func(t *testing.T) site
		other   string // in the report: what the case itself changes
	}{
		"one processor":  {prepare: func(t *testing.T) site { processors(t, 1); return first.again(t) }},
		"two processors": {prepare: func(t *testing.T) site { processors(t, 2); return first.again(t) }},
		"shuffled rows":  {func(t *testing.T) site { return first.again(t).shuffled(t, len(want)) }, "snapshot"},
		"mariadb":        {func(t *testing.T) site { return first.againIn(t, databasetest.OnMariaDB, t.TempDir()) }, "config_sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.prepare(t)
			for n, want := range want {
				got := s.leaves(t, bundle, firstNight+canon.Date(n))
				if got.register != want.register {
					t.Errorf("night %d gives another register", n+1)
				}
				if got.extract != want.extract {
					t.Errorf("night %d gives another extract", n+1)
				}
				if a, b := without(want.report, c.other), without(got.report, c.other); !slices.Equal(a, b) {
					t.Errorf("night %d gives another report: %s", n+1, firstDifference(a, b))
				}
			}
			if s.identity(t) != identity {
				t.Error("the vault holds other facts")
			}
		})
	}
}

// left is what a night leaves: digests of the register and of the extract that could be sealed now, and the report's lines.
type left struct {
	register, extract string
	report            []string
}

// leaves runs a night.
func (s site) leaves(t *testing.T, bundle string, date canon.Date) left {
	t.Helper()
	out := s.night(t, date)
	return left{s.registerDigest(t), s.extract(t, bundle, date), s.report(t, out.Run)}
}

// report gives the lines of the night's report, less what every run says otherwise: when it ran, how old the exports were then,
// how long it took, and with that the digest of the page.
func (s site) report(t *testing.T, run string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, workspace.ReportDir, run, "quality.json"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, timed := range []string{"started_at", "finished_at", "age_minutes", "elapsed_ms", "html_sha256"} {
		before := len(lines)
		if lines = without(lines, timed); len(lines) == before {
			t.Errorf("the report has no %s", timed)
		}
	}
	if len(lines) < 1000 {
		t.Fatalf("a report of %d lines", len(lines))
	}
	return lines
}

// without leaves out the lines of a key in indented JSON; "" leaves all.
func without(lines []string, key string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return key != "" && strings.HasPrefix(strings.TrimLeft(l, " "), `"`+key+`": `)
	})
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %s and %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

// recipient gives the folder with what an endpoint hands to a sender. Nothing is sent to it.
func recipient(t *testing.T) (bundle string) {
	t.Helper()
	keys, folder := t.TempDir(), filepath.Join(t.TempDir(), "endpoint")
	root, err := os.OpenRoot(keys)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	signer, err := parcel.CreateSigner(root, "signing", cryptorand.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	plan := setup.Plan{RecipientID: endpointtest.Recipient, Name: "Test endpoint", Listen: "127.0.0.1:0", URL: "https://localhost", ApprovedBy: []string{"a", "b"}}
	if err := setup.Init(folder, plan, firstNight.Time(), cryptorand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := setup.Enrol(folder, endpointtest.Sender, []ssh.PublicKey{signer.PublicKey()}, firstNight.Time()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "for-senders", endpointtest.Sender)
}

// pin takes what an endpoint at a URL hands to a sender into the workspace.
func (s site) pin(t *testing.T, bundle, url string) {
	t.Helper()
	for from, to := range map[string]string{"client.crt": "keys/client.crt", "client.key": "keys/client.key", "ca.crt": "recipients/ca.crt", "csc.yaml": "recipients/csc.yaml"} {
		b, err := os.ReadFile(filepath.Join(bundle, from))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.dir, to), bytes.Replace(b, []byte("https://localhost"), []byte(url), 1))
	}
}

// extract gives a digest of what the career survey would put into the archive: rows, schema, counts and quality report.
func (s site) extract(t *testing.T, bundle string, date canon.Date) (digest string) {
	t.Helper()
	s.pin(t, bundle, "https://localhost")
	s.at(t, func(ws *workspace.Workspace) {
		var err error
		if digest, err = extractOf(ws, date); err != nil {
			t.Fatal(err)
		}
	})
	return digest
}

func extractOf(ws *workspace.Workspace, date canon.Date) (digest string, err error) {
	all, err := pipelines.Shipped()
	if err != nil {
		return "", err
	}
	pack, err := ws.Policy(date)
	if err != nil {
		return "", err
	}
	s, err := survey.New(ws, all["career-survey"], pack, survey.Options{Rand: cryptorand.Reader, Holder: "tester"})
	if err != nil {
		return "", err
	}
	r := newRun(date)
	r.Now = func() time.Time { return date.Time().Add(12 * time.Hour) }
	m, done, err := s.Machine(r)
	if err != nil {
		return "", err
	}
	defer done()
	order := delivery.Order{Kind: parcel.Full, From: day(2021, 1, 1), To: day(2021, 12, 31)}
	chosen, err := m.Source.Select(context.Background(), order)
	if err != nil {
		return "", err
	}
	c, err := m.Source.Contents(context.Background(), outbox.Delivery{SelectionDigest: chosen.Digest})
	if err != nil {
		return "", err
	}
	h, rows := sha256.New(), int64(0)
	fmt.Fprintf(h, "%s %d %s %v %q\n", c.PseudonymDomain, c.PseudonymEpoch, c.Format, c.Suppressed, c.Quality)
	for _, table := range c.Tables {
		fmt.Fprintf(h, "%s %q\n", table.Name, table.Schema)
		for part, err := range table.Parts {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%d %x\n", part.Rows, part.Data)
			rows += part.Rows
		}
	}
	if rows == 0 {
		return "", errors.New("the extract is empty")
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// TestNightsSkippedEndWithTheSameRows checks that the register's rows after a night do not depend on whether every night
// before was run.
func TestNightsSkippedEndWithTheSameRows(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		every, last := loadedSite(t, on), loadedSite(t, on)
		for n := range canon.Date(3) {
			every.finish(t, firstNight+n, pipelines.Finished)
		}
		last.finish(t, firstNight+2, pipelines.Finished)
		if a, b := every.counts(t), last.counts(t); a != b {
			t.Fatalf("current rows differ:\n%s\n%s", a, b)
		}
	})
}

func processors(t *testing.T, n int) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// shuffled puts the rows of every export into another order: headers stay first, subtotals and trailers where they are.
func (s site) shuffled(t testing.TB, nights int) site {
	t.Helper()
	random := rand.New(rand.NewPCG(2, 3))
	for n := range nights {
		for _, pattern := range append(slices.Clone(csvFiles), registerFile, projectFile, projectStaff) {
			path := s.export(pattern, firstNight+canon.Date(n))
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			after := shuffle(t, random, pattern, before)
			if bytes.Equal(before, after) {
				t.Fatalf("%s is as it was", filepath.Base(path))
			}
			write(t, path, after)
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil { // which dates the exports of some systems
				t.Fatal(err)
			}
		}
	}
	return s
}

func shuffle(t testing.TB, random *rand.Rand, pattern string, export []byte) []byte {
	t.Helper()
	switch pattern {
	case registerFile:
		return rewritten(t, export, func(members map[string][]byte, names []string) {
			for _, name := range names {
				members[name] = shuffleLines(random, pattern, members[name])
				members["manifest.json"] = manifest(t, members["manifest.json"], name, members[name])
			}
		})
	case projectFile, projectStaff:
		return rewritten(t, export, func(members map[string][]byte, _ []string) {
			const sheet = "xl/worksheets/sheet1.xml"
			members[sheet] = shuffleSheet(random, members[sheet])
		})
	}
	return shuffleLines(random, pattern, export)
}

func shuffleLines(random *rand.Rand, pattern string, text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	from, to := frame(pattern, lines)
	random.Shuffle(to-from, func(i, j int) { lines[from+i], lines[from+j] = lines[from+j], lines[from+i] })
	return bytes.Join(lines, nil)
}

var (
	sheetRow  = regexp.MustCompile(`(?s)<row .*?</row>`)
	sheetCell = regexp.MustCompile(` r="([A-Z]*)\d+"`) // the place of a cell, and of a row
)

// shuffleSheet shuffles the rows below a sheet's titles that are no sums, and numbers all anew.
func shuffleSheet(random *rand.Rand, xml []byte) []byte {
	const titles = 4
	rows := sheetRow.FindAll(xml, -1)
	var data []int
	for i := titles; i < len(rows); i++ {
		if !bytes.Contains(rows[i], []byte("Yhteensä")) {
			data = append(data, i)
		}
	}
	random.Shuffle(len(data), func(i, j int) { rows[data[i]], rows[data[j]] = rows[data[j]], rows[data[i]] })
	n := 0
	return sheetRow.ReplaceAllFunc(xml, func([]byte) []byte {
		n++
		return sheetCell.ReplaceAll(rows[n-1], fmt.Appendf(nil, ` r="${1}%d"`, n))
	})
}

// frame gives where the rows of an export begin and end among its lines.
func frame(pattern string, lines [][]byte) (from, to int) {
	from, to = linesOfHeader, len(lines)
	if len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		to--
	}
	switch pattern {
	case pegasosFile:
		return 0, to - 1
	case peppiFile:
		return from, to - 1
	}
	return from, to
}
