// Package meaning guesses what the columns of a file of people mean, so that files of unknown origin can be linked without
// a layout.
//
// [Guess] reads every column twice: its name, split into words and looked up in a vocabulary of several languages
// (header.go, vocabulary.go), and its values, of which it measures how many are dates, mail addresses, telephone numbers,
// codes with a right check digit, common names and the like (traits.go, forms.go, stock.go). Where both agree the guess
// is confident; where the values contradict the name, the values win and the confidence falls; without a telling name the
// values decide alone (judge.go). At last the columns are seen together (together.go): one column names the record, and a
// column that only repeats others is not counted twice.
//
// Columns that hold the answer (cluster, truth, label) are always ignored: a linker that reads them proves nothing.
//
// The package is pure and keeps nothing between calls. It knows no file and no system, and tells no value: Why holds
// names of columns and shares alone.
package meaning

import "uoma/transforms/linkage"

// Column is what a column most likely means.
type Column struct {
	Field      linkage.Field
	Confidence float64 // 0 to 1; below 0.5 somebody should look
	Why        string  // for people: "name and 98 % of values are dates of birth"
	// Blank are texts that stand for no value in this column, as it often has them: NULL, N/A.
	Blank []string
}

// Guess tells for every column of the header what it means. The sample is rows of the file, of which a few thousand are
// enough; rows may be shorter or longer than the header, and there may be none. The same input gives the same guesses.
func Guess(header []string, sample [][]string) []Column {
	out := make([]Column, len(header))
	seen := make([]column, len(header))
	values := make(map[string]int, len(sample))
	for i, name := range header {
		seen[i] = column{name: name, read: readHeader(name), traits: measure(sample, i, values)}
		seen[i].judge()
	}
	together(seen, sample)
	for i := range seen {
		c := &seen[i]
		out[i] = Column{
			Field:      linkage.Field{Name: c.name, Kind: c.kind, Unique: c.kind == linkage.Identifier && c.national},
			Confidence: min(max(c.confidence, 0), 1),
			Why:        c.why,
			Blank:      c.blank,
		}
	}
	return out
}

// column is a column while it is judged.
type column struct {
	name string
	read reading
	traits
	kind       linkage.Kind
	confidence float64
	why        string
	national   bool // holds national identity codes
}

func (c *column) set(k linkage.Kind, confidence float64, why string) {
	c.kind, c.confidence, c.why = k, confidence, why
}
