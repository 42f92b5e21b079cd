package rowfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"uoma/connectors/archive"
	"uoma/connectors/compressed"
	"uoma/connectors/jsonfile"
	"uoma/connectors/ldiffile"
	"uoma/connectors/parquetfile"
	"uoma/connectors/record"
	"uoma/connectors/spool"
	"uoma/connectors/xlsx"
	"uoma/connectors/xmlfile"
	"uoma/internal/fault"
)

var (
	errFixed = fault.New("UOMA-LNK-FIXED", "the export looks like lines of fixed width, and nothing in it says where a column begins",
		"take the columns from the system's own description of the file: format: {type: fixed}, and at: 1-10 of each column")
	errInside = fault.New("UOMA-LNK-INSIDE", "nothing in the archive or the compressed file is an export that is known",
		"unpack it, and look at what lies in it")
	errMany  = fault.New("UOMA-LNK-MANY", "an archive has more tables than are looked at", "unpack it, and draft each of the others by itself")
	errTable = fault.New("UOMA-LNK-TABLE", "no rows with names for their columns were found", "look at the file: a table has a row with the columns' names, records name their values")
)

// Form is one table in a file of which nobody said how it is written. Its fields are in the terms of a layout's format.
type Form struct {
	Type        string // csv, xlsx, json, ndjson, xml, parquet or ldif
	Compression string
	Member      string // of an archive
	Manifest    string // member that has rows and digest of the others
	Delimiter   byte
	Encoding    string // of text that does not say it itself
	Headless    bool
	Sheet       string
	HeaderLines int
	Rows        string // path of the records
	Columns     []Column
	Lists       []string // paths of records inside the records: each may be rows of its own
}

// WithoutHeader gives the same text, whose first row is one of data.
func (f Form) WithoutHeader() Form {
	f.Headless, f.Columns = true, slices.Clone(f.Columns)
	for i, name := range numbered(len(f.Columns)) {
		f.Columns[i].Name = name
	}
	return f
}

// Column is one that the export has.
type Column struct {
	Name    string
	Path    string // "" where the name leads to it
	Several bool   // a record may have several values of it
}

// Bounds of what is looked at.
const (
	surveyed   = 8 << 20 // bytes of a document or a text inside something
	maxTables  = 16      // sheets, members of an archive, or lists of records in a document
	peekedRows = 40      // of a sheet
)

// Passed are members of an archive that give no table, with the code of why; their whole names may say who somebody is.
type Passed struct {
	Ending  string `json:"ending,omitempty"` // of their names
	Code    string `json:"code"`
	Members int    `json:"members"`
}

// Inspect finds out how a file is written: text, records, a workbook or Parquet, alone or in an archive or compressed. It
// gives each table that it finds, and what of an archive it passed over.
func Inspect(file string) ([]Form, []Passed, error) {
	src, size, err := open(file)
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	forms, passed, err := inspect(src, size)
	if err == nil && len(forms) == 0 {
		err = errTable
	}
	var own *fault.Error
	if errors.As(err, &own) && own.Place.File == "" {
		place := own.Place
		place.File = file
		err = own.At(place)
	}
	return forms, passed, err
}

func inspect(src io.ReaderAt, size int64) (forms []Form, passed []Passed, err error) {
	head := make([]byte, min(size, 1<<10))
	if _, err := src.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, nil, errOpen.Wrap(err)
	}
	if archive.IsZip(head) {
		files, err := archive.Open(src, size, archive.Limits{})
		if err != nil {
			return nil, nil, err
		}
		if !xlsx.IsWorkbook(files) {
			return members(files)
		}
	}
	forms, err = alone(src, size, head)
	return forms, nil, err
}

func alone(src io.ReaderAt, size int64, head []byte) ([]Form, error) {
	if jumps(head) {
		return jumping(src, size, head)
	}
	if kind := compressionOf(head); kind != "" {
		return inflated(io.NewSectionReader(src, 0, size), kind)
	}
	parts, err := windows(src, size)
	if err != nil {
		return nil, errOpen.Wrap(err)
	}
	return content(io.NewSectionReader(src, 0, min(size, surveyed)), parts, size > surveyed)
}

// jumps tells of a format that is read here and there.
func jumps(head []byte) bool {
	return archive.IsZip(head) || bytes.HasPrefix(head, []byte(xlsx.OldMark)) || bytes.HasPrefix(head, []byte("PAR1"))
}

func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return compressed.Gzip
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return compressed.Zstd
	}
	return ""
}

