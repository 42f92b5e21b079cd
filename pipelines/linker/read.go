package linker

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
)

// ahead is how many batches may be read before they are appended.
const ahead = 2

// shownRejections is how many bad rows a report lists.
const shownRejections = 1000

// read fills the table. A text that was taken for UTF-8 because all that was looked at is ASCII, and is not, is read
// again as Windows-1252.
func (r *run) read(ctx context.Context) error {
	for {
		r.table, r.places, r.groups = linkage.NewTable(r.job.fields), places{}, newGroups()
		again, err := r.readFiles(ctx)
		if !again {
			if err != nil {
				return err
			}
			r.table.Finish()
			r.byID = r.sorted()
			return r.unique()
		}
	}
}

func (r *run) readFiles(ctx context.Context) (again bool, err error) {
	rep := r.report
	rep.Files, rep.Rejected, rep.Rejection, rep.Unnamed = nil, 0, []Rejection{}, 0
	for _, s := range r.job.sources {
		err := r.readFile(ctx, s)
		if fault.Code(err) == encodingCode {
			if s.retry() {
				return true, nil
			}
			err = s.undecodable(err)
		}
		if err != nil {
			return false, err
		}
	}
	rep.Records = r.table.Len()
	return false, nil
}

// Codes of readers that are answered here.
const (
	encodingCode = "UOMA-LND-ENCODING" // bytes that are not of the encoding
	emptyCode    = "UOMA-LND-EMPTY"    // no row at all; a layout's feed may be so
)

// readFile streams one file: one goroutine reads, the other appends. A reader's batch shares no memory with the next one
// (see [canon.Builder.Flush]), so that it may be kept until it is appended.
func (r *run) readFile(ctx context.Context, s *source) error {
	bad := func(x canon.Rejection) {
		if r.report.Rejected++; len(r.report.Rejection) < shownRejections {
			r.report.Rejection = append(r.report.Rejection, Rejection{s.path, x.Line, x.Code, x.Reason})
		}
	}
	rows := newRows(r.job, s)
	asked := rows.asked(s)
	in, err := s.open(ctx, rows.columns, bad)
	if err != nil {
		return err
	}
	defer in.Close()
	batches := make(chan *canon.Batch, ahead)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		for b, err := range in.Batches(ctx) {
			if err != nil {
				return err
			}
			select {
			case batches <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for b := range batches {
			rows.take(b)
			r.table.Append(rows)
			r.places.add(b)
			r.groups.add(rows, asked)
			r.watch.look(rows)
			r.tools.Progress.Advance(int64(b.Len()), "rows")
		}
		return nil
	})
	if err := g.Wait(); err != nil && fault.Code(err) != emptyCode {
		return err
	}
	sum := in.Summary()
	s.report.Records, s.report.Rejected, s.report.Skipped = sum.Rows, sum.Rejected, sum.Skipped
	r.report.Files = append(r.report.Files, s.report)
	r.report.Unnamed += rows.unnamed
	r.places.end(s)
	return nil
}

// rows shows a batch to the table.
type rows struct {
	columns []string   // that are read, in their order in the batch
	at      []int      // of each field: the batch's column, or one of the values below
	blank   [][]string // of each field: texts that stand for no value
	joined  [][]joined // of each field: further columns that are one text with the first
	source  []byte
	prefix  string  // of ids that are made of lines
	key     [][]int // columns of the id's parts, by choice
	single  int     // the batch's column that is the id, -1 for none
	unnamed int64

	n    int
	cols []canon.Col
	ids  []byte // of the batch, one after the other
	ends []int
}

// joined is a column of the batch, and texts that stand for no value in it.
type joined struct {
	at    int
	blank []string
}

const (
	notThere = -1 - iota
	atSource
	atID
)

func newRows(j *Job, s *source) *rows {
	n := len(j.fields)
	r := &rows{at: make([]int, n), blank: make([][]string, n), joined: make([][]joined, n), source: []byte(s.name), single: -1}
	for i := range r.at {
		r.at[i] = notThere
	}
	r.at[fieldSource] = atSource
	r.at[fieldID] = atID
	column := map[string]int{}
	want := func(name string) int {
		i, ok := column[name]
		if !ok {
			i = len(r.columns)
			column[name], r.columns = i, append(r.columns, name)
		}
		return i
	}
	for i := range s.columns {
		switch c := &s.columns[i]; {
		case c.field < 0:
		case c.kind == linkage.Text && r.at[c.field] != notThere:
			r.joined[c.field] = append(r.joined[c.field], joined{want(c.Name), c.blank})
		default:
			r.at[c.field], r.blank[c.field] = want(c.Name), c.blank
		}
		for _, f := range s.columns[i].marks {
			r.at[f], r.blank[f] = want(s.columns[i].Name), s.columns[i].blank
		}
	}
	if j.sourceMark >= 0 {
		r.at[j.sourceMark] = r.at[fieldSource]
	}
	if len(j.sources) > 1 {
		r.prefix = s.name + ":"
	}
	r.name(s.key, want)
	return r
}

