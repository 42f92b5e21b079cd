package rest

import (
	"context"

	"uoma/connectors/jsonfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

// Rows makes a reader of a query's rows. A column is found by its path within a row.
func (a *API) Rows(q Query, o tabular.Options) (tabular.Reader, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	o.Limits.RowBytes = int(a.limits.Bytes)
	return &reader{api: a, q: q, o: o}, nil
}

// reader asks for pages as its rows are read.
type reader struct {
	api  *API
	q    Query
	o    tabular.Options
	rows *jsonfile.Reader
}

// Batches implements [tabular.Reader].
func (r *reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		pages, err := r.api.Pages(ctx, r.q)
		if err != nil {
			yield(nil, err)
			return
		}
		r.rows = jsonfile.New(pages, jsonfile.Options{Options: record.Options{Options: r.o, Rows: r.q.Rows}})
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
func (r *reader) Summary() tabular.Summary {
	if r.rows == nil {
		return tabular.Summary{}
	}
	return r.rows.Summary()
}

// Ask asks for the first page, and whether it is one.
func (a *API) Ask(ctx context.Context, q Query) error {
	pages, err := a.Pages(ctx, q)
	if err != nil {
		return err
	}
	return pages.turn()
}
