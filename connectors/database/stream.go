package database

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// loadStream sends rows by LOAD DATA LOCAL. With LOCAL the server turns errors into warnings and goes on, so one
// warning or one missing row fails the load. The bytes are declared binary: the server then takes them as they are into
// a blob and checks them as UTF-8 on their way into text.
func loadStream(ctx context.Context, tx *sqlx.Tx, verb, table string, columns []string, rows Rows) error {
	r := &stream{rows: rows, width: len(columns)}
	name := fmt.Sprintf("uoma-%p", r) // unique among the streams alive
	mysql.RegisterReaderHandler(name, func() io.Reader { return r })
	defer mysql.DeregisterReaderHandler(name)

	query := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' "
	if verb == "REPLACE" {
		query += "REPLACE "
	}
	query += "INTO TABLE " + Quote(table) + ` CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (` +
		Columns(columns) + ")"
	res, err := tx.ExecContext(ctx, query)
	if err != nil {
		return Failed("write "+table, err)
	}
	got, err := res.RowsAffected()
	if err != nil || got < int64(rows.Len()) {
		return lost(table)
	}
	var warnings int
	if err := tx.QueryRowContext(ctx, "SELECT @@warning_count").Scan(&warnings); err != nil {
		return Failed("ask for warnings on "+table, err)
	}
	if warnings != 0 {
		return lost(table)
	}
	return nil
}

// stream encodes rows while the driver reads them.
type stream struct {
	rows  Rows
	width int
	next  int    // row to encode
	buf   []byte // encoded and not yet read
	spare []byte // the buffer's start, for reuse
}

// streamChunk is how many bytes are encoded ahead: a few of the driver's packets.
const streamChunk = 64 << 10

// Read gives encoded rows.
func (s *stream) Read(p []byte) (int, error) {
	if len(s.buf) == 0 {
		s.buf = s.spare[:0]
		for len(s.buf) < streamChunk && s.next < s.rows.Len() {
			s.buf = s.appendRow(s.buf, s.next)
			s.next++
		}
		s.spare = s.buf
		if len(s.buf) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, s.buf)
	s.buf = s.buf[n:]
	return n, nil
}

func (s *stream) appendRow(b []byte, row int) []byte {
	for col := range s.width {
		if col > 0 {
			b = append(b, '\t')
		}
		b = appendValue(b, s.rows.Value(row, col))
	}
	return append(b, '\n')
}

func appendValue(b []byte, v Value) []byte {
	switch v.kind {
	case integer:
		return strconv.AppendInt(b, v.n, 10)
	case text:
		if !strings.ContainsAny(v.s, "\\\t\n\x00") {
			return append(b, v.s...)
		}
		return appendEscaped(b, v.s)
	case blob:
		return appendEscaped(b, v.b)
	}
	return append(b, '\\', 'N')
}

// appendEscaped puts a backslash before each byte that means something in the format. NUL has an escape of its own
// because the server's reader may end a line there.
func appendEscaped[T string | []byte](b []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '\t':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case 0:
			b = append(b, '\\', '0')
		default:
			b = append(b, c)
		}
	}
	return b
}
