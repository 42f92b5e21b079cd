package workspace

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Signature ends the name of the file that holds a pack's signature, as ssh-keygen names it.
const Signature = ".sig"

var (
	errUnsigned = fault.New("UOMA-WSP-UNSIGNED", "the settings want policy packs that are signed, and this one is not",
		"let one of policy_signers sign the file, with uoma policy sign, and let the signature be read by the account that runs; a shipped pack is first copied into policies/")
	errSigners = fault.New("UOMA-WSP-SIGNERS", "policy_signers does not say who may sign", `write a line of allowed signers for each: NAME namespaces="policy@uoma" ssh-ed25519 KEY`)
)

// signedBy gives who signed a pack, as name and fingerprint of the key: one of the settings' signers, whose key is good on the
// date. Where the settings name none, nobody has to, and it is "".
func (w *Workspace) signedBy(f *PolicyFile, date canon.Date) (string, error) {
	if len(w.Settings.PolicySigners) == 0 {
		return "", nil
	}
	allowed, err := parcel.ParseAllowedSigners([]byte(strings.Join(w.Settings.PolicySigners, "\n")))
	if err != nil || len(allowed) == 0 {
		return "", errSigners.At(fault.Place{File: FileName, Field: "policy_signers"}).Wrap(err)
	}
	place := fault.Place{File: f.File}
	if f.File == Shipped {
		return "", errUnsigned.At(place)
	}
	sig, err := os.ReadFile(filepath.Join(w.home, f.File+Signature))
	if err != nil {
		return "", errUnsigned.At(place).Because(err)
	}
	why := parcel.ErrPrincipal
	for _, s := range allowed {
		key, err := parcel.Verify(sig, f.Source, parcel.PolicyNamespace, s.Principal, allowed, date.Time())
		if err == nil {
			return s.Principal + " " + key, nil
		}
		if !errors.Is(err, parcel.ErrPrincipal) { // of the lines with another name nothing is to be said
			errors.As(err, &why)
		}
	}
	place.File += Signature
	return "", why.At(place)
}
