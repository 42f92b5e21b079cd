// Package resolve finds out which records are the same person, and keeps each person's id through every night.
//
// A record is what one system says of one person: system and person key. The engine is given the source rows that changed
// ([Engine.Add], [Engine.Remove]) on top of what it remembers of all others ([Engine.Restore]), and answers with a
// [Result]: the subject of every record, what changed, and why.
//
// Linking is careful rather than eager, as two people in one subject is worse than one person in two:
//
//  1. Strong identifiers link: national identity code, learner number, student number within an institution, employee
//     number, eduPersonPrincipalName, in this order. Records that share an identifier and are otherwise nobody's twin are
//     one person. Records that share it while names or another strong identifier contradict are a conflict: they are
//     counted and not linked, so that one wrong identifier never bridges two people.
//  2. Where identifiers are silent, rules on name, birth date and contact link, each asking for two independent
//     agreements, a given name among them: household members share address, phone and family name, and twins the birth
//     date too. A record that fits two people is left alone and counted.
//
// Every link is checked against all records of both clusters, so that no chain of weak links joins what contradicts.
// The order of records never matters.
//
// A subject keeps its id as long as most of its records stay together. [Event] tells of merges and splits; an id that is
// given up is never given to someone else.
//
// The package is pure: ids are minted by a function of the caller.
package resolve

import (
	"maps"
	"slices"
	"strings"

	"uoma/internal/canon"
)

// Member is what is remembered of one source row with identity facts. Text is folded (see fold.go); the engine's own
// state, for encrypted storage only.
type Member struct {
	Feed      string `parquet:"feed,dict"`
	RowKey    string `parquet:"row_key"`
	PersonKey string `parquet:"person_key"`
	Subject   string `parquet:"subject"` // of the record, after the last night

	Hetu           string   `parquet:"hetu"`
	Oppijanumero   string   `parquet:"oppijanumero"`
	StudentNumber  string   `parquet:"student_number"` // "institution:number"
	EmployeeNumber string   `parquet:"employee_number"`
	Eppn           string   `parquet:"eppn"`
	Family         string   `parquet:"family"`
	Former         string   `parquet:"former"`
	Given          string   `parquet:"given"` // all given names, in order
	Call           string   `parquet:"call"`
	Birth          int32    `parquet:"birth"` // canon.Date, or NoBirth
	Emails         []string `parquet:"emails,list"`
	Phones         []string `parquet:"phones,list"`
	Place          string   `parquet:"place"` // postcode and street line
}

// NoBirth stands for an unknown birth date.
const NoBirth = int32(-1 << 31)

// standIn is 1900-01-01, which systems store where they know no birth date.
const standIn = int32(-25567)

// roles are mailboxes of an office, not of a person.
var roles = []string{"info", "alumni", "office", "toimisto", "kirjaamo", "hakutoimisto", "noreply", "no-reply", "postmottak"}

// Settings of an engine.
type Settings struct {
	// Mint makes a subject id for a new subject from its first record and a number that is 0 unless that id is taken.
	Mint func(system, personKey string, n int) string
	// Clean names systems that have no duplicates: rules on names never put two of their records together.
	Clean map[string]bool
}

// Engine holds the rows of all nights. It is not safe for concurrent use.
type Engine struct {
	s       Settings
	members map[string]*Member // by feed and row key
	touched map[string]bool    // rows that were added since the engine was made
	before  map[string]bool    // ids that the last night had
	retired map[string]bool    // ids that were given up
}

// New makes an empty engine.
func New(s Settings) *Engine {
	return &Engine{s: s, members: map[string]*Member{}, touched: map[string]bool{}, before: map[string]bool{}, retired: map[string]bool{}}
}

// Restore adds what an earlier night remembered, and the ids that were given up since the first one.
func (e *Engine) Restore(members []Member, retired []string) {
	for i := range members {
		m := members[i]
		e.members[memberKey(m.Feed, m.RowKey)] = &m
		e.before[m.Subject] = true
	}
	for _, id := range retired {
		e.retired[id] = true
	}
}

