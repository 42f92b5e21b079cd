// Package formattest is the contract of every reader of exports, as tests.
//
// A format describes itself as a [Subject]: how an export of three columns is written, and how it is read. [Run] then
// holds it to what the nightly relies on, whatever the format: values come back as they were, an empty or cut export is
// never taken for a whole one, a reader may be slow, fail or be told to stop, memory is bounded, and each record is a
// row, a rejected row with line and code, or counted by the reason for which it is no data.
//
// The package is for tests. It knows no format, but for the [CSV] that tests of archives and compression put inside.
package formattest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Columns are those of every export here. The first is required.
var Columns = []string{"id", "name", "note"}

// Input is an export's bytes, for formats that read from start to end and for those that read here and there.
type Input struct {
	io.Reader
	io.ReaderAt
	Size int64
}

// Subject is one format.
type Subject struct {
	// Open makes a reader of an export.
	Open func(in Input, o tabular.Options) tabular.Reader
	// Write writes an export, of no rows too. A value may hold anything but control characters.
	Write func(rows [][]string) []byte
	// Records tells that an export which is cut between two records is a whole one: the format has no end of its own. Then
	// Control makes the options know the control line, and adds it to the export.
	Records bool
	Control func(export []byte, rows int, o *tabular.Options) []byte
	// OpenEnd tells that a last record without its end may be whole, and is given with a note in the summary.
	OpenEnd bool
	// Plain tells that values have no line ends, quotes or trailing blanks.
	Plain bool
	// Spooled tells that the export is copied to its end before its first row is read, and not into memory.
	Spooled bool
	// NoRead tells that a reader that fails is told of by a code of the format's own.
	NoRead bool
}

// Run holds a format to the contract.
func Run(t *testing.T, s Subject) {
	t.Run("values", s.values)
	t.Run("empty", s.empty)
	t.Run("header only", s.headerOnly)
	t.Run("huge row", s.hugeRow)
	t.Run("huge", s.huge)
	t.Run("cut at each byte", s.cutAtEachByte)
	t.Run("cut every 64 KiB", s.cutEvery64KiB)
	t.Run("cut under control", s.cutUnderControl)
	t.Run("cancelled", s.cancelled)
	t.Run("stopped", s.stopped)
	t.Run("slow", s.slow)
	t.Run("read error", s.readError)
	t.Run("fault of the transport", s.transportFault)
	t.Run("damaged", s.damaged)
	t.Run("no file is written", s.noFile)
}

// Result is all that reading an export gave.
type Result struct {
	Rows     [][]string // the values of each row; "" for none
	Lines    []int64
	Rejected []canon.Rejection
	Sum      tabular.Summary
	Err      error
}

// Of gives bytes as an input.
func Of(b []byte) Input { return Input{bytes.NewReader(b), bytes.NewReader(b), int64(len(b))} }

// Options gives options for [Columns].
func Options() tabular.Options {
	o := tabular.Options{Feed: "demo/rows", File: "demo/rows.export"}
	for i, name := range Columns {
		o.Columns = append(o.Columns, tabular.Column{Name: name, Position: i + 1, Required: i == 0})
	}
	return o
}

// Read reads an export to its end.
func (s Subject) Read(in Input, o tabular.Options) Result {
	return s.read(context.Background(), in, o, func() {})
}

func (s Subject) read(ctx context.Context, in Input, o tabular.Options, batch func()) (res Result) {
	o.Reject = func(r canon.Rejection) { res.Rejected = append(res.Rejected, r) }
	r := s.Open(in, o)
	for b, err := range r.Batches(ctx) {
		if err != nil {
			res.Err = err
			break
		}
		for i := range b.Len() {
			row := make([]string, len(o.Columns))
			for c := range row {
				if col := b.Col(canon.RawFirst + c); !col.Null(i) {
					row[c] = strings.Clone(col.Text(i))
				}
			}
			res.Rows = append(res.Rows, row)
			res.Lines = append(res.Lines, b.Col(canon.RawLine).Int(i))
		}
		batch()
	}
	res.Sum = r.Summary()
	return res
}

// Rows makes rows of made-up people.
func Rows(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("%07d", i+1), "Näyte-Öhman " + string(rune('A'+i%26)), "a note of some length, No. " + fmt.Sprint(i*7919)}
	}
	return rows
}

func (s Subject) values(t *testing.T) {
	rows := [][]string{
		{"1", "Åsa Näyte-Öhman", "x"},
		{"2", "=1+1", ""},
		{"3", "", "𝄞 <&> \\u0041 a;b,c|d"},
		{"4", "Sum", "NULL"},
		{"5", "'", "]]> -- %41 {}[]"},
	}
	if !s.Plain {
		rows = append(rows, []string{"6", `say "hi"`, "two\nlines"})
	}
	got := s.Read(Of(s.Write(rows)), Options())
	if got.Err != nil || !equal(got.Rows, rows) || len(got.Rejected) > 0 {
		t.Fatalf("got %q, %v, %v", got.Rows, got.Err, got.Rejected)
	}
	if !slices.IsSorted(got.Lines) || len(slices.Compact(slices.Clone(got.Lines))) != len(rows) {
		t.Errorf("lines %v do not tell the rows apart", got.Lines)
	}
}

