package nightly

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

var errNobody = fault.New("UOMA-ERA-NOBODY", "nobody is known by that system and key, or that token",
	"look the key up in the system itself, with | between the parts of a composite one; uoma subject find gives the token")

var errClause = fault.New("UOMA-ERA-CLAUSE", "the clause is too long for the books", "name the clause of the notice, such as XAMK-39")

// maxClause is how long a clause may be, in the narrowest of the books.
const maxClause = 64

// Erased says what an erasure removed. It names nobody.
type Erased struct {
	Run     string `json:"run"`
	Records int    `json:"records"` // of the person, over all systems
	Rows    int64  `json:"register_rows"`
	Entries int64  `json:"vault_entries"`
	Marks   int    `json:"suppression_marks"`
	Raw     int    `json:"snapshot_rows"` // emptied in snapshots

	Quarantined int `json:"quarantined_rows"` // emptied in the quarantine

	Before bool `json:"erased_before,omitempty"` // by Run, to its end: there was nothing left to erase
}

// Erase removes the person of a record from vault, register and resolver, destroys the person's key, and keeps keyed
// marks by which the next export's rows about the same person are withheld (GDPR 17; clause is the notice's own). The
// marks come first: killed anywhere, whatever opens the workspace next ([Open]) finishes, and no night in between brings
// anybody back; a repetition is then told so. The caller holds
// the pipeline's lease. In snapshots and quarantine the person's rows are emptied. [workspace.Places] lists every place and
// what an erasure does to it.
func (n *Night) Erase(ctx context.Context, r *pipelines.Run, pipeline, system, personKey, clause string) (Erased, error) {
	return n.erase(ctx, r, pipeline, clause, func() (string, error) {
		subject, _ := n.resolved.Subject(system, personKey)
		return subject, nil
	}, func(book *erasures.Book) (erasures.Entry, bool) {
		return book.OfRecord(protect.Record(n.ws.SourceTokens(), system, personKey))
	})
}

// ErasePerson is Erase of somebody by the register's token.
func (n *Night) ErasePerson(ctx context.Context, r *pipelines.Run, pipeline, person, clause string) (Erased, error) {
	return n.erase(ctx, r, pipeline, clause, func() (string, error) {
		subjects, err := n.ws.Vault.SubjectsOf(ctx, []string{person})
		return subjects[person], err
	}, func(book *erasures.Book) (erasures.Entry, bool) { return book.OfPerson(person) })
}

