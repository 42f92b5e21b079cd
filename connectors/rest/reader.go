package rest

import (
	"context"

	"uoma/connectors/jsonfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xmlfile"
	"uoma/internal/canon"
)

// Rows makes a reader of a query's rows. A column is found by its path within a row.
func (a *API) Rows(q Query, o tabular.Options) (*Reader, error) {
	return a.reader(q, o, func(ctx context.Context) (*Pages, error) { return a.Pages(ctx, q) })
}

// RowsSince is [API.Rows] for what changed since; see [API.PagesSince].
func (a *API) RowsSince(q Query, o tabular.Options, since string) (*Reader, error) {
	return a.reader(q, o, func(ctx context.Context) (*Pages, error) { return a.PagesSince(ctx, q, since) })
}

func (a *API) reader(q Query, o tabular.Options, begin func(context.Context) (*Pages, error)) (*Reader, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	o.Limits.RowBytes = int(a.limits.Bytes)
	return &Reader{begin: begin, q: q, o: o}, nil
}

// Reader asks for pages as its rows are read.
type Reader struct {
	begin func(context.Context) (*Pages, error)
	q     Query
	o     tabular.Options
	pages *Pages
	rows  tabular.Reader
}

var _ tabular.Reader = (*Reader)(nil)

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		var err error
		if r.pages, err = r.begin(ctx); err != nil {
			yield(nil, err)
			return
		}
		o := record.Options{Options: r.o, Rows: r.q.Rows, Each: r.q.Each}
		if r.q.XML {
			o.Count = r.q.Paging.Total
			r.rows = xmlfile.New(r.pages, o)
		} else {
			r.rows = jsonfile.New(r.pages, jsonfile.Options{Options: o})
		}
		for b, err := range r.rows.Batches(ctx) {
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary {
	if r.rows == nil {
		return tabular.Summary{}
	}
	return r.rows.Summary()
}

// Since gives [Pages.Since], when all rows were read.
func (r *Reader) Since() string {
	if r.pages == nil {
		return ""
	}
	return r.pages.Since()
}

// Ask asks for the first page, and whether it is one.
func (a *API) Ask(ctx context.Context, q Query) error {
	pages, err := a.Pages(ctx, q)
	if err != nil {
		return err
	}
	return pages.turn()
}
