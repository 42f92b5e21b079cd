package compressed_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"uoma/connectors/compressed"
	"uoma/internal/fault"
)

var kinds = []string{compressed.Gzip, compressed.Zstd}

func pack(t testing.TB, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if kind == compressed.Zstd {
		var err error
		if w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpack(r io.Reader, kind string, limits compressed.Limits) ([]byte, error) {
	c, err := compressed.NewReader(r, kind, limits)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(c)
}

var sample = []byte(strings.Repeat("id;name\n1;Näyte\n", 400) + "the end")

func TestRoundTrip(t *testing.T) {
	for _, kind := range kinds {
		packed := pack(t, kind, sample)
		twice := append(bytes.Clone(packed), packed...)
		for _, r := range []io.Reader{bytes.NewReader(packed), iotest.OneByteReader(bytes.NewReader(packed)), iotest.DataErrReader(bytes.NewReader(packed))} {
			if got, err := unpack(r, kind, compressed.Limits{}); err != nil || !bytes.Equal(got, sample) {
				t.Errorf("%s: %d bytes, %v", kind, len(got), err)
			}
		}
		if got, err := unpack(bytes.NewReader(twice), kind, compressed.Limits{}); err != nil || !bytes.Equal(got, append(bytes.Clone(sample), sample...)) {
			t.Errorf("%s, two in a row: %d bytes, %v", kind, len(got), err)
		}
	}
	if _, err := compressed.NewReader(bytes.NewReader(nil), "lzma", compressed.Limits{}); fault.Code(err) != "UOMA-LND-OPTIONS" {
		t.Error(err)
	}
}

// A compressed export that is cut anywhere is refused.
func TestThreat_T06_CutAtEachByte(t *testing.T) {
	for _, kind := range kinds {
		packed := pack(t, kind, sample)
		for n := range packed {
			if _, err := unpack(bytes.NewReader(packed[:n]), kind, compressed.Limits{}); fault.Code(err) != "UOMA-LND-TRUNCATED" && fault.Code(err) != "UOMA-LND-COMPRESSED" {
				t.Errorf("%s cut at %d: %v", kind, n, err)
			}
		}
	}
}

func TestThreat_T01_CompressedBombs(t *testing.T) {
	bomb := bytes.Repeat([]byte{0}, 256<<20)
	var before, after runtime.MemStats
	for _, kind := range kinds {
		packed := pack(t, kind, bomb)
		runtime.ReadMemStats(&before)
		c, err := compressed.NewReader(bytes.NewReader(packed), kind, compressed.Limits{})
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		runtime.ReadMemStats(&after)
		if fault.Code(err) != "UOMA-LND-BOMB" {
			t.Errorf("%s: %v", kind, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d bytes of memory", kind, used)
		}
		if _, err := unpack(bytes.NewReader(pack(t, kind, sample)), kind, compressed.Limits{Size: 1000}); fault.Code(err) != "UOMA-LND-BOMB" {
			t.Errorf("%s beyond its size: %v", kind, err)
		}
	}
}

func TestWhatFollowsAndWhatIsDamaged(t *testing.T) {
	for _, kind := range kinds {
		packed := pack(t, kind, sample)
		if _, err := unpack(bytes.NewReader(append(bytes.Clone(packed), "more"...)), kind, compressed.Limits{}); err == nil {
			t.Errorf("%s: bytes behind the end pass", kind)
		}
		damaged := bytes.Clone(packed)
		damaged[len(damaged)-6] ^= 1 // in the checksum of gzip, in the last block of zstd
		if _, err := unpack(bytes.NewReader(damaged), kind, compressed.Limits{}); fault.ScopeOf(err) != fault.Source || err == nil {
			t.Errorf("%s damaged: %v", kind, err)
		}
		if _, err := unpack(strings.NewReader("id;name\n1;Esimerkki\n"), kind, compressed.Limits{}); fault.Code(err) != "UOMA-LND-COMPRESSED" {
			t.Errorf("%s, not compressed: %v", kind, err)
		}
	}
}

func TestAnErrorOfTheStreamPasses(t *testing.T) {
	dead := errors.New("the line is dead")
	for _, kind := range kinds {
		packed := pack(t, kind, sample)
		for n := range len(packed) - 1 {
			r := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(dead))
			if _, err := unpack(r, kind, compressed.Limits{}); !errors.Is(err, dead) {
				t.Fatalf("%s after %d bytes: %v", kind, n, err)
			}
		}
	}
}

func TestAnyBytesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		b := rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")
		if got, err := unpack(bytes.NewReader(pack(t, kind, b)), kind, compressed.Limits{}); err != nil || !bytes.Equal(got, b) {
			rt.Fatalf("%v", err)
		}
	})
}

// whole inflates by the standard library, and zstd at once instead of as a stream.
func whole(kind string, b []byte) ([]byte, error) {
	if kind == compressed.Gzip {
		r, err := stdgzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(b, nil)
}

func FuzzRead(f *testing.F) {
	for _, kind := range kinds {
		f.Add(pack(f, kind, sample))
		f.Add(pack(f, kind, nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range kinds {
			const most = 1 << 20
			got, err := unpack(bytes.NewReader(b), kind, compressed.Limits{Size: most})
			if len(got) > most || err != nil && fault.ScopeOf(err) != fault.Source {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if err != nil {
				continue
			}
			if want, err := whole(kind, b); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes, another reader has %d: %v", kind, len(got), len(want), err)
			}
		}
	})
}

// TestBase64 reads downloads that a service gives as base64, in one line or in several, and refuses those that are none.
func TestBase64(t *testing.T) {
	text := strings.Repeat("id,student,studentGrade\n90011,s0012345@metropolia.example,4\n", 5000)
	whole := base64.StdEncoding.EncodeToString([]byte(text))
	folded := ""
	for rest := whole; rest != ""; {
		n := min(76, len(rest))
		folded, rest = folded+rest[:n]+"\r\n", rest[n:]
	}
	for name, x := range map[string]struct{ in, code string }{
		"one line":       {whole, ""},
		"folded":         {folded, ""},
		"cut in a group": {whole[:len(whole)-1], "UOMA-LND-TRUNCATED"},
		"no base64":      {"id,student\n", "UOMA-LND-COMPRESSED"},
		"another sign":   {whole[:40] + "*" + whole[41:], "UOMA-LND-COMPRESSED"},
		"nothing":        {"", "UOMA-LND-TRUNCATED"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := compressed.NewReader(strings.NewReader(x.in), compressed.Base64, compressed.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := io.ReadAll(r)
			if fault.Code(err) != x.code || x.code == "" && string(got) != text {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}