// name settles of what ids are made.
func (r *rows) name(key layout.Key, want func(string) int) {
	if r.single = r.at[fieldID]; r.single >= 0 {
		r.at[fieldID] = atID
		return
	}
	for _, part := range key {
		var choice []int
		for _, name := range part {
			choice = append(choice, want(name))
		}
		r.key = append(r.key, choice)
	}
}

// take shows another batch.
func (r *rows) take(b *canon.Batch) {
	r.n = b.Len()
	r.cols = r.cols[:0]
	for i := range r.columns {
		r.cols = append(r.cols, b.Col(canon.RawFirst+i))
	}
	r.ids, r.ends = r.ids[:0], r.ends[:0]
	lines := b.Col(canon.RawLine)
	for i := range r.n {
		r.identify(i, lines.Int(i))
		r.ends = append(r.ends, len(r.ids))
	}
}

// identify writes a row's id: the id's column, the parts of the key, or else file and line.
func (r *rows) identify(i int, line int64) {
	begun := len(r.ids)
	if r.single >= 0 {
		r.ids = append(r.ids, r.cols[r.single].Bytes(i)...)
	}
	for k, choice := range r.key {
		if k > 0 {
			r.ids = append(r.ids, ':')
		}
		for _, c := range choice {
			if v := r.cols[c].Bytes(i); len(v) > 0 {
				r.ids = append(r.ids, v...)
				break
			}
		}
	}
	if len(r.ids) > begun {
		return
	}
	if r.single >= 0 {
		r.unnamed++
		r.ids = append(append(r.ids, r.source...), ':')
	} else {
		r.ids = append(r.ids, r.prefix...)
	}
	r.ids = strconv.AppendInt(r.ids, line, 10)
}

// Len implements [linkage.Rows].
func (r *rows) Len() int { return r.n }

// Cells implements [linkage.Rows].
func (r *rows) Cells(field, from int, cells [][]byte) {
	switch c := r.at[field]; c {
	case notThere:
		clear(cells)
	case atSource:
		for i := range cells {
			cells[i] = r.source
		}
	case atID:
		for i := range cells {
			cells[i] = r.id(from + i)
		}
	default:
		r.column(c, r.blank[field], from, cells)
		r.join(r.joined[field], from, cells)
	}
}

// column gives the cells of a column of the batch.
func (r *rows) column(c int, blanks []string, from int, cells [][]byte) {
	r.cols[c].Cells(from, cells)
	for _, blank := range blanks {
		for i := range cells {
			if string(cells[i]) == blank {
				cells[i] = nil
			}
		}
	}
}

// join puts the cells of further columns behind those of the first.
func (r *rows) join(columns []joined, from int, cells [][]byte) {
	if len(columns) == 0 {
		return
	}
	further := make([][]byte, len(cells))
	for _, c := range columns {
		r.column(c.at, c.blank, from, further)
		for i, v := range further {
			switch {
			case len(v) == 0:
			case len(cells[i]) == 0:
				cells[i] = v
			default:
				cells[i] = slices.Concat(cells[i], []byte{' '}, v)
			}
		}
	}
}

func (r *rows) id(row int) []byte {
	from := 0
	if row > 0 {
		from = r.ends[row-1]
	}
	return r.ids[from:r.ends[row]]
}

// cell gives one of [rows.Cells].
func (r *rows) cell(field, row int) []byte {
	var one [1][]byte
	r.Cells(field, row, one[:])
	return one[0]
}

// places knows where each record came from.
type places struct {
	lines []int32
	files []fileEnd
}

type fileEnd struct {
	path string
	end  int // records up to the file's end
}

func (p *places) add(b *canon.Batch) {
	lines := b.Col(canon.RawLine)
	for i := range b.Len() {
		p.lines = append(p.lines, int32(lines.Int(i)))
	}
}

func (p *places) end(s *source) { p.files = append(p.files, fileEnd{s.path, len(p.lines)}) }

func (p *places) of(came int32) fault.Place {
	for _, f := range p.files {
		if int(came) < f.end {
			return fault.Place{File: f.path, Line: int(p.lines[came])}
		}
	}
	return fault.Place{}
}

// unique refuses ids that stand twice.
func (r *run) unique() error {
	before := ""
	for i, rec := range r.byID {
		id := r.table.Label(rec)
		if i > 0 && id == before {
			first, again := r.places.of(r.table.Came(r.byID[i-1])), r.places.of(r.table.Came(rec))
			return errTwice.At(again).Because(fmt.Errorf("the other one is at %s", first))
		}
		before = id
	}
	return nil
}
