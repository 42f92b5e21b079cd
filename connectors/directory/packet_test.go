package directory

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

var searchDone = []byte{0x30, 0x0c, 0x02, 0x01, 0x02, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00}

func TestPackets(t *testing.T) {
	long := append([]byte{0x30, 0x84, 0, 0, 0, 12}, searchDone[2:]...) // as Active Directory writes lengths
	for name, tt := range map[string]struct {
		in   []byte
		want error
	}{
		"short":                       {searchDone, nil},
		"long":                        {long, nil},
		"two":                         {append(bytes.Clone(searchDone), long...), nil},
		"2 GiB":                       {[]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, errLength},
		"64 bits":                     {[]byte{0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, errLength},
		"a length of many bytes":      {append([]byte{0x30, 0xff}, make([]byte, 200)...), errLength},
		"no length":                   {[]byte{0x30, 0x80, 0, 0}, errLength},
		"a tag of several bytes":      {[]byte{0x3f, 0x81, 0}, errLength},
		"a part of 2 GiB":             {[]byte{0x30, 6, 0x04, 0x84, 0x7f, 0xff, 0xff, 0xff}, errLength},
		"a part larger than its room": {[]byte{0x30, 6, 0x30, 2, 0x04, 2, 'a', 'b'}, errLength},
		"too deep":                    {deep(maxDepth + 5), errLength},
		"cut":                         {searchDone[:5], io.ErrUnexpectedEOF},
		"cut within the length":       {[]byte{0x30, 0x84, 0, 0}, io.ErrUnexpectedEOF},
	} {
		var err error
		var got []byte
		for r := bytes.NewReader(tt.in); err == nil && r.Len() > 0; {
			var p []byte
			p, err = readPacket(r)
			got = append(got, p...)
		}
		if !errors.Is(err, tt.want) || tt.want == nil && !bytes.Equal(got, tt.in) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func deep(n int) (b []byte) {
	b = []byte{0x04, 0}
	for range n {
		b = append([]byte{0x30, byte(len(b))}, b...)
	}
	return b
}

func FuzzPacket(f *testing.F) {
	for _, s := range [][]byte{searchDone, deep(20), {0x30, 0x84, 0, 0, 0, 2, 4, 0}, {0x30, 0x80}} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := readPacket(bytes.NewReader(in))
		if err == nil && !bytes.HasPrefix(in, p) {
			t.Error("another message came")
		}
	})
}

// TestThreat_T49_AnnouncedLengths asks servers that announce more than they send, and ones that never stop sending.
func TestThreat_T49_AnnouncedLengths(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	bound := []byte{0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00}
	entry := append([]byte{0x30, 0x83, 0x10, 0, 0, 0x02, 0x01, 0x02, 0x64, 0x83, 0x0f, 0xff, 0xf8, 0x04, 0x83, 0x0f, 0xff, 0xf1}, make([]byte, 0x0ffff1)...)
	entry = append(entry, 0x30, 0x00)
	for name, after := range map[string]func(c net.Conn){
		"while it lets us in": nil,
		"in the answer":       func(c net.Conn) { c.Write([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}) },
		"without an end": func(c net.Conn) {
			for {
				if _, err := c.Write(entry); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{authority.CertificateNamed(t, "127.0.0.1")}})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer c.Close()
						c.Read(make([]byte, 1024))
						if after == nil {
							c.Write([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff})
							io.Copy(io.Discard, c)
							return
						}
						c.Write(bound)
						c.Read(make([]byte, 4096))
						after(c)
						io.Copy(io.Discard, c)
					}()
				}
			}()
			s, err := Open(Settings{Address: l.Addr().String(), Base: "dc=example", Bind: "cn=x", Password: "x", CA: authority.PEM,
				Idle: 2 * time.Second, Retry: remote.Retry{Base: time.Millisecond}})
			if err != nil {
				t.Fatal(err)
			}
			var before, m runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := s.Rows(Search{Filter: "(uid=*)"}, tabular.Options{Feed: "test/rows", Columns: []tabular.Column{{Name: "uid"}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, rerr := range r.Batches(context.Background()) {
				err = rerr
			}
			if fault.Code(err) != "UOMA-SRC-ANSWER" || fault.ScopeOf(err) != fault.Source {
				t.Errorf("%v", err)
			}
			runtime.ReadMemStats(&m)
			if m.Sys > before.Sys+1<<30 {
				t.Errorf("%d MiB more", (m.Sys-before.Sys)>>20)
			}
		})
	}
}
