package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
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
