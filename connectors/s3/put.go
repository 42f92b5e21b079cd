package s3

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	api "github.com/aws/aws-sdk-go-v2/service/s3"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// partBytes is the size of a part, of which the protocol takes 10,000: objects of up to 160 GB.
const partBytes = 16 << 20

// Put writes an object that must not be there yet. The service checks the SHA-256 of every part, and shows the object
// when it is whole, and not before. After an error nothing of it is left.
func (f *FS) Put(ctx context.Context, name string, r io.Reader) error {
	if err := folder.CheckName(name); err != nil {
		return err
	}
	s := f.store
	if err := s.login(ctx); err != nil {
		return err
	}
	place := fault.Place{File: name}
	if _, err := s.object(ctx, name); err == nil { // to know it before the bytes are sent; the condition below decides
		return errExists.At(place)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in := &transfermanager.UploadObjectInput{
		Bucket: &s.settings.Bucket, Key: aws.String(s.key(name)), Body: r,
		IfNoneMatch: aws.String("*"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	}
	if s.settings.KMSKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyID = types.ServerSideEncryptionAwsKms, &s.settings.KMSKey
	}
	patient := api.New(s.api.Options(), func(o *api.Options) { o.Retryer = retry.NewStandard() }) // a part is sent again alone
	_, err := transfermanager.New(patient, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency = partBytes, partBytes, parallel
	}).UploadObject(ctx, in)
	if err = judged(ctx, name, err); fault.Code(err) == "UOMA-LND-CHANGED" { // the condition failed
		return errExists.At(place).Wrap(errors.Unwrap(err))
	}
	return err
}
