package query

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"net"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

// Source is one database at one moment. Its readers may be used by several goroutines; they read one after the other.
type Source struct {
	ctx      context.Context
	settings Settings
	dialect  *dialect
	db       *sqlx.DB
	turn     chan struct{} // holds one token: whoever has it uses what follows

	tx     *sqlx.Tx // nil until somebody reads
	taken  time.Time
	given  bool  // a query's rows were given in full as they were at that moment
	failed error // why nobody may read any more: what comes would be of another moment

	mu   sync.Mutex
	line *remote.Line // the connection
}

// Query is what one feed is read by.
type Query struct {
	Statement string   // a SELECT, without a semicolon
	Key       []string // columns of it that are unique together and never null
}

// Open makes a source that lives as long as ctx. Nothing is dialled yet.
func Open(ctx context.Context, s Settings) (*Source, error) {
	d := dialects()[s.Kind]
	if d == nil {
		return nil, remote.Misset("url", "the database is none of mysql, postgres and sqlserver")
	}
	s, err := s.complete(d.port)
	if err != nil {
		return nil, err
	}
	o := &Source{ctx: ctx, settings: s, dialect: d, turn: make(chan struct{}, 1)}
	connector, err := d.connector(s, o.dial)
	if err != nil {
		return nil, err
	}
	o.db = sqlx.NewDb(sql.OpenDB(connector), s.Kind)
	o.db.SetMaxOpenConns(1)
	o.turn <- struct{}{}
	return o, nil
}

func (s *Source) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	line, err := remote.Dial(ctx, network, address, s.settings.Idle)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(s.ctx, func() { line.Close() }) // a driver may wait for the server's word that it has stopped
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = line
	return line, nil
}

// Close ends the transaction and the connection. Nobody may be reading.
func (s *Source) Close() error {
	if s.tx != nil {
		_ = s.tx.Rollback() // it wrote nothing
	}
	return s.db.Close()
}

// Rows makes a reader of a query.
func (s *Source) Rows(q Query, o tabular.Options) (tabular.Reader, error) {
	a, err := tabular.NewRecordAssembler(o)
	if err != nil {
		return nil, err
	}
	if q.Statement == "" || len(q.Key) == 0 {
		return nil, errColumn.At(fault.Place{Field: o.Feed})
	}
	return &reader{source: s, query: q, a: a, given: sha256.New(), feed: o.Feed, limit: o.Limits.OrDefault().RowBytes}, nil
}

// Columns asks for the names of a query's columns, without reading a row.
func (s *Source) Columns(ctx context.Context, q Query) ([]string, error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	rows, err := s.tx.QueryxContext(ctx, s.dialect.shape(q))
	if err != nil {
		return nil, s.lost(ctx, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err == nil {
		for rows.Next() { // there is none
		}
		err = rows.Err()
	}
	if err != nil {
		return nil, s.lost(ctx, err)
	}
	return names, nil
}

// acquire waits for the turn, and for the snapshot when it does not stand yet.
func (s *Source) acquire(ctx context.Context) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.failed == nil && s.tx == nil {
		s.failed = s.settings.Retry.Do(ctx, func() error { return s.begin(ctx) })
	}
	if s.failed != nil {
		s.turn <- struct{}{}
	}
	return s.failed
}

func (s *Source) release() {
	s.mu.Lock()
	if s.line != nil {
		s.line.Rest()
	}
	s.mu.Unlock()
	s.turn <- struct{}{}
}

// begin takes the snapshot. The transaction does not end with the context, but with its line, which does: database/sql would
// end it from the side, while a driver reads.
func (s *Source) begin(ctx context.Context) error {
	tx, err := s.db.BeginTxx(context.WithoutCancel(s.ctx), &s.dialect.snapshot)
	if err != nil {
		return s.told(ctx, err)
	}
	var now cell
	now.form = instant
	if err := tx.QueryRowxContext(ctx, s.dialect.now).Scan(&now); err != nil {
		_ = tx.Rollback() // the error outweighs it
		return s.told(ctx, err)
	}
	if s.taken, err = time.Parse(time.RFC3339Nano, string(now.text)); err != nil {
		_ = tx.Rollback()
		return remote.Answer("its clock is not understood")
	}
	s.tx = tx
	return nil
}
