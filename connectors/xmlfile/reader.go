package xmlfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"

	"uoma/connectors/charset"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xmltoken"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var (
	errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
		"name the path of the elements that are records: rows: Root/Person")
	errRows = fault.New("UOMA-LND-ROWS", "the export has nothing at the path where the layout has its rows",
		"compare its names with the layout's rows path and namespaces").For(fault.Source)
	errCount = fault.New("UOMA-LND-CONTROL", "the number of records that the export announces is no number",
		"compare the export with the layout's count path").For(fault.Source)
	errEncoding = fault.New("UOMA-LND-ENCODING", "the export's bytes are not of its encoding, or that is not one that is read",
		"write UTF-8, UTF-16, Windows-1252 or ISO 8859-15, and declare which; bytes are never replaced silently").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)

var _ tabular.Reader = (*Reader)(nil)

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	src    io.Reader
	o      record.Options
	a      *tabular.Assembler
	plan   *record.Plan
	once   tabular.Once
	x      *xmltoken.Scanner
	m      *record.Matcher
	rows   *record.Rows
	limits tabular.Limits

	on      int // elements that are open and lie on the rows' path, one after the other from the root
	counted int // the same for the count's path
	found   bool
	survey  bool           // the outline is all that is wanted
	outline record.Outline // of what is outside the records
	texts   []text         // by open element of the record
	bytes   int            // of the record's text
}

// text is what an open element of the record has of its own.
type text struct {
	step  *record.Step // nil where the layout knows none
	b     []byte
	mixed bool // elements that the layout does not know are in it
	lost  bool // and text in those
}

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.Reader, o record.Options) *Reader {
	x := &Reader{src: r, o: o, limits: o.Limits.OrDefault()}
	if x.a, x.once.Err = tabular.NewRecordAssembler(o.Options); x.once.Err == nil {
		x.plan, x.once.Err = record.NewPlan(o)
	}
	if x.once.Err == nil && len(x.plan.Rows) == 0 {
		x.once.Err = errOptions.At(fault.Place{Field: o.Feed})
	}
	if x.once.Err != nil {
		return x
	}
	x.m = record.NewMatcher(x.plan, x.a)
	x.rows = record.NewRows(x.m, true)
	return x
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	begin := func() error {
		if err := r.open(); err != nil {
			return r.fault(err)
		}
		return nil
	}
	return r.once.Stream(ctx, r.a, begin, r.next)
}

// Survey gives the outline of a document, of all of it, and its encoding. What was met before an error is in it, too.
func Survey(r io.Reader) (*record.Outline, string, error) {
	const nowhere = "~1" // a name that no element has
	x := New(r, record.Options{Rows: nowhere, Options: tabular.Options{Feed: nowhere, Columns: []tabular.Column{{Name: nowhere}}}})
	x.survey = true
	err := x.once.Err
	if err == nil {
		err = x.open()
	}
	for err == nil && x.x != nil {
		err = x.next()
	}
	if fault.Code(err) == errRows.Code {
		err = nil
	}
	return &x.outline, x.Summary().Encoding, err
}

// declarationBytes is how much is looked at for the declaration.
const declarationBytes = 256

// open settles the encoding.
func (r *Reader) open() error {
	buffered := bufio.NewReaderSize(r.src, 64<<10)
	encoding, err := charset.Sniff(buffered, "")
	if err != nil {
		return err
	}
	head, err := buffered.Peek(declarationBytes)
	if err != nil && err != io.EOF {
		return err
	}
	if len(head) == 0 && encoding == "" {
		return r.a.EndRecords(0, 0)
	}
	if encoding == "" {
		declared := declaredEncoding(head)
		if encoding = charset.Canonical(declared); encoding == "" || encoding == charset.UTF16LE || encoding == charset.UTF16BE {
			return errEncoding
		}
	}
	r.a.Opened()
	r.a.SetEncoding(encoding)
	r.x = xmltoken.NewStrict(charset.NewReader(buffered, encoding))
	return nil
}

