package canon_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

// TestEveryCanonicalTableBeginsWithProvenance holds the rules XAMK-03 and XAMK-43 of the notices.
func TestEveryCanonicalTableBeginsWithProvenance(t *testing.T) {
	names := map[string]bool{}
	for _, tbl := range canon.Tables() {
		if names[tbl.Name] {
			t.Errorf("table %s stands twice", tbl.Name)
		}
		names[tbl.Name] = true
		for i, c := range canon.Provenance() {
			if tbl.Columns[i] != c {
				t.Errorf("%s: column %d is %s", tbl.Name, i, tbl.Columns[i].Name)
			}
		}
		seen := map[string]bool{}
		for _, c := range tbl.Columns[len(canon.Provenance()):] {
			if seen[c.Name] {
				t.Errorf("%s.%s stands twice", tbl.Name, c.Name)
			}
			seen[c.Name] = true
		}
	}
}

func TestIdentityTables(t *testing.T) {
	for _, tbl := range canon.Tables() {
		want := tbl.Name == "email" || tbl.Name == "phone" || tbl.Name == "address"
		if tbl.Identity() != want {
			t.Errorf("%s: Identity() is %v", tbl.Name, !want)
		}
	}
}

func TestDates(t *testing.T) {
	tests := []struct {
		from   string
		months int
		want   string
	}{
		{"2026-02-28", 12, "2027-02-28"}, {"2024-02-29", 12, "2025-02-28"}, {"2026-08-31", 6, "2027-02-28"},
		{"2023-08-31", 6, "2024-02-29"}, {"2026-01-31", 1, "2026-02-28"}, {"2026-03-31", -1, "2026-02-28"},
		{"2026-12-15", 1, "2027-01-15"}, {"1899-12-31", 240, "1919-12-31"}, {"2026-05-05", 0, "2026-05-05"},
	}
	for _, tt := range tests {
		d, err := canon.ParseDate(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.AddMonths(tt.months).String(); got != tt.want {
			t.Errorf("%s + %d months = %s, want %s", tt.from, tt.months, got, tt.want)
		}
	}
	if _, ok := canon.NewDate(2025, 2, 29); ok {
		t.Error("2025-02-29 exists")
	}
	if _, ok := canon.NewDate(2025, 13, 1); ok {
		t.Error("month 13 exists")
	}
	if _, err := canon.ParseDate("1.2.2025"); err == nil {
		t.Error("1.2.2025 was read")
	}
}

func TestDateTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := canon.Date(rapid.Int32Range(-700000, 700000).Draw(t, "days"))
		var back canon.Date
		if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d {
			t.Fatalf("%d came back as %d, %v", d, back, err)
		}
		if canon.DateOf(d.Time()) != d {
			t.Fatal("DateOf(Time()) differs")
		}
	})
}

var probe = canon.Table{Name: "probe", Columns: []canon.Column{
	{Name: "t", Type: canon.Text}, {Name: "i", Type: canon.Int}, {Name: "d", Type: canon.Day},
	{Name: "at", Type: canon.Instant}, {Name: "b", Type: canon.Bool}, {Name: "n", Type: canon.Decimal},
}}

// draw makes a batch of made-up rows and their canonical text.
func draw(t *rapid.T) (*canon.Batch, [][]string) {
	b := canon.NewBuilder(&probe, "sys/feed")
	var want [][]string
	for range rapid.IntRange(0, 40).Draw(t, "rows") {
		s, i := rapid.StringN(0, 8, -1).Draw(t, "s"), rapid.Int64().Draw(t, "i")
		d, v := canon.Date(rapid.Int32Range(-40000, 40000).Draw(t, "d")), rapid.Bool().Draw(t, "b")
		if rapid.Bool().Draw(t, "null") {
			for c := range probe.Columns {
				b.Null(c)
			}
			want = append(want, make([]string, len(probe.Columns)))
		} else {
			b.Text(0, s)
			b.Int(1, i)
			b.Day(2, d)
			b.Instant(3, 1_700_000_000_000_000)
			b.Bool(4, v)
			b.Bytes(5, []byte("1.5"))
			row := []string{s, "", d.String(), "2023-11-14T22:13:20Z", map[bool]string{true: "true", false: "false"}[v], "1.5"}
			row[1] = string(canonInt(i))
			want = append(want, row)
		}
		b.EndRow()
	}
	return b.Flush(), want
}

