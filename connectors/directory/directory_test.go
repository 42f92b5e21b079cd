package directory_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/directory"
	"uoma/connectors/remote"
	"uoma/connectors/sourcetest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/slapdtest"
	"uoma/internal/tlstest"
)

const page = 100

func settings(s *slapdtest.Server) directory.Settings {
	return directory.Settings{Address: s.Addr, Base: "ou=people," + slapdtest.Suffix, Bind: slapdtest.Reader, Password: slapdtest.ReaderPassword, CA: s.CA,
		Page: page, Idle: sourcetest.Patience, Retry: remote.Retry{Base: 10 * time.Millisecond}}
}

// set is the entries below one unit. Its columns are the attributes uid, cn and description.
type set struct{ *directory.Source }

func (s set) Rows(o tabular.Options) (tabular.Reader, error) {
	for i, attribute := range []string{"uid", "cn", "description"} {
		o.Columns[i].Aliases = []string{attribute}
	}
	return s.Source.Rows(directory.Search{Filter: "(objectClass=person)"}, o)
}

func ofUnit(s directory.Settings, unit string) (sourcetest.Set, error) {
	s.Base = "ou=" + unit + "," + slapdtest.Suffix
	o, err := directory.Open(s)
	if err != nil {
		return nil, err
	}
	return set{o}, nil
}

// put makes the entries of a unit those.
func put(server *slapdtest.Server) func(t testing.TB, unit string, rows []sourcetest.Row) {
	there := map[string]map[string]sourcetest.Row{}
	return func(t testing.TB, unit string, rows []sourcetest.Row) {
		t.Helper()
		base := "ou=" + unit + "," + slapdtest.Suffix
		server.Do(func(c *ldap.Conn) {
			if there[unit] == nil {
				there[unit] = map[string]sourcetest.Row{}
				server.Add(c, base, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {unit}})
			}
			old, now := there[unit], map[string]sourcetest.Row{}
			for _, r := range rows {
				now[r.ID] = r
				if old[r.ID] == r {
					continue
				}
				dn := "uid=" + r.ID + "," + base
				if _, changed := old[r.ID]; changed {
					m := ldap.NewModifyRequest(dn, nil)
					m.Replace("cn", []string{r.Name})
					if err := c.Modify(m); err != nil {
						t.Fatal(err)
					}
					continue
				}
				a := map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {r.ID}, "cn": {r.Name}, "sn": {"x"}}
				if r.Note != "" {
					a["description"] = []string{r.Note}
				}
				server.Add(c, dn, a)
			}
			for id := range old {
				if _, stays := now[id]; !stays {
					if err := c.Del(ldap.NewDelRequest("uid="+id+","+base, nil)); err != nil {
						t.Fatal(err)
					}
				}
			}
			there[unit] = now
		})
	}
}

func subject(t testing.TB, server *slapdtest.Server, good directory.Settings) sourcetest.Subject {
	wrong := func(code, unit string, change func(*directory.Settings)) sourcetest.Wrong {
		s := good
		change(&s)
		return sourcetest.Wrong{Code: code, Open: func(context.Context) (sourcetest.Set, error) { return ofUnit(s, unit) }}
	}
	return sourcetest.Subject{
		Open: func(_ context.Context, addr, unit string, idle time.Duration) (sourcetest.Set, error) {
			s := good
			s.Address, s.Idle = addr, idle
			return ofUnit(s, unit)
		},
		Addr: server.Addr, Put: put(server), Huge: 20_000, Page: page,
		Wrong: map[string]sourcetest.Wrong{
			"password":  wrong("UOMA-SRC-LOGIN", "wrong", func(s *directory.Settings) { s.Password = "another" }),
			"name":      wrong("UOMA-SRC-LOGIN", "wrong", func(s *directory.Settings) { s.Bind = "uid=nobody," + slapdtest.Suffix }),
			"authority": wrong("UOMA-SRC-TLS", "wrong", func(s *directory.Settings) { s.CA = tlstest.NewAuthority(t).PEM }),
			"base":      wrong("UOMA-SRC-BASE", "nowhere", func(*directory.Settings) {}),
			"count":     wrong("UOMA-SRC-ROWS", "wrong", func(s *directory.Settings) { s.Entries = 2 }),
		},
	}
}

// TestDirectory holds the contract against OpenLDAP, and what the contract does not.
func TestDirectory(t *testing.T) {
	server := slapdtest.Start(t)
	good := settings(server)
	sourcetest.Run(t, subject(t, server, good))
	t.Run("attributes", func(t *testing.T) { attributes(t, server, good) })
	t.Run("ways in", func(t *testing.T) { waysIn(t, server, good) })
}

