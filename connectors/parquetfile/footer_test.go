package parquetfile_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"uoma/connectors/parquetfile"
	"uoma/internal/fault"
)

// withFooter gives a file with another footer.
func withFooter(file, footer []byte) []byte {
	old := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	out := append(bytes.Clone(file[:len(file)-8-old]), footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...)
}

// changed gives a file whose metadata were changed.
func changed(t *testing.T, file []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	m := *f.Metadata()
	change(&m)
	b, err := thrift.Marshal(new(thrift.CompactProtocol), &m)
	if err != nil {
		t.Fatal(err)
	}
	return withFooter(file, b)
}

// TestThreat_T01_FooterBombs holds footers that announce lists far beyond their bytes, or become far more than they are.
func TestThreat_T01_FooterBombs(t *testing.T) {
	good := write(t, []plain{{ID: "1"}}, 1)
	huge := binary.AppendUvarint(nil, 1<<31-1)
	many := binary.AppendUvarint(nil, 4<<20)
	for name, footer := range map[string][]byte{
		"a long list of structures": append(append([]byte{0x15, 2, 0x19, 0xfc}, huge...), 0),
		"a long list of numbers":    append(append([]byte{0x15, 2, 0x19, 0xf6}, huge...), 0),
		"a long text":               append([]byte{0x18}, huge...),
		"many small structures":     append(append([]byte{0x15, 2, 0x19, 0xfc}, many...), make([]byte, 4<<20)...),
		"lists within lists":        append(bytes.Repeat([]byte{0x19}, 200), 0),
		"structures without an end": bytes.Repeat([]byte{0x1c}, 5000),
		"a map":                     {0x1b, 1, 0x88, 0},
		"nothing":                   {},
	} {
		b := withFooter(good, footer)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := read(b, columns("id"))
		runtime.ReadMemStats(&after)
		if c := fault.Code(got.Err); c != "UOMA-LND-BOMB" && c != "UOMA-LND-PARQUET" {
			t.Errorf("%s: %v", name, got.Err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: %d bytes of memory", name, used)
		}
	}
}

// TestRowGroupsThatMiscount are refused, whichever columns are read of them.
func TestRowGroupsThatMiscount(t *testing.T) {
	good := write(t, []plain{{ID: "1"}, {ID: "2"}, {ID: "3"}}, 3)
	for name, rows := range map[string]int64{"fewer than it says": 4, "far fewer": 1 << 50, "more than it says": 2, "below zero": -1} {
		b := changed(t, good, func(m *format.FileMetaData) { m.NumRows, m.RowGroups[0].NumRows = rows, rows })
		for _, column := range []string{"id", "nowhere"} {
			got := read(b, columns(column))
			if column == "nowhere" && name == "more than it says" {
				continue // of rows of which nothing is read, none is missing
			}
			if c := fault.Code(got.Err); c != "UOMA-LND-PARQUET" {
				t.Errorf("%s, column %s: %d rows, %v", name, column, len(got.Rows), got.Err)
			}
		}
	}
}

// TestTheFirstValueIsLookedAt as the others are: nobody could part it again.
func TestTheFirstValueIsLookedAt(t *testing.T) {
	type row struct {
		ID     string   `parquet:"id"`
		Phones []string `parquet:"phones,list"`
	}
	b := write(t, []row{{"1", []string{"a;b", "c"}}, {"2", []string{"a", "b;c"}}, {"3", []string{"a;b"}}, {"4", []string{"a", "b", "c"}}}, 4)
	got := read(b, columns("id", "phones ;"))
	if got.Err != nil || len(got.Rows) != 2 || len(got.Rejected) != 2 {
		t.Fatalf("%d rows, %d rejected, %v", len(got.Rows), len(got.Rejected), got.Err)
	}
	if got.Rows[0][1] != "a;b" || got.Rows[1][1] != "a;b;c" {
		t.Error(got.Rows)
	}
}

func FuzzFooter(f *testing.F) {
	good := write(f, []plain{{ID: "1"}}, 1)
	f.Add(good)
	f.Add([]byte("\x15\x02\x00\x03\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = parquetfile.CheckFooter(bytes.NewReader(b), int64(len(b))) // it ends, and does not panic
	})
}
