package snapshot

import (
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"

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
	w := parquet.NewGenericWriter[T](out, parquet.Compression(&codec{}),
		parquet.CreatedBy("uoma", "1", ""), parquet.DataPageStatistics(false))
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
	name, kind, _ := strings.Cut(into.Type().Elem().Field(field).Tag.Get("parquet"), ",")
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
	c := column{field: field, top: byte(leaf.MaxDefinitionLevel), row: -1}
	for _, g := range pf.RowGroups() {
		if err := c.read(g.ColumnChunks()[leaf.ColumnIndex].Pages(), into); err != nil {
			return errRead.Wrap(err)
		}
	}
	if c.row != into.Len()-1 {
		return errRead.Because(errors.New("a column is not whole"))
	}
	return nil
}

// column fills one field of all rows, page by page.
type column struct {
	field int
	top   byte // definition level of a value that is there
	row   int  // that was filled last
}

func (c *column) read(pages parquet.Pages, into reflect.Value) (err error) {
	defer func() { err = errors.Join(err, pages.Close()) }()
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		err = c.page(p, into)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
}

// page fills the rows of a page. A value begins a row unless its repetition level says that it goes on with the last one.
func (c *column) page(p parquet.Page, into reflect.Value) error {
	set, err := setter(p)
	if err != nil {
		return err
	}
	repeated, defined, next := p.RepetitionLevels(), p.DefinitionLevels(), 0
	for i := range int(p.NumValues()) {
		if repeated == nil || repeated[i] == 0 {
			c.row++
		}
		if c.row >= into.Len() {
			return errors.New("a column has too many rows")
		}
		if defined == nil || defined[i] == c.top {
			set(into.Index(c.row).Field(c.field), next)
			next++
		}
	}
	return nil
}

// setter gives a function that puts a page's values, counted from 0, into fields.
func setter(p parquet.Page) (func(into reflect.Value, i int), error) {
	if d := p.Dictionary(); d != nil {
		words, data := make([]string, d.Len()), p.Data()
		for i := range words {
			words[i] = string(d.Index(int32(i)).ByteArray())
		}
		index := data.Int32()
		return func(into reflect.Value, i int) { setText(into, words[index[i]]) }, nil
	}
	switch data := p.Data(); p.Type().Kind() {
	case parquet.Int32:
		numbers := data.Int32()
		return func(into reflect.Value, i int) { into.SetInt(int64(numbers[i])) }, nil
	case parquet.Int64:
		numbers := data.Int64()
		return func(into reflect.Value, i int) { into.SetInt(numbers[i]) }, nil
	case parquet.ByteArray:
		bytes, offsets := data.ByteArray()
		all := string(bytes)
		return func(into reflect.Value, i int) { setText(into, all[offsets[i]:offsets[i+1]]) }, nil
	}
	return nil, errors.New("a column of a type that states do not have")
}

// setText puts a text into a field of its type, or at the end of a list.
func setText(into reflect.Value, text string) {
	switch {
	case into.Kind() == reflect.String:
		into.SetString(text)
	case into.Type().Elem().Kind() == reflect.Uint8:
		into.SetBytes([]byte(text))
	default:
		list := into.Addr().Interface().(*[]string)
		*list = append(*list, text)
	}
}