// erase erases the subject that who finds; of nobody, before looks for the erasure that was there already.
func (n *Night) erase(ctx context.Context, r *pipelines.Run, pipeline, clause string, who func() (string, error), before func(*erasures.Book) (erasures.Entry, bool)) (Erased, error) {
	out := Erased{Run: r.ID()}
	if len(clause) > maxClause {
		return out, errClause
	}
	said := ledger.Entry{At: r.Now().UnixMicro(), Actor: r.Actor, Verb: ledger.SubjectErased, Reason: clause, Run: r.ID()}
	if err := said.Check(); err != nil {
		return out, err
	}
	// One that another program began comes first, so that no line of the book is passed over.
	of := *r
	of.Pipeline = pipeline
	if err := n.HeedErasures(ctx, &of); err != nil {
		return out, err
	}
	e, err := n.recallEngine(ctx, &of)
	if err != nil {
		return out, err
	}
	n.engine = e
	last, err := LastNight(ctx, n.ws.RegisterDB, pipeline)
	if err != nil {
		return out, err
	}
	// What was decided since the last night is the next one's: here everybody is who they are in the register.
	if err := n.heed(ctx, e, dateOf(last)); err != nil {
		return out, err
	}
	if n.resolved, err = e.Resolve(); err != nil {
		return out, err
	}
	n.having = nil // of an erasure before
	subject, err := who()
	if err != nil {
		return out, err
	}
	if subject == "" {
		return n.erasedBefore(before)
	}
	records, person := n.recordsOf(subject), workspace.PersonOf(n.ws.Persons(), subject)
	// From here to the commit nobody writes a word by hand: a hold is there now, or it comes too late and is refused.
	night, err := n.ws.Register.Begin(ctx)
	if err != nil {
		return out, err
	}
	defer night.Rollback()
	if err := ledger.LockErasures(ctx, night.Tx()); err != nil {
		return out, err
	}
	stored, others, err := night.OwnAndShared(ctx, person)
	if err != nil {
		return out, err
	}
	for _, record := range stored { // also those that their sources gave up, which the resolver does not know
		if !slices.Contains(records, record) {
			records = append(records, record)
		}
	}
	past, err := n.vaultOf(ctx, night, subject, records)
	if err != nil {
		return out, err
	}
	own, shared := n.pointsOf(subject, past.points, set(others))
	theirs := set(own)
	records = slices.DeleteFunc(records, func(record string) bool { return theirs[record] })
	if len(records)+len(own)+len(shared) == 0 {
		if held, err := n.inVault(ctx, subject); err != nil || !held { // their records are another's since they were found
			return out, cmp.Or(err, error(errNobody))
		}
	}
	k, err := n.keeping(ctx, r, &night.View)
	if err != nil {
		return out, err
	}
	why, err := k.why(ctx, slices.Concat(records, own, shared))
	if err != nil {
		return out, err
	}
	if why != "" {
		return out, errHeld.Because(errors.New(why))
	}
	marks, err := n.spare(ctx, n.marksOf(subject, past), records)
	if err != nil {
		return out, err
	}
	out.Records, out.Marks = len(records), len(marks)
	entry, err := n.enter(erasures.Entry{Run: r.ID(), Clause: clause, Subject: subject, Person: person, Records: slices.Concat(records, own), Marks: marks})
	if err != nil {
		return out, err
	}
	book := []erasures.Entry{entry}
	traces := n.tracesOf(book)
	bearers := n.bearers(book, &traces)
	if err := n.recallDecisions(ctx, &of); err != nil {
		return out, err
	}
	n.unsettle(func(system, person string) bool {
		of, _ := n.resolved.Subject(system, person)
		return of == subject
	}, subject)
	for e, err := range n.ws.Vault.Open(ctx, []string{subject}, 0) {
		if err != nil {
			return out, err
		}
		out.Entries++
		n.withholdToken(e.Source, e.SourceKey, clause) // so that the next night decides on the row anew, and withholds it
	}
	// The key goes before the register's commit: killed between the two, the resolver still knows the person, so that the
	// command can be repeated.
	if err := n.ws.EraseIdentity(ctx, entry); err != nil {
		return out, err
	}
	e.Forget(subject)
	if out.Raw, err = n.cleanSnapshots(ctx, night, pipeline, traces); err != nil {
		return out, err
	}
	if out.Quarantined, err = n.cleanQuarantine(ctx, night, traces); err != nil {
		return out, err
	}
	records = append(records, own...)
	if err := n.holdRows(ctx, night, records, clause); err != nil {
		return out, err
	}
	var links []register.Link
	for _, record := range shared {
		links = append(links, register.Link{Record: record, Person: person})
	}
	if err := night.Unlink(ctx, links); err != nil {
		return out, err
	}
	if out.Rows, err = night.Erase(ctx, records); err != nil {
		return out, err
	}
	if err := night.ErasePersons(ctx, []string{person}); err != nil {
		return out, err
	}
	if err := night.MarkErased(ctx, bearers); err != nil {
		return out, err
	}
	for _, of := range []int{ledger.OfRegister, ledger.OfFiles} {
		if err := ledger.SetErasureHead(ctx, night.Tx(), of, entry.Number, entry.Chain); err != nil {
			return out, err
		}
	}
	if err := forgetReview(ctx, night.Tx(), records); err != nil {
		return out, err
	}
	if err := ledger.ForgetRectifications(ctx, night.Tx(), person); err != nil {
		return out, err
	}
	said.Subject = person
	if err := n.ws.Audit.Append(ctx, night.Tx(), said); err != nil {
		return out, err
	}
	mem, err := n.remember(&of)
	if err != nil {
		return out, err
	}
	if err := mem.commit(ctx, night.Tx(), &of); err != nil {
		return out, err
	}
	if err := n.check(ctx, night.Tx()); err != nil {
		return out, err
	}
	if err := night.Commit(); err != nil {
		return out, err
	}
	if err := n.ws.RegisterDB.Scrub(ctx); err != nil {
		return out, err
	}
	if err := n.sweepSnapshots(ctx, pipeline); err != nil {
		return out, err
	}
	return out, n.SweepState(ctx)
}

// inVault tells whether the vault has anything of a subject.
func (n *Night) inVault(ctx context.Context, subject string) (bool, error) {
	for _, err := range n.ws.Vault.Open(ctx, []string{subject}, 0) {
		return err == nil, err
	}
	return false, nil
}

// erasedBefore finds the erasure of somebody who is not there any more: one that was cut short is finished by whatever opens
// the workspace next, so that a repetition of it finds nothing left to do.
func (n *Night) erasedBefore(find func(*erasures.Book) (erasures.Entry, bool)) (Erased, error) {
	book, err := n.ws.Erasures()
	if err != nil {
		return Erased{}, err
	}
	e, ok := find(book)
	if !ok {
		return Erased{}, errNobody
	}
	return Erased{Run: e.Run, Before: true}, nil
}

// holdRows notes the source rows of records as withheld, so that the next night decides on them anew, and withholds them.
func (n *Night) holdRows(ctx context.Context, night *register.Night, records []string, clause string) error {
	selected, err := night.SelectRecords(ctx, records)
	if err != nil {
		return err
	}
	for _, t := range register.Tables() {
		for b, err := range selected.Read(ctx, t.Name, []string{"source", "source_key"}, register.All) {
			if err != nil {
				return err
			}
			for i := range b.Len() {
				n.withholdToken(strings.Clone(b.Col(0).Text(i)), strings.Clone(b.Col(1).Text(i)), clause)
			}
		}
	}
	return nil
}

