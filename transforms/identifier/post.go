package identifier

import (
	"regexp"
	"strings"
)

var postcodeGB = regexp.MustCompile(`^(GIR 0AA|[A-PR-UWYZ][0-9A-HJKPSTUW]?[0-9ABCDEFGHJKMNPRSTUVWXY]{0,2} [0-9][ABD-HJLNP-UW-Z]{2})$`)

// postcode checks a postal code under its country; under a country that is not known here, the text stays as it is.
func postcode(s string, p *Params) Checked {
	switch p.Region {
	case "FI":
		return numericPostcode(strings.TrimPrefix(s, "FI-"), 5, 2, p.PadPostcode)
	case "NO":
		if rest, found := strings.CutPrefix(s, "NO-"); found {
			s = rest
		} else {
			s = strings.TrimPrefix(s, "N-")
		}
		return numericPostcode(s, 4, 3, p.PadPostcode)
	case "GB":
		return britishPostcode(s)
	}
	return ok(s)
}

// numericPostcode checks a code of width digits; one of at least shortest digits may have lost its zeros.
func numericPostcode(s string, width, shortest int, pad bool) Checked {
	warning := ""
	if pad && len(s) >= shortest && len(s) < width && digits(s) {
		s, warning = zeros(s, width), "padded"
	}
	if len(s) != width || !digits(s) || number(s) == 0 {
		return bad("pattern")
	}
	return warned(s, warning)
}

func britishPostcode(s string) Checked {
	n := upper(without(s))
	if len(n) < 4 {
		return bad("pattern")
	}
	if spaced := n[:len(n)-3] + " " + n[len(n)-3:]; spaced != s {
		s = spaced
	}
	if !postcodeGB.MatchString(s) {
		return bad("pattern")
	}
	return ok(s)
}
