package nightly_test

import (
	"bytes"
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
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/endpoint/setup"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestThreat_T36_NoIdentityOutsideTheVault holds invariant 5: values planted in every identifying field, in refused rows,
// in places where they do not belong and in file names are searched for in every byte that nights leave in the workspace
// and on their outputs: nights that succeed, stop sources, are tried dry, and are killed, and a survey that is delivered.
func TestThreat_T36_NoIdentityOutsideTheVault(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		last := firstNight + 3
		for date := firstNight; date <= last; date++ {
			s.plant(t, date, date < last) // bad rows would stop the survey
		}
		first, _ := os.ReadFile(s.export(peppiFile, firstNight))
		search := newSearch(first)
		said := s.run(t, 0, "run", "nightly", "--json", "--date", firstNight.String())
		s.quarantined(t, firstNight)
		search.addIdentity(t, s, firstNight)
		search.findsAllForms(t)
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
		said += s.run(t, 0, "run", "nightly", "--date", last.String())
		told, theirs := s.delivered(t, last)
		said, search.theirs = said+told, theirs
		said += s.run(t, -1, "check") + s.run(t, -1, "check", "--json")
		search.in(t, s, said)
		findsInAllPlaces(t, s)
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
		if at := newSearch(nil).finds([]byte(said)); at >= 0 {
			t.Errorf("what the program said holds a planted value at byte %d", at)
		}
	}
}

// delivered delivers a survey to a real endpoint, and gives all that was said, and the files that the endpoint had made before.
func (s site) delivered(t *testing.T, date canon.Date) (said string, theirs [][]byte) {
	t.Helper()
	r := endpointtest.New(t, nil)
	signer, err := parcel.LoadSigner(filepath.Join(s.dir, workspace.KeysDir, "signing"))
	if err != nil {
		t.Fatal(err)
	}
	const sender = "canary"
	if err := setup.Enrol(r.Folder, sender, []ssh.PublicKey{signer.PublicKey()}, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.Stop()
	r.Start()
	s.pin(t, filepath.Join(r.Folder, "for-senders", sender), "https://"+r.Addr)
	for _, name := range []string{"keys/client.crt", "keys/client.key", "recipients/ca.crt"} {
		b, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, b)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, workspace.FileName))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, workspace.FileName), bytes.Replace(text, []byte("{id: xamk}"), []byte("{id: "+sender+"}"), 1))
	said = s.run(t, 0, "run", "career-survey", "--date", date.String(), "--dry-run")
	said += s.run(t, 0, "run", "career-survey", "--date", date.String())
	said += s.run(t, 0, "run", "career-survey", "--json", "--date", date.String())
	if !sent.MatchString(said) {
		t.Errorf("nothing was delivered:\n%s", said)
	}
	return said + s.run(t, 0, "runs", "show", "career-survey-"+date.String()), theirs
}

var sent = regexp.MustCompile(`(?s) [1-9]\d* go to csc.* number 1: closed\n.*receipt   accepted, validated`)

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

// quarantined checks that canaries are in the encrypted quarantine.
func (s site) quarantined(t *testing.T, date canon.Date) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
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

// search is a set of values that may be nowhere, in all their forms.
type search struct {
	words         []string
	exact, folded []needle
	theirs        [][]byte // files that somebody made who saw nothing: the minute in a certificate can be a postcode
}

// needle is one form of a value. A short one is sought as a word of its own, since longer numbers hold it, too.
type needle struct {
	form  []byte
	short bool
}

func (n needle) in(text []byte) (at int) {
	for from := 0; ; from = at + 1 {
		i := bytes.Index(text[from:], n.form)
		if i < 0 {
			return -1
		}
		at = from + i
		end := at + len(n.form)
		if !n.short || (at == 0 || !within(text[at-1]) && text[at-1] != '.') && (end == len(text) || !within(text[end])) {
			return at
		}
	}
}

