package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"uoma/internal/fault"
)

// maxStatement is how long a statement may be.
const maxStatement = 64 << 10

var (
	errStatement = fault.New("UOMA-LAY-STATEMENT", "the feed's statement cannot be used",
		"put a file with one SELECT beside the layout, without a semicolon inside")
	errAttribute = fault.New("UOMA-LAY-ATTRIBUTE", "the column is no attribute of a directory",
		"name it as the directory does: uid, mail, cn;lang-sv")
	errChanges = fault.New("UOMA-LAY-CHANGES", "changes of the feed cannot be asked for",
		"let odata: have neither filter nor count, and key: be the one column with the entity's own key")
	errOrder = fault.New("UOMA-LAY-ORDER", "the feed does not say by which columns its rows are told apart",
		"name them under order:, since a key with alternatives has no order")
)

// statements reads the statements of feeds that are queries.
func (c *checker) statements(l *Layout, beside Beside) {
	sum := sha256.New()
	sum.Write([]byte(l.digest))
	found := false
	for i := range l.Feeds {
		f := &l.Feeds[i]
		if f.Query == "" {
			continue
		}
		at := []string{"feeds", strconv.Itoa(i), "query"}
		text, err := beside(f.Query)
		if err != nil {
			c.find(errStatement, "there is no such file", at...)
			continue
		}
		var wrong string
		if f.statement, wrong = statement(text); wrong != "" {
			c.find(errStatement, wrong, at...)
		}
		sum.Write([]byte("\x00" + f.statement))
		found = true
	}
	if found {
		l.digest = hex.EncodeToString(sum.Sum(nil))
	}
}

// statement gives the text of a statement without its end, or what is wrong with it.
func statement(text []byte) (s, wrong string) {
	s = strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff"))
	s = strings.TrimSpace(strings.TrimSuffix(s, ";"))
	switch {
	case len(s) > maxStatement:
		return "", "it is too long"
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return "", "it is not text in UTF-8"
	case strings.Contains(s, ";"):
		return "", "a semicolon stands inside"
	case !selects(s):
		return "", "it does not begin with SELECT or WITH"
	}
	return s, ""
}

// selects tells whether a statement asks for rows, below its comments.
func selects(s string) bool {
	for strings.HasPrefix(s, "--") {
		_, below, _ := strings.Cut(s, "\n")
		s = strings.TrimSpace(below)
	}
	word, _, _ := strings.Cut(strings.ToUpper(s), "(")
	first := append(strings.Fields(word), "")[0]
	return first == "SELECT" || first == "WITH"
}

// origin checks where a feed's rows come from.
func (c *checker) origin(f *Feed, under func(...string) []string) {
	switch {
	case f.Query != "":
		c.query(f, under)
		return
	case f.OData != nil:
		c.tracked(f, under)
		return
	case f.Rest != nil:
		return // its form is the schema's
	}
	if f.Search != nil {
		c.search(f, under)
		return
	}
	var ok bool
	if f.pattern, ok = newFilePattern(f.File); !ok {
		c.find(errFile, f.File, under("file")...)
	}
}

// attribute is what an attribute's description may look like (RFC 4512): a name or number, and options.
var attribute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+([.][0-9]+)+)(;[A-Za-z0-9-]+)*$`)

func (c *checker) search(f *Feed, under func(...string) []string) {
	for i := range f.Columns {
		for _, name := range append([]string{f.Columns[i].Name}, f.Columns[i].Aliases...) {
			if !attribute.MatchString(name) || name == "1.1" {
				c.find(errAttribute, name, under("columns", strconv.Itoa(i))...)
			}
		}
	}
	for i, name := range f.Search.Binary {
		c.reference(f, name, under("search", "binary", strconv.Itoa(i))...)
	}
}

func (c *checker) query(f *Feed, under func(...string) []string) {
	for i, name := range f.Order {
		c.reference(f, name, under("order", strconv.Itoa(i))...)
	}
	if len(f.Order) > 0 {
		return
	}
	for _, part := range f.Key {
		if len(part) != 1 {
			c.find(errOrder, "", under("key")...)
			return
		}
		f.Order = append(f.Order, part[0])
	}
	f.Order = slices.Compact(f.Order)
}
