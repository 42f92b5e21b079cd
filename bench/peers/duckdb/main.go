// Command duckdb measures how fast DuckDB reads the export that bench/formats reads, as far as it has a reader:
//
//	duckdb FORMAT FILE
//
// It prints rows, processor time and peak memory as formats does. DuckDB is asked for the length of every text, so that it
// has every value before it, and has one thread. It is a module of its own: the program has nothing to do with DuckDB.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

var names = []string{"id", "hetu", "family", "given", "born", "language", "street", "postcode", "email", "phone"}

// source is how DuckDB is told to read a format. All columns are text, as ours are.
func source(format string) (string, error) {
	columns := make([]string, len(names))
	for i, n := range names {
		columns[i] = "'" + n + "': 'VARCHAR'"
	}
	all := "{" + strings.Join(columns, ", ") + "}"
	switch format {
	case "csv":
		return "read_csv(?, delim = ';', header = true, auto_detect = false, columns = " + all + ")", nil
	case "json":
		return "read_json(?, format = 'array', columns = " + all + ")", nil
	case "ndjson":
		return "read_json(?, format = 'newline_delimited', columns = " + all + ")", nil
	case "parquet":
		return "read_parquet(?)", nil
	}
	return "", fmt.Errorf("DuckDB has no reader of %s of its own", format)
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: duckdb FORMAT FILE")
	}
	from, err := source(args[0])
	if err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return err
	}
	defer db.Close()
	lengths := make([]string, len(names))
	for i, n := range names {
		lengths[i] = "sum(length(" + n + "))"
	}
	var rows int64
	into := make([]any, len(names)+1)
	into[0] = &rows
	for i := range names {
		into[i+1] = new(int64)
	}
	query := "SELECT count(*), " + strings.Join(lengths, ", ") + " FROM " + from
	if err := db.QueryRowContext(context.Background(), query, args[1]).Scan(into...); err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	fmt.Printf("duckdb %s rows=%d cpu=%.2fs peak=%dMiB\n", args[0], rows, cpu.Seconds(), used.Maxrss>>10)
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
