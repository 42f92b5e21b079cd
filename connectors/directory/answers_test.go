package directory

import (
	"bytes"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

// tlv puts parts into one of BER.
func tlv(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

func text(s string) []byte { return tlv(0x04, []byte(s)) }

// said are the answers to one search, as they stand behind the number of the message.
type said [][]byte

// person is an entry with one value of an attribute.
func person(uid, attribute string) []byte {
	return tlv(0x64, text("uid="+uid+",dc=example"), tlv(0x30, tlv(0x30, text(attribute), tlv(0x31, text(uid)))))
}

// elsewhere is a reference to another server.
func elsewhere() []byte { return tlv(0x73, text("ldap://other.example/dc=example")) }

// done ends the answers with a result, and the word for the next page.
func done(code byte, word string) []byte {
	paging := tlv(0x30, text("1.2.840.113556.1.4.319"), tlv(0x04, tlv(0x30, []byte{0x02, 1, 0}, text(word))))
	return append(unpaged(code), tlv(0xa0, paging)...)
}

// unpaged is the end of a server that knows no pages.
func unpaged(code byte) []byte { return tlv(0x65, []byte{0x0a, 1, code}, text(""), text("")) }

// TestAnswersOfOtherDirectories reads from directories that answer as OpenLDAP does not when it is well: the n-th search gets the
// n-th answer, and those behind the last the last. One that is empty ends the connection.
func TestAnswersOfOtherDirectories(t *testing.T) {
	a, b := person("a", "uid"), person("b", "uid")
	first, second := said{a, done(0, "next")}, said{b, done(0, "")}
	for name, tt := range map[string]struct {
		answers []said
		want    []string
		code    string
	}{
		"two pages":                           {[]said{first, second}, []string{"a", "b"}, ""},
		"a page without an entry":             {[]said{first, {done(0, "more")}, second}, []string{"a", "b"}, ""},
		"pages without an entry, for ever":    {[]said{first, {done(0, "more")}}, []string{"a"}, "UOMA-SRC-ROWS"},
		"no pages":                            {[]said{{a, unpaged(0)}}, nil, "UOMA-SRC-ANSWER"},
		"a limit of size behind a page":       {[]said{first, {b, done(4, "")}}, []string{"a"}, "UOMA-SRC-LIMIT"},
		"a limit of time behind a page":       {[]said{first, {b, done(3, "")}}, []string{"a"}, "UOMA-SRC-LIMIT"},
		"an administrator's limit":            {[]said{first, {b, done(11, "more")}}, []string{"a"}, "UOMA-SRC-LIMIT"},
		"a word that is not known any more":   {[]said{first, {done(53, "")}}, []string{"a"}, "UOMA-SRC-ANSWER"},
		"a reference in the middle of a page": {[]said{first, {b, elsewhere(), done(0, "")}}, []string{"a"}, "UOMA-SRC-REFERRAL"},
		"a referral behind a page":            {[]said{first, {done(10, "")}}, []string{"a"}, "UOMA-SRC-REFERRAL"},
		"busy behind a page":                  {[]said{first, {done(51, "")}, first, second}, []string{"a", "b"}, ""},
		"not available, for ever":             {[]said{first, {done(52, "")}}, []string{"a"}, "UOMA-SRC-UNREACHABLE"},
		"gone within a page":                  {[]said{first, {b, nil}, first, second}, []string{"a", "b"}, ""},
		"gone, and another order":             {[]said{first, {nil}, {b, done(0, "next")}, {a, done(0, "")}}, []string{"a", "b"}, ""},
		"values in parts":                     {[]said{{person("a", "uid;range=0-1499"), done(0, "")}}, nil, "UOMA-SRC-PARTS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, tt.answers)
			r, err := s.Rows(Search{Filter: "(uid=*)"}, tabular.Options{Feed: "test/rows", Columns: []tabular.Column{{Name: "uid"}}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for batch, rerr := range r.Batches(t.Context()) {
				if err = rerr; err != nil {
					break
				}
				for i := range batch.Len() {
					got = append(got, batch.Col(canon.RawFirst).Text(i))
				}
			}
			if fault.Code(err) != tt.code || (err == nil) != (tt.code == "") || tt.code != "" && fault.ScopeOf(err) != fault.Source || !slices.Equal(got, tt.want) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.code)
			}
		})
	}
}

// answering opens a directory that lets everybody in and answers as it is told.
func answering(t *testing.T, answers []said) *Source {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{authority.CertificateNamed(t, "127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test ends
			}
			go func() {
				defer c.Close()
				talk(c, func() said { return answers[min(int(asked.Add(1)), len(answers))-1] })
			}()
		}
	}()
	t.Cleanup(func() { l.Close() })
	s, err := Open(Settings{Address: l.Addr().String(), Base: "dc=example", Bind: "cn=x", Password: "x", CA: authority.PEM,
		Idle: time.Minute, Retry: remote.Retry{Base: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// talk answers one connection, which knows no word of another.
func talk(c net.Conn, next func() said) {
	for first := true; ; {
		request, err := readPacket(c)
		if err != nil {
			return
		}
		head, _, err := header(request)
		if err != nil {
			return
		}
		number := request[head : head+3] // of messages as few as these
		answers := said{tlv(0x61, []byte{0x0a, 1, 0}, text(""), text(""))}
		if request[head+3] != 0x60 { // no bind
			if answers = next(); first && (bytes.Contains(request, []byte("next")) || bytes.Contains(request, []byte("more"))) {
				answers = said{done(53, "")}
			}
			first = false
		}
		for _, a := range answers {
			if a == nil {
				return
			}
			if _, err := c.Write(tlv(0x30, number, a)); err != nil {
				return
			}
		}
	}
}
