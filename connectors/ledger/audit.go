package ledger

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
	"uoma/internal/late"
)

// Verb is what somebody did. The list is closed: [Audit.Append] refuses any other.
type Verb string

// Verbs of the audit log.
const (
	SubjectErased    Verb = "subject.erased"    // a person was erased
	SubjectExplain   Verb = "subject.explain"   // what is held of one person was looked at, by its token
	SubjectFind      Verb = "subject.find"      // a person was found by what was said of them
	SubjectExport    Verb = "subject.export"    // everything that is held of one person was written out
	ReviewValues     Verb = "review.values"     // two records were shown with their values
	QuarantineValue  Verb = "quarantine.value"  // a quarantined row was shown as it came
	FileValues       Verb = "file.values"       // values of a file that lies outside of the workspace were shown or written out
	SubjectWord      Verb = "subject.word"      // a consent, objection, restriction or hold was written down by hand, or lifted
	SubjectRequest   Verb = "subject.request"   // a request of a data subject was opened, extended or closed
	SubjectRectify   Verb = "subject.rectify"   // a correction was recorded
	DisclosedByLaw   Verb = "disclosure.law"    // data was disclosed because a law wants it
	BreachNoted      Verb = "breach.noted"      // a breach was recorded, or who was told of it
	DeliveryWithdraw Verb = "delivery.withdraw" // recipients were told whom they may not use any more
	DeliveryFile     Verb = "delivery.file"     // a target's file was given to its recipient
	DeliveryRows     Verb = "delivery.rows"     // a target's rows were written to its recipient's table

	KeyRotated      Verb = "key.rotated"      // a key was replaced, or a rotation began
	KeyEscrowed     Verb = "key.escrowed"     // shares of the master key were made
	KeyDrilled      Verb = "key.drilled"      // shares gave the master key back, in a drill
	RevealRequested Verb = "reveal.requested" // somebody asked who pseudonyms are
	RevealApproved  Verb = "reveal.approved"  // another allowed it
	RevealShown     Verb = "reveal.shown"     // identities were shown
	RevealHolders   Verb = "reveal.holders"   // a list of who held cards is read, for a recording

	BackupMade     Verb = "backup.made"     // everything that is held was saved into a file
	BackupRestored Verb = "backup.restored" // a backup was put in the place of what was lost

	RetentionAction Verb = "retention.action" // what a source row gave of a category goes, as its time is over
	RetentionKept   Verb = "retention.kept"   // of that, what stays, as a hold was written meanwhile
	RetentionLook   Verb = "retention.review" // data without an end was looked at

	OperatorsChanged Verb = "operators.changed" // another file says who may do what, by its digest
	AccessRefused    Verb = "access.refused"    // somebody was not allowed something, by permission and code
	ActApproved      Verb = "act.approved"      // somebody allowed what another is to do
	ActUsed          Verb = "act.used"          // what was allowed was done, which counts once
	NoticeAnnounced  Verb = "notice.announced"  // people were told of a new version of a notice
)

var verbs = map[Verb]bool{SubjectErased: true, SubjectExplain: true, SubjectFind: true, SubjectExport: true,
	ReviewValues: true, QuarantineValue: true, FileValues: true,
	SubjectWord: true, SubjectRequest: true, SubjectRectify: true, DisclosedByLaw: true, BreachNoted: true, DeliveryWithdraw: true, DeliveryFile: true, DeliveryRows: true,
	KeyRotated: true, KeyEscrowed: true, KeyDrilled: true, RevealRequested: true, RevealApproved: true, RevealShown: true, RevealHolders: true,
	BackupMade: true, BackupRestored: true, RetentionAction: true, RetentionKept: true, RetentionLook: true,
	OperatorsChanged: true, AccessRefused: true, ActApproved: true, ActUsed: true, NoticeAnnounced: true}

// Entry is one line of the audit log. It names nobody but the actor.
type Entry struct {
	At      int64  `db:"at"`    // microseconds
	Actor   string `db:"actor"` // who did it
	Verb    Verb   `db:"verb"`
	Subject string `db:"subject"` // the person's token in the register, or of a record, or ""
	Reason  string `db:"reason"`  // clause, code, request or place: letters, digits and ._:/|,+- alone
	Run     string `db:"run"`     // run that it belongs to, or ""
}

// Line is an entry in its place.
type Line struct {
	Number int64 `db:"number"` // 1 and up, without gaps
	Entry
	Chain string `db:"chain"` // hex
}

var lineColumns = []string{"number", "at", "actor", "verb", "subject", "reason", "run", "chain"}

// Audit is the log of who did what that is sensitive. Entries are only ever added. Each carries an HMAC-SHA-256 of itself
// and of the one before, so that without the key nobody changes, removes or reorders one unseen; that the last ones were
// cut off shows by the signed heads ([Audit.Seal]).
type Audit struct {
	key          []byte
	inner, outer func(verb Verb, subject string) string
}

// NewAudit makes the log of a key.
func NewAudit(key []byte) *Audit {
	same := func(_ Verb, subject string) string { return subject }
	return &Audit{key: key, inner: same, outer: same}
}

// Through tells the log how the tokens of the register become those that it keeps, and back. The keys of the register's
// tokens are replaced and no line of the log ever changes, so it has what stays.
func (a *Audit) Through(inner, outer func(verb Verb, subject string) string) {
	a.inner, a.outer = inner, outer
}

