package ldiffile

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"uoma/connectors/charset"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/window"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var (
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the dump ends inside an entry, or the directory gave a part of it only",
		"have the dump made again, with an empty line behind each entry; nothing was removed").For(fault.Source)
	errEncoding = fault.New("UOMA-LND-ENCODING", "the dump's text is not UTF-8",
		"LDIF is written in UTF-8; bytes are never replaced silently").For(fault.Source)
	errSyntax = fault.New("UOMA-LND-LDIF", "the export is not LDIF",
		"have the dump made again, as ldapsearch writes it").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)

var _ tabular.Reader = (*Reader)(nil)

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	o      tabular.Options
	a      *tabular.Assembler
	once   tabular.Once
	w      *window.Window
	m      *record.Matcher
	rows   *record.Rows
	limits tabular.Limits

	line    []byte // the logical line that is complete
	at      int64  // where it begins
	ahead   window.Line
	hasNext bool
	next1   []byte // the line ahead, kept while the window moves
	tooLong bool
	ended   bool
	raw     []byte
	name    []byte
	value   []byte
	survey  *survey // nil but for [Survey]
}

const keptRaw = 64 << 10

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.Reader, o tabular.Options) *Reader {
	l := &Reader{o: o, w: window.New(r), limits: o.Limits.OrDefault()}
	var plan *record.Plan
	if l.a, l.once.Err = tabular.NewRecordAssembler(o); l.once.Err == nil {
		plan, l.once.Err = record.NewPlan(record.Options{Options: o, Fold: true})
	}
	if l.once.Err == nil {
		l.m = record.NewMatcher(plan, l.a)
		l.rows = record.NewRows(l.m, false)
	}
	return l
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	begin := func() error {
		r.a.SetEncoding(charset.UTF8)
		return nil
	}
	return r.once.Stream(ctx, r.a, begin, r.next)
}

// next adds one row.
func (r *Reader) next() error {
	if r.rows.Next() {
		return nil
	}
	err := r.entry()
	if err == nil {
		r.rows.Next()
		return nil
	}
	if err != io.EOF {
		return r.fault(err)
	}
	if err := r.a.EndRecords(r.at, r.rows.Records()); err != nil {
		return err
	}
	return io.EOF
}

// entry reads the next entry, or gives io.EOF behind the last one.
func (r *Reader) entry() error {
	if err := r.begin(); err != nil {
		return err
	}
	first := r.at
	r.raw = r.raw[:0]
	step := r.m.Begin()
	r.m.Open(step)
	named := false
	if r.survey != nil {
		r.survey.entry()
		defer r.survey.outline.Leave()
	}
	for len(r.line) > 0 {
		r.keep()
		if err := r.attribute(&named); err != nil {
			return err
		}
		err := r.logical()
		if err == io.EOF {
			return errTruncated.At(r.place())
		}
		if err != nil {
			return err
		}
	}
	r.m.Close()
	r.rows.Record(first, r.raw)
	return nil
}

// begin passes over what stands between entries.
func (r *Reader) begin() error {
	for {
		if err := r.logical(); err != nil {
			return err
		}
		r.a.Opened()
		version := bytes.HasPrefix(r.line, []byte("version:"))
		search := bytes.HasPrefix(r.line, []byte("search:"))
		switch {
		case len(r.line) == 0, version, search:
		case bytes.HasPrefix(r.line, []byte("result:")):
			if code, _, _ := bytes.Cut(bytes.TrimSpace(r.line[len("result:"):]), []byte(" ")); string(code) != "0" {
				return errTruncated.At(r.place()).Because(errors.New("the search did not succeed"))
			}
		case len(r.line) < 3 || !bytes.EqualFold(r.line[:3], []byte("dn:")):
			return errSyntax.At(r.place())
		default:
			return nil
		}
	}
}

func (r *Reader) keep() {
	if n := keptRaw - len(r.raw); n > 0 {
		r.raw = append(append(r.raw, r.line[:min(n, len(r.line))]...), '\n')
	}
}

