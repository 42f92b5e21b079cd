package kms_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/keys"
	"uoma/connectors/kms"
	"uoma/connectors/kms/kmstest"
	"uoma/internal/fault"
)

func settings(t *testing.T, s *kmstest.Server) kms.Settings {
	t.Helper()
	kmstest.Login(t)
	return kms.Settings{Key: kmstest.Key, Region: kms.Region(kmstest.Key), Endpoint: s.URL, HTTP: s.Client(),
		Blob: filepath.Join(t.TempDir(), "master.kms"), Context: map[string]string{"uoma": "master-key", "institution": "10118"}}
}

func TestKeyOfTheService(t *testing.T) {
	s := kmstest.Start(t)
	set := settings(t, s)
	if _, err := kms.New(set).Read(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before it was made: %v", err)
	}
	made, err := kms.New(set).Make(t.Context(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	read, err := kms.New(set).Read(t.Context())
	if err != nil || !bytes.Equal(read.Key, made.Key) || len(read.Key) != keys.Size || read.Root {
		t.Fatalf("another key was read: %v", err)
	}
	if got := strings.Join(s.Calls(), " "); got != "GenerateDataKey Decrypt" {
		t.Errorf("calls: %s", got)
	}
	if _, err := kms.New(set).Make(t.Context(), rand.Reader); fault.Code(err) != "UOMA-KEY-WRITE" {
		t.Errorf("a key was overwritten: %v", err)
	}
	text, err := os.ReadFile(set.Blob)
	if err != nil || bytes.Contains(text, made.Key) {
		t.Error("the key stands in the file")
	}
	if st, err := os.Stat(set.Blob); err != nil || st.Mode().Perm() != 0o600 {
		t.Error("others may read the file")
	}
}

// TestThreat_T19_ServiceOpensForItsPurposeAlone holds that neither another context, key, signature nor file opens.
func TestThreat_T19_ServiceOpensForItsPurposeAlone(t *testing.T) {
	s := kmstest.Start(t)
	set := settings(t, s)
	if _, err := kms.New(set).Make(t.Context(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct {
		do   func(*kms.Settings)
		code string
		word string
	}{
		"another context": {func(x *kms.Settings) { x.Context = map[string]string{"uoma": "master-key", "institution": "00000"} }, "UOMA-KEY-KMS", "InvalidCiphertextException"},
		"no context":      {func(x *kms.Settings) { x.Context = nil }, "UOMA-KEY-KMS", "InvalidCiphertextException"},
		"another key":     {func(x *kms.Settings) { x.Key = "alias/other" }, "UOMA-KEY-KMS", "NotFoundException"},
		"a wrong secret":  {func(*kms.Settings) { t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong") }, "UOMA-KEY-KMS", "InvalidSignatureException"},
		"no longer ours":  {func(*kms.Settings) { s.Refuse(true) }, "UOMA-KEY-KMS", "AccessDeniedException"},
		"a damaged file":  {func(x *kms.Settings) { x.Blob = write(t, "UOMA-KMS-1 !") }, "UOMA-KEY-KMS-FILE", ""},
		"another file":    {func(x *kms.Settings) { x.Blob = write(t, "UOMA-MASTER-KEY-1 QUJD") }, "UOMA-KEY-KMS-FILE", ""},
	} {
		other := set
		change.do(&other)
		m, err := kms.New(other).Read(t.Context())
		if fault.Code(err) != change.code || !strings.Contains(err.Error(), change.word) || m.Key != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.Refuse(false)
		t.Setenv("AWS_SECRET_ACCESS_KEY", kmstest.SecretKey)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
