package nightly

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"filippo.io/age"
	"github.com/parquet-go/parquet-go"

	"uoma/connectors/blob"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/ziptest"
	"uoma/transforms/layout"
)

// line is a row of the contract's exports.
type line struct {
	ID   string `parquet:"id"`
	Name string `parquet:"name"`
	Note string `parquet:"note"`
}

func parquetLines(t *testing.T, rows [][]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[line](&out, parquet.PageBufferSize(8<<10), parquet.MaxRowsPerRowGroup(5000))
	lines := make([]line, len(rows))
	for i, r := range rows {
		lines[i] = line{r[0], r[1], r[2]}
	}
	_, err := w.Write(lines)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sheetLines writes texts where they stand, as long as they are: no library does.
func sheetLines(t *testing.T, rows [][]string) []byte {
	t.Helper()
	const types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	sheet := bytes.NewBufferString("<worksheet><sheetData>")
	for _, row := range append([][]string{formattest.Columns}, rows...) {
		sheet.WriteString("<row>")
		for _, cell := range row {
			sheet.WriteString(`<c t="inlineStr"><is><t>`)
			if err := xml.EscapeText(sheet, []byte(cell)); err != nil {
				t.Fatal(err)
			}
			sheet.WriteString("</t></is></c>")
		}
		sheet.WriteString("</row>")
	}
	sheet.WriteString("</sheetData></worksheet>")
	return ziptest.Pack(t,
		"_rels/.rels", `<Relationships><Relationship Id="r" Type="`+types+`/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="`+types+`/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook><sheets><sheet name="Raportti" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml", sheet.String())
}

var inside = map[string]func(*testing.T, [][]string) []byte{"parquet": parquetLines, "xlsx": sheetLines}

// lying is an inbox with one file that comes as a stream, as over a network.
type lying struct{ in formattest.Input }

func (l lying) Open(string) (fs.File, error) { return l, nil }
func (l lying) Stat() (fs.FileInfo, error)   { return l, nil }
func (l lying) Read(p []byte) (int, error)   { return l.in.Read(p) }
func (lying) Close() error                   { return nil }
func (lying) Name() string                   { return "rows.export" }
func (l lying) Size() int64                  { return l.in.Size }
func (lying) Mode() fs.FileMode              { return 0o600 }
func (lying) ModTime() time.Time             { return time.Time{} }
func (lying) IsDir() bool                    { return false }
func (lying) Sys() any                       { return nil }

// once is what is left of an export that could not be opened.
type once struct{ err error }

func (o once) Batches(context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) { yield(nil, o.err) }
}

func (once) Summary() tabular.Summary { return tabular.Summary{} }

// read is an export that is verified behind its last row, and closed.
type read struct{ *file }

func (r read) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		defer r.Close()
		for b, err := range r.file.Batches(ctx) {
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := r.Verify(); err != nil {
			yield(nil, err)
		}
	}
}

func workOf(t *testing.T) (*blob.Store, string) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	work, err := blob.Open(dir, identity, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { work.Close() })
	return work, dir
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestFormatHoldsTheContract reads formats that jump about out of a compressed stream, as a night does.
func TestFormatHoldsTheContract(t *testing.T) {
	for format, write := range inside {
		for _, kind := range []string{"gzip", "zstd"} {
			t.Run(format+" in "+kind, func(t *testing.T) {
				work, dir := workOf(t)
				feed := &layout.Feed{Name: "rows", Format: layout.Format{Type: format, Compression: kind}}
				formattest.Run(t, formattest.Subject{
					Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
						e, err := openFile(t.Context(), lying{in}, work, "spool", feed, "rows.export", o)
						if err != nil {
							return once{err}
						}
						return read{e}
					},
					Write:   func(rows [][]string) []byte { return packing(t, kind, write(t, rows)) },
					Spooled: true,
				})
				nothingIn(t, dir)
			})
		}
	}
}

// opening opens an export in an archive, or compressed, or both, and reads it to its end.
func opening(ctx context.Context, work *blob.Store, format, compression, member string, file []byte) error {
	feed := &layout.Feed{Name: "rows", Member: member, Format: layout.Format{Type: format, Compression: compression}}
	e, err := openFile(ctx, fstest.MapFS{"rows.export": {Data: file}}, work, "spool", feed, "rows.export", formattest.Options())
	if err != nil {
		return err
	}
	for _, err = range (read{e}).Batches(ctx) {
	}
	return err
}

// TestThreat_T01_HostileInside: what is hostile around a format that jumps about, or inside, is told of as what it is, stops its
// source alone, and leaves nothing; whether it is copied or held.
func TestThreat_T01_HostileInside(t *testing.T) {
	zeros := make([]byte, 64<<20)
	for format, write := range inside {
		export := write(t, formattest.Rows(2000))
		bomb := append(bytes.Clone(export), zeros...)
		for _, kind := range []string{"gzip", "zstd"} {
			whole := packing(t, kind, export)
			for name, c := range map[string]struct {
				member string
				file   []byte
				code   string
			}{
				"whole":                    {"", whole, ""},
				"a bomb":                   {"", packing(t, kind, bomb), "UOMA-LND-BOMB"},
				"a bomb in an archive":     {"rows", ziptest.Pack(t, "rows", string(packing(t, kind, bomb))), "UOMA-LND-BOMB"},
				"cut":                      {"", whole[:len(whole)/2], "UOMA-LND-TRUNCATED"},
				"cut at its end":           {"", whole[:len(whole)-1], "UOMA-LND-TRUNCATED"},
				"cut in an archive":        {"rows", ziptest.Pack(t, "rows", string(whole[:len(whole)/2])), "UOMA-LND-TRUNCATED"},
				"more behind it":           {"", append(bytes.Clone(whole), "more bytes"...), "UOMA-LND-COMPRESSED"},
				"more behind what is in":   {"", packing(t, kind, append(bytes.Clone(export), "more bytes"...)), map[string]string{"parquet": "UOMA-LND-PARQUET", "xlsx": "UOMA-LND-ARCHIVE"}[format]},
				"what is in is cut":        {"", packing(t, kind, export[:len(export)-9]), map[string]string{"parquet": "UOMA-LND-PARQUET", "xlsx": "UOMA-LND-ARCHIVE"}[format]},
				"not compressed":           {"", export, "UOMA-LND-COMPRESSED"},
				"nothing":                  {"", nil, "UOMA-LND-TRUNCATED"},
				"nothing that was packed":  {"", packing(t, kind, nil), map[string]string{"parquet": "UOMA-LND-EMPTY", "xlsx": "UOMA-LND-ARCHIVE"}[format]},
				"compressed twice, not so": {"", packing(t, kind, whole), map[string]string{"parquet": "UOMA-LND-PARQUET", "xlsx": "UOMA-LND-ARCHIVE"}[format]},
			} {
				t.Run(format+" in "+kind+", "+name, func(t *testing.T) {
					work, dir := workOf(t)
					for _, at := range []*blob.Store{work, nil} {
						var before, after runtime.MemStats
						runtime.ReadMemStats(&before)
						err := opening(t.Context(), at, format, kind, c.member, c.file)
						runtime.ReadMemStats(&after)
						if fault.Code(err) != c.code || err != nil && fault.ScopeOf(err) != fault.Source {
							t.Errorf("copied %v: %v", at != nil, err)
						}
						if used := after.TotalAlloc - before.TotalAlloc; used > 48<<20 {
							t.Errorf("copied %v: %d bytes of memory", at != nil, used)
						}
						nothingIn(t, dir)
					}
				})
			}
		}
	}
}

// TestThreat_T32_ASpoolGoesWhoeverStops stops the reading while an export is copied, before its first row and behind it.
func TestThreat_T32_ASpoolGoesWhoeverStops(t *testing.T) {
	for format, write := range inside {
		file := packing(t, "gzip", write(t, formattest.Rows(12_000)))
		feed := &layout.Feed{Name: "rows", Format: layout.Format{Type: format, Compression: "gzip"}}
		for at := range 3 {
			t.Run(fmt.Sprint(format, at), func(t *testing.T) {
				work, dir := workOf(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				in := formattest.Of(file)
				if at == 0 {
					in.Reader = io.MultiReader(io.LimitReader(in.Reader, in.Size/2), stopped{cancel}, in.Reader)
				}
				e, err := openFile(ctx, lying{in}, work, "spool", feed, "rows.export", formattest.Options())
				if at == 0 {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					nothingIn(t, dir)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if left, err := filepath.Glob(filepath.Join(dir, "spool*")); err != nil || len(left) != 1 {
					t.Errorf("%v is there while the export is read: %v", left, err)
				}
				if at == 1 {
					cancel()
				}
				for _, err = range e.Batches(ctx) {
					cancel()
				}
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
				nothingIn(t, dir)
			})
		}
	}
}

// stopped stops the reading where it stands in a stream.
type stopped struct{ stop func() }

func (s stopped) Read([]byte) (int, error) {
	s.stop()
	return 0, io.EOF
}
