package xlsx

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"uoma/connectors/archive"
	"uoma/connectors/tabular"
	"uoma/connectors/xmltoken"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// maxStyles bounds cell formats, number formats and relations; ECMA-376 applications stop at 65,490 formats.
const maxStyles = 1 << 16

// maxSheets bounds the sheets: one that is looked for is found among the relations of the workbook.
const maxSheets = 1 << 10

// maxPart bounds in bytes the parts of which more than single strings is held: relations, workbook and styles.
const maxPart = 16 << 20

// workbook is what must be known before the sheet's rows are read.
type workbook struct {
	files   *archive.Archive
	sheet   string   // the part that holds the wanted sheet
	sheets  []listed // all of them, in their order
	date904 bool
	dates   []bool // by cell format: whether it shows dates or times
	strings stringTable
}

// listed is a sheet of the workbook.
type listed struct {
	name, part string // no part of one that has no rows, as a chart
	hidden     bool
}

// relation is one line of a .rels part.
type relation struct{ id, kind, target string }

func openWorkbook(files *archive.Archive, sheet string, budget int64) (*workbook, error) {
	w := &workbook{files: files, strings: stringTable{budget: budget}}
	root, err := w.relations("_rels/.rels", ".")
	if err != nil {
		return nil, err
	}
	main := find(root, func(r relation) bool { return strings.HasSuffix(r.kind, "/officeDocument") })
	if main == "" {
		return nil, errWorkbook.Because(errors.New("it names no workbook"))
	}
	dir := path.Dir(main)
	parts, err := w.relations(path.Join(dir, "_rels", path.Base(main)+".rels"), dir)
	if err != nil {
		return nil, err
	}
	if err := w.readWorkbook(main, parts); err != nil {
		return nil, err
	}
	wanted := tabular.Fold([]byte(sheet))
	at := slices.IndexFunc(w.sheets, func(s listed) bool { return s.part != "" && (sheet == "" || tabular.Fold([]byte(s.name)) == wanted) })
	if at < 0 {
		return nil, errSheet
	}
	w.sheet = w.sheets[at].part
	if part := find(parts, func(r relation) bool { return strings.HasSuffix(r.kind, "/styles") }); part != "" {
		if err := w.walk(part, maxPart, w.readStyles); err != nil {
			return nil, err
		}
	}
	if part := find(parts, func(r relation) bool { return strings.HasSuffix(r.kind, "/sharedStrings") }); part != "" {
		if err := w.walk(part, math.MaxInt64, w.strings.read); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func find(all []relation, wanted func(relation) bool) string {
	for _, r := range all {
		if wanted(r) {
			return r.target
		}
	}
	return ""
}

// walk reads a part of at most so many bytes to its end, so that its checksum is proved too.
func (w *workbook) walk(part string, most int64, read func(*xmltoken.Scanner) error) (err error) {
	f, err := w.open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > most {
		return inPart(errLimit.Because(errors.New("a part of it is too large")), part)
	}
	x := xmltoken.New(f)
	if err := read(x); err != nil && err != io.EOF {
		return inPart(err, part)
	}
	return nil
}

// inPart names the part an error was found in.
func inPart(err error, part string) error {
	var own *fault.Error
	if errors.As(err, &own) && own.Place == (fault.Place{}) {
		return own.At(fault.Place{File: part})
	}
	return err
}

func (w *workbook) open(part string) (fs.File, error) {
	f, err := w.files.Open(part)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, errWorkbook.Because(errors.New("a part of it is missing"))
	}
	return f, err
}

// numbers gives the kind of a cell that is a number and shows no date. It may be a day all the same: of what it counts from, the
// cell says nothing.
func (w *workbook) numbers() byte {
	if w.date904 {
		return canon.KindNumber1904
	}
	return canon.KindNumber
}

// relations reads a .rels part whose targets are relative to dir.
func (w *workbook) relations(part, dir string) ([]relation, error) {
	var all []relation
	err := w.walk(part, maxPart, func(x *xmltoken.Scanner) error {
		for {
			t, err := x.Next()
			if err != nil {
				return err
			}
			if t != xmltoken.StartTag || string(x.Local) != "Relationship" || string(x.Attr("TargetMode")) == "External" {
				continue
			}
			var r relation
			r.id, r.kind = string(x.Attr("Id")), string(x.Attr("Type"))
			if r.target, err = x.AttrText("Target"); err != nil {
				return err
			}
			if rooted, ok := strings.CutPrefix(r.target, "/"); ok {
				r.target = path.Clean(rooted)
			} else {
				r.target = path.Join(dir, r.target)
			}
			if all = append(all, r); len(all) > maxStyles {
				return errLimit
			}
		}
	})
	return all, err
}

// readWorkbook lists the sheets, whose relations are among those given, and finds the date system.
func (w *workbook) readWorkbook(part string, relations []relation) error {
	return w.walk(part, maxPart, func(x *xmltoken.Scanner) error {
		for {
			t, err := x.Next()
			if err != nil {
				return err
			}
			switch {
			case t != xmltoken.StartTag:
			case string(x.Local) == "workbookPr":
				flag := string(x.Attr("date1904"))
				w.date904 = flag == "1" || flag == "true"
			case string(x.Local) == "sheet":
				name, err := x.AttrText("name")
				if err != nil {
					return err
				}
				state, id := string(x.Attr("state")), string(x.Attr("id"))
				part := find(relations, func(r relation) bool { return r.id == id && strings.HasSuffix(r.kind, "/worksheet") })
				w.sheets = append(w.sheets, listed{name, part, state != "" && state != "visible"})
				if len(w.sheets) > maxSheets {
					return errLimit
				}
			}
		}
	})
}

// readStyles finds the cell formats whose number format shows a date.
func (w *workbook) readStyles(x *xmltoken.Scanner) error {
	custom := map[string]bool{}
	formats := false
	for {
		t, err := x.Next()
		if err != nil {
			return err
		}
		switch {
		case string(x.Local) == "cellXfs" && t != xmltoken.Text:
			formats = t == xmltoken.StartTag
		case t != xmltoken.StartTag:
		case string(x.Local) == "numFmt":
			code, err := x.AttrText("formatCode")
			if err != nil {
				return err
			}
			custom[string(x.Attr("numFmtId"))] = showsDate(code)
		case formats && string(x.Local) == "xf":
			id := string(x.Attr("numFmtId"))
			date, ok := custom[id]
			if !ok {
				date = builtinDate(id)
			}
			w.dates = append(w.dates, date)
		}
		if len(custom) > maxStyles || len(w.dates) > maxStyles {
			return errLimit
		}
	}
}

// builtinDate knows the formats of ECMA-376 part 1, 18.8.30, that are dates or times of day; 46 is an elapsed time.
func builtinDate(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && (14 <= n && n <= 22 || 27 <= n && n <= 36 || n == 45 || n == 47 || 50 <= n && n <= 58)
}

// showsDate tells whether a number format's first section has a letter of dates that is neither quoted nor escaped nor
// in brackets.
func showsDate(code string) bool {
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return false
		case '\\', '_', '*':
			i++
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				return false
			}
			if c == '[' && end > 0 && strings.Trim(strings.ToLower(code[i+1:i+1+end]), "hms") == "" {
				return false // elapsed time
			}
			i += end + 1
		case 'd', 'D', 'm', 'M', 'y', 'Y', 'h', 'H', 's', 'S':
			return !strings.EqualFold(code, "standard")
		}
	}
	return false
}