var errEntry = fault.New("UOMA-AUD-ENTRY", "what was to be written into the audit log has another form than its entries",
	"name who acts in printable characters, and give the clause, code or request by letters, digits and . _ : / | , + - alone")

// Lengths are counted apart: a class of all letters that may stand 120 times compiles into megabytes.
var (
	actorForm   = late.Compile(`^[\pL\pN][\pL\pN ._@()\\-]*$`)
	subjectForm = late.Compile(`^([0-9a-z]{26})?$`)
	reasonForm  = late.Compile(`^[\pL\pN._:/|,+-]*$`)
	runForm     = late.Compile(`^[a-z0-9-]{0,64}$`)
)

const longest = 120 // of an actor and of a reason, in characters

// Check tells whether the log takes the entry: before something that cannot be undone is begun.
func (e *Entry) Check() error {
	if !verbs[e.Verb] || !formed(actorForm, e.Actor) || !subjectForm.MatchString(e.Subject) || !formed(reasonForm, e.Reason) ||
		!runForm.MatchString(e.Run) {
		return errEntry
	}
	return nil
}

func formed(form late.Pattern, s string) bool {
	return utf8.RuneCountInString(s) <= longest && form.MatchString(s)
}

// Append adds an entry inside the caller's transaction: it is there exactly when what it tells of is. From the call to
// the commit nobody else can append, so it stands near the end of a long transaction.
func (a *Audit) Append(ctx context.Context, tx *sqlx.Tx, e Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	e.Subject = a.inner(e.Verb, e.Subject)
	// The first statement locks the row, so that the second reads what the last writer committed.
	if err := swap(ctx, tx, "UPDATE `audit_head` SET `number` = `number` + 1 WHERE `id` = 1"); err != nil {
		return err
	}
	head, err := auditHead(ctx, tx)
	if err != nil {
		return err
	}
	chain := a.chain(head.Chain, head.Number, &e)
	if err := insert(ctx, tx, "audit", lineColumns, head.Number, e.At, e.Actor, string(e.Verb), e.Subject, e.Reason, e.Run, chain); err != nil {
		return err
	}
	return swap(ctx, tx, "UPDATE `audit_head` SET `chain` = ? WHERE `id` = 1", chain)
}

// Lock lets other writers of the log wait until tx has ended. As the first statement of tx it lets tx read what the last writer
// committed, and nobody adds to that who notes what they do.
func (a *Audit) Lock(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE `audit_head` SET `number` = `number` WHERE `id` = 1")
	return database.Failed("lock the audit log", err)
}

// chain gives an entry's link: HMAC-SHA-256 over a version, the link before, and the fields with their lengths.
func (a *Audit) chain(before string, number int64, e *Entry) string {
	b := []byte{1}
	for _, s := range []string{before, string(e.Verb), e.Actor, e.Subject, e.Reason, e.Run} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(number)), uint64(e.At))
	mac := hmac.New(sha256.New, a.key)
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(nil))
}

// AuditHead is how far the log has come.
type AuditHead struct {
	Number int64  `db:"number"` // of the last entry, 0 when there is none
	Chain  string `db:"chain"`
}

func auditHead(ctx context.Context, q sqlx.QueryerContext) (h AuditHead, err error) {
	_, err = get(ctx, q, &h, "SELECT `number`, `chain` FROM `audit_head` WHERE `id` = 1")
	return h, err
}

// AuditFilter chooses entries; zero fields choose all.
type AuditFilter struct {
	Verb, Subject, Run string
	Actor, Reason      string
	Since              time.Time
	Limit              int // the latest so many
}

// Lines lists entries, newest first, with the tokens that the register has.
func (a *Audit) Lines(ctx context.Context, q sqlx.QueryerContext, f AuditFilter) ([]Line, error) {
	// A token tells not what it is of: it may be a person's, or a record's as in the book of looks.
	subjects := []string{a.inner(SubjectFind, f.Subject), a.inner(ReviewValues, f.Subject)}
	if subjects[0] == subjects[1] {
		subjects = subjects[:1]
	}
	var out []Line
	for _, subject := range subjects {
		f.Subject = subject
		lines, err := AuditLines(ctx, q, f)
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	for i := range out {
		out[i].Subject = a.outer(out[i].Verb, out[i].Subject)
	}
	slices.SortFunc(out, func(x, y Line) int { return cmp.Compare(y.Number, x.Number) })
	return out[:min(len(out), f.Limit)], nil
}

// AuditLines lists entries, newest first, with the tokens that stand in the log.
func AuditLines(ctx context.Context, q sqlx.QueryerContext, f AuditFilter) ([]Line, error) {
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
	}
	return list[Line](ctx, q, "SELECT "+database.Columns(lineColumns)+" FROM `audit` WHERE (? = '' OR `verb` = ?) AND (? = '' OR `subject` = ?)"+
		" AND (? = '' OR `run` = ?) AND (? = '' OR `actor` = ?) AND (? = '' OR `reason` = ?) AND `at` >= ? ORDER BY `number` DESC LIMIT ?",
		f.Verb, f.Verb, f.Subject, f.Subject, f.Run, f.Run, f.Actor, f.Actor, f.Reason, f.Reason, since, f.Limit)
}
