package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/net/dns/dnsmessage"

	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/transporttest"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

func TestMain(m *testing.M) {
	layAsChild()
	remove, err := s3test.Profiles()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	remove()
	os.Exit(status)
}

// rig is a server with a bucket, and the hand that puts objects into it.
type rig struct {
	*s3test.Server
	api *api.Client
}

const bucket = "exports"

func start(t testing.TB) *rig {
	t.Helper()
	server := s3test.Start(t)
	r := &rig{server, server.Client(t)}
	if _, err := r.api.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) put(t testing.TB, name string, content []byte) {
	t.Helper()
	if _, err := r.api.PutObject(t.Context(), &api.PutObjectInput{Bucket: aws.String(bucket), Key: &name, Body: bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) settings() s3.Settings {
	return s3.Settings{Bucket: bucket, Endpoint: "https://" + r.Addr, Region: s3test.Region, PathStyle: true, Profile: "good", CA: r.CA,
		Idle: transporttest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}
}

func (r *rig) open(t testing.TB) *s3.FS {
	t.Helper()
	f, err := s3.Open(t.Context(), r.settings())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // idle connections only
	return f
}

func TestContract(t *testing.T) { transporttest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { transporttest.Bench(b, subject(b)) }

func subject(t testing.TB) transporttest.Subject {
	r := start(t)
	wrong := func(code string, change func(*s3.Settings)) transporttest.Wrong {
		s := r.settings()
		change(&s)
		return transporttest.Wrong{Code: code, Dial: func(ctx context.Context) (transporttest.FS, error) { return s3.Open(ctx, s) }}
	}
	return transporttest.Subject{
		Dial: func(ctx context.Context, addr string, idle time.Duration) (transporttest.FS, error) {
			s := r.settings()
			s.Endpoint, s.Idle = "https://"+addr, idle
			return s3.Open(ctx, s)
		},
		Addr:   r.Addr,
		Write:  r.put,
		Sparse: (&transporttest.Tree{Dir: filepath.Join(r.Dir, bucket)}).Sparse,
		Plant: func(t testing.TB, dir string) {
			for _, name := range []string{"exe\u202evsc.csv", "bell\a.csv", `back\slash.csv`, "Clash.csv", "clash.csv"} {
				r.put(t, dir+"/"+name, []byte("planted"))
			}
		},
		Lists: true,
		Wrong: map[string]transporttest.Wrong{
			"secret":      wrong("UOMA-SRC-LOGIN", func(s *s3.Settings) { s.Profile = "bad" }),
			"profile":     wrong("UOMA-SRC-CREDENTIALS", func(s *s3.Settings) { s.Profile = "none" }),
			"bucket":      wrong("UOMA-SRC-BUCKET", func(s *s3.Settings) { s.Bucket = "nobodys" }),
			"certificate": wrong("UOMA-SRC-TLS", func(s *s3.Settings) { s.CA = tlstest.NewAuthority(t).PEM }),
			"endpoint":    wrong("UOMA-SRC-SETTINGS", func(s *s3.Settings) { s.Endpoint = "http://" + r.Addr }),
		},
	}
}

// TestWhatWasListedIsRead replaces objects after they were listed or described.
func TestWhatWasListedIsRead(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprintf("versioned %v", versioned), func(t *testing.T) {
			r := start(t)
			if versioned {
				if _, err := r.api.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{Bucket: aws.String(bucket),
					VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"described.csv", "listed.csv", "listed, näin+ näin.csv", "removed.csv"} {
				r.put(t, name, []byte("old"))
			}
			f := r.open(t)
			if _, err := f.Stat("described.csv"); err != nil {
				t.Fatal(err)
			}
			if list, err := f.ReadDir("."); err != nil || len(list) != 4 {
				t.Fatal(list, err)
			}
			time.Sleep(1100 * time.Millisecond) // the server tells whole seconds, and of a version the one in which it was replaced
			r.put(t, "described.csv", []byte("new"))
			for _, content := range []string{"short", "new"} {
				r.put(t, "listed.csv", []byte(content))
				r.put(t, "listed, näin+ näin.csv", []byte(content))
			}
			if _, err := r.api.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("removed.csv")}); err != nil {
				t.Fatal(err)
			}
			for _, e := range []string{"described.csv", "listed.csv", "listed, näin+ näin.csv", "removed.csv"} {
				switch got, err := fs.ReadFile(f, e); {
				case versioned && (err != nil || string(got) != "old"):
					t.Errorf("%s is not as it was: %q, %v", e, got, err)
				case !versioned && e == "removed.csv" && !errors.Is(err, fs.ErrNotExist):
					t.Errorf("removed: %q, %v", got, err)
				case !versioned && e != "removed.csv" && fault.Code(err) != "UOMA-LND-CHANGED":
					t.Errorf("%s was replaced: %q, %v", e, got, err)
				}
			}
			if got, err := fs.ReadFile(r.open(t), "listed.csv"); err != nil || string(got) != "new" {
				t.Errorf("another view: %q, %v", got, err)
			}
		})
	}
}

