package workspace

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/policy"
)

// Where the settings name signers, no pack is in force that none of them signed, byte for byte: not another one's, not the shipped
// one that comes to light when the file is taken away; and the run's record says whose it was.
func TestThreat_T27_PacksAreSigned(t *testing.T) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "ws")
	keys, err := os.OpenRoot(t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer keys.Close()
	signer := func(name string) *parcel.Signer {
		t.Helper()
		s, err := parcel.CreateSigner(keys, name, rand.Reader, name)
		must(err)
		return s
	}
	lawyer, stranger := signer("lawyer"), signer("stranger")
	line := func(s *parcel.Signer, options string) string {
		return strings.TrimSpace(strings.Replace(parcel.AllowedSigner{Principal: "lawyer", Namespaces: []string{parcel.PolicyNamespace}, Key: s.PublicKey()}.Line(), `"policy@uoma"`, options, 1))
	}
	src, _ := policy.Shipped("xamk")
	sign := func(s *parcel.Signer, namespace string) []byte {
		t.Helper()
		sig, err := s.Sign(rand.Reader, namespace, src)
		must(err)
		return sig
	}
	good, own := sign(lawyer, parcel.PolicyNamespace), line(lawyer, `"policy@uoma"`)
	must(Init(dir, fmt.Appendf(nil, "institution: \"10118\"\npolicy: xamk\nsender: {id: xamk}\npolicy_signers: ['someone namespaces=\"policy@uoma\" %s', '%s']\n",
		strings.SplitN(line(signer("someone"), `"policy@uoma"`), " ", 3)[2], own)))
	ws, err := Open(ctx, dir)
	must(err)
	defer ws.Close()
	day, _ := canon.NewDate(2026, 11, 22)
	file := ws.Path(PolicyDir, "xamk.yaml")
	for name, tt := range map[string]struct {
		pack, sig []byte
		signers   string // in the place of the settings'
		code      string
	}{
		"signed":               {src, good, "", ""},
		"not signed":           {src, nil, "", "UOMA-WSP-UNSIGNED"},
		"no file":              {nil, nil, "", "UOMA-WSP-UNSIGNED"},
		"no file, a signature": {nil, good, "", "UOMA-WSP-UNSIGNED"},
		"another byte":         {append(bytes.Clone(src), '\n'), good, "", "UOMA-DLV-SIGNATURE-INVALID"},
		"another period":       {bytes.Replace(src, []byte("P20Y"), []byte("P21Y"), 1), good, "", "UOMA-DLV-SIGNATURE-INVALID"},
		"a stranger's":         {src, sign(stranger, parcel.PolicyNamespace), "", "UOMA-DLV-SIGNATURE-PRINCIPAL"},
		"for another purpose":  {src, sign(lawyer, parcel.AuditNamespace), "", "UOMA-DLV-SIGNATURE-NAMESPACE"},
		"no signature":         {src, []byte("signed, the lawyer"), "", "UOMA-DLV-SIGNATURE-INVALID"},
		"a key for audits":     {src, good, line(lawyer, `"audit@uoma"`), "UOMA-DLV-SIGNATURE-NAMESPACE"},
		"a key that ended":     {src, good, line(lawyer, `"policy@uoma",valid-before="20261101Z"`), "UOMA-DLV-SIGNATURE-WINDOW"},
		"a signer without key": {src, good, "lawyer", "UOMA-WSP-SIGNERS"},
		"no signer":            {src, good, "# nobody", "UOMA-WSP-SIGNERS"},
	} {
		t.Run(name, func(t *testing.T) {
			for at, content := range map[string][]byte{file: tt.pack, file + Signature: tt.sig} {
				os.Remove(at)
				if content != nil {
					must(os.WriteFile(at, content, 0o600))
				}
			}
			was := ws.Settings.PolicySigners
			defer func() { ws.Settings.PolicySigners = was }()
			if tt.signers != "" {
				ws.Settings.PolicySigners = []string{tt.signers}
			}
			p, err := ws.Policy(day)
			if fault.Code(err) != tt.code || (p == nil) != (tt.code != "") {
				t.Fatalf("%v", err)
			}
			if tt.code == "" {
				recorded(t, ws, p, day, "lawyer "+lawyer.KeyID())
			}
			ws.Settings.PolicySigners = nil
			if p, err := ws.Policy(day); err != nil || p.SignedBy != "" {
				t.Errorf("where nobody has to sign: %v", err)
			}
		})
	}
}

// recorded runs nothing under a pack, and looks into the run's record, while it is at work and when it has ended.
func recorded(t *testing.T, ws *Workspace, p *policy.Pack, day canon.Date, signer string) {
	t.Helper()
	ctx := context.Background()
	r := &pipelines.Run{Pipeline: "nightly", Date: day, Mode: pipelines.Manual, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	j := ws.NewJournal("test", "", p.Digest())
	j.SignedBy(p.SignedBy)
	look := func(err error) {
		t.Helper()
		run, _, found := ledger.FindRun(ctx, ws.RegisterDB, r.ID())
		if err != nil || found != nil || run.PolicyDigest != p.Digest() || !strings.Contains(run.Facts, `"policy_signer":"`+signer+`"`) {
			t.Errorf("%v %v %+v", err, found, run)
		}
	}
	held, err := j.Hold(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Free(ctx)
	_, _, err = j.Begin(held, r)
	look(err)
	look(j.End(held, r, pipelines.Finished, ""))
}
