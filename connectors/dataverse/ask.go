package dataverse

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"uoma/internal/fault"
)

// nobodys are keys that no row has: what is asked by them is answered without a row.
const (
	nobodysKey = "-"
	nobodysID  = "00000000-0000-0000-0000-000000000000"
)

// Ask asks whether rows of a table could be written: the service lets us in, the table is there with its alternate key and its
// columns, and so are those that lookups name. Nothing is written, and no row is read. What a column takes, and whether we may
// write it, shows when a row is.
func (s *Service) Ask(ctx context.Context, t Table) error {
	if err := t.check(); err != nil {
		return err
	}
	there, err := s.knowsKey(ctx, t.Set, t.ID, t.Key)
	if err != nil {
		return err
	}
	if !there {
		return absent(t.Set, "there is no such table, or it has not this alternate key or this column of its own key")
	}
	var wrong fault.List
	known, err := s.knowsColumns(ctx, &t, t.Columns...)
	if err != nil {
		return err
	}
	for _, c := range t.Columns {
		if !known { // which of them?
			one, err := s.knowsColumns(ctx, &t, c)
			if err != nil {
				return err
			}
			if !one {
				wrong = append(wrong, absent(t.Set+"."+c.Name, "the table has no such column"))
				continue
			}
		}
		if c.Kind != Lookup {
			continue
		}
		there, err := s.knowsKey(ctx, c.Set, c.By, []string{c.By})
		if err != nil {
			return err
		}
		if !there {
			wrong = append(wrong, absent(c.Set, "there is no such table, or it has not the alternate key of the lookup"))
		}
	}
	return wrong.Err()
}

func absent(what, why string) *fault.Error {
	return errTable.At(fault.Place{Field: what}).Because(errors.New(why))
}

// knowsKey tells whether a table has an alternate key and a column.
func (s *Service) knowsKey(ctx context.Context, set, column string, key []string) (bool, error) {
	nobody := make([]string, len(key))
	for i := range nobody {
		nobody[i] = nobodysKey
	}
	t := Table{Set: set, Key: key}
	a, err := s.asked(ctx, t.byKey(nobody)+"?$select="+column)
	return a.status == http.StatusOK || a.status == http.StatusNotFound && a.code == noKey, err
}

// knowsColumns tells whether a table has all of some columns.
func (s *Service) knowsColumns(ctx context.Context, t *Table, columns ...Column) (bool, error) {
	plain, others := []string{t.ID}, []string{}
	for _, c := range columns {
		if c.Kind == Lookup {
			others = append(others, c.Name+"($select="+c.By+")")
		} else {
			plain = append(plain, c.Name)
		}
	}
	path := t.Set + "?$select=" + strings.Join(plain, ",") + "&$filter=" + url.QueryEscape(t.ID+" eq "+nobodysID)
	if len(others) > 0 {
		path += "&$expand=" + strings.Join(others, ",")
	}
	a, err := s.asked(ctx, path)
	return a.status == http.StatusOK, err
}

// asked asks for what has no row.
func (s *Service) asked(ctx context.Context, path string) (a answer, err error) {
	err = s.retry.Do(ctx, func() error {
		resp, body, err := s.do(ctx, http.MethodGet, path, http.Header{}, nil, 1)
		if err == nil {
			a = said(resp.StatusCode, resp.Header, body)
		}
		return err
	})
	return a, err
}
