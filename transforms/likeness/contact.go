package likeness

import "strings"

// Levels of [Phone].
const (
	PhoneSlip     Level = iota + 1 // one digit typed wrong, left out or too many, or two neighbours swapped
	PhoneNational                  // but for the country's or the area's prefix
	PhoneSame
)

// PhoneLevels names the levels of [Phone].
var PhoneLevels = [...]string{"different", "one slip", "other prefix", "same"}

// subscriber is the fewest digits that tell a number without its prefix.
const subscriber = 6

// Phone compares telephone numbers as [FoldPhone] gives them.
func Phone(a, b string) Level {
	if a == b {
		return PhoneSame
	}
	x, y := strings.TrimLeft(a, "+0"), strings.TrimLeft(b, "+0")
	if len(x) > len(y) {
		x, y = y, x
	}
	switch {
	case len(x) < subscriber:
		return Different
	case strings.HasSuffix(y, x):
		return PhoneNational
	case Edits(x, y, 1) == 1:
		return PhoneSlip
	}
	return Different
}

// Levels of [Email].
const (
	EmailSimilar Level = iota + 1 // alike as a whole
	EmailSlips                    // one or two slips
	EmailLocal                    // the same name at another domain
	EmailMarks                    // but for dots, hyphens and what follows a plus sign
	EmailSame
)

// EmailLevels names the levels of [Email].
var EmailLevels = [...]string{"different", "similar", "one or two slips", "other domain", "other marks", "same"}

// Similarities from which addresses are similar: that by [Dice] of the whole, that by [JaroWinkler] of what stands before
// the at sign; and the length from which that counts without its domain.
const (
	similarEmails = 0.75
	similarLocals = 0.75
	localLeast    = 4
)

// Email compares addresses as [FoldEmail] gives them.
func Email(a, b string) Level {
	if a == b {
		return EmailSame
	}
	if a == "" || b == "" {
		return Different
	}
	la, da, _ := strings.Cut(a, "@")
	lb, db, _ := strings.Cut(b, "@")
	switch {
	case da == db && sameLetters(la, lb):
		return EmailMarks
	case la == lb && len(la) >= localLeast:
		return EmailLocal
	}
	longest := max(len(a), len(b))
	limit := longest / 4
	few := min(limit, 2)
	edits := Edits(a, b, few) // more of them cost more to count, and are seldom asked for
	switch {
	case edits == 1 && (longest >= 6 || la == lb), edits == 2 && (min(len(la), len(lb)) > 5 || Edits(la, lb, 2) < 2):
		return EmailSlips
	case da != "" && db != "" && JaroWinkler(la, lb) < similarLocals: // one domain makes no two people alike
		return Different
	case edits <= few, limit > few && Edits(a, b, limit) <= limit, Dice(a, b) >= similarEmails:
		return EmailSimilar
	}
	return Different
}

// sameLetters tells whether the names of two addresses have the same letters and digits, dots and the like aside.
func sameLetters(a, b string) bool {
	i, j := 0, 0
	for {
		i, j = skipMarks(a, i), skipMarks(b, j)
		if i == len(a) || j == len(b) || a[i] == '+' || b[j] == '+' {
			return i > 0 && j > 0 && (i == len(a) || a[i] == '+') && (j == len(b) || b[j] == '+')
		}
		if a[i] != b[j] {
			return false
		}
		i++
		j++
	}
}

// skipMarks gives the place of the next byte from i on that is no mark.
func skipMarks(s string, i int) int {
	for i < len(s) && (s[i] == '.' || s[i] == '-' || s[i] == '_') {
		i++
	}
	return i
}