// TestAListedVersionIsFoundByItsKey finds the version that was listed where the service writes keys as a URL does.
func TestAListedVersionIsFoundByItsKey(t *testing.T) {
	r := start(t)
	if _, err := r.api.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{Bucket: aws.String(bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	const name = "listed, näin+ näin.csv"
	old, err := r.api.PutObject(t.Context(), &api.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(name), Body: strings.NewReader("old")})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s3.Open(t.Context(), r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
		if !in.URL.Query().Has("versions") {
			return false
		}
		if in.URL.Query().Get("encoding-type") != "url" {
			t.Error("keys are not asked for as a URL writes them")
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "<ListVersionsResult><EncodingType>url</EncodingType><Version><Key>%s</Key><VersionId>%s</VersionId><ETag>%s</ETag><Size>3</Size></Version></ListVersionsResult>",
			url.QueryEscape(name), aws.ToString(old.VersionId), aws.ToString(old.ETag))
		return true
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // idle connections only
	if _, err := f.ReadDir("."); err != nil {
		t.Fatal(err)
	}
	r.put(t, name, []byte("new"))
	if got, err := fs.ReadFile(f, name); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestAVersionWithoutANameCanBeReplaced reads an object that was put while a bucket kept no versions: the one that has its place now
// has the same name of a version, which is none.
func TestAVersionWithoutANameCanBeReplaced(t *testing.T) {
	r := start(t)
	r.put(t, "a.csv", []byte("new"))
	f, err := s3.Open(t.Context(), r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
		if in.Method == http.MethodHead { // as it was before
			for name, v := range map[string]string{"ETag": `"149603e6c03516362a8da23f624db945"`, "X-Amz-Version-Id": "null", "Content-Length": "3", "Last-Modified": "Sun, 22 Nov 2026 02:00:00 GMT"} {
				w.Header().Set(name, v)
			}
			return true
		}
		if in.Method == http.MethodGet && in.Header.Get("If-Match") == "" {
			t.Error("it is asked for as if it could not be replaced")
		}
		return false
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // idle connections only
	if got, err := fs.ReadFile(f, "a.csv"); fault.Code(err) != "UOMA-LND-CHANGED" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestOtherBytesThanAskedFor reads from services that give another range, or all of the object.
func TestOtherBytesThanAskedFor(t *testing.T) {
	r := start(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 5<<20>>4) // two ranges
	r.put(t, "a.csv", content)
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter)
		code   string
	}{
		"all of it": {func(w http.ResponseWriter) { _, _ = w.Write(content) }, "UOMA-SRC-ANSWER"},
		"another range": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", 1<<20-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content[:1<<20])
		}, "UOMA-SRC-ANSWER"},
		"of another size": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", 4<<20, 5<<20-1, 9<<20))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content[:1<<20])
		}, "UOMA-LND-CHANGED"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := s3.Open(t.Context(), r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				if in.Method != http.MethodGet || !strings.HasPrefix(in.Header.Get("Range"), fmt.Sprintf("bytes=%d-", 4<<20)) {
					return false
				}
				tt.answer(w)
				return true
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			got, err := fs.ReadFile(f, "a.csv")
			if fault.Code(err) != tt.code || len(got) > 4<<20 || !bytes.HasPrefix(content, got) {
				t.Errorf("%d bytes, %v; want %s", len(got), err, tt.code)
			}
		})
	}
}

