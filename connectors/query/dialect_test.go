package query

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"net"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"uoma/internal/fault"
)

// TestThreat_T08_NamesAreQuotedAndKeysAreParameters shows what each database is asked. SQL Server is not there to be asked: what it is sent is compared with
// its manual's grammar by people, and goes over its protocol to a server of ours.
func TestThreat_T08_NamesAreQuotedAndKeysAreParameters(t *testing.T) {
	q := Query{Statement: "SELECT a, b FROM t", Key: []string{"a", "b]"}}
	for kind, want := range map[string]string{
		"mysql":     "SELECT * FROM (\nSELECT a, b FROM t\n) AS source WHERE `a` >= CAST(? AS DECIMAL(65,30)) AND (`a` > CAST(? AS DECIMAL(65,30)) OR `a` = CAST(? AS DECIMAL(65,30)) AND `b]` > ?) ORDER BY `a`, `b]` LIMIT 7",
		"postgres":  "SELECT * FROM (\nSELECT a, b FROM t\n) AS source WHERE \"a\" >= $1 AND (\"a\" > $2 OR \"a\" = $3 AND \"b]\" > $4) ORDER BY \"a\", \"b]\" LIMIT 7",
		"sqlserver": "SELECT TOP (7) * FROM (\nSELECT a, b FROM t\n) AS source WHERE [a] >= @p1 AND ([a] > @p2 OR [a] = @p3 AND [b]]] > @p4) ORDER BY [a], [b]]]",
	} {
		d := dialects()[kind]
		if got := d.nextPage(q, []string{"DECIMAL", "INT"}, 7); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", kind, got, want)
		}
	}
}

// TestSQLServer holds what can be held without the server: how it is dialled, what its values and errors mean.
func TestSQLServer(t *testing.T) {
	s, err := Settings{Address: "db.example", Database: "campus", User: "uoma", Password: "x"}.complete("1433")
	if err != nil {
		t.Fatal(err)
	}
	errDialled := errors.New("dialled")
	var dialled string
	c, err := sqlServer().connector(s, func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, errDialled
	})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	if err := db.PingContext(t.Context()); err == nil || dialled != "db.example:1433" {
		t.Errorf("dialled %q, %v", dialled, err)
	}
	secure, err := s.secure()
	if err != nil || secure.InsecureSkipVerify || secure.MinVersion != tls.VersionTLS12 || secure.ServerName != "db.example" {
		t.Errorf("%v", err)
	}
	id := cell{form: guid}
	if err := id.Scan([]byte{0xff, 0x19, 0x96, 0x6f, 0x86, 0x8b, 0x11, 0xd0, 0xb4, 0x2d, 0x00, 0xc0, 0x4f, 0xc9, 0x64, 0xff}); err != nil || string(id.text) != "6F9619FF-8B86-D011-B42D-00C04FC964FF" {
		t.Errorf("%s, %v", id.text, err)
	}
	for number, code := range map[int32]string{18456: "UOMA-SRC-LOGIN", 3952: "UOMA-SRC-SNAPSHOT", 208: "UOMA-SRC-STATEMENT", 1205: "", 3961: "", 40197: ""} {
		if got := fault.Code(sqlServerMeaning(mssql.Error{Number: number, Message: "Kanarialintu"})); got != code {
			t.Errorf("error %d: %q, want %q", number, got, code)
		}
	}
}
