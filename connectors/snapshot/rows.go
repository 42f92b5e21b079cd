package snapshot

import (
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"uoma/connectors/blob"
)

// WriteRows stores rows of a flat struct with parquet tags, in their order, and gives the digest under which [ReadRows]
// finds them. It is for the small states that a night leaves to the next one.
func WriteRows[T any](s *blob.Store, rows []T) (digest string, err error) {
	out, err := s.Create()
	if err != nil {
		return "", err
	}
	defer out.Discard()
	w := parquet.NewGenericWriter[T](out, options(parquet.SchemaOf(*new(T)))...)
	for len(rows) > 0 {
		n := min(len(rows), groupRows)
		if _, err := w.Write(rows[:n]); err != nil {
			return "", err
		}
		if err := w.Flush(); err != nil {
			return "", err
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return out.Commit("", Ext)
}

// ReadRows gives what [WriteRows] stored, with room for a few rows more, as a night adds some. Texts of a column share
// memory with their neighbours, so that hundreds of thousands of rows cost few allocations. Columns are read side by side. An optional column may be missing, as
// in what an older release stored.
func ReadRows[T any](s *blob.Store, digest string) ([]T, error) {
	pf, closeFile, err := openFile(s, digest)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	n := int(pf.NumRows())
	rows := make([]T, n, n+n/16)
	into := reflect.ValueOf(rows)
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i := range into.Type().Elem().NumField() {
		all.Go(func() error { return readField(pf, i, into) })
	}
	return rows, all.Wait()
}

// readField fills one field of all rows, and touches no other.
func readField(pf *parquet.File, field int, into reflect.Value) error {
	what := into.Type().Elem().Field(field)
	name, kind, _ := strings.Cut(what.Tag.Get("parquet"), ",")
	path := []string{name}
	if kind == "list" {
		path = append(path, "list", "element")
	}
	leaf, ok := pf.Schema().Lookup(path...)
	switch {
	case !ok && kind == "optional": // an older release did not have it
		return nil
	case !ok:
		return errRead.Because(errors.New("a column is missing"))
	}
	c := column{
		first: unsafe.Add(into.UnsafePointer(), what.Offset), stride: into.Type().Elem().Size(), of: what.Type,
		rows: into.Len(), row: -1, top: byte(leaf.MaxDefinitionLevel),
	}
	for _, g := range pf.RowGroups() {
		if err := c.read(g.ColumnChunks()[leaf.ColumnIndex].Pages()); err != nil {
			return errRead.Wrap(err)
		}
	}
	if c.row != c.rows-1 {
		return errRead.Because(errors.New("a column is not whole"))
	}
	return nil
}

// column fills one field of all rows, page by page. It goes from row to row by itself: asking reflection for each field of
// each row would take more time than reading them.
type column struct {
	first  unsafe.Pointer // the field of the first row
	stride uintptr        // from a row to the next one
	of     reflect.Type   // of the field
	rows   int
	row    int  // that was filled last
	top    byte // definition level of a value that is there
}

func (c *column) read(pages parquet.Pages) (err error) {
	defer func() { err = errors.Join(err, pages.Close()) }()
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		err = c.page(p)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
}

// page fills the rows of a page. A value begins a row unless its repetition level says that it goes on with the last one.
func (c *column) page(p parquet.Page) error {
	set, err := c.setter(p)
	if err != nil {
		return err
	}
	repeated, defined, next := p.RepetitionLevels(), p.DefinitionLevels(), 0
	for i := range int(p.NumValues()) {
		if repeated == nil || repeated[i] == 0 {
			c.row++
		}
		if c.row >= c.rows {
			return errors.New("a column has too many rows")
		}
		if defined == nil || defined[i] == c.top {
			set(unsafe.Add(c.first, uintptr(c.row)*c.stride), next)
			next++
		}
	}
	return nil
}

// setter gives a function that puts a page's values, counted from 0, into fields.
func (c *column) setter(p parquet.Page) (func(field unsafe.Pointer, i int), error) {
	text := c.text()
	switch data, kind := p.Data(), p.Type().Kind(); {
	case text != nil && p.Dictionary() != nil:
		d := p.Dictionary()
		words, index := make([]string, d.Len()), data.Int32()
		for i := range words {
			words[i] = string(d.Index(int32(i)).ByteArray())
		}
		return func(field unsafe.Pointer, i int) { text(field, words[index[i]]) }, nil
	case text != nil && kind == parquet.ByteArray:
		bytes, offsets := data.ByteArray()
		all := string(bytes)
		return func(field unsafe.Pointer, i int) { text(field, all[offsets[i]:offsets[i+1]]) }, nil
	case c.of.Kind() == reflect.Int32 && kind == parquet.Int32:
		numbers := data.Int32()
		return func(field unsafe.Pointer, i int) { *(*int32)(field) = numbers[i] }, nil
	case c.of.Kind() == reflect.Int64 && kind == parquet.Int64:
		numbers := data.Int64()
		return func(field unsafe.Pointer, i int) { *(*int64)(field) = numbers[i] }, nil
	}
	return nil, errors.New("a column of a type that states do not have")
}

// text gives a function that puts a text into a field of the column's type, or at the end of its list; nil when the field
// takes none. An empty text stays what the field is already: it would hold on to the page's texts for nothing.
func (c *column) text() func(field unsafe.Pointer, text string) {
	switch c.of.String() {
	case "string":
		return func(field unsafe.Pointer, text string) {
			if text != "" {
				*(*string)(field) = text
			}
		}
	case "[]uint8":
		return func(field unsafe.Pointer, text string) { *(*[]byte)(field) = []byte(text) }
	case "[]string":
		return func(field unsafe.Pointer, text string) {
			list := (*[]string)(field)
			*list = append(*list, text)
		}
	}
	return nil
}