// TestManyObjects lists more than a page holds, below a prefix.
func TestManyObjects(t *testing.T) {
	r := start(t)
	dir := filepath.Join(r.Dir, bucket, "deep", "peppi")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const count = 1234
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.csv", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := r.settings()
	s.Prefix = "deep"
	f, err := s3.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if list, err := f.ReadDir("peppi"); err != nil || len(list) != count {
		t.Errorf("%d objects, %v", len(list), err)
	}
	if list, err := f.ReadDir("."); err != nil || len(list) != 1 || !list[0].IsDir() {
		t.Errorf("%v, %v", list, err)
	}
}

// TestAListingThatIsCutIsNotTheWhole lists at services that say that there is more, and lead nowhere: those of the protocol's first
// version say where in another element.
func TestAListingThatIsCutIsNotTheWhole(t *testing.T) {
	r := start(t)
	var asked atomic.Int64
	for name, tt := range map[string]struct {
		page string // %d is the number of the request
		code string
	}{
		"whole":              {"<IsTruncated>false</IsTruncated>", ""},
		"no way on":          {"<IsTruncated>true</IsTruncated>", "UOMA-SRC-ANSWER"},
		"the first version":  {"<IsTruncated>true</IsTruncated><NextMarker>a.csv</NextMarker>", "UOMA-SRC-ANSWER"},
		"in a circle":        {"<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>", "UOMA-SRC-ANSWER"},
		"whole, and a token": {"<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				if asked.Add(1); !in.URL.Query().Has("list-type") {
					return false
				}
				w.Header().Set("Content-Type", "application/xml")
				fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>%s<Contents><Key>a%d.csv</Key><Size>1</Size></Contents></ListBucketResult>", tt.page, asked.Load())
				return true
			})
			f, err := s3.Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			asked.Store(0)
			list, err := f.ReadDir(".")
			if fault.Code(err) != tt.code || (err == nil) != (tt.code == "") || err == nil && len(list) != 1 || asked.Load() > 3 {
				t.Errorf("%d objects of %d requests, %v; want %q", len(list), asked.Load(), err, tt.code)
			}
		})
	}
}

// TestKeysOfAnyCharacter lists and reads keys that a URL writes otherwise.
func TestKeysOfAnyCharacter(t *testing.T) {
	r := start(t)
	want := []string{"100%.csv", "%2F.csv", "a b.csv", "a%20b.csv", "a&b=c.csv", "a+b.csv", "a;b,c.csv", "a?b#c.csv", "Ääkköset 学生.csv", "~!'()*.csv"}
	for _, name := range want {
		r.put(t, "odd/"+name, []byte(name))
	}
	for name, s := range map[string]s3.Settings{"as it is": r.settings(), "a space as plus": r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
		if !in.URL.Query().Has("list-type") {
			return false
		}
		if in.URL.Query().Get("encoding-type") != "url" {
			t.Error("keys are not asked for as a URL writes them")
		}
		w.Header().Set("Content-Type", "application/xml") // as Amazon's own service writes keys
		fmt.Fprint(w, "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>")
		for _, name := range want {
			fmt.Fprintf(w, "<Contents><Key>odd/%s</Key><Size>1</Size></Contents>", url.QueryEscape(name))
		}
		fmt.Fprint(w, "</ListBucketResult>")
		return true
	})} {
		t.Run(name, func(t *testing.T) {
			f, err := s3.Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			list, err := f.ReadDir("odd")
			var got []string
			for _, e := range list {
				got = append(got, e.Name())
			}
			sorted := slices.Sorted(slices.Values(want))
			if err != nil || !slices.Equal(got, sorted) {
				t.Fatalf("%q, %v", got, err)
			}
			if name == "as it is" {
				for _, e := range got {
					if text, err := fs.ReadFile(f, "odd/"+e); err != nil || string(text) != e {
						t.Errorf("%s: %q, %v", e, text, err)
					}
				}
			}
		})
	}
}

