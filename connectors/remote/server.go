package remote

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Server is an HTTPS server as the settings name it.
type Server struct {
	URL         string           // https://host[:port]/path
	CA          []byte           // PEM of the authorities that may have signed its certificate; empty: the machine's
	Certificate *tls.Certificate // ours, where it asks for one
	Networks    []netip.Prefix   // that hosts' names may lead to besides public addresses
	Credentials Credentials      // what else it asks for

	Idle  time.Duration // a connection that moves no byte for so long is cut; 0 means [Idle]
	Retry Retry
}

// Client checks the settings, and makes a client that asks with our credentials. It lives as long as ctx.
func (s Server) Client(ctx context.Context) (base *url.URL, c *http.Client, err error) {
	if base, err = address("url", s.URL); err != nil {
		return nil, nil, err
	}
	plain, err := HTTP{CA: s.CA, Certificate: s.Certificate, Idle: s.Idle, Public: true, Networks: s.Networks}.Client()
	if err != nil {
		return nil, nil, err
	}
	c, err = s.Credentials.client(ctx, plain)
	return base, c, err
}

// address reads an HTTPS address of the settings.
func address(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, Misset(field, "it is not of the form https://host[:port]/path")
	}
	return u, nil
}
