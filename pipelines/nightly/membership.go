package nightly

import (
	"cmp"
	"slices"
	"strings"

	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

// rowFact is what a source row says of its person's membership of the register, or of the groups that they belong to. All rows'
// facts are gathered before anything is loaded: a degree in one system makes a member whose contact data stands in another. Those
// of rows that are not conformed tonight are remembered.
type rowFact struct {
	Feed   string `parquet:"feed,dict"`
	Place  int32  `parquet:"place"` // of the row in its feed's snapshot
	Person string `parquet:"person"`
	Kind   string `parquet:"kind,dict"`
	Code   string `parquet:"code,dict"`     // the institution of a degree, the kind of a role
	Day    int32  `parquet:"day"`           // a canon.Date; 0 of a death whose day is unknown, of a role without a first day, and of a duty without a last
	From   int32  `parquet:"from,optional"` // of a duty its first day, 0 without one
	// Subject is whose it was on the night that wrote it down, of what outlives its row.
	Subject string `parquet:"subject,optional"`
}

// outlives tells whether the fact counts on when its row is exported no more: one who left has not joined again, nor has one who died
// come back, because a source gave the row up. It counts until a row of the feed tells of the person anew.
func (x *rowFact) outlives() bool {
	return x.Kind == toldLeft || x.Kind == toldDead || x.Kind == toldShield
}

// Kinds of a rowFact.
const (
	toldDegree = "degree"
	toldJoined = "joined"
	toldLeft   = "left"
	toldDead   = "dead"
	toldShield = "shield" // an address protection order
	toldRole   = "role"   // of a pack with groups
	toldDuty   = "duty"   // a role by which somebody has a duty; the day is its last; it may begin later
)

// note takes what a canonical batch says.
func (w *conforming) note(b *canon.Batch) {
	line, person := b.Col(canon.Line), b.Col(canon.PersonKey)
	if len(w.spoke) > 0 {
		for i := range b.Len() {
			if _, asked := w.spoke[person.Text(i)]; asked {
				w.spoke[person.Text(i)] = true
			}
		}
	}
	tell := func(i int, kind, code string, day canon.Date, from ...canon.Date) {
		if place, ok := w.f.rows.place(line.Int(i)); ok {
			x := rowFact{Feed: b.Feed, Place: place, Person: strings.Clone(person.Text(i)), Kind: kind, Code: strings.Clone(code), Day: int32(day)}
			if len(from) > 0 {
				x.From = int32(from[0])
			}
			w.f.rows.facts = append(w.f.rows.facts, x)
		}
	}
	switch b.Table.Name {
	case "degree":
		date, inst := b.Named("date"), b.Named("institution_code")
		for i := range b.Len() {
			if day, ok := date.Day(i); ok && !inst.Null(i) {
				tell(i, toldDegree, inst.Text(i), day)
			}
		}
	case "role":
		kind, from, to := b.Named("kind"), b.Named("from"), b.Named("to")
		for i := range b.Len() {
			if len(w.n.pack.Groups) > 0 {
				day, _ := from.Day(i)
				tell(i, toldRole, kind.Text(i), day)
			}
			if w.n.pack.TellsDuty(b.Feed, kind.Text(i)) {
				begins, _ := from.Day(i)
				day, _ := to.Day(i)
				tell(i, toldDuty, kind.Text(i), day, begins)
			}
			if kind.Text(i) != protect.MemberRole {
				continue
			}
			if day, ok := from.Day(i); ok {
				tell(i, toldJoined, "", day)
			}
			if day, ok := to.Day(i); ok {
				tell(i, toldLeft, "", day)
			}
		}
	case "person":
		dead, on, shield := b.Named("deceased"), b.Named("deceased_date"), b.Named("protected")
		for i := range b.Len() {
			if shield.Bool(i) {
				tell(i, toldShield, "", 0)
			}
			if day, dated := on.Day(i); dated || dead.Bool(i) {
				tell(i, toldDead, "", day)
			}
		}
	}
}

// add adds the fact to a person's.
func (x *rowFact) add(f *policy.Facts) {
	switch day := canon.Date(x.Day); x.Kind {
	case toldDegree:
		f.Degrees = append(f.Degrees, policy.Degree{Institution: x.Code, Date: day})
	case toldJoined:
		f.Joined = append(f.Joined, day)
	case toldLeft:
		f.Left = append(f.Left, day)
	case toldDead:
		f.Deceased, f.DeceasedOn = true, max(f.DeceasedOn, day)
	case toldShield:
		f.Protected = true
	}
}

// onDuty tells whether the fact is a duty that somebody has on a date.
func (x *rowFact) onDuty(date canon.Date) bool {
	return x.Kind == toldDuty && canon.Date(x.From) <= date && (x.Day == 0 || canon.Date(x.Day) >= date)
}

// told gives the facts of all rows: tonight's, and of feeds that did not land those of the last night, as their rows are
// as they were.
func (n *Night) told() (out [][]rowFact) {
	for _, feed := range sortedKeys(n.toldBefore) {
		if n.feeds[feed] == nil {
			out = append(out, n.toldBefore[feed])
		}
	}
	for _, f := range n.landed() {
		out = append(out, f.rows.facts)
	}
	return out
}

// whose gives the subject that a fact is about tonight: of one that outlived its record, who the person is by now, while any source
// has them.
func (n *Night) whose(x *rowFact) (subject string, ok bool) {
	subject, ok = n.resolved.Subject(canon.SystemOf(x.Feed), x.Person)
	if ok || x.Place != nowhere {
		return subject, ok
	}
	if n.present == nil {
		n.present, n.heir = map[string]bool{}, n.heirs()
		for i := range n.resolved.Records {
			n.present[n.resolved.Records[i].Subject] = true
		}
	}
	subject = cmp.Or(n.heir[x.Subject], x.Subject)
	return subject, n.present[subject]
}

// toldToRemember gives the facts of all rows without those of erased people: their rows are decided anew every night.
func (n *Night) toldToRemember() []rowFact {
	all := slices.Concat(n.told()...)
	for i := range all {
		if x := &all[i]; x.outlives() {
			if subject, known := n.whose(x); known {
				x.Subject = subject
			} else if x.Subject = ""; x.Place == nowhere {
				x.Kind = ""
			}
		}
	}
	all = slices.DeleteFunc(all, func(x rowFact) bool { return x.Kind == "" }) // of people whom no source has any more
	if n.standing == nil || len(n.standing.suppressed) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(x rowFact) bool {
		system := canon.SystemOf(x.Feed)
		subject, _ := n.whose(&x)
		return !n.mayRemember(subject, system, x.Person)
	})
}

