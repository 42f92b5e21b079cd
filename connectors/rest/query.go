package rest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Query is one kind of rows of a service.
type Query struct {
	Path       string            // below the address of the settings
	Parameters map[string]string // of every request
	Headers    map[string]string // of every request
	Body       map[string]any    // of every request, which is then a POST: GraphQL
	XML        bool              // the answer is one document of XML, and Rows the path of its records from the root
	Rows       string            // where a page holds its records, "data/items"; empty: the page is the list
	Each       string            // where a record holds its rows; empty: it is one
	Errors     string            // where an answer that looks like a page tells of errors
	Rate       float64           // most requests a second; 0 means as fast as answers come
	Paging     Paging
}

// Kinds of [Paging].
const (
	None   = "none"   // one page
	Next   = "next"   // the page holds the address of the next one
	Link   = "link"   // the same in its header Link (RFC 8288)
	Cursor = "cursor" // the page holds a cursor, to be sent as a parameter
	Page   = "page"   // pages have numbers
	Offset = "offset" // a page begins behind so many rows
)

// Paging is how pages follow each other.
type Paging struct {
	Kind      string
	Next      string // where a page holds the address (next) or the cursor (cursor)
	More      string // where it says whether there is more (cursor)
	Total     string // where it says how many records all pages have; page and offset end there or, without, at an empty page
	AtLeast   string // where it says that the total is no more than a lower bound
	Parameter string // that the cursor, number or offset is sent as; in the body a path
	Size      int    // rows asked for
	SizeAs    string // the parameter that asks for so many
	First     int    // number of the first page (page)
	Changes   string // where the last page holds the address under which changes since are asked for (next)
}

// check finds what cannot work.
func (q *Query) check() error {
	p := &q.Paging
	for _, c := range []struct {
		bad   bool
		field string
		why   string
	}{
		{!slices.Contains([]string{None, Next, Link, Cursor, Page, Offset}, p.Kind), "kind", "it is none of none, next, link, cursor, page and offset"},
		{(p.Kind == Next || p.Kind == Cursor) == (p.Next == ""), "next", "next and cursor need it, the others have none"},
		{p.Kind != Cursor && p.More != "", "more", "only cursor has it"},
		{(p.Kind == Cursor || p.Kind == Page || p.Kind == Offset) == (p.Parameter == ""), "parameter", "cursor, page and offset need it, the others have none"},
		{p.AtLeast != "" && (p.Total == "" || p.Kind == Page || p.Kind == Offset), "at-least", "it belongs to a total that does not end the list"},
		{p.Kind != Page && p.First != 0, "first", "only page has it"},
		{p.Kind != Next && p.Changes != "", "changes", "only next has it"},
		{q.XML && (p.Kind != None || q.Rows == "" || q.Errors != ""), "paging", "an answer of XML is one document, with rows at a path, and tells of no errors"},
		{(p.Size > 0) != (p.SizeAs != ""), "size", "size and size-as belong together"},
		{q.Rate < 0, "rate", "it is below zero"},
		{strings.ContainsAny(q.Path, "?#\\") || strings.Contains("/"+q.Path+"/", "/../"), "path", "it is no plain path"},
	} {
		if c.bad {
			return errQuery.Because(fmt.Errorf("%s: %s", c.field, c.why))
		}
	}
	for _, h := range slices.Sorted(maps.Keys(q.Headers)) {
		switch http.CanonicalHeaderKey(h) {
		case "Authorization", "Host", "Accept-Encoding", "Content-Length", "Cookie":
			return errQuery.Because(fmt.Errorf("headers: %s is not the layout's to set", http.CanonicalHeaderKey(h)))
		}
	}
	return nil
}
