package query_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/query"
	"uoma/connectors/sourcetest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
	"uoma/internal/mariadbtest"
	"uoma/internal/postgrestest"
	"uoma/internal/tlstest"
)

// all gives a query's rows as text, one row an element: NULL is null, and the kind of each cell stands before it.
func all(t *testing.T, s *query.Source, q query.Query, columns ...string) (rows []string, sum tabular.Summary, err error) {
	t.Helper()
	o := tabular.Options{Feed: "test/rows"}
	for _, c := range columns {
		o.Columns = append(o.Columns, tabular.Column{Name: c, Required: true})
	}
	r, err := s.Rows(q, o)
	if err != nil {
		return nil, sum, err
	}
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			return rows, r.Summary(), err
		}
		for i := range b.Len() {
			var cells []string
			for c := range columns {
				col, kind := b.Col(canon.RawFirst+c), b.Col(canon.RawKinds).Text(i)[c]
				text := string(kind) + ":" + col.Text(i)
				if col.Null(i) {
					text = string(kind) + ":null"
				}
				cells = append(cells, text)
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	return rows, r.Summary(), nil
}

func open(t *testing.T, s query.Settings) *query.Source {
	t.Helper()
	// A test's context ends before what it cleans up: a night closes its sources first, so that they end what they began.
	o, err := query.Open(context.WithoutCancel(t.Context()), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// TestMariaDB holds the contract, and what it does not: types, keys and statements, all on one server.
func TestMariaDB(t *testing.T) {
	m := newMariaDB(t)
	sourcetest.Run(t, m.subject(t))
	exec := func(statements ...string) { mariadbtest.Exec(t, m.DSN, statements...) }
	exec("GRANT SELECT ON source.* TO reader@'%'")
	t.Run("types", func(t *testing.T) {
		exec(`CREATE TABLE types (id INT PRIMARY KEY, big BIGINT UNSIGNED, amount DECIMAL(30,6), share DOUBLE, day DATE, at DATETIME(6), moment TIMESTAMP(3) NULL, clock TIME, yes BIT(1), raw VARBINARY(8), words TEXT)`,
			`SET time_zone = '+02:00'`,
			`INSERT INTO types VALUES (1, 18446744073709551615, 123456789012345678901234.500000, 0.1, '2026-11-01', '2026-11-01 02:15:00.500000', '2026-11-01 02:15:00', '02:15:00', b'1', x'00ff', 'Ääkköset'),
				(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 0, -0.000001, 1e21, '0001-01-01', '2026-11-01 00:00:00', '2026-11-01 02:15:00.25', '00:00:00', b'0', '', '')`)
		got, sum, err := all(t, open(t, m.settings), query.Query{Statement: "SELECT * FROM types", Key: []string{"id"}},
			"big", "amount", "share", "day", "at", "moment", "clock", "yes", "raw", "words")
		want := []string{
			"s:18446744073709551615|s:123456789012345678901234.500000|s:0.1|d:2026-11-01|d:2026-11-01T02:15:00.5|d:MOMENT|s:02:15:00|s:1|s:00ff|s:Ääkköset",
			" :null| :null| :null| :null| :null| :null| :null| :null| :null| :null",
			"s:0|s:-0.000001|s:1000000000000000000000|d:0001-01-01|d:2026-11-01T00:00:00|d:MOMENT|s:00:00:00|s:0|s:null|s:null", // an empty text is known by its kind
		}
		var moment string
		if err := m.db.QueryRow("SELECT DATE_FORMAT(CONVERT_TZ(moment, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%sZ') FROM types WHERE id = 1").Scan(&moment); err != nil {
			t.Fatal(err)
		}
		want[0] = strings.Replace(want[0], "MOMENT", moment, 1)
		want[2] = strings.Replace(want[2], "MOMENT", strings.TrimSuffix(moment, "Z")+".25Z", 1)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
		}
		if sum.Taken.IsZero() || sum.Control == nil || *sum.Control != 3 || !slices.Equal(sum.Unknown, []string{"id"}) {
			t.Errorf("%+v", sum)
		}
	})
	keys(t, m.settings, func(s ...string) { exec(s...) }, "DECIMAL(20,0)")
	t.Run("case", func(t *testing.T) { // where the database takes A for a, nobody is lost unseen
		exec("CREATE TABLE cases (id VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)")
		var values []string
		for i := range pageRows {
			values = append(values, fmt.Sprintf("('k%03d'), ('K%03d'), ('k%03d')", i, i, i))
		}
		exec("INSERT INTO cases VALUES " + strings.Join(values, ", "))
		_, _, err := all(t, open(t, m.settings), query.Query{Statement: "SELECT id FROM cases", Key: []string{"id"}}, "id")
		if fault.Code(err) != "UOMA-SRC-COUNT" {
			t.Error(err)
		}
	})
	t.Run("one moment", func(t *testing.T) {
		exec("CREATE TABLE first (id INT PRIMARY KEY)", "CREATE TABLE second (id INT PRIMARY KEY)", "INSERT INTO first VALUES (1)", "INSERT INTO second VALUES (1)")
		o := open(t, m.settings)
		for _, table := range []string{"first", "second"} {
			got, _, err := all(t, o, query.Query{Statement: "SELECT id FROM " + table, Key: []string{"id"}}, "id")
			if err != nil || len(got) != 1 {
				t.Errorf("%s: %q, %v", table, got, err)
			}
			exec("INSERT INTO second SELECT MAX(id) + 1 FROM second")
		}
	})
	t.Run("one moment is lost", func(t *testing.T) { // another reader must not begin another one
		o := open(t, m.settings)
		_, _, _ = all(t, o, query.Query{Statement: "SELECT nothing FROM first", Key: []string{"id"}}, "id")
		if _, _, err := all(t, o, query.Query{Statement: "SELECT id FROM first", Key: []string{"id"}}, "id"); fault.Code(err) != "UOMA-SRC-STATEMENT" {
			t.Error(err)
		}
	})
	t.Run("one moment of several queries is lost", func(t *testing.T) { // the second may not be of another one than the first
		p := faultproxy.New(t, m.Addr)
		s := m.settings
		s.Address = p.Addr()
		o := open(t, s)
		if _, _, err := all(t, o, query.Query{Statement: "SELECT id FROM first", Key: []string{"id"}}, "id"); err != nil {
			t.Fatal(err)
		}
		p.Set(faultproxy.Faults{Cut: 1, How: faultproxy.Reset, Cuts: 1})
		if _, _, err := all(t, o, query.Query{Statement: "SELECT id FROM second", Key: []string{"id"}}, "id"); fault.Code(err) != "UOMA-SRC-UNREACHABLE" {
			t.Error(err)
		}
	})
	t.Run("columns", func(t *testing.T) {
		got, err := open(t, m.settings).Columns(t.Context(), query.Query{Statement: "SELECT id AS one, 2 AS two FROM first -- a comment", Key: []string{"one"}})
		if err != nil || !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("%q, %v", got, err)
		}
	})
	hostile(t, m.settings, func(s ...string) { exec(s...) }, "`")
	exec("CREATE FUNCTION tells(n INT) RETURNS INT BEGIN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = n; RETURN 1; END", "GRANT EXECUTE ON FUNCTION tells TO reader@'%'")
	mayComeBack(t, m.settings, map[string]bool{"1205": true, "1213": true, "1412": true, "1927": true, "4031": true, "1317": false})
	exec("CREATE TABLE written (n INT)", "CREATE FUNCTION writes() RETURNS INT MODIFIES SQL DATA SQL SECURITY DEFINER BEGIN INSERT INTO written VALUES (1); RETURN 1; END",
		"GRANT EXECUTE ON FUNCTION writes TO reader@'%'")
	writesNothing(t, m.settings, m.db, "MariaDB error 1792")
}

// TestPostgreSQL holds the same of another database.
func TestPostgreSQL(t *testing.T) {
	p := newPostgres(t)
	sourcetest.Run(t, p.subject(t))
	exec := func(statements ...string) { p.exec(t, statements...) }
	exec("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader")
	t.Run("types", func(t *testing.T) {
		exec(`CREATE TABLE types (id INT PRIMARY KEY, big BIGINT, amount NUMERIC(30,6), share DOUBLE PRECISION, day DATE, at TIMESTAMP, moment TIMESTAMPTZ, clock TIME, yes BOOLEAN, raw BYTEA, words TEXT, guid UUID)`,
			`INSERT INTO types VALUES (1, 9223372036854775807, 123456789012345678901234.500000, 0.1, '2026-11-01', '2026-11-01 02:15:00.5', '2026-11-01 02:15:00+02', '02:15:00', true, '\x00ff', 'Ääkköset', '6f9619ff-8b86-d011-b42d-00c04fc964ff'),
				(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 0, -0.000001, 1e21, 'infinity', '2026-11-01', '2026-11-01 02:15:00.25+02', '00:00', false, '', '', NULL)`)
		got, sum, err := all(t, open(t, p.settings), query.Query{Statement: "SELECT * FROM types", Key: []string{"id"}},
			"big", "amount", "share", "day", "at", "moment", "clock", "yes", "raw", "words", "guid")
		want := []string{
			"s:9223372036854775807|s:123456789012345678901234.500000|s:0.1|d:2026-11-01|d:2026-11-01T02:15:00.5|d:2026-11-01T00:15:00Z|s:02:15:00|b:true|s:00ff|s:Ääkköset|s:6f9619ff-8b86-d011-b42d-00c04fc964ff",
			" :null| :null| :null| :null| :null| :null| :null| :null| :null| :null| :null",
			"s:0|s:-0.000001|s:1000000000000000000000|d:infinity|d:2026-11-01T00:00:00|d:2026-11-01T00:15:00.25Z|s:00:00:00|b:false|s:null|s:null| :null",
		}
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], "00:00.000000", "00:00") // the driver's fraction of a TIME
		}
		if err != nil || len(got) != 3 || sum.Taken.IsZero() {
			t.Fatalf("%d rows, %v, %+v", len(got), err, sum)
		}
		for i := range want {
			if strings.ReplaceAll(got[i], "15:00.000000", "15:00") != want[i] {
				t.Errorf("got  %q\nwant %q", got[i], want[i])
			}
		}
	})
	keys(t, p.settings, exec, "NUMERIC(20)")
	hostile(t, p.settings, exec, `"`)
	exec("CREATE FUNCTION tells(code TEXT) RETURNS INT LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = code; END'")
	mayComeBack(t, p.settings, map[string]bool{"'40001'": true, "'40P01'": true, "'25P03'": true, "'25P04'": true, "'57P01'": true, "'57014'": false})
	t.Run("a transaction that waited too long", func(t *testing.T) { // as it does while rows are used
		const rows = canon.BatchRows + 2*pageRows
		exec("CREATE TABLE waited AS SELECT i AS id FROM generate_series(1, "+fmt.Sprint(rows)+") AS i", "ALTER ROLE reader SET idle_in_transaction_session_timeout = '500ms'")
		s := p.settings
		s.Idle = time.Minute // it is the server that gives up
		o := open(t, s)
		r, err := o.Rows(query.Query{Statement: "SELECT id FROM waited", Key: []string{"id"}}, tabular.Options{Feed: "test/rows", Columns: []tabular.Column{{Name: "id"}}})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for b, err := range r.Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got == 0 {
				exec("ALTER ROLE reader RESET idle_in_transaction_session_timeout") // for sessions behind this one
				time.Sleep(2 * time.Second)
			}
			got += b.Len()
		}
		if got != rows {
			t.Errorf("%d rows of %d", got, rows)
		}
	})
	exec("CREATE TABLE written (n INT)", "CREATE FUNCTION writes() RETURNS INT LANGUAGE SQL SECURITY DEFINER AS 'INSERT INTO written VALUES (1) RETURNING n'")
	writesNothing(t, p.settings, p.db, "PostgreSQL error 25006")
}

