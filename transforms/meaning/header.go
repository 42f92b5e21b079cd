package meaning

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"uoma/transforms/linkage"
)

// reading is what a column's name says.
type reading struct {
	kind     linkage.Kind
	strength float64 // 0 when the name says nothing
	answer   bool    // the column holds the answer
	bare     bool    // the name is "name" alone: of what, the other columns tell
	dated    bool    // the name says a date, not whose or of what
}

// How much a name alone is worth, by how it was found.
const (
	wholeName  = 0.9  // the name is in the vocabulary
	partOfName = 0.75 // words of the name are
	beginOrEnd = 0.6  // the name begins or ends with a word of the vocabulary
	hint       = 0.5  // the name ends as such names do
)

var bareNames = words(`name nimi namn navn nom nombre`)

// readHeader looks a name up: whole, then without digits, then by its words.
func readHeader(name string) reading {
	parts := split(name)
	whole := strings.Join(parts, "")
	if answers[whole] || slices.ContainsFunc(parts, func(w string) bool { return answerParts[w] }) {
		return reading{kind: linkage.Ignored, strength: 1, answer: true}
	}
	if k, ok := vocabulary[whole]; ok {
		return reading{kind: k, strength: wholeName, bare: bareNames[whole]}
	}
	letters := slices.DeleteFunc(slices.Clone(parts), isNumber)
	if len(letters) == 0 {
		return reading{}
	}
	bare := strings.Join(letters, "")
	if k, ok := vocabulary[bare]; ok && len(bare) > 1 {
		return reading{kind: k, strength: partOfName + 0.1, bare: bareNames[bare]}
	}
	return readWords(parts, letters)
}

func readWords(parts, letters []string) reading {
	contains := func(set map[string]bool) bool {
		return slices.ContainsFunc(letters, func(w string) bool { return set[w] }) || set[strings.Join(letters, "")]
	}
	last := letters[len(letters)-1]
	switch {
	case contains(moments):
		return reading{kind: linkage.Ignored, strength: partOfName}
	case contains(relations):
		return reading{kind: linkage.Text, strength: partOfName}
	case aspects[last]:
		return reading{kind: linkage.Text, strength: hint}
	}
	if r, ok := readRun(parts); ok {
		return r
	}
	switch {
	case idWords[last]:
		return reading{kind: linkage.Identifier, strength: hint}
	case bareNames[last]: // of something unknown
		return reading{kind: linkage.Text, strength: hint}
	case dateWords[last]:
		return reading{kind: linkage.Text, strength: hint, dated: true}
	}
	return readEnds(strings.Join(letters, ""))
}

// readRun looks for the longest run of words that is in the vocabulary, the last of equally long ones. Single words that
// mean little beside others ("id" of a product, "name" of a ship) do not count.
func readRun(parts []string) (found reading, ok bool) {
	best := 0
	for from := range parts {
		for to := from + 1; to <= len(parts) && to-from < len(parts); to++ {
			run, size := strings.Join(parts[from:to], ""), meaningful(parts[from:to])
			k, known := vocabulary[run]
			if !known || size < best || len(run) < 3 || size == 1 && (idWords[run] || bareNames[run] || k == linkage.RecordID || k == linkage.Source) {
				continue
			}
			found, ok, best = reading{kind: k, strength: partOfName}, true, size
		}
	}
	return found, ok
}

// meaningful counts the words that are no numbers.
func meaningful(parts []string) int {
	n := 0
	for _, w := range parts {
		if !isNumber(w) {
			n++
		}
	}
	return n
}

// longWords are the words of the vocabulary that may begin or end a name that is written in one, the longest first.
var longWords = func() []string {
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(vocabulary)), func(w string) bool {
		k := vocabulary[w]
		return len(w) < 5 || k == linkage.RecordID || k == linkage.Source || k == linkage.Text || k == linkage.Number
	})
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}()

func readEnds(name string) reading {
	for _, w := range longWords {
		if strings.HasSuffix(name, w) || strings.HasPrefix(name, w) {
			return reading{kind: vocabulary[w], strength: beginOrEnd}
		}
	}
	if strings.HasSuffix(name, "id") && len(name) > 4 {
		return reading{kind: linkage.Identifier, strength: hint}
	}
	return reading{}
}

// split folds a name and gives its words: "homePostcode2" is home, postcode, 2.
func split(name string) []string {
	var parts []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			parts = append(parts, word.String())
			word.Reset()
		}
	}
	runes := []rune(fold(strings.ToValidUTF8(name, "")))
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case i == 0:
		case unicode.IsDigit(r) != unicode.IsDigit(runes[i-1]):
			end()
		case unicode.IsUpper(r) && unicode.IsLower(runes[i-1]):
			end()
		case unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1]): // HTTPServer
			end()
		}
		word.WriteRune(unicode.ToLower(r))
	}
	end()
	return parts
}

var special = strings.NewReplacer("ø", "o", "Ø", "O", "æ", "ae", "Æ", "Ae", "ß", "ss", "đ", "d", "ł", "l")

// fold takes accents, dots and rings away and keeps the case.
func fold(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < 0x80
	}
	if plain {
		return s
	}
	s = norm.NFD.String(special.Replace(s))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, s)
}

func isNumber(w string) bool { return w[0] >= '0' && w[0] <= '9' }
