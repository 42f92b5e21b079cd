package resttest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// DataverseTables is the part of the Web API of Dataverse that is written to: rows by key or alternate key, and $batch with
// change sets. It is safe for concurrent use.
type DataverseTables struct {
	Throttle
	Tables map[string]*DataverseTable // by entity set
	// Every is called with each request that is carried out, of a batch with each of its own; an answer of true has the
	// connection end there without one.
	Every func(method, path string) (cut bool)

	lock sync.Mutex
	next int
}

// DataverseTable is one table. A column's type is "text:MAX", "int", "bool", "date", "choice:1,2", or "lookup:SET".
type DataverseTable struct {
	Key       string   // primary key
	Alternate []string // columns of the alternate key
	Columns   map[string]string
	Rows      []Row
	Writes    int
}

// Row gives the row with a value in a column, nil when there is none.
func (d *DataverseTables) Row(set, column string, value any) Row {
	d.lock.Lock()
	defer d.lock.Unlock()
	for _, r := range d.Tables[set].Rows {
		if r[column] == value {
			return maps.Clone(r)
		}
	}
	return nil
}

// All gives the rows of a set. A request whose line was cut may still be carried out.
func (d *DataverseTables) All(set string) []Row {
	d.lock.Lock()
	defer d.lock.Unlock()
	out := slices.Clone(d.Tables[set].Rows)
	for i, r := range out {
		out[i] = maps.Clone(r)
	}
	return out
}

// Remove deletes the row with a value in a column.
func (d *DataverseTables) Remove(set, column string, value any) {
	d.lock.Lock()
	defer d.lock.Unlock()
	t := d.Tables[set]
	t.Rows = slices.DeleteFunc(t.Rows, func(r Row) bool { return r[column] == value })
}

// Count gives how many rows a set has, and how many writes there were.
func (d *DataverseTables) Count(set string) (rows, writes int) {
	d.lock.Lock()
	defer d.lock.Unlock()
	return len(d.Tables[set].Rows), d.Tables[set].Writes
}

const api = "/api/data/v9.2/"

// ServeHTTP implements [http.Handler].
func (d *DataverseTables) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/token":
		tokens("client_credentials")(w, r)
	case !bearer(r):
		fail(w, http.StatusUnauthorized, "no token")
	case d.holds(w):
	case r.Header.Get("OData-Version") != "4.0":
		fail(w, http.StatusBadRequest, "not supported")
	case r.URL.Path == api+"$batch" && r.Method == http.MethodPost:
		d.batch(w, r)
	case r.Method == http.MethodGet && !strings.Contains(r.URL.Path, "("):
		a := d.query(strings.TrimPrefix(r.URL.Path, api), r.URL.Query())
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	case r.Method == http.MethodGet && !d.has(r.URL):
		fail(w, http.StatusBadRequest, "Could not find a property")
	default:
		body, _ := io.ReadAll(r.Body) // what is missing is no JSON
		a := d.one(r.Method, r.Host, r.URL.EscapedPath(), r.Header, body)
		if a.cut {
			panic(http.ErrAbortHandler)
		}
		for name := range a.header {
			w.Header()[name] = a.header[name]
		}
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	}
}

// told is an answer.
type told struct {
	status int
	header http.Header
	body   []byte
	cut    bool
}

func refusal(status int, code, message string) told {
	b, _ := json.Marshal(Row{"error": Row{"code": code, "message": message}}) // of texts
	return told{status: status, header: http.Header{"Content-Type": {"application/json; odata.metadata=minimal"}}, body: b}
}

var entity = regexp.MustCompile(`^([A-Za-z_0-9]+)\((.*)\)$`)

