package endpoint

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/parcel"
	"uoma/connectors/parquetfile"
)

// Validator begins the check of one delivery's content. It knows what the dataset means; the endpoint does not.
type Validator func(*parcel.Manifest) Check

// Check looks at the files of one delivery in the archive's order. The endpoint has verified every byte only when
// [parcel.Open] has come to its end, so a check keeps what it found to itself until Findings is called.
type Check interface {
	// File looks at one file. Its error means trouble of the endpoint, never of the delivery: the delivery is tried again.
	File(name string, r io.Reader) error
	// Findings gives the reasons to reject the delivery, none to accept it. No reason holds a value.
	Findings() []parcel.Reason
}

// Readable checks that every Parquet part can be opened, has the columns that its table's schema lists under
// "properties" when there are any, and has the number of rows that inner.json gives.
func Readable(*parcel.Manifest) Check {
	return &readable{rows: map[string]int64{}, columns: map[string][]string{}, bad: map[string]int64{}}
}

type readable struct {
	rows    map[string]int64    // by part
	columns map[string][]string // by table, in the parts
	bad     map[string]int64    // by table: violations
}

// File implements [Check]. Parts are at most 64 MiB, so one stands in memory.
func (c *readable) File(name string, r io.Reader) error {
	switch {
	case strings.HasSuffix(name, ".parquet"):
		return c.part(name, r)
	case strings.HasPrefix(name, parcel.SchemaPref):
		return c.schema(name, r)
	case name == parcel.InnerName:
		return c.inner(r)
	}
	return nil
}

// Findings implements [Check].
func (c *readable) Findings() []parcel.Reason {
	var out []parcel.Reason
	for _, table := range slices.Sorted(maps.Keys(c.bad)) {
		out = append(out, parcel.Reason{Type: "schema-violation", Table: table, Count: c.bad[table]})
	}
	return out
}

func (c *readable) part(name string, r io.Reader) error {
	table := tableOf(name)
	raw, err := io.ReadAll(io.LimitReader(r, parcel.MaxPart))
	if err != nil {
		return nil // the archive ends early; parcel.Open says why
	}
	f := openParquet(raw)
	if f == nil {
		c.bad[table]++
		return nil
	}
	c.rows[name] = f.NumRows()
	if c.columns[table] == nil {
		for _, field := range f.Schema().Fields() {
			c.columns[table] = append(c.columns[table], field.Name())
		}
	}
	return nil
}

func (c *readable) schema(name string, r io.Reader) error {
	table := strings.TrimSuffix(strings.TrimPrefix(name, parcel.SchemaPref), ".json")
	var schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	raw, err := io.ReadAll(io.LimitReader(r, parcel.MaxPart))
	if err != nil || json.Unmarshal(raw, &schema) != nil || len(schema.Properties) == 0 || c.columns[table] == nil {
		return nil // parcel.Open has checked that a schema is JSON; what it says beyond columns is the dataset's own affair
	}
	listed := slices.Sorted(maps.Keys(schema.Properties))
	present := slices.Sorted(slices.Values(c.columns[table]))
	if !slices.Equal(listed, present) {
		c.bad[table]++
	}
	return nil
}

func (c *readable) inner(r io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(r, parcel.MaxPart))
	if err != nil {
		return nil
	}
	in, err := parcel.DecodeInner(raw)
	if err != nil {
		return nil // parcel.Open reports it
	}
	for _, t := range in.Tables {
		for _, p := range t.Parts {
			if n, read := c.rows[p.Path]; read && n != p.Rows {
				c.bad[t.Name]++
			}
		}
	}
	return nil
}

// openParquet gives nil for what is not Parquet. The reader panics on some broken files; a sender must not be able to
// take the endpoint down with one.
func openParquet(raw []byte) (f *parquet.File) {
	defer func() {
		if recover() != nil {
			f = nil
		}
	}()
	if parquetfile.CheckFooter(bytes.NewReader(raw), int64(len(raw))) != nil {
		return nil
	}
	f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil
	}
	return f
}

func tableOf(part string) string {
	table, _, _ := strings.Cut(strings.TrimPrefix(part, parcel.DataPrefix), "/")
	return table
}
