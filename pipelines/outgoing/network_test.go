package outgoing

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/outbox"
	"uoma/connectors/remote"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
	"uoma/pipelines/workspace"
)

// afar is a place at a server for the rig's files, and the folder in which the server keeps them.
type afar struct {
	settings workspace.TargetSettings
	dir      string
	line     *faultproxy.Proxy
	bucket   *api.Client // the hand of its owner
}

func (r *rig) atSFTP() afar {
	r.t.Helper()
	server := sftptest.Start(r.t)
	key := filepath.Join(r.t.TempDir(), "key")
	r.must(os.WriteFile(key, []byte(server.Key), 0o600))
	line := faultproxy.New(r.t, server.Addr)
	return afar{workspace.TargetSettings{URL: "sftp://" + server.User + "@" + line.Addr(), HostKeys: []string{server.HostKey}, Key: "file:" + key}, server.Dir, line, nil}
}

func (r *rig) atS3() afar {
	r.t.Helper()
	server := s3test.Start(r.t)
	server.MakeBucket(r.t, "exports")
	ca := filepath.Join(r.t.TempDir(), "ca.pem")
	r.must(os.WriteFile(ca, server.CA, 0o600))
	line := faultproxy.New(r.t, server.Addr)
	return afar{workspace.TargetSettings{URL: "s3://exports", Endpoint: "https://" + line.Addr(), Region: s3test.Region, PathStyle: true, Profile: "good", CA: ca},
		filepath.Join(server.Dir, "exports"), line, server.Client(r.t)}
}

// visible names what the recipient sees there.
func (a afar) visible(t *testing.T) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	return out
}

// TestThreat_T29_ATargetAtAServer sends a target's file to an SSH server and to a bucket: once, whole or not at all, killed at any
// step and over a line that goes away; what the recipient fetched is not sent again, what somebody changed is not ours.
func TestThreat_T29_ATargetAtAServer(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	r.ws.Patience = remote.Retry{Base: 5 * time.Millisecond}
	for name, at := range map[string]afar{"sftp": r.atSFTP(), "s3": r.atS3()} {
		t.Run(name, func(t *testing.T) {
			r.ws.Settings.Targets["mailing-house"] = at.settings
			run := func() Facts {
				t.Helper()
				out, err := r.run("mailing-house")
				r.must(err)
				var f Facts
				r.must(json.Unmarshal(out.Facts["receipt"], &f))
				return f
			}
			r.next()
			f := run()
			if f.State != "closed" || f.Status != "accepted" || !slices.Equal(at.visible(t), []string{f.File}) {
				t.Fatalf("%+v, %q", f, at.visible(t))
			}
			raw, err := os.ReadFile(filepath.Join(at.dir, f.File))
			if err != nil || !bytes.HasPrefix(raw, []byte("age-encryption.org/v1\n")) || int64(len(raw)) != f.Bytes {
				t.Errorf("%d bytes of %d, %v", len(raw), f.Bytes, err)
			}
			if out, err := r.run("mailing-house"); err != nil || !out.Already {
				t.Errorf("again: %+v %v", out, err)
			}
			for _, step := range []string{"stage", "attempt", "publish", "publishing", "given", "sent"} {
				r.next()
				before := len(at.visible(t))
				r.step = func(s string) error {
					if s == step {
						return errKilled
					}
					return nil
				}
				if _, err := r.run("mailing-house"); !errors.Is(err, errKilled) {
					t.Fatalf("%s: %v", step, err)
				}
				r.step, r.now = nil, r.now.Add(outbox.LeaseFor*2)
				found, err := workspace.Check(ctx, r.ws.Dir, workspace.CheckOptions{Now: r.now})
				if err != nil || slices.ContainsFunc(found, func(f workspace.Finding) bool { return f.Code == "UOMA-CHK-DELIVERY-FILE" }) {
					t.Errorf("killed at %s, the check misses a file of ours: %v", step, err)
				}
				got := at.visible(t)
				if (len(got) > before) != (step == "given" || step == "sent") {
					t.Errorf("killed at %s, %d files are seen of %d", step, len(got), before)
				}
				want := "accepted"
				if step == "sent" {
					r.must(os.Remove(filepath.Join(at.dir, got[len(got)-1]))) // it was fetched meanwhile
					want = Fetched
				}
				if f := run(); f.State != "closed" || f.Status != want {
					t.Errorf("killed at %s: %+v", step, f)
				}
			}
			r.next()
			r.step = func(s string) error {
				if s == "publish" {
					at.line.Set(faultproxy.Faults{Refuse: true, Cut: 1, How: faultproxy.Close})
				}
				return nil
			}
			if _, err := r.run("mailing-house"); fault.Code(err) != "UOMA-SRC-UNREACHABLE" {
				t.Errorf("the line is gone: %v", err)
			}
			at.line.Set(faultproxy.Faults{})
			r.step = func(s string) error {
				if s == "given" {
					got := at.visible(t)
					return os.WriteFile(filepath.Join(at.dir, got[len(got)-1]), []byte("changed"), 0o600)
				}
				return nil
			}
			if _, err := r.run("mailing-house"); fault.Code(err) != "UOMA-OUT-ALTERED" {
				t.Errorf("somebody changed it: %v", err)
			}
			r.step = nil
		})
	}
}

