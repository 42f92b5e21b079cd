package linker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"uoma/internal/fault"
	"uoma/internal/ziptest"
	"uoma/pipelines/linker"
	"uoma/transforms/layout"
)

// TestAFileIsReadAsItsLayoutSays: the same people come from each format, whatever is around it, and what is not whole is no outcome.
func TestAFileIsReadAsItsLayoutSays(t *testing.T) {
	type person struct {
		Place  string `parquet:"place"`
		ID     string `parquet:"id"`
		Family string `parquet:"family"`
		Email  string `parquet:"email"`
	}
	people := []person{{"Kotka", "1", "Esimerkki", "aino@mail.example"}, {"Oslo", "2", "Prøve", "kari@mail.example"}, {"Turku", "3", "Esimerkki", "aino@mail.example"}}
	var table bytes.Buffer
	if err := parquet.Write(&table, people); err != nil {
		t.Fatal(err)
	}
	lines := ""
	for _, p := range people {
		lines += fmt.Sprintf("%s;%s;%s;%s\n", p.Place, p.ID, p.Family, p.Email)
	}
	text := "place;id;family;email\n" + lines
	manifest := func(rows int, of string) string {
		return fmt.Sprintf(`{"files":[{"name":"people.csv","rows":%d,"sha256":"%x"}]}`, rows, sha256.Sum256([]byte(of)))
	}
	want := ""
	for _, c := range []struct {
		name, format, member string
		file                 []byte
		code                 string
	}{
		{"CSV", "type: csv", "", []byte(text), ""},
		{"CSV in gzip", "type: csv, compression: gzip", "", gzipped(t, text), ""},
		{"CSV without a header", "type: csv, header: none", "", []byte(lines), ""},
		{"Parquet", "type: parquet", "", table.Bytes(), ""},
		{"Parquet in zstd", "type: parquet, compression: zstd", "", zstandard(t, table.Bytes()), ""},
		{"Parquet in an archive", "type: parquet", "people.csv", ziptest.Pack(t, "people.csv", table.String()), ""},
		{"CSV in an archive", "type: csv, manifest: m.json", "people.csv", ziptest.Pack(t, "people.csv", text, "m.json", manifest(3, text)), ""},
		{"another than its manifest says", "type: csv, manifest: m.json", "people.csv", ziptest.Pack(t, "people.csv", text, "m.json", manifest(3, lines)), "UOMA-LND-DIGEST"},
		{"cut", "type: parquet, compression: zstd", "", zstandard(t, table.Bytes())[:200], "UOMA-LND-TRUNCATED"},
	} {
		member := ""
		if c.member != "" {
			member = "  member: " + c.member + "\n"
		}
		l, err := layout.Parse("demo.yaml", fmt.Appendf(nil, `system: demo
title: Demo
controller: "10118"
feeds:
- name: people
  file: "people_{yyyyMMdd}.dat"
%s  format: {%s, skip-when-empty: [place]}
  key: [id]
  person: [id]
  columns:
  - {name: place}
  - {name: id, required: true, to: person.source_key}
  - {name: family, as: name, to: person.family_name}
  - {name: email, as: email, to: email.personal}
`, member, c.format))
		if err != nil {
			t.Fatal(c.name, err)
		}
		job, err := linker.Open([]string{write(t, "people_20261121.dat", string(c.file))}, &linker.Layout{Layout: l}, linker.Settings{})
		if err != nil {
			t.Fatal(c.name, err)
		}
		out := filepath.Join(t.TempDir(), "clusters.csv")
		_, err = job.Run(context.Background(), linker.Outputs{Clusters: out}, linker.Tools{Now: time.Now, Progress: silent{}})
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		got, _ := os.ReadFile(out)
		if want == "" {
			want = string(got)
		}
		if (c.code == "") != (string(got) == want) || len(got) < 20 && c.code == "" {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// TestAFileOfSeveralFeedsIsNotGuessedAt: the first of them is no better than the others, and each is read when it is named.
func TestAFileOfSeveralFeedsIsNotGuessedAt(t *testing.T) {
	src, err := layout.TemplateSource("webforms-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("webforms-lines.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../fixtures/systems/webforms-lines/forms_20261121.jsonl"
	_, err = linker.Open([]string{file}, &linker.Layout{Layout: l}, linker.Settings{})
	if fault.Code(err) != "UOMA-LNK-LAYOUT" || !strings.Contains(err.Error(), "forms, events") {
		t.Error(err)
	}
	for feed, tt := range map[string]struct {
		code string
		rows int
	}{"forms": {"", 24}, "events": {"", 8}, "visits": {"UOMA-LNK-LAYOUT", 0}} {
		out := filepath.Join(t.TempDir(), "clusters.csv")
		job, err := linker.Open([]string{file}, &linker.Layout{Layout: l, Feed: feed}, linker.Settings{})
		if err == nil {
			_, err = job.Run(context.Background(), linker.Outputs{Clusters: out}, linker.Tools{Now: time.Now, Progress: silent{}})
		}
		rows, _ := os.ReadFile(out)
		if n := max(0, strings.Count(string(rows), "\n")-1); fault.Code(err) != tt.code || n != tt.rows {
			t.Errorf("%s: %d rows, %v", feed, n, err)
		}
	}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}
