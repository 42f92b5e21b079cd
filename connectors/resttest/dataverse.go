package resttest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Dataverse is the Web API of Dataverse: OData v4 under /api/data/v9.2/, tokens under /token.
type Dataverse struct {
	Sets map[string][]Row // rows by entity set; every row has every property, null where it has no value
	Throttle
	// Gone has the list end with 410 behind the first page.
	Gone bool
}

const (
	dataverseMost = 5000 // rows a page, and how far it counts
	limited       = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"
)

// ServeHTTP implements [http.Handler].
func (d *Dataverse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		tokens("client_credentials")(w, r)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/api/data/v9.2/")
	rows, known := d.Sets[name]
	v := r.URL.Query()
	from, err := skip(v.Get("$skiptoken"))
	switch {
	case !bearer(r):
		fail(w, http.StatusUnauthorized, "no token")
	case d.holds(w):
	case !ok || !known:
		fail(w, http.StatusNotFound, "no such set")
	case r.Header.Get("OData-Version") != "4.0" || v.Has("$skip") || err != nil:
		fail(w, http.StatusBadRequest, "not supported")
	case d.Gone && from > 0:
		fail(w, http.StatusGone, "the token is expired")
	default:
		d.page(w, r, rows, from)
	}
}

func skip(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(b))
}

func (d *Dataverse) page(w http.ResponseWriter, r *http.Request, rows []Row, from int) {
	v := r.URL.Query()
	size, annotations := preferred(r.Header.Get("Prefer"))
	rows = filtered(rows, v.Get("$filter"))
	properties := strings.Split(v.Get("$select"), ",")
	for _, p := range properties {
		if _, known := first(rows)[p]; !known && len(rows) > 0 {
			fail(w, http.StatusBadRequest, "Could not find a property named '"+p+"'")
			return
		}
	}
	page, more := slice(rows, from, size)
	for i, row := range page {
		page[i] = selected(row, properties, annotations)
	}
	out := Row{"@odata.context": here(r, "")[:len(here(r, ""))-1] + "/$metadata", "value": page}
	if v.Get("$count") == "true" {
		out["@odata.count"] = min(len(rows), dataverseMost)
		if slices.Contains(annotations, limited) || slices.Contains(annotations, "*") {
			out["@"+limited] = len(rows) > dataverseMost
		}
	}
	if more {
		v.Set("$skiptoken", base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(from+size))))
		out["@odata.nextLink"] = here(r, v.Encode())
	}
	w.Header().Set("OData-Version", "4.0")
	answer(w, http.StatusOK, "application/json; odata.metadata=minimal", out)
}

func first(rows []Row) Row {
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// preferred reads odata.maxpagesize and odata.include-annotations.
func preferred(header string) (size int, annotations []string) {
	size = dataverseMost
	text, list, _ := strings.Cut(header, `odata.include-annotations="`)
	list, _, _ = strings.Cut(list, `"`)
	annotations = strings.Split(list, ",")
	for part := range strings.SplitSeq(text, ",") {
		if n, ok := strings.CutPrefix(part, "odata.maxpagesize="); ok {
			if asked, err := strconv.Atoi(n); err == nil && asked < size {
				size = asked
			}
		}
	}
	return size, annotations
}

// filtered knows "PROPERTY eq NUMBER" alone.
func filtered(rows []Row, filter string) []Row {
	property, value, ok := strings.Cut(filter, " eq ")
	if !ok {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		n, _ := r[property].(int)
		return strconv.Itoa(n) != value
	})
}

// selected gives the properties that were asked for, and their annotations.
func selected(row Row, properties, annotations []string) Row {
	out := Row{"@odata.etag": `W/"1"`}
	for name, value := range row {
		property, annotation, annotated := strings.Cut(name, "@")
		if !slices.Contains(properties, property) {
			continue
		}
		if !annotated || slices.Contains(annotations, annotation) || slices.Contains(annotations, "*") {
			out[name] = value
		}
	}
	return out
}
