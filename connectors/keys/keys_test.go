package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"uoma/connectors/keys"
	"uoma/internal/fault"
)

func ring(t *testing.T) (*keys.Ring, string, string) {
	t.Helper()
	dir := t.TempDir()
	m, s := filepath.Join(dir, "master.key"), filepath.Join(dir, "storage.key")
	if err := keys.Create(m, s, rand.Reader); err != nil {
		t.Fatal(err)
	}
	r, err := load(m, s)
	if err != nil {
		t.Fatal(err)
	}
	return r, m, s
}

func load(m, s string) (*keys.Ring, error) {
	return keys.Open(context.Background(), []keys.Holder{keys.File(m)}, s, filepath.Join(filepath.Dir(m), "epochs.json"), rand.Reader)
}

func TestDeriveSeparatesPurposes(t *testing.T) {
	r, m, s := ring(t)
	seen := map[string]string{}
	for _, p := range [][]string{{"index"}, {"subject"}, {"domain", "register", "1"}, {"domain", "register", "2"}, {"vault-wrap"}} {
		k := string(r.Derive(p...))
		if len(k) != keys.Size {
			t.Fatalf("%v: %d bytes", p, len(k))
		}
		if other, twice := seen[k]; twice {
			t.Fatalf("%v and %s share a key", p, other)
		}
		seen[k] = strings.Join(p, "/")
	}
	again, err := load(m, s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Derive("index"), r.Derive("index")) {
		t.Fatal("a key changed between two loads")
	}
}