func (s Subject) empty(t *testing.T) {
	if got := s.Read(Of(nil), Options()); got.Err == nil || fault.ScopeOf(got.Err) != fault.Source || got.Sum.Rows > 0 {
		t.Errorf("got %v", got.Err)
	}
}

func (s Subject) headerOnly(t *testing.T) {
	export := s.Write(nil)
	if len(export) == 0 {
		return // the same as an empty one
	}
	if got := s.Read(Of(export), Options()); got.Err != nil || got.Sum.Read() > 0 {
		t.Errorf("got %v, %+v", got.Err, got.Sum)
	}
}

// A row beyond the limits is rejected alone, or refuses the export where nothing tells where the next one begins.
func (s Subject) hugeRow(t *testing.T) {
	rows := Rows(9)
	rows[4][2] = strings.Repeat("x", 300<<10)
	o := Options()
	o.Limits.RowBytes = 64 << 10
	got := s.Read(Of(s.Write(rows)), o)
	if got.Err != nil {
		if fault.ScopeOf(got.Err) != fault.Source {
			t.Errorf("got %v", got.Err)
		}
		return
	}
	want := slices.Concat(rows[:4], rows[5:])
	if !equal(got.Rows, want) || len(got.Rejected) != 1 || got.Rejected[0].Code != tabular.CodeTooLong || len(got.Rejected[0].Raw) > 64<<10 {
		t.Errorf("%d rows, rejected %d", len(got.Rows), len(got.Rejected))
	}
}

func (s Subject) cutAtEachByte(t *testing.T) {
	rows := Rows(5)
	export := s.Write(rows)
	for n := range len(export) {
		s.checkCut(t, export, rows, n, Options())
	}
}

func (s Subject) cutEvery64KiB(t *testing.T) {
	rows := Rows(12_000)
	export := s.Write(rows)
	for n := 64 << 10; n < len(export); n += 64 << 10 {
		s.checkCut(t, export, rows, n, Options())
	}
}

// checkCut holds that what is left of an export is refused, or is whole rows of which the last may be noted as cut.
func (s Subject) checkCut(t *testing.T, export []byte, rows [][]string, n int, o tabular.Options) {
	got := s.Read(Of(export[:n]), o)
	if got.Err != nil {
		if fault.ScopeOf(got.Err) != fault.Source {
			t.Errorf("cut at %d: %v", n, got.Err)
		}
		return
	}
	left := bytes.TrimRight(export[n:], "\r\n")
	switch {
	case len(left) == 0 && equal(got.Rows, rows): // nothing but the last line's end is missing
		return
	case !s.Records && !s.OpenEnd, int(got.Sum.Read()) >= len(rows) && !got.Sum.OpenEnd:
		t.Errorf("cut at %d: not noticed, %d rows", n, got.Sum.Read())
		return
	}
	whole := len(got.Rows)
	if got.Sum.OpenEnd && whole > 0 {
		whole--
	}
	if !equal(got.Rows[:whole], rows[:whole]) || !got.Sum.OpenEnd && len(got.Rejected) > 0 {
		t.Errorf("cut at %d: rows that were not there, %q", n, got.Rows[max(0, whole-1):])
	}
}

// Where the format itself cannot tell, the control line does.
func (s Subject) cutUnderControl(t *testing.T) {
	if s.Control == nil {
		if s.Records {
			t.Fatal("nothing tells that an export is cut")
		}
		return
	}
	o := Options()
	rows := Rows(9)
	export := s.Control(s.Write(rows), len(rows), &o)
	if got := s.Read(Of(export), o); got.Err != nil || !equal(got.Rows, rows) || got.Sum.Control == nil {
		t.Fatalf("whole: %v, %q", got.Err, got.Rows)
	}
	for n := range len(bytes.TrimRight(export, "\r\n")) {
		if got := s.Read(Of(export[:n]), o); got.Err == nil || fault.ScopeOf(got.Err) != fault.Source {
			t.Errorf("cut at %d: %v", n, got.Err)
		}
	}
}

func (s Subject) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	got := s.read(ctx, Of(s.Write(Rows(12_000))), Options(), cancel)
	if !errors.Is(got.Err, context.Canceled) || len(got.Rows) == 0 || len(got.Rows) > 10_000 {
		t.Errorf("got %v and %d rows", got.Err, len(got.Rows))
	}
}

func (s Subject) stopped(t *testing.T) {
	r := s.Open(Of(s.Write(Rows(12_000))), Options())
	batches := 0
	for range r.Batches(context.Background()) {
		batches++
		break
	}
	for range r.Batches(context.Background()) {
		batches++
	}
	if batches != 1 {
		t.Errorf("%d batches", batches)
	}
}

// oneByte reads here and there, a byte at a time.
type oneByte struct{ r io.ReaderAt }

