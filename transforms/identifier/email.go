package identifier

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	emailLocal = 64
	emailTotal = 254
	emailMarks = "!#$%&'*+/=?^_{|}~.-`"
)

// email gives the matching form of an address: lower-case, the domain as IDNA A-labels. Tags and dots stay.
func email(s string, p *Params) Checked {
	if isASCII(s) {
		s = lower(s) // at once, so that the address is copied once
	}
	local, host, c := splitEmail(s, p)
	if c.Reason != "" {
		return c
	}
	whole := c.Value
	if l := lower(local); l != local || whole == "" {
		local, whole = l, ""
	}
	if whole == "" {
		whole = local + "@" + host
	}
	if isRole(local) {
		c.Warning = "role"
	}
	return warned(whole, c.Warning)
}

// emailDelivery gives the form to send to: the local part as it was written, the domain as email has it.
func emailDelivery(s string, p *Params) Checked {
	local, host, c := splitEmail(s, p)
	if c.Reason != "" {
		return c
	}
	if isRole(lower(local)) {
		c.Warning = "role"
	}
	return warned(local+"@"+host, c.Warning)
}

// splitEmail peels an address and checks it. On success the Checked has the warning, and as value the whole address
// when its domain is written in normal form already, so that the common case costs no copy.
func splitEmail(s string, p *Params) (local, host string, c Checked) {
	s = peelEmail(s)
	if end := severalEmails(s); end >= 0 {
		if !p.FirstOfMultiple {
			return "", "", bad("multiple")
		}
		s, c.Warning = peelEmail(s[:end]), "multiple"
	}
	if p.Deobfuscate && strings.IndexByte(s, '@') < 0 {
		if plain := deobfuscate(s); plain != s {
			s, c.Warning = plain, "repaired"
		}
	}
	local, host, found := strings.Cut(s, "@")
	if !found || !isLocalPart(local) {
		return "", "", bad("pattern")
	}
	written := host
	host, valid := emailHost(host)
	if !valid || len(local)+1+len(host) > emailTotal {
		return "", "", bad("pattern")
	}
	if host == written {
		c.Value = s
	}
	return local, host, c
}

// peelEmail removes what mail programs and lists put around an address.
func peelEmail(s string) string {
	s = strings.TrimRight(trimASCII(s), ".,; ")
	if n := len(s); n > 1 && s[0] == '<' && s[n-1] == '>' {
		s = trimASCII(s[1 : n-1])
	}
	rest, _ := cutFold(s, "mailto:")
	return trimASCII(rest)
}

// severalEmails gives where the first address ends when a separator stands between two @, else -1.
func severalEmails(s string) int {
	first, last := strings.IndexByte(s, '@'), strings.LastIndexByte(s, '@')
	if first == last {
		return -1
	}
	if i := strings.IndexAny(s[first:last], ",; "); i >= 0 {
		return first + i
	}
	return -1
}

func deobfuscate(s string) string {
	for _, at := range [3]string{"(at)", "[at]", " at "} {
		if i := strings.Index(lower(s), at); i >= 0 {
			return trimASCII(s[:i]) + "@" + trimASCII(s[i+len(at):])
		}
	}
	return s
}

func isLocalPart(s string) bool {
	if s == "" || len(s) > emailLocal || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if l := c | 0x20; !isDigit(c) && (l < 'a' || l > 'z') && strings.IndexByte(emailMarks, c) < 0 {
			return false
		}
		if c == '.' && s[i+1] == '.' {
			return false
		}
	}
	return true
}

// emailHost gives the domain in lower-case A-labels.
func emailHost(s string) (string, bool) {
	if !isASCII(s) {
		if len(s) > emailTotal*utf8.UTFMax { // an A-label is no shorter than its characters
			return "", false
		}
		a, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return "", false
		}
		s = a
	}
	return lower(s), isDomain(s, 63)
}

// isRole tells whether an address belongs to an office: such an address is never a matching key.
func isRole(local string) bool {
	switch local {
	case "info", "alumni", "office", "toimisto", "kirjaamo", "hakutoimisto", "noreply", "no-reply", "postmottak":
		return true
	}
	return false
}
