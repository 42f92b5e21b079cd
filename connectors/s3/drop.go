package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/drop"
	"uoma/connectors/remote"
	"uoma/internal/fault"
)

// partBytes is the size of a part, of which the protocol takes 10,000: objects of up to 160 GB.
const partBytes = 16 << 20

// Drop is a bucket, or a prefix of it, into which objects are laid for whoever fetches them there. A staged object is an upload in
// parts that was not completed: nobody can see anything of it.
//
// Others may begin uploads of the same name, and a service tells nothing of an upload by which its beginner's next process knew
// it. So ours has a mark: a second upload without a part, of a name that only we can make of the first one's id. What has none is
// a stranger's, and neither completed nor given up.
type Drop struct {
	fs  *FS
	ctx context.Context
}

var _ drop.Place = (*Drop)(nil)

// OpenDrop checks the settings. The drop ends with ctx.
func OpenDrop(ctx context.Context, s Settings) (*Drop, error) {
	f, err := Open(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Drop{f, ctx}, nil
}

// Close implements [drop.Place].
func (d *Drop) Close() error { return d.fs.Close() }

// Stage implements [drop.Place]. The service checks the SHA-256 of every part. A part is sent again alone, so that write is
// called once.
func (d *Drop) Stage(name string, write func(io.Writer) error) error {
	if err := d.Unstage(name); err != nil {
		return err
	}
	id, err := d.begin(name, name)
	if err != nil {
		return err
	}
	if _, err := d.begin(name, d.mark(name, id)); err != nil { // before a byte, so that a successor can give up what a killed process left
		return errors.Join(err, d.giveUp(name, name, id))
	}
	p := &parts{d: d, name: name, upload: id}
	if err = write(p); err == nil {
		err = p.flush()
	}
	if err != nil {
		return errors.Join(err, d.Unstage(name))
	}
	return nil
}

// begin begins an upload on behalf of a name. Where the answer is lost another one is begun, and that one stays without a byte.
func (d *Drop) begin(name, at string) (id string, err error) {
	s := d.fs.store.settings
	in := &api.CreateMultipartUploadInput{Bucket: d.bucket(), Key: d.key(at), ChecksumAlgorithm: types.ChecksumAlgorithmSha256}
	if s.KMSKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &s.KMSKey
	}
	err = d.ask(name, func() error {
		out, err := d.api().CreateMultipartUpload(d.ctx, in)
		if err == nil {
			id = aws.ToString(out.UploadId)
		}
		return err
	})
	return id, err
}

// mark gives the name of the upload that marks another as ours.
func (d *Drop) mark(name, id string) string {
	h := hmac.New(sha256.New, d.fs.store.settings.Owner)
	h.Write([]byte(id)) // never fails
	return drop.Beside(name + "." + hex.EncodeToString(h.Sum(nil)[:16]))
}

// parts sends what is written to it in parts of one size, and the last.
type parts struct {
	d            *Drop
	name, upload string
	number       int32
	held         []byte
}

