// Package s3test gives tests a real S3 server: versitygw on loopback over TLS, keeping a fresh folder.
package s3test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"

	"uoma/connectors/remote"
	"uoma/internal/processtest"
	"uoma/internal/tlstest"
)

// Credentials that the server takes.
const (
	AccessKey = "testkey"
	SecretKey = "testsecret123"
	Region    = "us-east-1"
	Domain    = "s3.test" // below which a bucket may stand in the host's name
)

// Server is a running server.
type Server struct {
	Addr string
	CA   []byte
	Dir  string // one folder a bucket
}

// Start starts a server without a bucket.
func Start(t testing.TB) *Server {
	t.Helper()
	home := t.TempDir()
	for _, dir := range []string{"data", "versions"} {
		if err := os.Mkdir(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	authority := tlstest.NewAuthority(t)
	cert, key := authority.Files(t, home)
	addr := processtest.Start(t, processtest.Server{
		Program: "versitygw",
		Get:     "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0",
		Args: func(port string) []string {
			return []string{"--access", AccessKey, "--secret", SecretKey, "--region", Region, "--port", "127.0.0.1:" + port, "--quiet", "--keep-alive", "--virtual-domain", Domain,
				"--cert", cert, "--key", key, "posix", "--versioning-dir", filepath.Join(home, "versions"), filepath.Join(home, "data")}
		},
	})
	return &Server{Addr: addr, CA: authority.PEM, Dir: filepath.Join(home, "data")}
}

// Profiles writes a shared credentials file with the profiles "good" and "bad" for the SDK of this process, and keeps it
// from looking elsewhere. It gives a function that takes the file away.
func Profiles() (remove func(), err error) {
	f, err := os.CreateTemp("", "profiles")
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString("[good]\naws_access_key_id = " + AccessKey + "\naws_secret_access_key = " + SecretKey +
		"\n[bad]\naws_access_key_id = " + AccessKey + "\naws_secret_access_key = another\n"); err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"AWS_SHARED_CREDENTIALS_FILE": f.Name(), "AWS_CONFIG_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return func() { os.Remove(f.Name()) }, f.Close()
}

// Client is the hand of the bucket's owner.
func (s *Server) Client(t testing.TB) *api.Client {
	t.Helper()
	client, err := remote.HTTP{CA: s.CA}.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return api.New(api.Options{Region: Region, BaseEndpoint: aws.String("https://" + s.Addr), UsePathStyle: true, HTTPClient: client, Credentials: aws.CredentialsProviderFunc(rightful)})
}

func rightful(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: AccessKey, SecretAccessKey: SecretKey}, nil
}

// MakeBucket makes a bucket, which for this server is a folder.
func (s *Server) MakeBucket(t testing.TB, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}
