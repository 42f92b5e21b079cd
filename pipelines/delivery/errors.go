package delivery

import "uoma/internal/fault"

// Faults of the package; errors.Is matches every copy by its code.
var (
	ErrConsentChanged    = fault.New("UOMA-DLV-CONSENT-CHANGED", "a consent or an erasure since the cut touches the delivery", "it was voided; run again to select anew")
	ErrCiphertextChanged = fault.New("UOMA-DLV-CIPHERTEXT-CHANGED", "the sealed file is not the one that was sealed", "stop; find out what changed the outbox, then restore the file from its backup")
	ErrCiphertextMissing = fault.New("UOMA-DLV-CIPHERTEXT-MISSING", "the sealed file is gone though sending has begun", "restore the outbox from its backup, or decide with the endpoint")
	ErrLedgerFork        = fault.New("UOMA-DLV-LEDGER-FORK", "the endpoint and our ledger have different deliveries under one number", "nothing is sent; run uoma delivery reconcile")
	ErrLedgerBehind      = fault.New("UOMA-DLV-LEDGER-BEHIND", "the endpoint has deliveries that our ledger does not know", "the ledger is old or copied; nothing is sent; run uoma delivery reconcile")
	ErrSequenceGap       = fault.New("UOMA-DLV-SEQUENCE-GAP", "the endpoint misses a delivery that our ledger has as accepted", "ask the endpoint what became of it before anything is sent")
	ErrExpired           = fault.New("UOMA-DLV-EXPIRED", "the delivery's time has passed after sending had begun", "decide with the endpoint whether it goes out again as a new delivery")
	ErrSigningKey        = fault.New("UOMA-DLV-SIGNING-KEY", "the delivery was signed with a key that is not in use any more", "enrol the present key at the endpoint, put the old one back, or give the delivery up")
	ErrRejected          = fault.New("UOMA-DLV-REJECTED", "the endpoint rejected the delivery in its receipt", "correct the extract and send a delivery that supersedes it")
	ErrLevel             = fault.New("UOMA-DLV-RECEIPT-LEVEL", "the receipt is of a lower level than the profile asks for", "wait for the endpoint's next receipt, or ask the endpoint")
	ErrFiles             = fault.New("UOMA-DLV-FILES", "a file of the outbox cannot be used", "check the outbox folder, its owner and its free space")
	ErrUnsteady          = fault.New("UOMA-DLV-UNSTEADY", "consents changed under the delivery three times", "run again when the consents' own import has ended")
)
