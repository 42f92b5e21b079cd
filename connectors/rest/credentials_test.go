package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

// TestCredentials are sent as the settings say, and tokens asked for again when they end.
func TestCredentials(t *testing.T) {
	var tokens atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		kind := r.FormValue("grant_type")
		if id != "uoma" || secret != "secret-of-uoma" || kind == "refresh_token" && (r.FormValue("refresh_token") != "given-once" || r.FormValue("preserve_refresh_token") != "true") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"%s-%d","token_type":"Bearer","expires_in":11}`, kind, tokens.Add(1)) // the client asks anew ten seconds before
	})
	people := &service{kind: rest.Next, rows: 30, size: 10}
	var want atomic.Pointer[func(*http.Request) bool]
	mux.HandleFunc("/v1/people", func(w http.ResponseWriter, r *http.Request) {
		if !(*want.Load())(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		people.ServeHTTP(w, r)
	})
	authority := tlstest.NewAuthority(t)
	addr := authority.Serve(t, mux)
	bearer := func(prefix string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "+prefix) && r.Header.Get("Bb-Api-Subscription-Key") == "key-of-uoma"
		}
	}
	keys := map[string]remote.Secret{"Bb-Api-Subscription-Key": "key-of-uoma"}
	token := "https://" + addr + "/token"
	for name, tt := range map[string]struct {
		c    remote.Credentials
		want func(*http.Request) bool
		code string
	}{
		"client credentials": {remote.Credentials{OAuth: &remote.OAuth{TokenURL: token, ID: "uoma", Secret: "secret-of-uoma"}, Keys: keys}, bearer("client_credentials-"), ""},
		"refresh token": {remote.Credentials{OAuth: &remote.OAuth{TokenURL: token, ID: "uoma", Secret: "secret-of-uoma", Refresh: "given-once",
			Parameters: map[string]string{"preserve_refresh_token": "true"}}, Keys: keys}, bearer("refresh_token-"), ""},
		"bearer": {remote.Credentials{Bearer: "tonight", Keys: keys}, bearer("tonight"), ""},
		"basic": {remote.Credentials{User: "uoma", Password: "pass:word"}, func(r *http.Request) bool {
			user, password, ok := r.BasicAuth()
			return ok && user == "uoma" && password == "pass:word"
		}, ""},
		"no key":          {remote.Credentials{Bearer: "tonight"}, bearer("tonight"), "UOMA-SRC-LOGIN"},
		"a wrong secret":  {remote.Credentials{OAuth: &remote.OAuth{TokenURL: token, ID: "uoma", Secret: "another"}}, bearer(""), "UOMA-SRC-LOGIN"},
		"two at once":     {remote.Credentials{User: "uoma", Bearer: "tonight"}, bearer(""), "UOMA-SRC-SETTINGS"},
		"a token over":    {remote.Credentials{OAuth: &remote.OAuth{TokenURL: "http://" + addr + "/token"}}, bearer(""), "UOMA-SRC-SETTINGS"},
		"a header of two": {remote.Credentials{Keys: map[string]remote.Secret{"authorization": "x"}}, bearer(""), "UOMA-SRC-SETTINGS"},
	} {
		want.Store(&tt.want)
		api, err := rest.Open(t.Context(), remote.Server{URL: "https://" + addr + "/v1", CA: authority.PEM, Networks: loopback, Retry: patience(), Credentials: tt.c}, rest.Limits{})
		var got []int
		if err == nil {
			got, err = ids(t, api, kinds()["next"])
			api.Close() // idle connections only
		}
		if fault.Code(err) != tt.code || tt.code == "" && (err != nil || len(got) != 30) {
			t.Errorf("%s: %d rows, %v", name, len(got), err)
		}
	}
}

// TestATokenThatEndsBetweenPages reads on with another one where a server takes a token back, and did not say when it would.
func TestATokenThatEndsBetweenPages(t *testing.T) {
	for name, tt := range map[string]struct {
		good   func(token, use int) bool // whether the n-th token is taken for the n-th time
		tokens int64
		code   string
	}{
		"for ever":        {func(int, int) bool { return true }, 1, ""},
		"for two pages":   {func(_, use int) bool { return use <= 2 }, 3, ""},
		"for each page":   {func(_, use int) bool { return use <= 1 }, 5, ""},
		"the first alone": {func(token, use int) bool { return token == 1 && use <= 2 }, 2, "UOMA-SRC-LOGIN"},
		"never":           {func(int, int) bool { return false }, 1, "UOMA-SRC-LOGIN"},
	} {
		for kind, q := range map[string]rest.Query{"next": kinds()["next"], "GraphQL": kinds()["cursor, GraphQL"]} {
			t.Run(name+" "+kind, func(t *testing.T) {
				var tokens atomic.Int64
				uses := map[int]int{} // asked for one after the other
				people := &service{kind: q.Paging.Kind, rows: 50, size: 10}
				mux := http.NewServeMux()
				mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprintf(w, `{"access_token":"%d","token_type":"Bearer"}`, tokens.Add(1))
				})
				mux.HandleFunc("/v1/people", func(w http.ResponseWriter, r *http.Request) {
					token, _ := strconv.Atoi(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
					if uses[token]++; !tt.good(token, uses[token]) {
						w.WriteHeader(http.StatusUnauthorized)
						return
					}
					people.ServeHTTP(w, r)
				})
				api, _ := open(t, mux, func(s *remote.Server, _ *rest.Limits) {
					s.Credentials.OAuth = &remote.OAuth{TokenURL: strings.TrimSuffix(s.URL, "/v1") + "/token", ID: "uoma", Secret: "secret-of-uoma"}
				})
				got, err := ids(t, api, q)
				if fault.Code(err) != tt.code || tt.code == "" && (err != nil || !slices.Equal(got, numbers(50))) || tokens.Load() != tt.tokens {
					t.Errorf("%d rows with %d tokens, %v; want %d, %q", len(got), tokens.Load(), err, tt.tokens, tt.code)
				}
			})
		}
	}
}
