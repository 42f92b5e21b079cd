package policy

import (
	"testing"

	"uoma/internal/canon"
)

// TestWhoAnsweredIsNotSilent has NMBU-15: an invitation is over after half a year without an answer, and with any answer it is
// what was answered, before that day or behind it.
func TestWhoAnsweredIsNotSilent(t *testing.T) {
	p, _, _, _ := shippedPack(t, "nmbu")
	since := canon.Date(20_000)
	category := p.Silent()[0]
	silence := p.Silence(category, since)
	if len(silence) != 1 {
		t.Fatalf("%+v", silence)
	}
	over := silence[0].Time
	day := func(n int) int64 { return (since + canon.Date(n)).End() }
	for name, c := range map[string]struct {
		word State
		said int64
		at   int64
		want State
	}{
		"not yet":                    {at: over - 1, want: Unknown},
		"over":                       {at: over, want: Expired},
		"refused before":             {word: Refused, said: day(10), at: over + 1, want: Refused},
		"granted before":             {word: Granted, said: day(10), at: over + 1, want: Granted},
		"withdrawn behind":           {word: Withdrawn, said: over + 5, at: over + 6, want: Withdrawn},
		"refused, nobody knows when": {word: Refused, at: over + 1, want: Refused},
	} {
		f := &Facts{Consents: silence}
		if c.word != 0 {
			f.Consents = append(f.Consents, Consent{Purpose: silence[0].Purpose, State: c.word, Time: c.said})
		}
		for _, s := range p.Effective(f, c.at) {
			if s.Purpose == silence[0].Purpose && s.State != c.want {
				t.Errorf("%s: %v, not %v", name, s.State, c.want)
			}
		}
	}
}
