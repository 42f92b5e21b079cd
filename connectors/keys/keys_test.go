package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