func memberKey(feed, rowKey string) string { return feed + canon.KeySeparator + rowKey }

// Remove forgets a source row.
func (e *Engine) Remove(feed, rowKey string) {
	delete(e.members, memberKey(feed, rowKey))
}

// Add takes the identity facts of new or changed source rows: batches of the tables person, email, phone and address, in
// any order. What was remembered of a row that is added gives way.
// Other tables say nothing about who somebody is and are passed over.
func (e *Engine) Add(b *canon.Batch) {
	switch b.Table.Name {
	case "person":
		e.addPersons(b)
	case "email":
		e.addContacts(b, "address", func(m *Member, v string) {
			if local, _, _ := strings.Cut(v, "@"); !slices.Contains(roles, local) {
				m.Emails = appendOnce(m.Emails, v)
			}
		})
	case "phone":
		e.addContacts(b, "number", func(m *Member, v string) { m.Phones = appendOnce(m.Phones, v) })
	case "address":
		e.addAddresses(b)
	}
}

func (e *Engine) member(b *canon.Batch, i int) *Member {
	rowKey := b.Col(canon.RowKey).Text(i)
	k := memberKey(b.Feed, rowKey)
	old := e.members[k]
	if e.touched[k] {
		return old
	}
	e.touched[k] = true
	m := &Member{Feed: b.Feed, RowKey: strings.Clone(rowKey), PersonKey: strings.Clone(b.Col(canon.PersonKey).Text(i)), Birth: NoBirth}
	if old != nil && old.PersonKey == m.PersonKey {
		m.Subject = old.Subject
	}
	e.members[k] = m
	return m
}

func (e *Engine) addPersons(b *canon.Batch) {
	col := func(name string) canon.Col { return b.Named(name) }
	hetu, oppija, student, employee, eppn := col("hetu"), col("oppijanumero"), col("student_number"), col("employee_number"), col("eppn")
	inst, birth := col("institution_code"), col("birth_date")
	family, former, given, call := col("family_name"), col("former_family_name"), col("given_names"), col("call_name")
	for i := range b.Len() {
		m := e.member(b, i)
		m.Hetu, m.Oppijanumero = strings.Clone(hetu.Text(i)), strings.Clone(oppija.Text(i))
		m.EmployeeNumber, m.Eppn = strings.Clone(employee.Text(i)), strings.Clone(eppn.Text(i))
		if s := student.Text(i); s != "" && !inst.Null(i) {
			m.StudentNumber = inst.Text(i) + ":" + s
		}
		m.Family, m.Former = Fold(family.Text(i)), Fold(former.Text(i))
		m.Given, m.Call = Fold(given.Text(i)), Fold(call.Text(i))
		if d, ok := birth.Day(i); ok && int32(d) != standIn {
			m.Birth = int32(d)
		}
	}
}

func (e *Engine) addContacts(b *canon.Batch, column string, add func(*Member, string)) {
	value := b.Named(column)
	for i := range b.Len() {
		if !value.Null(i) {
			add(e.member(b, i), strings.Clone(value.Text(i)))
		}
	}
}

func (e *Engine) addAddresses(b *canon.Batch) {
	street, postcode := b.Named("line1"), b.Named("postcode")
	for i := range b.Len() {
		if !street.Null(i) && !postcode.Null(i) {
			e.member(b, i).Place = postcode.Text(i) + " " + Fold(street.Text(i))
		}
	}
}

func appendOnce(list []string, v string) []string {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// Members gives what to remember, in a fixed order.
func (e *Engine) Members() []Member {
	out := make([]Member, 0, len(e.members))
	for _, k := range slices.Sorted(maps.Keys(e.members)) {
		out = append(out, *e.members[k])
	}
	return out
}

// Retired gives the ids that were given up, in a fixed order.
func (e *Engine) Retired() []string { return slices.Sorted(maps.Keys(e.retired)) }

// Forget drops every row of a subject and gives its id up: what is erased is remembered nowhere.
func (e *Engine) Forget(subject string) {
	for k, m := range e.members {
		if m.Subject == subject {
			delete(e.members, k)
		}
	}
	e.retired[subject] = true
}