func canonInt(i int64) []byte {
	b := canon.NewBuilder(&canon.Table{Name: "x", Columns: []canon.Column{{Name: "i", Type: canon.Int}}}, "")
	b.Int(0, i)
	b.EndRow()
	return b.Flush().Col(0).AppendTo(nil, 0)
}

func same(t *rapid.T, b *canon.Batch, want [][]string) {
	if b.Len() != len(want) {
		t.Fatalf("%d rows, want %d", b.Len(), len(want))
	}
	for r := range want {
		for c := range want[r] {
			if got := string(b.Col(c).AppendTo(nil, r)); got != want[r][c] {
				t.Fatalf("row %d column %d: %q, want %q", r, c, got, want[r][c])
			}
		}
	}
}

func TestBatchesComeBackFromAStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var buf bytes.Buffer
		var want [][][]string
		for range rapid.IntRange(0, 3).Draw(t, "batches") {
			b, w := draw(t)
			if err := canon.WriteBatch(&buf, b); err != nil {
				t.Fatal(err)
			}
			want = append(want, w)
		}
		whole := bytes.Clone(buf.Bytes())
		n := 0
		for b, err := range canon.ReadBatches(&buf, []canon.Table{probe}) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Feed != "sys/feed" || b.System() != "sys" {
				t.Fatalf("feed %q", b.Feed)
			}
			same(t, b, want[n])
			n++
		}
		if n != len(want) {
			t.Fatalf("%d batches, want %d", n, len(want))
		}
		if len(whole) == 0 {
			return
		}
		cut := rapid.IntRange(1, len(whole)-1).Draw(t, "cut")
		got, failed := 0, false
		for _, err := range canon.ReadBatches(bytes.NewReader(whole[:cut]), []canon.Table{probe}) {
			if err != nil {
				failed = true
				break
			}
			got++
		}
		if !failed && got == len(want) {
			t.Fatal("a cut stream was taken for a whole one")
		}
	})
}

// one is a stream of a single batch, whose two rows have a text and nothing else.
func one(t testing.TB) []byte {
	b := canon.NewBuilder(&probe, "sys/feed")
	for range 2 {
		b.Text(0, "a text")
		for i := range probe.Columns[1:] {
			b.Null(1 + i)
		}
		b.EndRow()
	}
	var stream bytes.Buffer
	if err := canon.WriteBatch(&stream, b.Flush()); err != nil {
		t.Fatal(err)
	}
	return stream.Bytes()
}

// partsOf takes a stream apart.
func partsOf(stream []byte) (parts [][]byte) {
	for len(stream) > 0 {
		n := 4 + binary.BigEndian.Uint32(stream)
		parts, stream = append(parts, stream[4:n]), stream[n:]
	}
	return parts
}

