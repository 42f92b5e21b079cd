package policy

import "math/bits"

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
