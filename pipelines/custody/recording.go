package custody

import (
	"context"
	"slices"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

// RecordingDomain is the register's domain, of requests about a recording of an exam: one person asks, and an administrator
// of the exams, whom the workspace's operators name, allows it and accompanies the look.
const RecordingDomain = "recording"

// RecordingReasons gives why somebody may ask whose a recording may be, by code.
func RecordingReasons() map[string]string {
	return map[string]string{
		"misconduct":     "an exam's recording shows what may be cheating",
		"identity_check": "somebody may not be who was to sit the exam",
	}
}

var (
	errDesignated = fault.New("UOMA-RVL-RECORDING", "a recording is looked at with a designated administrator, and nobody is named as one", "name the exam administrators in operators.yaml")
	errRecording  = fault.New("UOMA-RVL-RECORDING-UNKNOWN", "the register has no such recording", "give its id as the camera system's list has it; after its time it is gone")
	errNoCase     = fault.New("UOMA-RVL-RECORDING-CASE", "no case is open that the recording is kept for", "open the case in the camera system's list of holds first; the next night brings it")
	errNoVisitor  = fault.New("UOMA-RVL-RECORDING-NOBODY", "nobody had an exam or passed a door while it was recorded", "ask for another recording")
	errVisitors   = fault.New("UOMA-RVL-RECORDING-MANY", "more than 20 people had an exam or passed a door while it was recorded", "find the person by the exam, and make a request for their pseudonym")
)

// permission gives what asking, and what allowing, needs in a domain.
func permission(domain string) (ask, allow access.Permission) {
	if domain == RecordingDomain {
		return access.AskRecording, access.ApproveRecording
	}
	return access.Reveal, access.ApproveReveal
}

// RequestRecording asks whose a recording of an exam may be: of the people who had an exam or passed a door while it was
// recorded. It shows nothing, and joins nothing but for this case.
func RequestRecording(ctx context.Context, ws *workspace.Workspace, system, id, reason, clause string, open time.Duration, by Author) (ledger.Reveal, error) {
	if ws.Operators == nil {
		return ledger.Reveal{}, errDesignated
	}
	if RecordingReasons()[reason] == "" {
		return ledger.Reveal{}, errAsk
	}
	token := ws.SourceTokens().Token("key", system, "recording", id)
	var people []string
	err := ws.Register.See(ctx, func(v *register.View) (err error) {
		people, err = visitors(ctx, v, token)
		return err
	})
	switch {
	case err != nil:
		return ledger.Reveal{}, err
	case len(people) == 0:
		return ledger.Reveal{}, errNoVisitor
	case len(people) > bulk:
		return ledger.Reveal{}, errVisitors
	}
	return add(ctx, ws, RecordingDomain, people, reason, clause, open, by, token)
}

// span is a time, both ends included, in microseconds.
type span struct{ from, to int64 }

func (s span) meets(o span) bool { return s.from <= o.to && o.from <= s.to }

// recorded gives the time of a recording that a case keeps.
func recorded(ctx context.Context, v *register.View, recording string) (during span, err error) {
	found, held := false, false
	err = each(v.Scan(ctx, "recording", []string{"key", "start", "end", "hold"}, register.Current), func(b *canon.Batch, i int) {
		if b.Col(0).Null(i) || b.Col(0).Text(i) != recording {
			return
		}
		from, ok := b.Col(1).Instant(i)
		if during, found, held = (span{from, from}), ok, held || b.Col(3).Bool(i); !b.Col(2).Null(i) {
			during.to, _ = b.Col(2).Instant(i)
		}
	})
	switch {
	case err != nil:
		return during, err
	case !found:
		return during, errRecording
	case !held:
		return during, errNoCase
	}
	return during, nil
}

// visitors gives the persons who had an exam or passed a door during a recording that a case keeps.
func visitors(ctx context.Context, v *register.View, recording string) ([]string, error) {
	during, err := recorded(ctx, v, recording)
	if err != nil {
		return nil, err
	}
	records := map[string]bool{}
	err = each(v.Scan(ctx, "exam", []string{"record", "booked_from", "booked_to"}, register.Current), func(b *canon.Batch, i int) {
		from, begun := b.Col(1).Instant(i)
		to, ended := b.Col(2).Instant(i)
		if begun && ended && during.meets(span{from, to}) {
			records[b.Col(0).Text(i)] = true
		}
	})
	if err != nil {
		return nil, err
	}
	err = each(v.Scan(ctx, "access", []string{"record", "time"}, register.Current), func(b *canon.Batch, i int) {
		if at, ok := b.Col(1).Instant(i); ok && during.meets(span{at, at}) {
			records[b.Col(0).Text(i)] = true
		}
	})
	if err != nil {
		return nil, err
	}
	var people []string
	for l, err := range v.Links(ctx) {
		if err != nil {
			return nil, err
		}
		if records[l.Record] {
			people = append(people, l.Person)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(people))), nil
}

// each calls f for every row.
func each(batches canon.Batches, f func(b *canon.Batch, i int)) error {
	for b, err := range batches {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			f(b, i)
		}
	}
	return nil
}
