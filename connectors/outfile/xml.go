package outfile

import (
	"bufio"
	"encoding/xml"
	"io"
	"slices"
	"strings"
)

// xmlWriter writes one element a row. It keeps the row of the first block until the rows inside it have come.
type xmlWriter struct {
	w      *bufio.Writer
	f      Form
	blocks []xmlBlock
	row    *element // of the first block
}

type xmlBlock struct {
	path    []string
	columns []xmlColumn
}

type xmlColumn struct {
	path      []string
	attribute string
}

// element is a part of a row.
type element struct {
	name       string
	attributes [][2]string
	text       string
	children   []*element
}

func newXML(w io.Writer, f Form, blocks []Block) (Writer, error) {
	x := &xmlWriter{w: bufio.NewWriter(w), f: f}
	for _, b := range blocks {
		out := xmlBlock{path: strings.Split(b.Path, "/")}
		for _, name := range b.Columns {
			c := xmlColumn{path: strings.Split(name, "/")}
			if last := c.path[len(c.path)-1]; strings.HasPrefix(last, "@") {
				c.attribute, c.path = last[1:], c.path[:len(c.path)-1]
			}
			out.columns = append(out.columns, c)
		}
		x.blocks = append(x.blocks, out)
	}
	x.w.WriteString(xml.Header + "<" + f.Root)
	if f.Namespace != "" {
		x.attribute("xmlns", f.Namespace)
	}
	_, err := x.w.WriteString(">\n")
	for i, p := range x.parents() {
		x.w.WriteString(strings.Repeat("  ", i+1) + "<" + p + ">\n")
	}
	return x, err
}

func (x *xmlWriter) Row(block int, cells []string) error {
	b := &x.blocks[block]
	parents, name := b.path[:len(b.path)-1], b.path[len(b.path)-1]
	row := &element{name: name}
	if block == 0 {
		if err := x.flush(); err != nil {
			return err
		}
		x.row = row
	} else {
		at := x.row.under(parents) // rows of a block stand together
		at.children = append(at.children, row)
	}
	for i, c := range b.columns {
		if cells[i] == "" {
			continue
		}
		e := row.under(c.path)
		if c.attribute != "" {
			e.attributes = append(e.attributes, [2]string{c.attribute, cells[i]})
			continue
		}
		e.text = cells[i]
	}
	return nil
}

// under finds the last element of a path, or makes it.
func (e *element) under(path []string) *element {
	for _, name := range path {
		n := len(e.children)
		at := slices.IndexFunc(e.children, func(c *element) bool { return c.name == name })
		if at < 0 {
			e.children, at = append(e.children, &element{name: name}), n
		}
		e = e.children[at]
	}
	return e
}

// parents are the elements between the root and the rows of the first block.
func (x *xmlWriter) parents() []string {
	path := x.blocks[0].path
	return path[:len(path)-1]
}

// flush writes the row that is kept.
func (x *xmlWriter) flush() error {
	if x.row == nil {
		return nil
	}
	x.write(x.row, 1+len(x.parents()))
	x.row = nil
	return x.w.Flush()
}

func (x *xmlWriter) write(e *element, depth int) {
	indent := strings.Repeat("  ", depth)
	x.w.WriteString(indent + "<" + e.name)
	for _, a := range e.attributes {
		x.attribute(a[0], a[1])
	}
	if len(e.children) == 0 {
		x.w.WriteByte('>')
		_ = xml.EscapeText(x.w, []byte(valid(e.text))) // the writer keeps its error until it is flushed
	} else {
		x.w.WriteString(">\n")
		for _, c := range e.children {
			x.write(c, depth+1)
		}
		x.w.WriteString(indent)
	}
	x.w.WriteString("</" + e.name + ">\n")
}

func (x *xmlWriter) attribute(name, value string) {
	x.w.WriteString(" " + name + `="`)
	_ = xml.EscapeText(x.w, []byte(valid(value))) // as above
	x.w.WriteByte('"')
}

func (x *xmlWriter) Close() error {
	if err := x.flush(); err != nil {
		return err
	}
	for i, p := range slices.Backward(x.parents()) {
		x.w.WriteString(strings.Repeat("  ", i+1) + "</" + p + ">\n")
	}
	x.w.WriteString("</" + x.f.Root + ">\n")
	return x.w.Flush()
}
