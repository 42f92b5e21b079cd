package xlsx

import (
	"errors"
	"io"
	"io/fs"

	"uoma/connectors/archive"
	"uoma/connectors/tabular"
	"uoma/connectors/xmltoken"
)

// Peeked is the beginning of a sheet.
type Peeked struct {
	Sheet string // its name, "" of the only one that the workbook has
	Rows  []PeekedRow
}

// PeekedRow is a row with its number, its cells and their kinds.
type PeekedRow struct {
	Line  int64
	Cells []string
	Kinds []byte
}

// Peek gives the first rows of every sheet that is shown, of at most so many sheets.
func Peek(r io.ReaderAt, size int64, sheets, rows int) ([]Peeked, error) {
	files, err := openArchive(r, size, archive.Limits{})
	if err != nil {
		return nil, err
	}
	w, err := openWorkbook(files, "", defaultStrings)
	if err != nil {
		return nil, err
	}
	var out []Peeked
	for _, s := range w.sheets {
		if s.hidden || s.part == "" || len(out) == sheets {
			continue
		}
		if len(w.sheets) == 1 {
			s.name = ""
		}
		if w, err = openWorkbook(files, s.name, defaultStrings); err != nil {
			return nil, err
		}
		p, err := w.peek(s.name, rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (w *workbook) peek(name string, rows int) (Peeked, error) {
	out := Peeked{Sheet: name}
	part, err := w.open(w.sheet)
	if err != nil {
		return out, err
	}
	defer part.Close()
	s := sheet{x: xmltoken.New(part), w: w, limits: tabular.DefaultLimits()}
	for len(out.Rows) < rows {
		err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return out, err
		}
		row := PeekedRow{Line: int64(s.line), Kinds: append([]byte(nil), s.kinds...)}
		for _, c := range s.cells {
			row.Cells = append(row.Cells, string(c))
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// IsWorkbook tells whether a ZIP is a workbook.
func IsWorkbook(files fs.StatFS) bool {
	_, err := files.Stat("xl")
	return err == nil
}

func openArchive(r io.ReaderAt, size int64, limits archive.Limits) (*archive.Archive, error) {
	var head [8]byte
	if n, _ := r.ReadAt(head[:], 0); n == len(head) && string(head[:]) == OldMark {
		return nil, errWorkbook.Because(errors.New("it is encrypted or of the format before 2007"))
	}
	return archive.Open(r, size, limits)
}

// OldMark is how a workbook begins that is encrypted or older than the format.
const OldMark = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
