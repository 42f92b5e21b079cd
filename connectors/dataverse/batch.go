package dataverse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"

	"uoma/connectors/remote"
)

// answers are those of a change set that was carried out, nil of one that was not.
type answers []answer

// batch sends rows as change sets of one batch (OData 4.0, part 1, section 11.7), and gives what became of each set.
func (s *Service) batch(ctx context.Context, items []item) ([]answers, error) {
	body, boundary := s.compose(items)
	resp, b, err := s.do(ctx, http.MethodPost, "$batch", http.Header{
		"Content-Type": {"multipart/mixed; boundary=" + boundary}, "Prefer": {"odata.continue-on-error"}}, body, len(items))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errRefused.Because(errors.New("a batch: code " + said(resp.StatusCode, resp.Header, b).code))
	}
	var out []answers
	err = parts(resp.Header.Get("Content-Type"), bytes.NewReader(b), func(h textproto.MIMEHeader, body io.Reader) error {
		from := len(out) * setRows
		if from >= len(items) {
			return errAnswer
		}
		rows := items[from:min(from+setRows, len(items))]
		set, err := readSet(h, body, len(rows))
		out = append(out, set)
		return err
	})
	if err == nil && len(out)*setRows < len(items) {
		err = errAnswer.Because(errors.New("it does not tell what became of all change sets"))
	}
	return out, err
}

// compose writes a batch. A part's number is that of its row within the change set.
func (s *Service) compose(items []item) (body []byte, boundary string) {
	var out bytes.Buffer
	batch := multipart.NewWriter(&out)
	for from := 0; from < len(items); from += setRows {
		var inner bytes.Buffer
		set := multipart.NewWriter(&inner)
		for i, x := range items[from:min(from+setRows, len(items))] {
			p, _ := set.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/http"}, "Content-Transfer-Encoding": {"binary"}, "Content-Id": {strconv.Itoa(i + 1)}}) // a buffer takes all
			fmt.Fprintf(p, "PATCH %s/%s HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", s.base.Path, x.request.path, len(x.request.body))
			if x.request.there {
				fmt.Fprint(p, "If-Match: *\r\n")
			}
			fmt.Fprintf(p, "\r\n%s", x.request.body)
		}
		set.Close()
		p, _ := batch.CreatePart(textproto.MIMEHeader{"Content-Type": {"multipart/mixed; boundary=" + set.Boundary()}})
		p.Write(inner.Bytes())
	}
	batch.Close()
	return out.Bytes(), batch.Boundary()
}

// readSet reads what became of a change set: an answer for each of its rows, or one for all when it was not carried out.
func readSet(h textproto.MIMEHeader, body io.Reader, rows int) (answers, error) {
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "multipart/mixed" {
		a, err := readAnswer(h, body)
		if err == nil && (a.status == http.StatusTooManyRequests || a.status >= 500) {
			err = remote.Status(a.status, http.Header{})
		}
		if err == nil && a.status < http.StatusBadRequest {
			err = errAnswer
		}
		return nil, err
	}
	out, seen := make(answers, rows), 0
	err := parts(h.Get("Content-Type"), body, func(h textproto.MIMEHeader, body io.Reader) error {
		n, err := strconv.Atoi(h.Get("Content-Id"))
		if err != nil || n < 1 || n > rows || out[n-1].status != 0 {
			return errAnswer
		}
		seen++
		if out[n-1], err = readAnswer(h, body); err == nil && out[n-1].status >= http.StatusMultipleChoices {
			err = errAnswer // a change set is carried out as a whole
		}
		return err
	})
	if err == nil && seen != rows {
		err = errAnswer
	}
	return out, err
}

func readAnswer(h textproto.MIMEHeader, body io.Reader) (answer, error) {
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "application/http" {
		return answer{}, errAnswer
	}
	resp, err := http.ReadResponse(bufio.NewReader(body), nil)
	if err != nil {
		return answer{}, errAnswer
	}
	defer resp.Body.Close() // only read from
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, errAnswer
	}
	return said(resp.StatusCode, resp.Header, b), nil
}

// parts calls each part of a multipart body.
func parts(kind string, body io.Reader, each func(textproto.MIMEHeader, io.Reader) error) error {
	media, parameters, err := mime.ParseMediaType(kind)
	if err != nil || media != "multipart/mixed" {
		return errAnswer
	}
	for m := multipart.NewReader(body, parameters["boundary"]); ; {
		p, err := m.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errAnswer
		}
		if err := each(p.Header, p); err != nil {
			return err
		}
	}
}
