package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

// TestAheadGivesEveryByteOnce reads any range in pieces of any size, at most so many of them at once.
func TestAheadGivesEveryByteOnce(t *testing.T) {
	content := make([]byte, 5000)
	for i := range content {
		content[i] = byte(i * 7)
	}
	rapid.Check(t, func(t *rapid.T) {
		offset, piece, parallel := rapid.IntRange(0, len(content)).Draw(t, "offset"), rapid.IntRange(1, 6000).Draw(t, "piece"), rapid.IntRange(1, 4).Draw(t, "parallel")
		cut := rapid.IntRange(0, 2*len(content)).Draw(t, "cut") // the line breaks here, if it lies within
		var now, most atomic.Int64
		r := remote.Ahead(context.Background(), int64(offset), int64(len(content)), piece, parallel, func(_ context.Context, p []byte, at int64) (int, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			n := copy(p, content[at:])
			if at+int64(n) > int64(cut) {
				return int(max(int64(cut)-at, 0)), io.EOF
			}
			return n, nil
		})
		got, err := io.ReadAll(iotest.HalfReader(r))
		want := content[offset:max(offset, min(cut, len(content)))]
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes instead of %d", len(got), len(want))
		}
		if short := offset < len(content) && cut < len(content); short != errors.Is(err, io.ErrUnexpectedEOF) || !short && err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if most.Load() > int64(parallel) {
			t.Fatalf("%d at once", most.Load())
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// told is an error of a source that says when to come again.
type told struct{ error }

func (told) RetryAfter() time.Duration { return time.Minute }

// late asks for more patience than there is.
type late struct{ error }

func (late) RetryAfter() time.Duration { return time.Hour }

func TestPatience(t *testing.T) {
	busy := errors.New("busy")
	for name, tt := range map[string]struct {
		errs []error // of one attempt each, then success
		want error
		wait time.Duration
	}{
		"at once":          {nil, nil, 0},
		"after a while":    {[]error{busy, busy, busy, busy}, nil, 15 * time.Second},
		"never":            {[]error{busy, busy, busy, busy, busy}, fault.New("UOMA-SRC-UNREACHABLE", "", ""), 15 * time.Second},
		"when it says":     {[]error{told{busy}}, nil, time.Minute},
		"too late":         {[]error{late{busy}}, fault.New("UOMA-SRC-UNREACHABLE", "", ""), 0},
		"absent":           {[]error{fs.ErrNotExist}, fs.ErrNotExist, 0},
		"told by a fault":  {[]error{busy, remote.Changed("a.csv")}, fault.New("UOMA-LND-CHANGED", "", ""), time.Second},
		"a forbidden file": {[]error{fs.ErrPermission}, fault.New("UOMA-SRC-DENIED", "", ""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := remote.Retry{}.Do(t.Context(), func() error {
					if len(tt.errs) == 0 {
						return nil
					}
					err := tt.errs[0]
					tt.errs = tt.errs[1:]
					return err
				})
				if !errors.Is(err, tt.want) || time.Since(began) != tt.wait {
					t.Errorf("%v after %v; want %v after %v", err, time.Since(began), tt.want, tt.wait)
				}
			})
		})
	}
}

// TestPauses reads how long a server wants to be left alone.
func TestPauses(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "soon": 0, "Sun, 22 Nov 2026 02:01:30 GMT": 90 * time.Second, "Sun, 22 Nov 2026 01:59:00 GMT": -time.Minute, "99999999999": 0} {
		err := remote.Status(http.StatusTooManyRequests, http.Header{"Retry-After": {text}, "Date": {"Sun, 22 Nov 2026 02:00:00 GMT"}})
		var told interface{ RetryAfter() time.Duration }
		if !errors.As(err, &told) || told.RetryAfter() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