// stringTable holds the shared strings in chunks, so that growing never copies them.
type stringTable struct {
	budget int64
	chunks [][]byte
	refs   [][]ref
	count  int
}

// ref says where a string lies.
type ref struct{ chunk, from, to uint32 }

const (
	chunkBytes = xmltoken.MaxToken
	chunkRefs  = 1 << 14
	refBytes   = 12
	maxCell    = xmltoken.MaxToken // bytes of one string; applications stop at 32,767 characters
)

func (s *stringTable) read(x *xmltoken.Scanner) error {
	var one []byte
	for {
		t, err := x.Next()
		if err != nil {
			return err
		}
		if t != xmltoken.StartTag || string(x.Local) != "si" || x.Depth != 2 {
			continue
		}
		if one, err = richText(x, one[:0]); err != nil {
			return err
		}
		if err := s.add(one); err != nil {
			return err
		}
	}
}

func (s *stringTable) add(b []byte) error {
	if s.budget -= int64(len(b)) + refBytes; s.budget < 0 {
		return errLimit.Because(errors.New("its shared strings are too large"))
	}
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+len(b) > cap(s.chunks[last]) {
		// A small table takes a small chunk.
		s.chunks = append(s.chunks, make([]byte, 0, max(len(b), min(chunkBytes, 4096<<min(len(s.chunks), 8)))))
		last++
	}
	if s.count%chunkRefs == 0 {
		s.refs = append(s.refs, make([]ref, 0, chunkRefs))
	}
	from := len(s.chunks[last])
	s.chunks[last] = append(s.chunks[last], b...)
	r := &s.refs[len(s.refs)-1]
	*r = append(*r, ref{uint32(last), uint32(from), uint32(from + len(b))})
	s.count++
	return nil
}

// get gives the string of an index as written in a cell.
func (s *stringTable) get(index []byte) ([]byte, bool) {
	n, ok := number(index)
	if !ok || n >= s.count {
		return nil, false
	}
	r := s.refs[n/chunkRefs][n%chunkRefs]
	return s.chunks[r.chunk][r.from:r.to], true
}

// number reads a small unsigned number without allocating.
func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<30 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0
}

// richText reads the text of an element of type CT_Rst up to its end: its t elements, alone or in runs, without phonetic
// hints, and with the _xHHHH_ escapes of ECMA-376 part 1, 22.9.2.19, resolved.
func richText(x *xmltoken.Scanner, dst []byte) ([]byte, error) {
	depth, inText := x.Depth, false
	from := len(dst)
	for {
		t, err := x.Next()
		if err != nil {
			return dst, xmltoken.Cut(err)
		}
		switch {
		case t == xmltoken.EndTag && x.Depth < depth:
			return resolved(dst, from)
		case t == xmltoken.StartTag && string(x.Local) == "rPh":
			if err := x.Skip(); err != nil {
				return dst, err
			}
		case t == xmltoken.StartTag:
			inText = string(x.Local) == "t"
		case t == xmltoken.EndTag:
			inText = false
		case inText:
			if dst, err = x.AppendText(dst); err != nil {
				return dst, err
			}
			if len(dst)-from > maxCell {
				return dst, errLimit.Because(errors.New("the text of a cell is too long"))
			}
		}
	}
}

// resolved resolves the escapes in dst from an index on, in place, since each becomes shorter.
func resolved(dst []byte, from int) ([]byte, error) {
	b := dst[from:]
	out := from
	for {
		i := bytes.Index(b, []byte("_x"))
		if i < 0 || i+7 > len(b) {
			break
		}
		n, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16)
		if err != nil || b[i+6] != '_' || 0xD800 <= n && n < 0xE000 {
			out += copy(dst[out:], b[:i+2])
			b = b[i+2:]
			continue
		}
		out += copy(dst[out:], b[:i])
		out = len(utf8.AppendRune(dst[:out], rune(n)))
		b = b[i+7:]
	}
	out += copy(dst[out:], b)
	return dst[:out], nil
}
