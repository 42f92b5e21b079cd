package linker

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

// Column is what a column of a file means.
type Column struct {
	Name       string  `json:"name"`
	Meaning    string  `json:"meaning"`    // kind, or kind:thing
	Confidence float64 `json:"confidence"` // 0 to 1
	Why        string  `json:"why"`

	kind   linkage.Kind
	thing  string // what an identifier, number or text is
	unique bool
	field  int      // of the table, -1 for none
	blank  []string // texts that stand for no value
	marks  []int    // fields of the table that rules ask for
}

// source is one file.
type source struct {
	path    string
	name    string // in the ids of its records, and of the source
	report  FileReport
	columns []Column
	key     layout.Key // columns of the record's id, when a layout says so
	// described says that the format is a layout's, and not found out.
	described bool
	open      func(ctx context.Context, columns []string, reject func(canon.Rejection)) (rowfile.Reader, error)
	retry     func() bool // tries another encoding, when the file may have one
}

// undecodable says of a file that nobody described what to do about its bytes.
func (s *source) undecodable(err error) error {
	var e *fault.Error
	if s.described || !errors.As(err, &e) {
		return err
	}
	return errEncoding.At(e.Place).Because(errors.New("it was read as " + s.report.Encoding))
}

// sampleRows is how many rows the guess looks at.
const sampleRows = 4000

// Layout says that a file is described.
type Layout struct {
	*layout.Layout
	Feed string // name of the feed; "" finds it by the file's name
}

// Open looks at the files and settles what their columns mean. by is nil for files that no layout describes.
func Open(paths []string, by *Layout, s Settings) (*Job, error) {
	j := &Job{settings: s}
	names := shortNames(paths)
	for i, path := range paths {
		look := guessed
		if by != nil {
			look = by.source
		}
		src, err := look(path)
		if err != nil {
			return nil, err
		}
		src.path, src.name, src.report.File = path, names[i], path
		j.sources = append(j.sources, src)
	}
	if err := j.override(); err != nil {
		return nil, err
	}
	return j, j.unite()
}

// Columns gives what the columns of each file mean.
func (j *Job) Columns() []FileReport {
	out := make([]FileReport, len(j.sources))
	for i, s := range j.sources {
		out[i] = s.report
	}
	return out
}

// shortNames names files by their last element, or by the whole path where two have the same.
func shortNames(paths []string) []string {
	seen := map[string]int{}
	for _, p := range paths {
		seen[filepath.Base(p)]++
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		if out[i] = filepath.Base(p); seen[out[i]] > 1 {
			out[i] = filepath.ToSlash(p)
		}
	}
	return out
}

// guessed is a file whose columns are guessed.
func guessed(path string) (*source, error) {
	f, err := rowfile.Open(path)
	if err != nil {
		return nil, err
	}
	s := &source{open: func(_ context.Context, columns []string, reject func(canon.Rejection)) (rowfile.Reader, error) {
		return f.Reader(columns, reject)
	}}
	s.report.Format, s.report.Encoding = "csv", f.Encoding
	if f.Parquet {
		s.report.Format = "parquet"
	} else {
		s.report.Delimiter = string(f.Delimiter)
	}
	s.retry = func() bool {
		if f.Parquet || f.Sure || f.Encoding != "utf-8" {
			return false
		}
		f.Encoding, s.report.Encoding = "windows-1252", "windows-1252"
		return true
	}
	for _, c := range meaning.Guess(f.Columns, f.Sample(sampleRows)) {
		x := Column{Name: c.Field.Name, Confidence: c.Confidence, Why: c.Why, kind: c.Field.Kind, unique: c.Field.Unique, blank: c.Blank}
		if x.Name == "" {
			x.kind, x.Why = linkage.Ignored, "the header does not name it"
		}
		s.columns = append(s.columns, x)
	}
	f.Forget()
	return s, nil
}

// override puts what the settings say in the place of what was found.
func (j *Job) override() error {
	for name, text := range j.settings.Columns {
		kind, thing, err := meaningOf(text)
		if err != nil {
			return err
		}
		found := false
		for _, s := range j.sources {
			for i := range s.columns {
				c := &s.columns[i]
				if c.Name == "" || fold(c.Name) != fold(name) {
					continue
				}
				found = true
				if kind == linkage.RecordID {
					s.release()
				}
				*c = Column{Name: c.Name, Confidence: 1, Why: "as you say", kind: kind, thing: thing, unique: c.unique && kind == c.kind, blank: c.blank}
			}
		}
		if !found {
			return errColumn.At(fault.Place{Field: name})
		}
	}
	for _, u := range j.settings.Unique {
		if u.everywhere() && !j.markUnique(u.Of) {
			return errColumn.At(fault.Place{Field: u.Of})
		}
	}
	return nil
}

// release takes its office from the column that was found to be the record's id.
func (s *source) release() {
	s.key = nil
	for i := range s.columns {
		if c := &s.columns[i]; c.kind == linkage.RecordID && c.Why != "as you say" {
			c.kind, c.Why = linkage.Ignored, "another column is the record's id"
		}
	}
}

func (j *Job) markUnique(name string) (found bool) {
	for _, s := range j.sources {
		for i := range s.columns {
			if c := &s.columns[i]; c.called(name) {
				c.unique, found = true, true
			}
		}
	}
	return found
}

// apart refuses to write over what is read.
func (j *Job) apart(out Outputs) error {
	for _, to := range out.list() {
		there, err := os.Stat(to)
		if err != nil {
			continue
		}
		for _, s := range j.sources {
			if in, err := os.Stat(s.path); err == nil && os.SameFile(in, there) {
				return errInput.At(fault.Place{File: to})
			}
		}
	}
	return nil
}

// called tells whether a column has a name, or tells the thing of that name.
func (c *Column) called(name string) bool {
	return c.Name != "" && (fold(c.Name) == fold(name) || c.thing != "" && fold(c.thing) == fold(name))
}

func (c *Column) named() string {
	if c.thing != "" {
		return c.kind.String() + ":" + c.thing
	}
	return c.kind.String()
}

// what gives the name of the thing that a column tells.
func (c *Column) what() string { return cmp.Or(c.thing, c.Name) }