// declaredEncoding gives the encoding that an XML declaration names, or "".
func declaredEncoding(head []byte) string {
	end := bytes.Index(head, []byte("?>"))
	if !bytes.HasPrefix(head, []byte("<?xml")) || end < 0 {
		return ""
	}
	_, rest, ok := bytes.Cut(head[:end], []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !ok || len(rest) == 0 {
		return ""
	}
	name, _, _ := bytes.Cut(rest[1:], rest[:1])
	if bytes.EqualFold(name, []byte("us-ascii")) {
		return charset.UTF8
	}
	return string(name)
}

// next adds one row.
func (r *Reader) next() error {
	if r.rows.Next() {
		return nil
	}
	for {
		t, err := r.x.Next()
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return r.fault(err)
		}
		switch {
		case t == xmltoken.EndTag:
			r.outline.Leave()
			r.on, r.counted = min(r.on, r.x.Depth), min(r.counted, r.x.Depth)
		case t == xmltoken.StartTag:
			record, err := r.envelope()
			if err != nil {
				return r.fault(err)
			}
			if record {
				r.rows.Next()
				return nil
			}
		case r.x.Depth == r.counted && r.counted > 0 && r.counted == len(r.plan.Count):
			if err := r.announced(); err != nil {
				return r.fault(err)
			}
		case r.survey:
			b, err := r.x.AppendText(nil)
			if err != nil {
				return r.fault(err)
			}
			if len(xmltoken.TrimSpace(b)) > 0 {
				r.outline.Value()
			}
		}
	}
}

func (r *Reader) end() error {
	if !r.found || r.renamed() {
		return errRows.At(fault.Place{File: r.o.File}).Because(errors.New(r.outline.String()))
	}
	if err := r.rows.End(r.x.Line()); err != nil {
		return err
	}
	return io.EOF
}

// renamed tells that an export without records has other elements where they should be. One that says itself that it has no records
// is believed.
func (r *Reader) renamed() bool {
	if n := r.a.Summary().Control; r.rows.Records() > 0 || n != nil && *n == 0 {
		return false
	}
	return r.outline.Renamed(r.plan)
}

// envelope reads a start tag outside the records; record tells whether one was read.
func (r *Reader) envelope() (record bool, err error) {
	depth := r.x.Depth - 1
	if r.counted == depth && r.plan.Count.Matches(depth, r.x.Local, r.x.Space()) {
		r.counted++
	}
	if r.counted == depth+1 && len(r.plan.Count) == depth+2 {
		for _, a := range r.x.Attributes() {
			if r.plan.Count.Matches(depth+1, append([]byte("@"), a.Local...), a.Space) {
				if err := r.announce(a.Value); err != nil {
					return false, err
				}
			}
		}
	}
	if r.on != depth || !r.plan.Rows.Matches(depth, r.x.Local, r.x.Space()) {
		r.note()
		return false, nil
	}
	r.on++
	r.found = r.found || r.on >= len(r.plan.Rows)-1
	if r.on < len(r.plan.Rows) {
		r.note()
		return false, nil
	}
	r.on--
	return true, r.record()
}

// note takes an element that is no record into the outline.
func (r *Reader) note() {
	r.outline.Enter(r.x.Local, r.x.Space(), false)
	for _, a := range r.x.Attributes() {
		if a.Space != instanceSpace {
			r.outline.Enter(append([]byte("@"), a.Local...), a.Space, false)
			r.outline.Value()
			r.outline.Leave()
		}
	}
}

// announced reads how many records there are from an element's text.
func (r *Reader) announced() error {
	b, err := r.x.AppendText(nil)
	if err != nil {
		return err
	}
	return r.announce(b)
}

func (r *Reader) announce(b []byte) error {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil || n < 0 {
		return errCount
	}
	return r.a.Announced(n, r.x.Line())
}

