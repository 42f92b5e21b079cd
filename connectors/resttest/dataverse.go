package resttest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"reflect"
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

	// Keys names the property that tells the rows of a set apart, of sets whose changes are tracked.
	Keys map[string]string
	// Past holds what the sets were before, oldest first. A delta token is the number of states that there were when it was
	// given; those below Kept have expired, which is told as Dataverse does, or with 410 when GoneToken is set.
	Past      []map[string][]Row
	Kept      int
	GoneToken bool
}

// After gives the service as it is when its sets have become others.
func (d *Dataverse) After(sets map[string][]Row) *Dataverse {
	return &Dataverse{Sets: sets, Keys: d.Keys, Past: append(slices.Clip(d.Past), d.Sets), Kept: d.Kept, GoneToken: d.GoneToken}
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
	tracked := v.Has("$deltatoken") || strings.Contains(r.Header.Get("Prefer"), "odata.track-changes")
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
	case tracked && (d.Keys[name] == "" || v.Has("$filter") || v.Has("$count")):
		fail(w, http.StatusBadRequest, "changes are not tracked")
	case v.Has("$deltatoken"):
		d.changes(w, r, name, from)
	default:
		d.page(w, r, name, rows, from, tracked)
	}
}

// deltaToken gives the token of the present state, written so that it must be escaped.
func (d *Dataverse) deltaToken() string { return strconv.Itoa(len(d.Past)) + "!11/21/2026 08:10:44" }

// changes answers with what became of a set since the state of a token: its rows that are new or others, and the ones that
// are gone, in the two ways of OData 4.0 and 4.01 in turn.
func (d *Dataverse) changes(w http.ResponseWriter, r *http.Request, name string, from int) {
	number, _, _ := strings.Cut(r.URL.Query().Get("$deltatoken"), "!")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || n < 0 || n > len(d.Past):
		fail(w, http.StatusBadRequest, "Invalid delta token")
		return
	case n < d.Kept && d.GoneToken:
		fail(w, http.StatusGone, "the token is expired")
		return
	case n < d.Kept:
		answer(w, http.StatusBadRequest, "application/json", Row{"error": Row{"code": "0x80044352", "message": "Version stamp associated with the client has expired. Please perform a full sync."}})
		return
	}
	key, before, rows := d.Keys[name], map[any]Row{}, []Row{}
	if n < len(d.Past) {
		for _, row := range d.Past[n][name] {
			before[row[key]] = row
		}
	} else {
		for _, row := range d.Sets[name] {
			before[row[key]] = row
		}
	}
	there := map[any]bool{}
	for _, row := range d.Sets[name] {
		if there[row[key]] = true; !reflect.DeepEqual(before[row[key]], row) {
			rows = append(rows, row)
		}
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(before)), func(id any) bool { return there[id] })
	slices.SortFunc(gone, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for i, id := range gone {
		if i%2 == 0 {
			rows = append(rows, Row{"@odata.context": "https://" + r.Host + "/api/data/v9.2/$metadata#" + name + "/$deletedEntity", "id": id, "reason": "deleted"})
		} else {
			rows = append(rows, Row{"@removed": Row{"reason": "changed"}, "@id": fmt.Sprintf("%s(%s)", name, id)})
		}
	}
	d.page(w, r, name, rows, from, true)
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

func (d *Dataverse) page(w http.ResponseWriter, r *http.Request, name string, rows []Row, from int, tracked bool) {
	v := r.URL.Query()
	size, annotations := preferred(r.Header.Get("Prefer"))
	rows = filtered(rows, v.Get("$filter"))
	properties := strings.Split(v.Get("$select"), ",")
	for _, p := range properties {
		if _, known := first(d.Sets[name])[p]; !known && len(d.Sets[name]) > 0 {
			fail(w, http.StatusBadRequest, "Could not find a property named '"+p+"'")
			return
		}
	}
	page, more := slice(rows, from, size)
	for i, row := range page {
		if _, removed := row["@removed"]; !removed && row["@odata.context"] == nil {
			page[i] = selected(row, properties, annotations)
		}
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
	} else if tracked {
		v.Del("$skiptoken")
		v.Set("$deltatoken", d.deltaToken())
		out["@odata.deltaLink"] = here(r, v.Encode())
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

// filtered knows "PROPERTY eq NUMBER" and "PROPERTY ne null" alone, also of a property of what a lookup leads to, by its whole name.
func filtered(rows []Row, filter string) []Row {
	if property, ok := strings.CutSuffix(filter, " ne null"); ok {
		return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r[property] == nil })
	}
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