// one carries out a request for one row.
func (d *DataverseTables) one(method, host, path string, h http.Header, body []byte) told {
	if d.Every != nil && d.Every(method, path) {
		return told{cut: true}
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	parts := entity.FindStringSubmatch(strings.TrimPrefix(path, api))
	if parts == nil || d.Tables[parts[1]] == nil {
		return refusal(http.StatusNotFound, "0x8006088a", "Resource not found")
	}
	t := d.Tables[parts[1]]
	at, key, ok := t.find(parts[2])
	switch {
	case !ok:
		return refusal(http.StatusBadRequest, "0x80060888", "Bad Request - Error in query syntax")
	case method == http.MethodGet && at < 0:
		return missing(key)
	case method == http.MethodGet:
		b, _ := json.Marshal(Row{t.Key: t.Rows[at][t.Key]}) // of a text
		return told{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json; odata.metadata=minimal"}}, body: b}
	case method != http.MethodPatch:
		return refusal(http.StatusMethodNotAllowed, "0x0", "not allowed")
	case h.Get("If-Match") == "*" && at < 0:
		return missing(key)
	case at < 0 && key[t.Key] != nil && len(key) == 1 && h.Get("If-Match") == "" && len(t.Alternate) > 0:
		return refusal(http.StatusBadRequest, "0x80040203", "the test would not make a row under a key of its own")
	}
	change, wrong := t.read(d, body)
	if wrong.status != 0 {
		return wrong
	}
	if at < 0 {
		d.next++
		row := Row{t.Key: fmt.Sprintf("00000000-0000-4000-9000-%012d", d.next)}
		for c := range t.Columns {
			row[c] = nil
		}
		maps.Copy(row, key)
		t.Rows, at = append(t.Rows, row), len(t.Rows)
	}
	t.Writes++
	t.Rows[at] = maps.Clone(t.Rows[at])
	maps.Copy(t.Rows[at], change)
	return told{status: http.StatusNoContent, header: http.Header{"OData-Version": {"4.0"},
		"OData-EntityId": {fmt.Sprintf("https://%s%s%s(%s)", host, api, parts[1], t.Rows[at][t.Key])}}}
}

// has tells whether a row that is asked for by a key can have the column that is asked of it.
func (d *DataverseTables) has(u *url.URL) bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	set, _, _ := strings.Cut(strings.TrimPrefix(u.Path, api), "(")
	t, column := d.Tables[set], u.Query().Get("$select")
	return t == nil || column == t.Key || t.Columns[column] != "" || slices.Contains(t.Alternate, column)
}

var expanded = regexp.MustCompile(`^([A-Za-z_0-9]+)\(\$select=([A-Za-z_0-9]+)\)$`)

// query answers a question for rows of a set by the service's own key, of which no row is asked for.
func (d *DataverseTables) query(set string, q url.Values) told {
	d.lock.Lock()
	defer d.lock.Unlock()
	t := d.Tables[set]
	if t == nil {
		return refusal(http.StatusNotFound, "0x80060888", "Resource not found for the segment '"+set+"'")
	}
	lacking := func(name string) told {
		return refusal(http.StatusBadRequest, "0x80060888", "Could not find a property named '"+name+"'")
	}
	for name := range strings.SplitSeq(q.Get("$select"), ",") {
		if kind := t.Columns[name]; name != t.Key && (kind == "" || strings.HasPrefix(kind, "lookup:")) {
			return lacking(name)
		}
	}
	for part := range strings.SplitSeq(q.Get("$expand"), ",") {
		if part == "" {
			continue
		}
		m := expanded.FindStringSubmatch(part)
		if m == nil {
			return lacking(part)
		}
		other, ok := strings.CutPrefix(t.Columns[m[1]], "lookup:")
		if !ok || d.Tables[other].Columns[m[2]] == "" && !slices.Contains(d.Tables[other].Alternate, m[2]) {
			return lacking(part)
		}
	}
	if q.Get("$filter") != t.Key+" eq 00000000-0000-0000-0000-000000000000" {
		return refusal(http.StatusBadRequest, "0x80060888", "the test would give rows")
	}
	return told{status: http.StatusOK, body: []byte(`{"value":[]}`)}
}

func missing(key Row) told {
	for name := range key {
		if strings.HasSuffix(name, "id") && len(key) == 1 {
			return refusal(http.StatusNotFound, "0x80040217", "Entity With Id Does Not Exist")
		}
	}
	return refusal(http.StatusNotFound, "0x80060891", "A record with the specified key values does not exist")
}

var quoted = regexp.MustCompile(`^([a-z_0-9]+)='((?:[^']|'')*)'(?:,|$)`)

// find reads a key and gives the place of its row, -1 where there is none.
func (t *DataverseTable) find(text string) (at int, key Row, ok bool) {
	text, err := url.PathUnescape(text)
	if err != nil {
		return -1, nil, false
	}
	key = Row{}
	if strings.Contains(text, "=") {
		for text != "" {
			m := quoted.FindStringSubmatch(text)
			if m == nil || !slices.Contains(t.Alternate, m[1]) {
				return -1, nil, false
			}
			key[m[1]], text = strings.ReplaceAll(m[2], "''", "'"), text[len(m[0]):]
		}
		if len(key) != len(t.Alternate) {
			return -1, nil, false
		}
	} else {
		key[t.Key] = text
	}
	return slices.IndexFunc(t.Rows, func(r Row) bool {
		for c, v := range key {
			if r[c] != v {
				return false
			}
		}
		return true
	}), key, true
}

// read reads what is to be changed, as strictly as the service.
func (t *DataverseTable) read(d *DataverseTables, body []byte) (Row, told) {
	in := Row{}
	if json.Unmarshal(body, &in) != nil {
		return nil, refusal(http.StatusBadRequest, "0x80048d19", "Error identified in Payload provided by the user")
	}
	out := Row{}
	for name, value := range in {
		column, bound := strings.CutSuffix(name, "@odata.bind")
		kind, rest, _ := strings.Cut(t.Columns[column], ":")
		if kind == "" || bound != (kind == "lookup") {
			return nil, refusal(http.StatusBadRequest, "0x80048d19", "Invalid property '"+name+"' was found")
		}
		if value == nil {
			out[column] = nil
			continue
		}
		text, isText := value.(string)
		number, isNumber := value.(float64)
		right := false
		switch kind {
		case "text":
			most, _ := strconv.Atoi(rest)
			right = isText && utf8.RuneCountInString(text) <= most
		case "date":
			right = isText && regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(text)
		case "int":
			right = isNumber
		case "bool":
			_, right = value.(bool)
		case "choice":
			right = isNumber && slices.Contains(strings.Split(rest, ","), strconv.FormatFloat(number, 'f', -1, 64))
		case "lookup":
			m := entity.FindStringSubmatch(strings.TrimPrefix(text, "/"))
			if m == nil || m[1] != rest {
				return nil, refusal(http.StatusBadRequest, "0x80048d19", "the entity cannot be bound")
			}
			at, key, ok := d.Tables[rest].find(m[2])
			if !ok || at < 0 {
				return nil, missing(key)
			}
			right, value = true, d.Tables[rest].Rows[at][d.Tables[rest].Key]
		}
		if !right {
			return nil, refusal(http.StatusBadRequest, "0x80044331", "A validation error occurred")
		}
		out[column] = value
	}
	return out, told{}
}

// batch carries out a batch: change sets as a whole or not at all, and where the client wants it on behind what fails.
func (d *DataverseTables) batch(w http.ResponseWriter, r *http.Request) {
	var out bytes.Buffer
	answers := multipart.NewWriter(&out)
	goOn := strings.Contains(r.Header.Get("Prefer"), "odata.continue-on-error")
	failed, cut := false, false
	n := 0
	err := parts(r.Header.Get("Content-Type"), r.Body, func(h textproto.MIMEHeader, body io.Reader) error {
		if failed && !goOn || cut {
			return nil
		}
		if !strings.HasPrefix(h.Get("Content-Type"), "multipart/mixed") {
			return fmt.Errorf("the batch holds what is no change set")
		}
		before := map[string][]Row{}
		d.lock.Lock()
		for set, t := range d.Tables {
			before[set] = slices.Clone(t.Rows)
		}
		d.lock.Unlock()
		var all []told
		var ids []string
		err := parts(h.Get("Content-Type"), body, func(h textproto.MIMEHeader, body io.Reader) error {
			if n++; n > 1000 {
				return fmt.Errorf("more than 1000 requests")
			}
			in, err := http.ReadRequest(bufio.NewReader(body))
			if err != nil || h.Get("Content-Type") != "application/http" || h.Get("Content-Transfer-Encoding") != "binary" || h.Get("Content-ID") == "" || in.Method == http.MethodGet {
				return fmt.Errorf("a part is no request: %v", err)
			}
			text, _ := io.ReadAll(in.Body)
			if len(all) > 0 && all[len(all)-1].status >= 400 || cut {
				return nil
			}
			a := d.one(in.Method, r.Host, in.URL.EscapedPath(), in.Header, text)
			cut = a.cut
			all, ids = append(all, a), append(ids, h.Get("Content-ID"))
			return nil
		})
		if err != nil || len(all) == 0 || cut {
			return err
		}
		if last := all[len(all)-1]; last.status >= 400 {
			failed = true
			d.lock.Lock()
			for set, t := range d.Tables {
				t.Rows = before[set]
			}
			d.lock.Unlock()
			last.part(answers, ids[len(ids)-1])
			return nil
		}
		var inner bytes.Buffer
		set := multipart.NewWriter(&inner)
		for i, a := range all {
			a.part(set, ids[i])
		}
		set.Close()
		p, _ := answers.CreatePart(textproto.MIMEHeader{"Content-Type": {"multipart/mixed; boundary=" + set.Boundary()}})
		p.Write(inner.Bytes())
		return nil
	})
	if cut {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	answers.Close()
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+answers.Boundary())
	w.Header().Set("OData-Version", "4.0")
	w.WriteHeader(map[bool]int{true: http.StatusBadRequest, false: http.StatusOK}[failed && !goOn])
	_, _ = w.Write(out.Bytes())
}

// parts calls each part of a multipart body.
func parts(kind string, body io.Reader, each func(textproto.MIMEHeader, io.Reader) error) error {
	_, parameters, err := mime.ParseMediaType(kind)
	if err != nil {
		return err
	}
	for m := multipart.NewReader(body, parameters["boundary"]); ; {
		p, err := m.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(p.Header, p); err != nil {
			return err
		}
	}
}

// part writes the answer as a part of a batch's.
func (a told) part(w *multipart.Writer, id string) {
	p, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/http"}, "Content-Transfer-Encoding": {"binary"}, "Content-ID": {id}})
	fmt.Fprintf(p, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	a.header.Write(p)
	fmt.Fprintf(p, "\r\n%s", a.body)
}