// record reads the record whose start tag was just given.
func (r *Reader) record() error {
	line := r.x.Line()
	r.texts, r.bytes = r.texts[:0], 0
	r.enter(r.m.Begin())
	for len(r.texts) > 0 {
		t, err := r.x.Next()
		if err != nil {
			return xmltoken.Cut(err)
		}
		top := &r.texts[len(r.texts)-1]
		switch {
		case t == xmltoken.EndTag:
			r.leave(top)
		case t == xmltoken.StartTag && top.step == nil:
			r.push(nil)
		case t == xmltoken.StartTag:
			step := r.m.Find(r.x.Local, r.x.Space())
			top.mixed = top.mixed || step == nil
			r.enter(step)
		case top.step == nil:
			if err := r.unknown(); err != nil {
				return err
			}
		case top.step.HasValue():
			if err := r.append(top); err != nil {
				return err
			}
		}
	}
	r.rows.Record(line, nil)
	return nil
}

// enter opens an element of the record, and reads its attributes.
func (r *Reader) enter(step *record.Step) {
	r.push(step)
	if step == nil {
		return
	}
	r.m.Open(step)
	for _, a := range r.x.Attributes() {
		if a.Space == instanceSpace {
			continue
		}
		var space [64]byte
		name := append(append(space[:0], '@'), a.Local...)
		if s := r.m.Find(name, a.Space); s != nil {
			r.m.Open(s)
			r.m.Text(a.Value)
			r.m.Close()
		}
	}
}

// instanceSpace is the namespace of what a schema needs to know and a record does not say: xsi:nil, xsi:type.
const instanceSpace = "http://www.w3.org/2001/XMLSchema-instance"

func (r *Reader) push(step *record.Step) {
	n := len(r.texts)
	if n < cap(r.texts) {
		r.texts = r.texts[:n+1] // with the memory of an element that is closed
		r.texts[n] = text{step: step, b: r.texts[n].b[:0]}
		return
	}
	r.texts = append(r.texts, text{step: step})
}

// append takes text of an open element.
func (r *Reader) append(top *text) (err error) {
	before := len(top.b)
	if top.b, err = r.x.AppendText(top.b); err != nil {
		return err
	}
	if r.bytes += len(top.b) - before; r.bytes > r.limits.RowBytes {
		r.m.Fail(tabular.CodeTooLong, "the record is longer than any may be")
		top.b = top.b[:before]
	}
	return nil
}

// unknown notes text in an element that the layout does not know, inside of one whose text is wanted.
func (r *Reader) unknown() error {
	i := len(r.texts) - 1
	for r.texts[i].step == nil {
		i--
	}
	in := &r.texts[i]
	if in.lost || !in.step.Plain() {
		return nil
	}
	b, err := r.x.AppendText(r.texts[len(r.texts)-1].b[:0])
	if err != nil {
		return err
	}
	in.lost = len(xmltoken.TrimSpace(b)) > 0
	return nil
}

func (r *Reader) leave(top *text) {
	if top.step != nil {
		if top.mixed && top.step.Plain() && (top.lost || len(xmltoken.TrimSpace(top.b)) > 0) {
			r.m.Fail(tabular.CodeStructure, "the record has elements where the layout has a value")
		}
		r.m.Text(xmltoken.TrimSpace(top.b))
		r.m.Close()
	}
	r.texts = r.texts[:len(r.texts)-1]
}

// fault places an error at the line it was met.
func (r *Reader) fault(err error) error {
	place := fault.Place{File: r.o.File}
	if r.x != nil {
		place.Line = int(r.x.Line())
	}
	var own *fault.Error
	switch {
	case errors.Is(err, charset.ErrInvalid):
		return errEncoding.At(place)
	case !errors.As(err, &own):
		return errRead.At(place).Wrap(err)
	case own.Place == (fault.Place{}):
		return own.At(place)
	}
	return err
}
