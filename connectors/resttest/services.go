package resttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// SKY is the constituent API of Raiser's Edge NXT, with tokens under /token for whoever has a refresh token.
type SKY struct {
	Constituents []Row
	Throttle
}

// ServeHTTP implements [http.Handler].
func (s *SKY) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	limit, offset := number(v.Get("limit"), 500), number(v.Get("offset"), 0)
	switch {
	case r.URL.Path == "/token":
		tokens("refresh_token")(w, r)
	case !bearer(r) || r.Header.Get("Bb-Api-Subscription-Key") != Key:
		fail(w, http.StatusUnauthorized, "token and key are needed")
	case s.holds(w):
	case r.URL.Path != "/constituent/v1/constituents":
		fail(w, http.StatusNotFound, "no such resource")
	case limit < 1 || limit > 5000 || offset < 0:
		fail(w, http.StatusBadRequest, "limit is 1 to 5000")
	default:
		page, more := slice(s.Constituents, offset, limit)
		out := Row{"count": len(s.Constituents), "value": page}
		if more {
			v.Set("limit", strconv.Itoa(limit))
			v.Set("offset", strconv.Itoa(offset+limit))
			out["next_link"] = here(r, v.Encode())
		}
		answer(w, http.StatusOK, "application/json", out)
	}
}

// FS is the GraphQL service of the Norwegian student system. It gives study rights with the person inside.
type FS struct {
	Rights []Row
	Throttle
}

// ServeHTTP implements [http.Handler].
func (f *FS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	var body struct {
		Query     string
		Variables struct {
			First int
			After *string
		}
	}
	switch {
	case user != ID || password != Secret:
		fail(w, http.StatusUnauthorized, "who is there")
		return
	case f.holds(w):
		return
	case r.URL.Path != "/graphql/":
		fail(w, http.StatusNotFound, "no such path")
		return
	case r.Method != http.MethodPost || r.Header.Get("Accept") != "application/json;version=1" || json.NewDecoder(r.Body).Decode(&body) != nil:
		fail(w, http.StatusBadRequest, "a POST of JSON, in version 1")
		return
	case !strings.Contains(body.Query, "programStudieretter") || !strings.Contains(body.Query, "pageInfo") || body.Variables.First < 1:
		answer(w, http.StatusOK, "application/json;version=1", Row{"data": nil, "errors": []Row{{"message": "the query is wrong"}}})
		return
	}
	from := 0
	if a := body.Variables.After; a != nil {
		from = number(strings.TrimPrefix(*a, "cursor-"), -1)
	}
	page, more := slice(f.Rights, from, body.Variables.First)
	info := Row{"hasNextPage": more, "endCursor": nil}
	if len(page) > 0 {
		info["endCursor"] = fmt.Sprintf("cursor-%d", from+len(page))
	}
	answer(w, http.StatusOK, "application/json;version=1", Row{"data": Row{"programStudieretter": Row{"pageInfo": info, "nodes": page}}})
}

// FSAPI is FS-API, the older REST service of the same system: persons of whom a request names the fields that it wants.
type FSAPI struct {
	Persons []Row
	Throttle
}

// ServeHTTP implements [http.Handler].
func (f *FSAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	v := r.URL.Query()
	limit := number(v.Get("limit"), 25)
	switch {
	case user != ID || password != Secret:
		fail(w, http.StatusUnauthorized, "who is there")
	case f.holds(w):
	case r.Method != http.MethodGet || r.URL.Path != "/personer":
		fail(w, http.StatusNotFound, "no such resource")
	case limit < 0:
		fail(w, http.StatusBadRequest, "limit is a number, and 0 is none")
	default:
		if limit == 0 {
			limit = len(f.Persons)
		}
		persons, _ := slice(f.Persons, 0, limit)
		for i, p := range persons {
			shown := Row{"href": fmt.Sprintf("https://%s/personer/%v", r.Host, p["personlopenummer"])}
			if v.Get("dbId") == "true" {
				shown["id"] = Row{"personlopenummer": p["personlopenummer"]}
			}
			for name := range strings.SplitSeq(v.Get("fields"), ",") {
				if value, ok := p[name]; ok {
					shown[name] = value
				}
			}
			persons[i] = shown
		}
		answer(w, http.StatusOK, "application/json", Row{"items": persons})
	}
}

// Forms is the REST service of a web site's forms: a list, and Link headers.
type Forms struct {
	Submissions []Row
	Throttle
}

// ServeHTTP implements [http.Handler].
func (f *Forms) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	size, n := number(v.Get("per_page"), 10), number(v.Get("page"), 1)
	switch {
	case r.Header.Get("X-Api-Key") != Key:
		fail(w, http.StatusForbidden, "no key")
	case f.holds(w):
	case r.URL.Path != "/api/v1/submissions":
		fail(w, http.StatusNotFound, "no such resource")
	case size < 1 || size > 100 || n < 1:
		fail(w, http.StatusBadRequest, "per_page is 1 to 100")
	default:
		page, more := slice(f.Submissions, (n-1)*size, size)
		link := func(n int, rel string) string {
			v.Set("page", strconv.Itoa(n))
			return "<" + here(r, v.Encode()) + `>; rel="` + rel + `"`
		}
		links := link(1, "first")
		if more {
			links += ", " + link(n+1, "next")
		}
		w.Header().Set("Link", links)
		answer(w, http.StatusOK, "application/json", page)
	}
}

func number(text string, missing int) int {
	if text == "" {
		return missing
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