// Write implements [io.Writer].
func (p *parts) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		k := min(len(b), partBytes-len(p.held))
		p.held, b, n = append(p.held, b[:k]...), b[k:], n+k
		if len(p.held) == partBytes {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush sends what is held. The first part may be empty, as an object may.
func (p *parts) flush() error {
	if len(p.held) == 0 && p.number > 0 {
		return nil
	}
	p.number++
	err := p.d.ask(p.name, func() error {
		_, err := p.d.api().UploadPart(p.d.ctx, &api.UploadPartInput{Bucket: p.d.bucket(), Key: p.d.key(p.name), UploadId: &p.upload, PartNumber: &p.number,
			Body: bytes.NewReader(p.held), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
		return err
	})
	p.held = p.held[:0]
	return err
}

// Unstage implements [drop.Place]. The mark goes last: what has bytes must not be left without.
func (d *Drop) Unstage(name string) error {
	ids, err := d.ours(name)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := d.giveUp(name, name, id); err != nil {
			return err
		}
		if err := d.unmark(name, id); err != nil {
			return err
		}
	}
	return nil
}

// unmark takes the mark of an upload away.
func (d *Drop) unmark(name, id string) error {
	at := d.mark(name, id)
	ids, err := d.uploads(name, at)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := d.giveUp(name, at, id); err != nil {
			return err
		}
	}
	return nil
}

// giveUp ends an upload, unless it has ended already.
func (d *Drop) giveUp(name, at, id string) error {
	err := d.ask(name, func() error {
		_, err := d.api().AbortMultipartUpload(d.ctx, &api.AbortMultipartUploadInput{Bucket: d.bucket(), Key: d.key(at), UploadId: &id})
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ours gives the uploads of a name that have our mark.
func (d *Drop) ours(name string) (ids []string, err error) {
	ids, _, err = d.told(name)
	return ids, err
}

// told tells the uploads of a name that have our mark from the others.
func (d *Drop) told(name string) (ours, others []string, err error) {
	all, err := d.uploads(name, name)
	for _, id := range all {
		marks, err := d.uploads(name, d.mark(name, id))
		switch {
		case err != nil:
			return nil, nil, err
		case len(marks) > 0:
			ours = append(ours, id)
		default:
			others = append(others, id)
		}
	}
	return ours, others, err
}

// uploads gives those that were begun on behalf of a name and neither completed nor given up.
func (d *Drop) uploads(name, at string) (ids []string, err error) {
	err = d.ask(name, func() error {
		ids = nil
		pages := api.NewListMultipartUploadsPaginator(d.api(), &api.ListMultipartUploadsInput{Bucket: d.bucket(), Prefix: d.key(at)})
		for turn := (turning{}); pages.HasMorePages(); {
			page, err := pages.NextPage(d.ctx)
			if err == nil {
				err = turn.on(page.IsTruncated, aws.String(aws.ToString(page.NextKeyMarker)+"\n"+aws.ToString(page.NextUploadIdMarker)))
			}
			if err != nil {
				return err
			}
			for _, u := range page.Uploads {
				if aws.ToString(u.Key) == *d.key(at) {
					ids = append(ids, aws.ToString(u.UploadId))
				}
			}
		}
		return nil
	})
	return ids, err
}

// Publish implements [drop.Place]: the service makes an object of the parts, unless one of the name is there.
func (d *Drop) Publish(name string) error {
	if taken, err := d.lies(name); err != nil || taken { // the condition below decides, where the service knows it
		return cmp.Or(err, error(drop.ErrExists.At(fault.Place{File: name})))
	}
	ids, err := d.ours(name)
	if err != nil {
		return err
	}
	switch len(ids) {
	case 0:
		return drop.ErrWrite.At(fault.Place{File: name}).Because(errors.New("nothing is staged"))
	case 1:
	default:
		return drop.ErrWrite.At(fault.Place{File: name}).Because(errors.New("two runs have staged it at once"))
	}
	id := ids[0]
	all, err := d.parts(name, id)
	if err != nil {
		return err
	}
	err = d.ask(name, func() error {
		_, err := d.api().CompleteMultipartUpload(d.ctx, &api.CompleteMultipartUploadInput{Bucket: d.bucket(), Key: d.key(name), UploadId: &id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: all}, IfNoneMatch: aws.String("*")})
		return err
	})
	if err == nil {
		_ = d.unmark(name, id) // the object is there, and a mark without its upload marks nothing
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) { // the upload is gone: was it completed, and the line broke before the answer came?
		if there, found := d.lies(name); found == nil && there {
			return cmp.Or(d.unmark(name, id), error(drop.ErrExists.At(fault.Place{File: name}))) // whose it is, its bytes tell
		}
	}
	return err
}

// parts gives what the service has of an upload.
func (d *Drop) parts(name, id string) (all []types.CompletedPart, err error) {
	err = d.ask(name, func() error {
		all = nil
		pages := api.NewListPartsPaginator(d.api(), &api.ListPartsInput{Bucket: d.bucket(), Key: d.key(name), UploadId: &id})
		for turn := (turning{}); pages.HasMorePages(); {
			page, err := pages.NextPage(d.ctx)
			if err == nil {
				err = turn.on(page.IsTruncated, page.NextPartNumberMarker)
			}
			if err != nil {
				return err
			}
			for _, p := range page.Parts {
				all = append(all, types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag, ChecksumSHA256: p.ChecksumSHA256})
			}
		}
		return nil
	})
	return all, err
}

// Find implements [drop.Place].
func (d *Drop) Find(name string) (staged, published bool, err error) {
	ids, err := d.ours(name)
	if err == nil {
		published, err = d.lies(name)
	}
	return len(ids) > 0, published, err
}

// Doubt fails where an upload of a name has no mark of ours: it is a stranger's, or ours of which the mark was taken away.
func (d *Drop) Doubt(name string) error {
	_, others, err := d.told(name)
	if err == nil && len(others) > 0 {
		return errUnmarked.At(fault.Place{File: name})
	}
	return err
}

// lies tells whether there is an object of a name.
func (d *Drop) lies(name string) (bool, error) {
	err := d.ask(name, func() error {
		_, err := d.api().HeadObject(d.ctx, &api.HeadObjectInput{Bucket: d.bucket(), Key: d.key(name)})
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Open implements [drop.Place].
func (d *Drop) Open(name string) (io.ReadCloser, error) { return d.fs.Open(name) }

// nobodys is a name that no file has.
const nobodys = "uoma-check"

// Ask implements [drop.Place]: the bucket is there, and we may look for uploads and objects in it.
func (d *Drop) Ask() error {
	_, _, err := d.Find(nobodys)
	return err
}

func (d *Drop) api() *api.Client { return d.fs.store.api }

func (d *Drop) bucket() *string { return &d.fs.store.settings.Bucket }

func (d *Drop) key(name string) *string { return aws.String(d.fs.store.key(name)) }

// ask makes a request as often as patience lets it.
func (d *Drop) ask(name string, request func() error) error {
	if err := drop.Check(name); err != nil {
		return err
	}
	s := d.fs.store
	return s.settings.Retry.Do(d.ctx, func() error {
		if err := s.login(d.ctx); err != nil {
			return err
		}
		err := judged(d.ctx, name, request())
		if remote.IsChanged(err) { // the condition failed: of what we ask there is one alone
			return drop.ErrExists.At(fault.Place{File: name}).Wrap(errors.Unwrap(err))
		}
		return err
	})
}
