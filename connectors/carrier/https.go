package carrier

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"uoma/internal/fault"
)

// HTTPS is the carrier over HTTPS, protocol version 1.
type HTTPS struct {
	base   string
	client *http.Client
}

var _ Carrier = (*HTTPS)(nil)

// NewHTTPS makes a carrier. Nothing is sent yet.
func NewHTTPS(s Settings) (*HTTPS, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errSettings.Because(errors.New("the address must be https://host[:port] without user, query or fragment"))
	}
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	return &HTTPS{
		base: strings.TrimSuffix(s.URL, "/"),
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close gives up idle connections.
func (h *HTTPS) Close() { h.client.CloseIdleConnections() }

// Capabilities asks what the endpoint takes.
func (h *HTTPS) Capabilities(ctx context.Context) (Capabilities, error) {
	return getJSON[Capabilities](ctx, h, "/v1/capabilities")
}

// PutManifest implements [Carrier].
func (h *HTTPS) PutManifest(ctx context.Context, id string, manifest, signature []byte) error {
	header := http.Header{
		"Content-Type":  {ManifestType},
		SignatureHeader: {base64.StdEncoding.EncodeToString(signature)},
	}
	_, _, err := h.do(ctx, http.MethodPut, deliveryPath(id, ""), header, bytes.NewReader(manifest), int64(len(manifest)))
	return err
}

// Offset implements [Carrier].
func (h *HTTPS) Offset(ctx context.Context, id string) (offset, length int64, err error) {
	header := http.Header{"Tus-Resumable": {TusVersion}}
	got, _, err := h.do(ctx, http.MethodHead, deliveryPath(id, "/payload"), header, nil, 0)
	if err != nil {
		return 0, 0, err
	}
	if offset, err = number(got, "Upload-Offset"); err != nil {
		return 0, 0, err
	}
	length, err = number(got, "Upload-Length")
	return offset, length, err
}

// Send implements [Carrier] with one PATCH.
func (h *HTTPS) Send(ctx context.Context, id string, payload io.ReaderAt, offset, size int64) (int64, error) {
	header := http.Header{
		"Content-Type":  {PayloadType},
		"Tus-Resumable": {TusVersion},
		"Upload-Offset": {strconv.FormatInt(offset, 10)},
	}
	body := io.NewSectionReader(payload, offset, size)
	got, _, err := h.do(ctx, http.MethodPatch, deliveryPath(id, "/payload"), header, body, size)
	if err != nil {
		return 0, err
	}
	return number(got, "Upload-Offset")
}

// Status implements [Carrier].
func (h *HTTPS) Status(ctx context.Context, id string) (Status, error) {
	return getJSON[Status](ctx, h, deliveryPath(id, ""))
}

// Receipt implements [Carrier].
func (h *HTTPS) Receipt(ctx context.Context, id string) (receipt, signature []byte, err error) {
	_, receipt, err = h.do(ctx, http.MethodGet, deliveryPath(id, "/receipt.json"), nil, nil, 0)
	if err != nil {
		return nil, nil, err
	}
	_, signature, err = h.do(ctx, http.MethodGet, deliveryPath(id, "/receipt.json.sig"), nil, nil, 0)
	return receipt, signature, err
}

// Head implements [Carrier].
func (h *HTTPS) Head(ctx context.Context, dataset string) (Head, error) {
	return getJSON[Head](ctx, h, "/v1/head?dataset="+url.QueryEscape(dataset))
}

// Keys fetches the endpoint's published keys and their signature.
func (h *HTTPS) Keys(ctx context.Context) (keys, signature []byte, err error) {
	if _, keys, err = h.do(ctx, http.MethodGet, "/v1/keys.json", nil, nil, 0); err != nil {
		return nil, nil, err
	}
	_, signature, err = h.do(ctx, http.MethodGet, "/v1/keys.json.sig", nil, nil, 0)
	return keys, signature, err
}

func deliveryPath(id, rest string) string { return "/v1/deliveries/" + url.PathEscape(id) + rest }

func getJSON[T any](ctx context.Context, h *HTTPS, path string) (out T, err error) {
	_, body, err := h.do(ctx, http.MethodGet, path, nil, nil, 0)
	if err != nil {
		return out, err
	}
	if json.Unmarshal(body, &out) != nil {
		return out, &Error{HTTP: http.StatusOK, fault: errAnswer}
	}
	return out, nil
}

// do makes one request and reads its answer whole; the answers of this protocol are small.
func (h *HTTPS) do(ctx context.Context, method, path string, header http.Header, body io.Reader, size int64) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, body)
	if err != nil {
		return nil, nil, errSettings.Wrap(err)
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.ContentLength = size
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, nil, networkError(ctx, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, MaxReceiptBytes+1))
	if err != nil {
		return nil, nil, networkError(ctx, err)
	}
	if len(answer) > MaxReceiptBytes {
		return nil, nil, &Error{HTTP: resp.StatusCode, fault: errAnswer}
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp.Header, answer, nil
	}
	return nil, nil, answerError(problemCode(resp.Header, answer), resp.StatusCode, retryAfter(resp.Header))
}

// problemCode reads the code of an RFC 9457 problem. A HEAD answer has no body; its code stands in a header.
func problemCode(header http.Header, body []byte) string {
	if len(body) == 0 {
		return header.Get("Uoma-Error")
	}
	var p struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	code, _ := strings.CutPrefix(p.Type, ProblemPrefix)
	return code
}

// retryAfter reads Retry-After in seconds. The date form is not used: both clocks would have to agree.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 86400 {
		return 0
	}
	return time.Duration(n) * time.Second
}

func number(h http.Header, name string) (int64, error) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0, &Error{HTTP: http.StatusOK, fault: errAnswer.At(fault.Place{Field: name})}
	}
	return n, nil
}
