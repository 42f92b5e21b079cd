package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"uoma/connectors/archive"
	"uoma/internal/fault"
)

type item struct {
	name string
	data string
	mode fs.FileMode
}

func pack(t testing.TB, method uint16, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, it := range items {
		h := &zip.FileHeader{Name: it.name, Method: method}
		if it.mode != 0 {
			h.SetMode(it.mode)
		}
		f, err := w.CreateHeader(h)
		if err == nil && it.data != "" {
			_, err = io.WriteString(f, it.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte, l archive.Limits) (*archive.Archive, error) {
	return archive.Open(bytes.NewReader(b), int64(len(b)), l)
}

func TestArchiveIsAFileSystem(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		b := pack(t, method, item{name: "opiskelijat.csv", data: strings.Repeat("a;b\n", 5000)}, item{name: "sub/"},
			item{name: "sub/tutkinnot.csv", data: "x"}, item{name: "implied/deep/Ä.csv", data: "y"}, item{name: "tyhjä.csv"})
		a, err := open(b, archive.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(a, "opiskelijat.csv", "sub/tutkinnot.csv", "implied/deep/Ä.csv", "tyhjä.csv"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmptyArchive(t *testing.T) {
	a, err := open(pack(t, zip.Store), archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := a.ReadDir("."); err != nil || len(entries) != 0 {
		t.Fatal(entries, err)
	}
}

func TestThreat_T01_Limits(t *testing.T) {
	zeros := strings.Repeat("\x00", 4<<20)
	many := make([]item, 101)
	for i := range many {
		many[i].name = strings.Repeat("x", i+1)
	}
	cases := map[string]struct {
		zip    []byte
		limits archive.Limits
	}{
		"ratio":      {pack(t, zip.Deflate, item{name: "bomb", data: zeros}), archive.Limits{}},
		"entry size": {pack(t, zip.Store, item{name: "big", data: zeros}), archive.Limits{EntrySize: 4<<20 - 1}},
		"total size": {pack(t, zip.Store, item{name: "a", data: zeros}, item{name: "b", data: zeros}), archive.Limits{TotalSize: 8<<20 - 1}},
		"entries":    {pack(t, zip.Store, many...), archive.Limits{Entries: 100}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := open(c.zip, c.limits); fault.Code(err) != "UOMA-LND-BOMB" || fault.ScopeOf(err) != fault.Source {
				t.Fatal(err)
			}
		})
	}
	if _, err := open(pack(t, zip.Store, many...), archive.Limits{Entries: 101}); err != nil {
		t.Fatal(err)
	}
}

// edit changes bytes after the n-th place where a signature stands.
func edit(b []byte, signature string, nth, at int, value any) []byte {
	out := bytes.Clone(b)
	i := -1
	for ; nth >= 0; nth-- {
		i += 1 + bytes.Index(out[i+1:], []byte(signature))
	}
	var v bytes.Buffer
	binary.Write(&v, binary.LittleEndian, value)
	copy(out[i+at:], v.Bytes())
	return out
}

const (
	local   = "PK\x03\x04"
	central = "PK\x01\x02"
	ending  = "PK\x05\x06"
)

func TestThreat_T01_LyingDirectory(t *testing.T) {
	two := pack(t, zip.Deflate, item{name: "a.csv", data: strings.Repeat("abc;", 100)}, item{name: "b.csv", data: strings.Repeat("def;", 100)})
	cases := map[string]struct {
		zip  []byte
		code string
	}{
		"overlapping entries":   {edit(two, central, 1, 42, uint32(0)), "UOMA-LND-ARCHIVE"},
		"offset outside":        {edit(two, central, 1, 42, uint32(1<<30)), "UOMA-LND-ARCHIVE"},
		"packed size outside":   {edit(two, central, 1, 20, uint32(1<<30)), "UOMA-LND-ARCHIVE"},
		"another local name":    {edit(two, local, 0, 30, byte('z')), "UOMA-LND-ARCHIVE"},
		"another local method":  {edit(two, local, 0, 8, uint16(0)), "UOMA-LND-ARCHIVE"},
		"encrypted":             {edit(two, central, 0, 8, uint16(1)), "UOMA-LND-ARCHIVE"},
		"unknown method":        {edit(two, central, 0, 10, uint16(12)), "UOMA-LND-ARCHIVE"},
		"count too small":       {edit(two, ending, 0, 8, [2]uint16{1, 1}), "UOMA-LND-ARCHIVE"},
		"count too large":       {edit(two, ending, 0, 8, [2]uint16{3, 3}), "UOMA-LND-ARCHIVE"},
		"split":                 {edit(two, ending, 0, 4, uint16(1)), "UOMA-LND-ARCHIVE"},
		"Zip64 without a field": {edit(two, central, 0, 24, uint32(1<<32-1)), "UOMA-LND-ARCHIVE"},
		"bytes in front":        {append([]byte("MZ"), two...), "UOMA-LND-ARCHIVE"},
		"bytes behind":          {append(bytes.Clone(two), "PK"...), "UOMA-LND-ARCHIVE"},
		"no archive":            {[]byte("henkilo;tila\n"), "UOMA-LND-ARCHIVE"},
		"nothing":               {nil, "UOMA-LND-ARCHIVE"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := open(c.zip, archive.Limits{}); fault.Code(err) != c.code {
				t.Fatal(err)
			}
		})
	}
}

func TestThreat_T01_LyingSizes(t *testing.T) {
	data := strings.Repeat("abc;", 100)
	one := pack(t, zip.Deflate, item{name: "a.csv", data: data})
	cases := map[string][]byte{
		"more than declared": edit(one, central, 0, 24, uint32(399)),
		"less than declared": edit(one, central, 0, 24, uint32(401)),
		"checksum":           edit(one, central, 0, 16, uint32(1)),
		"damaged":            edit(one, local, 0, 30+5, byte(0xff)),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			a, err := open(b, archive.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := fs.ReadFile(a, "a.csv")
			if fault.Code(err) != "UOMA-LND-LYING" || fault.ScopeOf(err) != fault.Source {
				t.Fatal(err)
			}
			if len(got) > 401 {
				t.Fatal("more than declared was given")
			}
		})
	}
}

// zip64 writes an archive of one stored entry whose sizes stand in a Zip64 field.
func zip64(size uint64) []byte {
	var b bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			binary.Write(&b, binary.LittleEndian, x)
		}
	}
	crc := crc32.ChecksumIEEE([]byte("data"))
	const wide = uint32(1<<32 - 1)
	put([]byte(local), uint16(45), uint16(0), uint16(0), uint32(0), crc, uint32(4), uint32(4), uint16(1), uint16(0), []byte("x"), []byte("data"))
	start := uint32(b.Len())
	put([]byte(central), uint16(45), uint16(45), uint16(0), uint16(0), uint32(0), crc, wide, wide, uint16(1), uint16(20), uint16(0),
		uint16(0), uint16(0), uint32(0), uint32(0), []byte("x"), uint16(1), uint16(16), size, size)
	length := uint32(b.Len()) - start
	put([]byte(ending), uint16(0), uint16(0), uint16(1), uint16(1), length, start, uint16(0))
	return b.Bytes()
}

func TestThreat_T01_Zip64(t *testing.T) {
	a, err := open(zip64(4), archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(a, "x"); string(got) != "data" || err != nil {
		t.Fatal(got, err)
	}
	for _, size := range []uint64{1 << 63, 1<<64 - 1} {
		if _, err := open(zip64(size), archive.Limits{}); fault.Code(err) != "UOMA-LND-BOMB" {
			t.Fatal(err)
		}
	}
	if _, err := open(zip64(1<<62), archive.Limits{}); err == nil {
		t.Fatal("a size of 2^62 passes")
	}
}

func TestThreat_T04_ArchiveNames(t *testing.T) {
	for _, items := range [][]item{
		{{name: "../up.csv"}}, {{name: "/etc/passwd"}}, {{name: `..\up.csv`}}, {{name: "C:up.csv"}}, {{name: "a//b"}}, {{name: "./a"}},
		{{name: "a\x00b"}}, {{name: "latin\xe4"}}, {{name: "exe\u202evsc.csv"}}, {{name: ""}}, {{name: "."}},
		{{name: "same"}, {name: "same"}}, {{name: "Case"}, {name: "case"}}, {{name: "n\u00e4"}, {name: "na\u0308"}},
		{{name: "Dir/a"}, {name: "dir/b"}}, {{name: "file"}, {name: "file/inside"}}, {{name: "file/inside"}, {name: "file"}},
		{{name: "dir/"}, {name: "dir"}}, {{name: "link", mode: fs.ModeSymlink | 0o777}}, {{name: "pipe", mode: fs.ModeNamedPipe | 0o600}},
		{{name: "odd", mode: fs.ModeDir | 0o700}}, {{name: strings.Repeat("d/", 40) + "deep"}},
	} {
		if _, err := open(pack(t, zip.Store, items...), archive.Limits{}); fault.Code(err) != "UOMA-LND-NAME" {
			t.Errorf("%v: %v", items, err)
		}
	}
}

func TestThreat_T01_BombStaysSmall(t *testing.T) {
	// A ratio under the limit: memory is bounded by what is asked for, not by what the entry inflates to.
	noise := make([]byte, 0, 1<<20)
	for i := uint32(0); len(noise) < 1<<20; i++ {
		noise = binary.LittleEndian.AppendUint32(noise, i*2654435761)
	}
	b := pack(t, zip.Deflate, item{name: "wide", data: string(noise) + strings.Repeat("\x00", 24<<20)})
	a, err := open(b, archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Open("wide")
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, struct{ io.Reader }{f})
	runtime.ReadMemStats(&after)
	if err != nil || n != 25<<20 {
		t.Fatal(n, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Fatalf("reading took %d bytes of memory", used)
	}
}

func TestCutArchive(t *testing.T) {
	b := pack(t, zip.Deflate, item{name: "a.csv", data: strings.Repeat("rivi;1\n", 3000)})
	for cut := 0; cut < 100; cut++ {
		if _, err := open(b[:len(b)*cut/100], archive.Limits{}); fault.Code(err) != "UOMA-LND-ARCHIVE" {
			t.Fatalf("cut at %d %%: %v", cut, err)
		}
	}
}

func TestTransportErrorsPass(t *testing.T) {
	own := errors.New("line is down")
	if _, err := archive.Open(failing{own}, 1000, archive.Limits{}); !errors.Is(err, own) {
		t.Fatal(err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzOpen(f *testing.F) {
	f.Add(pack(f, zip.Deflate, item{name: "a.csv", data: strings.Repeat("abc;", 100)}, item{name: "d/b.csv", data: "x"}))
	f.Add(pack(f, zip.Store, item{name: "a", data: "abc"}))
	f.Add(zip64(4))
	f.Add(zip64(1 << 63))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := open(b, archive.Limits{EntrySize: 1 << 20, TotalSize: 4 << 20})
		if err != nil {
			if fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		std, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("accepted what the standard library does not: %v", err)
		}
		files := map[string]*zip.File{}
		for _, f := range std.File {
			if !strings.HasSuffix(f.Name, "/") {
				files[f.Name] = f
			}
		}
		seen := 0
		_ = fs.WalkDir(a, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				t.Fatal(err)
			}
			if d.IsDir() {
				return nil
			}
			info, _ := d.Info()
			got, err := fs.ReadFile(a, path)
			if err == nil && int64(len(got)) != info.Size() || int64(len(got)) > info.Size() {
				t.Fatal("another size than declared")
			}
			if seen++; files[path] == nil {
				t.Fatalf("%q is not there", path)
			}
			if err != nil {
				return nil
			}
			r, err := files[path].Open()
			if err != nil {
				t.Fatalf("read what the standard library does not: %v", err)
			}
			defer r.Close()
			// It compares the descriptor behind an entry's bytes as well, where the directory alone is believed here.
			if want, err := io.ReadAll(r); err != nil && files[path].Flags&8 == 0 || !bytes.Equal(got, want) {
				t.Fatalf("read otherwise than by the standard library: %v", err)
			}
			return nil
		})
		if seen != len(files) {
			t.Fatalf("%d files of %d", seen, len(files))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := uint32(1); text.Len() < 32<<20; i = i*1664525 + 1013904223 {
		text.WriteString("rivi;" + strconv.Itoa(int(i>>12)) + ";valmistunut\n")
	}
	raw := pack(b, zip.Deflate, item{name: "a.csv", data: text.String()})
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		a, err := open(raw, archive.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		f, err := a.Open("a.csv")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, struct{ io.Reader }{f}); err != nil {
			b.Fatal(err)
		}
	}
}
