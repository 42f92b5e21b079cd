package query_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"uoma/connectors/query"
	"uoma/connectors/remote"
	"uoma/connectors/sourcetest"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

// tds is a server that speaks Tabular Data Stream 7.4 as SQL Server does ([MS-TDS]): TLS within packets, a login, snapshots,
// batches and calls of sp_executesql, error tokens. Of SQL it knows what this package asks, and takes nothing else; whether SQL
// Server understands that as it is meant, no server of ours can tell.
type tds struct {
	secure *tls.Config

	mu         sync.Mutex
	encryption byte                        // what is said of it before the login
	tables     map[string][]sourcetest.Row // by name; the rows of one are never changed, but others put in their place
	busy       int32                       // the number of an error that the next statement is answered by; 0 is none
	intent     bool                        // whether every login said that it means to read only
}

// Numbers of SQL Server's errors.
const (
	noObject     = 208
	noPermission = 229
	noSnapshots  = 3952
	noDatabase   = 4060
	noLogin      = 18456
	deadlock     = 1205
)

func newTDS(t testing.TB) (*tds, query.Settings) {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	// The handshake lies within packets and the rest does not, so that nothing of it may come late as in TLS 1.3.
	s := &tds{encryption: 1, intent: true, secure: &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t)}, MaxVersion: tls.VersionTLS12},
		tables: map[string][]sourcetest.Row{"hidden": nil}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				_ = s.talk(c) // a client goes as it likes
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return s, query.Settings{Kind: "sqlserver", Address: l.Addr().String(), Database: "source", User: reader, Password: password, CA: authority.PEM,
		Page: pageRows, Idle: sourcetest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}
}

func (s *tds) put(_ testing.TB, table string, rows []sourcetest.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[table] = slices.SortedFunc(slices.Values(rows), func(a, b sourcetest.Row) int { return strings.Compare(a.ID, b.ID) })
}

// Types of packets.
const (
	batchPacket     = 1
	callPacket      = 3
	replyPacket     = 4
	attentionPacket = 6
	tranPacket      = 14
	loginPacket     = 16
	preloginPacket  = 18
)

const (
	packetHead = 8
	packetMost = 4096
)

func readPacket(r io.Reader) (kind byte, payload []byte, last bool, err error) {
	var head [packetHead]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, false, err
	}
	payload = make([]byte, max(int(binary.BigEndian.Uint16(head[2:]))-packetHead, 0))
	_, err = io.ReadFull(r, payload)
	return head[0], payload, head[1]&1 != 0, err
}

func readMessage(r io.Reader) (kind byte, message []byte, err error) {
	for last := false; !last && err == nil; {
		var part []byte
		kind, part, last, err = readPacket(r)
		message = append(message, part...)
	}
	return kind, message, err
}

// writeMessage writes a message in packets, with one write each as the client expects of TLS.
func writeMessage(w io.Writer, kind byte, message []byte) error {
	for number, last := byte(1), false; !last; number++ {
		part := message[:min(len(message), packetMost-packetHead)]
		message = message[len(part):]
		last = len(message) == 0
		head := []byte{kind, 0, 0, 0, 0, 0, number, 0}
		if last {
			head[1] = 1
		}
		binary.BigEndian.PutUint16(head[2:], uint16(packetHead+len(part)))
		if _, err := w.Write(append(head, part...)); err != nil {
			return err
		}
	}
	return nil
}

// wrapped carries the handshake within packets, and then no more.
type wrapped struct {
	net.Conn
	done bool
	rest []byte
}

func (w *wrapped) Read(p []byte) (int, error) {
	if w.done {
		return w.Conn.Read(p)
	}
	for len(w.rest) == 0 {
		_, payload, _, err := readPacket(w.Conn)
		if err != nil {
			return 0, err
		}
		w.rest = payload
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wrapped) Write(p []byte) (int, error) {
	if w.done {
		return w.Conn.Write(p)
	}
	return len(p), writeMessage(w.Conn, preloginPacket, p)
}

func (s *tds) talk(c net.Conn) error {
	if kind, _, err := readMessage(c); err != nil || kind != preloginPacket {
		return errors.Join(err, errors.New("no prelogin"))
	}
	// Two options, version and encryption, and then what they say.
	s.mu.Lock()
	encryption := s.encryption
	s.mu.Unlock()
	if err := writeMessage(c, replyPacket, []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption}); err != nil {
		return err
	}
	inner := &wrapped{Conn: c}
	over := tls.Server(inner, s.secure)
	if err := over.Handshake(); err != nil {
		return err
	}
	inner.done = true
	kind, message, err := readMessage(over)
	if err != nil || kind != loginPacket {
		return errors.Join(err, errors.New("no login"))
	}
	answer, in := s.login(message)
	if err := writeMessage(over, replyPacket, answer); err != nil || !in {
		return err
	}
	for seen := map[string][]sourcetest.Row(nil); ; {
		kind, message, err := readMessage(over)
		if err != nil {
			return err
		}
		if answer, seen, err = s.answer(kind, message, seen); err != nil {
			return err
		}
		if err := writeMessage(over, replyPacket, answer); err != nil {
			return err
		}
	}
}

