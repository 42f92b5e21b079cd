package remote

import (
	"net/http"
	"sync"

	"github.com/icholy/digest"
)

// digested proves that we know a password without sending it (RFC 7616), as cameras want it. What a server once asked is answered
// beforehand until it asks for something else.
type digested struct {
	user     string
	password Secret
	base     http.RoundTripper

	mu    sync.Mutex
	asked *digest.Challenge
	times int // that it was answered
}

// RoundTrip implements [http.RoundTripper].
func (d *digested) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.try(r)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	asked, err := digest.FindChallenge(resp.Header)
	if err != nil {
		return resp, nil // it wants something else, and has not let us in
	}
	resp.Body.Close() // only its header counts, however long it is
	d.mu.Lock()
	d.asked, d.times = asked, 0
	d.mu.Unlock()
	return d.try(r)
}

// try makes a request with the answer to what the server asked last.
func (d *digested) try(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.GetBody != nil { // it may have been sent once
		var err error
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	asked := d.asked
	d.times++
	times := d.times
	d.mu.Unlock()
	if asked != nil {
		answer, err := digest.Digest(asked, digest.Options{Method: r.Method, URI: r.URL.RequestURI(), GetBody: r.GetBody, Count: times,
			Username: d.user, Password: string(d.password)})
		if err != nil {
			return nil, Login(err)
		}
		r.Header.Set("Authorization", answer.String())
	}
	return d.base.RoundTrip(r)
}
