package formattest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// What an export of hugeRows rows, of which no byte can be left out, may take.
const (
	hugeRows = 40_000
	ahead    = 3 << 19 // bytes that were read beyond the share of the rows given
	held     = 4 << 20 // bytes of memory
)

func (s Subject) huge(t *testing.T) {
	if err := s.streams(t.Context()); err != nil {
		t.Error(err)
	}
}

// streams holds a reader to going through an export, whatever its size: it neither reads on for rows that nobody has asked
// for yet nor keeps what was given.
func (s Subject) streams(ctx context.Context) error {
	rows := Rows(hugeRows)
	random := rand.NewChaCha8([32]byte{7})
	noise := make([]byte, 160)
	for _, row := range rows {
		random.Read(noise)
		row[2] = base64.StdEncoding.EncodeToString(noise)
	}
	export := s.Write(rows)
	if len(export) < held*3/2 {
		return fmt.Errorf("an export of %d bytes shows nothing", len(export))
	}
	clear(rows)
	in := &counted{r: bytes.NewReader(export)}
	before := Living()
	r := s.Open(Input{in, in, int64(len(export))}, Options())
	given := 0
	for b, err := range r.Batches(ctx) {
		if err != nil {
			return err
		}
		given += b.Len()
		if most := ahead + len(export)*given/hugeRows; given < hugeRows && in.n > int64(most) && !s.Spooled {
			return fmt.Errorf("%d bytes of %d were read for %d rows of %d", in.n, len(export), given, hugeRows)
		}
		if now := Living(); now > before+held {
			return fmt.Errorf("%d bytes are held behind %d rows, of an export of %d", now-before, given, len(export))
		}
	}
	if given != hugeRows {
		return fmt.Errorf("%d rows of %d", given, hugeRows)
	}
	runtime.KeepAlive(export)
	return nil
}

// Living gives the bytes of memory in use.
func Living() int64 {
	runtime.GC()
	runtime.GC() // what pools hold outlives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// counted counts the bytes that are read.
type counted struct {
	r *bytes.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}
