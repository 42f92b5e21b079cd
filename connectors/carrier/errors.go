package carrier

import (
	"errors"
	"fmt"
	"time"

	"uoma/internal/fault"
)

// Codes of problem types that the endpoint answers with; [ReceiptPending] is this package's own name for the 404 that
// comes before a receipt.
const (
	ManifestInvalid       = "manifest-invalid"
	SignatureMissing      = "signature-missing"
	SignatureInvalid      = "signature-invalid"
	RecipientUnknown      = "recipient-unknown"
	SchemaUnknown         = "schema-unknown"
	SenderMismatch        = "sender-mismatch"
	KeyRevoked            = "key-revoked"
	ManifestConflict      = "manifest-conflict"
	PeriodDuplicate       = "period-duplicate"
	SequenceGap           = "sequence-gap"
	SequenceReplayed      = "sequence-replayed"
	OffsetConflict        = "offset-conflict"
	PayloadDigestMismatch = "payload-digest-mismatch"
	ManifestExpired       = "manifest-expired"
	TooLarge              = "too-large"
	ContentType           = "content-type"
	TusVersionRefused     = "tus-version"
	Quota                 = "quota"
	UnknownDelivery       = "unknown-delivery"
	ReceiptPending        = "receipt-pending"
)

// Faults a person reads.
var (
	errTLSPin      = fault.New("UOMA-DLV-TLS-PIN", "the endpoint's certificate carries a key that is not pinned", "stop; compare the pin with the endpoint by another channel before you change it")
	errTLS         = fault.New("UOMA-DLV-TLS", "no trusted TLS 1.3 connection to the endpoint", "check the CA file, the host name and both certificates' validity; lower versions are not spoken")
	errRedirect    = fault.New("UOMA-DLV-REDIRECT", "the endpoint answered with a redirect", "redirects are never followed; set the profile's address to the endpoint itself")
	errUnreachable = fault.New("UOMA-DLV-UNREACHABLE", "the endpoint could not be reached five times in a row", "check the network and the endpoint; the next run goes on where this one stopped")
	errBudget      = fault.New("UOMA-DLV-LATER", "the endpoint did not take the delivery within this run's time", "nothing is lost; the next run goes on where this one stopped")
	errNetwork     = fault.New("UOMA-DLV-NETWORK", "the connection to the endpoint failed", "the next run goes on where this one stopped")
	errAnswer      = fault.New("UOMA-DLV-ANSWER", "the endpoint's answer does not follow the protocol", "show the endpoint's operator the delivery id and the time")
	errSettings    = fault.New("UOMA-DLV-CARRIER", "the carrier's settings cannot be used", "correct the delivery profile")
)