func TestAStreamThatIsNotAsItWasWritten(t *testing.T) {
	other := probe
	other.Columns = slices.Clone(probe.Columns)
	other.Columns[0].Name, other.Columns[1].Name = other.Columns[1].Name, other.Columns[0].Name
	retyped := probe
	retyped.Columns = slices.Clone(probe.Columns)
	retyped.Columns[0].Type = canon.Decimal
	// Parts: 0 name, 1 columns, 2 feed, 3 rows, then of each column what is there, of texts the ends, the values.
	for _, c := range []struct {
		name  string
		spoil func(parts [][]byte)
		table canon.Table
	}{
		{"a table that there is not", func(p [][]byte) { p[0][0]++ }, probe},
		{"the columns have changed places", func([][]byte) {}, other},
		{"a column has another type", func([][]byte) {}, retyped},
		{"no number of rows", func(p [][]byte) { p[3] = p[3][:3] }, probe},
		{"more rows", func(p [][]byte) { p[3][3]++ }, probe},
		{"more rows than there is memory for", func(p [][]byte) { p[3][0] = 0xFF }, probe},
		{"fewer rows", func(p [][]byte) { p[3][3]-- }, probe},
		{"nothing tells which values are there", func(p [][]byte) { p[4] = nil }, probe},
		{"a text begins elsewhere", func(p [][]byte) { p[5][0]++ }, probe},
		{"a text ends behind the last one", func(p [][]byte) { p[5][8]++ }, probe},
		{"a text ends before it begins", func(p [][]byte) { p[5][4] = 60 }, probe},
		{"no ends of texts", func(p [][]byte) { p[5] = nil }, probe},
		{"a text is cut", func(p [][]byte) { p[6] = p[6][1:] }, probe},
		{"a number is cut", func(p [][]byte) { p[8] = p[8][1:] }, probe},
		{"a day is cut", func(p [][]byte) { p[10] = p[10][1:] }, probe},
		{"an instant is cut", func(p [][]byte) { p[12] = p[12][1:] }, probe},
		{"a truth is cut", func(p [][]byte) { p[14] = p[14][1:] }, probe},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := partsOf(one(t))
			c.spoil(parts)
			var stream []byte
			for _, p := range parts {
				stream = append(binary.BigEndian.AppendUint32(stream, uint32(len(p))), p...)
			}
			refused(t, stream, c.table)
		})
	}
}

func TestAStreamThatIsCut(t *testing.T) {
	stream := one(t)
	for n := 1; n < len(stream); n++ {
		refused(t, stream[:n], probe)
	}
}

func TestAStreamThatAnnouncesMoreThanComes(t *testing.T) {
	stream, at := one(t), 0
	for _, p := range partsOf(stream) {
		spoilt := bytes.Clone(stream)
		spoilt[at] = 0xFF
		refused(t, spoilt, probe)
		at += 4 + len(p)
	}
}

// refused fails the test unless the stream, which is short, is refused without more room than a few MiB.
func refused(t *testing.T, stream []byte, table canon.Table) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var last error
	for b, err := range canon.ReadBatches(bytes.NewReader(stream), []canon.Table{table}) {
		if err == nil {
			t.Fatalf("a batch of %d rows was read", b.Len())
		}
		last = err
	}
	runtime.ReadMemStats(&after)
	if last == nil {
		t.Fatal("the stream ended as if it were whole")
	}
	if made := after.TotalAlloc - before.TotalAlloc; made > 3<<20 {
		t.Errorf("%d bytes of room for %d bytes", made, len(stream))
	}
}

func TestCopyKeepsEveryType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, want := draw(t)
		c := canon.NewBuilder(&probe, "sys/feed")
		for r := range b.Len() {
			for i := range probe.Columns {
				c.Copy(i, b.Col(i), r)
			}
			c.EndRow()
		}
		same(t, c.Flush(), want)
	})
}

// Whatever is read as a batch can be read to its last value, and is written as it came.
func FuzzReadBatches(f *testing.F) {
	f.Add(one(f))
	f.Fuzz(func(t *testing.T, src []byte) {
		var again bytes.Buffer
		for b, err := range canon.ReadBatches(bytes.NewReader(src), []canon.Table{probe}) {
			if err != nil {
				break
			}
			var text []byte
			for i := range probe.Columns {
				for r := range b.Len() {
					text = b.Col(i).AppendTo(text[:0], r)
				}
			}
			if err := canon.WriteBatch(&again, b); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(src, again.Bytes()) {
			t.Fatal("what was read is written otherwise")
		}
	})
}

func TestATableIsFoundByItsName(t *testing.T) {
	for _, want := range canon.Tables() {
		got := canon.Named(want.Name)
		if got == nil || got.Name != want.Name || !slices.Equal(got.Columns, want.Columns) {
			t.Errorf("%s: found %v", want.Name, got)
		}
	}
	if canon.Named("Person") != nil || canon.Named("") != nil {
		t.Error("a table is found that there is not")
	}
	canon.Tables()[0].Columns[0].Name = "changed"
	if canon.Named("person").Columns[0].Name != "row_key" {
		t.Error("who changes a copy changes everybody's")
	}
}
