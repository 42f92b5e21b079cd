package workspace

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"strings"

	"uoma/connectors/directory"
	"uoma/connectors/query"
	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
	"uoma/transforms/layout"
)

// login reads how a server of rows is known, and how it knows us.
func (s *InboxSettings) login(home string) (password remote.Secret, ca []byte, certificate *tls.Certificate, err error) {
	if password, err = secretOf(home, "password", s.Password); err != nil {
		return "", nil, nil, err
	}
	if ca, err = authorities(home, s.CA); err != nil {
		return "", nil, nil, err
	}
	certificate, err = s.certificate(home)
	return password, ca, certificate, err
}

// database opens the database that the URL names.
func (s *InboxSettings) database(ctx context.Context, u *url.URL, home string, patience remote.Retry) (rows, error) {
	password, ca, certificate, err := s.login(home)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, inboxFault("url", errors.New("it ends with more than the name of the database"))
	}
	q, err := query.Open(ctx, query.Settings{Kind: u.Scheme, Address: u.Host, Database: strings.Trim(u.Path, "/"), User: u.User.Username(),
		Password: password, CA: ca, Certificate: certificate, Retry: patience})
	if err != nil {
		return nil, err
	}
	return queries{q}, nil
}

// queries gives the rows of feeds that a database answers.
type queries struct{ *query.Source }

func (s queries) Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error) {
	if f.Query == "" {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	return s.Source.Rows(query.Query{Statement: f.Statement(), Key: f.Order}, o)
}

// Ask asks for the columns of the feed's statement, and whether the required ones are among them.
func (s queries) Ask(ctx context.Context, f *layout.Feed) error {
	if f.Query == "" {
		return errNoRows.At(fault.Place{Field: f.FullName()})
	}
	names, err := s.Columns(ctx, query.Query{Statement: f.Statement(), Key: f.Order})
	if err != nil {
		return err
	}
	for i := range f.Columns {
		c := &f.Columns[i]
		has := slices.ContainsFunc(append([]string{c.Name}, c.Aliases...), func(n string) bool {
			return slices.ContainsFunc(names, func(x string) bool { return tabular.Fold([]byte(x)) == tabular.Fold([]byte(n)) })
		})
		if c.Required && !has {
			return errNoColumn.At(fault.Place{Field: f.FullName() + " " + c.Name})
		}
	}
	return nil
}

// directory opens the directory that the URL names.
func (s *InboxSettings) directory(u *url.URL, home string, patience remote.Retry) (rows, error) {
	password, ca, certificate, err := s.login(home)
	if err != nil {
		return nil, err
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, inboxFault("url", errors.New("it holds more than the host and the entry to search below"))
	}
	d, err := directory.Open(directory.Settings{Address: u.Host, StartTLS: u.Scheme == "ldap", Base: strings.TrimPrefix(u.Path, "/"),
		Bind: s.Bind, Password: password, Certificate: certificate, CA: ca, Retry: patience})
	if err != nil {
		return nil, err
	}
	return searches{d}, nil
}

// searches gives the rows of feeds that a directory answers.
type searches struct{ *directory.Source }

func (s searches) Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error) {
	if f.Search == nil {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	return s.Source.Rows(searchOf(f), o)
}

func (s searches) Ask(ctx context.Context, f *layout.Feed) error {
	if f.Search == nil {
		return errNoRows.At(fault.Place{Field: f.FullName()})
	}
	return s.Source.Ask(ctx, searchOf(f))
}

func searchOf(f *layout.Feed) directory.Search {
	return directory.Search{Filter: f.Search.Filter, Below: f.Search.Below == "one", Binary: f.Search.Binary}
}

var errNoColumn = fault.New("UOMA-CHK-COLUMN", "the source has no column that the layout requires",
	"let the statement give it, or its new name stand in the layout as an alias").For(fault.Source)
