package nightly_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"uoma/internal/ziptest"
)

// file is a member of an archive.
type file struct {
	name string
	text []byte
}

func unzip(tb testing.TB, archive []byte) (files []file) {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		tb.Fatal(err)
	}
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			tb.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, file{m.Name, text})
	}
	return files
}

func zipped(tb testing.TB, files []file) []byte {
	tb.Helper()
	var members []string
	for _, f := range files {
		members = append(members, f.name, string(f.text))
	}
	return ziptest.Pack(tb, members...)
}

// rewritten gives an archive with other members; edit is told the names of its tables in their order.
func rewritten(tb testing.TB, archive []byte, edit func(members map[string][]byte, names []string)) []byte {
	tb.Helper()
	files, members := unzip(tb, archive), map[string][]byte{}
	var names []string
	for _, f := range files {
		members[f.name] = f.text
		if strings.HasSuffix(f.name, ".csv") {
			names = append(names, f.name)
		}
	}
	edit(members, names)
	for i := range files {
		files[i].text = members[files[i].name]
	}
	return zipped(tb, files)
}

// manifest makes an archive's manifest speak of a file's new text.
func manifest(tb testing.TB, old []byte, name string, text []byte) []byte {
	tb.Helper()
	var m map[string]any
	if err := json.Unmarshal(old, &m); err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256(text)
	for _, f := range m["files"].([]any) {
		if f := f.(map[string]any); f["name"] == name {
			f["rows"], f["sha256"] = max(0, bytes.Count(text, []byte("\n"))-linesOfHeader), hex.EncodeToString(sum[:])
		}
	}
	out, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
