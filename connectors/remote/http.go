package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"uoma/internal/fault"
)

const headerTimeout = time.Minute // a store may look long for the first byte of a cold object

var (
	errSettings = fault.New("UOMA-SRC-SETTINGS", "the settings of the source, or of the place or service that a target goes to, cannot be used",
		"correct the system's entry under inboxes:, or the target's under targets:, in uoma.yaml").For(fault.Source)
	errTLS = fault.New("UOMA-SRC-TLS", "the server could not prove who it is",
		"check the CA file, the host name and the certificate's validity; there is no way to go on without").For(fault.Source)
	errAddress = fault.New("UOMA-SRC-ADDRESS", "the host's name leads to an address that is not allowed",
		"private, loopback and link-local addresses must be named under networks: of the system or target").For(fault.Source)
)

// HTTP says how to talk to a server. The client follows no redirect, uses no proxy of the environment, speaks TLS 1.2 or
// later, and nothing else: a plain address fails.
type HTTP struct {
	CA          []byte           // PEM of authorities in place of the machine's own
	Certificate *tls.Certificate // ours, where the server asks for one
	Idle        time.Duration    // a connection that moves no byte for so long is cut; 0 means [Idle]
	// Public allows public addresses and those of Networks alone. It is looked at when a connection is made, so that a
	// name that leads elsewhere the next time leads nowhere.
	Public   bool
	Networks []netip.Prefix
}

// TLS makes what is asked of a server: TLS 1.2 or later, and a certificate of its name that one of the authorities in ca
// signed, or of the machine's own when ca is empty. Certificate is ours, or nil.
func TLS(ca []byte, certificate *tls.Certificate) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, Misset("ca", "it holds no PEM certificate")
		}
	}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	return config, nil
}

// NoTLS is the error of a server that does not speak TLS.
func NoTLS() error { return errTLS.Because(errors.New("it does not speak TLS")) }

// Unproved is the error of a server that could not prove who it is, of which a library tells no more.
func Unproved() error { return errTLS }

// Client makes a client.
func (h HTTP) Client() (*http.Client, error) {
	config, err := TLS(h.CA, h.Certificate)
	if err != nil {
		return nil, err
	}
	config.NextProtos = []string{"http/1.1"}
	idle := h.Idle
	if idle == 0 {
		idle = Idle
	}
	dialer := net.Dialer{Timeout: ConnectTimeout, ControlContext: h.control}
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				plain, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return shake(ctx, Watch(plain, idle), addr, config)
			},
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errTLS },

			ResponseHeaderTimeout: max(headerTimeout, idle),
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       idle,
			DisableCompression:    true, // a position would mean something else
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// shake proves who the server is.
func shake(ctx context.Context, plain net.Conn, addr string, config *tls.Config) (net.Conn, error) {
	c := config.Clone()
	c.ServerName, _, _ = net.SplitHostPort(addr)
	conn := tls.Client(plain, c)
	ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, Peer(err)
	}
	return conn, nil
}

// Peer makes a fault of an error that tells of a peer that is not the right one, or does not think that we are. Other
// errors stay as they are.
func Peer(err error) error {
	var certificate *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &certificate):
		return errTLS.Because(certificate.Err)
	case errors.As(err, &header):
		return NoTLS()
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // alerts of the protocol
		return errTLS.Because(op.Err)
	}
	return err
}

// control looks at the address that a name led to, right before it is dialled.
func (h HTTP) control(ctx context.Context, network, address string, line syscall.RawConn) error {
	if err := Reachable(ctx, network, address, line); err != nil || !h.Public {
		return err
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	ip := to.Addr().Unmap()
	for _, n := range h.Networks {
		if n.Contains(ip) {
			return nil
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return errAddress
	}
	return nil
}

// shared is the address space of carriers (RFC 6598), which is no more public than the private ones.
var shared = netip.MustParsePrefix("100.64.0.0/10")
