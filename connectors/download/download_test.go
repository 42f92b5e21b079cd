package download_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/download"
	"uoma/connectors/remote"
	"uoma/connectors/transporttest"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// files serves a folder with strong ETags to whoever has the token, and gives the token to whoever has the secret.
func files(dir string) http.Handler {
	mux := http.NewServeMux()
	served := http.FileServer(http.Dir(dir))
	mux.HandleFunc("GET /exports/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-of-tonight" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/exports")
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
		}
		http.StripPrefix("/exports", served).ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "uoma" || secret != "secret-of-uoma" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "exports" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "token-of-tonight", "token_type": "Bearer", "expires_in": 3600}`)
	})
	return mux
}

func patience() remote.Retry { return remote.Retry{Base: 10 * time.Millisecond} }

func TestContract(t *testing.T) { transporttest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { transporttest.Bench(b, subject(b)) }

func subject(t testing.TB) transporttest.Subject {
	tree := &transporttest.Tree{Dir: t.TempDir()}
	servers, clients, strangers := tlstest.NewAuthority(t), tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	addr := servers.ServeTo(t, files(tree.Dir), clients)
	certificate, strange := clients.Certificate(t), strangers.Certificate(t)
	settings := func(addr string, idle time.Duration) remote.Server {
		return remote.Server{URL: "https://" + addr + "/exports", CA: servers.PEM, Certificate: &certificate, Networks: loopback, Idle: idle, Retry: patience(),
			Credentials: remote.Credentials{OAuth: &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: "uoma", Secret: "secret-of-uoma", Scopes: []string{"exports"}}}}
	}
	wrong := func(code string, change func(*remote.Server)) transporttest.Wrong {
		s := settings(addr, transporttest.Patience)
		change(&s)
		return transporttest.Wrong{Code: code, Dial: func(ctx context.Context) (transporttest.FS, error) { return download.Open(ctx, s) }}
	}
	return transporttest.Subject{
		Dial: func(ctx context.Context, addr string, idle time.Duration) (transporttest.FS, error) {
			return download.Open(ctx, settings(addr, idle))
		},
		Addr:    addr,
		Write:   tree.Write,
		Replace: tree.Replace,
		Sparse:  tree.Sparse,
		Wrong: map[string]transporttest.Wrong{
			"authority":        wrong("UOMA-SRC-TLS", func(s *remote.Server) { s.CA = strangers.PEM }),
			"our certificate":  wrong("UOMA-SRC-TLS", func(s *remote.Server) { s.Certificate = &strange }),
			"no certificate":   wrong("UOMA-SRC-TLS", func(s *remote.Server) { s.Certificate = nil }),
			"secret":           wrong("UOMA-SRC-LOGIN", func(s *remote.Server) { s.Credentials.OAuth.Secret = "another" }),
			"no token":         wrong("UOMA-SRC-LOGIN", func(s *remote.Server) { s.Credentials.OAuth = nil }),
			"address":          wrong("UOMA-SRC-SETTINGS", func(s *remote.Server) { s.URL = "http://" + addr }),
			"token address":    wrong("UOMA-SRC-SETTINGS", func(s *remote.Server) { s.Credentials.OAuth.TokenURL = "http://" + addr }),
			"authorities file": wrong("UOMA-SRC-SETTINGS", func(s *remote.Server) { s.CA = []byte("none") }),
		},
	}
}

// odd is a server of one file that answers in a way of its own.
type odd struct {
	content []byte
	answer  func(w http.ResponseWriter, r *http.Request)
	asked   atomic.Int64
}

func (o *odd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.asked.Add(1)
	o.answer(w, r)
}

// open serves it behind a line.
func (o *odd) open(t *testing.T) (fs.FS, *faultproxy.Proxy) {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	p := faultproxy.New(t, authority.Serve(t, o))
	f, err := download.Open(t.Context(), remote.Server{URL: "https://" + p.Addr(), CA: authority.PEM, Networks: loopback, Idle: transporttest.Patience, Retry: patience()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // idle connections only
	return f, p
}

// TestServersThatKnowLess reads a file over a line that is cut, from servers that do without parts of the protocol.
func TestServersThatKnowLess(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	ranges := func(tag string, modified time.Time) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if tag != "" {
				w.Header().Set("ETag", tag)
			}
			http.ServeContent(w, r, "", modified, bytes.NewReader(content))
		}
	}
	whole := func(more http.Header) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			for name, v := range more {
				w.Header()[name] = v
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content) // the line is cut on purpose
		}
	}
	// part answers whoever asks for the rest with bytes from one place on, which it says are of another.
	part := func(from, said int64) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			var at int64
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at); err != nil || at == 0 {
				ranges(`"1"`, time.Time{})(w, r)
				return
			}
			body := content[max(at+from, 0):]
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at+said, len(content)-1, len(content)))
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body) // the line is cut on purpose
		}
	}
	// asked gives parts of the file to whoever asks whether it is still the same, and of another one to whoever does not.
	asked := func(tag string, modified time.Time, condition string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			var from int
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil || from == 0 {
				ranges(tag, modified)(w, r)
				return
			}
			body := bytes.ToUpper(content)
			if r.Header.Get("If-Range") == condition {
				body = content
			}
			if tag != "" {
				w.Header().Set("ETag", tag)
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body[from:]) // the line is cut on purpose
		}
	}
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		code   string
	}{
		"a tag that must be asked for":        {asked(`"1"`, time.Time{}, `"1"`), ""},
		"a time that is not repeated":         {asked("", at, at.Format(http.TimeFormat)), ""},
		"a part that begins earlier":          {part(-100, -100), ""},
		"a part that begins later":            {part(100, 100), "UOMA-LND-CHANGED"},
		"a part that is longer than it says":  {part(-1<<40, 0), "UOMA-SRC-ANSWER"},
		"a part that is shorter than it says": {part(100, 0), "UOMA-SRC-ANSWER"},
		"a part that lies beyond": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-5/3")
			w.WriteHeader(http.StatusPartialContent)
		}, "UOMA-SRC-LENGTH"},
		"ranges and a strong tag":       {ranges(`"1"`, time.Time{}), ""},
		"ranges and a weak tag":         {ranges(`W/"1"`, time.Time{}), "UOMA-SRC-RESUME"},
		"ranges and a weak tag, a time": {ranges(`W/"1"`, at), ""},
		"ranges and a time":             {ranges("", at), ""},
		"ranges alone":                  {ranges("", time.Time{}), "UOMA-SRC-RESUME"},
		"a tag alone":                   {whole(http.Header{"Etag": {`"1"`}}), ""},
		"nothing":                       {whole(nil), "UOMA-SRC-RESUME"},
		"no length":                     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }, "UOMA-SRC-LENGTH"},
		"compressed":                    {whole(http.Header{"Content-Encoding": {"gzip"}}), "UOMA-SRC-LENGTH"},
		"a length that is not given": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-0/*")
			w.WriteHeader(http.StatusPartialContent)
		}, "UOMA-SRC-LENGTH"},
		"a range that is none": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "lines 1-2/3")
			w.WriteHeader(http.StatusPartialContent)
		}, "UOMA-SRC-ANSWER"},
		"another status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, "UOMA-SRC-ANSWER"},
		"never ready":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &odd{content: content, answer: tt.answer}
			f, p := o.open(t)
			bad := faultproxy.Faults{Cut: 300_000, How: faultproxy.Close}
			if tt.code == "" {
				bad.Cuts = 2 // one may hit the look at the first byte
			}
			p.Set(bad)
			got, err := fs.ReadFile(f, "export.csv")
			if fault.Code(err) != tt.code || tt.code == "" && (err != nil || !bytes.Equal(got, content)) {
				t.Errorf("%d bytes, %v; want %q", len(got), err, tt.code)
			}
		})
	}
}

// TestThreat_T11_Redirects follows none, to whatever place, and sends the token nowhere else.
func TestThreat_T11_Redirects(t *testing.T) {
	for _, to := range []string{"https://127.0.0.1:1/x", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "/elsewhere", "//other.example/x"} {
		o := &odd{answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }}
		f, _ := o.open(t)
		if _, err := fs.ReadFile(f, "export.csv"); fault.Code(err) != "UOMA-SRC-REDIRECT" {
			t.Errorf("%s: %v", to, err)
		}
		if n := o.asked.Load(); n != 1 {
			t.Errorf("%s: %d requests", to, n)
		}
	}
}

// TestThreat_T11_AddressesThatAreNotPublic looks where a host's name leads, each time it is dialled.
func TestThreat_T11_AddressesThatAreNotPublic(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	addr := authority.Serve(t, &odd{answer: func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Unix(1, 0), strings.NewReader("x"))
	}})
	_, port, _ := strings.Cut(addr, ":")
	read := func(host string, allowed ...netip.Prefix) error {
		f, err := download.Open(t.Context(), remote.Server{URL: "https://" + host, CA: authority.PEM, Networks: allowed, Retry: patience()})
		if err != nil {
			return err
		}
		defer f.Close() // idle connections only
		_, err = fs.ReadFile(f, "a.csv")
		return err
	}
	for _, host := range []string{"localhost:" + port, addr, "[::1]:" + port, "[::ffff:127.0.0.1]:" + port, "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "0.0.0.0"} {
		if err := read(host, netip.MustParsePrefix("198.51.100.0/24")); fault.Code(err) != "UOMA-SRC-ADDRESS" {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := read("localhost:"+port, loopback...); err != nil {
		t.Errorf("an allowed network: %v", err)
	}
}

// TestThreat_T43_WrongServers shows servers that cannot prove who they are.
func TestThreat_T43_WrongServers(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	good := authority.Certificate(t)
	elsewhere := authority.CertificateFor(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} })
	expired := authority.CertificateFor(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	for name, config := range map[string]*tls.Config{
		"TLS 1.1":      {Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"another host": {Certificates: []tls.Certificate{elsewhere}},
		"expired":      {Certificates: []tls.Certificate{expired}},
	} {
		addr := tlstest.ServeWith(t, config, http.NotFoundHandler())
		f, err := download.Open(t.Context(), remote.Server{URL: "https://" + addr, CA: authority.PEM, Networks: loopback, Retry: patience()})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() // idle connections only
		if _, err := f.Stat("a.csv"); fault.Code(err) != "UOMA-SRC-TLS" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestThreat_T19_SecretsAreNotPrinted prints settings in every way that a log might.
func TestThreat_T19_SecretsAreNotPrinted(t *testing.T) {
	o := remote.OAuth{ID: "uoma", Secret: "canary-of-a-secret"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, o) + fmt.Sprintf(verb, o.Secret) + fmt.Sprintf(verb, &o.Secret); strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

// TestAbsent tells a file that is not there from a server that is not.
func TestAbsent(t *testing.T) {
	o := &odd{answer: http.NotFound}
	f, _ := o.open(t)
	if _, err := f.Open("none.csv"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestNothingToGive reads an empty file from servers that have no first byte of it, as the protocol says that they tell.
func TestNothingToGive(t *testing.T) {
	for said, code := range map[string]string{"bytes */0": "", "bytes */7": "UOMA-SRC-ANSWER", "": "UOMA-SRC-ANSWER"} {
		o := &odd{answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", said)
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}}
		f, _ := o.open(t)
		if got, err := fs.ReadFile(f, "export.csv"); fault.Code(err) != code || (err == nil) != (code == "") || len(got) > 0 {
			t.Errorf("%q: %q, %v; want %q", said, got, err, code)
		}
	}
}

// TestTokens asks for a token at servers that want to hear who we are in one way alone, and are busy or lose the line at first: they
// have not refused us.
func TestTokens(t *testing.T) {
	header := func(r *http.Request) (string, bool) { _, secret, is := r.BasicAuth(); return secret, is }
	form := func(r *http.Request) (string, bool) {
		_, _, is := r.BasicAuth()
		return r.FormValue("client_secret"), !is
	}
	for name, tt := range map[string]struct {
		heard   func(*http.Request) (secret string, in bool)
		first   int // status of the first answers, 0 for none: the line breaks
		times   int
		secret  remote.Secret
		refusal int // 0 for 401
		code    string
	}{
		"in a header":                  {heard: header},
		"in the form":                  {heard: form},
		"in a header, busy":            {heard: header, first: http.StatusServiceUnavailable, times: 1},
		"in a header, too many asked":  {heard: header, first: http.StatusTooManyRequests, times: 1},
		"in the form, busy":            {heard: form, first: http.StatusTooManyRequests, times: 1},
		"in a header, a broken line":   {heard: header, times: 1},
		"in the form, broken lines":    {heard: form, times: 2},
		"a wrong secret told as 400":   {heard: header, secret: "another", refusal: http.StatusBadRequest, code: "UOMA-SRC-LOGIN"},
		"in a header, another secret":  {heard: header, secret: "another", code: "UOMA-SRC-LOGIN"},
		"in the form, another secret":  {heard: form, secret: "another", code: "UOMA-SRC-LOGIN"},
		"in a header, busy for ever":   {heard: header, first: http.StatusServiceUnavailable, times: 99, code: "UOMA-SRC-UNREACHABLE"},
		"in a header, no line at last": {heard: header, times: 99, code: "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			authority := tlstest.NewAuthority(t)
			addr := authority.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/token" {
					http.ServeContent(w, r, "", time.Unix(1, 0), strings.NewReader("x"))
					return
				}
				if int(asked.Add(1)) <= tt.times {
					if tt.first == 0 {
						panic(http.ErrAbortHandler)
					}
					w.WriteHeader(tt.first)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				if secret, in := tt.heard(r); !in || secret != "secret-of-uoma" {
					w.WriteHeader(cmp.Or(tt.refusal, http.StatusUnauthorized))
					fmt.Fprint(w, `{"error": "invalid_client"}`)
					return
				}
				fmt.Fprint(w, `{"access_token": "token-of-tonight", "token_type": "Bearer", "expires_in": 3600}`)
			}))
			o := &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: "uoma", Secret: "secret-of-uoma"}
			if tt.secret != "" {
				o.Secret = tt.secret
			}
			f, err := download.Open(t.Context(), remote.Server{URL: "https://" + addr, CA: authority.PEM, Networks: loopback, Retry: patience(), Credentials: remote.Credentials{OAuth: o}})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			if got, err := fs.ReadFile(f, "a.csv"); fault.Code(err) != tt.code || tt.code == "" && (err != nil || string(got) != "x") {
				t.Errorf("%q, %v; want %q", got, err, tt.code)
			}
		})
	}
}
