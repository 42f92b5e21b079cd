package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"uoma/connectors/remote"
)

// Limits bound what a server can make us do. Zero fields take the values of [DefaultLimits].
type Limits struct {
	Bytes int64         // of a page, which is held in memory
	Pages int           // of a list
	Empty int           // pages in a row that have no rows
	Rows  int64         // of a list
	Time  time.Duration // of a page
}

// DefaultLimits gives what is beyond every honest service.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, Pages: 500_000, Empty: 100, Rows: 100_000_000, Time: 5 * time.Minute}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes == 0 {
		l.Bytes = d.Bytes
	}
	if l.Pages == 0 {
		l.Pages = d.Pages
	}
	if l.Empty == 0 {
		l.Empty = d.Empty
	}
	if l.Rows == 0 {
		l.Rows = d.Rows
	}
	if l.Time == 0 {
		l.Time = d.Time
	}
	return l
}

// API is a service. It is safe for concurrent use, and all its queries wait for each other's rate.
type API struct {
	base   *url.URL
	client *http.Client
	retry  remote.Retry
	limits Limits
	pace   remote.Pace
}

// Open checks the settings of the server, whose URL stands in front of every query's path. Tokens are asked for as long as
// ctx lives.
func Open(ctx context.Context, s remote.Server, l Limits) (*API, error) {
	base, client, err := s.Client(ctx)
	if err != nil {
		return nil, err
	}
	return &API{base: base, client: client, retry: s.Retry, limits: l.orDefault()}, nil
}

// Close gives up idle connections.
func (a *API) Close() error {
	a.client.CloseIdleConnections()
	return nil
}

// request is what is asked for one page.
type request struct {
	url     *url.URL
	headers map[string]string
	body    []byte // nil for a GET
	rate    float64
	xml     bool
}

// answer is one that came as a whole.
type answer struct {
	body   []byte
	header http.Header
}

// get asks for a page as often as patience lets it.
func (a *API) get(ctx context.Context, r request) (out answer, err error) {
	err = a.retry.Do(ctx, func() (err error) {
		if err := a.pace.Wait(ctx, r.rate); err != nil {
			return err
		}
		out, err = a.once(ctx, r)
		return err
	})
	return out, err
}

func (a *API) once(ctx context.Context, r request) (answer, error) {
	within, stop := context.WithTimeout(ctx, a.limits.Time)
	defer stop()
	method, body := http.MethodGet, io.Reader(nil)
	if r.body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(within, method, r.url.String(), body)
	if err != nil {
		return answer{}, errQuery
	}
	req.Header.Set("Accept", "application/json")
	if r.xml {
		req.Header.Set("Accept", "application/xml, text/xml")
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := a.client.Do(req)
	if err != nil {
		return answer{}, remote.Failed(ctx, err)
	}
	defer resp.Body.Close() // only read from
	if resp.StatusCode == http.StatusBadRequest {
		return answer{}, errRefused
	}
	if resp.StatusCode != http.StatusOK {
		return answer{}, remote.Status(resp.StatusCode, resp.Header)
	}
	if err := r.suits(resp.Header); err != nil {
		return answer{}, err
	}
	content, err := remote.Whole(ctx, resp.Body, a.limits.Bytes, errLarge.Because(fmt.Errorf("%d bytes are allowed", a.limits.Bytes)))
	return answer{content, resp.Header}, err
}

// suits looks at what an answer says of itself.
func (r *request) suits(h http.Header) error {
	if c := h.Get("Content-Encoding"); c != "" && c != "identity" {
		return errType.Because(errors.New("it is compressed, which was not asked for"))
	}
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	form := "json"
	if r.xml {
		form = "xml"
	}
	if err != nil || kind != "application/"+form && !(r.xml && kind == "text/xml") && !(strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+"+form)) {
		return errType
	}
	if c := parameters["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
		return errType.Because(errors.New("it is not UTF-8"))
	}
	return nil
}

// absent tells whether a status said that there is nothing.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
