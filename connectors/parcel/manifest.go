package parcel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"uoma/internal/canon"
	"uoma/internal/late"
)

// Format names and the one version that this release makes and reads.
const (
	ManifestFormat = "uoma-manifest"
	ReceiptFormat  = "uoma-receipt"
	Version        = 1
)

// MaxDocument is the largest manifest, receipt or key list in bytes.
const MaxDocument = 64 << 10

// Kinds of a delivery.
const (
	Full       = "full"
	Delta      = "delta"
	Correction = "correction" // names what it supersedes
	Withdrawal = "withdrawal" // one table: withdrawals
)

// Compressions of the archive inside the container.
const (
	Zstd = "zstd"
	Gzip = "gzip"
	None = "none"
)

// Link is the SHA-256 in lower-case hex of the file before in a chain; empty, and null in JSON, for the first.
type Link string

// MarshalJSON gives the digest or null.
func (l Link) MarshalJSON() ([]byte, error) {
	if l == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(l))
}

// Manifest says what a delivery is, and is what the sender signs. It holds no personal data and no row counts.
type Manifest struct {
	Format                 string    `json:"format"`
	Version                int64     `json:"version"`
	DeliveryID             string    `json:"delivery_id"` // UUIDv7, lower case
	SenderID               string    `json:"sender_id"`
	RecipientID            string    `json:"recipient_id"`
	Kind                   string    `json:"kind"`
	Supersedes             string    `json:"supersedes,omitempty"` // delivery id
	Dataset                Dataset   `json:"dataset"`
	Period                 Period    `json:"period"`
	Sequence               int64     `json:"sequence"` // 1, 2, 3 … per sender, recipient and dataset
	PreviousManifestSHA256 Link      `json:"previous_manifest_sha256"`
	CreatedAt              time.Time `json:"created_at"`
	NotAfter               time.Time `json:"not_after"`
	RegisterCommit         string    `json:"register_commit"`
	ConsentCutAt           time.Time `json:"consent_cut_at"` // consent, withdrawal and retention were applied up to here
	Quality                Quality   `json:"quality"`
	Container              Container `json:"container"`
	Plaintext              Plaintext `json:"plaintext"`
	Payload                Payload   `json:"payload"`
	Software               Software  `json:"software"`
	SigningKeyID           string    `json:"signing_key_id"`     // "SHA256:…"
	Critical               []string  `json:"critical,omitempty"` // fields that a verifier must know or refuse
}

// Dataset names a dataset and the schema of its tables.
type Dataset struct {
	ID            string `json:"id"`
	SchemaVersion string `json:"schema_version"`
	SchemaSHA256  string `json:"schema_sha256"` // see [SchemaDigest]
}

// Period is the span of days that the data covers, both included.
type Period struct {
	From canon.Date `json:"from"`
	To   canon.Date `json:"to"`
}

// Quality names the verdict of the run's quality report and the report itself.
type Quality struct {
	Verdict      string `json:"verdict"` // pass or warn
	ReportSHA256 string `json:"report_sha256"`
}

// Container says how the payload is sealed and to whom.
type Container struct {
	Type        string     `json:"type"` // "age-v1"
	Compression string     `json:"compression"`
	Recipients  []SealedTo `json:"recipients"`
}

// ContainerType is the one type of container.
const ContainerType = "age-v1"

// SealedTo names one key that can open the payload.
type SealedTo struct {
	KeyID           string `json:"key_id"`
	RecipientSHA256 string `json:"recipient_sha256"` // of the recipient string "age1…"
}

// Plaintext describes exactly what age -d prints, and how large it grows when expanded.
type Plaintext struct {
	SHA256        string `json:"sha256"`
	Bytes         int64  `json:"bytes"`
	ExpandedBytes int64  `json:"expanded_bytes"`
}

// Payload describes the file <id>.age.
type Payload struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Software says what made a manifest.
type Software struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

var (
	idPattern      = late.Compile(`^[a-z0-9-]{1,64}$`)
	uuidPattern    = late.Compile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	digestPattern  = late.Compile(`^[0-9a-f]{64}$`)
	keyIDPattern   = late.Compile(`^SHA256:[A-Za-z0-9+/]{43}$`)
	versionPattern = late.Compile(`^[A-Za-z0-9._+-]{1,64}$`)
	labelPattern   = late.Compile(`^[A-Za-z0-9._:/+-]{1,128}$`)
)

// SHA256Hex gives the digest of bytes as every file of the protocol writes it.
func SHA256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Encode checks the manifest and gives the bytes to sign and to send. Format and version are filled in.
func (m *Manifest) Encode() ([]byte, error) {
	m.Format, m.Version = ManifestFormat, Version
	return encode(m, MaxDocument, ErrManifest, m.check)
}

