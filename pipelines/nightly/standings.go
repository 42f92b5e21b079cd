package nightly

import (
	"context"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

// standings answers what a record's person is to the register tonight: erased, a member, neither.
type standings struct {
	resolved   *resolve.Result
	members    map[string]policy.Standing // by subject
	suppressed map[string]string          // subject to clause
	points     map[string]string          // contact points, by record key, that suppressed subjects alone have, to clause
	stranger   string                     // clause under which somebody unknown is no member
}

func (s *standings) of(system, personKey string) protect.Standing {
	subject, known := s.resolved.Subject(system, personKey)
	if !known {
		return protect.Standing{Clause: s.points[system+canon.KeySeparator+personKey]}
	}
	m, ok := s.members[subject]
	if !ok {
		m.Clause = s.stranger
	}
	return protect.Standing{Subject: subject, Known: true, Clause: s.suppressed[subject], Member: m.Member, Ended: m.Clause}
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

// standings works out membership from tonight's rows and from those in the register that did not change, and
// suppression from the marks of everybody whom the resolver knows.
func (n *Night) standings(ctx context.Context, r *pipelines.Run) (*standings, error) {
	facts := map[string]*policy.Facts{}
	of := func(subject string) *policy.Facts {
		f := facts[subject]
		if f == nil {
			f = &policy.Facts{}
			facts[subject] = f
		}
		return f
	}
	for _, key := range sortedKeys(n.members.records) {
		system, personKey := splitRecord(key)
		if subject, ok := n.resolved.Subject(system, personKey); ok {
			join(of(subject), n.members.records[key])
		}
	}
	n.members = nil // told; a night's memory is what its largest stage needs
	if len(n.enrolled.records) > 0 {
		subjects := n.subjectsByToken()
		for record, f := range n.enrolled.records {
			if subject, ok := subjects[record]; ok {
				join(of(subject), f)
			}
		}
	}
	n.enrolled = nil
	st := &standings{resolved: n.resolved, members: make(map[string]policy.Standing, len(facts)), stranger: n.pack.Member(&policy.Facts{}, r.Date).Clause}
	for subject, f := range facts {
		st.members[subject] = n.pack.Member(f, r.Date)
	}
	var err error
	if st.suppressed, err = n.suppressed(ctx); err == nil {
		st.points = n.suppressedPoints(st.suppressed)
	}
	n.standing = st
	return st, err
}

func splitRecord(key string) (system, personKey string) {
	for i := 0; i < len(key); i++ {
		if key[i] == canon.KeySeparator[0] {
			return key[:i], key[i+1:]
		}
	}
	return key, ""
}

// registered gathers the facts of rows that are in the register and neither changed nor left tonight, by record token.
func (n *Night) registered(ctx context.Context) (*membership, error) {
	m := newMembership()
	err := n.ws.Register.See(ctx, func(v *register.View) error {
		for _, table := range []string{"degree", "role", "person"} {
			for b, err := range v.Scan(ctx, table, memberColumns[table], register.Current, onlyMembers[table]...) {
				if err != nil {
					return err
				}
				m.registerBatch(table, b, n.touched)
			}
		}
		return nil
	})
	return m, err
}

// memberColumns are what membership needs of the register's tables: the row's and the record's token, then the facts.
var memberColumns = map[string][]string{
	"degree": {"source_key", "record", "institution_code", "date"},
	"role":   {"source_key", "record", "kind", "from", "to"},
	"person": {"source_key", "record", "deceased", "deceased_date"},
}

// registerBatch is note for rows of the register, whose records are tokens. Rows in skip are left out.
func (m *membership) registerBatch(table string, b *canon.Batch, skip map[string]bool) {
	for i := range b.Len() {
		if skip[b.Col(0).Text(i)] {
			continue
		}
		record := b.Col(1).Text(i)
		switch table {
		case "degree":
			m.degree(record, b.Col(2), b.Col(3), i)
		case "role":
			m.role(record, b.Col(2), b.Col(3), b.Col(4), i)
		case "person":
			m.death(record, b.Col(2), b.Col(3), i)
		}
	}
}

func (n *Night) subjectsByToken() map[string]string {
	d := n.ws.SourceTokens()
	out := make(map[string]string, len(n.resolved.Records))
	for i := range n.resolved.Records {
		r := &n.resolved.Records[i]
		out[protect.Record(d, r.System, r.PersonKey)] = r.Subject
	}
	return out
}

// suppressed finds the subjects of whom any record bears a mark of the suppression list.
func (n *Night) suppressed(ctx context.Context) (map[string]string, error) {
	list, err := n.ws.Vault.Suppressed(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	tokens := n.ws.Suppression()
	out := map[string]string{}
	for i := range n.resolved.Records {
		subject := n.resolved.Records[i].Subject
		if out[subject] != "" {
			continue
		}
		for _, id := range n.resolved.Identities(i) {
			for _, mark := range n.pack.SuppressionKeys(id) {
				if s, hit := list[workspace.SuppressionToken(tokens, mark)]; hit {
					out[subject] = s.Clause
				}
			}
		}
	}
	return out, nil
}

// suppressedPoints gives the contact points that belong to suppressed subjects and to nobody else, with the clause.
func (n *Night) suppressedPoints(suppressed map[string]string) map[string]string {
	if len(suppressed) == 0 {
		return nil
	}
	out, shared := map[string]string{}, map[string]bool{}
	for _, p := range n.resolved.Points(n.pointSystems()) {
		key := p.System + canon.KeySeparator + p.PersonKey
		if clause := suppressed[p.Subject]; clause != "" {
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

// kept tells whether anything of a record may be in the register.
func (n *Night) kept(subject string) bool { return n.standing.suppressed[subject] == "" }

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
