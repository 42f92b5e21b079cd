package remote

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"uoma/internal/fault"
)

// Credentials are how an HTTPS server knows us, beside our certificate. Of OAuth, Bearer and User one at most is set;
// Keys go along with each of them.
type Credentials struct {
	OAuth    *OAuth
	Bearer   Secret
	User     string // basic authentication (RFC 7617), or digest authentication (RFC 7616)
	Password Secret
	Digest   bool
	Keys     map[string]Secret // by header, such as the key of a subscription
}

// OAuth are client credentials (RFC 6749, section 4.4) or, with Refresh, what a person has once let us have in their place
// (section 6). The server must let a refresh token be used again: nothing is written down of what it answers.
type OAuth struct {
	TokenURL   string
	ID         string
	Secret     Secret
	Scopes     []string
	Refresh    Secret
	Parameters map[string]string // more of the request for a token
}

// client makes a client that sends the credentials along, to whatever it asks. Tokens are asked of plain.
func (c Credentials) client(ctx context.Context, plain *http.Client) (*http.Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	at := &stamped{c, plain.Transport, plain.CloseIdleConnections}
	if c.Digest {
		at.base = &digested{user: c.User, password: c.Password, base: plain.Transport}
	}
	if o := c.OAuth; o != nil {
		at.base = &tokened{source: o.tokens(context.WithValue(ctx, oauth2.HTTPClient, plain)), base: plain.Transport}
	}
	return &http.Client{Transport: at, CheckRedirect: plain.CheckRedirect}, nil
}

func (c Credentials) check() error {
	kinds := 0
	for _, set := range []bool{c.OAuth != nil, c.Bearer != "", c.User != ""} {
		if set {
			kinds++
		}
	}
	if kinds > 1 {
		return Misset("oauth", "of oauth, bearer and user one is possible")
	}
	if c.Digest && c.User == "" {
		return Misset("digest", "there is no user, and so nothing to prove")
	}
	for _, header := range slices.Sorted(maps.Keys(c.Keys)) {
		if http.CanonicalHeaderKey(header) == "Authorization" {
			return Misset("keys."+header, "the header is that of oauth, bearer and user")
		}
	}
	if c.OAuth != nil {
		_, err := address("oauth.token_url", c.OAuth.TokenURL)
		return err
	}
	return nil
}

func (o *OAuth) tokens(ctx context.Context) oauth2.TokenSource {
	more := url.Values{}
	for name, value := range o.Parameters {
		more.Set(name, value)
	}
	if o.Refresh != "" {
		more.Set("grant_type", "refresh_token")
		more.Set("refresh_token", string(o.Refresh))
	}
	c := clientcredentials.Config{ClientID: o.ID, ClientSecret: string(o.Secret), TokenURL: o.TokenURL, Scopes: o.Scopes, EndpointParams: more}
	return &asking{ctx, c}
}

// asking asks for tokens in both ways in which a server may want to hear who we are, until one is known. The library would take a
// line that breaks for the word that it wants the other one, and a refusal of that for the end.
type asking struct {
	ctx    context.Context
	config clientcredentials.Config
}

// Token implements [oauth2.TokenSource].
func (a *asking) Token() (token *oauth2.Token, err error) {
	ways := []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams}
	if known := a.config.AuthStyle; known != oauth2.AuthStyleAutoDetect {
		ways = []oauth2.AuthStyle{known}
	}
	for _, way := range ways {
		c := a.config
		c.AuthStyle = way
		if token, err = c.Token(a.ctx); err == nil {
			a.config.AuthStyle = way
			return token, nil
		}
		var told *oauth2.RetrieveError
		if !errors.As(err, &told) || told.Response == nil || told.Response.StatusCode/100 != 4 || told.Response.StatusCode == http.StatusTooManyRequests {
			return nil, err
		}
	}
	return nil, err
}

// stamped puts what does not change on each request.
type stamped struct {
	Credentials
	base http.RoundTripper
	idle func()
}

// CloseIdleConnections is what [http.Client] looks for.
func (s *stamped) CloseIdleConnections() { s.idle() }

func (s *stamped) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a round tripper does not change what it is given
	for header, key := range s.Keys {
		r.Header.Set(header, string(key))
	}
	switch {
	case s.Bearer != "":
		r.Header.Set("Authorization", "Bearer "+string(s.Bearer))
	case s.User != "" && !s.Digest:
		r.SetBasicAuth(s.User, string(s.Password))
	}
	return s.base.RoundTrip(r)
}

// Misset is the error of a setting that cannot be used.
func Misset(field, why string) error {
	return errSettings.At(fault.Place{Field: field}).Because(errors.New(why))
}

// Failed gives what an error of a client means.
func Failed(ctx context.Context, err error) error {
	var token *oauth2.RetrieveError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &token) && token.Response != nil:
		if s := token.Response.StatusCode; s == http.StatusBadRequest || s == http.StatusUnauthorized || s == http.StatusForbidden {
			return Login(err) // the first is what the protocol says to a wrong secret
		} else if s >= 300 {
			return Status(s, token.Response.Header)
		}
		return Answer("it gives no token")
	}
	return Peer(err)
}
