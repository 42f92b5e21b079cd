package carrier

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

// Times of the protocol, section 3.
const (
	handshakeTimeout = 10 * time.Second
	headerTimeout    = 30 * time.Second
)

// Settings say where the endpoint is and how both sides know each other.
type Settings struct {
	URL         string          // https://host[:port][/prefix]
	CA          []byte          // PEM of the authorities that may have signed the server's certificate; never empty
	Pins        []string        // base64 SHA-256 of the subject public key info (RFC 7469); one of the chain must match when given
	Certificate tls.Certificate // the sender's, with URI SAN urn:uoma:sender:<id>
	NoProgress  time.Duration   // a connection that moves no byte for so long is cut; 0 means 60 seconds
}

func (s Settings) transport() (*http.Transport, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA) {
		return nil, errSettings.At(fault.Place{Field: "ca"})
	}
	pins, err := decodePins(s.Pins)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:       tls.VersionTLS13,
		RootCAs:          roots,
		Certificates:     []tls.Certificate{s.Certificate},
		VerifyConnection: func(c tls.ConnectionState) error { return checkPins(pins, c.VerifiedChains) },
		NextProtos:       []string{"http/1.1"},
	}
	return &http.Transport{
		Proxy:                 nil, // the way to the endpoint is the profile's affair, not the environment's
		DialTLSContext:        dialer(config, s.NoProgress),
		DialContext:           func(context.Context, string, string) (net.Conn, error) { return nil, errTLS },
		ResponseHeaderTimeout: headerTimeout,
		MaxIdleConns:          2,
		IdleConnTimeout:       remote.Idle,
		DisableCompression:    true,
	}, nil
}

// dialer connects and shakes hands, and tells apart a peer that is not there from a peer that is not the right one.
func dialer(config *tls.Config, idle time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		line, err := remote.Dial(ctx, network, addr, idle)
		if err != nil {
			return nil, &Error{fault: errNetwork.Because(err), connect: true, again: true}
		}
		c := config.Clone()
		c.ServerName, _, _ = net.SplitHostPort(addr)
		conn := tls.Client(line, c)
		hctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		if err := conn.HandshakeContext(hctx); err != nil {
			line.Close()
			return nil, handshakeError(err)
		}
		return conn, nil
	}
}

// handshakeError sorts failures of the handshake: the line's may be tried again, the peer's may not.
func handshakeError(err error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	var op *net.OpError
	if !isAlert(err) && (errors.As(err, &op) || lineFailure(err)) {
		return &Error{fault: errNetwork.Wrap(err), connect: true, again: true}
	}
	return &Error{fault: errTLS.Because(err)}
}

// networkError makes a typed error of what the HTTP client says.
func networkError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	if isAlert(err) { // TLS 1.3: the server's refusal of our certificate comes after our side of the handshake
		return &Error{fault: errTLS.Wrap(err)}
	}
	return &Error{fault: errNetwork.Wrap(err), again: true}
}

// isAlert recognises an alert of the TLS protocol, which crypto/tls gives as a network error of these operations.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

func lineFailure(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || isEOF(err)
}

func decodePins(pins []string) ([][]byte, error) {
	out := make([][]byte, len(pins))
	for i, p := range pins {
		b, err := base64.StdEncoding.DecodeString(p)
		if err != nil || len(b) != sha256.Size {
			return nil, errSettings.At(fault.Place{Field: "pins"})
		}
		out[i] = b
	}
	return out, nil
}

func checkPins(pins [][]byte, chains [][]*x509.Certificate) error {
	if len(pins) == 0 {
		return nil
	}
	for _, chain := range chains {
		for _, cert := range chain {
			sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
			for _, pin := range pins {
				if subtle.ConstantTimeCompare(sum[:], pin) == 1 {
					return nil
				}
			}
		}
	}
	return &Error{fault: errTLSPin}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
