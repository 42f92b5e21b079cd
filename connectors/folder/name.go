package folder

import (
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"uoma/internal/fault"
)

// maxName is the longest path in bytes that is accepted; the usual limit of operating systems.
const maxName = 4096

// CheckName tells whether a slash-separated path from outside may be used: [fs.ValidPath], UTF-8, no backslash, no drive
// letter, no control character and none that turns the direction of writing. The error shows the name escaped.
func CheckName(name string) error {
	if !validName(name) {
		return errName.At(fault.Place{File: Shown(name)})
	}
	return nil
}

func validName(name string) bool {
	if len(name) > maxName || !utf8.ValidString(name) || !fs.ValidPath(name) {
		return false
	}
	if len(name) >= 2 && name[1] == ':' {
		return false
	}
	return strings.IndexFunc(name, unsafeRune) < 0
}

// unsafeRune finds what makes a name read differently from what it is: controls (Cc), direction and other invisible
// format characters (Cf), line separators, the separator of another system, and what stands in place of something that
// could not be read.
func unsafeRune(r rune) bool {
	return r == '\\' || r == utf8.RuneError || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)
}

// Shown gives a name as it may stand in a message: escaped when it holds anything unusual, and cut to 200 bytes.
func Shown(name string) string {
	if len(name) > 200 {
		name = strings.ToValidUTF8(name[:200], "") + "…"
	}
	if validName(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// Folded gives the form under which two names clash: NFC and case-folded.
func Folded(name string) string {
	if isPlain(name) {
		return name
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

// isPlain finds names that fold to themselves without looking into Unicode tables.
func isPlain(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}
