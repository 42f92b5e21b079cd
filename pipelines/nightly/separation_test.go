package nightly_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// canary is part of every planted name, address and e-mail address, in a row that is used and in rows that are refused.
const canary = "Kanarialintu"

// TestThreat_T36_NoIdentityOutsideTheVault holds invariant 5: values planted in every identifying field, in refused rows,
// in places where they do not belong and in file names are searched for in every byte that nights leave in the workspace
// and on their outputs: nights that succeed, stop sources, are tried dry, and are killed.
func TestThreat_T36_NoIdentityOutsideTheVault(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		for n := range canon.Date(4) {
			s.plant(t, firstNight+n)
		}
		first, _ := os.ReadFile(s.export(peppiFile, firstNight))
		search := newSearch(first)
		said := s.run(t, 0, "run", "nightly", "--json", "--date", firstNight.String())
		s.planted(t, firstNight)
		said += s.run(t, 0, "run", "nightly", "--json", "--dry-run", "--date", (firstNight + 1).String())

		headless(t, s.export(peppiFile, firstNight+1)) // the first person stands where the names of columns should
		cut(t, s.export(pegasosFile, firstNight+1), 50)
		cut(t, s.export(crmFile, firstNight+1), 40)
		write(t, s.export(profileFile, firstNight+1), []byte("<"+canary+">"+strings.Repeat(canary+";", 9)))
		write(t, s.export(registerFile, firstNight+1), []byte("PK"+canary))
		write(t, s.export(projectFile, firstNight+1), []byte("PK\x03\x04"+canary))
		said += s.run(t, 3, "run", "nightly", "--json", "--date", (firstNight + 1).String())

		s.killed(t, firstNight+2, kill{"resolve", 0})
		search.in(t, s, said)
		s.freeLease(t)
		said += s.run(t, 0, "run", "nightly", "--date", (firstNight + 2).String())
		said += s.run(t, 0, "run", "nightly", "-q", "--json", "--date", (firstNight + 2).String())
		said += s.run(t, 0, "runs", "list") + s.run(t, 0, "runs", "show", "nightly-"+(firstNight+1).String())
		said += s.run(t, -1, "check") + s.run(t, -1, "check", "--json")
		search.in(t, s, said)
	})
}

// TestThreat_T36_NoSecretOfADSN points a store at nothing with a password that must not be printed.
func TestThreat_T36_NoSecretOfADSN(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	for _, dsn := range []string{
		"mysql:" + canary + ":" + canary + "@tcp(127.0.0.1:1)/" + canary + "?uoma_tls=off",
		"mysql:" + canary + ":" + canary + "@unix(/nowhere/" + canary + ")/x",
		"mysql:" + canary + "@@" + canary, canary,
	} {
		write(t, filepath.Join(s.dir, "keys", "store.dsn"), []byte(dsn))
		s.settings(t, "stores: {register: \"file:keys/store.dsn\"}\n")
		said := s.run(t, -1, "run", "nightly", "--date", firstNight.String()) + s.run(t, -1, "check", "--json")
		newSearch(nil).text(t, "what the program said", []byte(said))
	}
}

// run runs the real program and gives all that it said. A code of -1 is any.
func (s site) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command(program.path(t), append(args, "-w", s.dir)...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); code >= 0 && got != code {
		t.Fatalf("uoma %v ended with %d, not %d: %v\n%s", args, got, code, err, out)
	}
	return string(out)
}

// Columns by position: those of names and addresses, and those of dates and codes, where a name is refused. A column of
// free words that do not identify, such as a job title, takes what it is given and is in neither.
var (
	identifying = map[string][]int{
		peppiFile: {3, 4, 5, 6, 14, 16}, pegasosFile: {2, 3, 4}, profileFile: {5, 6, 7, 8, 18, 20}, crmFile: {1, 2, 3, 14, 15},
	}
	coded = map[string][]int{
		peppiFile: {0, 1, 2, 7, 8, 13, 15, 24, 33, 38}, pegasosFile: {1, 8, 9}, profileFile: {1, 2, 9, 19, 28, 33}, crmFile: {0, 5, 6, 16, 21, 30},
	}
)

// plant puts canaries into a night's exports.
func (s site) plant(t *testing.T, date canon.Date) {
	t.Helper()
	for pattern, columns := range identifying {
		path := s.export(pattern, date)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		from, to := frame(pattern, lines)
		for i, n := from, 0; i < to && n < 40; i, n = i+1, n+1 {
			lines[i] = planted(pattern, lines[i], columns, n)
		}
		write(t, path, bytes.Join(lines, nil))
	}
	s.plantSheet(t, date)
	for _, name := range []string{canary + ".csv", "peppi_alumnit_" + canary + ".csv", "." + canary} {
		write(t, filepath.Join(s.campus, "inbox", "peppi", name), []byte(canary))
	}
}