// problems says what the sender does about each problem type.
var problems = map[string]*fault.Error{
	ManifestInvalid:       fault.New("UOMA-DLV-MANIFEST-INVALID", "the endpoint refused the manifest", "compare both sides' protocol versions; void the delivery and send a new one"),
	SignatureMissing:      fault.New("UOMA-DLV-SIGNATURE-MISSING", "the endpoint got no signature with the manifest", "something between us and the endpoint removes headers; ask the endpoint's operator"),
	SignatureInvalid:      fault.New("UOMA-DLV-SIGNATURE-INVALID", "the endpoint could not verify the manifest's signature", "compare the signing key's fingerprint with the one enrolled at the endpoint"),
	RecipientUnknown:      fault.New("UOMA-DLV-RECIPIENT-UNKNOWN", "the endpoint says that the delivery is for somebody else", "compare the pinned recipient with the endpoint's published keys"),
	SchemaUnknown:         fault.New("UOMA-DLV-SCHEMA-UNKNOWN", "the endpoint does not know this dataset or version", "agree on the dataset's schema version with the endpoint"),
	SenderMismatch:        fault.New("UOMA-DLV-SENDER-MISMATCH", "the client certificate and the manifest name different senders", "use the certificate that belongs to this sender id"),
	KeyRevoked:            fault.New("UOMA-DLV-KEY-REVOKED", "the endpoint has revoked our signing key", "stop; treat the key as compromised until the endpoint says why"),
	ManifestConflict:      fault.New("UOMA-DLV-LEDGER-FORK", "the endpoint knows this delivery id with other bytes", "another copy of this ledger sends too, or it was restored: run uoma delivery reconcile"),
	PeriodDuplicate:       fault.New("UOMA-DLV-PERIOD-DUPLICATE", "the endpoint already has a delivery of this dataset and period", "send a correction that names the delivery it supersedes"),
	SequenceGap:           fault.New("UOMA-DLV-SEQUENCE-GAP", "the endpoint misses an earlier delivery of this dataset", "send the missing delivery first"),
	SequenceReplayed:      fault.New("UOMA-DLV-LEDGER-BEHIND", "the endpoint is ahead of our ledger", "the ledger is old or copied: run uoma delivery reconcile"),
	OffsetConflict:        fault.New("UOMA-DLV-OFFSET", "the endpoint has another number of payload bytes than we thought", "run again; sending goes on at the endpoint's offset"),
	PayloadDigestMismatch: fault.New("UOMA-DLV-PAYLOAD-DIGEST", "the payload arrived altered", "run again; if it happens three times, check the line and the disk"),
	ManifestExpired:       fault.New("UOMA-DLV-EXPIRED", "the delivery's time has passed", "decide with the endpoint whether it goes out again as a new delivery"),
	TooLarge:              fault.New("UOMA-DLV-TOO-LARGE", "the delivery is larger than the endpoint takes", "ask the endpoint for its limit (max_bytes) or divide the period"),
	ContentType:           fault.New("UOMA-DLV-CONTENT-TYPE", "the endpoint refused the content type", "something between us and the endpoint rewrites requests; ask the endpoint's operator"),
	TusVersionRefused:     fault.New("UOMA-DLV-TUS-VERSION", "the endpoint does not speak tus 1.0.0", "compare both sides' protocol versions"),
	Quota:                 fault.New("UOMA-DLV-QUOTA", "the endpoint has no room for the payload", "tell the endpoint's operator; the next run goes on where this one stopped"),
	UnknownDelivery:       fault.New("UOMA-DLV-UNKNOWN", "the endpoint does not know this delivery", "run again; the manifest is sent anew"),
	ReceiptPending:        fault.New("UOMA-DLV-RECEIPT-PENDING", "the endpoint has not given its receipt yet", "run again later"),
}

// Error is an answer of the endpoint that is not a success, or a connection that failed.
type Error struct {
	Problem string        // code of the problem type, "" when there is none
	HTTP    int           // status of the answer, 0 without one
	After   time.Duration // Retry-After, 0 without one
	connect bool
	again   bool
	fault   *fault.Error
}

// Error gives the fault's text and the HTTP status.
func (e *Error) Error() string {
	if e.HTTP == 0 {
		return e.fault.Error()
	}
	return fmt.Sprintf("%s (HTTP %d)", e.fault.Error(), e.HTTP)
}

// Unwrap gives the fault.
func (e *Error) Unwrap() error { return e.fault }

// Retryable tells whether the same request may succeed later.
func (e *Error) Retryable() bool { return e.again }

// RetryAfter gives how long the endpoint asked to wait, 0 when it did not.
func (e *Error) RetryAfter() time.Duration { return e.After }

// NoConnection tells whether not even a connection came about.
func (e *Error) NoConnection() bool { return e.connect }

// Retryable tells whether err says of itself that the same request may succeed later.
func Retryable(err error) bool {
	var r interface{ Retryable() bool }
	return errors.As(err, &r) && r.Retryable()
}

// Problem gives the code of the endpoint's problem type, or "".
func Problem(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return ""
}

// retryableStatus are the answers after which the same request may succeed.
func retryableStatus(status int) bool {
	switch status {
	case 408, 425, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// answerError makes the error of an answer.
func answerError(problem string, status int, after time.Duration) *Error {
	e := &Error{Problem: problem, HTTP: status, After: after, again: retryableStatus(status)}
	f, known := problems[problem]
	switch {
	case known:
		e.fault = f
	case status >= 300 && status < 400:
		e.fault = errRedirect
	case e.again:
		e.fault = errNetwork
	default:
		e.fault = errAnswer
	}
	return e
}
