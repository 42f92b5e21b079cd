package resttest

import (
	"net/http"
	"slices"
	"time"
)

// Portal is the export of an alumni portal: profiles with lists inside, in numbered pages, oldest change first. A profile that was
// deleted is one with deleted: true and nothing else but its id and time.
type Portal struct {
	Profiles []Row
	Throttle
}

// ServeHTTP implements [http.Handler].
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	size, n := number(v.Get("size"), 100), number(v.Get("page"), 1)
	since, err := time.Parse(time.RFC3339, v.Get("updatedSince"))
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key:
		fail(w, http.StatusUnauthorized, "a token is needed")
	case p.holds(w):
	case r.URL.Path != "/export/profiles":
		fail(w, http.StatusNotFound, "no such resource")
	case r.Method != http.MethodGet || size < 1 || size > 500 || n < 1 || err != nil:
		fail(w, http.StatusBadRequest, "size is 1 to 500, pages begin at 1, and updatedSince is a time")
	default:
		rows := p.since(since)
		page, _ := slice(rows, (n-1)*size, size)
		answer(w, http.StatusOK, "application/json; charset=utf-8", Row{"items": page, "page": n, "pages": (len(rows) + size - 1) / size, "total": len(rows)})
	}
}

// since gives the profiles that changed at a time or later, oldest change first.
func (p *Portal) since(t time.Time) (rows []Row) {
	for _, row := range p.Profiles {
		if !changed(row).Before(t) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return changed(a).Compare(changed(b)) })
	return rows
}

func changed(row Row) time.Time {
	text, _ := row["updatedAt"].(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // a test gave a row that is none
	}
	return t
}
