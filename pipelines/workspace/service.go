package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"

	"uoma/connectors/odata"
	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
	"uoma/transforms/layout"
)

// service opens the HTTPS service that the URL names.
func (s *InboxSettings) service(ctx context.Context, u *url.URL, home string, patience remote.Retry) (rows, error) {
	o, err := s.server(u, home, patience)
	if err != nil {
		return nil, err
	}
	api, err := rest.Open(ctx, o, rest.Limits{})
	if err != nil {
		return nil, err
	}
	return services{api}, nil
}

// server reads what an HTTPS server and we must know of each other.
func (s *InboxSettings) server(u *url.URL, home string, patience remote.Retry) (o remote.Server, err error) {
	at := *u
	at.Scheme, at.User = "https", nil
	o.URL, o.Retry = at.String(), patience
	if o.CA, err = authorities(home, s.CA); err != nil {
		return o, err
	}
	if o.Networks, err = s.networks(); err != nil {
		return o, err
	}
	if o.Certificate, err = s.certificate(home); err != nil {
		return o, err
	}
	o.Credentials, err = s.credentials(u, home)
	return o, err
}

// networks reads the networks that are not public and may be dialled.
func (s *InboxSettings) networks() ([]netip.Prefix, error) {
	return prefixes(s.Networks, func(i int) error {
		return inboxFault(fmt.Sprintf("networks.%d", i), errors.New("it is not of the form 10.20.0.0/16"))
	})
}

// credentials reads how an HTTPS server knows us.
func (s *InboxSettings) credentials(u *url.URL, home string) (c remote.Credentials, err error) {
	c.User, c.Digest = u.User.Username(), s.Digest
	if c.Password, err = secretOf(home, "password", s.Password); err != nil {
		return c, err
	}
	if c.Bearer, err = secretOf(home, "bearer", s.Bearer); err != nil {
		return c, err
	}
	for _, header := range slices.Sorted(maps.Keys(s.Keys)) {
		key, err := secretOf(home, "keys."+header, s.Keys[header])
		if err != nil {
			return c, err
		}
		if c.Keys == nil {
			c.Keys = map[string]remote.Secret{}
		}
		c.Keys[header] = key
	}
	if o := s.OAuth; o != nil {
		c.OAuth = &remote.OAuth{TokenURL: o.TokenURL, ID: o.ID, Scopes: o.Scopes, Parameters: o.Parameters}
		if c.OAuth.Secret, err = secretOf(home, "oauth.secret", o.Secret); err != nil {
			return c, err
		}
		if c.OAuth.Refresh, err = secretOf(home, "oauth.refresh", o.Refresh); err != nil {
			return c, err
		}
	}
	return c, nil
}

// services gives the rows of feeds that an HTTPS service answers.
type services struct{ *rest.API }

func (s services) Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error) {
	q, err := request(f)
	if err != nil {
		return nil, err
	}
	return s.API.Rows(q, o)
}

// Changed asks what became of the feed's rows since a position.
func (s services) Changed(ctx context.Context, f *layout.Feed, o tabular.Options, since string) (*odata.Changes, error) {
	q, err := request(f)
	if err != nil {
		return nil, err
	}
	return odata.Changed(ctx, s.API, q, o, f.Index(f.Key[0][0]), since)
}

// Ask asks for the first page of the feed's rows.
func (s services) Ask(ctx context.Context, f *layout.Feed) error {
	q, err := request(f)
	if err != nil {
		return err
	}
	return s.API.Ask(ctx, q)
}

// request puts what a layout says of a service into the connectors' terms.
func request(f *layout.Feed) (rest.Query, error) {
	switch {
	case f.OData != nil:
		set := odata.Set{Name: f.OData.Set, Filter: f.OData.Filter, Size: f.OData.Size, Count: f.OData.Count, Track: f.OData.Changes, Rate: f.OData.Rate}
		for i := range f.Columns {
			set.Columns = append(set.Columns, f.Columns[i].Where())
		}
		return set.Query()
	case f.Rest != nil:
		r := f.Rest
		return rest.Query{XML: r.Answer == "xml", Path: r.Path, Parameters: r.Parameters, Headers: r.Headers, Body: r.Body, Rows: r.Rows, Each: r.Each, Errors: r.Errors, Rate: r.Rate,
			Paging: rest.Paging{Kind: r.Paging.Kind, Next: r.Paging.Next, More: r.Paging.More, Total: r.Paging.Total, Parameter: r.Paging.Parameter,
				Size: r.Paging.Size, SizeAs: r.Paging.SizeAs, First: r.Paging.First}}, nil
	}
	return rest.Query{}, errNoRows.At(fault.Place{Field: f.FullName()})
}
