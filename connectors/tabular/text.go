package tabular

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which header names are compared: NFC, trimmed, case-folded.
func Fold(name []byte) string {
	s := norm.NFC.String(strings.TrimFunc(string(name), blankRune))
	return norm.NFC.String(cases.Fold().String(s))
}

// blankRune is white space and what exports use as if it were: the byte order mark inside a file.
func blankRune(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

func blank(cell []byte) bool {
	if len(cell) > 0 && ' ' < cell[0] && cell[0] < utf8.RuneSelf {
		return false
	}
	return len(cell) == 0 || len(bytes.TrimFunc(cell, blankRune)) == 0
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// ASCII tells whether no byte is above 0x7F.
func ASCII(b []byte) bool {
	for ; len(b) >= 32; b = b[32:] {
		x, y := binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])|binary.LittleEndian.Uint64(b[24:])
		if (x|y)&highs != 0 {
			return false
		}
	}
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&highs != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// belowMarks tells whether UTF-8 text has only characters below U+0300, where the combining marks begin: all of them are
// in NFC as they stand (Unicode Standard Annex 15: NFC_Quick_Check is Yes, the combining class 0), and Nordic text has
// hardly any other.
func belowMarks(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		x := binary.LittleEndian.Uint64(text)
		if (x&^highs+ones*(0x80-0x4C))&x&highs != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= 0xCC {
			return false
		}
	}
	return true
}

// mojibakeByte is the second byte of "Ã", which no Nordic letter has.
const mojibakeByte = 0x83

// mojibake finds UTF-8 that was read as Windows-1252 and written as UTF-8 once more: "Ã" and then what the second byte
// of a letter became, which is U+0080 to U+00BF or one of the signs that Windows-1252 has at 0x80 to 0x9F.
func mojibake(cell []byte) bool {
	if bytes.IndexByte(cell, mojibakeByte) < 0 {
		return false
	}
	for {
		i := bytes.Index(cell, []byte("Ã"))
		if i < 0 {
			return false
		}
		cell = cell[i+2:]
		r, _ := utf8.DecodeRune(cell)
		if 0x80 <= r && r <= 0xBF || r > 0xFF && strings.ContainsRune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", r) {
			return true
		}
	}
}

// summaryWords begin a line of totals in the exports of the known systems.
var summaryWords = []string{"yhteensä", "rivejä", "total", "sum", "antall"}

// mayBeSummary tells whether a cell that does not begin with a blank begins as one of [summaryWords] does.
func mayBeSummary(cell []byte) bool {
	if len(cell) < 3 {
		return false
	}
	for _, word := range summaryWords {
		if cell[0]|0x20 == word[0] && cell[1]|0x20 == word[1] && cell[2]|0x20 == word[2] {
			return true
		}
	}
	return false
}

// summaryWord tells whether a cell begins with one of [summaryWords] as a whole word.
func summaryWord(cell []byte) bool {
	if cell = bytes.TrimFunc(cell, blankRune); !mayBeSummary(cell) {
		return false
	}
	text := norm.NFC.String(string(cell[:min(len(cell), 64)]))
	for _, word := range summaryWords {
		if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(text[len(word):])
		if len(text) == len(word) || !unicode.IsLetter(next) && !unicode.IsDigit(next) {
			return true
		}
	}
	return false
}
