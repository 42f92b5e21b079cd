package csvfile_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

func TestThreat_T03_MillionColumns(t *testing.T) {
	in := "a;b\n1;2\n" + strings.Repeat("x;", 1_000_000) + "\n3;4\n"
	got := read(strings.NewReader(in), columns("a", "b"))
	if got.err != nil || got.text() != "2|1|2\n4|3|4" || len(got.rejected) != 1 || got.rejected[0].Code != tabular.CodeTooWide {
		t.Fatalf("%q %v", got.text(), got.err)
	}
	if got := read(strings.NewReader(strings.Repeat("x;", 1_000_000)), columns("x")); fault.Code(got.err) != "UOMA-LND-ROW" {
		t.Fatal(got.err)
	}
}

// endless gives a head, then one byte as often as it is asked, then a tail.
func endless(head string, fill byte, n int64, tail string) io.Reader {
	return io.MultiReader(strings.NewReader(head), io.LimitReader(repeated(fill), n), strings.NewReader(tail))
}

type repeated byte

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestThreat_T03_EndlessLine(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, end := range []string{"\n", "\r", "\r\n"} {
		got := read(endless("a;b\n1;2\n", 'x', 20<<20, end+"3;4\n"), columns("a", "b"))
		if got.err != nil || got.text() != "2|1|2\n4|3|4" || len(got.rejected) != 1 || got.rejected[0].Code != tabular.CodeTooLong {
			t.Fatalf("%q %v", got.text(), got.err)
		}
		if n := len(got.rejected[0].Raw); n > 64<<10 {
			t.Fatalf("%d bytes of the row were kept", n)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
		t.Fatalf("%d bytes of memory", used)
	}
	for name, in := range map[string]io.Reader{
		"as header":      endless("", 'x', 20<<20, "\n"),
		"in open quotes": endless("a;b\n1;\"", '\n', 100<<20, ""),
	} {
		if got := read(in, columns("a", "b")); fault.Code(got.err) != "UOMA-LND-ROW" {
			t.Errorf("%s: %v", name, got.err)
		}
	}
	got := read(endless("a;b\n", 'x', 20<<20, ""), columns("a", "b"))
	if got.err != nil || got.sum.Rejected != 1 || !got.sum.OpenEnd {
		t.Errorf("without end: %+v, %v", got.sum, got.err)
	}
}

func TestThreat_T03_SmallLimits(t *testing.T) {
	o := columns("a", "b")
	o.Limits = tabular.Limits{RowBytes: 8, Columns: 3}
	got := read(strings.NewReader("a;b\n1234;678\n1234;6789\n\"12\n456\";8\n1;2;3;4\n1;2\n"), o)
	if got.err != nil || got.text() != "2|1234|678\n7|1|2" || got.sum.Rejected != 3 {
		t.Fatalf("%q %+v %v", got.text(), got.sum, got.err)
	}
}

func TestThreat_T03_MixedEncodings(t *testing.T) {
	// A file of two encodings is refused whichever of the two the layout names, and never repaired.
	in := "a;b\nä;1\n\xe4;2\n"
	if got := read(strings.NewReader(in), columns("a", "b")); fault.Code(got.err) != "UOMA-LND-ENCODING" {
		t.Error(got.err)
	}
	o := columns("a", "b")
	o.Encoding = "windows-1252"
	got := read(strings.NewReader(in), o)
	if got.err != nil || got.sum.Mojibake != 1 || got.text() != "2|Ã¤|1\n3|ä|2" {
		t.Errorf("%q %+v %v", got.text(), got.sum, got.err)
	}
}

func TestThreat_T03_ControlCharacters(t *testing.T) {
	for c := range 0x20 {
		if c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		in := fmt.Sprintf("a;b\n1;2\n1234567%c;some more text\n3;4\n", c)
		if got := read(strings.NewReader(in), columns("a", "b")); got.sum.Rejected != 1 || got.sum.Rows != 2 || got.err != nil {
			t.Errorf("%#x: %+v %v", c, got.sum, got.err)
		}
	}
	for _, c := range []rune{0x7F, 0x80, 0x85, 0x9F} {
		in := fmt.Sprintf("a;b\nä%cö;2\n3;4\n", c)
		if got := read(strings.NewReader(in), columns("a", "b")); got.sum.Rejected != 1 || got.sum.Rows != 1 || got.err != nil {
			t.Errorf("%#x: %+v %v", c, got.sum, got.err)
		}
	}
	if got := read(strings.NewReader("a;b\n\u00a0;Â\n"), columns("a", "b")); got.sum.Rejected != 0 || got.sum.Rows != 1 {
		t.Errorf("%+v", got.sum)
	}
}

func export(rows int, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("id;nimi;\"ohjelma\";pvm\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d;Näyte-Öhman;\"Liiketalous; \"\"kulttuuri\"\"\";1.%d.2021\r\n", i, i%12+1)
	}
	if trailer != "" {
		fmt.Fprintf(&b, "%s%d\r\n", trailer, rows)
	}
	return b.Bytes()
}

func TestThreat_T06_CutAtEachPercent(t *testing.T) {
	whole := export(400, "Rivejä yhteensä: ")
	o := columns("id", "nimi", "ohjelma", "pvm")
	o.Trailer, o.TrailerRequired = regexp.MustCompile(`^Rivejä yhteensä: (\d+)$`), true
	for _, c := range o.Columns {
		c.Required = true
	}
	for percent := range 100 {
		cut := whole[:len(whole)*percent/100]
		if got := read(bytes.NewReader(cut), o); fault.ScopeOf(got.err) != fault.Source || got.err == nil {
			t.Errorf("cut at %d %%: %v, %+v", percent, got.err, got.sum)
		}
	}
	if got := read(bytes.NewReader(whole), o); got.err != nil || got.sum.Rows != 400 {
		t.Fatal(got.err)
	}
}

func TestThreat_T06_CutInsideTheControlLine(t *testing.T) {
	whole := export(123, "Rivejä yhteensä: ")
	o := columns("id", "nimi", "ohjelma", "pvm")
	o.Trailer, o.TrailerRequired = regexp.MustCompile(`^Rivejä yhteensä: (\d+)$`), true
	for cut := 3; cut < 20; cut++ {
		if got := read(bytes.NewReader(whole[:len(whole)-cut]), o); got.err == nil {
			t.Errorf("%d bytes short: %+v", cut, got.sum)
		}
	}
}
