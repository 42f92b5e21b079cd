package parquetfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// column reads one column of a row group, a row at a time.
type column struct {
	index   int
	own     int // place among the layout's columns, -1 for the one that counts rows
	text    Text
	kind    byte
	textual bool
	inRows  bool // its values belong to the rows inside a record

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    []parquet.Value
	at, n  int
	ended  bool
}

// open starts at a row group's chunk.
func (c *column) open(chunk parquet.ColumnChunk) {
	c.pages, c.at, c.n, c.ended = chunk.Pages(), 0, 0, false
	if c.buf == nil {
		c.buf = make([]parquet.Value, 256)
	}
}

// peek gives the next value without taking it; ok is false behind the last one.
func (c *column) peek() (v *parquet.Value, ok bool, err error) {
	for c.at == c.n {
		if c.ended {
			return nil, false, nil
		}
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err == io.EOF {
				c.ended = true
				continue
			}
			if err != nil {
				return nil, false, err
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.buf)
		c.at, c.n = 0, n
		switch {
		case err == io.EOF || err == nil && n == 0:
			if n == 0 {
				c.release()
			} else {
				c.values = ended{}
			}
		case err != nil:
			return nil, false, err
		}
	}
	return &c.buf[c.at], true, nil
}

// ended is what is left of a page whose last values were read.
type ended struct{}

func (ended) ReadValues([]parquet.Value) (int, error) { return 0, io.EOF }

// row gives each value of the next row.
func (c *column) row(each func(*parquet.Value) error) error {
	for i := 0; ; i++ {
		v, ok, err := c.peek()
		if err != nil {
			return err
		}
		if !ok && i == 0 {
			return errors.New("a column is shorter than the others")
		}
		if !ok || i > 0 && v.RepetitionLevel() == 0 {
			return nil
		}
		if err := each(v); err != nil {
			return err
		}
		c.at++
	}
}

func (c *column) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

func (c *column) close() {
	if c.pages == nil {
		return
	}
	c.release()
	_ = c.pages.Close() // reading is over; a page that does not close changes nothing
	c.pages = nil
}