// mayComeBack has a function of the database tell errors: behind some of them the same may succeed later, and it is asked again.
func mayComeBack(t *testing.T, s query.Settings, codes map[string]bool) {
	for code, later := range codes {
		t.Run("error "+strings.Trim(code, "'"), func(t *testing.T) {
			want := "UOMA-SRC-STATEMENT"
			if later {
				want = "UOMA-SRC-UNREACHABLE"
			}
			_, _, err := all(t, open(t, s), query.Query{Statement: "SELECT tells(" + code + ") AS id", Key: []string{"id"}}, "id")
			if fault.Code(err) != want || fault.ScopeOf(err) != fault.Source {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

// writesNothing reads from a function that writes with its owner's rights, and may be called by ours: nothing but the session
// that reads alone is in its way. The database refuses it by name, and lets whoever owns it do the same.
func writesNothing(t *testing.T, s query.Settings, owner *sql.DB, refusal string) {
	t.Run("TestThreat_T35_NothingCanBeWritten", func(t *testing.T) {
		_, _, err := all(t, open(t, s), query.Query{Statement: "SELECT writes() AS id", Key: []string{"id"}}, "id")
		if fault.Code(err) != "UOMA-SRC-STATEMENT" || !strings.Contains(err.Error(), refusal) {
			t.Errorf("%v, want %s", err, refusal)
		}
		var n, written int
		if err := owner.QueryRow("SELECT COUNT(*) FROM written").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows were written, %v", n, err)
		}
		if err := owner.QueryRow("SELECT writes()").Scan(&written); err != nil || written != 1 {
			t.Errorf("its owner: %d, %v", written, err)
		}
	})
}

// keys reads over many pages by keys of several columns and types.
func keys(t *testing.T, s query.Settings, exec func(...string), decimal string) {
	t.Run("keys", func(t *testing.T) {
		exec("CREATE TABLE keyed (a INT NOT NULL, b VARCHAR(10) NOT NULL, c DATE NOT NULL, d "+decimal+" NOT NULL, e TIMESTAMP NOT NULL DEFAULT '2026-11-01 00:00:00', n INT)",
			"CREATE TABLE none (a INT NOT NULL)")
		var values []string
		const rows = 5*pageRows + 3
		for i := range rows {
			n := "NULL"
			if i%2 == 0 {
				n = fmt.Sprint(i)
			}
			values = append(values, fmt.Sprintf("(%d, 'b%d', '2026-11-%02d', 90071992547409%05d, '2026-11-01 00:%02d:%02d', %s)", i/90, i/10%9, 1+i%10, i, i/60%60, i%60, n))
		}
		exec("INSERT INTO keyed VALUES " + strings.Join(values, ", "))
		for name, key := range map[string][]string{"several": {"a", "b", "c"}, "decimal": {"d"}, "time": {"e"}, "in capitals": {"E"}} {
			if name == "in capitals" && s.Kind != "mysql" {
				continue
			}
			got, sum, err := all(t, open(t, s), query.Query{Statement: "SELECT * FROM keyed", Key: key}, "a", "b", "c", "d", "e")
			slices.Sort(got)
			if err != nil || len(slices.Compact(got)) != rows {
				t.Errorf("%s: %d rows of %d, %v", name, len(got), rows, err)
			}
			if sum.Rows != rows {
				t.Errorf("%s: %+v", name, sum)
			}
		}
		for name, tt := range map[string]struct {
			key  string
			code string
		}{"not unique": {"a", "UOMA-SRC-COUNT"}, "null": {"n", "UOMA-SRC-COUNT"}, "absent": {"x", "UOMA-SRC-STATEMENT"}} {
			if _, _, err := all(t, open(t, s), query.Query{Statement: "SELECT * FROM keyed", Key: []string{tt.key}}, "a"); fault.Code(err) != tt.code || fault.ScopeOf(err) != fault.Source {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := all(t, open(t, s), query.Query{Statement: "SELECT a FROM keyed", Key: []string{"a"}}, "a", "other"); fault.Code(err) != "UOMA-LND-HEADER-MISSING" {
			t.Errorf("a column of the layout is not there: %v", err)
		}
	})
}

// hostile puts what would be SQL into names and keys.
func hostile(t *testing.T, s query.Settings, exec func(...string), quote string) {
	t.Run("TestThreat_T08_KeysAndNamesStayWhatTheyAre", func(t *testing.T) {
		name := `a'; DROP TABLE victim; -- "]` + "` ?$1@p1"
		quoted := quote + strings.ReplaceAll(name, quote, quote+quote) + quote
		exec("CREATE TABLE victim (id INT)", "CREATE TABLE odd ("+quoted+" VARCHAR(60) PRIMARY KEY)")
		for i := range 3 * pageRows {
			exec(fmt.Sprintf("INSERT INTO odd VALUES ('''; DROP TABLE victim; -- %06d')", i))
		}
		got, _, err := all(t, open(t, s), query.Query{Statement: "SELECT * FROM odd", Key: []string{name}}, name)
		if err != nil || len(got) != 3*pageRows {
			t.Errorf("%d rows, %v", len(got), err)
		}
		exec("INSERT INTO victim VALUES (1)")
		if _, _, err := all(t, open(t, s), query.Query{Statement: "SELECT * FROM odd", Key: []string{"a\x00b"}}, name); err == nil {
			t.Error("a name with a NUL was asked for")
		}
	})
}

// TestThreat_T43_NoDatabaseWithoutTLS asks servers that speak none, or are not who they say.
func TestThreat_T43_NoDatabaseWithoutTLS(t *testing.T) {
	m := mariadbtest.Listen(t, "", "")
	p := postgrestest.Start(t, "", "")
	for kind, addr := range map[string]string{"mysql": m.Addr, "postgres": p.Addr} {
		o := open(t, query.Settings{Kind: kind, Address: addr, Database: "source", User: reader, Password: password, CA: tlstest.NewAuthority(t).PEM})
		if _, _, err := all(t, o, query.Query{Statement: "SELECT 1 AS id", Key: []string{"id"}}, "id"); fault.Code(err) != "UOMA-SRC-TLS" {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	good := query.Settings{Kind: "sqlserver", Address: "db.example", Database: "campus", User: "uoma", Password: "x"}
	open(t, good)
	for name, change := range map[string]func(*query.Settings){
		"kind":      func(s *query.Settings) { s.Kind = "oracle" },
		"host":      func(s *query.Settings) { s.Address = "" },
		"user":      func(s *query.Settings) { s.User = "" },
		"database":  func(s *query.Settings) { s.Database = "" },
		"password":  func(s *query.Settings) { s.Password = "" },
		"authority": func(s *query.Settings) { s.CA = []byte("none") },
		"port":      func(s *query.Settings) { s.Address = "db.example:x" },
	} {
		s := good
		change(&s)
		var own *fault.Error
		if _, err := query.Open(t.Context(), s); !errors.As(err, &own) || own.Code != "UOMA-SRC-SETTINGS" || own.Scope != fault.Source || own.Place.Field == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