// TestThreat_T11_ReferralsAreNotFollowed searches where the directory says that another server knows more, and waits for whoever
// would ask that one.
func TestThreat_T11_ReferralsAreNotFollowed(t *testing.T) {
	server := slapdtest.Start(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	go func() {
		for {
			c, err := other.Accept()
			if err != nil {
				return // the test ends
			}
			asked.Add(1)
			c.Close()
		}
	}()
	server.Do(func(c *ldap.Conn) {
		server.Add(c, "ou=far,"+slapdtest.Suffix, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"far"}})
		server.Add(c, "cn=elsewhere,ou=far,"+slapdtest.Suffix, map[string][]string{"objectClass": {"referral", "extensibleObject"}, "cn": {"elsewhere"}, "ref": {"ldap://" + other.Addr().String() + "/ou=far"}})
	})
	s := settings(server)
	s.Base = "ou=far," + slapdtest.Suffix
	for base, where := range map[string]string{s.Base: "among the entries", "ou=below,cn=elsewhere," + s.Base: "in place of the base"} { // a reference, and result code 10
		s.Base = base
		if rows, _, err := all(t, s, directory.Search{Filter: "(objectClass=*)"}, "cn"); fault.Code(err) != "UOMA-SRC-REFERRAL" || fault.ScopeOf(err) != fault.Source || len(rows) > 0 {
			t.Errorf("%s: %d rows, %v", where, len(rows), err)
		}
	}
	if other.Close(); asked.Load() > 0 {
		t.Errorf("the other server was asked %d times", asked.Load())
	}
}

// all gives a search's rows as text, sorted: one row an element, a missing value as null.
func all(t *testing.T, s directory.Settings, q directory.Search, columns ...string) (rows, rejected []string, err error) {
	t.Helper()
	o := tabular.Options{Feed: "test/rows", Reject: func(r canon.Rejection) { rejected = append(rejected, r.Code) }}
	for _, c := range columns {
		o.Columns = append(o.Columns, tabular.Column{Name: strings.TrimSuffix(c, "!"), Required: strings.HasSuffix(c, "!")})
	}
	source, err := directory.Open(s)
	if err != nil {
		return nil, nil, err
	}
	r, err := source.Rows(q, o)
	if err != nil {
		return nil, nil, err
	}
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			return rows, rejected, err
		}
		for i := range b.Len() {
			var cells []string
			for c := range columns {
				if col := b.Col(canon.RawFirst + c); col.Null(i) {
					cells = append(cells, "null")
				} else {
					cells = append(cells, col.Text(i))
				}
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	slices.Sort(rows)
	return rows, rejected, nil
}

func attributes(t *testing.T, server *slapdtest.Server, s directory.Settings) {
	s.Base = "ou=odd," + slapdtest.Suffix
	server.Do(func(c *ldap.Conn) {
		server.Add(c, s.Base, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"odd"}})
		add := func(uid string, more map[string][]string) {
			a := map[string][]string{"objectClass": {"inetOrgPerson", "funetEduPerson"}, "uid": {uid}, "sn": {"Åberg"}, "cn": {"x"}}
			for k, v := range more {
				a[k] = v
			}
			server.Add(c, "uid="+uid+","+s.Base, a)
		}
		add("a", map[string][]string{"eduPersonAffiliation": {"student", "member", "alum"}, "cn;lang-sv": {"svenska"}, "jpegPhoto": {"\x00\xff", "\xfe"}})
		add("b", map[string][]string{"description": {"one;two", "three"}})
		add("c", map[string][]string{"description": {"one;two"}})
		server.Add(c, "ou=below,"+s.Base, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"below"}})
		server.Add(c, "uid=d,ou=below,"+s.Base, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"d"}, "sn": {"x"}, "cn": {"x"}})
	})
	for name, tt := range map[string]struct {
		q        directory.Search
		columns  []string
		want     []string
		rejected []string
	}{
		"several values in order": {directory.Search{Filter: "(uid=a)"}, []string{"uid", "eduPersonAffiliation", "cn"}, []string{"a|alum;member;student|x"}, nil},
		"an option":               {directory.Search{Filter: "(uid=a)"}, []string{"cn;lang-sv"}, []string{"svenska"}, nil},
		"in any case":             {directory.Search{Filter: "(uid=a)"}, []string{"EDUPERSONAFFILIATION", "SN"}, []string{"alum;member;student|Åberg"}, nil},
		"binary":                  {directory.Search{Filter: "(uid=a)", Binary: []string{"jpegPhoto"}}, []string{"jpegPhoto"}, []string{"/g==;AP8="}, nil},
		"no text":                 {directory.Search{Filter: "(uid=a)"}, []string{"jpegPhoto"}, nil, []string{"encoding"}},
		"separator in a value":    {directory.Search{Filter: "(uid=b)"}, []string{"description"}, nil, []string{"separator-in-value"}},
		"separator in the value":  {directory.Search{Filter: "(uid=c)"}, []string{"description"}, []string{"one;two"}, nil},
		"the name":                {directory.Search{Filter: "(uid=c)"}, []string{"dn"}, []string{"uid=c," + s.Base}, nil},
		"right below":             {directory.Search{Filter: "(uid=*)", Below: true}, []string{"uid", "mail"}, []string{"a|null", "b|null", "c|null"}, nil},
		"further below":           {directory.Search{Filter: "(&(uid=*)(!(uid=a)))"}, []string{"uid"}, []string{"b", "c", "d"}, nil},
	} {
		got, rejected, err := all(t, s, tt.q, tt.columns...)
		if err != nil || !slices.Equal(got, tt.want) || !slices.Equal(rejected, tt.rejected) {
			t.Errorf("%s: %v\ngot  %q %q\nwant %q %q", name, err, got, rejected, tt.want, tt.rejected)
		}
	}
	if _, _, err := all(t, s, directory.Search{Filter: "(uid=*)"}, "uid", "mail!"); fault.Code(err) != "UOMA-LND-HEADER-MISSING" {
		t.Errorf("a required attribute that nobody has: %v", err)
	}
	if _, _, err := all(t, s, directory.Search{Filter: "uid=*)("}, "uid"); fault.Code(err) != "UOMA-SRC-FILTER" {
		t.Errorf("a filter that is none: %v", err)
	}
}