// TestRangesTravelTogether reads an object of several ranges from a server that answers when most of them are under way at once; none
// is asked for twice.
func TestRangesTravelTogether(t *testing.T) {
	const size, ranges, together = 16 << 20, 4, 3
	r := start(t)
	(&transporttest.Tree{Dir: filepath.Join(r.Dir, bucket)}).Sparse(t, "export.csv", size)
	var now, most, waits atomic.Int64
	var asked sync.Map
	var answers sync.Once
	enough := make(chan struct{})
	s := r.through(t, func(in *http.Request) {
		if in.Method != http.MethodGet {
			return
		}
		if _, before := asked.LoadOrStore(in.Header.Get("Range"), true); before {
			t.Error("a range was asked for twice")
		}
		if n := now.Add(1); n == 1 {
			waits.Add(1)
		} else {
			most.Store(max(most.Load(), n))
		}
		defer now.Add(-1)
		if most.Load() >= together {
			answers.Do(func() { close(enough) })
		}
		select {
		case <-enough:
		case <-time.After(20 * time.Second):
		}
	})
	f, err := s3.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // idle connections only
	file, err := f.Open("export.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() // only read from
	if n, err := io.Copy(io.Discard, file); n != size || err != nil {
		t.Fatal(n, err)
	}
	if most.Load() < together || waits.Load() > ranges/2 { // one after the other they would wait for each of them
		t.Errorf("at most %d of %d ranges at once, and the way was waited for %d times", most.Load(), ranges, waits.Load())
	}
}

// TestTheBucketInTheHostsName reads and lays where the bucket is not in the path, as Amazon's own buckets are.
func TestTheBucketInTheHostsName(t *testing.T) {
	r := start(t)
	asked, other := 0, ""
	s := r.through(t, func(in *http.Request) {
		if asked++; !strings.HasPrefix(in.Host, bucket+"."+s3test.Domain+":") || strings.HasPrefix(in.URL.Path, "/"+bucket) {
			other = in.Host + in.URL.Path
		}
	})
	everyNameIsLoopback(t)
	s.PathStyle, s.Endpoint = false, strings.Replace(s.Endpoint, "127.0.0.1", s3test.Domain, 1)
	r.put(t, "deep/export.csv", []byte("a;b\n"))
	f, err := s3.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // idle connections only
	if got, err := fs.ReadFile(f, "deep/export.csv"); err != nil || string(got) != "a;b\n" {
		t.Errorf("%q, %v", got, err)
	}
	if list, err := f.ReadDir("deep"); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	d, err := s3.OpenDrop(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // idle connections only
	if err := lay(d, "out.csv"); err != nil {
		t.Error(err)
	}
	if asked == 0 || other != "" {
		t.Errorf("%d requests, and one for %s", asked, other)
	}
}

// TestThreat_T11_NoRedirectIsFollowed reads from a service that sends us elsewhere, as Amazon's does to a bucket's own region: our
// signature goes nowhere else.
func TestThreat_T11_NoRedirectIsFollowed(t *testing.T) {
	r := start(t)
	r.put(t, "export.csv", []byte("a;b\n"))
	var elsewhere atomic.Int64
	authority := tlstest.NewAuthority(t)
	other := authority.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect} {
		for _, to := range []string{"https://" + other + "/exports/export.csv", "http://169.254.169.254/latest/meta-data/"} {
			s := r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				w.Header().Set("Location", to)
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(status)
				fmt.Fprint(w, "<Error><Code>TemporaryRedirect</Code><Endpoint>other.example</Endpoint></Error>")
				return true
			})
			s.CA = append(s.CA, authority.PEM...)
			f, err := s3.Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			if _, err := fs.ReadFile(f, "export.csv"); fault.Code(err) != "UOMA-SRC-REDIRECT" {
				t.Errorf("%d to %s: %v", status, to, err)
			}
		}
	}
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

// everyNameIsLoopback answers the machine's questions for names until the test ends.
func everyNameIsLoopback(t *testing.T) {
	t.Helper()
	line, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	was := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", line.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = was
		line.Close()
	})
	go func() {
		for buf := make([]byte, 1500); ; {
			n, from, err := line.ReadFrom(buf)
			if err != nil {
				return // the test ends
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = line.WriteTo(out, from) // whoever asks waits no longer than it wants to
			}
		}
	}()
}
