package policy

import "uoma/internal/canon"

// ConsentRow is a consent as a row of the register says it.
type ConsentRow struct {
	Purpose, Topic, Channel, State, Source string

	Time   int64      // microseconds since 1970 UTC; 0 when unknown
	Missed canon.Date // the night that missed the row in its source; 0 while it is exported
}

// Hear adds what a row says of a consent at an instant, and tells whether that is anything. A channel that nobody knows says
// nothing, and neither does what was allowed by a row that is exported no more ([Consent.Outlive]).
func (f *Facts) Hear(row ConsentRow, instant int64) bool {
	channel, known := ParseChannel(row.Channel)
	if !known {
		return false
	}
	state, _ := ParseState(row.State)
	word := Consent{Purpose: row.Purpose, Topic: row.Topic, Channel: channel, State: state, Time: row.Time, Source: row.Source}
	if row.Missed != 0 && !word.Outlive(row.Missed, instant) {
		return false
	}
	if row.State == Doubted {
		word.State = Granted
		f.Doubted = append(f.Doubted, word)
	} else {
		f.Consents = append(f.Consents, word)
	}
	return true
}
