package setup

import (
	"crypto/rand"
	"crypto/tls"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

func TestFolder(t *testing.T) {
	folder, now := filepath.Join(t.TempDir(), "e"), time.Now()
	plan := Plan{RecipientID: "csc", Listen: "127.0.0.1:0", URL: "https://localhost:8443", ApprovedBy: []string{"a", "b"}}
	if err := Init(folder, plan, now, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := Init(folder, plan, now, rand.Reader); fault.Code(err) != "UOMA-END-FOLDER" {
		t.Errorf("made twice: %v", err)
	}
	if err := Enrol(folder, "xamk", nil, now); err != nil {
		t.Fatal(err)
	}
	if err := Enrol(folder, "xamk", nil, now); fault.Code(err) != "UOMA-END-FOLDER" {
		t.Errorf("enrolled twice: %v", err)
	}
	for _, id := range []string{"", "../x", "Ä", "a b"} {
		if err := Enrol(folder, id, nil, now); fault.Code(err) != "UOMA-END-NAME" {
			t.Errorf("%q: %v", id, err)
		}
	}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be used by others: %v", filepath.Base(path), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(filepath.Join(folder, "endpoint.yaml"), time.Now, rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.TLS.MinVersion != tls.VersionTLS13 || loaded.TLS.ClientAuth != tls.RequireAndVerifyClientCert {
		t.Error("TLS settings are weaker than the protocol")
	}
	bundle := filepath.Join(folder, "for-senders", "xamk")
	if _, warnings, err := parcel.LoadRecipient(bundle, "csc", now); err != nil || len(warnings) != 0 {
		t.Errorf("the pin file: %v %v", err, warnings)
	}
}

func TestLoadRefuses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "e")
	plan := Plan{RecipientID: "csc", Listen: "127.0.0.1:0", URL: "https://localhost", ApprovedBy: []string{"a", "b"}}
	if err := Init(folder, plan, time.Now(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(folder, "endpoint.yaml")
	load := func() string {
		_, err := Load(config, time.Now, rand.Reader, nil)
		return fault.Code(err)
	}
	damage := func(name string, mode fs.FileMode, content string) func() {
		path := filepath.Join(folder, name)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write := func(b []byte, m fs.FileMode) {
			if err := os.WriteFile(path, b, m); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, m); err != nil {
				t.Fatal(err)
			}
		}
		write([]byte(content), mode)
		return func() { write(before, 0o600) }
	}
	for _, tt := range []struct {
		name    string
		mode    fs.FileMode
		content string
		code    string
	}{
		{"keys/receipt", 0o644, "x", "UOMA-DLV-KEY-PERMS"},
		{"keys/identity.txt", 0o600, "x", "UOMA-DLV-KEY-FILE"},
		{"tls/server.key", 0o600, "x", "UOMA-END-TLS"},
		{"tls/ca.crt", 0o600, "x", "UOMA-END-TLS"},
		{"endpoint.yaml", 0o600, "lisen: x\n", "UOMA-CFG-SYNTAX"},
	} {
		repair := damage(tt.name, tt.mode, tt.content)
		if got := load(); got != tt.code {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.code)
		}
		repair()
	}
	if got := load(); got != "" {
		t.Errorf("repaired: %s", got)
	}
}
