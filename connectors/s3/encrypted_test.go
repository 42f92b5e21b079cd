package s3_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/internal/processtest"
	"uoma/internal/tlstest"
)

// startEncrypting starts a server with a KMS, which the server of the other tests has not, and gives it a bucket that encrypts in
// one way.
func startEncrypting(t *testing.T, how types.ServerSideEncryption) *rig {
	t.Helper()
	home, authority := t.TempDir(), tlstest.NewAuthority(t)
	certificate, key := authority.Files(t, home)
	if err := errors.Join(os.Rename(certificate, filepath.Join(home, "public.crt")), os.Rename(key, filepath.Join(home, "private.key")), os.Mkdir(filepath.Join(home, "data"), 0o700)); err != nil {
		t.Fatal(err)
	}
	addr := processtest.Start(t, processtest.Server{
		Program: "minio", Get: "make tools",
		Args: func(port string) []string {
			return []string{"server", "--quiet", "--certs-dir", home, "--address", "127.0.0.1:" + port, filepath.Join(home, "data")}
		},
		Env: []string{"HOME=" + home, "MINIO_ROOT_USER=" + s3test.AccessKey, "MINIO_ROOT_PASSWORD=" + s3test.SecretKey, "MINIO_CI_CD=1", "MINIO_BROWSER=off", "MINIO_UPDATE=off",
			"MINIO_KMS_SECRET_KEY=exports-key:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
	})
	server := &s3test.Server{Addr: addr, CA: authority.PEM, Dir: filepath.Join(home, "data")}
	r := &rig{server, server.Client(t)}
	rule := types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: how}}
	if how == types.ServerSideEncryptionAwsKms {
		rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID = aws.String("exports-key")
	}
	var err error
	for waited := time.Duration(0); ; waited += 100 * time.Millisecond { // it answers before it is ready
		if _, err = r.api.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: aws.String(bucket)}); err == nil || waited > 20*time.Second {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err == nil {
		_, err = r.api.PutBucketEncryption(t.Context(), &api.PutBucketEncryptionInput{Bucket: aws.String(bucket),
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTheSameOfAnotherServer holds what we lay to the same at a server that lists the uploads of one whole key alone.
func TestTheSameOfAnotherServer(t *testing.T) {
	r := startEncrypting(t, types.ServerSideEncryptionAes256)
	t.Run("strangers", r.strangers)
	t.Run("raced", r.raced)
}

// TestEncryptedBuckets reads an object of several ranges from buckets that encrypt, listed and in the middle, and lays one
// there, with the bucket's key and with one that we name.
func TestEncryptedBuckets(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 600_000)
	for _, how := range []types.ServerSideEncryption{types.ServerSideEncryptionAes256, types.ServerSideEncryptionAwsKms} {
		t.Run(string(how), func(t *testing.T) {
			r := startEncrypting(t, how)
			r.put(t, "export.csv", want)
			encrypted := func(name string, how types.ServerSideEncryption) {
				t.Helper()
				head, err := r.api.HeadObject(t.Context(), &api.HeadObjectInput{Bucket: aws.String(bucket), Key: &name})
				if err != nil || head.ServerSideEncryption != how {
					t.Errorf("%s: %q, %v", name, head.ServerSideEncryption, err)
				}
			}
			encrypted("export.csv", how)
			f := r.open(t)
			if list, err := f.ReadDir("."); err != nil || len(list) != 1 {
				t.Error(list, err)
			}
			if got, err := fs.ReadFile(f, "export.csv"); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			file, err := f.Open("export.csv")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close() // only read from
			if _, err := file.(io.Seeker).Seek(5_000_001, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(file); err != nil || !bytes.Equal(rest, want[5_000_001:]) {
				t.Errorf("%d bytes of the rest, %v", len(rest), err)
			}
			for key, laid := range map[string]types.ServerSideEncryption{"": how, "exports-key": types.ServerSideEncryptionAwsKms} {
				s := r.settings()
				s.KMSKey = key
				d, err := s3.OpenDrop(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close() // idle connections only
				if err := lay(d, "laid"+key); err != nil {
					t.Error(err)
				}
				encrypted("laid"+key, laid)
			}
		})
	}
}
