package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

// Seal is a head of the audit log that was signed at the end of a run. Whoever keeps one outside the database, as the
// quality report does, can prove that nothing before it was cut off.
type Seal struct {
	AuditHead
	Run       string `db:"run"`
	SealedAt  int64  `db:"sealed_at"`
	KeyID     string `db:"key_id"` // fingerprint of the signing key
	Signature string `db:"signature"`
}

var sealColumns = []string{"number", "chain", "run", "sealed_at", "key_id", "signature"}

// Message gives the bytes that are signed.
func (s *Seal) Message() []byte {
	return fmt.Appendf(nil, "uoma audit head 1\nnumber %d\nchain %s\nrun %s\nat %s\n", s.Number, s.Chain, s.Run,
		time.UnixMicro(s.SealedAt).UTC().Format(time.RFC3339))
}

// Sign signs the message of a head and gives the signature and the key's fingerprint.
type Sign func(message []byte) (signature, keyID string, err error)

// Seal signs the head as it is, unless it is signed already or the log is empty.
func (a *Audit) Seal(ctx context.Context, tx *sqlx.Tx, run string, now time.Time, sign Sign) error {
	// Nobody appends or seals until the commit.
	if err := swap(ctx, tx, "UPDATE `audit_head` SET `number` = `number` WHERE `id` = 1"); err != nil {
		return err
	}
	head, err := auditHead(ctx, tx)
	if err != nil || head.Number == 0 {
		return err
	}
	if last, ok, err := LastSeal(ctx, tx); err != nil || ok && last.Number >= head.Number {
		return err
	}
	s := Seal{AuditHead: head, Run: run, SealedAt: now.UnixMicro()}
	if s.Signature, s.KeyID, err = sign(s.Message()); err != nil {
		return err
	}
	return insert(ctx, tx, "audit_seal", sealColumns, s.Number, s.Chain, s.Run, s.SealedAt, s.KeyID, s.Signature)
}

// LastSeal gives the latest signed head.
func LastSeal(ctx context.Context, q sqlx.QueryerContext) (s Seal, ok bool, err error) {
	ok, err = get(ctx, q, &s, "SELECT "+database.Columns(sealColumns)+" FROM `audit_seal` ORDER BY `number` DESC LIMIT 1")
	return s, ok, err
}

// SealOf gives the latest head that was signed by the end of a run.
func SealOf(ctx context.Context, q sqlx.QueryerContext, run Run) (s Seal, ok bool, err error) {
	ok, err = get(ctx, q, &s, "SELECT "+database.Columns(sealColumns)+" FROM `audit_seal` WHERE `sealed_at` <= ? ORDER BY `number` DESC LIMIT 1", run.FinishedAt)
	return s, ok, err
}

// Evidence is a head of the log that was kept outside the database.
type Evidence struct {
	Place  fault.Place
	Number int64
	Chain  string
}

// Audited is what [Audit.Verify] found.
type Audited struct {
	AuditHead
	Seals  int64 // signed heads
	Sealed int64 // number of the last entry under a signed head
	Faults []*fault.Error
}

var (
	errEdited    = fault.New("UOMA-AUD-EDITED", "an entry of the audit log is not as it was written, or not in its place", "restore the ledger from the backup, and find out who can write to the database")
	errMissing   = fault.New("UOMA-AUD-MISSING", "entries of the audit log are missing", "restore the ledger from the backup, and find out who can write to the database")
	errTruncated = fault.New("UOMA-AUD-TRUNCATED", "the end of the audit log was cut off or replaced", "restore the ledger from the backup, and find out who can write to the database")
	errSeal      = fault.New("UOMA-AUD-SIGNATURE", "the signature of a head of the audit log does not hold", "if the signing key was replaced, put its old public half beside it as keys/signing-NAME.pub; else restore the ledger from the backup")
)

func entryPlace(n int64) fault.Place { return fault.Place{Field: "entry " + strconv.FormatInt(n, 10)} }

// Verify reads the whole log and proves that every entry is as it was appended, in its place, and that none is missing:
// not in the middle, by the chain, and not at the end, by the signed heads and the evidence from outside. holds proves a
// head's signature. The error tells that the log could not be read; what is wrong with it stands in Faults.
func (a *Audit) Verify(ctx context.Context, db *database.DB, evidence []Evidence, holds func(*Seal) error) (out Audited, err error) {
	err = db.See(ctx, func(tx *sqlx.Tx) error {
		seals, err := list[Seal](ctx, tx, "SELECT "+database.Columns(sealColumns)+" FROM `audit_seal` ORDER BY `number`")
		if err != nil {
			return err
		}
		for i := range seals {
			s := &seals[i]
			if holds(s) != nil {
				out.Faults = append(out.Faults, errSeal.At(fault.Place{Field: "head of " + s.Run}))
				continue
			}
			out.Seals, out.Sealed = out.Seals+1, s.Number
			evidence = append(evidence, Evidence{fault.Place{Field: "head of " + s.Run}, s.Number, s.Chain})
		}
		head, err := auditHead(ctx, tx)
		if err != nil {
			return err
		}
		evidence = append(evidence, Evidence{entryPlace(head.Number), head.Number, head.Chain})
		return a.walk(ctx, tx, evidence, &out)
	})
	return out, err
}

// walk follows the chain, and holds it against heads as it passes them.
func (a *Audit) walk(ctx context.Context, tx *sqlx.Tx, evidence []Evidence, out *Audited) error {
	heads := map[int64][]Evidence{}
	for _, e := range evidence {
		heads[e.Number] = append(heads[e.Number], e)
	}
	rows, err := tx.QueryxContext(ctx, "SELECT "+database.Columns(lineColumns)+" FROM `audit` ORDER BY `number`")
	if err != nil {
		return database.Failed("read the audit log", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		if err := rows.StructScan(&l); err != nil {
			return database.Failed("read the audit log", err)
		}
		switch {
		case l.Number != out.Number+1:
			out.Faults = append(out.Faults, errMissing.At(fault.Place{Field: fmt.Sprintf("entries %d to %d", out.Number+1, l.Number-1)}))
		case l.Chain != a.chain(out.Chain, l.Number, &l.Entry):
			out.Faults = append(out.Faults, errEdited.At(entryPlace(l.Number)))
		}
		out.AuditHead = AuditHead{l.Number, l.Chain} // one change is one finding: what follows is held against what stands here
		for _, e := range heads[l.Number] {
			if e.Chain != l.Chain {
				out.Faults = append(out.Faults, errTruncated.At(e.Place))
			}
		}
	}
	for _, e := range evidence {
		if e.Number > out.Number {
			out.Faults = append(out.Faults, errTruncated.At(e.Place))
		}
	}
	return database.Failed("read the audit log", rows.Err())
}