// login looks at who comes, and gives whether they may come in.
func (s *tds) login(message []byte) (answer []byte, in bool) {
	field := func(at int) []byte {
		from, n := int(binary.LittleEndian.Uint16(message[at:])), 2*int(binary.LittleEndian.Uint16(message[at+2:]))
		return message[from : from+n]
	}
	hidden := bytes.Clone(field(44))
	for i, b := range hidden {
		b ^= 0xa5
		hidden[i] = b<<4 | b>>4
	}
	s.mu.Lock()
	s.intent = s.intent && message[26]&0x20 != 0
	s.mu.Unlock()
	switch {
	case unicode(field(40)) != reader || unicode(hidden) != password:
		return slices.Concat(failure(noLogin), done(2, 0)), false
	case unicode(field(68)) != "source":
		return slices.Concat(failure(noDatabase), failure(noLogin), done(2, 0)), false
	}
	ack := slices.Concat([]byte{1, 0x74, 0, 0, 4}, short("test"), []byte{16, 0, 0, 0})
	return slices.Concat([]byte{0xad}, sized(ack), done(0, 0)), true
}

func unicode(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func encoded(text string) (b []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// short is a text behind the number of its characters in one byte.
func short(text string) []byte {
	b := encoded(text)
	return append([]byte{byte(len(b) / 2)}, b...)
}

// sized is bytes behind their number in two.
func sized(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func done(status uint16, rows int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xfd}, status)
	return binary.LittleEndian.AppendUint64(append(b, 0, 0), uint64(rows))
}

// failure is an error token, whose text quotes what no text of ours may.
func failure(number int32) []byte {
	text := encoded("Kanarialintu")
	b := binary.LittleEndian.AppendUint32(nil, uint32(number))
	b = append(b, 1, 16)
	b = append(binary.LittleEndian.AppendUint16(b, uint16(len(text)/2)), text...)
	b = append(b, 0, 0, 1, 0, 0, 0) // no server, no procedure, line 1
	return append([]byte{0xaa}, sized(b)...)
}

// answer answers one request of a session, which sees the rows that were there when its transaction began.
func (s *tds) answer(kind byte, message []byte, seen map[string][]sourcetest.Row) ([]byte, map[string][]sourcetest.Row, error) {
	if kind == attentionPacket {
		return done(0x20, 0), seen, nil
	}
	message = message[binary.LittleEndian.Uint32(message):] // headers, of which none is of use
	switch kind {
	case tranPacket:
		return s.transaction(message, seen)
	case batchPacket:
		return s.ask(unicode(message), nil, seen), seen, nil
	case callPacket:
		if !bytes.HasPrefix(message, []byte{0xff, 0xff, 10, 0}) {
			return nil, nil, errors.New("a procedure that is not sp_executesql")
		}
		args := arguments(message[6:])
		if len(args) < 3 {
			return nil, nil, errors.New("no argument")
		}
		return s.ask(args[0], args[2:], seen), seen, nil
	}
	return nil, nil, fmt.Errorf("packet of type %d", kind)
}

// transaction begins one that sees a moment, or ends it.
func (s *tds) transaction(message []byte, seen map[string][]sourcetest.Row) ([]byte, map[string][]sourcetest.Row, error) {
	const begin, rollback, snapshot = 5, 8, 5
	number := []byte{8, 1, 2, 3, 4, 5, 6, 7, 8}
	switch message[0] {
	case begin:
		if message[2] != snapshot {
			return nil, nil, errors.New("another isolation")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Concat([]byte{0xe3}, sized(slices.Concat([]byte{8}, number, []byte{0})), done(0, 0)), maps.Clone(s.tables), nil
	case rollback:
		return slices.Concat([]byte{0xe3}, sized(slices.Concat([]byte{10, 0}, number)), done(0, 0)), nil, nil
	}
	return nil, nil, errors.New("neither beginning nor end")
}

// arguments reads those of a call, which are all texts.
func arguments(b []byte) (out []string) {
	const nvarchar = 0xe7
	for len(b) > 0 {
		b = b[1+2*int(b[0])+1:] // name and flags
		if b[0] != nvarchar {
			return nil
		}
		b = b[1+2+5:] // largest size and collation
		n := int(binary.LittleEndian.Uint16(b))
		out, b = append(out, unicode(b[2:2+n])), b[2+n:]
	}
	return out
}

var asked = regexp.MustCompile(`^SELECT (COUNT\(\*\)|TOP \((\d+)\) \*|\*) FROM \(\nSELECT id, name, note FROM (\w+)\n\) AS source( WHERE \[id\] > @p1| WHERE 1 = 0)?( ORDER BY \[id\])?$`)

// ask answers a statement.
func (s *tds) ask(statement string, args []string, seen map[string][]sourcetest.Row) []byte {
	s.mu.Lock()
	busy := s.busy
	s.busy = 0
	s.mu.Unlock()
	if busy != 0 {
		return slices.Concat(failure(busy), done(2, 0))
	}
	if statement == "SELECT SYSUTCDATETIME()" {
		column := slices.Concat([]byte{0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x2a, 7}, short("")) // DATETIME2(7)
		return slices.Concat(column, []byte{0xd1, 8, 0, 0, 0, 0, 0, 0x2b, 0x48, 0x0b}, done(0x10, 1))
	}
	m := asked.FindStringSubmatch(statement)
	if m == nil || seen == nil {
		return slices.Concat(failure(102), done(2, 0))
	}
	rows, there := seen[m[3]]
	switch {
	case !there:
		return slices.Concat(failure(noObject), done(2, 0))
	case m[3] == "hidden":
		return slices.Concat(failure(noPermission), done(2, 0))
	case m[1] == "COUNT(*)":
		b := slices.Concat([]byte{0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x26, 4}, short(""), []byte{0xd1, 4}) // INT
		return slices.Concat(binary.LittleEndian.AppendUint32(b, uint32(len(rows))), done(0x10, 1))
	case len(args) == 1:
		from, found := slices.BinarySearchFunc(rows, args[0], func(r sourcetest.Row, id string) int { return strings.Compare(r.ID, id) })
		if found {
			from++
		}
		rows = rows[from:]
	case strings.Contains(m[4], "1 = 0"):
		rows = nil
	}
	if n, err := strconv.Atoi(m[2]); err == nil {
		rows = rows[:min(n, len(rows))]
	}
	var out bytes.Buffer
	out.Write([]byte{0x81, 3, 0})
	for _, name := range []string{"id", "name", "note"} {
		out.Write(slices.Concat([]byte{0, 0, 0, 0, 1, 0, 0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34}, short(name))) // NVARCHAR(4000)
	}
	for _, r := range rows {
		out.WriteByte(0xd1)
		for i, text := range []string{r.ID, r.Name, r.Note} {
			if i == 2 && text == "" {
				out.Write([]byte{0xff, 0xff})
				continue
			}
			out.Write(sized(encoded(text)))
		}
	}
	out.Write(done(0x10, len(rows)))
	return out.Bytes()
}

// TestSQLServerByItsProtocol holds the contract against a server that speaks SQL Server's protocol.
func TestSQLServerByItsProtocol(t *testing.T) {
	server, good := newTDS(t)
	sourcetest.Run(t, sourcetest.Subject{
		Open: func(ctx context.Context, addr, table string, idle time.Duration) (sourcetest.Set, error) {
			s := good
			s.Address, s.Idle = addr, idle
			return ofTable(s, table)(ctx)
		},
		Addr: good.Address, Put: server.put, Huge: 40_000, Page: pageRows, Moment: true, Wrong: wrongs(t, good),
	})
	if !server.intent {
		t.Error("a login did not say that it means to read only")
	}
}

// TestSQLServersErrors meets errors at the first question behind the snapshot, and servers that do without TLS.
func TestSQLServersErrors(t *testing.T) {
	server, good := newTDS(t)
	server.put(t, "people", []sourcetest.Row{{ID: "1", Name: "a"}, {ID: "2", Name: "b"}})
	q := query.Query{Statement: "SELECT id, name, note FROM people", Key: []string{"id"}}
	for name, tt := range map[string]struct {
		busy       int32
		encryption byte
		statement  string
		code       string
	}{
		"none":           {},
		"a deadlock":     {busy: deadlock}, // after which the same may succeed
		"no snapshots":   {busy: noSnapshots, code: "UOMA-SRC-SNAPSHOT"},
		"no permission":  {busy: noPermission, code: "UOMA-SRC-STATEMENT"},
		"no statement":   {statement: "DELETE FROM people", code: "UOMA-SRC-STATEMENT"},
		"encryption off": {encryption: 0, code: "UOMA-SRC-TLS"},
		"no encryption":  {encryption: 2, code: "UOMA-SRC-TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			server.mu.Lock()
			server.busy = tt.busy
			if server.encryption = 1; tt.code == "UOMA-SRC-TLS" {
				server.encryption = tt.encryption
			}
			server.mu.Unlock()
			q := q
			if tt.statement != "" {
				q.Statement = tt.statement
			}
			got, _, err := all(t, open(t, good), q, "id", "name", "note")
			if fault.Code(err) != tt.code || tt.code == "" && (err != nil || !slices.Equal(got, []string{"s:1|s:a| :null", "s:2|s:b| :null"})) {
				t.Errorf("%q, %v; want %q", got, err, tt.code)
			}
			if err != nil && strings.Contains(err.Error(), "Kanarialintu") {
				t.Error("the error quotes the server")
			}
		})
	}
}
