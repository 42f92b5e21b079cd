package remote

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/oauth2"
)

// counted gives tokens that are called by their number.
type counted int

func (c *counted) Token() (*oauth2.Token, error) {
	*c++
	return &oauth2.Token{AccessToken: strconv.Itoa(int(*c))}, nil
}

type answering func(*http.Request) int

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a(r), Body: http.NoBody}, nil
}

// TestATokenThatEndsUnderSeveralRequests has a server take a token back from requests that are under way at once, as those for the
// ranges of a file are: one other token does for all of them.
func TestATokenThatEndsUnderSeveralRequests(t *testing.T) {
	const requests = 4
	var tokens counted
	var all sync.WaitGroup // of the requests that show the first token, but for the very first
	all.Add(requests)
	first := true
	client := http.Client{Transport: &tokened{source: &tokens, base: answering(func(r *http.Request) int {
		switch {
		case first:
			first = false
			return http.StatusOK
		case r.Header.Get("Authorization") == "Bearer 1":
			all.Done()
			all.Wait()
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})}}
	get := func() {
		r, err := client.Get("https://server.example")
		if err != nil {
			t.Error(err)
			return
		}
		if r.Body.Close(); r.StatusCode != http.StatusOK {
			t.Error(r.Status, r.StatusCode)
		}
	}
	get()
	var group sync.WaitGroup
	for range requests {
		group.Go(get)
	}
	group.Wait()
	if tokens != 2 {
		t.Errorf("%d tokens were asked for", tokens)
	}
}
