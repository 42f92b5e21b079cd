package resolve

// Two who were taken for one person may turn out to be two. That is more than that their records are not joined any more, as when one
// of them has another address by now: what a record of one says contradicts the other, or people have decided.

// otherThan tells whether a row says otherwise than before who it is of; old is nil where it was not there. What contact data it has
// is no matter of that.
func (m *Member) otherThan(old *Member) bool {
	before := Member{Birth: NoBirth}
	if old != nil && old.PersonKey == m.PersonKey {
		before = *old
	}
	return m.who() != before.who()
}

// who is what a row says of who it is of.
type who struct {
	hetu, fnr, oppijanumero, orcid, student, employee, employer, eppn, family, former, given, call string

	birth int32
}

func (m *Member) who() who {
	return who{m.Hetu, m.FNR, m.Oppijanumero, m.ORCID, m.StudentNumber, m.EmployeeNumber, m.Employer, m.Eppn, m.Family, m.Former, m.Given, m.Call, m.Birth}
}

// Parted tells whether the j-th record turned out tonight not to be of the person of the i-th one, with which it was joined last night,
// by what else is known of either: mine are the records of the one's subject, and theirs those of the other's. Where the i-th record
// itself says who it is of and did not last night, it may have been given to somebody else, and nothing tells which of the two is the
// person of last night.
func (r *Result) Parted(i, j int, mine, theirs []int) bool {
	a, b := &r.Records[i], &r.Records[j]
	if a.Before == "" || a.Before != b.Before || a.Subject == b.Subject || r.other[r.by[i].Key] {
		return false
	}
	for _, p := range r.apart {
		if r.decided(p, a.Subject, b.Subject) {
			return true
		}
	}
	return contradict(r, mine, theirs, "", nationalCode) || contradict(r, mine, theirs, NoBirth, func(m *Member) int32 { return m.Birth })
}

// decided tells whether people found that two records are two people's of which one is a subject's and the other another's.
func (r *Result) decided(p Pair, one, other string) bool {
	a, okA := r.Subject(p.A.System, p.A.PersonKey)
	b, okB := r.Subject(p.B.System, p.B.PersonKey)
	return okA && okB && (a == one && b == other || a == other && b == one)
}

// contradict tells whether both of some records say something and they have nothing of it in common.
func contradict[T comparable](r *Result, mine, theirs []int, unknown T, of func(*Member) T) bool {
	said := func(records []int) map[T]bool {
		out := map[T]bool{}
		for _, i := range records {
			for _, m := range r.by[i].rows {
				if v := of(m); v != unknown {
					out[v] = true
				}
			}
		}
		return out
	}
	one, other := said(mine), said(theirs)
	for v := range one {
		if other[v] {
			return false
		}
	}
	return len(one) > 0 && len(other) > 0
}
