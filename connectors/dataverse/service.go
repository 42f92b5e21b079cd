package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

var (
	errAnswer  = fault.New("UOMA-CRM-ANSWER", "the service's answer does not follow its protocol", "compare the address with that of the Web API: https://ORG.crm4.dynamics.com/api/data/v9.2")
	errRefused = fault.New("UOMA-CRM-REFUSED", "the service refuses a request that it must not", "look up the code in the service's own pages, and what our application user may write")
)

// Codes of Dataverse.
const (
	noEntity = "0x80040217" // no row of that id
	noKey    = "0x80060891" // no row of that alternate key: the row's own, or one that it refers to
)

// Settings say where the Web API is, and how fast it is asked.
type Settings struct {
	remote.Server         // its URL ends with /api/data/v9.2
	Rate          float64 // rows a second; 0 means [Rate]
}

// Rate is below what Dataverse lets one user do: 6,000 requests in 5 minutes, where each request of a batch counts.
const Rate = 15

const (
	maxAnswer = 16 << 20
	patience  = 5 * time.Minute // with one answer: a batch may run long
)

// Service is a Web API. Its requests go one after the other.
type Service struct {
	base   *url.URL
	client *http.Client
	retry  remote.Retry
	rate   float64
	pace   remote.Pace
}

// Open checks the settings. Tokens are asked for as long as ctx lives; nothing is asked yet.
func Open(ctx context.Context, s Settings) (*Service, error) {
	base, client, err := s.Client(ctx)
	if err != nil {
		return nil, err
	}
	if s.Rate == 0 {
		s.Rate = Rate
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &Service{base: base, client: client, retry: s.Retry, rate: s.Rate}, nil
}

// Close gives up idle connections.
func (s *Service) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// request is what is asked of one row.
type request struct {
	path  string
	there bool // nothing is asked of a row that is not there (If-Match)
	body  []byte
}

// answer is what the service says of one row.
type answer struct {
	status int
	code   string // of an error
	id     string // of a row that was written
}

// send sends rows in one batch, and those of change sets that fail alone.
func (s *Service) send(ctx context.Context, items []item) ([]answer, error) {
	out := make([]answer, len(items))
	var sets []answers
	err := s.retry.Do(ctx, func() (err error) {
		sets, err = s.batch(ctx, items)
		return err
	})
	if err != nil {
		return nil, err
	}
	for n, set := range sets {
		from := n * setRows
		if set != nil {
			copy(out[from:], set)
			continue
		}
		for i := from; i < min(from+setRows, len(items)); i++ {
			if out[i], err = s.alone(ctx, items[i].request); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// alone sends one row, as often as patience lets it.
func (s *Service) alone(ctx context.Context, r request) (a answer, err error) {
	err = s.retry.Do(ctx, func() error {
		header := http.Header{"Content-Type": {"application/json"}}
		if r.there {
			header.Set("If-Match", "*")
		}
		resp, body, err := s.do(ctx, http.MethodPatch, r.path, header, r.body, 1)
		if err != nil {
			return err
		}
		a = said(resp.StatusCode, resp.Header, body)
		return nil
	})
	return a, err
}

// find gives the service's own key of a row, "" when there is none.
func (s *Service) find(ctx context.Context, path, column string) (id string, err error) {
	err = s.retry.Do(ctx, func() error {
		resp, body, err := s.do(ctx, http.MethodGet, path+"?$select="+column, http.Header{}, nil, 1)
		switch {
		case err != nil:
			return err
		case resp.StatusCode == http.StatusNotFound:
			return nil
		case resp.StatusCode != http.StatusOK:
			return errRefused.Because(errors.New("code " + said(resp.StatusCode, resp.Header, body).code))
		}
		var row map[string]any
		if json.Unmarshal(body, &row) != nil {
			return errAnswer
		}
		text, _ := row[column].(string)
		if id = guid.FindString(text); id == "" || id != text {
			return errAnswer.Because(errors.New("it does not name the row"))
		}
		return nil
	})
	return id, err
}

// do sends one request and reads its answer whole. n is how many rows it is about.
func (s *Service) do(ctx context.Context, method, path string, header http.Header, body []byte, n int) (*http.Response, []byte, error) {
	if err := s.pace.Wait(ctx, s.rate/float64(n)); err != nil {
		return nil, nil, err
	}
	within, stop := context.WithTimeout(ctx, patience)
	defer stop()
	r, err := http.NewRequestWithContext(within, method, s.base.String()+"/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errTable
	}
	header.Set("Accept", "application/json")
	header.Set("Accept-Encoding", "identity")
	header.Set("OData-MaxVersion", "4.0")
	header.Set("OData-Version", "4.0")
	r.Header = header
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, nil, remote.Failed(ctx, err)
	}
	defer resp.Body.Close() // only read from
	switch c := resp.StatusCode; {
	case c == http.StatusUnauthorized || c == http.StatusForbidden || c >= 300 && c < 400 || c >= 500 || c == http.StatusTooManyRequests:
		return nil, nil, remote.Status(c, resp.Header)
	}
	b, err := remote.Whole(ctx, resp.Body, maxAnswer, errAnswer.Because(errors.New("it is too long")))
	return resp, b, err
}

var (
	guid  = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)
	coded = regexp.MustCompile(`^0x[0-9A-Fa-f]{1,8}$`)
	named = regexp.MustCompile(`\(` + guid.String() + `\)$`)
)

// said reads what an answer says of one row. Of an error nothing is kept but a code of Dataverse's form: the message may
// quote the row.
func said(status int, h http.Header, body []byte) answer {
	a := answer{status: status, id: strings.Trim(named.FindString(h.Get("OData-EntityId")), "()")}
	if status < http.StatusMultipleChoices {
		return a
	}
	var told struct {
		Error struct{ Code string } `json:"error"`
	}
	if a.code = "none"; json.Unmarshal(body, &told) == nil && coded.MatchString(told.Error.Code) {
		a.code = strings.ToLower(told.Error.Code)
	}
	return a
}
