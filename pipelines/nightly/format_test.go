package nightly

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"uoma/connectors/blob"
	"uoma/connectors/odata"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/ziptest"
	"uoma/transforms/layout"
)

type packed struct {
	ID   string `parquet:"id"`
	Name string `parquet:"name"`
}

func packing(t *testing.T, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	case "base64":
		w = base64.NewEncoder(base64.StdEncoding, &out)
	default:
		return b
	}
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func workbook(t *testing.T, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every format lands the same rows, as it is, compressed, in an archive, and both, and leaves nothing behind. What it needs
// on disk meanwhile is encrypted.
func TestEveryFormatLands(t *testing.T) {
	var table bytes.Buffer
	w := parquet.NewGenericWriter[packed](&table)
	if _, err := w.Write([]packed{{"1", "Näyte"}, {"2", "Öhman"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	formats := map[string]struct{ keys, columns, export string }{
		"csv":     {"", "{name: id, required: true}, {name: name}", "id;name\n1;Näyte\n2;Öhman\n"},
		"json":    {"rows: items", "{name: id, required: true}, {name: name, path: names/family}", `{"items":[{"id":1,"names":{"family":"Näyte"}},{"id":2,"names":{"family":"Öhman"}}]}`},
		"ndjson":  {"", "{name: id, required: true}, {name: name}", "{\"id\":\"1\",\"name\":\"Näyte\"}\n{\"id\":2,\"name\":\"Öhman\"}\n"},
		"xml":     {"rows: L/I", `{name: id, path: "@id", required: true}, {name: name, path: N}`, `<L><I id="1"><N>Näyte</N></I><I id="2"><N>Öhman</N></I></L>`},
		"fixed":   {"", "{name: id, at: 1-2, required: true}, {name: name, at: 3-9}", "1 Näyte\n2 Öhman\n"},
		"ldif":    {"", "{name: id, path: uid, required: true}, {name: name, path: sn}", "dn: uid=1\nuid: 1\nSN:: TsOkeXRl\n\ndn: uid=2\nuid: 2\nsn:: w5ZobWFu\n\n"},
		"parquet": {"", "{name: id, required: true}, {name: name}", table.String()},
		"xlsx":    {"header-lines: 2", "{name: id, required: true}, {name: Names / name}", workbook(t, []any{"Report"}, []any{nil, "Names"}, []any{"id", "name"}, []any{1, "Näyte"}, []any{2, "Öhman"})},
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	work, err := blob.Open(dir, identity, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range formats {
		for _, compression := range []string{"", "gzip", "zstd", "base64"} {
			for _, member := range []string{"", "rows.txt"} {
				keys, export := "type: "+name, []byte(c.export)
				if c.keys != "" {
					keys += ", " + c.keys
				}
				if compression != "" {
					keys += ", compression: " + compression
				}
				export = packing(t, compression, export)
				more := ""
				if member != "" {
					export, more = ziptest.Pack(t, member, string(export)), "  member: "+member+"\n"
				}
				l, err := layout.Parse("demo.yaml", fmt.Appendf(nil, "system: demo\ntitle: Demo\ncontroller: \"10118\"\nfeeds:\n- name: rows\n  file: \"rows_{yyyyMMdd}.dat\"\n%s  format: {%s}\n  key: [id]\n  person: [id]\n  columns: [%s]\n", more, keys, c.columns))
				if err != nil {
					t.Fatal(name, err)
				}
				files := fstest.MapFS{"demo/rows.dat": {Data: export}}
				spooled := 0
				look := func() {
					err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
						if err != nil || d.IsDir() {
							return err
						}
						spooled++
						b, err := os.ReadFile(path)
						if bytes.Contains(b, []byte("Näyte")) || bytes.Contains(b, []byte("PAR1")) || bytes.Contains(b, []byte("PK\x03\x04")) {
							t.Errorf("%s, %q, in an archive %q: what it needs on disk is plain", name, compression, member)
						}
						return err
					})
					if err != nil || spooled == 0 && member+compression != "" && (name == "xlsx" || name == "parquet") {
						t.Errorf("%s, %q, in an archive %q: %d files, %v", name, compression, member, spooled, err)
					}
				}
				if got, err := landed(files, work, l, look); err != nil || got != "1 Näyte,2 Öhman" {
					t.Errorf("%s, %q, in an archive %q: %q, %v", name, compression, member, got, err)
				}
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestAFileOfTwoFeeds lands the first feed of a file in which a night has rows of the second alone, and of a file that has others.
func TestAFileOfTwoFeeds(t *testing.T) {
	const feed = "- name: %s\n  file: \"all_{yyyyMMdd}.dat\"\n  format: {type: %s, rows: %s}\n  key: [id]\n  person: [id]\n  columns: [{name: id, required: true}, {name: name}]\n"
	for format, c := range map[string]struct{ people, studies, theirs, others string }{
		"xml":  {"L/P", "L/S", "<L><S><id>1</id></S><S><id>2</id></S></L>", "<L><T><id>1</id></T><T><id>2</id></T></L>"},
		"json": {"people", "studies", `{"studies":[{"id":1}]}`, `{"things":[{"id":1}]}`},
	} {
		src := fmt.Sprintf("system: demo\ntitle: Demo\ncontroller: \"10118\"\nfeeds:\n"+feed+feed, "people", format, c.people, "studies", format, c.studies)
		l, err := layout.Parse("demo.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		for in, code := range map[string]string{c.theirs: "", c.others: "UOMA-LND-ROWS"} {
			got, err := landed(fstest.MapFS{"demo/rows.dat": {Data: []byte(in)}}, nil, l, func() {})
			if got != "" || fault.Code(err) != code {
				t.Errorf("%s: %q, %v; want %q", in, got, err, code)
			}
		}
	}
}

// opened is an inbox in memory.
type opened struct{ fstest.MapFS }

func (opened) Close() error { return nil }

func (opened) Rows(*layout.Feed, tabular.Options) (tabular.Reader, error) { return nil, fs.ErrNotExist }

func (opened) Changed(context.Context, *layout.Feed, tabular.Options, string) (*odata.Changes, error) {
	return nil, fs.ErrNotExist
}

func landed(files fstest.MapFS, work *blob.Store, l *layout.Layout, look func()) (string, error) {
	e, err := openExport(context.Background(), opened{files}, work, "spool", &l.Feeds[0], "demo/rows.dat", func(canon.Rejection) {})
	if err != nil {
		return "", err
	}
	defer e.Close()
	var rows []string
	for b, err := range e.Batches(context.Background()) {
		if err != nil {
			return "", err
		}
		for i := range b.Len() {
			rows = append(rows, b.Named("id").Text(i)+" "+b.Col(canon.RawFirst+1).Text(i))
		}
		look()
	}
	if len(e.Sum()) != 64 {
		return "", fmt.Errorf("no digest")
	}
	return strings.Join(rows, ","), e.Verify()
}
