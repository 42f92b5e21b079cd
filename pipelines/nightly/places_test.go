package nightly_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/parquet-go/parquet-go"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// TestThreat_T21_EveryPlaceIsOnTheMap erases somebody who is in snapshots, quarantine and every store, and then goes over
// every table and every file of the workspace: each is on the map of places, and none has anything of the person, whether
// it is read as it lies or opened with the workspace's key.
func TestThreat_T21_EveryPlaceIsOnTheMap(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := canarySite(t, on)
		if found := s.find(t, canaries); len(found) == 0 || !strings.Contains(strings.Join(found, " "), "snapshots/") || !strings.Contains(strings.Join(found, " "), "quarantine/") {
			t.Fatalf("before the erasure the person is in %q: the test says nothing", found)
		}
		s.mustApply(t, firstNight+1) // lapses and counts are places, too
		s.at(t, func(ws *workspace.Workspace) {
			out, err := s.eraseKey(ws, newRun(firstNight+1), "mira", "m1canary")
			if err != nil || out.Raw == 0 || out.Quarantined == 0 {
				t.Fatalf("%+v %v", out, err)
			}
		})
		if found := s.find(t, canaries); len(found) > 0 {
			t.Errorf("after the erasure the person is in %q", found)
		}
		s.finish(t, firstNight+2, pipelines.Finished)
		tokens := s.find(t, canaries)
		for _, place := range tokens { // the source goes on exporting: the night's snapshot and its quarantine have the rows
			if !strings.HasPrefix(place, "snapshots/") && !strings.HasPrefix(place, "quarantine/") {
				t.Errorf("after the next night the person is in %s", place)
			}
		}
	})
}

// find names the tables and files that hold one of some values, and fails for each that is not on the map.
func (s site) find(t *testing.T, values []string) (found []string) {
	t.Helper()
	var key *age.X25519Identity
	s.at(t, func(ws *workspace.Workspace) {
		key = ws.Keys.Storage()
		for store, db := range map[string]*database.DB{"register": ws.RegisterDB, "vault": ws.VaultDB} {
			for table, rows := range workspacetest.Dump(t, db) {
				if _, ok := workspace.PlaceOf(store, table); !ok {
					t.Errorf("the table %s of the %s is not on the map", table, store)
				}
				if holds([]byte(rows), values) {
					found = append(found, store+"."+table)
				}
			}
		}
	})
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		if _, ok := workspace.PlaceOf("files", filepath.ToSlash(rel)); !ok {
			t.Errorf("the file %s is not on the map", rel)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if holds(text, values) || strings.HasSuffix(path, ".age") && holds(opened(t, text, key), values) ||
			bytes.HasPrefix(text, []byte("age-encryption")) && holds(opened(t, text, key), values) {
			found = append(found, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func holds(text []byte, values []string) bool {
	lower := bytes.ToLower(text)
	return slices.ContainsFunc(values, func(v string) bool { return bytes.Contains(lower, bytes.ToLower([]byte(v))) })
}

// opened gives what an encrypted file holds; of Parquet, every row as text.
func opened(t *testing.T, text []byte, key *age.X25519Identity) []byte {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(text), key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(plain, []byte("PAR1")) {
		return append(plain, unescaped(plain)...)
	}
	rows := parquet.NewGenericReader[any](bytes.NewReader(plain))
	defer rows.Close()
	out := plain
	for {
		var buf [64]any
		n, err := rows.Read(buf[:])
		for _, row := range buf[:n] {
			line, _ := json.Marshal(row)
			out = append(append(out, line...), '\n')
			for _, v := range cellsOf(row) {
				out = append(append(out, v...), '\n')
			}
		}
		if err != nil {
			return out
		}
	}
}

// unescaped gives the raw rows of rejections, which JSON holds in Base64.
func unescaped(plain []byte) (out []byte) {
	dec := json.NewDecoder(bytes.NewReader(plain))
	for {
		var x canon.Rejection
		if dec.Decode(&x) != nil {
			return out
		}
		out = append(append(out, x.Raw...), '\n')
	}
}

func cellsOf(row any) (out [][]byte) {
	m, _ := row.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch v := m[name].(type) {
		case []byte:
			out = append(out, v)
		case string:
			out = append(out, []byte(v))
		case []any:
			for _, x := range v {
				if b, ok := x.([]byte); ok {
					out = append(out, b)
				}
			}
		}
	}
	return out
}