// writeTold writes the facts of all rows for the next night, once, and lets go of them: nobody asks for them behind the
// standings.
func (n *Night) writeTold() (err error) {
	if n.toldDigest != "" {
		return nil
	}
	if n.toldDigest, err = snapshot.WriteRows(n.ws.State, n.toldToRemember()); err != nil {
		return err
	}
	n.toldBefore = nil
	for _, f := range n.landed() {
		f.rows.facts = nil
	}
	return nil
}

// addDegree adds a degree of an institution to somebody's facts, unless it has no date.
func addDegree(f *policy.Facts, inst, date canon.Col, i int) {
	if d, ok := date.Day(i); ok {
		f.Degrees = append(f.Degrees, policy.Degree{Institution: strings.Clone(inst.Text(i)), Date: d})
	}
}

// addRole adds the days on which somebody took the role of a member, and gave it up.
func addRole(f *policy.Facts, from, to canon.Col, i int) {
	if d, ok := from.Day(i); ok {
		f.Joined = append(f.Joined, d)
	}
	if d, ok := to.Day(i); ok {
		f.Left = append(f.Left, d)
	}
}

// addDeath adds a death, of which the day may be unknown.
func addDeath(f *policy.Facts, dead, on canon.Col, i int) {
	day, dated := on.Day(i)
	if !dead.Bool(i) && !dated {
		return
	}
	f.Deceased = true
	if dated {
		f.DeceasedOn = day
	}
}
