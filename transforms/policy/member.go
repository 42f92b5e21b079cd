package policy

import (
	"slices"

	"uoma/internal/canon"
)

// Membership says who becomes a member of the register and how. A part that is missing does not happen.
type Membership struct {
	Role         string        `yaml:"role"`
	Institutions *Institutions `yaml:"institutions"`
	Automatic    *Automatic    `yaml:"automatic"`
	Joining      *Entry        `yaml:"joining"`
	Leaving      *Entry        `yaml:"leaving"`
}

// Institutions are those whose graduates may be members.
type Institutions struct {
	Codes []string `yaml:"codes"`
	Entry `yaml:",inline"`
}

// Automatic makes everyone a member who graduated on the date or later; without a date, every graduate.
type Automatic struct {
	From  string `yaml:"from"`
	Entry `yaml:",inline"`

	from canon.Date
}

// Standing is a person's membership of the pack's register on a date.
type Standing struct {
	Member bool
	Role   string     // the pack's role, when a member
	Since  canon.Date // the day membership began, when a member
	Ended  bool       // was a member once and is no more
	Until  canon.Date // the day membership ended, when Ended: the anchor [MembershipEnd]
	Clause string
}

// Member works out membership on a date. Graduates of an eligible institution are members from graduation when they
// graduated on the pack's date or later, else from the day they joined; where the pack names no institutions, everybody
// may join. Leaving ends it, whatever the register says of
// their degrees, until they join again; so does death. Leaving and joining on one day is leaving.
//
// A person who died on an unknown day stops being a member on the date asked for.
func (p *Pack) Member(f *Facts, at canon.Date) Standing {
	m := &p.Load.Membership
	graduated, automatic, ok := p.graduation(f, at)
	s := Standing{Clause: p.Stops.NoMember.lead()}
	left, hasLeft := latest(f.Left, at)
	if m.Leaving == nil {
		hasLeft = false
	}
	joined, hasJoined := firstAfter(f.Joined, left, hasLeft, at)
	hasJoined = hasJoined && m.Joining != nil
	switch {
	case !ok && hasLeft && !hasJoined: // the degree may have gone before the rest
		s = Standing{Ended: true, Until: left, Clause: m.Leaving.lead()}
	case !ok && m.Institutions != nil:
		s = Standing{Clause: m.Institutions.lead()}
	case !ok:
	case automatic && !hasLeft:
		s = Standing{Member: true, Since: graduated, Clause: m.Automatic.lead()}
	case hasJoined:
		s = Standing{Member: true, Since: max(joined, graduated), Clause: m.Joining.lead()}
	case hasLeft:
		s = Standing{Ended: true, Until: left, Clause: m.Leaving.lead()}
	}
	if s.Member && f.dead(at) {
		s = Standing{Ended: true, Until: f.DeceasedOn, Clause: p.Stops.Deceased.lead()}
		if f.DeceasedOn == 0 {
			s.Until = at
		}
	}
	if s.Member {
		s.Role = m.Role
	}
	return s
}

// graduation gives the day on which the person first could be a member: of the first degree that makes one
// automatically, or of the first eligible one.
func (p *Pack) graduation(f *Facts, at canon.Date) (day canon.Date, automatic, ok bool) {
	m := &p.Load.Membership
	if m.Institutions == nil { // the register is not for graduates alone: joining is all it takes
		return 0, false, m.Joining != nil
	}
	for _, d := range f.Degrees {
		if d.Date > at || !slices.Contains(m.Institutions.Codes, d.Institution) {
			continue
		}
		auto := m.Automatic != nil && d.Date >= m.Automatic.from
		if !ok || auto && !automatic || auto == automatic && d.Date < day {
			day, automatic, ok = d.Date, auto || automatic, true
		}
	}
	return day, automatic, ok
}

func latest(days []canon.Date, at canon.Date) (day canon.Date, ok bool) {
	for _, d := range days {
		if d <= at && (!ok || d > day) {
			day, ok = d, true
		}
	}
	return day, ok
}

// firstAfter gives the first day up to at that is later than after, when there is an after.
func firstAfter(days []canon.Date, after canon.Date, hasAfter bool, at canon.Date) (day canon.Date, ok bool) {
	for _, d := range days {
		if d <= at && (!hasAfter || d > after) && (!ok || d < day) {
			day, ok = d, true
		}
	}
	return day, ok
}