// DecodeManifest reads a manifest strictly: no duplicate keys, no numbers but integers below 2^53, valid UTF-8, nothing
// behind, at most [MaxDocument] bytes. Unknown fields are ignored unless critical names them.
func DecodeManifest(b []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := strictDecode(b, MaxDocument, m); err != nil {
		return nil, ErrManifest.Because(err)
	}
	if err := m.check(); err != nil {
		return nil, ErrManifest.Because(err)
	}
	return m, nil
}

func (m *Manifest) check() error {
	return findings(
		rule(m.Format == ManifestFormat, "format is not "+ManifestFormat),
		rule(m.Version == Version, "version is not 1"),
		m.checkIdentity(), m.checkPlace(), m.checkContent(),
		checkCritical(m.Critical, m),
	)
}

func (m *Manifest) checkIdentity() error {
	return findings(
		rule(uuidPattern.MatchString(m.DeliveryID), "delivery_id is not a lower-case UUIDv7"),
		rule(idPattern.MatchString(m.SenderID), "sender_id is not [a-z0-9-]{1,64}"),
		rule(idPattern.MatchString(m.RecipientID), "recipient_id is not [a-z0-9-]{1,64}"),
		rule(idPattern.MatchString(m.Dataset.ID), "dataset.id is not [a-z0-9-]{1,64}"),
		rule(versionPattern.MatchString(m.Dataset.SchemaVersion), "dataset.schema_version is not a version"),
		rule(digestPattern.MatchString(m.Dataset.SchemaSHA256), "dataset.schema_sha256 is not a digest"),
		rule(keyIDPattern.MatchString(m.SigningKeyID), "signing_key_id is not an OpenSSH SHA256 fingerprint"),
		rule(labelPattern.MatchString(m.Software.Name) && labelPattern.MatchString(m.Software.Version), "software is not named"),
	)
}

func (m *Manifest) checkPlace() error {
	known := m.Kind == Full || m.Kind == Delta || m.Kind == Correction || m.Kind == Withdrawal
	return findings(
		rule(known, "kind is not full, delta, correction or withdrawal"),
		rule(m.Supersedes == "" || uuidPattern.MatchString(m.Supersedes), "supersedes is not a delivery id"),
		rule(m.Kind != Correction || m.Supersedes != "", "a correction needs supersedes"),
		rule(m.Supersedes == "" || m.Supersedes != m.DeliveryID, "a delivery cannot supersede itself"),
		rule(m.Sequence >= 1, "sequence begins at 1"),
		rule((m.Sequence == 1) == (m.PreviousManifestSHA256 == ""), "previous_manifest_sha256 is null for sequence 1 and only then"),
		rule(m.PreviousManifestSHA256 == "" || digestPattern.MatchString(string(m.PreviousManifestSHA256)), "previous_manifest_sha256 is not a digest"),
		rule(m.Period.From <= m.Period.To, "period ends before it begins"),
		rule(inUTC(m.CreatedAt) && inUTC(m.NotAfter) && inUTC(m.ConsentCutAt), "times are not in UTC"),
		rule(m.NotAfter.After(m.CreatedAt), "not_after is not after created_at"),
		rule(labelPattern.MatchString(m.RegisterCommit), "register_commit is not named"),
	)
}

func (m *Manifest) checkContent() error {
	c := m.Container
	all := []error{
		rule(m.Quality.Verdict == "pass" || m.Quality.Verdict == "warn", "quality.verdict is not pass or warn"),
		rule(digestPattern.MatchString(m.Quality.ReportSHA256), "quality.report_sha256 is not a digest"),
		rule(c.Type == ContainerType, "container.type is not "+ContainerType),
		rule(c.Compression == Zstd || c.Compression == Gzip || c.Compression == None, "container.compression is unknown"),
		rule(len(c.Recipients) >= 1 && len(c.Recipients) <= MaxRecipients, "container.recipients are not 1 to 8"),
		rule(digestPattern.MatchString(m.Plaintext.SHA256), "plaintext.sha256 is not a digest"),
		rule(digestPattern.MatchString(m.Payload.SHA256), "payload.sha256 is not a digest"),
		rule(m.Plaintext.Bytes > 0 && m.Plaintext.ExpandedBytes > 0 && m.Payload.Bytes > 0, "sizes are not positive"),
		rule(c.Compression != None || m.Plaintext.Bytes == m.Plaintext.ExpandedBytes, "expanded_bytes differs without compression"),
	}
	for _, r := range c.Recipients {
		all = append(all, rule(labelPattern.MatchString(r.KeyID) && digestPattern.MatchString(r.RecipientSHA256), "a container recipient is not named"))
	}
	return findings(all...)
}

func rule(holds bool, why string) error {
	if holds {
		return nil
	}
	return errors.New(why)
}

// findings gives every broken rule in one sentence, or nil.
func findings(errs ...error) error {
	var all []string
	for _, err := range errs {
		if err != nil {
			all = append(all, err.Error())
		}
	}
	return rule(len(all) == 0, strings.Join(all, "; "))
}

// inUTC asks for a time that was written with Z.
func inUTC(t time.Time) bool { return !t.IsZero() && t.Location() == time.UTC }
