package tabular

import (
	"maps"
	"slices"
	"time"
)

// Summary is what reading an export found out about it. Names in Unknown are the header's own.
type Summary struct {
	Encoding  string // what the bytes were read as
	Rows      int64  // rows in batches
	Rejected  int64
	Skipped   map[string]int64 // by reason: blank, summary, header, subtotal, sep, title, trailer, no-rows
	Header    int64            // the header's line, 0 when there is none
	Unknown   []string         // header names that the layout does not know; their columns were not read
	Missing   []string         // columns of the layout that the export has not; they are null
	Places    []int            // of each column of the options: its 1-based field in the header or the rows, 0 when the export has none
	Reordered bool             // the known columns stand in another order than the layout's
	Control   *int64           // the count in the control line, nil when there was none
	Mojibake  int64            // cells that were decoded twice ("Ã¤" for "ä") before they came here
	Taken     time.Time        // when what the rows tell was so, of a source without a file that says it
	Again     int              // how often the source was read again from its beginning, because its line was lost
	OpenEnd   bool             // the last line has no line end: complete, or cut within its last field
}

// Read gives how many rows were data, good or bad.
func (s Summary) Read() int64 { return s.Rows + s.Rejected }

func (s Summary) clone() Summary {
	s.Skipped = maps.Clone(s.Skipped)
	s.Unknown, s.Missing, s.Places = slices.Clone(s.Unknown), slices.Clone(s.Missing), slices.Clone(s.Places)
	if s.Control != nil {
		n := *s.Control
		s.Control = &n
	}
	return s
}
