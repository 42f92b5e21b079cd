// Package kmstest is a key service for tests: the two calls that a master key needs, in the protocol of AWS KMS (JSON 1.1
// over HTTPS), with every request's signature (Signature Version 4) computed anew from the bytes that came, the encryption
// context as additional data of the encrypted form, and the service's error codes. It shares no code with the SDK.
package kmstest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Credentials and names that the service knows.
const (
	AccessKey = "AKIDEXAMPLE"
	SecretKey = "secretexample"
	Region    = "eu-north-1"
	Key       = "arn:aws:kms:eu-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// Server is a running service.
type Server struct {
	*httptest.Server
	mu      sync.Mutex
	aead    cipher.AEAD
	calls   []string
	refused bool
}

// Start starts a service.
func Start(t testing.TB) *Server {
	t.Helper()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Login gives this test credentials that the service takes, and keeps the SDK from looking elsewhere.
func Login(t *testing.T) {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": empty, "AWS_SHARED_CREDENTIALS_FILE": empty, "AWS_PROFILE": ""} {
		t.Setenv(name, value)
	}
}

// Calls gives the operations that were answered, in order.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// Refuse makes the service answer every request as when the caller may not use the key.
func (s *Server) Refuse(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = yes
}

type request struct {
	KeyId             string
	KeySpec           string
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || !signed(r, body) {
		refuse(w, http.StatusForbidden, "InvalidSignatureException")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	var q request
	switch {
	case s.refused:
		refuse(w, http.StatusBadRequest, "AccessDeniedException")
		return
	case !ok || json.Unmarshal(body, &q) != nil:
		refuse(w, http.StatusBadRequest, "ValidationException")
		return
	case q.KeyId != Key:
		refuse(w, http.StatusBadRequest, "NotFoundException")
		return
	}
	s.calls = append(s.calls, operation)
	place, _ := json.Marshal(q.EncryptionContext) // with its keys in order
	n := s.aead.NonceSize()
	switch {
	case operation == "GenerateDataKey" && q.KeySpec == "AES_256":
		random := make([]byte, n+32)
		if _, err := rand.Read(random); err != nil {
			refuse(w, http.StatusInternalServerError, "KMSInternalException")
			return
		}
		nonce, plain := random[:n:n], random[n:]
		answer(w, map[string]any{"KeyId": Key, "Plaintext": plain, "CiphertextBlob": s.aead.Seal(nonce, nonce, plain, place)})
	case operation == "Decrypt" && len(q.CiphertextBlob) > n:
		plain, err := s.aead.Open(nil, q.CiphertextBlob[:n], q.CiphertextBlob[n:], place)
		if err != nil {
			refuse(w, http.StatusBadRequest, "InvalidCiphertextException")
			return
		}
		answer(w, map[string]any{"KeyId": Key, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
	default:
		refuse(w, http.StatusBadRequest, "ValidationException")
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "refused"})
}

// signed computes a request's signature anew.
func signed(r *http.Request, body []byte) bool {
	fields := map[string]string{}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for _, part := range strings.Split(text, ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	scope, found := strings.CutPrefix(fields["Credential"], AccessKey+"/")
	parts := strings.Split(scope, "/")
	if !ok || !found || len(parts) != 4 || parts[1] != Region || parts[2] != "kms" || parts[3] != "aws4_request" {
		return false
	}
	var canonical bytes.Buffer
	canonical.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n")
	must := map[string]bool{"host": false, "x-amz-date": false, "x-amz-target": false}
	for _, name := range strings.Split(fields["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
			if value == "" {
				value = itoa(r.ContentLength)
			}
		}
		must[name] = true
		canonical.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	for _, there := range must {
		if !there {
			return false
		}
	}
	canonical.WriteString("\n" + fields["SignedHeaders"] + "\n" + hash(body))
	message := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hash(canonical.Bytes())
	key := []byte("AWS4" + SecretKey)
	for _, part := range append(parts, message) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hmac.Equal([]byte(hex.EncodeToString(key)), []byte(fields["Signature"]))
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