// members looks at the files of an archive. What cannot be read among others that can is something else than an export.
func members(files fs.FS) (out []Form, passed []Passed, err error) {
	manifest, first := "", error(nil)
	var names []string
	why := map[string]string{} // of members without a table
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		names, why[name] = append(names, name), errTable.Code
		if len(out) >= maxTables {
			why[name] = errMany.Code
			return nil
		}
		forms, err := member(files, name)
		if slices.ContainsFunc(forms, isManifest) {
			manifest = name
			return nil
		}
		for n := range forms {
			forms[n].Member = name
		}
		out = append(out, forms...)
		if err != nil {
			why[name], first = cmp.Or(fault.Code(err), errInside.Code), cmp.Or(first, err)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = cmp.Or(first, error(errInside))
	}
	out = tables(out)
	for n := range out {
		out[n].Manifest = manifest
		delete(why, out[n].Member)
	}
	delete(why, manifest)
	for _, name := range names {
		if why[name] != "" {
			passed = pass(passed, ending.FindString(strings.ToLower(name)), why[name])
		}
	}
	return out, passed, err
}

// ending is that of a name, where it is one of a kind of files: what else stands behind a dot may be anybody's name.
var ending = regexp.MustCompile(`\.(csv|tsv|tab|txt|dat|asc|log|md|html?|pdf|docx?|odt|ods|pptx?|xls[xmb]?|xml|xsd|json|jsonl|ndjson|ya?ml|parquet|ldif|zip|gz|zst|7z|sig|sha256|md5|png|jpe?g|tmp|bak)$`)

// pass counts one more member.
func pass(all []Passed, ending, code string) []Passed {
	at := slices.IndexFunc(all, func(p Passed) bool { return p.Ending == ending && p.Code == code })
	if at < 0 {
		return append(all, Passed{ending, code, 1})
	}
	all[at].Members++
	return all
}

// isManifest tells of a list of files.
func isManifest(f Form) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(f.Columns, func(c Column) bool { return c.Name == name })
	}
	return f.Type == "json" && f.Rows == "files" && has("name") && has("rows") && has("sha256")
}

// tables leaves out what has one column, where others have several: a note to the reader.
func tables(forms []Form) []Form {
	if !slices.ContainsFunc(forms, func(f Form) bool { return len(f.Columns) > 1 }) {
		return forms
	}
	return slices.DeleteFunc(forms, func(f Form) bool { return len(f.Columns) == 1 })
}

func member(files fs.FS, name string) ([]Form, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return inside(f, "")
}

// inside looks at what has no size: a member of an archive, or what was compressed.
func inside(r io.Reader, compression string) ([]Form, error) {
	head := make([]byte, 1<<10)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	rest := io.MultiReader(bytes.NewReader(head), r)
	if jumps(head) {
		held, err := spool.Hold(rest)
		if err != nil {
			return nil, err
		}
		defer held.Close()
		return jumping(held, held.Size, head)
	}
	if kind := compressionOf(head); kind != "" && compression == "" {
		return inflated(rest, kind)
	}
	return stream(rest)
}

func inflated(r io.Reader, kind string) ([]Form, error) {
	inflated, err := compressed.NewReader(r, kind, compressed.Limits{})
	if err != nil {
		return nil, err
	}
	defer inflated.Close()
	forms, err := inside(inflated, kind)
	for n := range forms {
		forms[n].Compression = kind
	}
	return forms, err
}

// stream looks at the beginning of a text or a document.
func stream(r io.Reader) ([]Form, error) {
	b, err := io.ReadAll(io.LimitReader(r, surveyed+1))
	if err != nil {
		return nil, err
	}
	cut, part := len(b) > surveyed, b
	if end := bytes.LastIndexAny(b, "\r\n"); cut && end > 0 { // a document may have no line ends
		part = b[:end+1]
	}
	return content(bytes.NewReader(b), [][]byte{part}, cut)
}

func jumping(src io.ReaderAt, size int64, head []byte) ([]Form, error) {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		o, err := parquetfile.Survey(src, size)
		if err != nil {
			return nil, err
		}
		return recordForms(o, Form{Type: "parquet"}), nil
	}
	sheets, err := xlsx.Peek(src, size, maxTables, peekedRows)
	if err != nil {
		return nil, err
	}
	var out []Form
	for _, s := range sheets {
		if f, ok := sheetForm(s); ok {
			f.Sheet = s.Sheet
			out = append(out, f)
		}
	}
	return tables(out), nil
}

// content looks at a text, of which parts are pieces and r the beginning; cut says that there is more.
func content(r io.Reader, parts [][]byte, cut bool) ([]Form, error) {
	head := parts[0]
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	var form Form
	var survey func(io.Reader) (*record.Outline, error)
	switch {
	case len(bytes.Trim(start, "\x00\xff\xfe")) == 0:
		return nil, errEmpty
	case start[0] == '<', bytes.HasPrefix(start, []byte("\xff\xfe<\x00")), bytes.HasPrefix(start, []byte("\xfe\xff\x00<")):
		form.Type = "xml"
		survey = func(r io.Reader) (*record.Outline, error) {
			o, _, err := xmlfile.Survey(r)
			return o, err
		}
	case start[0] == '{', start[0] == '[':
		form.Type, survey = "json", jsonfile.Survey
		if lines(start) {
			form.Type = "ndjson"
		}
	case dump(start):
		form.Type, survey = "ldif", ldiffile.Survey
	case bytes.IndexByte(start, 0) >= 0 && !strings.HasPrefix(encoded(parts), "utf-16"):
		return nil, errForm
	default:
		f, err := textForm(parts)
		if err != nil {
			return nil, err
		}
		return []Form{f}, nil
	}
	o, err := survey(r)
	if err != nil && !cut {
		return nil, err
	}
	return recordForms(o, form), nil
}

