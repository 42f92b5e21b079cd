package custody_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/kms/kmstest"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

// TestThreat_T17_MasterKeyMovesBetweenHolders goes from a file to AWS KMS and on to a program, by the settings alone.
func TestThreat_T17_MasterKeyMovesBetweenHolders(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	service := kmstest.Start(t)
	kmstest.Login(t)
	ca := filepath.Join(s.dir, "kms.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw}), 0o600))
	program := filepath.Join(t.TempDir(), "holder")
	key := "UOMA-MASTER-KEY-2 " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	must(t, os.WriteFile(program, []byte("#!/bin/sh\necho "+key+"\n"), 0o700))

	file := "file:keys/master.key"
	cloud := fmt.Sprintf("{kms: {key: %q, endpoint: %q, ca: kms.pem}}", kmstest.Key, service.URL)
	command := fmt.Sprintf("{command: [%q]}", program)
	for i, move := range [][2]string{{file, cloud}, {cloud, command}} {
		s.settings(t, fmt.Sprintf("keys: {master: %s, next: %s}\n", move[0], move[1]))
		ws := s.open(t)
		out, err := custody.RotateMaster(t.Context(), ws, author(), custody.Options{})
		if err != nil || !out.Finished || out.Epoch != int64(i+2) || out.Rewrapped != people {
			t.Fatalf("%+v %v", out, err)
		}
		must(t, ws.Close())
		s.settings(t, "keys: {master: "+move[1]+"}\n")
		ws = s.open(t)
		if n := readable(t, ws); n != people {
			t.Errorf("%d of %d open", n, people)
		}
		must(t, ws.Close())
	}
	if calls := service.Calls(); calls[0] != "GenerateDataKey" || !slices.Contains(calls, "Decrypt") {
		t.Errorf("calls: %v", calls)
	}

	// A service that does not answer opens nothing, and a check does not ask it unless told to.
	s.settings(t, "keys: {master: "+cloud+"}\n")
	service.Refuse(true)
	if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-KEY-KMS" {
		t.Errorf("refused: %v", err)
	}
	if codes := s.codes(t, now); !slices.Contains(codes, "UOMA-CHK-KEY-SERVICE") || slices.Contains(codes, "UOMA-KEY-KMS") {
		t.Errorf("%v", codes)
	}
	for name, settings := range map[string]string{
		"an environment": "keys: {master: env:KEY}", "a key as it is": "keys: {master: UOMA-MASTER-KEY-1}", "no argument": "keys: {master: {command: []}}",
		"a string for a program": "keys: {master: {command: /bin/true}}", "two holders": "keys: {master: {command: [/bin/true], kms: {key: x}}}",
	} {
		s.settings(t, settings+"\n")
		if _, err := workspace.Open(t.Context(), s.dir); fault.Code(err) != "UOMA-CFG-SCHEMA" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
