package rest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"uoma/connectors/jsonfile"
)

// Pages gives the pages of a query, one JSON document behind the other. It asks for a page when the one before has been
// read.
type Pages struct {
	ctx    context.Context
	api    *API
	q      Query
	next   *request // nil behind the last page
	at     int64    // number of the page, or of rows before it, of the kinds that count
	pages  int
	empty  int // pages in a row without rows
	rows   int64
	total  int64 // that every page announces, -1 where none does
	capped bool  // there may be more
	asked  map[[sha256.Size]byte]bool
	last   [sha256.Size]byte // of the page before
	since  string            // see [Pages.Since]
	rest   []byte
	err    error // sticky, behind rest
}

var _ io.Reader = (*Pages)(nil)

// Pages asks for nothing yet.
func (a *API) Pages(ctx context.Context, q Query) (*Pages, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	l := &Pages{ctx: ctx, api: a, q: q, total: -1, asked: map[[sha256.Size]byte]bool{}}
	u := *a.base
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/")+"/"+strings.TrimPrefix(q.Path, "/"), ""
	if q.Path == "" {
		u.Path = a.base.Path
	}
	v := url.Values{}
	for name, value := range q.Parameters {
		v.Set(name, value)
	}
	u.RawQuery = v.Encode()
	l.next = &request{url: &u, headers: q.Headers, rate: q.Rate, xml: q.XML}
	if q.Body != nil {
		body, err := json.Marshal(q.Body)
		if err != nil {
			return nil, errQuery.Because(fmt.Errorf("body: it is no JSON"))
		}
		l.next.body = body
	}
	var err error
	if p := q.Paging; p.SizeAs != "" {
		l.next, err = l.next.with(p.SizeAs, p.Size)
	}
	if p := q.Paging; err == nil && p.Kind == Page {
		l.at = int64(p.First)
		l.next, err = l.next.with(p.Parameter, l.at)
	}
	return l, err
}

// PagesSince gives the pages of what changed since the list of a query was read; since is what [Pages.Since] gave then.
func (a *API) PagesSince(ctx context.Context, q Query, since string) (*Pages, error) {
	l, err := a.Pages(ctx, q)
	if err != nil {
		return nil, err
	}
	first := l.next.url
	if l.next, err = l.follow(since); err != nil {
		return nil, err
	}
	if l.next == nil || q.Paging.Changes == "" || l.next.url.Path != first.Path {
		return nil, errLink.Because(errors.New("changes are asked for at the address of the list alone"))
	}
	return l, nil
}

// Since gives, behind the last page, the address under which changes since are asked for; "" when the service told none.
func (l *Pages) Since() string { return l.since }

// Rows gives how many rows were given so far.
func (l *Pages) Rows() int64 { return l.rows }

