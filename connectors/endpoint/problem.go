package endpoint

import (
	"encoding/json"
	"net/http"
	"strconv"

	"uoma/connectors/carrier"
)

// problem is a refusal: an RFC 9457 problem whose type is urn:uoma:error:<code>. Its detail never holds a value from a
// delivery's data.
type problem struct {
	code   string
	status int
	detail string
}

func (p *problem) Error() string { return p.code + ": " + p.detail }

// statuses of the protocol, section 6.
var statuses = map[string]int{
	carrier.ManifestInvalid:       http.StatusUnprocessableEntity,
	carrier.SignatureMissing:      http.StatusUnprocessableEntity,
	carrier.SignatureInvalid:      http.StatusUnprocessableEntity,
	carrier.RecipientUnknown:      http.StatusUnprocessableEntity,
	carrier.SchemaUnknown:         http.StatusUnprocessableEntity,
	carrier.SenderMismatch:        http.StatusForbidden,
	carrier.KeyRevoked:            http.StatusForbidden,
	carrier.ManifestConflict:      http.StatusConflict,
	carrier.PeriodDuplicate:       http.StatusConflict,
	carrier.SequenceGap:           http.StatusConflict,
	carrier.SequenceReplayed:      http.StatusConflict,
	carrier.OffsetConflict:        http.StatusConflict,
	carrier.PayloadDigestMismatch: http.StatusUnprocessableEntity,
	carrier.ManifestExpired:       http.StatusGone,
	carrier.TooLarge:              http.StatusRequestEntityTooLarge,
	carrier.ContentType:           http.StatusUnsupportedMediaType,
	carrier.TusVersionRefused:     http.StatusPreconditionFailed,
	carrier.Quota:                 http.StatusInsufficientStorage,
	carrier.UnknownDelivery:       http.StatusNotFound,
	carrier.ReceiptPending:        http.StatusNotFound,
}

func refuse(code, detail string) *problem {
	return &problem{code: code, status: statuses[code], detail: detail}
}

// errorHeader repeats the code where an answer has no body: HEAD.
const errorHeader = "Uoma-Error"

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", carrier.ProblemType)
	h.Set(errorHeader, p.code)
	body, _ := json.Marshal(map[string]any{ // a map of text and numbers cannot fail
		"type": carrier.ProblemPrefix + p.code, "title": p.code, "status": p.status, "detail": p.detail,
	})
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write(body) // the client may be gone; there is nobody to tell
}