// withholdToken notes a source row as withheld of which the token is known and no more.
func (n *Night) withholdToken(feed, token, clause string) {
	n.withheld[feed] = append(n.withheld[feed], withheldRow{Feed: feed, Place: nowhere, SourceKey: token, Clause: clause})
}

// unsettle lets the rows that wait for an erased person be decided anew on the next night, as nobody will know then whose they
// are until they are conformed, and forgets what all rows say of their membership.
func (n *Night) unsettle(gone func(system, person string) bool, subjects ...string) {
	for feed, rows := range n.withheldBefore {
		for i := range rows {
			if person := rows[i].Person; person != "" && gone(canon.SystemOf(feed), person) {
				rows[i].Person, rows[i].Standing = "", ""
			}
		}
	}
	theirs := set(subjects)
	for feed, told := range n.toldBefore {
		n.toldBefore[feed] = slices.DeleteFunc(told, func(x rowFact) bool {
			return gone(canon.SystemOf(feed), x.Person) || x.Subject != "" && theirs[x.Subject]
		})
	}
}

// pointsOf gives the records of a subject's contact points: those that nobody else has, also in systems that do not know the subject,
// and those that others share. Past are points that the resolver need not know any more, and others the records that the register
// has of other people, too.
func (n *Night) pointsOf(subject string, past []string, others map[string]bool) (own, shared []string) {
	source, elsewhere, mine, systems := n.ws.SourceTokens(), map[string]bool{}, map[string]bool{}, n.pointSystems()
	for _, p := range n.resolved.Points(systems) {
		record := protect.Record(source, p.System, p.PersonKey)
		if p.Subject == subject {
			mine[record] = true
		} else if n.standing.stays(p.Subject) {
			elsewhere[record] = true
		}
	}
	known := points(n.resolved, func(i int) bool { return n.resolved.Records[i].Subject == subject })
	for point := range known {
		n.pointIn(systems, point, func(record string) {
			if !n.othersHave(point, subject) && !elsewhere[record] {
				mine[record] = true
			}
		})
	}
	for _, point := range past {
		if known[point] {
			continue
		}
		alone := !n.othersHave(point, subject)
		n.pointIn(systems, point, func(record string) {
			if others[record] {
				mine[record], elsewhere[record], alone = true, true, false
			}
		})
		n.pointIn(systems, point, func(record string) {
			if alone && !elsewhere[record] {
				mine[record] = true
			}
		})
	}
	for _, record := range sortedKeys(mine) {
		if elsewhere[record] {
			shared = append(shared, record)
		} else {
			own = append(own, record)
		}
	}
	return own, shared
}

// pointIn visits the record of a contact point in each of some systems.
func (n *Night) pointIn(systems map[string]bool, point string, visit func(record string)) {
	source := n.ws.SourceTokens()
	for system := range systems {
		visit(protect.Record(source, system, canon.PointPrefix+point))
	}
}

// recordsOf gives the tokens of all records of a subject that the resolver knows.
func (n *Night) recordsOf(subject string) (records []string) {
	source := n.ws.SourceTokens()
	for i := range n.resolved.Records {
		if x := &n.resolved.Records[i]; x.Subject == subject {
			records = append(records, protect.Record(source, x.System, x.PersonKey))
		}
	}
	return records
}

// vaulted is what the vault says of somebody.
type vaulted struct {
	identities []policy.Identity
	points     []string
}

// vaultOf gives what the vault says of a subject in the entries of some records.
func (n *Night) vaultOf(ctx context.Context, night *register.Night, subject string, records []string) (out vaulted, err error) {
	err = n.ofVault(ctx, night, records, func(of string, id policy.Identity, points []string) {
		if of == subject {
			out.identities, out.points = append(out.identities, id), append(out.points, points...)
		}
	})
	return out, err
}

// marksOf gives the marks by which a subject is known again, from what the resolver knows and the vault says.
func (n *Night) marksOf(subject string, past vaulted) []erasures.Mark {
	m := n.newMarks()
	add := func(point string) {
		if !n.othersHave(point, subject) {
			m.point(point)
		}
	}
	for i := range n.resolved.Records {
		if n.resolved.Records[i].Subject != subject {
			continue
		}
		for _, id := range n.resolved.Identities(i) {
			m.add(id)
		}
		for point := range n.resolved.PointsOf(i) {
			add(point)
		}
	}
	for _, id := range past.identities {
		m.add(id)
	}
	for _, point := range past.points {
		add(point)
	}
	return m.list()
}

// enter writes an erasure into the book, before anything is erased. One that was cut short stands there already, and is
// carried out again.
func (n *Night) enter(e erasures.Entry) (erasures.Entry, error) {
	book, err := n.ws.Erasures()
	if err != nil {
		return e, err
	}
	if before, ok := book.Of(e.Subject); ok && len(before.Records) >= len(e.Records) && len(before.Marks) >= len(e.Marks) {
		return before, nil
	}
	return book.Append(e)
}
