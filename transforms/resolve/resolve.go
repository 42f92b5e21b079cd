// Package resolve finds out which records are the same person, and keeps each person's id through every night.
//
// A record is what one system says of one person: system and person key. The engine is given the source rows that changed
// ([Engine.Add], [Engine.Remove]) on top of what it remembers of all others ([Engine.Restore]), and answers with a
// [Result]: the subject of every record, what changed, and why.
//
// Who is who says package linkage: what two records have in common and what contradicts is weighed, strong identifiers
// and everything else in one model, and a cluster is what all of its records fit into. On top of that linking is careful
// rather than eager, as two people in one subject is worse than one person in two: a link that is wrong counts as eight
// that are missed, two birth dates or identity codes that contradict are never one person's, and one number alone never
// overrules a given name. What people have decided stands above all.
//
// A night compares only what changed with all the rest, and ends as comparing everything would. What comes out depends on
// the rows, the model and people's decisions alone, neither on the rows' order nor on the nights on which they came.
//
// A subject keeps its id as long as most of its records stay together. [Event] tells of merges and splits, and
// [Engine.Undo] takes one back; an id that is given up is never given to someone else.
//
// The way of the rows: the engine (this file, store.go) keeps them sorted; record.go groups them by record; columns.go says
// what a record tells; link.go keeps the table of all records linked; subject.go gives each cluster its id.
//
// The package is pure: ids are minted by a function of the caller. It knows no system by name and no file,
// and of the policy only the form in which it asks who somebody is.
package resolve

import (
	"maps"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/linkage"
)

// Member is what is remembered of one source row with identity facts. Text is folded (see [Fold]); the engine's own
// state, for encrypted storage only.
type Member struct {
	Feed      string `parquet:"feed,dict"`
	RowKey    string `parquet:"row_key"`
	PersonKey string `parquet:"person_key"`
	Subject   string `parquet:"subject"`       // of the record, after the last night
	Into      string `parquet:"into,optional"` // person key, in its system, of whom the person with the row's key was merged into

	Hetu           string   `parquet:"hetu"`
	FNR            string   `parquet:"fnr,optional"`
	Oppijanumero   string   `parquet:"oppijanumero"`
	ORCID          string   `parquet:"orcid,optional"`
	StudentNumber  string   `parquet:"student_number"`  // "institution:number"
	Active         int32    `parquet:"active,optional"` // 1 when the row's right to study is in force, so that its student number is
	EmployeeNumber string   `parquet:"employee_number"`
	Employer       string   `parquet:"employer,optional,dict"` // institution code of the employee number
	Eppn           string   `parquet:"eppn"`
	Family         string   `parquet:"family"`
	Former         string   `parquet:"former"`
	Given          string   `parquet:"given"` // all given names, in order
	Call           string   `parquet:"call"`
	Birth          int32    `parquet:"birth"`       // canon.Date, or NoBirth
	Emails         []string `parquet:"emails,list"` // sorted
	Phones         []string `parquet:"phones,list"` // sorted
	Place          string   `parquet:"place"`       // postcode and street line; of several the first in order
}

// NoBirth stands for an unknown birth date.
const NoBirth = int32(-1 << 31)

// standIn is 1900-01-01, which systems store where they know no birth date.
const standIn = int32(-25567)

// roles are mailboxes of an office, not of a person.
var roles = []string{"info", "alumni", "office", "toimisto", "kirjaamo", "hakutoimisto", "noreply", "no-reply", "postmottak"}

// OfOffice tells whether an e-mail address is that of an office, and not of a person.
func OfOffice(address string) bool {
	local, _, _ := strings.Cut(address, "@")
	return slices.Contains(roles, local)
}

// Settings of an engine.
type Settings struct {
	// Mint makes a subject id for a new subject from its first record and a number that is 0 unless that id is taken. The
	// same arguments give the same id, so that a person who was gone for a while and comes back with the same first record
	// has the old one again.
	Mint func(system, personKey string, n int) string
	// Clean names systems that have nobody twice: two of their records that share no identifier are two people.
	Clean []string
	// Threshold is the weight in bits from which records are one person; 0 is [Threshold].
	Threshold float64
	// Apart are pairs of records that a person has found to be two people. Nothing joins them.
	Apart []Pair
	// Together are pairs of records that a person has found to be one person. They are joined whatever they say.
	Together []Pair
}

// Key names a record.
type Key struct{ System, PersonKey string }

// Pair is two records.
type Pair struct{ A, B Key }

// Engine holds the rows of all nights. It is not safe for concurrent use.
type Engine struct {
	s       Settings
	rows    []Member           // by feed and row key
	changes map[rowKey]*Member // not yet worked into rows; nil for rows that are gone
	active  map[rowKey]int32   // 1 for rows of tonight whose right to study is in force
	left    map[Key]string     // subjects of records of which a row went since the last night
	retired map[string]bool    // ids that were given up

	standing *linkage.Standing // nil before the first linking
	learned  *linkage.Model    // of earlier nights, for when the table is made anew; nil when there is none
	touched  map[Key]bool      // records of which a row changed since the last one
	other    map[Key]bool      // records that say otherwise than on the last night who they are of
	anew     bool              // the next linking learns a model
}

// New makes an empty engine.
func New(s Settings) *Engine {
	return &Engine{s: s, changes: map[rowKey]*Member{}, active: map[rowKey]int32{}, left: map[Key]string{}, retired: map[string]bool{}, touched: map[Key]bool{}, other: map[Key]bool{}}
}

