package s3_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/drop"
	"uoma/connectors/drop/droptest"
	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

// layAsChild is what the test's own program does when it was started to be killed.
func layAsChild() {
	droptest.Child(func(text string) (drop.Place, error) {
		var s s3.Settings
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return nil, err
		}
		return s3.OpenDrop(context.Background(), s)
	})
}

// TestThreat_T29_AnObjectIsLaidWholeOrNotAtAll holds a bucket to the contract of every place.
func TestThreat_T29_AnObjectIsLaidWholeOrNotAtAll(t *testing.T) {
	r := start(t)
	good := r.settings()
	good.Owner, good.Idle, good.Retry = []byte("we"), droptest.Idle, remote.Retry{Base: 10 * time.Millisecond}
	at := func(change func(*s3.Settings)) func(context.Context) (drop.Place, error) {
		s := good
		change(&s)
		return func(ctx context.Context) (drop.Place, error) { return s3.OpenDrop(ctx, s) }
	}
	child, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	droptest.Run(t, droptest.Subject{
		Open: func(ctx context.Context, addr string) (drop.Place, error) {
			return at(func(s *s3.Settings) { s.Endpoint = "https://" + addr })(ctx)
		},
		Addr: r.Addr, Tree: droptest.Tree{Dir: filepath.Join(r.Dir, bucket)}, Child: string(child),
		Wrong: map[string]droptest.Wrong{
			"secret":      {Code: "UOMA-SRC-LOGIN", Open: at(func(s *s3.Settings) { s.Profile = "bad" })},
			"bucket":      {Code: "UOMA-SRC-BUCKET", Open: at(func(s *s3.Settings) { s.Bucket = "nobodys" })},
			"certificate": {Code: "UOMA-SRC-TLS", Open: at(func(s *s3.Settings) { s.CA = tlstest.NewAuthority(t).PEM })},
		},
	})
	if n := r.bytesLeft(t, nil); n > 0 {
		t.Errorf("%d uploads with bytes are left", n)
	}
}

// bytesLeft counts the uploads that were given a byte, and neither completed nor given up. One whose beginning was not answered has
// none.
func (r *rig) bytesLeft(t *testing.T, of *string) (n int) {
	t.Helper()
	all, err := r.api.ListMultipartUploads(t.Context(), &api.ListMultipartUploadsInput{Bucket: aws.String(bucket), Prefix: of})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range all.Uploads {
		had, err := r.api.ListParts(t.Context(), &api.ListPartsInput{Bucket: aws.String(bucket), Key: u.Key, UploadId: u.UploadId})
		if err != nil {
			t.Fatal(err)
		}
		if len(had.Parts) > 0 {
			n++
		}
	}
	return n
}

func lay(d *s3.Drop, name string) error {
	return errors.Join(d.Stage(name, saying("x")), d.Publish(name))
}