func waysIn(t *testing.T, server *slapdtest.Server, good directory.Settings) {
	own := server.Others.CertificateNamed(t, "uoma")
	stranger := tlstest.NewAuthority(t).CertificateNamed(t, "uoma")
	for name, tt := range map[string]struct {
		change func(*directory.Settings)
		code   string
	}{
		"StartTLS": {func(s *directory.Settings) { s.Address, s.StartTLS = server.Plain, true }, ""},
		"StartTLS, other CA": {func(s *directory.Settings) {
			s.Address, s.StartTLS, s.CA = server.Plain, true, tlstest.NewAuthority(t).PEM
		}, "UOMA-SRC-TLS"},
		"certificate":           {func(s *directory.Settings) { s.Bind, s.Password, s.Certificate = "", "", &own }, ""},
		"a strange certificate": {func(s *directory.Settings) { s.Bind, s.Password, s.Certificate = "", "", &stranger }, "UOMA-SRC-LOGIN"},
	} {
		s := good
		tt.change(&s)
		o, err := directory.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Ask(t.Context(), directory.Search{Filter: "(uid=*)"}); fault.Code(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
}

// TestThreat_T06_ALimitOfTheServerIsNotTheEnd reads more entries than the server gives to anybody but its administrator.
func TestThreat_T06_ALimitOfTheServerIsNotTheEnd(t *testing.T) {
	server := slapdtest.Start(t, "limits dn.exact=\""+slapdtest.Reader+"\" size.prtotal=150")
	server.Do(func(c *ldap.Conn) {
		for i := range 2 * page {
			uid := "p" + strings.Repeat("x", i)
			server.Add(c, "uid="+uid+",ou=people,"+slapdtest.Suffix, map[string][]string{"objectClass": {"account"}, "uid": {uid}})
		}
	})
	got, _, err := all(t, settings(server), directory.Search{Filter: "(objectClass=account)"}, "uid")
	if fault.Code(err) != "UOMA-SRC-LIMIT" || fault.ScopeOf(err) != fault.Source {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	good := directory.Settings{Address: "ldap.example", Base: "dc=example,dc=org", Bind: "cn=uoma", Password: "x"}
	if _, err := directory.Open(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*directory.Settings){
		"host":      func(s *directory.Settings) { s.Address = "" },
		"base":      func(s *directory.Settings) { s.Base = "" },
		"no base":   func(s *directory.Settings) { s.Base = "people" },
		"no name":   func(s *directory.Settings) { s.Bind = "uoma" },
		"nobody":    func(s *directory.Settings) { s.Bind, s.Password = "", "" },
		"password":  func(s *directory.Settings) { s.Password = "" },
		"bind":      func(s *directory.Settings) { s.Bind = "" },
		"authority": func(s *directory.Settings) { s.CA = []byte("none") },
	} {
		s := good
		change(&s)
		var own *fault.Error
		if _, err := directory.Open(s); !errors.As(err, &own) || own.Code != "UOMA-SRC-SETTINGS" || own.Scope != fault.Source || own.Place.Field == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	server := slapdtest.Start(b)
	good := settings(server)
	good.Page = 0
	sourcetest.Bench(b, subject(b, server, good))
}
