package conform

import (
	"uoma/internal/canon"
)

// Sink takes what comes of a feed's rows. Canonical batches are handed on when they are full and at [Sink.Flush], so
// that where raw batches end makes no difference.
type Sink struct {
	feed     string
	builders []*canon.Builder // by place in canon.Tables
	emit     func(*canon.Batch) error
	reject   func(canon.Rejection) error
	tally    *Tally
	row      rowOutcome
	outcomes []Outcome
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

// NewSink makes a sink for the conformer's rows, with a tally of its own. emit gets canonical batches, each valid until it
// returns; reject gets refused rows. An error of either ends [Conformer.Batch].
func (c *Conformer) NewSink(emit func(*canon.Batch) error, reject func(canon.Rejection) error) *Sink {
	return c.NewSinkOn(c.NewTally(), emit, reject)
}

// NewSinkOn is NewSink with a tally of the same feed, which may count other rows as well.
func (c *Conformer) NewSinkOn(t *Tally, emit func(*canon.Batch) error, reject func(canon.Rejection) error) *Sink {
	return &Sink{feed: c.feed.FullName(), builders: make([]*canon.Builder, len(canon.Tables())), emit: emit, reject: reject, tally: t}
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
func (s *Sink) Fields() []Field { return s.tally.Fields() }

// Outcomes gives the outcomes of the rows since the last call, in their order. The list is valid until the next row.
func (s *Sink) Outcomes() []Outcome {
	out := s.outcomes
	s.outcomes = s.outcomes[:0]
	return out
}

// begin takes the cells of the next row.
func (s *Sink) begin(values []value) {
	s.rows.Read++
	s.row.begin()
	for j := range values {
		s.row.cell(s.tally, j, &values[j])
	}
}

// end counts the row that was begun.
func (s *Sink) end() {
	o := s.row.end(s.tally)
	s.tally.Count(o, 1)
	s.outcomes = append(s.outcomes, o)
}

func (s *Sink) warn(column int, code string) { s.row.warn(s.tally, column, code) }

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

// increase counts a code; there are so few that a search beats a map.
func increase(counts []Count, code string, n int64) []Count {
	for i := range counts {
		if counts[i].Code == code {
			counts[i].N += n
			return counts
		}
	}
	return append(counts, Count{code, n})
}
