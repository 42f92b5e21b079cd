package formattest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

// TestWhoDoesNotStreamFails holds the case of a huge export to finding readers that read it whole, or keep it.
func TestWhoDoesNotStreamFails(t *testing.T) {
	text := func(in io.Reader, o tabular.Options) tabular.Reader {
		return csvfile.New(in, csvfile.Options{Options: o})
	}
	for name, c := range map[string]struct {
		open    func(Input, tabular.Options) tabular.Reader
		want    string
		spooled bool
	}{
		"streams": {func(in Input, o tabular.Options) tabular.Reader { return text(in.Reader, o) }, "", false},
		"reads it whole": {func(in Input, o tabular.Options) tabular.Reader {
			b, _ := io.ReadAll(in.Reader)
			return text(bytes.NewReader(b), o)
		}, "were read", false},
		"reads it here and there whole": {func(in Input, o tabular.Options) tabular.Reader {
			b, _ := io.ReadAll(io.NewSectionReader(in.ReaderAt, 0, in.Size))
			return text(bytes.NewReader(b), o)
		}, "were read", false},
		"keeps what it gave": {func(in Input, o tabular.Options) tabular.Reader {
			return &keeper{Reader: text(in.Reader, o)}
		}, "are held", false},
		"reads it whole into memory, and no spool": {func(in Input, o tabular.Options) tabular.Reader {
			b, _ := io.ReadAll(in.Reader)
			return text(bytes.NewReader(b), o)
		}, "are held", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := Subject{Open: c.open, Spooled: c.spooled, Write: func(rows [][]string) []byte {
				b := []byte(strings.Join(Columns, ";") + "\n")
				for _, row := range rows {
					b = append(append(b, strings.Join(row, ";")...), '\n')
				}
				return b
			}}
			if err := s.streams(t.Context()); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// keeper keeps the texts of all batches.
type keeper struct {
	tabular.Reader
	kept []string
}

func (k *keeper) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		for b, err := range k.Reader.Batches(ctx) {
			for i := 0; err == nil && i < b.Len(); i++ {
				k.kept = append(k.kept, strings.Clone(b.Col(canon.RawFirst+2).Text(i)))
			}
			if !yield(b, err) {
				return
			}
		}
	}
}
