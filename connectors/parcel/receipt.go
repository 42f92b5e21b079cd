package parcel

import "time"

// Level is how far a recipient has got with a delivery. Each level contains the one before.
type Level string

// Levels of a receipt.
const (
	Stored    Level = "stored"    // bytes complete, digest and signature right
	Opened    Level = "opened"    // decrypted, plaintext digest right
	Validated Level = "validated" // schema and SHA256SUMS right
)

// Rank gives 1, 2 or 3, and 0 for anything that is not a level.
func (l Level) Rank() int {
	switch l {
	case Stored:
		return 1
	case Opened:
		return 2
	case Validated:
		return 3
	}
	return 0
}

// Statuses of a receipt.
const (
	Accepted = "accepted"
	Rejected = "rejected"
)

// Receipt is what a recipient acknowledges, and is what it signs.
type Receipt struct {
	Format                string    `json:"format"`
	Version               int64     `json:"version"`
	DeliveryID            string    `json:"delivery_id"`
	SenderID              string    `json:"sender_id"`
	RecipientID           string    `json:"recipient_id"`
	Dataset               string    `json:"dataset"` // the dataset's id
	Sequence              int64     `json:"sequence"`
	ManifestSHA256        string    `json:"manifest_sha256"`
	Payload               Payload   `json:"payload"` // as the recipient computed it
	Level                 Level     `json:"level"`
	Status                string    `json:"status"`
	Reasons               []Reason  `json:"reasons"`
	ReceivedAt            time.Time `json:"received_at"`
	SigningKeyID          string    `json:"signing_key_id"`
	ReceiptSequence       int64     `json:"receipt_sequence"` // 1, 2, 3 … in the chain
	PreviousReceiptSHA256 Link      `json:"previous_receipt_sha256"`
	Critical              []string  `json:"critical,omitempty"`

	digest string
}

// Reason says why a delivery was rejected, or what was noted; never with a value.
type Reason struct {
	Type  string `json:"type"` // "schema-violation"
	Table string `json:"table"`
	Count int64  `json:"count"`
}

// SHA256 gives the digest of the bytes that the receipt was decoded from or encoded to, "" before either.
func (r *Receipt) SHA256() string { return r.digest }

// Encode checks the receipt and gives the bytes to sign. Format and version are filled in.
func (r *Receipt) Encode() ([]byte, error) {
	r.Format, r.Version = ReceiptFormat, Version
	if r.Reasons == nil {
		r.Reasons = []Reason{}
	}
	b, err := encode(r, MaxDocument, ErrReceipt, r.check)
	if err == nil {
		r.digest = SHA256Hex(b)
	}
	return b, err
}

// DecodeReceipt reads a receipt as strictly as [DecodeManifest] reads a manifest. It checks no signature and compares
// with nothing: see [CheckReceipt].
func DecodeReceipt(b []byte) (*Receipt, error) {
	r := new(Receipt)
	if err := strictDecode(b, MaxDocument, r); err != nil {
		return nil, ErrReceipt.Because(err)
	}
	if err := r.check(); err != nil {
		return nil, ErrReceipt.Because(err)
	}
	r.digest = SHA256Hex(b)
	return r, nil
}

func (r *Receipt) check() error {
	all := []error{
		rule(r.Format == ReceiptFormat, "format is not "+ReceiptFormat),
		rule(r.Version == Version, "version is not 1"),
		rule(uuidPattern.MatchString(r.DeliveryID), "delivery_id is not a lower-case UUIDv7"),
		rule(idPattern.MatchString(r.SenderID) && idPattern.MatchString(r.RecipientID), "sender_id or recipient_id is not [a-z0-9-]{1,64}"),
		rule(idPattern.MatchString(r.Dataset), "dataset is not [a-z0-9-]{1,64}"),
		rule(r.Sequence >= 1, "sequence begins at 1"),
		rule(digestPattern.MatchString(r.ManifestSHA256), "manifest_sha256 is not a digest"),
		rule(digestPattern.MatchString(r.Payload.SHA256) && r.Payload.Bytes > 0, "payload is not described"),
		rule(r.Level.Rank() > 0, "level is unknown"),
		rule(r.Status == Accepted || r.Status == Rejected, "status is not accepted or rejected"),
		rule(r.Status != Rejected || len(r.Reasons) > 0, "a rejection needs a reason"),
		rule(inUTC(r.ReceivedAt), "received_at is not in UTC"),
		rule(keyIDPattern.MatchString(r.SigningKeyID), "signing_key_id is not an OpenSSH SHA256 fingerprint"),
		rule(r.ReceiptSequence >= 1, "receipt_sequence begins at 1"),
		rule((r.ReceiptSequence == 1) == (r.PreviousReceiptSHA256 == ""), "previous_receipt_sha256 is null for receipt_sequence 1 and only then"),
		rule(r.PreviousReceiptSHA256 == "" || digestPattern.MatchString(string(r.PreviousReceiptSHA256)), "previous_receipt_sha256 is not a digest"),
		checkCritical(r.Critical, r),
	}
	for _, why := range r.Reasons {
		known := idPattern.MatchString(why.Type) && (why.Table == "" || tablePattern.MatchString(why.Table))
		all = append(all, rule(known, "a reason is not a word and a table"))
	}
	return findings(all...)
}
