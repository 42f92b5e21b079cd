package policy

import (
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

var (
	errOverlap = fault.New("UOMA-POL-OVERLAP", "two versions of a pack are in force on the same day", "end the older one the day before the newer begins")
	errText    = fault.New("UOMA-POL-TEXT", "a text that people agreed to has another digest than in an earlier version of the pack", "give a text that was changed a version of its own, and leave those of before as they were")
)

// Shelf holds packs in several versions.
type Shelf struct{ packs []*Pack }

// Collect puts packs on a shelf. Two versions of one pack must not be in force on the same day, and what people agreed to stays
// what it was.
func Collect(packs ...*Pack) (*Shelf, error) {
	sorted := slices.Clone(packs)
	slices.SortStableFunc(sorted, func(a, b *Pack) int {
		if c := strings.Compare(a.ID, b.ID); c != 0 {
			return c
		}
		return int(a.from - b.from)
	})
	var findings fault.List
	texts := map[[3]string]string{}
	for _, p := range sorted {
		for _, c := range p.Consents {
			for _, t := range c.Texts {
				text := [3]string{p.ID, c.Purpose, t.Version}
				if before, known := texts[text]; known && before != t.SHA256 {
					findings = append(findings, errText.At(fault.Place{Field: p.ID + " " + p.Version + ", " + c.Purpose + " " + t.Version}))
				}
				texts[text] = t.SHA256
			}
		}
	}
	for i := 1; i < len(sorted); i++ {
		a, b := sorted[i-1], sorted[i]
		if a.ID == b.ID && (a.openEnd || a.to >= b.from) {
			findings = append(findings, errOverlap.At(fault.Place{Field: b.ID + " " + a.Version + ", " + b.Version}))
		}
	}
	return &Shelf{sorted}, findings.Err()
}

// InForce gives the version of a pack that is in force on a date.
func (s *Shelf) InForce(id string, date canon.Date) (*Pack, bool) {
	for _, p := range s.packs {
		if p.ID == id && p.At(date) {
			return p, true
		}
	}
	return nil, false
}
