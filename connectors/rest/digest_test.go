package rest_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/resttest"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

// TestACameraIsAsked reads a camera's list as its template asks for it, with a password that is proved and not sent.
func TestACameraIsAsked(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	whole := rest.Query{Path: "axis-cgi/record/list.cgi", Parameters: map[string]string{"recordingid": "all"}, XML: true, Rows: "root/recordings/recording",
		Paging: rest.Paging{Kind: rest.None, Total: "root/recordings/@totalnumberofrecordings"}}
	part := whole
	part.Parameters = map[string]string{"recordingid": "all", "maxnumberofresults": "2"}
	for name, tt := range map[string]struct {
		camera   *resttest.AXIS
		query    rest.Query
		password remote.Secret
		basic    bool
		times    int
		code     string
	}{
		"no algorithm":       {camera: &resttest.AXIS{}},
		"MD5":                {camera: &resttest.AXIS{Algorithm: "MD5"}, times: 5},
		"SHA-256":            {camera: &resttest.AXIS{Algorithm: "SHA-256"}, times: 5},
		"nonces that expire": {camera: &resttest.AXIS{Algorithm: "MD5", Fresh: 1}, times: 5},
		"a page of the list": {camera: &resttest.AXIS{}, query: part, code: "UOMA-LND-CONTROL"},
		"another password":   {camera: &resttest.AXIS{}, password: "another", code: "UOMA-SRC-LOGIN"},
		"an unknown way":     {camera: &resttest.AXIS{Algorithm: "MD5-sess"}, code: "UOMA-SRC-LOGIN"},
		"sent as it is":      {camera: &resttest.AXIS{}, basic: true, code: "UOMA-SRC-LOGIN"},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 3 {
				tt.camera.Recordings = append(tt.camera.Recordings, resttest.Recording(i))
			}
			var mu sync.Mutex
			sent := ""
			addr := authority.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				sent += r.Header.Get("Authorization")
				mu.Unlock()
				tt.camera.ServeHTTP(w, r)
			}))
			c := remote.Credentials{User: resttest.ID, Password: resttest.Secret, Digest: !tt.basic}
			if tt.password != "" {
				c.Password = tt.password
			}
			api, err := rest.Open(t.Context(), remote.Server{URL: "https://" + addr, CA: authority.PEM, Networks: loopback, Credentials: c,
				Retry: remote.Retry{Base: time.Millisecond}}, rest.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer api.Close() // idle connections only
			if tt.query.Path == "" {
				tt.query = whole
			}
			for range max(tt.times, 1) {
				r, err := api.Rows(tt.query, tabular.Options{Feed: "axis/recordings", File: "axis/recordings", Columns: []tabular.Column{{Name: "id", Path: "@recordingid", Required: true}}})
				if err != nil {
					t.Fatal(err)
				}
				rows := 0
				for b, err2 := range r.Batches(t.Context()) {
					if err = err2; err == nil {
						rows += b.Len()
					}
				}
				if fault.Code(err) != tt.code || tt.code == "" && (err != nil || rows != 3) {
					t.Fatalf("%d rows, %v; want %q", rows, err, tt.code)
				}
			}
			if !tt.basic && strings.Contains(sent, "Basic") || strings.Contains(sent, resttest.Secret) {
				t.Error("the password was sent")
			}
		})
	}
}

// TestCurlKnowsTheCamera has a client that we did not write prove the same password to the camera of these tests.
func TestCurlKnowsTheCamera(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"", "MD5", "SHA-256"} {
		addr := authority.Serve(t, &resttest.AXIS{Algorithm: algorithm, Recordings: []string{resttest.Recording(1)}})
		for password, want := range map[string]string{resttest.Secret: "200", "another": "401"} {
			out, err := exec.CommandContext(t.Context(), "curl", "--silent", "--noproxy", "*", "--cacert", ca, "--digest", "--user", resttest.ID+":"+password,
				"--output", os.DevNull, "--write-out", "%{http_code}", fmt.Sprintf("https://%s/axis-cgi/record/list.cgi?recordingid=all", addr)).Output()
			if err != nil || string(out) != want {
				t.Errorf("%q: %s, %v", algorithm, out, err)
			}
		}
	}
}
