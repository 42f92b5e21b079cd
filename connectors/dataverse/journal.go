package dataverse

import "context"

// State is what became of a row that was sent.
type State string

// States of a row.
const (
	Sent    State = "sent"
	Gone    State = "gone"    // cleared or made inactive
	Missing State = "missing" // it was deleted there, and is not made again
)

// Entry is what a journal knows of a row.
type Entry struct {
	Token  string
	Digest string // of what was sent; "" while nobody knows whether it arrived
	ID     string // the service's own key of the row; "" while it is not known
	State  State
}

// Intent is a row that is about to be sent.
type Intent struct {
	Token string
	Key   []string // of the alternate key, where the service's own is not known yet; it names somebody
}

// Journal keeps what was sent to one table. Calls come one after the other, from one run at a time.
type Journal interface {
	// Entries gives all that is known, by token.
	Entries(ctx context.Context) (map[string]Entry, error)
	// Pending gives what was intended and never settled, of rows of which the service's own key is not known.
	Pending(ctx context.Context) ([]Intent, error)
	// Intend notes rows before they are sent, so that whoever comes behind a killed run finds them: their digests are unknown
	// from then on.
	Intend(ctx context.Context, rows []Intent) error
	// Settle notes what became of rows, in place of what was known and intended. An entry without a state is forgotten.
	Settle(ctx context.Context, rows []Entry) error
}
