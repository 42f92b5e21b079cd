// Package resttest gives tests services of rows that behave as the pages of their makers say: Dataverse (OData v4), SKY API
// (next links, two keys), FS (GraphQL with Relay's paging, and FS-API), forms of a web site (Link headers) and an alumni portal
// (numbered pages of profiles with lists inside). Each is a handler over rows that the test gives it; package tlstest serves it.
//
// A service checks what it is asked as strictly as the real one: who asks, which headers are there, which names are known.
package resttest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// What the services let in.
const (
	ID      = "uoma"
	Secret  = "secret-of-uoma"
	Refresh = "refresh-of-uoma"
	Key     = "key-of-uoma"
	token   = "token-of-tonight"
)

// Row is one row as JSON has it.
type Row = map[string]any

// Throttle answers the first requests with 429 and a pause of no seconds. It is safe for concurrent use.
type Throttle struct {
	mu   sync.Mutex
	Left int
}

func (t *Throttle) holds(w http.ResponseWriter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Left == 0 {
		return false
	}
	t.Left--
	w.Header().Set("Retry-After", "0")
	fail(w, http.StatusTooManyRequests, "too many requests")
	return true
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, kind string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test gave a row that is none
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(b) // the line may be cut on purpose
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, "application/json", Row{"error": Row{"code": strconv.Itoa(status), "message": message}})
}

// tokens gives a token to whoever has the secret and asks in one of the ways.
func tokens(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		known := id == ID && secret == Secret && r.FormValue("grant_type") == kind
		if kind == "refresh_token" {
			known = known && r.FormValue("refresh_token") == Refresh
		}
		if !known {
			fail(w, http.StatusUnauthorized, "unknown client")
			return
		}
		answer(w, http.StatusOK, "application/json", Row{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
	}
}

// bearer tells whether the request has the token.
func bearer(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+token }

// slice gives the rows of a page and whether there are more behind it.
func slice(rows []Row, from, size int) ([]Row, bool) {
	from = min(max(from, 0), len(rows))
	to := min(from+size, len(rows))
	return append([]Row{}, rows[from:to]...), to < len(rows)
}

// here gives the address of the request with another query.
func here(r *http.Request, query string) string {
	return "https://" + r.Host + r.URL.Path + "?" + query
}
