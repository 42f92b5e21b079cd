// Package carrier takes a sealed delivery to a national endpoint and brings back what the endpoint says about it.
//
// [Carrier] is the port: six requests, each of which may be repeated without harm. [HTTPS] speaks protocol version 1
// over TLS 1.3 with a client certificate; [Retry] is a wrapper with the same interface that repeats what may be
// repeated. Errors carry their own behaviour: [Retryable] tells whether the same request may succeed later, and every
// answer of the endpoint that is not a success is an [*Error] with the code of its problem type.
//
// The package moves bytes and checks the peer. It does not read manifests or receipts, it knows no state of a delivery,
// and a success of any request here is never a proof of receipt: only a signed receipt is.
package carrier

import (
	"context"
	"io"
)

// Carrier carries deliveries of one sender to one recipient. An implementation must make every request idempotent:
// repeating it, also after a lost answer, changes nothing more. It may be used by one goroutine at a time. A cancelled
// context ends the request; what the endpoint got until then stays there.
type Carrier interface {
	// PutManifest hands over the manifest and its signature, byte for byte. Known bytes are a success.
	PutManifest(ctx context.Context, id string, manifest, signature []byte) error
	// Offset asks how many payload bytes the endpoint has, and how many the manifest promised.
	Offset(ctx context.Context, id string) (offset, length int64, err error)
	// Send sends size payload bytes that begin at offset, and gives the endpoint's new offset. After an error the
	// endpoint may have kept a part: ask Offset.
	Send(ctx context.Context, id string, payload io.ReaderAt, offset, size int64) (int64, error)
	// Status asks how far the endpoint is with a delivery.
	Status(ctx context.Context, id string) (Status, error)
	// Receipt fetches the receipt and its signature. Before there is one the error's code is [ReceiptPending].
	Receipt(ctx context.Context, id string) (receipt, signature []byte, err error)
	// Head asks for the last delivery of a dataset that the endpoint accepted from this sender.
	Head(ctx context.Context, dataset string) (Head, error)
}

// States of a delivery as the endpoint tells them.
const (
	AwaitingPayload = "awaiting_payload"
	Processing      = "processing"
	Accepted        = "accepted"
	Rejected        = "rejected"
)

// Status is the answer to GET /v1/deliveries/{id}.
type Status struct {
	State  string `json:"status"`
	Offset int64  `json:"offset"` // payload bytes that the endpoint keeps
}

// Head is the answer to GET /v1/head: the end of the chain of manifests and of the chain of receipts of one dataset.
// Sequence 0 means that the endpoint has none.
type Head struct {
	Dataset         string `json:"dataset"`
	Sequence        int64  `json:"sequence"`
	DeliveryID      string `json:"delivery_id,omitempty"`
	ManifestSHA256  string `json:"manifest_sha256,omitempty"`
	ReceiptSequence int64  `json:"receipt_sequence"`
	ReceiptSHA256   string `json:"receipt_sha256,omitempty"`
}

// Capabilities is the answer to GET /v1/capabilities.
type Capabilities struct {
	Versions     []int    `json:"versions"`
	MaxBytes     int64    `json:"max_bytes"` // largest payload
	PatchMax     int64    `json:"patch_max"` // largest body of one PATCH
	Compressions []string `json:"compressions"`
	Keys         string   `json:"keys"` // path of keys.json
}

// Names on the wire, the same for both sides.
const (
	TusVersion      = "1.0.0"
	PayloadType     = "application/offset+octet-stream"
	ManifestType    = "application/json"
	ProblemType     = "application/problem+json"
	SignatureHeader = "Uoma-Signature" // base64 of the detached signature file
	ProblemPrefix   = "urn:uoma:error:"
	SenderPrefix    = "urn:uoma:sender:" // URI SAN of a client certificate
)

// Sizes on the wire.
const (
	PieceBytes       = 16 << 20 // of one PATCH: large enough for the line, small enough to lose little
	MaxManifestBytes = 64 << 10
	MaxReceiptBytes  = 256 << 10
	MaxSignature     = 4 << 10
)
