package conform

import (
	"cmp"
	"slices"

	"uoma/internal/canon"
)

// Sink takes what comes of a feed's rows. Canonical batches are handed on when they are full and at [Sink.Flush], so
// that where raw batches end makes no difference.
type Sink struct {
	feed     string
	builders []*canon.Builder // by place in canon.Tables
	emit     func(*canon.Batch) error
	reject   func(canon.Rejection) error
	fields   []Field
	rows     Rows
}

// Rows are the row counts of a feed. Read is always Conformed plus Rejected.
type Rows struct{ Read, Conformed, Rejected int64 }

// Field counts the cells of one column. It holds no value.
type Field struct {
	Name     string   `json:"name"`
	Targets  []string `json:"targets,omitempty"` // canonical columns that it fills
	Required bool     `json:"required,omitempty"`
	Present  int64    `json:"present"`
	Missing  int64    `json:"missing"`
	Invalid  []Count  `json:"invalid,omitempty"`  // by reason; such a cell is neither present nor missing
	Warnings []Count  `json:"warnings,omitempty"` // by code; such a cell is counted elsewhere too
}

// Count is how often a code came up.
type Count struct {
	Code string `json:"code"`
	N    int64  `json:"n"`
}

// NewSink makes a sink for the conformer's rows. emit gets canonical batches, each valid until it returns; reject gets
// refused rows. An error of either ends [Conformer.Batch].
func (c *Conformer) NewSink(emit func(*canon.Batch) error, reject func(canon.Rejection) error) *Sink {
	s := &Sink{feed: c.feed.FullName(), builders: make([]*canon.Builder, len(canon.Tables())), emit: emit, reject: reject}
	for i := range c.feed.Columns {
		col := &c.feed.Columns[i]
		s.fields = append(s.fields, Field{Name: col.Name, Targets: slices.Clone([]string(col.To)), Required: col.Required})
	}
	return s
}

// Flush hands on the batches that are not full, in the order of the canonical tables.
func (s *Sink) Flush() error {
	for _, b := range s.builders {
		if b == nil || b.Len() == 0 {
			continue
		}
		if err := s.emit(b.Flush()); err != nil {
			return err
		}
	}
	return nil
}

// Rows gives the row counts so far.
func (s *Sink) Rows() Rows { return s.rows }

// Fields gives the counts of every column so far, in the layout's order, with codes in alphabetical order.
func (s *Sink) Fields() []Field {
	out := slices.Clone(s.fields)
	byCode := func(a, b Count) int { return cmp.Compare(a.Code, b.Code) }
	for i := range out {
		out[i].Invalid, out[i].Warnings = slices.Clone(out[i].Invalid), slices.Clone(out[i].Warnings)
		slices.SortFunc(out[i].Invalid, byCode)
		slices.SortFunc(out[i].Warnings, byCode)
	}
	return out
}

func (s *Sink) builder(f *filling) *canon.Builder {
	b := s.builders[f.index]
	if b == nil {
		b = canon.NewBuilder(f.table, s.feed)
		s.builders[f.index] = b
	}
	return b
}

func (s *Sink) refuse(r canon.Rejection) error {
	s.rows.Rejected++
	return s.reject(r)
}

func (f *Field) count(v *value) {
	switch {
	case v.reason != "":
		f.Invalid = increment(f.Invalid, v.reason)
	case v.text != "":
		f.Present++
	default:
		f.Missing++
	}
	if v.warning != "" {
		f.warn(v.warning)
	}
}

func (f *Field) warn(code string) { f.Warnings = increment(f.Warnings, code) }

// increment counts a code; there are so few that a search beats a map.
func increment(counts []Count, code string) []Count {
	for i := range counts {
		if counts[i].Code == code {
			counts[i].N++
			return counts
		}
	}
	return append(counts, Count{code, 1})
}
