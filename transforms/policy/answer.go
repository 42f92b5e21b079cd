package policy

import (
	"math/bits"
	"slices"

	"uoma/internal/canon"
)

// heldAnswer refuses because of the first freezing hold of a set.
func (p *Pack) heldAnswer(holds uint32) Decision {
	i := bits.TrailingZeros32(holds)
	if i >= len(p.Holds) {
		return Decision{false, p.Stops.Restricted.lead(), "the data is held for a reason that the pack does not know"}
	}
	return Decision{false, p.Holds[i].lead(), p.held[i]}
}

// stopAnswer refuses because of the strongest of a person's flags.
func (p *Pack) stopAnswer(flags uint8) Decision {
	switch {
	case flags&restricted != 0:
		return Decision{false, p.Stops.Restricted.lead(), "processing is restricted"}
	case flags&suppressed != 0:
		return Decision{false, p.Stops.Suppressed.lead(), "the person was erased"}
	case flags&deceased != 0:
		return Decision{false, p.Stops.Deceased.lead(), "the person is dead"}
	}
	return Decision{false, p.Stops.Protected.lead(), "the person is under an address protection order"}
}

// groupAnswer refuses what none of a person's groups may have.
func (p *Pack) groupAnswer(groups uint32) Decision {
	if groups == 0 {
		return Decision{false, p.Stops.NoUse.lead(), "the person is in no group of the register"}
	}
	return Decision{false, p.Groups[bits.TrailingZeros32(groups)].lead(), "the person's group may not have the category"}
}

// refused gives the entry that refuses a purpose or a recipient by name.
func (p *Pack) refused(purpose, recipient string) (e Entry, ok bool) {
	for i := range p.Refusals {
		r := &p.Refusals[i]
		if slices.Contains(r.Purposes, purpose) || recipient != "" && slices.Contains(r.Recipients, recipient) {
			return r.Entry, true
		}
	}
	return Entry{}, false
}

// assessed tells whether a purpose may rest on the basis on a date.
func (b *Basis) assessed(at canon.Date) bool {
	if !b.NeedsAssessment {
		return true
	}
	a := b.Assessment
	return a != nil && a.made <= at && at <= a.review
}

// objectedAnswer refuses because of the first objection of a set.
func (p *Pack) objectedAnswer(objections uint32) Decision {
	i := bits.TrailingZeros32(objections)
	if i >= len(p.Objections) {
		return Decision{false, p.Stops.Withdrawn.lead(), "the person objected in a scope that the pack does not know"}
	}
	return Decision{false, p.Objections[i].lead(), p.objected[i]}
}

// bit gives the value of a flag that is set.
func bit(set bool, value uint8) uint8 {
	if set {
		return value
	}
	return 0
}
