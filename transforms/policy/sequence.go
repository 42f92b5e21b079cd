package policy

// Sequence is an order in which a person's words have to stand, by the purposes that they are about: who was informed may
// consent, and who consented may book. A booking is such a word, too.
type Sequence struct {
	ID    string   `yaml:"id"`
	Of    []string `yaml:"of"`
	Entry `yaml:",inline"`
}

// Broken tells whether a word of the sequence's last purpose stands, at an instant, without the others before it.
func (s *Sequence) Broken(f *Facts, at int64) bool {
	last := len(s.Of) - 1
	for i := range f.Consents {
		if c := &f.Consents[i]; c.Purpose == s.Of[last] && c.State == Granted && c.Time <= at && !s.stands(f, last-1, c.Time) {
			return true
		}
	}
	return false
}

// stands tells whether the words up to one of the sequence's purposes were said in order before an instant. Who refused or
// took back what they had said had been asked; when it was said first, sources do not tell any more.
func (s *Sequence) stands(f *Facts, step int, before int64) bool {
	if step < 0 {
		return true
	}
	for i := range f.Consents {
		c := &f.Consents[i]
		if c.Purpose != s.Of[step] || c.State == Unknown || c.State == Granted && c.Time > before {
			continue
		}
		if s.stands(f, step-1, min(c.Time, before)) {
			return true
		}
	}
	return false
}