// TestAnUploadWhoseMarkIsGone takes the mark of a staged upload away before a killed run goes on: it is neither taken for fetched
// nor sent again, until the bucket's owner completes it.
func TestAnUploadWhoseMarkIsGone(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	at := r.atS3()
	r.ws.Settings.Targets["mailing-house"] = at.settings
	r.next()
	r.step = func(s string) error {
		if s == "publishing" {
			return errKilled
		}
		return nil
	}
	if _, err := r.run("mailing-house"); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	r.step, r.now = nil, r.now.Add(outbox.LeaseFor*2)
	bucket := aws.String("exports")
	uploads, err := at.bucket.ListMultipartUploads(ctx, &api.ListMultipartUploadsInput{Bucket: bucket})
	r.must(err)
	var left []types.MultipartUpload
	for _, u := range uploads.Uploads {
		if !strings.HasSuffix(*u.Key, ".partial") {
			left = append(left, u)
			continue
		}
		_, err := at.bucket.AbortMultipartUpload(ctx, &api.AbortMultipartUploadInput{Bucket: bucket, Key: u.Key, UploadId: u.UploadId})
		r.must(err)
	}
	if len(left) != 1 || len(uploads.Uploads) != 2 {
		t.Fatalf("%d uploads, %d of them of a file", len(uploads.Uploads), len(left))
	}
	for range 2 {
		if _, err := r.run("mailing-house"); fault.Code(err) != "UOMA-DRP-UNMARKED" {
			t.Errorf("the mark is gone: %v", err)
		}
		if got := at.visible(t); len(got) > 0 {
			t.Errorf("%q are seen", got)
		}
		r.now = r.now.Add(outbox.LeaseFor * 2)
	}
	parts, err := at.bucket.ListParts(ctx, &api.ListPartsInput{Bucket: bucket, Key: left[0].Key, UploadId: left[0].UploadId})
	r.must(err)
	var all []types.CompletedPart
	for _, p := range parts.Parts {
		all = append(all, types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag, ChecksumSHA256: p.ChecksumSHA256})
	}
	_, err = at.bucket.CompleteMultipartUpload(ctx, &api.CompleteMultipartUploadInput{Bucket: bucket, Key: left[0].Key, UploadId: left[0].UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: all}})
	r.must(err)
	out, err := r.run("mailing-house")
	r.must(err)
	var f Facts
	r.must(json.Unmarshal(out.Facts["receipt"], &f))
	if f.State != "closed" || f.Status != "accepted" || !slices.Equal(at.visible(t), []string{f.File}) {
		t.Errorf("%+v, %q", f, at.visible(t))
	}
}