func encoded(parts [][]byte) string {
	name, _ := encodingOf(parts)
	return name
}

// lines tells of records that stand one a line.
func lines(b []byte) bool {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	return line[0] == '{' && json.Valid(line) && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("{"))
}

// dump tells of LDIF: its first line that is no comment names an entry or the version.
func dump(b []byte) bool {
	for line := range bytes.Lines(b) {
		line = bytes.ToLower(bytes.TrimSpace(line))
		if len(line) > 0 && line[0] != '#' {
			return bytes.HasPrefix(line, []byte("dn:")) || bytes.HasPrefix(line, []byte("version:"))
		}
	}
	return false
}

func textForm(parts [][]byte) (Form, error) {
	f := &File{}
	if err := f.openText(parts); err != nil {
		return Form{}, err
	}
	if len(f.Columns) == 1 && aligned(f) {
		return Form{}, errFixed
	}
	out := Form{Type: "csv", Delimiter: f.Delimiter, Headless: f.Headless}
	if !strings.HasPrefix(f.Encoding, "utf") { // which the first bytes say, or nothing need say
		out.Encoding = f.Encoding
	}
	for _, name := range f.Columns {
		out.Columns = append(out.Columns, Column{Name: name})
	}
	return out, nil
}

// aligned tells whether lines without a delimiter look filled up with blanks, or are of one length that no list of words has.
func aligned(f *File) bool {
	const short = 12
	lengths, blanks, n := map[int]int{}, 0, 0
	for _, row := range append([][]string{f.Columns}, f.sample...) {
		if len(row) == 0 || row[0] == "" {
			continue
		}
		n++
		lengths[len([]rune(row[0]))]++
		if strings.Contains(strings.TrimSpace(row[0]), "  ") {
			blanks++
		}
	}
	for length, times := range lengths {
		if length > short && n > 2 && 10*times >= 9*n {
			return true
		}
	}
	return 2*blanks > n
}

// recordForms gives a form for each place of records. A document without any is one record.
func recordForms(o *record.Outline, f Form) []Form {
	places := o.Records()
	if len(places) == 0 {
		places = single(o, f.Type)
	}
	var out []Form
	for _, at := range places[:min(len(places), maxTables)] {
		form := f
		form.Rows = at.Path
		form.columns(at.Part)
		if len(form.Columns) > 0 {
			out = append(out, form)
		}
	}
	return out
}

// single gives the place of the only record: the document of JSON, and of XML the uppermost element that has values.
func single(o *record.Outline, format string) (out []record.Place) {
	o.Root().Within(func(at record.Place) bool {
		values := format != "xml" || slices.ContainsFunc(at.Parts, func(p *record.Part) bool { return p.Value && !strings.HasPrefix(p.Name, "@") })
		if len(out) == 0 && values && len(at.Parts) > 0 {
			out = append(out, at)
		}
		return len(out) == 0
	})
	return out
}

// columns lists the values of a record, by the last names of their paths where those differ.
func (f *Form) columns(of *record.Part) {
	times := map[string]int{}
	var found []record.Place
	of.Within(func(at record.Place) bool {
		switch {
		case !addressable(at.Name) || record.Somebodys(at.Name):
			return false
		case at.Listed && len(at.Parts) > 0:
			f.Lists = append(f.Lists, at.Path)
			return false
		case at.Value && !(f.Type == "ldif" && strings.EqualFold(at.Path, "dn")):
			found = append(found, at)
			times[fold(short(at))]++
		}
		return true
	})
	for _, at := range found {
		c := Column{Name: short(at), Several: at.Listed}
		if times[fold(c.Name)] > 1 {
			c.Name = at.Path
		}
		if slices.ContainsFunc(f.Columns, func(o Column) bool { return fold(o.Name) == fold(c.Name) }) {
			continue // names that differ in case alone are one to a layout
		}
		if c.Name != at.Path {
			c.Path = at.Path
		}
		f.Columns = append(f.Columns, c)
	}
}

func short(at record.Place) string { return strings.TrimPrefix(at.Name, "@") }

func fold(name string) string { return strings.ToLower(name) }

// addressable tells whether a path can have a step of that name.
func addressable(name string) bool {
	return name != "" && name != "." && name != ".." && name != "*" && !strings.HasSuffix(name, "]")
}