// Read gives what is left of a page, or that of the next one.
func (l *Pages) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		if l.next == nil {
			l.err = l.end()
			continue
		}
		if err := l.turn(); err != nil {
			l.rest, l.err = nil, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// turn asks for a page, takes its rows and finds out what is asked next.
func (l *Pages) turn() error {
	if err := l.mark(l.next); err != nil {
		return err
	}
	got, err := l.api.get(l.ctx, *l.next)
	switch {
	case absent(err) && l.pages == 0:
		return errResource.Wrap(err)
	case absent(err):
		return errGone.Wrap(err)
	case err != nil:
		return err
	}
	l.pages++
	if l.q.XML { // its reader counts
		l.rest, l.next = got.body, nil
		return nil
	}
	p, err := readPage(got.body, l.q)
	if err != nil {
		return because(errPage, l.pages, err.Error())
	}
	l.rest = append(got.body, '\n')
	if err := l.count(p); err != nil {
		return err
	}
	if l.next, err = l.after(p, got.header); err != nil {
		return err
	}
	return nil
}

// mark remembers what was asked: nobody asks the same twice who comes nearer to an end.
func (l *Pages) mark(r *request) error {
	key := sha256.Sum256(append([]byte(r.url.String()+"\n"), r.body...))
	if l.asked[key] {
		return because(errEndless, l.pages, "it leads to a page that was read before")
	}
	if l.pages >= l.api.limits.Pages {
		return because(errEndless, l.pages, "there are more pages than any list has")
	}
	l.asked[key] = true
	return nil
}

// count adds a page's rows, and holds lists that do not end.
func (l *Pages) count(p page) error {
	l.rows += p.rows
	if l.rows > l.api.limits.Rows {
		return because(errEndless, l.pages, "there are more rows than any list has")
	}
	if l.empty++; p.rows > 0 {
		l.empty = 0
	}
	if l.empty > l.api.limits.Empty {
		return because(errEndless, l.pages, "its pages have no rows any more")
	}
	same := sha256.Sum256(p.list)
	if p.rows > 0 && l.pages > 1 && same == l.last {
		return because(errEndless, l.pages, "it has the rows of the page before")
	}
	l.last = same
	if l.q.Paging.Total == "" {
		return nil
	}
	total, err := strconv.ParseInt(p.total.Text, 10, 64)
	if err != nil || total < 0 {
		return because(errTotal, l.pages, "it does not say how many rows there are")
	}
	if l.total >= 0 && total != l.total {
		// Rows came or went: where the service counts rows to find the next page, one of them was passed over.
		return because(ErrShifted, l.pages, "another number of rows is announced")
	}
	l.total = total
	l.capped = l.capped || p.least.Text == "true"
	return nil
}

// after gives what is asked behind a page, nil when it was the last.
func (l *Pages) after(p page, h http.Header) (*request, error) {
	paging := &l.q.Paging
	switch paging.Kind {
	case Next:
		if p.next.Kind != jsonfile.Absent && p.next.Kind != jsonfile.Text {
			return nil, because(errPage, l.pages, "what leads to the next page is no text")
		}
		if p.next.Text == "" {
			return nil, l.keep(p.changes)
		}
		return l.follow(p.next.Text)
	case Link:
		return l.follow(nextOf(h))
	case Cursor:
		return l.cursor(p)
	case Page, Offset:
		return l.counted(p)
	}
	return nil, nil
}

// keep notes where changes since are asked for.
func (l *Pages) keep(v jsonfile.Value) error {
	if v.Kind != jsonfile.Absent && v.Kind != jsonfile.Text {
		return because(errPage, l.pages, "what leads to the changes is no text")
	}
	to, err := l.follow(v.Text)
	if err != nil || to == nil {
		return err
	}
	l.since = to.url.String()
	return nil
}

// follow asks where a page leads to, at the same server.
func (l *Pages) follow(link string) (*request, error) {
	if link == "" {
		return nil, nil
	}
	to, err := l.next.url.Parse(link)
	if err != nil {
		return nil, because(errPage, l.pages, "the address of the next page is none")
	}
	if to.Scheme != l.api.base.Scheme || !strings.EqualFold(to.Hostname(), l.api.base.Hostname()) || port(to) != port(l.api.base) || to.User != nil {
		return nil, because(errLink, l.pages, "it was not asked")
	}
	to.Fragment = ""
	next := *l.next
	next.url = to
	return &next, nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}

func (l *Pages) cursor(p page) (*request, error) {
	if p.next.Kind == jsonfile.Nested {
		return nil, because(errPage, l.pages, "the cursor is no text and no number")
	}
	more := p.next.Text != ""
	if l.q.Paging.More != "" {
		if p.more.Kind != jsonfile.Boolean {
			return nil, because(errPage, l.pages, "it does not say whether there is more")
		}
		more = p.more.Text == "true"
	}
	switch {
	case !more:
		return nil, nil
	case p.next.Text == "":
		return nil, because(errPage, l.pages, "there is more, but no cursor")
	}
	return l.next.with(l.q.Paging.Parameter, p.next.Text)
}

// counted goes on where there is no link: as long as the total says, or to an empty page.
func (l *Pages) counted(p page) (*request, error) {
	switch {
	case l.q.Paging.Total == "" && p.rows == 0:
		return nil, nil
	case l.q.Paging.Total == "":
	case l.rows >= l.total:
		return nil, nil
	case p.rows == 0:
		return nil, because(errTotal, l.pages, "it has no rows, though there are more")
	}
	if l.at++; l.q.Paging.Kind == Offset {
		l.at = l.rows
	}
	return l.next.with(l.q.Paging.Parameter, l.at)
}

// end compares what came with what was announced.
func (l *Pages) end() error {
	if l.total >= 0 && (l.rows < l.total || l.rows > l.total && !l.capped) {
		return errTotal.Because(fmt.Errorf("%d rows, %d announced", l.rows, l.total))
	}
	return io.EOF
}

// with gives a request with a parameter, in the body when it has one.
func (r *request) with(name string, value any) (*request, error) {
	out := *r
	if r.body == nil {
		u := *r.url
		v := u.Query()
		switch x := value.(type) {
		case string:
			v.Set(name, x)
		case int:
			v.Set(name, strconv.Itoa(x))
		case int64:
			v.Set(name, strconv.FormatInt(x, 10))
		}
		u.RawQuery = v.Encode()
		out.url = &u
		return &out, nil
	}
	var body map[string]any
	if err := json.Unmarshal(r.body, &body); err != nil {
		return nil, errQuery
	}
	at := body
	steps := strings.Split(name, "/")
	for _, step := range steps[:len(steps)-1] {
		below, ok := at[step].(map[string]any)
		if !ok {
			below = map[string]any{}
			at[step] = below
		}
		at = below
	}
	at[steps[len(steps)-1]] = value
	var err error
	out.body, err = json.Marshal(body)
	return &out, err
}

// nextOf finds the link with the relation next (RFC 8288).
func nextOf(h http.Header) string {
	for _, header := range h.Values("Link") {
		for header != "" {
			open := strings.IndexByte(header, '<')
			if open < 0 {
				break
			}
			link, rest, ok := strings.Cut(header[open+1:], ">")
			if !ok {
				break
			}
			parameters, others := parametersOf(rest)
			if parameters {
				return link
			}
			header = others
		}
	}
	return ""
}

// parametersOf tells whether the parameters of a link say that it is the next one, and gives what stands behind them.
func parametersOf(text string) (next bool, rest string) {
	quoted, from := false, 0
	one := func(p string) {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			return
		}
		for _, relation := range strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)) {
			next = next || strings.EqualFold(relation, "next")
		}
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';' || c == ',':
			one(text[from:i])
			if from = i + 1; c == ',' {
				return next, text[from:]
			}
		}
	}
	one(text[from:])
	return next, ""
}
