package database

import (
	"context"
	"io/fs"

	"github.com/pressly/goose/v3"

	"uoma/internal/fault"
)

// Migrate applies a component's pending migrations in order: files named 00001_words.sql with one statement each after
// the line "-- +goose Up". Each is idempotent, as MariaDB cannot roll back DDL. Every component has its own version
// table, so that register, vault, ledger and deliveries may share a database or not.
func (db *DB) Migrate(ctx context.Context, component string, files fs.FS) error {
	Quote(component) // the name becomes part of a table's
	dialect := goose.DialectSQLite3
	if db.Dialect == MySQL {
		dialect = goose.DialectMySQL
	}
	p, err := goose.NewProvider(dialect, db.DB.DB, files, goose.WithTableName(component+"_version"),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return Failed("read the migrations of "+component, err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return Failed("read the schema version of "+component, err)
	}
	if current > target {
		return fault.New("UOMA-DBS-NEWER", "the "+component+" was written by a newer release", "run that release or a later one")
	}
	if current == target {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return Failed("migrate the "+component, err)
	}
	return nil
}
