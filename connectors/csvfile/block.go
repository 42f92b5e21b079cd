package csvfile

import (
	"encoding/binary"
	"math/bits"

	"uoma/connectors/charset"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

const (
	blockBytes = 32 << 10 // of a block at most: its text and the places of its cells stay in the cache
	lows       = ones * 0x7F
)

// block splits the plain rows at the window's start, which nearly all rows are, and moves the window behind them. A row
// is plain when it is whole, ends on the line that it begins on, is within the limits, has no doubled quote and no
// control character, and has fields cells, or one more that is empty. wide tells that a byte may be above 0x7F.
//
// It finds what [splitter.scan] finds in these rows, with one look at each eight bytes, and leaves all others to it.
func (s *splitter) block(to *tabular.Block, fields int) (wide bool) {
	b := s.buf[s.start:min(s.end, s.start+blockBytes)]
	to.Line, to.Text, to.Fields = s.nextLine, b, fields
	var (
		rows, cells  = s.rows[:0], s.cells[:0]
		row, from    int    // where the row and its cell begin
		whole        int    // where the last plain row ended
		quoted       bool   // the cell's quote is open
		cut          int    // 1 behind a quote that closed the cell
		high         uint64 // all bytes, to see the highest bit of any
		delim, quote = s.delim, s.quote
	)
	if !s.quotes {
		quote = delim
	}
	finder := newFinder(delim, quote)
chunks:
	for base := 0; base < len(b); base += chunk {
		var found, all uint64
		if rest := b[base:]; len(rest) >= chunk {
			found, all = finder.find((*[chunk]byte)(rest))
		} else {
			var padded [chunk]byte
			copy(padded[:], rest)
			found, all = finder.find(&padded)
			found &= 1<<len(rest) - 1
		}
		high |= all
		for ; found != 0; found &= found - 1 {
			at := base + bits.TrailingZeros64(found)
			c := b[at]
			if c == delim {
				if !quoted {
					cells = append(cells, canon.Span{From: uint32(from), To: uint32(at - cut)})
					from, cut = at+1, 0
				}
				continue
			}
			switch {
			case c == quote && !quoted:
				if at == from && cut == 0 {
					quoted, from = true, at+1
				}
			case c == quote:
				if at+1 == len(b) || b[at+1] != delim && b[at+1] != '\n' && b[at+1] != '\r' {
					break chunks
				}
				quoted, cut = false, 1
			case c == '\t', c == '\n' && at < from: // text, and the second half of a line end
			case c != '\n' && c != '\r', quoted, at-row > s.rowBytes, c == '\r' && at+1 == len(b):
				break chunks
			default:
				cells = append(cells, canon.Span{From: uint32(from), To: uint32(at - cut)})
				have := len(cells) - len(rows)*fields
				if have == fields+1 && have <= s.columns && cells[len(cells)-1].Empty() {
					cells = cells[:len(cells)-1]
				} else if have != fields {
					break chunks
				}
				rows = append(rows, canon.Span{From: uint32(row), To: uint32(at)})
				if whole = at + 1; c == '\r' && b[whole] == '\n' {
					whole++
				}
				row, from, cut = whole, whole, 0
			}
		}
	}
	to.Rows, to.Cells = rows, cells[:len(rows)*fields]
	s.rows, s.cells = rows, cells
	s.start += whole
	s.nextLine += int64(len(rows))
	return high&highs != 0
}

const chunk = 64 // bytes that are looked at before what was found in them is gone through

// finder finds delimiters, quotes and control characters, eight bytes in one step.
type finder struct{ delims, quotes uint64 }

func newFinder(delim, quote byte) finder {
	return finder{ones * uint64(delim), ones * uint64(quote)}
}

// find gives a bit for each byte that is a delimiter, a quote or a control character of ASCII, and all bytes in one. A sum
// of seven bits each carries into the eighth where the byte is none of them, so that no byte disturbs another.
func (f finder) find(b *[chunk]byte) (found, all uint64) {
	for k := 0; k < chunk; k += 32 { // four steps share what they compare with
		w := b[k : k+32 : k+32]
		x0, x1, x2, x3 := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:]), binary.LittleEndian.Uint64(w[16:]), binary.LittleEndian.Uint64(w[24:])
		all |= x0 | x1 | x2 | x3
		found = found>>32 | f.bits(x0)>>24 | f.bits(x1)>>16 | f.bits(x2)>>8 | f.bits(x3)
	}
	return found, all
}

// bits gives the bits of eight bytes as the highest ones of a word.
func (f finder) bits(x uint64) uint64 {
	low := x & lows
	other := (low + ones*(0x80-0x20)) & ((low ^ f.delims) + lows) & ((low ^ f.quotes) + lows) &^ (low + ones)
	// The product puts the highest bits of the bytes side by side.
	return (^(other | x) & highs) * 0x0002040810204081 & (0xFF << 56)
}

// plain tells whether the bytes of a block are of their encoding and hold no control character above 0x7F.
func (r *Reader) plain(b *tabular.Block) bool {
	if len(b.Rows) == 0 {
		return true
	}
	text := b.Text[:b.Rows[len(b.Rows)-1].To]
	decodable, control := charset.InspectWide(text, r.chars)
	r.watch(text)
	return decodable && !control
}
