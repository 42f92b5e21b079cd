package parcel

import (
	"errors"
	"syscall"

	"uoma/internal/fault"
)

// Sentinels of the package; errors.Is matches every copy by its code.
var (
	ErrManifest  = fault.New("UOMA-DLV-MANIFEST-INVALID", "the manifest is not valid", "ask the sender for a new delivery")
	ErrReceipt   = fault.New("UOMA-DLV-RECEIPT-INVALID", "the receipt is not valid", "ask the recipient to publish it again")
	ErrKeys      = fault.New("UOMA-DLV-KEYS-INVALID", "the published key list is not valid", "keep the pinned keys and ask the recipient by another channel")
	ErrSignature = fault.New("UOMA-DLV-SIGNATURE-INVALID", "the signature does not belong to these bytes", "do not use the file; check it with ssh-keygen -Y verify")
	ErrNamespace = fault.New("UOMA-DLV-SIGNATURE-NAMESPACE", "the signature was made for, or the key is allowed for, another purpose", "sign with the namespace that the file needs")
	ErrPrincipal = fault.New("UOMA-DLV-SIGNATURE-PRINCIPAL", "the signing key is not an allowed signer of this party", "compare the key's fingerprint with the one agreed by another channel")
	ErrWindow    = fault.New("UOMA-DLV-SIGNATURE-WINDOW", "the signing key is not valid at this time", "renew the key, or correct valid-after and valid-before")
	ErrRevoked   = fault.New("UOMA-DLV-SIGNATURE-REVOKED", "the signing key is revoked", "stop, and agree on a new key by another channel")
	ErrAllowed   = fault.New("UOMA-DLV-ALLOWED-SIGNERS", "the allowed signers cannot be read", "write one line per key as in ALLOWED SIGNERS of ssh-keygen(1)")

	ErrKeyPerms    = fault.New("UOMA-DLV-KEY-PERMS", "the key file may be used by others than its owner", "chmod 600 the file and chown it to the user that runs Uoma")
	ErrKeyFile     = fault.New("UOMA-DLV-KEY-FILE", "the key file cannot be used", "make a new key with uoma init")
	ErrContents    = fault.New("UOMA-DLV-CONTENTS", "the extract cannot be packed", "correct the delivery profile")
	ErrContainer   = fault.New("UOMA-DLV-RECIPIENTS", "the recipients cannot be encrypted to together", "use 1 to 8 native age recipients of one kind")
	ErrRead        = fault.New("UOMA-DLV-READ", "the payload cannot be read", "check the disk or the line, and read it again")
	ErrWrite       = fault.New("UOMA-DLV-WRITE", "the delivery cannot be written", "check the outbox folder and its file system")
	ErrDiskFull    = fault.New("UOMA-DLV-DISK-FULL", "no space is left for the delivery", "free space for the outbox and run again")
	ErrCiphertext  = fault.New("UOMA-DLV-PAYLOAD-DIGEST-MISMATCH", "the payload is not the one that the manifest names", "send or fetch the file again")
	ErrDecrypt     = fault.New("UOMA-DLV-DECRYPT-FAILED", "the payload cannot be decrypted with this identity", "check that the delivery was encrypted to this key and arrived whole")
	ErrPlaintext   = fault.New("UOMA-DLV-PLAINTEXT-DIGEST-MISMATCH", "the decrypted bytes are not those that the manifest names", "refuse the delivery")
	ErrViolation   = fault.New("UOMA-DLV-SCHEMA-VIOLATION", "the archive does not follow the delivery protocol", "refuse the delivery")
	ErrReceiptSig  = fault.New("UOMA-DLV-RECEIPT-SIGNATURE", "the receipt is not signed by a pinned key of the recipient that is valid now", "keep the state; ask the recipient by another channel")
	ErrMismatch    = fault.New("UOMA-DLV-RECEIPT-MISMATCH", "the receipt does not match what was sent", "keep the state; compare manifest, payload and receipt with the recipient")
	ErrUnpinned    = fault.New("UOMA-DLV-RECIPIENT-UNPINNED", "the recipient has no pinned keys", "add recipients/<id>.yaml, approved by two people")
	ErrExpired     = fault.New("UOMA-DLV-RECIPIENT-EXPIRED", "no pinned key of the recipient is valid at this time", "agree on the next key by another channel and pin it")
	ErrExpiresSoon = fault.New("UOMA-DLV-RECIPIENT-EXPIRES", "the last pinned key of the recipient ends within 30 days", "agree on the next key by another channel and pin it")
)

// ReasonOf gives the protocol's word for an error of this package, as it stands in urn:uoma:error:<word> and in a
// receipt's reasons, or "".
func ReasonOf(err error) string {
	switch {
	case errors.Is(err, ErrManifest):
		return "manifest-invalid"
	case errors.Is(err, ErrRevoked):
		return "key-revoked"
	case errors.Is(err, ErrSignature), errors.Is(err, ErrNamespace), errors.Is(err, ErrPrincipal), errors.Is(err, ErrWindow):
		return "signature-invalid"
	case errors.Is(err, ErrCiphertext):
		return "payload-digest-mismatch"
	case errors.Is(err, ErrDecrypt):
		return "decrypt-failed"
	case errors.Is(err, ErrPlaintext):
		return "plaintext-digest-mismatch"
	case errors.Is(err, ErrViolation):
		return "schema-violation"
	}
	return ""
}

// writeFault tells a full disk from other write errors.
func writeFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrDiskFull.Because(err)
	}
	return ErrWrite.Because(err)
}
