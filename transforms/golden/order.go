package golden

import (
	"cmp"
	"slices"
	"strings"
)

// compare puts the better candidate first. Two that compare equal give the same field.
func compare(by []Criterion, a, b *candidate) int {
	if c := cmp.Compare(a.standing, b.standing); c != 0 {
		return c
	}
	for _, k := range by {
		if c := k.compare(a, b); c != 0 {
			return c
		}
	}
	return tie(a, b)
}

func (k Criterion) compare(a, b *candidate) int {
	switch k {
	case Precedence:
		return cmp.Compare(a.rank, b.rank)
	case Recency:
		return cmp.Compare(b.record.time(), a.record.time())
	default:
		return cmp.Compare(b.agreed, a.agreed)
	}
}

// tie decides where nothing else does, by what is said. Times come late, as which of two is first must not change every
// night, and the record's name last: it may be a token, which is another one under another key.
func tie(a, b *candidate) int {
	return cmp.Or(strings.Compare(a.record.Source, b.record.Source), slices.CompareFunc(a.values, b.values, byText),
		cmp.Compare(b.record.Modified, a.record.Modified), cmp.Compare(b.record.Exported, a.record.Exported),
		strings.Compare(a.record.ID, b.record.ID))
}

// byText orders values of one field; a missing one comes last.
func byText(a, b *Value) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(boolean(a == nil), boolean(b == nil))
	case a.Text != b.Text:
		return strings.Compare(a.Text, b.Text)
	case a.Until != nil && b.Until != nil:
		return cmp.Or(cmp.Compare(*b.Until, *a.Until), cmp.Compare(boolean(a.Invalid), boolean(b.Invalid)))
	}
	return cmp.Or(cmp.Compare(boolean(a.Until != nil), boolean(b.Until != nil)), cmp.Compare(boolean(a.Invalid), boolean(b.Invalid)))
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Reason says why a value stands before another one.
type Reason string

// Reasons, beside those that are named after a [Criterion].
const (
	Only         Reason = "only value"
	Validity     Reason = "validity"     // the other one is invalid or has expired
	Completeness Reason = "completeness" // the other record lacks a field that is needed
	TieBreak     Reason = "tie-break"
	Refused      Reason = "never" // the other one's source never gives the field
	Surplus      Reason = "at-most"
)

// reason says why a stands before b.
func reason(by []Criterion, a, b *candidate) Reason {
	if a.standing != b.standing {
		if b.standing == partial {
			return Completeness
		}
		return Validity
	}
	for _, k := range by {
		if k.compare(a, b) != 0 {
			return Reason(k)
		}
	}
	return TieBreak
}
