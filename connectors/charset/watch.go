package charset

import (
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// Likely is how many characters beyond ASCII tell UTF-8 from other text that happens to be that too, as what was decoded twice.
const Likely = 8

// Watch passes a stream of a single-byte encoding through, and looks whether it is UTF-8 all the same.
type Watch struct {
	r     io.Reader
	begun []byte // of a character that is not whole yet
	wide  int64
	other bool
}

// NewWatch makes a Watch of a stream.
func NewWatch(r io.Reader) *Watch {
	return &Watch{r: r, begun: make([]byte, 0, utf8.UTFMax)}
}

// Read implements [io.Reader].
func (w *Watch) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	for b := p[:n]; len(b) > 0 && !w.other; {
		b = w.look(b)
	}
	return n, err
}

// look takes what is ASCII, or a byte of a character that is not.
func (w *Watch) look(b []byte) []byte {
	if len(w.begun) == 0 {
		for len(b) >= 8 && binary.LittleEndian.Uint64(b)&highs == 0 {
			b = b[8:]
		}
		for len(b) > 0 && b[0] < utf8.RuneSelf {
			b = b[1:]
		}
		if len(b) == 0 {
			return nil
		}
	}
	w.begun = append(w.begun, b[0])
	if utf8.FullRune(w.begun) {
		_, size := utf8.DecodeRune(w.begun)
		w.other = size == 1
		w.wide++
		w.begun = w.begun[:0]
	}
	return b[1:]
}

// Wide gives how many characters beyond ASCII there were, 0 where something is not UTF-8.
func (w *Watch) Wide() int64 {
	if w.other || len(w.begun) > 0 {
		return 0
	}
	return w.wide
}
