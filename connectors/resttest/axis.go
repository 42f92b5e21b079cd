package resttest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// AXIS is the recording API of a camera (VAPIX): digest authentication (RFC 7616), and a list in XML.
type AXIS struct {
	Recordings []string // the elements, as they stand in the list
	Algorithm  string   // MD5, SHA-256; "" is none that is named, which means MD5
	Fresh      int      // how often a nonce is taken; 0 is as often as it comes

	mu    sync.Mutex
	nonce int
	taken map[string]bool // counts of the nonce that came, none of which may come again
}

const realm = "AXIS_ACCC8E000001"

// ServeHTTP implements [http.Handler].
func (a *AXIS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case !a.in(w, r):
	case r.URL.Path != "/axis-cgi/record/list.cgi":
		http.NotFound(w, r)
	case q.Get("recordingid") != "all":
		http.Error(w, "recordingid is missing", http.StatusBadRequest)
	default:
		from, most := number(q.Get("startresultnumber"), 0), number(q.Get("maxnumberofresults"), len(a.Recordings))
		from = min(max(from, 0), len(a.Recordings))
		page := a.Recordings[from:min(from+max(most, 0), len(a.Recordings))]
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root><recordings totalnumberofrecordings=%q numberofrecordings=%q>\n%s\n</recordings></root>\n",
			fmt.Sprint(len(a.Recordings)), fmt.Sprint(len(page)), strings.Join(page, "\n"))
	}
}

var said = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^\s,]+))`)

// in tells whether who asks knows the password; else it asks for a proof.
func (a *AXIS) in(w http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, is := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	p := map[string]string{}
	for _, m := range said.FindAllStringSubmatch(text, -1) {
		p[m[1]] = m[2] + m[3]
	}
	known := is && p["username"] == ID && p["realm"] == realm && p["uri"] == r.URL.RequestURI() && p["qop"] == "auth" && p["algorithm"] == a.Algorithm &&
		p["response"] == a.of(a.of(ID, realm, Secret), p["nonce"], p["nc"], p["cnonce"], "auth", a.of(r.Method, p["uri"]))
	current := fmt.Sprintf("nonce-%d", a.nonce)
	stale := known && (p["nonce"] != current || a.taken[p["nc"]] || a.Fresh > 0 && len(a.taken) >= a.Fresh)
	if known && !stale {
		a.taken[p["nc"]] = true
		return true
	}
	a.nonce++
	a.taken = map[string]bool{}
	challenge := fmt.Sprintf(`Digest realm=%q, nonce="nonce-%d", qop="auth", stale=%t`, realm, a.nonce, stale)
	if a.Algorithm != "" {
		challenge += ", algorithm=" + a.Algorithm
	}
	w.Header().Add("WWW-Authenticate", challenge)
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
	return false
}

func (a *AXIS) of(parts ...string) string {
	var h hash.Hash = md5.New()
	if a.Algorithm == "SHA-256" {
		h = sha256.New()
	}
	h.Write([]byte(strings.Join(parts, ":"))) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// Recording gives an element of the list.
func Recording(n int) string {
	return fmt.Sprintf(`<recording diskid="SD_DISK" recordingid="20261012_%06d_A1B2_ACCC8E000001" starttime="2026-10-12T05:59:00.000000Z" starttimelocal="2026-10-12T08:59:00.000000+03:00" stoptime="2026-10-12T06:59:00.000000Z" stoptimelocal="2026-10-12T09:59:00.000000+03:00" recordingtype="continuous" eventid="continuous" eventtrigger="" recordingstatus="completed" source="1" locked="No"><video mimetype="video/x-h264" width="1920" height="1080" framerate="25:1" resolution="1920x1080"/></recording>`, n)
}
