package identifier

import (
	"html"
	"regexp"
	"strings"
)

// mostLayers is how often HTML may have been escaped into HTML.
const mostLayers = 8

var (
	// htmlTag is a tag, a comment or a declaration. A sign that begins none is text: "5 < 6".
	htmlTag = regexp.MustCompile(`(?s)<!--.*?-->|</?[A-Za-z][^<>]*>|<![A-Za-z][^<>]*>`)
	// htmlBreak is a tag that stands between words.
	htmlBreak = regexp.MustCompile(`(?i)^</?(?:br|p|div|li|ul|ol|tr|td|th|table|hr|h[1-6])\b`)
)

// htmlText keeps the text of HTML, as an editor for formatted text leaves it: without tags, and with characters in place of
// their names. It takes out what is found until nothing is left, so that a tag that was escaped does not come back.
func htmlText(s string, p *Params) Checked {
	for range mostLayers {
		if !strings.ContainsAny(s, "<&") {
			return text(s, p)
		}
		plain := html.UnescapeString(htmlTag.ReplaceAllStringFunc(s, func(tag string) string {
			if htmlBreak.MatchString(tag) {
				return " "
			}
			return ""
		}))
		if plain == s {
			return text(s, p)
		}
		var reason string
		if s, reason = clean(plain, p); reason != "" {
			return bad(reason)
		}
	}
	return bad("pattern")
}