// Restore adds what an earlier night remembered, and the ids that were given up since the first one. The engine takes
// members over: the caller does not use the slice any more.
func (e *Engine) Restore(members []Member, retired []string) {
	e.restore(members)
	for _, id := range retired {
		e.retired[id] = true
	}
}

// Remove forgets a source row.
func (e *Engine) Remove(feed, key string) { e.changes[rowKey{feed, key}] = nil }

// Add takes the identity facts of new or changed source rows: batches of the tables person, email, phone, address and study,
// in any order. What was remembered of a row that is added gives way.
// Other tables say nothing about who somebody is and are passed over.
func (e *Engine) Add(b *canon.Batch) {
	switch b.Table.Name {
	case "person":
		e.addPersons(b)
	case "email":
		e.addContacts(b, "address", func(m *Member, v string) {
			if !OfOffice(v) {
				m.Emails = include(m.Emails, v)
			}
		})
	case "phone":
		e.addContacts(b, "number", func(m *Member, v string) { m.Phones = include(m.Phones, v) })
	case "address":
		e.addAddresses(b)
	case "study":
		e.addStudies(b)
	}
}

// member gives the row that facts are added to: a new one on the first facts of tonight.
func (e *Engine) member(b *canon.Batch, i int) *Member {
	key := b.Col(canon.RowKey).Text(i)
	if m := e.changes[rowKey{b.Feed, key}]; m != nil {
		return m
	}
	m := &Member{Feed: b.Feed, RowKey: strings.Clone(key), PersonKey: strings.Clone(b.Col(canon.PersonKey).Text(i)), Birth: NoBirth}
	m.Active = e.active[m.key()]
	e.changes[m.key()] = m
	return m
}

func (e *Engine) addPersons(b *canon.Batch) {
	col := func(name string) canon.Col { return b.Named(name) }
	hetu, oppija, student, employee, eppn := col("hetu"), col("oppijanumero"), col("student_number"), col("employee_number"), col("eppn")
	into := col("merged_into")
	fnr, orcid, inst, birth := col("fnr"), col("orcid"), col("institution_code"), col("birth_date")
	family, former, given, call := col("family_name"), col("former_family_name"), col("given_names"), col("call_name")
	employer := "" // of the last row that has one: of a feed mostly the same
	for i := range b.Len() {
		m := e.member(b, i)
		m.Hetu, m.Oppijanumero = strings.Clone(hetu.Text(i)), strings.Clone(oppija.Text(i))
		m.Into = strings.Clone(into.Text(i))
		m.FNR, m.ORCID = strings.Clone(fnr.Text(i)), strings.Clone(orcid.Text(i))
		m.EmployeeNumber, m.Employer, m.Eppn = strings.Clone(employee.Text(i)), "", strings.Clone(eppn.Text(i))
		if m.EmployeeNumber != "" {
			if inst.Text(i) != employer {
				employer = strings.Clone(inst.Text(i))
			}
			m.Employer = employer
		}
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
		if street.Null(i) || postcode.Null(i) {
			continue
		}
		place := postcode.Text(i) + " " + Fold(street.Text(i))
		if m := e.member(b, i); m.Place == "" || place < m.Place {
			m.Place = place
		}
	}
}

// inForce is the code of a right to study in force, in the national data warehouse of higher education.
const inForce = "1"

// addStudies notes which rows tell of a right in force. A row that tells nothing else says nothing of who somebody is.
func (e *Engine) addStudies(b *canon.Batch) {
	state := b.Named("state")
	for i := range b.Len() {
		if state.Text(i) != inForce {
			continue
		}
		key := rowKey{b.Feed, strings.Clone(b.Col(canon.RowKey).Text(i))}
		e.active[key] = 1
		if m := e.changes[key]; m != nil {
			m.Active = 1
		}
	}
}

// include puts a value into a sorted list that has each value once.
func include(list []string, v string) []string {
	i, found := slices.BinarySearch(list, v)
	if found {
		return list
	}
	return slices.Insert(list, i, v)
}

// Members gives what to remember, by feed and row key. The slice is the engine's own and valid until the engine changes.
func (e *Engine) Members() []Member {
	e.settle()
	return e.rows
}

// Retired gives the ids that were given up, in a fixed order.
func (e *Engine) Retired() []string { return slices.Sorted(maps.Keys(e.retired)) }

// Forget drops every row of a subject and gives its id up: what is erased is remembered nowhere.
func (e *Engine) Forget(subject string) {
	e.forget(func(m *Member) bool { return m.Subject == subject })
	maps.DeleteFunc(e.left, func(_ Key, id string) bool { return id == subject })
	e.retired[subject] = true
}

// ForgetRecords drops every row of some records, and gives up the ids of which no row is left.
func (e *Engine) ForgetRecords(gone func(Key) bool) {
	theirs := map[string]bool{}
	e.forget(func(m *Member) bool {
		if gone(m.record()) {
			theirs[m.Subject] = true
			return true
		}
		return false
	})
	maps.DeleteFunc(e.left, func(k Key, _ string) bool { return gone(k) })
	for i := range e.rows {
		delete(theirs, e.rows[i].Subject)
	}
	maps.Copy(e.retired, theirs)
}

func (e *Engine) forget(gone func(*Member) bool) {
	e.settle()
	e.rows = slices.DeleteFunc(e.rows, func(m Member) bool {
		if !gone(&m) {
			return false
		}
		e.touched[m.record()] = true
		return true
	})
}
