package deps

import (
	_ "filippo.io/age"
	_ "github.com/apache/arrow/go/v17/arrow/ipc"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/gofrs/uuid/v5"
	_ "github.com/jmoiron/sqlx"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/netresearch/go-cron"
	_ "github.com/parquet-go/parquet-go"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/spf13/cobra"
	_ "github.com/xuri/excelize/v2"
	_ "go.uber.org/goleak"
	_ "go.yaml.in/yaml/v3"
	_ "golang.org/x/crypto/ssh"
	_ "golang.org/x/net/idna"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "golang.org/x/text/encoding/charmap"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)

import _ "github.com/pressly/goose/v3"