// attribute reads the logical line as an attribute and its value.
func (r *Reader) attribute(named *bool) error {
	if r.tooLong {
		r.m.Fail(tabular.CodeTooLong, "the entry is longer than any may be; only its beginning was kept")
		return nil
	}
	colon := bytes.IndexByte(r.line, ':')
	if colon <= 0 {
		r.m.Fail(tabular.CodeMalformed, "a line of the entry is no attribute")
		return nil
	}
	r.name = lower(r.name[:0], r.line[:colon])
	switch string(r.name) {
	case "dn":
		if *named {
			r.m.Fail(tabular.CodeMalformed, "two entries are not parted by an empty line")
			return nil
		}
		*named = true
	case "changetype":
		r.m.Fail(tabular.CodeStructure, "the record is a change and no entry")
		return nil
	}
	if r.survey != nil {
		if value, ok := r.decode(r.line[colon+1:]); ok {
			r.survey.attribute(string(r.name), r.line[:colon], value)
		}
		return nil
	}
	step := r.find()
	if step == nil {
		return nil
	}
	value, ok := r.decode(r.line[colon+1:])
	if !ok {
		return nil
	}
	if !utf8.Valid(value) {
		r.m.Fail(tabular.CodeNotText, "the value of "+string(r.name)+" is bytes and no text")
		return nil
	}
	r.m.Open(step)
	r.m.Text(value)
	r.m.Close()
	return nil
}

func (r *Reader) find() *record.Step {
	if string(r.name) == "dn" {
		return r.m.Known(r.name)
	}
	return r.m.Find(r.name, "")
}

// decode gives a value in whichever of its three forms it is written.
func (r *Reader) decode(b []byte) ([]byte, bool) {
	switch {
	case len(b) > 0 && b[0] == '<':
		r.m.Fail(tabular.CodeStructure, "a value stands at an address, which is never fetched")
		return nil, false
	case len(b) > 0 && b[0] == ':':
		b = bytes.Trim(b[1:], " ")
		r.value = append(r.value[:0], make([]byte, base64.StdEncoding.DecodedLen(len(b)))...)
		n, err := base64.StdEncoding.Strict().Decode(r.value, b)
		if err != nil || bytes.ContainsAny(b, "\r\n") {
			r.m.Fail(tabular.CodeMalformed, "a value is no base64")
			return nil, false
		}
		return r.value[:n], true
	}
	return bytes.TrimLeft(b, " "), true
}

func lower(dst, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// logical reads a line with those that are folded into it, without comments.
func (r *Reader) logical() error {
	for {
		if !r.hasNext {
			if err := r.read(); err != nil {
				return err
			}
		}
		r.line = append(r.line[:0], r.next1...)
		r.at, r.tooLong, r.hasNext = r.ahead.Number, r.ahead.TooLong, false
		if r.ended { // the line before the end has no end of its own
			return errTruncated.At(r.place())
		}
		if err := r.folded(); err != nil {
			return err
		}
		if len(r.line) == 0 || r.line[0] != '#' {
			return r.check()
		}
		if err := r.comment(); err != nil {
			return err
		}
	}
}

// read takes the next physical line.
func (r *Reader) read() error {
	line, err := r.w.Line(r.limits.RowBytes, keptRaw)
	if err != nil {
		return err
	}
	r.ahead, r.hasNext, r.ended = line, true, line.OpenEnd
	r.next1 = append(r.next1[:0], line.Bytes...)
	return nil
}

// folded appends the lines that begin with a blank, which are the same line.
func (r *Reader) folded() error {
	for {
		if err := r.read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if len(r.next1) == 0 || r.next1[0] != ' ' || len(r.line) == 0 {
			return nil
		}
		r.tooLong = r.tooLong || r.ahead.TooLong || len(r.line)+len(r.next1) > r.limits.RowBytes
		if r.ended {
			return errTruncated.At(r.place())
		}
		if r.hasNext = false; !r.tooLong {
			r.line = append(r.line, r.next1[1:]...)
		}
	}
}

func (r *Reader) check() error {
	if !utf8.Valid(r.line) && !r.tooLong {
		return errEncoding.At(r.place())
	}
	return nil
}

// comment takes the number of entries that ldapsearch tells, and the control line of the layout.
func (r *Reader) comment() error {
	if rest, ok := bytes.CutPrefix(r.line, []byte("# numEntries: ")); ok {
		if n, err := strconv.ParseInt(string(rest), 10, 64); err == nil {
			return r.a.Announced(n, r.at)
		}
	}
	if _, counted := bytes.CutPrefix(r.line, []byte("# numEntries")); counted {
		return nil
	}
	_, err := r.a.Trailer(&tabular.Row{Line: r.at, Cells: [][]byte{r.line}})
	return err
}

func (r *Reader) place() fault.Place { return fault.Place{File: r.o.File, Line: int(r.at)} }

// fault places an error at the line it was met.
func (r *Reader) fault(err error) error {
	var own *fault.Error
	if !errors.As(err, &own) {
		return errRead.At(r.place()).Wrap(err)
	}
	if own.Place == (fault.Place{}) {
		return own.At(r.place())
	}
	return err
}
