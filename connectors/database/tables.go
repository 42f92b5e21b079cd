package database

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Tables lists the tables of a store by name.
func (db *DB) Tables(ctx context.Context, q sqlx.QueryerContext) (out []string, err error) {
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
	if db.Dialect == MySQL {
		query = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
	}
	err = sqlx.SelectContext(ctx, q, &out, query)
	return out, Failed("list the tables", err)
}