func within(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

var (
	hetuForm  = regexp.MustCompile(`\b\d{6}[-+A-FU-Y]9\d{2}[0-9A-Y]\b`)
	phoneForm = regexp.MustCompile(`\b0(40000\d{4})\b`)
)

const sample = 8 // identifiers searched for in each of their forms

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
			s.exact = append(s.exact, needle{form: sum}, needle{form: []byte(base64.RawStdEncoding.EncodeToString(sum))},
				needle{form: []byte(base64.RawURLEncoding.EncodeToString(sum))})
			s.folded = append(s.folded, needle{form: []byte(hex.EncodeToString(sum))})
		}
	}
	for _, m := range phoneForm.FindAllSubmatch(export, sample) {
		s.add(string(m[1]))
	}
	return s
}

func (s *search) add(word string) {
	s.words = append(s.words, word)
	short := len(word) < 8
	text, err := json.Marshal(word)
	if err != nil {
		panic(err) // a string is JSON
	}
	for _, form := range []string{word, url.QueryEscape(word), string(text[1 : len(text)-1])} {
		n := needle{bytes.ToLower([]byte(form)), short}
		if !slices.ContainsFunc(s.folded, func(o needle) bool { return bytes.Equal(o.form, n.form) }) {
			s.folded = append(s.folded, n)
		}
	}
	s.folded = append(s.folded, needle{form: []byte(hex.EncodeToString([]byte(word)))})
	s.exact = append(s.exact, needle{form: wide(word)})
	for shift := range 3 { // the characters that neighbours reach into are left off
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), word...))
		from := []int{0, 2, 3}[shift]
		s.exact = append(s.exact, needle{form: []byte(text[from : len(text)-1])})
	}
}

func wide(text string) (out []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// finds tells where in a text one of the values is, or -1.
func (s search) finds(text []byte) int {
	for _, in := range []struct {
		needles []needle
		text    []byte
	}{{s.exact, text}, {s.folded, bytes.ToLower(text)}} {
		for _, n := range in.needles {
			if at := n.in(in.text); at >= 0 {
				return at
			}
		}
	}
	return -1
}

// in searches every file of a workspace, the names of files, what was said, and the rows of both stores.
func (s search) in(t *testing.T, in site, said string) {
	t.Helper()
	for _, where := range s.leaks(t, in, said) {
		t.Error("a planted value is in " + where)
	}
}

func (s search) leaks(t *testing.T, in site, said string) (places []string) {
	t.Helper()
	text := func(where string, text []byte) {
		at := s.finds(text)
		if at < 0 {
			return
		}
		places = append(places, fmt.Sprintf("%s, at byte %d", where, at))
		if testing.Verbose() { // the values are synthetic
			t.Logf("%q", text[max(0, at-100):min(len(text), at+60)])
		}
	}
	text("what the program said", []byte(said))
	for name, rows := range in.tables(t) {
		text("the rows of "+name, []byte(rows))
	}
	n := 0
	err := filepath.WalkDir(in.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(in.dir, path)
		text("the name of a file", []byte(rel))
		if d.IsDir() {
			return nil
		}
		n++
		b, err := os.ReadFile(path)
		if kind := compressedKind(b); kind != "" {
			places = append(places, "the file "+rel+", perhaps, which is "+kind+" and not sealed")
		}
		if !slices.ContainsFunc(s.theirs, func(x []byte) bool { return bytes.Equal(x, b) }) {
			text("the file "+rel, b)
		}
		return err
	})
	if err != nil || n < 20 {
		t.Fatalf("%d files, %v", n, err)
	}
	return places
}

// compressedKind names what a text is that nothing can be found in, though everybody can read it, or gives "".
func compressedKind(text []byte) string {
	for kind, magic := range map[string]string{
		"gzip": "\x1f\x8b", "zstd": "\x28\xb5\x2f\xfd", "zip": "PK\x03\x04", "Parquet": "PAR1", "s2": "\xff\x06\x00\x00", "xz": "\xfd7zXZ",
	} {
		if bytes.HasPrefix(text, []byte(magic)) {
			return kind
		}
	}
	return ""
}
