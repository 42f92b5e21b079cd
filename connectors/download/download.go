package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

var (
	errLength = fault.New("UOMA-SRC-LENGTH", "the server does not say how long the file is, so that a cut one cannot be told from a whole one",
		"let the server send Content-Length without compressing").For(fault.Source)
	errResume = fault.New("UOMA-SRC-RESUME", "the download was cut, and the server does not say whether the file is still the same",
		"let the server send an ETag or Last-Modified; run the same date again").For(fault.Source)
)

// Open checks the settings of the server, behind whose URL names are put. The file system ends with ctx.
func Open(ctx context.Context, s remote.Server) (*remote.FS, error) {
	base, client, err := s.Client(ctx)
	if err != nil {
		return nil, err
	}
	return remote.New(ctx, &store{base, client}, s.Retry), nil
}

type store struct {
	base   *url.URL
	client *http.Client
}

var _ remote.Store = (*store)(nil)

// Close gives up idle connections.
func (s *store) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Entries fails: the protocol has no listing.
func (*store) Entries(context.Context, string) ([]remote.Entry, error) {
	return nil, errors.ErrUnsupported
}

// Entry asks for the first byte: many servers that give a file know no HEAD.
func (s *store) Entry(ctx context.Context, name string) (remote.Entry, error) {
	if name == "." {
		return remote.Entry{Path: name, Kind: fs.ModeDir}, nil
	}
	r, err := s.get(ctx, name, http.Header{"Range": {"bytes=0-0"}})
	if err != nil {
		return remote.Entry{}, err
	}
	defer r.Body.Close() // only looked at
	e, _, err := entry(name, r)
	return e, err
}

// From asks for the rest of a file, if it still is what was described.
func (s *store) From(ctx context.Context, e remote.Entry, offset int64) (io.ReadCloser, error) {
	h := http.Header{}
	if offset > 0 {
		if e.Mark == "" && e.Time.IsZero() {
			return nil, errResume
		}
		condition := e.Mark
		if condition == "" {
			condition = e.Time.UTC().Format(http.TimeFormat)
		}
		h = http.Header{"Range": {fmt.Sprintf("bytes=%d-", offset)}, "If-Range": {condition}}
	}
	r, err := s.get(ctx, e.Path, h)
	if errors.Is(err, fs.ErrNotExist) {
		err = remote.Changed(e.Path)
	}
	if err != nil {
		return nil, err
	}
	now, begins, err := entry(e.Path, r)
	if offset > 0 && r.StatusCode == http.StatusPartialContent && e.Mark == "" && now.Mark == "" && now.Time.IsZero() {
		now.Time = e.Time // a part proves by If-Range that the file is the same, and need not say again when it changed (RFC 9110, 15.3.7)
	}
	if err == nil && (!e.Same(now) || begins > offset) {
		err = remote.Changed(e.Path)
	}
	if err == nil { // of an answer with the whole file, what is there already is dropped
		_, err = io.CopyN(io.Discard, r.Body, offset-begins)
	}
	if err != nil {
		return nil, errors.Join(err, r.Body.Close())
	}
	return r.Body, nil
}

// get asks for a file or a part of it. An answer that is no success is an error.
func (s *store) get(ctx context.Context, name string, h http.Header) (*http.Response, error) {
	u := *s.base
	u.Path, u.RawPath = path.Join("/", s.base.Path, name), ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	h.Set("Accept-Encoding", "identity")
	req.Header = h
	r, err := s.client.Do(req)
	if err != nil {
		return nil, remote.Failed(ctx, err)
	}
	empty := r.StatusCode == http.StatusRequestedRangeNotSatisfiable && r.Header.Get("Content-Range") == "bytes */0"
	if r.StatusCode == http.StatusOK || r.StatusCode == http.StatusPartialContent || empty {
		return r, nil
	}
	r.Body.Close() // only its status counts
	return nil, remote.Status(r.StatusCode, r.Header)
}

// entry reads from an answer which file it is of, and at which byte it begins.
func entry(name string, r *http.Response) (e remote.Entry, begins int64, err error) {
	if c := r.Header.Get("Content-Encoding"); c != "" && c != "identity" {
		return e, 0, errLength.Because(errors.New("it is compressed on the way"))
	}
	e = remote.Entry{Path: name, Bytes: r.ContentLength}
	switch r.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable:
		e.Bytes = 0
	case http.StatusPartialContent:
		var last int64
		if begins, last, e.Bytes, err = span(r.Header.Get("Content-Range")); err != nil {
			return e, 0, err
		}
		if r.ContentLength >= 0 && r.ContentLength != last-begins+1 { // nobody knows of which part these are the bytes
			return e, 0, remote.Answer("it gives another number of bytes than its Content-Range says")
		}
	}
	if e.Bytes < 0 {
		return e, 0, errLength
	}
	if tag := r.Header.Get("ETag"); strings.HasPrefix(tag, `"`) { // a weak one does not promise the same bytes
		e.Mark = tag
	}
	if at, err := http.ParseTime(r.Header.Get("Last-Modified")); err == nil {
		e.Time = at
	}
	return e, begins, nil
}

// span reads a header of the form "bytes FIRST-LAST/SIZE".
func span(text string) (first, last, size int64, err error) {
	part, total, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	from, to, dash := strings.Cut(part, "-")
	first, firstErr := strconv.ParseInt(from, 10, 64)
	last, lastErr := strconv.ParseInt(to, 10, 64)
	if !ok || !dash || firstErr != nil || lastErr != nil || first < 0 || last < first {
		return 0, 0, 0, remote.Answer("its Content-Range cannot be read")
	}
	size, sizeErr := strconv.ParseInt(total, 10, 64)
	if sizeErr != nil || size <= last {
		return 0, 0, 0, errLength
	}
	return first, last, size, nil
}
