package jsonfile

import (
	"errors"
	"slices"
	"unicode/utf8"

	"uoma/connectors/record"
)

// Kind is what a value is.
type Kind byte

// Kinds of a value. One that is null is as absent.
const (
	Absent  Kind = 0
	Text    Kind = '"'
	Number  Kind = '0'
	Boolean Kind = 't'
	Nested  Kind = '{' // an object or a list
)

// Value is a value beside the records.
type Value struct {
	Kind Kind
	Text string // of a string without its escapes, of a number or word as it was written, of others ""
}

// Envelope is what a document holds around its records.
type Envelope struct {
	Records int64
	List    []byte  // the list of the records, as it was written
	Values  []Value // in the order of the paths that were asked for
}

var (
	errDocument = errors.New("it is not one JSON document")
	errNoList   = errors.New("it has no list of rows")
)

// ReadEnvelope reads one document that is whole in memory: how many records its list has at the path rows, and the values
// at other paths. It is as strict as a [Reader]; the records themselves are only walked through. Its errors quote nothing.
func ReadEnvelope(doc []byte, rows string, paths ...string) (Envelope, error) {
	o := opener{p: parser{m: &record.Matcher{}, b: doc}, routes: make([]record.Route, len(paths)+1), out: Envelope{Values: make([]Value, len(paths))}}
	for i, path := range append([]string{rows}, paths...) {
		plan, err := record.NewPlan(record.Options{Rows: path})
		if err != nil {
			return o.out, err
		}
		o.routes[i] = plan.Rows
	}
	if !utf8.Valid(doc) {
		return o.out, errors.New("it is not UTF-8")
	}
	o.p.keys.reset()
	o.p.space()
	if err := o.value(make([]int, len(o.routes))); err != nil {
		return o.out, o.told(err)
	}
	o.p.space()
	if o.p.i < len(doc) {
		return o.out, errDocument
	}
	if !o.found {
		return o.out, errNoList
	}
	return o.out, nil
}

func (*opener) told(err error) error {
	if errors.Is(err, errBad) {
		return errDocument
	}
	return err
}

// opener goes through a document. The first route is that of the records.
type opener struct {
	p      parser
	routes []record.Route
	found  bool
	out    Envelope
}

// value reads a value to which so many steps of each route have led, -1 when none do.
func (o *opener) value(depths []int) error {
	if o.p.i == len(o.p.b) {
		return errBad
	}
	c := o.p.b[o.p.i]
	list := c == '[' && depths[0] == len(o.routes[0])
	switch {
	case list && o.found:
		return errTwice
	case list:
		return o.list()
	case c == '{':
		o.note(depths, Nested, "")
		return o.p.nested(nil, func(*record.Step) error { return o.object(depths) })
	}
	from := o.p.i
	text := ""
	if c == '"' {
		b, err := o.p.string()
		if err != nil {
			return err
		}
		text = string(b)
	} else {
		if err := o.p.value(nil); err != nil {
			return err
		}
		text = string(o.p.b[from:o.p.i])
	}
	switch {
	case c == '"':
		o.note(depths, Text, text)
	case c == 't' || c == 'f':
		o.note(depths, Boolean, text)
	case c == '[':
		o.note(depths, Nested, "")
	case c != 'n':
		o.note(depths, Number, text)
	}
	return nil
}

// note keeps a value that was asked for.
func (o *opener) note(depths []int, kind Kind, text string) {
	for i, route := range o.routes[1:] {
		if len(route) > 0 && depths[i+1] == len(route) {
			o.out.Values[i] = Value{kind, text}
		}
	}
}

// list counts the records.
func (o *opener) list() error {
	o.found = true
	from := o.p.i
	err := o.p.nested(nil, func(*record.Step) error {
		o.p.space()
		if o.p.i < len(o.p.b) && o.p.b[o.p.i] == ']' {
			o.p.i++
			return nil
		}
		for {
			o.p.space()
			if err := o.p.value(nil); err != nil {
				return err
			}
			o.out.Records++
			if done, err := o.behind(']'); done || err != nil {
				return err
			}
		}
	})
	o.out.List = o.p.b[from:o.p.i]
	return err
}

func (o *opener) object(depths []int) error {
	set := o.p.keys.enter()
	o.p.space()
	if o.p.i < len(o.p.b) && o.p.b[o.p.i] == '}' {
		o.p.i++
		return nil
	}
	for {
		o.p.space()
		if o.p.i == len(o.p.b) || o.p.b[o.p.i] != '"' {
			return errBad
		}
		name, err := o.p.string()
		if err != nil {
			return err
		}
		if !o.p.keys.add(set, name) {
			return errTwice
		}
		below := slices.Clone(depths)
		for i, route := range o.routes {
			below[i] = follow(route, depths[i], name)
		}
		o.p.space()
		if o.p.i == len(o.p.b) || o.p.b[o.p.i] != ':' {
			return errBad
		}
		o.p.i++
		o.p.space()
		if err := o.value(below); err != nil {
			return err
		}
		if done, err := o.behind('}'); done || err != nil {
			return err
		}
	}
}

// behind reads what stands behind a value inside another, and tells whether that ends there.
func (o *opener) behind(closing byte) (done bool, err error) {
	o.p.space()
	if o.p.i == len(o.p.b) {
		return false, errBad
	}
	o.p.i++
	switch o.p.b[o.p.i-1] {
	case ',':
		return false, nil
	case closing:
		return true, nil
	}
	return false, errBad
}
