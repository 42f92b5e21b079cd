package workspace

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

// signer loads the workspace's signing key.
func (w *Workspace) signer() (*parcel.Signer, error) {
	path, err := keyPath(w.home, w.Settings.Keys.Signing)
	if err != nil {
		return nil, err
	}
	return parcel.LoadSigner(path)
}

// Note writes entries into the audit log that stand alone. What goes with a change is appended in the change's transaction.
func (w *Workspace) Note(ctx context.Context, entries ...ledger.Entry) error {
	return w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		for _, e := range entries {
			if err := w.Audit.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// SealAudit signs the head of the audit log at the end of a run, when something was appended since the last signature.
func (w *Workspace) SealAudit(ctx context.Context, run string, now time.Time) error {
	return w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		return w.Audit.Seal(ctx, tx, run, now, func(message []byte) (string, string, error) {
			key, err := w.signer()
			if err != nil {
				return "", "", err
			}
			signature, err := key.Sign(rand.Reader, parcel.AuditNamespace, message)
			return string(signature), key.KeyID(), err
		})
	})
}

// VerifyAudit proves the whole audit log, also against the heads that the quality reports hold and those in more.
func (w *Workspace) VerifyAudit(ctx context.Context, more ...ledger.Evidence) (ledger.Audited, error) {
	reported, err := w.reportedHeads()
	if err != nil {
		return ledger.Audited{}, err
	}
	path, err := keyPath(w.home, w.Settings.Keys.Signing)
	if err != nil {
		return ledger.Audited{}, err
	}
	// A key that was replaced lies beside the one in use, under its name with an ending of its own.
	allowed, err := signers(path+"*.pub", parcel.AuditNamespace, true)
	if err != nil {
		return ledger.Audited{}, err
	}
	return w.Audit.Verify(ctx, w.RegisterDB, append(reported, more...), func(s *ledger.Seal) error {
		_, err := parcel.Verify([]byte(s.Signature), s.Message(), parcel.AuditNamespace, auditPrincipal, allowed, time.UnixMicro(s.SealedAt))
		return err
	})
}

// auditPrincipal is who signs heads of the audit log, and backups: the workspace itself.
const auditPrincipal = "workspace"

var errPublicKey = fault.New("UOMA-AUD-KEY", "a public half of the signing key cannot be read", "write it again from the private one with ssh-keygen -y -f FILE")

// signers gives the keys that may have signed something: the public halves in files of a pattern. Where those alone are there,
// another file is a fault.
func signers(pattern, namespace string, alone bool) ([]parcel.AllowedSigner, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, errPublicKey.Wrap(err)
	}
	var out []parcel.AllowedSigner
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, errPublicKey.At(fault.Place{File: f}).Because(errors.Unwrap(err))
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		switch {
		case err == nil:
			out = append(out, parcel.AllowedSigner{Principal: auditPrincipal, Namespaces: []string{namespace}, Key: key})
		case alone:
			return nil, errPublicKey.At(fault.Place{File: f})
		}
	}
	return out, nil
}

// reportsRead is how many reports are asked for a head, the last by name and so of each pipeline by date: a later head
// stands for all before it.
const reportsRead = 60

// reportedHeads gives the heads that the quality reports in the workspace show. A report that cannot be read proves nothing.
func (w *Workspace) reportedHeads() ([]ledger.Evidence, error) {
	entries, err := os.ReadDir(w.Path(ReportDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errUnchecked.At(fault.Place{File: ReportDir}).Because(errors.Unwrap(err))
	}
	var out []ledger.Evidence
	for _, e := range entries[max(0, len(entries)-reportsRead):] {
		src, err := os.ReadFile(w.Path(ReportDir, e.Name(), "quality.json"))
		var report struct {
			Run struct {
				Audit *struct {
					Number int64
					Chain  string
				}
			}
		}
		if err != nil || json.Unmarshal(src, &report) != nil || report.Run.Audit == nil {
			continue
		}
		out = append(out, ledger.Evidence{Place: fault.Place{Field: "report of " + e.Name()}, Number: report.Run.Audit.Number, Chain: report.Run.Audit.Chain})
	}
	return out, nil
}

// audit proves the audit log.
func (c *checker) audit(ctx context.Context) {
	if c.register == nil || c.w.Keys == nil {
		return
	}
	c.w.RegisterDB, c.w.Audit = c.register, c.w.audit()
	found, err := c.w.VerifyAudit(ctx)
	c.add(Error, err)
	for _, f := range found.Faults {
		c.add(Error, f)
	}
	c.drills(ctx)
}

// drillEvery is how long a drill of the escrow holds good.
const drillEvery = 12 // months

var (
	errDrill  = fault.New("UOMA-CHK-DRILL", "for 12 months nobody has proved that the keys can be restored from their escrow", "uoma key escrow makes shares, uoma key drill proves them")
	errEscrow = fault.New("UOMA-CHK-ESCROW", "the shares in escrow are of a master key that is not in use any more", "uoma key escrow makes new ones")
)

// drills looks for the latest proof that the keys can be restored.
func (c *checker) drills(ctx context.Context) {
	last, err := ledger.FirstStart(ctx, c.register)
	c.add(Error, err)
	epoch := fmt.Sprintf(":epoch-%d", c.w.Keys.Epoch())
	drilled, err := ledger.AuditLines(ctx, c.register, ledger.AuditFilter{Verb: string(ledger.KeyDrilled), Limit: 1})
	c.add(Error, err)
	if len(drilled) > 0 {
		last = drilled[0].At
	}
	if last != 0 && time.UnixMicro(last).AddDate(0, drillEvery, 0).Before(c.o.Now) {
		c.add(Warning, errDrill)
	}
	escrowed, err := ledger.AuditLines(ctx, c.register, ledger.AuditFilter{Verb: string(ledger.KeyEscrowed), Limit: 1})
	c.add(Error, err)
	if len(escrowed) > 0 && !strings.HasSuffix(escrowed[0].Reason, epoch) {
		c.add(Warning, errEscrow)
	}
}

// ParseHead reads a head of the audit log as people write it down: NUMBER:CHAIN.
func ParseHead(s string) (ledger.Evidence, error) {
	var e ledger.Evidence
	number, chain, ok := strings.Cut(s, ":")
	if n := json.Number(number); ok && len(chain) == 64 {
		var err error
		if e.Number, err = n.Int64(); err == nil && e.Number > 0 {
			e.Chain, e.Place = strings.ToLower(chain), fault.Place{Field: "head " + number}
			return e, nil
		}
	}
	return e, errors.New("a head is written NUMBER:CHAIN, as uoma runs show prints it")
}
