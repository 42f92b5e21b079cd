package endpoint

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
)

// bare makes an endpoint without a line: requests go straight to its handler.
func bare(t testing.TB) (*Endpoint, *parcel.Signer) {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	signer, err := parcel.CreateSigner(root, "key", rand.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parcel.CreateIdentity(root, "identity", time.Now()); err != nil {
		t.Fatal(err)
	}
	identity, err := parcel.LoadIdentity(filepath.Join(root.Name(), "identity"))
	if err != nil {
		t.Fatal(err)
	}
	allowed := []parcel.AllowedSigner{{Principal: parcel.SenderPrincipal("xamk"), Namespaces: []string{parcel.ManifestNamespace}, Key: signer.PublicKey()}}
	e, err := New(Config{
		RecipientID: "csc", Folder: t.TempDir(), Identity: identity, Signer: signer, Now: time.Now, Rand: rand.Reader,
		Senders: map[string][]parcel.AllowedSigner{"xamk": allowed},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e, signer
}

// asSender gives the request the client certificate of xamk.
func asSender(r *http.Request) *http.Request {
	cert := &x509.Certificate{URIs: []*url.URL{{Scheme: "urn", Opaque: "uoma:sender:xamk"}}}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	return r
}

// Whatever is asked, the answer is a success or an RFC 9457 problem, never the endpoint's own failure, and nothing is
// written outside the store.
func FuzzRequest(f *testing.F) {
	e, signer := bare(f)
	signed := func(body []byte) string {
		sig, err := signer.Sign(rand.Reader, parcel.ManifestNamespace, body)
		if err != nil {
			f.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(sig)
	}
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	f.Add("PUT", "/v1/deliveries/"+id, "application/json", "", []byte(`{"format":"uoma-manifest","version":1}`), true)
	f.Add("PUT", "/v1/deliveries/../../x", "application/json", "!", []byte(`{}`), false)
	f.Add("PATCH", "/v1/deliveries/"+id+"/payload", carrier.PayloadType, "-1", []byte("x"), false)
	f.Add("HEAD", "/v1/deliveries/"+id+"/payload", "", "0", []byte{}, false)
	f.Add("GET", "/v1/head?dataset=%00", "", "", []byte{}, false)
	f.Add("GET", "/v1/deliveries/"+id+"/receipt.json", "", "", []byte{}, false)
	handler := e.Handler()
	f.Fuzz(func(t *testing.T, method, target, kind, offset string, body []byte, sign bool) {
		req, err := http.NewRequest(method, "https://e.example", bytes.NewReader(body))
		if err != nil {
			return
		}
		if req.URL, err = url.Parse("https://e.example" + target); err != nil {
			return
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Tus-Resumable", carrier.TusVersion)
		req.Header.Set("Upload-Offset", offset)
		if sign {
			req.Header.Set(carrier.SignatureHeader, signed(body))
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, asSender(req))
		if w.Code >= 500 {
			t.Fatalf("%s: %d %s", method, w.Code, w.Body)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") == carrier.ProblemType && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("not a problem: %s", w.Body)
		}
		if entries, _ := os.ReadDir(e.Folder); len(entries) != 1 {
			t.Fatal("something was written outside the store")
		}
	})
}

func TestNoCertificateNoAnswer(t *testing.T) {
	e, _ := bare(t)
	for _, path := range []string{"/v1/capabilities", "/v1/head", "/v1/keys.json", "/v1/deliveries/x"} {
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