func TestWrapIsBoundToItsPlace(t *testing.T) {
	r, _, _ := ring(t)
	key := bytes.Repeat([]byte{7}, keys.Size)
	w, err := r.Wrap(key, []byte("subject|a|1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Unwrap(w, []byte("subject|a|1")); err != nil || !bytes.Equal(got, key) {
		t.Fatalf("own place: %v", err)
	}
	if _, err := r.Unwrap(w, []byte("subject|b|1")); fault.Code(err) != "UOMA-KEY-UNWRAP" {
		t.Fatalf("another place: %v", err)
	}
	other, _, _ := ring(t)
	if _, err := other.Unwrap(w, []byte("subject|a|1")); err == nil {
		t.Fatal("another master key opened it")
	}
	if _, err := r.Unwrap([]byte("short"), nil); err == nil {
		t.Fatal("a short value opened")
	}
}

// TestThreat_T19_KeyFilesAndPrints holds the rule SEAMK-48 of the notices.
func TestThreat_T19_KeyFilesAndPrints(t *testing.T) {
	r, m, s := ring(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, r); out != "[secret]" {
			t.Errorf("%s prints %d characters", verb, len(out))
		}
	}
	if err := os.Chmod(m, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := load(m, s); fault.Code(err) != "UOMA-KEY-PERMS" {
		t.Fatalf("a group-readable key: %v", err)
	}
	if err := keys.Create(m, s, rand.Reader); err == nil {
		t.Fatal("a key was overwritten")
	}
}

func TestLoadRefusesOtherFiles(t *testing.T) {
	_, m, s := ring(t)
	for name, text := range map[string]string{"empty": "", "no header": "QUJD", "short": "UOMA-MASTER-KEY-1 QUJD", "not base64": "UOMA-MASTER-KEY-1 !!"} {
		if err := os.WriteFile(m, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(m, s); fault.Code(err) != "UOMA-KEY-FORM" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := load(m+".none", s); fault.Code(err) != "UOMA-KEY-READ" {
		t.Errorf("missing: %v", err)
	}
}

// TestThreat_T18_AKeyHasItsNameWhenItIsWhole looks at key files while they are made, as whoever goes on behind a killed program
// would find them, and makes one where such a program left a part.
func TestThreat_T18_AKeyHasItsNameWhenItIsWhole(t *testing.T) {
	dir := t.TempDir()
	made := make(chan error)
	path := func(n int) string { return filepath.Join(dir, fmt.Sprint(n)) }
	if err := os.WriteFile(path(0)+".partial", []byte("UOMA-MASTER-KEY-2 and no more of it than"), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		var err error
		for n := 0; n < 100 && err == nil; n++ {
			err = keys.WriteNew(path(n), "whole")
		}
		made <- err
	}()
	for n := 0; n < 100; {
		select {
		case err := <-made:
			if err != nil {
				t.Fatal(err)
			}
		default:
		}
		b, err := os.ReadFile(path(n))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil || string(b) != "whole" {
			t.Fatalf("file %d: %q %v", n, b, err)
		}
		n++
	}
	if left, err := filepath.Glob(dir + "/*.partial"); err != nil || len(left) > 1 {
		t.Errorf("%v %v", left, err)
	}
	if err := keys.WriteNew(path(0), "another"); fault.Code(err) != "UOMA-KEY-WRITE" {
		t.Errorf("a key was overwritten: %v", err)
	}
	if b, err := os.ReadFile(path(0)); err != nil || string(b) != "whole" {
		t.Errorf("a key was overwritten: %q %v", b, err)
	}
}

// TestThreat_T21_AKeyHasOneName: a program that was killed between the key's name and the end of its part left the key under both.
func TestThreat_T21_AKeyHasOneName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	text := func(path string) string {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	others := []string{"master.key.old.partial", "master.key.2.7.partial", "a-master.key.7.partial", "master.key2.partial", "master.key..partial", "master.key.7"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parts := []string{path + ".partial", path + ".123.partial", path + ".9.partial"}
	leave := func() {
		t.Helper()
		for _, part := range parts[:2] {
			if err := os.Link(path, part); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(parts[2], []byte("hal"), 0o600); err != nil { // of another that was killed before
			t.Fatal(err)
		}
	}
	gone := func() {
		t.Helper()
		for _, part := range parts {
			if _, err := os.Lstat(part); !os.IsNotExist(err) {
				t.Errorf("%s: %v", part, err)
			}
		}
		for _, name := range others {
			if text(filepath.Join(dir, name)) != name {
				t.Errorf("%s is another", name)
			}
		}
	}
	if err := os.WriteFile(parts[2], []byte("hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keys.RemoveParts(path); err != nil || text(parts[2]) != "hal" { // the key may be made now
		t.Errorf("%v", err)
	}
	if err := keys.WriteNew(path, "whole"); err != nil {
		t.Fatal(err)
	}
	gone()
	leave()
	if err := keys.WriteNew(path, "another"); fault.Code(err) != "UOMA-KEY-WRITE" || text(path) != "whole" || text(parts[0]) != "whole" {
		t.Errorf("a key was overwritten through its second name: %v", err)
	}
	if err := keys.RemoveParts(path); err != nil || text(path) != "whole" {
		t.Errorf("%v", err)
	}
	gone()
}

// TestThreat_T18_TwoMakeOneKey at once, again and again: one of them does, and what it made is whole.
func TestThreat_T18_TwoMakeOneKey(t *testing.T) {
	dir := t.TempDir()
	texts := []string{strings.Repeat("a", 50), strings.Repeat("b", 100)}
	for n := range 50 {
		path := filepath.Join(dir, fmt.Sprint("key-", n))
		errs := [2]error{}
		var both sync.WaitGroup
		for i := range texts {
			both.Go(func() { errs[i] = keys.WriteNew(path, texts[i]) })
		}
		both.Wait()
		b, err := os.ReadFile(path)
		if err != nil || (errs[0] == nil) == (errs[1] == nil) || errs[0] == nil && string(b) != texts[0] || errs[1] == nil && string(b) != texts[1] {
			t.Fatalf("%q %v %v", b, errs, err)
		}
	}
	if left, err := filepath.Glob(dir + "/*.partial"); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
