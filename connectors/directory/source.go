package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

// Source is one directory. Its readers may be used by several goroutines at once; each has a connection of its own.
type Source struct {
	settings Settings
	secure   *tls.Config
}

// Open makes a source. Nothing is dialled yet.
func Open(s Settings) (*Source, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	secure, err := remote.TLS(s.CA, s.Certificate)
	if err != nil {
		return nil, err
	}
	secure.ServerName, _, _ = net.SplitHostPort(s.Address) // complete made it so
	return &Source{s, secure}, nil
}

// Close is there for whoever closes every source: a connection ends with its reader.
func (s *Source) Close() error { return nil }

// nameColumn is the column of an entry's name, which is no attribute.
const nameColumn = "dn"

// Rows makes a reader of a search.
func (s *Source) Rows(q Search, o tabular.Options) (tabular.Reader, error) {
	a, err := tabular.NewRecordAssembler(o)
	if err != nil {
		return nil, err
	}
	if q.Check() != nil {
		return nil, errFilter.At(fault.Place{Field: o.Feed})
	}
	r := &reader{source: s, search: q, options: o, a: a, at: map[string]int{}}
	for i, c := range o.Columns {
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			r.at[strings.ToLower(n)] = i
		}
	}
	for _, n := range q.Binary {
		r.binary = append(r.binary, strings.ToLower(n))
	}
	r.values = make([]int, len(o.Columns))
	r.row.Cells, r.row.Kinds = make([][]byte, len(o.Columns)), make([]byte, len(o.Columns))
	return r, nil
}

// Ask searches for one entry, to see whether the directory would give more.
func (s *Source) Ask(ctx context.Context, q Search) error {
	if q.Check() != nil {
		return errFilter
	}
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	_, _, err = c.page(ctx, s.request(q, []string{"1.1"}), 1, nil) // no attribute at all
	return lost(ctx, err)
}

func (s *Source) request(q Search, attributes []string) ldap.SearchRequest {
	scope := ldap.ScopeWholeSubtree
	if q.Below {
		scope = ldap.ScopeSingleLevel
	}
	return ldap.SearchRequest{BaseDN: s.settings.Base, Scope: scope, DerefAliases: ldap.NeverDerefAliases, Filter: q.Filter, Attributes: attributes}
}

// connection is a connection that lets us in.
type connection struct {
	ldap    *ldap.Conn // nil until both sides have proved who they are
	packets *packets
	line    *remote.Line
	stop    func() bool // of what waits for the context
}

func (c *connection) close() {
	c.stop()
	c.line.Close() // with no goodbye, which could wait for a dead line
	if c.ldap != nil {
		c.ldap.Close()
	}
}

// enter dials and proves who both sides are, with patience.
func (s *Source) enter(ctx context.Context) (c *connection, err error) {
	err = s.settings.Retry.Do(ctx, func() error {
		c, err = s.dial(ctx)
		return told(ctx, err)
	})
	return c, err
}

func (s *Source) dial(ctx context.Context) (*connection, error) {
	line, err := remote.Dial(ctx, "tcp", s.settings.Address, s.settings.Idle)
	if err != nil {
		return nil, err
	}
	c := &connection{line: line}
	c.stop = context.AfterFunc(ctx, func() { c.line.Close() })
	var over *tls.Conn
	if s.settings.StartTLS {
		err = startTLS(c.line)
	}
	if err == nil {
		over = tls.Client(c.line, s.secure.Clone())
		err = over.HandshakeContext(ctx)
	}
	if err == nil {
		c.packets = &packets{Conn: over}
		c.ldap = ldap.NewConn(c.packets, true)
		c.ldap.Start()
		c.packets.ask()
		err = c.packets.told(s.bind(c.ldap))
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (s *Source) bind(c *ldap.Conn) error {
	if s.settings.Bind == "" {
		return c.ExternalBind()
	}
	return c.Bind(s.settings.Bind, string(s.settings.Password))
}

// page gives the entries of one page, and the word that asks for the next, which is empty behind the last.
func (c *connection) page(ctx context.Context, request ldap.SearchRequest, size int, word []byte) ([]*ldap.Entry, []byte, error) {
	paging := ldap.NewControlPaging(uint32(size))
	paging.SetCookie(word)
	request.Controls = []ldap.Control{paging}
	c.packets.ask()
	result, err := c.ldap.Search(&request)
	c.line.Rest()
	if err != nil {
		return nil, nil, c.packets.told(err)
	}
	if len(result.Referrals) > 0 {
		return nil, nil, errReferral
	}
	told, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
	if !ok {
		return nil, nil, remote.Answer("the directory does not give its entries in pages")
	}
	if ctx.Err() != nil {
		return nil, nil, errors.New("stopped")
	}
	return result.Entries, told.Cookie, nil
}
