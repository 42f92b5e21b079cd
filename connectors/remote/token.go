package remote

import (
	"net/http"
	"sync"

	"golang.org/x/oauth2"
)

// tokened shows a token with each request. One that let us in once and does so no more is asked for anew: not every server says
// how long a token holds, and any may take it back before.
type tokened struct {
	source oauth2.TokenSource
	base   http.RoundTripper

	mu    sync.Mutex
	token *oauth2.Token
	good  bool // it let us in
}

// RoundTrip implements [http.RoundTripper].
func (t *tokened) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.current()
	if err != nil {
		return nil, err
	}
	resp, err := t.try(r, token)
	if err != nil || !t.over(token, resp.StatusCode) || r.Body != nil && r.GetBody == nil {
		return resp, err
	}
	resp.Body.Close() // only its status counts
	if token, err = t.current(); err != nil {
		return nil, err
	}
	if resp, err = t.try(r, token); err == nil {
		t.over(token, resp.StatusCode)
	}
	return resp, err
}

// current gives the token that holds, and asks for one when none does.
func (t *tokened) current() (*oauth2.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.Valid() {
		return t.token, nil
	}
	token, err := t.source.Token()
	if err != nil {
		return nil, err
	}
	t.token, t.good = token, false
	return token, nil
}

// over notes what an answer says of a token, and tells whether another may be taken in its place.
func (t *tokened) over(token *oauth2.Token, status int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.token != token: // another request has told before
		return status == http.StatusUnauthorized
	case status != http.StatusUnauthorized:
		t.good = true
		return false
	case !t.good:
		return false
	}
	t.token = nil
	return true
}

// try makes a request with a token.
func (t *tokened) try(r *http.Request, token *oauth2.Token) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.GetBody != nil { // it may have been sent once
		var err error
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	token.SetAuthHeader(r)
	return t.base.RoundTrip(r)
}