// TestLaidWithChecksums looks at what the service keeps of an object.
func TestLaidWithChecksums(t *testing.T) {
	r := start(t)
	d, err := s3.OpenDrop(t.Context(), r.settings())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // idle connections only
	if err := lay(d, "x.age"); err != nil {
		t.Fatal(err)
	}
	head, err := r.api.HeadObject(t.Context(), &api.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("x.age"), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil || aws.ToString(head.ChecksumSHA256) == "" {
		t.Errorf("the service has no checksum: %v", err)
	}
}

// TestLaidUnderTheKey looks at what is asked of a service with a KMS, which the server of these tests has not.
func TestLaidUnderTheKey(t *testing.T) {
	r := start(t)
	asked, completed := http.Header{}, http.Header{}
	s := r.through(t, func(in *http.Request) {
		switch q := in.URL.Query(); {
		case q.Has("uploads") && in.Method == http.MethodPost:
			asked = in.Header.Clone()
		case q.Has("uploadId") && in.Method == http.MethodPost:
			completed = in.Header.Clone()
		}
	})
	s.KMSKey = "alias/exports"
	d, err := s3.OpenDrop(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // idle connections only
	err = lay(d, "sealed.age")
	if asked.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || asked.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "alias/exports" || completed.Get("If-None-Match") != "*" {
		t.Errorf("asked with %v, then %v: %v", asked, completed, err)
	}
}

// TestAStrangersUploadIsNotOurs has somebody else begin an upload of the same name: whichever process of ours comes, and whether
// ours is there or gone, it completes its own alone, and gives no other up.
func TestAStrangersUploadIsNotOurs(t *testing.T) { start(t).strangers(t) }

func (r *rig) strangers(t *testing.T) {
	open := func(owner string) *s3.Drop {
		s := r.settings()
		s.Owner = []byte(owner)
		d, err := s3.OpenDrop(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() }) // idle connections only
		return d
	}
	another := func(name string) { // with another program
		u, err := r.api.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &name})
		if err == nil {
			_, err = r.api.UploadPart(t.Context(), &api.UploadPartInput{Bucket: aws.String(bucket), Key: &name, UploadId: u.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("theirs")})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	neighbour := func(name string) { // with this program, in another workspace
		if err := open("another").Stage(name, saying("theirs")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 { // ids are random, and so is which of two is the first
		for who, begin := range map[string]func(name string){"another": another, "neighbour": neighbour} {
			name := fmt.Sprintf("%s-%d.csv", who, i)
			if i%2 == 0 {
				begin(name)
			}
			if err := open("we").Stage(name, saying("ours")); err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 {
				begin(name)
			}
			if staged, published, err := open("we").Find(name); !staged || published || err != nil {
				t.Errorf("%s: staged %t, published %t, %v", name, staged, published, err)
			}
			if err := open("we").Doubt(name); fault.Code(err) != "UOMA-DRP-UNMARKED" {
				t.Errorf("%s: two uploads of which one has no mark: %v", name, err)
			}
			if err := open("we").Doubt("of-nobody.csv"); err != nil {
				t.Errorf("no upload: %v", err)
			}
			if err := open("we").Publish(name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := fs.ReadFile(r.open(t), name); err != nil || string(got) != "ours" {
				t.Errorf("%q lies there, %v", got, err)
			}
			if _, err := r.api.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: aws.String(bucket), Key: &name}); err != nil { // it is fetched
				t.Error(err)
			}
			// Theirs is the only one now.
			if staged, published, err := open("we").Find(name); staged || published || err != nil {
				t.Errorf("%s, which was fetched: staged %t, published %t, %v", name, staged, published, err)
			}
			if err := open("we").Publish(name); fault.Code(err) != "UOMA-DRP-WRITE" {
				t.Errorf("%s, of which theirs is left: %v", name, err)
			}
			if err := open("we").Unstage(name); err != nil {
				t.Error(err)
			}
			if n := r.bytesLeft(t, &name); n != 1 {
				t.Errorf("%s: %d uploads with bytes are left, theirs among them", name, n)
			}
		}
	}
}

// TestTheConditionDecides has somebody else lay an object after we looked whether there is one, and before ours is completed.
func TestTheConditionDecides(t *testing.T) { start(t).raced(t) }

func (r *rig) raced(t *testing.T) {
	const name = "raced.csv"
	s := r.through(t, func(in *http.Request) {
		if in.Method == http.MethodPost && in.URL.Query().Has("uploadId") {
			r.put(t, name, []byte("theirs"))
		}
	})
	d, err := s3.OpenDrop(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // idle connections only
	if err := lay(d, name); !errors.Is(err, drop.ErrExists) {
		t.Errorf("theirs was faster: %v", err)
	}
	if got, err := fs.ReadFile(r.open(t), name); err != nil || string(got) != "theirs" {
		t.Errorf("%q lies there, %v", got, err)
	}
	if err := d.Unstage(name); err != nil || r.bytesLeft(t, aws.String(name)) != 0 {
		t.Errorf("ours is left, %v", err)
	}
}

// saying gives what writes a text.
func saying(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// TestWhatServicesSay completes an upload at a service that at first answers in ways of which the server of these tests knows none.
func TestWhatServicesSay(t *testing.T) {
	r := start(t)
	for name, tt := range map[string]struct {
		status int
		code   string
		times  int
		want   string
	}{
		"busy":                       {http.StatusServiceUnavailable, "SlowDown", 2, ""},
		"a conflict":                 {http.StatusConflict, "ConditionalRequestConflict", 1, ""},
		"a failure told as success":  {http.StatusOK, "InternalError", 1, ""},
		"a token that has expired":   {http.StatusBadRequest, "ExpiredToken", 1, "UOMA-SRC-LOGIN"},
		"a key that we may not use":  {http.StatusForbidden, "AccessDenied", 1, "UOMA-SRC-LOGIN"},
		"a request that is none":     {http.StatusBadRequest, "InvalidRequest", 1, "UOMA-SRC-ANSWER"},
		"busy, for as long as asked": {http.StatusServiceUnavailable, "SlowDown", 99, "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			left := tt.times
			s := r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				if in.Method != http.MethodPost || !in.URL.Query().Has("uploadId") || left == 0 {
					return false
				}
				left--
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>Kanarialintu</Message></Error>", tt.code)
				return true
			})
			d, err := s3.OpenDrop(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close() // idle connections only
			object := strings.ReplaceAll(name, " ", "-")
			err = lay(d, object)
			if fault.Code(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if got, err := fs.ReadFile(r.open(t), object); (err == nil && string(got) == "x") != (tt.want == "") {
				t.Errorf("%q lies there, %v", got, err)
			}
		})
	}
}

// TestAListOfPartsThatIsCutIsNotTheWhole completes no upload of which the service tells a part of the parts, or of the uploads.
func TestAListOfPartsThatIsCutIsNotTheWhole(t *testing.T) {
	r := start(t)
	for name, tt := range map[string]struct {
		of, page string
	}{
		"parts":   {"uploadId", "<ListPartsResult><IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></ListPartsResult>"},
		"uploads": {"uploads", "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := s3.OpenDrop(t.Context(), r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				if in.Method == http.MethodPost && in.URL.Query().Has("uploadId") {
					t.Error("it was completed")
				}
				if in.Method != http.MethodGet || !in.URL.Query().Has(tt.of) {
					return false
				}
				w.Header().Set("Content-Type", "application/xml")
				fmt.Fprint(w, tt.page)
				return true
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close() // idle connections only
			if err := lay(d, name); fault.Code(err) != "UOMA-SRC-ANSWER" {
				t.Error(err)
			}
			if _, err := fs.Stat(r.open(t), name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it lies there: %v", err)
			}
		})
	}
}

// through gives settings for the same bucket behind a proxy that looks at each request before it passes it on. It answers
// under loopback's name, and under that of the bucket.
func (r *rig) through(t *testing.T, look func(*http.Request)) s3.Settings {
	return r.instead(t, func(_ http.ResponseWriter, in *http.Request) bool {
		look(in)
		return false
	})
}

// instead is [rig.through] for a proxy that may answer in place of the service.
func (r *rig) instead(t *testing.T, answers func(http.ResponseWriter, *http.Request) bool) s3.Settings {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	client, err := remote.HTTP{CA: r.CA}.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: client.Transport, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: "https", Host: r.Addr})
		p.Out.Host = p.In.Host // which was signed
	}}
	certificate := authority.CertificateFor(t, func(c *x509.Certificate) { c.DNSNames = []string{bucket + "." + s3test.Domain} })
	s := r.settings()
	s.Endpoint, s.CA = "https://"+tlstest.ServeWith(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		if !answers(w, in) {
			proxy.ServeHTTP(w, in)
		}
	})), authority.PEM
	return s
}
