// Package kms holds a master key in AWS KMS: the service makes a data key (GenerateDataKey) whose encrypted form lies in
// a file of the workspace, and opens it at each start (Decrypt). The key that encrypts it never leaves the service. An
// encryption context binds the encrypted form to what it is for: with another one it does not open, and the service's
// own log shows it with each use.
//
// A [Holder] is one of package keys. The package knows no other key than the one it holds.
package kms

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"uoma/connectors/amazon"
	"uoma/connectors/keys"
	"uoma/internal/fault"
)

// Settings say which key of which service encrypts the master key.
type Settings struct {
	Key      string // id, ARN or alias
	Region   string
	Profile  string            // of the SDK's shared configuration; "": what its chain of credentials finds
	Endpoint string            // when it is not Amazon's of the region
	Blob     string            // path of the encrypted form
	Context  map[string]string // what it is bound to; not secret
	HTTP     *http.Client      // nil for that of package amazon
}

// Holder is a master key that KMS opens.
type Holder struct{ s Settings }

var _ keys.Holder = (*Holder)(nil)

// New makes a holder. Nothing is asked yet.
func New(s Settings) *Holder { return &Holder{s} }

// blobHeader begins the file of the encrypted form, so that another file is not taken for one by mistake.
const blobHeader = "UOMA-KMS-1 "

var (
	errAsk  = fault.New("UOMA-KEY-KMS", "the key service did not open the master key", "check keys.master in uoma.yaml, the credentials and the network; the run user needs kms:Decrypt on the key, and kms:GenerateDataKey for a new one")
	errBlob = fault.New("UOMA-KEY-KMS-FILE", "the file of the encrypted master key is not of the expected form", "restore it from the backup; it is never edited by hand")
)

func (h *Holder) client(ctx context.Context) (*kms.Client, error) {
	c, err := amazon.Load(ctx, h.s.Region, h.s.Profile)
	if err != nil {
		return nil, errAsk.Wrap(err) // its text quotes the profile's file
	}
	return kms.NewFromConfig(c, func(o *kms.Options) {
		if h.s.Endpoint != "" {
			o.BaseEndpoint = &h.s.Endpoint
		}
		if h.s.HTTP != nil {
			o.HTTPClient = h.s.HTTP
		}
	}), nil
}

// Read lets KMS open the encrypted form. It never is the root: the workspace was made with another key.
func (h *Holder) Read(ctx context.Context) (keys.Master, error) {
	text, err := keys.ReadSecret(h.s.Blob)
	if err != nil {
		return keys.Master{}, err
	}
	encoded, ok := strings.CutPrefix(text, blobHeader)
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return keys.Master{}, errBlob.At(fault.Place{File: h.s.Blob})
	}
	c, err := h.client(ctx)
	if err != nil {
		return keys.Master{}, err
	}
	// The key is named, so that no other key of the account that somebody encrypted with opens.
	out, err := c.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: &h.s.Key, EncryptionContext: h.s.Context})
	if err != nil {
		return keys.Master{}, failed(err)
	}
	if len(out.Plaintext) != keys.Size {
		return keys.Master{}, errBlob.At(fault.Place{File: h.s.Blob})
	}
	return keys.Master{Key: out.Plaintext}, nil
}

// Make lets KMS make a key, and keeps its encrypted form. The randomness is the service's.
func (h *Holder) Make(ctx context.Context, _ io.Reader) (keys.Master, error) {
	c, err := h.client(ctx)
	if err != nil {
		return keys.Master{}, err
	}
	out, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &h.s.Key, KeySpec: types.DataKeySpecAes256, EncryptionContext: h.s.Context})
	if err != nil {
		return keys.Master{}, failed(err)
	}
	if len(out.Plaintext) != keys.Size {
		return keys.Master{}, errAsk.Because(errors.New("it made a key of another size"))
	}
	return keys.Master{Key: out.Plaintext}, keys.WriteNew(h.s.Blob, blobHeader+base64.StdEncoding.EncodeToString(out.CiphertextBlob)+"\n")
}

// failed shows the service's code, which says what to do, and not its text, which quotes names.
func failed(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return errAsk.Because(errors.New(api.ErrorCode()))
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if refused := amazon.Refused(err); refused != nil {
		return refused
	}
	return errAsk.Wrap(err)
}

// Region gives the region that a key's ARN names, or "".
func Region(key string) string {
	if parts := strings.Split(key, ":"); len(parts) == 6 && parts[0] == "arn" && parts[2] == "kms" {
		return parts[3]
	}
	return ""
}