// planted gives a row with canaries: in the columns where they may stand, in every third row also in one where they may
// not, and every seventh row is broken.
func planted(pattern string, line []byte, columns []int, n int) []byte {
	delimiter := ";"
	if pattern == crmFile {
		delimiter = ","
	}
	cells := strings.Split(strings.TrimRight(string(line), "\r\n"), delimiter)
	for _, c := range columns {
		if c < len(cells) {
			cells[c] = canary + string(rune('a'+n%26))
		}
	}
	for i, c := range cells {
		if at := strings.IndexByte(c, '@'); at > 0 {
			cells[i] = strings.ToLower(canary) + fmt.Sprint(n) + c[at:]
		}
	}
	if n%3 == 0 {
		c := coded[pattern]
		cells[c[n/3%len(c)]] = "<" + canary + "> \"" + canary
	}
	if n%7 == 6 {
		cells = append(cells, canary)
	}
	return []byte(strings.Join(cells, delimiter) + "\r\n")
}

func (s site) plantSheet(t *testing.T, date canon.Date) {
	t.Helper()
	path := s.export(projectStaff, date)
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const firstRow = 5
	for row := firstRow; row < firstRow+3; row++ {
		for _, column := range []string{"B", "C", "D"} {
			if err := f.SetCellStr("Raportti", fmt.Sprint(column, row), canary); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
}

// planted checks that canaries are where they belong: in the vault, and in the encrypted quarantine.
func (s site) planted(t *testing.T, date canon.Date) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		feeds := map[string]bool{}
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range append(e.Names, e.Contacts...) {
				if strings.Contains(strings.ToLower(string(f.Value)), strings.ToLower(canary)) {
					feeds[e.Source] = true
				}
			}
		}
		if len(feeds) < 4 {
			t.Errorf("the vault has canaries of %v alone", feeds)
		}
		refused := 0
		for _, stage := range []string{"land", "conform"} {
			rows, err := nightly.ReadRejections(ws.Quarantine, "nightly-"+date.String()+"/"+stage+"/peppi.alumnit")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if bytes.Contains(r.Raw, []byte(canary)) {
					refused++
				}
			}
		}
		if refused == 0 {
			t.Error("no row with a canary was quarantined")
		}
	})
}

// headless takes the line with the names of columns away.
func headless(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, text[bytes.IndexByte(text, '\n')+1:])
}

// search is a set of byte strings that may be nowhere.
type search struct{ exact, folded [][]byte }

var (
	hetuForm  = regexp.MustCompile(`\b\d{6}[-+A-FU-Y]9\d{2}[0-9A-Y]\b`)
	phoneForm = regexp.MustCompile(`\b0(40000\d{4})\b`)
)

const sample = 25 // identifiers searched for in each of their forms

// newSearch looks for the canary, and for identity codes and numbers of an export: plain, in either case, hexadecimal, in
// base64 at each alignment, escaped as in a URL and in JSON, in UTF-16, and (identity codes) as an unkeyed hash.
func newSearch(export []byte) search {
	var s search
	for _, word := range []string{canary, strings.ToLower(canary), strings.ToUpper(canary)} {
		s.add(word)
	}
	for _, m := range hetuForm.FindAll(export, sample) {
		s.add(string(m))
		a, b, c := sha256.Sum256(m), sha1.Sum(m), md5.Sum(m)
		for _, sum := range [][]byte{a[:], b[:], c[:]} {
			s.exact = append(s.exact, sum, []byte(base64.RawStdEncoding.EncodeToString(sum)), []byte(base64.RawURLEncoding.EncodeToString(sum)))
			s.folded = append(s.folded, []byte(hex.EncodeToString(sum)))
		}
	}
	for _, m := range phoneForm.FindAllSubmatch(export, sample) {
		s.add(string(m[1]))
	}
	return s
}

func (s *search) add(word string) {
	s.folded = append(s.folded, []byte(strings.ToLower(word)), []byte(hex.EncodeToString([]byte(word))), []byte(strings.ToLower(url.QueryEscape(word))))
	if text, err := json.Marshal(word); err == nil {
		s.folded = append(s.folded, bytes.ToLower(text[1:len(text)-1]))
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	s.exact = append(s.exact, wide)
	for shift := range 3 { // the characters that neighbours reach into are left off
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), word...))
		from := []int{0, 2, 3}[shift]
		s.exact = append(s.exact, []byte(text[from:len(text)-1]))
	}
}

// in searches every file of a workspace, the names of files, what was said, and stores that are not files.
func (s search) in(t *testing.T, in site, said string) {
	t.Helper()
	dir := in.dir
	s.text(t, "what the program said", []byte(said))
	if in.on != databasetest.OnSQLite {
		for name, rows := range in.tables(t) {
			s.text(t, name, []byte(rows))
		}
	}
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		s.text(t, "the name of a file", []byte(rel))
		if d.IsDir() {
			return nil
		}
		n++
		text, err := os.ReadFile(path)
		s.text(t, rel, text)
		return err
	})
	if err != nil || n < 20 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func (s search) text(t *testing.T, where string, text []byte) {
	t.Helper()
	found := func(needles [][]byte, text []byte) {
		for i, needle := range needles {
			if at := bytes.Index(text, needle); at >= 0 {
				t.Errorf("%s holds planted value %d at byte %d", where, i, at)
				if testing.Verbose() { // the values are synthetic
					t.Logf("%q", text[max(0, at-100):min(len(text), at+60)])
				}
				return
			}
		}
	}
	found(s.exact, text)
	found(s.folded, bytes.ToLower(text))
}
