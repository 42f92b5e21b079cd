package nightly

import (
	"cmp"
	"context"
	"slices"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
	"uoma/transforms/pseudonym"
	"uoma/transforms/resolve"
)

// standings answers what a record's person is to the register tonight: erased, a member, neither.
type standings struct {
	resolved   *resolve.Result
	members    map[string]policy.Standing // by subject
	groups     map[string]uint32          // by subject: groups of the policy that they belong to, or did
	suppressed map[string]string          // subject to clause
	dead       map[string]bool            // by subject
	diedOn     map[string]canon.Date      // by subject, 0 when only the death is known
	shielded   map[string]bool            // by subject: under an address protection order
	onDuty     map[string]bool            // by subject: somebody who tells of duties says that they have one
	tokens     *pseudonym.Domain          // of records
	spared     map[string]bool            // records of suppressed subjects that are stored and that a hold keeps, by token
	sparedOf   map[string]bool            // the subjects that have them
	points     map[string]string          // contact points, by record key, that suppressed subjects alone have, to clause
	marked     *pointMarks                // contact points of erased people whom no source has any more
	stranger   string                     // clause under which somebody unknown is no member
}

// of gives the standing of a record's person.
func (s *standings) of(system, personKey string) protect.Standing {
	subject, known := s.resolved.Subject(system, personKey)
	if !known {
		return protect.Standing{Clause: cmp.Or(s.points[system+canon.KeySeparator+personKey], s.marked.clauseOf(personKey))}
	}
	m, ok := s.members[subject]
	if !ok {
		m.Clause = s.stranger
	}
	return protect.Standing{Subject: subject, Known: true, Clause: s.erased(subject, system, personKey), Member: m.Member, Left: m.Ended, Ended: m.Clause, Groups: s.groups[subject]}
}

// erased gives the clause under which nothing of a subject's record may be stored, "" when it may.
func (s *standings) erased(subject, system, personKey string) string {
	clause := s.suppressed[subject]
	if clause != "" && s.sparedOf[subject] && s.spared[protect.Record(s.tokens, system, personKey)] {
		return ""
	}
	return clause
}

func (s *standings) memberCount() int {
	n := 0
	for _, m := range s.members {
		if m.Member {
			n++
		}
	}
	return n
}

// standings finds who was erased, from the marks of everybody whom the resolver knows. What else people are is left to
// [standings.work].
func (n *Night) standings(ctx context.Context, r *pipelines.Run) (*standings, error) {
	st := &standings{resolved: n.resolved, tokens: n.ws.SourceTokens()}
	list, err := n.ws.Vault.Suppressed(ctx)
	if err != nil {
		return nil, err
	}
	if st.suppressed, st.marked, err = n.suppressed(ctx, list); err != nil {
		return nil, err
	}
	if err := st.heedHolds(ctx, n, r); err != nil {
		return nil, err
	}
	if err := st.markPoints(ctx, n, r, list); err != nil {
		return nil, err
	}
	st.points = n.suppressedPoints(st)
	n.standing = st
	return st, nil
}

// work works out membership, groups and duties from what all rows say of them.
func (s *standings) work(n *Night, date canon.Date) {
	facts, loader := map[string]*policy.Facts{}, n.pack.Loader(date)
	s.groups, s.dead, s.onDuty = map[string]uint32{}, map[string]bool{}, map[string]bool{}
	s.diedOn, s.shielded = map[string]canon.Date{}, map[string]bool{}
	for _, rows := range n.told() {
		for i := range rows {
			subject, ok := n.whose(&rows[i])
			if !ok {
				continue
			}
			f := facts[subject]
			if f == nil {
				f = &policy.Facts{}
				facts[subject] = f
			}
			x := &rows[i]
			x.add(f)
			if x.onDuty(date) && loader.Table(x.Feed, "role").Allow {
				s.onDuty[subject] = true
			}
			// A role that ended counts: what was stored of it goes when its period ends. What it may be used for is another matter.
			if x.Kind == toldRole && canon.Date(x.Day) <= date && loader.Table(x.Feed, "role").Allow {
				s.groups[subject] |= n.pack.GroupsOf(x.Code)
			}
		}
	}
	s.stranger = n.pack.Member(&policy.Facts{}, date).Clause
	s.members = make(map[string]policy.Standing, len(facts))
	for subject, f := range facts {
		s.members[subject] = n.pack.Member(f, date)
		if f.Deceased {
			s.dead[subject], s.diedOn[subject] = true, f.DeceasedOn
		}
		if f.Protected {
			s.shielded[subject] = true
		}
	}
}

// suppressed finds the subjects of whom any record bears a mark of the suppression list, and what people said against a
// use before their data was removed, by subject. Of whom nothing is known but contact points, one of them is enough.
func (n *Night) suppressed(ctx context.Context, list map[string]vault.Suppression) (erased map[string]string, marked *pointMarks, err error) {
	words, err := n.ws.Vault.Words(ctx)
	if err != nil {
		return nil, nil, err
	}
	n.words, n.spread, n.stray = map[string][]vault.Word{}, nil, nil
	if len(list)+len(words) == 0 {
		return nil, nil, nil
	}
	tokens, bearers := n.ws.Suppression(), map[string][]int{} // records by mark, of marks that words name
	for token, under := range words {
		bearers[token] = nil
		for i := range under {
			if under[i].Origin != "" {
				bearers[under[i].Origin] = nil
			}
		}
	}
	erased = map[string]string{}
	for i := range n.resolved.Records {
		subject := n.resolved.Records[i].Subject
		for token := range borne(n.resolved, i, tokens) {
			if s, hit := list[token]; hit && erased[subject] == "" {
				erased[subject] = s.Clause
			}
			if of, asked := bearers[token]; asked && (len(of) == 0 || of[len(of)-1] != i) {
				bearers[token] = append(of, i)
			}
		}
	}
	n.stray = n.takeStray(words, bearers)
	for _, token := range sortedKeys(words) {
		for _, subject := range n.subjectsOf(bearers[token]) {
			n.words[subject] = append(n.words[subject], words[token]...)
		}
	}
	marked = n.pointMarks(list, func(i int) bool { return erased[n.resolved.Records[i].Subject] == "" })
	for i, clause := range marked.bare(n.resolved) {
		erased[n.resolved.Records[i].Subject] = clause
	}
	n.spread = n.spreadWords(words, erased, bearers)
	return erased, marked, nil
}

// subjectsOf gives the subjects of some records, each once.
func (n *Night) subjectsOf(records []int) (out []string) {
	for _, i := range records {
		if subject := n.resolved.Records[i].Subject; !slices.Contains(out, subject) {
			out = append(out, subject)
		}
	}
	return out
}

// suppressedPoints gives the contact points that belong to suppressed subjects and to nobody else, with the clause.
func (n *Night) suppressedPoints(st *standings) map[string]string {
	if len(st.suppressed) == 0 {
		return nil
	}
	out, shared := map[string]string{}, map[string]bool{}
	for _, p := range n.resolved.Points(n.pointSystems()) {
		key := p.System + canon.KeySeparator + p.PersonKey
		if clause := st.erased(p.Subject, p.System, p.PersonKey); clause != "" {
			out[key] = clause
		} else {
			shared[key] = true
		}
	}
	for key := range shared {
		delete(out, key)
	}
	return out
}

// pointSystems gives the systems of which some feed names people by contact point alone.
func (n *Night) pointSystems() map[string]bool {
	out := map[string]bool{}
	n.each(func(l *layout.Layout, f *layout.Feed) {
		if f.Person.Point != "" {
			out[l.System] = true
		}
	})
	return out
}