func (o oneByte) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		if n, err := o.r.ReadAt(p[i:i+1], off+int64(i)); n == 0 {
			return i, err
		}
	}
	return len(p), nil
}

func (s Subject) slow(t *testing.T) {
	rows := Rows(300)
	export := s.Write(rows)
	in := Input{iotest.OneByteReader(bytes.NewReader(export)), oneByte{bytes.NewReader(export)}, int64(len(export))}
	if got := s.Read(in, Options()); got.Err != nil || !equal(got.Rows, rows) {
		t.Errorf("got %v, %d rows", got.Err, len(got.Rows))
	}
}

var errLine = errors.New("the line is dead")

// failing reads as far as a place.
type failing struct {
	r     io.ReaderAt
	after int64
	err   error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.after {
		return 0, f.err
	}
	return f.r.ReadAt(p, off)
}

// transportFault holds that a fault which a transport knows better than the format, as of a file that changed, is told as it is.
func (s Subject) transportFault(t *testing.T) {
	changed := &fault.Error{Code: "UOMA-LND-CHANGED", Message: "the file changed", Hint: "read it again", Scope: fault.Source}
	export := s.Write(Rows(9_000))
	for _, part := range []int{0, 1, 2} {
		n := len(export) * part / 3
		in := Input{io.MultiReader(bytes.NewReader(export[:n]), iotest.ErrReader(changed)), failing{bytes.NewReader(export), int64(n), changed}, int64(len(export))}
		if got := s.Read(in, Options()); fault.Code(got.Err) != changed.Code {
			t.Errorf("after %d bytes: %v", n, got.Err)
		}
	}
}

func (s Subject) readError(t *testing.T) {
	rows := Rows(9_000)
	export := s.Write(rows)
	for _, part := range []int{0, 1, 2, 3} {
		n := len(export) * part / 4
		in := Input{io.MultiReader(bytes.NewReader(export[:n]), iotest.ErrReader(errLine)), failing{bytes.NewReader(export), int64(n), errLine}, int64(len(export))}
		got := s.Read(in, Options())
		if !errors.Is(got.Err, errLine) || fault.ScopeOf(got.Err) != fault.Source || fault.Code(got.Err) != "UOMA-LND-READ" && !s.NoRead {
			t.Errorf("after %d bytes: %v", n, got.Err)
		}
		if len(got.Rows) > len(rows) || !equal(got.Rows, rows[:len(got.Rows)]) {
			t.Errorf("after %d bytes: %d rows", n, len(got.Rows))
		}
	}
}

// Whatever the bytes, counts agree, and what is rejected has a line, a code and a reason that holds no value.
func (s Subject) damaged(t *testing.T) {
	rows := Rows(40)
	export := s.Write(rows)
	random := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		b := bytes.Clone(export)
		for range 1 + random.IntN(3) {
			b[random.IntN(len(b))] ^= 1 << random.IntN(8)
		}
		Conserved(t, s.Read(Of(b), Options()))
	}
}

// Conserved holds that the counts of a summary are those of what was given.
func Conserved(t testing.TB, got Result) {
	t.Helper()
	if got.Err != nil && fault.ScopeOf(got.Err) != fault.Source {
		t.Errorf("got %v", got.Err)
	}
	if int64(len(got.Rows)) != got.Sum.Rows || int64(len(got.Rejected)) != got.Sum.Rejected {
		t.Errorf("%d rows and %d rejected, counted %d and %d", len(got.Rows), len(got.Rejected), got.Sum.Rows, got.Sum.Rejected)
	}
	for _, r := range got.Rejected {
		if r.Line <= 0 || r.Code == "" || r.Reason == "" || r.Feed == "" {
			t.Errorf("rejected at %d with %q: %q", r.Line, r.Code, r.Reason)
		}
	}
	if got.Err != nil && strings.Contains(got.Err.Error(), "Näyte") {
		t.Errorf("the error holds a value: %v", got.Err)
	}
}

// Accounted gives of how much of an export a summary tells: rows, rejected rows, and what is no data by its reasons.
func Accounted(s tabular.Summary) int64 {
	n := s.Read()
	for _, skipped := range s.Skipped {
		n += skipped
	}
	if s.Header > 0 {
		n++
	}
	return n
}

// Decoded gives the text of an export without its byte order mark, as a summary names its encoding. Single-byte encodings
// stay as they are, since whoever counts lines or quotes needs no other character.
func Decoded(b []byte, encoding string) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case encoding == "utf-16be":
		order = binary.BigEndian
	case encoding != "utf-16le":
		return strings.TrimPrefix(string(b), "\ufeff")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

// Lines counts lines, the last of which may have no end.
func Lines(text string) int64 {
	n := int64(strings.Count(text, "\n"))
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

func (s Subject) noFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if got := s.Read(Of(s.Write(Rows(9_000))), Options()); got.Err != nil || len(got.Rows) != 9_000 {
		t.Fatal(got.Err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

func equal(a, b [][]string) bool {
	return slices.EqualFunc(a, b, func(x, y []string) bool { return slices.Equal(x, y) })
}
