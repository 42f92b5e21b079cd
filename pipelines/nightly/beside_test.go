package nightly_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/canon"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

const besideList = "external-lists/companies_%s.csv"

// withLists is a site that buys lists, read by the shipped layout.
func withLists(t *testing.T) tiny { return withListsOn(t, databasetest.OnSQLite) }

func withListsOn(t *testing.T, on databasetest.Kind) tiny {
	t.Helper()
	src, err := layout.ShippedSource("external-lists.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newTiny(t, on, "seamk", map[string]string{"external-lists": string(src)})
	decidedSeamk(t, s)
	s.feeds[besideList] = "company_name;business_id;person_name;title;email;phone;street;postcode;city;industry_code;source_url;seen_at;do_not_contact;alumnus_ref;fact;fact_kind;home_address;private_phone"
	return s
}

// company is a row of a list.
func company(mail string) string {
	return "Mallipaja Oy;9000004-6;Testaaja, Veikko;Toimitusjohtaja;" + mail + ";+358400000002;Mallikatu 2;60320;Seinäjoki;62010;;;;;;;;"
}

// aside writes the side-car of a list.
func (s tiny) aside(t *testing.T, d canon.Date, text string) {
	t.Helper()
	write(t, s.export(besideList, d)+".meta.json", []byte(text))
}

// bought is what a side-car says of a list whose licence has an end.
func bought(provider, until string) string {
	return fmt.Sprintf(`{"source_kind":"purchased","provider":%q,"obtained_at":"2026-10-01","licence_until":%q,"legal_basis":"6.1.f","lia_ref":"LIA-2026-04","art14_notice":"due","subjects":"company_contact"}`, provider, until)
}

// stoppedFor gives the code for which a feed did not land on a night.
func (s site) stoppedFor(t *testing.T, d canon.Date) (code string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		st, found, err := ledger.FindStage(context.Background(), ws.RegisterDB, "nightly-"+d.String(), "land")
		var facts nightly.LandFacts
		if err != nil || !found || json.Unmarshal([]byte(st.Facts), &facts) != nil || len(facts.Feeds) != 1 {
			t.Fatalf("%v %v", found, err)
		}
		code = facts.Feeds[0].Code
	})
	return code
}

// TestAListWithoutItsSidecarIsRefused lays lists down through nights: what has no side-car, or one that the layout does not take, is
// named and leaves what is loaded; what its side-car says stands with each row; another side-car is other rows. It holds SEAMK-34.
func TestAListWithoutItsSidecarIsRefused(t *testing.T) {
	t.Parallel()
	s := withLists(t)
	night := firstNight
	s.put(t, besideList, night, company("one@a.example"), company("two@a.example"))
	s.finish(t, night, pipelines.Part)
	if code := s.stoppedFor(t, night); code != "UOMA-LND-SIDECAR-NONE" {
		t.Error(code)
	}
	same(t, "without a side-car", s.addresses(t))
	// The same date again, when somebody has laid it down.
	s.aside(t, night, bought("Mallitieto", "2027-09-30"))
	s.finish(t, night, pipelines.Finished)
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+night.String()) })
	same(t, "addresses", s.addresses(t), "one@a.example", "two@a.example")
	same(t, "providers", s.cells(t, "attribution", "provider"), "Mallitieto", "Mallitieto")
	same(t, "licences", s.cells(t, "attribution", "licence"), "LIA-2026-04", "LIA-2026-04")

	night++
	s.put(t, besideList, night, company("three@a.example"))
	s.aside(t, night, strings.Replace(bought("Mallitieto", "2027-09-30"), "purchased", "found", 1))
	s.finish(t, night, pipelines.Part)
	if code := s.stoppedFor(t, night); code != "UOMA-LND-SIDECAR" {
		t.Error(code)
	}
	same(t, "what was loaded stays", s.addresses(t), "one@a.example", "two@a.example")

	night++ // nothing comes, and no fault it is
	s.finish(t, night, pipelines.Finished)
	same(t, "providers", s.cells(t, "attribution", "provider"), "Mallitieto", "Mallitieto")

	night++ // the same list, under another licence
	s.put(t, besideList, night, company("one@a.example"), company("two@a.example"))
	s.aside(t, night, bought("Tietotalo", night.String()))
	s.finish(t, night, pipelines.Finished)
	same(t, "providers", s.cells(t, "attribution", "provider"), "Tietotalo", "Tietotalo")
	s.mustApply(t, night)
	same(t, "behind the end of the licence", s.addresses(t))
}

// TestAListOfBansIsNotHeldUp bans everybody of a list: a list of bans looks just so, and none of them waits. Of a list that was filled
// by mistake the next one brings back whom it lost.
func TestAListOfBansIsNotHeldUp(t *testing.T) {
	t.Parallel()
	s := withLists(t)
	var good, bans, providers []string
	for i := range 8 {
		mail := fmt.Sprintf("n%d@a.example", i)
		row := strings.Replace(company(mail), "Seinäjoki", "Vaasa", 1) // the list is no UTF-8
		good, providers = append(good, row), append(providers, "Mallitieto")
		bans = append(bans, strings.Replace(row, ";62010;;;;", ";62010;;;x;", 1))
	}
	for n, tt := range []struct{ rows, want []string }{{good, providers}, {bans, nil}, {good, providers}} {
		night := firstNight + canon.Date(n)
		s.put(t, besideList, night, tt.rows...)
		s.aside(t, night, bought("Mallitieto", "2027-09-30"))
		s.finish(t, night, pipelines.Finished)
		same(t, fmt.Sprint("rows of night ", n), s.current(t, "attribution", "provider"), tt.want...)
	}
}

// TestASidecarComesOverTheNetwork with its list, by the same transport.
func TestASidecarComesOverTheNetwork(t *testing.T) {
	for name, at := range map[string]func(t *testing.T, s tiny) (settings string, put func(name string, text []byte)){
		"sftp": func(t *testing.T, s tiny) (string, func(string, []byte)) {
			sshd := sftptest.Start(t)
			write(t, filepath.Join(s.dir, workspace.KeysDir, "lists"), []byte(sshd.Key))
			return fmt.Sprintf(`{url: "sftp://%s@%s", host_keys: ["%s"], key: file:keys/lists}`, sshd.User, sshd.Addr, sshd.HostKey),
				func(name string, text []byte) { write(t, filepath.Join(sshd.Dir, name), text) }
		},
		"https": func(t *testing.T, s tiny) (string, func(string, []byte)) {
			authority, served := tlstest.NewAuthority(t), t.TempDir()
			write(t, filepath.Join(s.dir, workspace.KeysDir, "web.crt"), authority.PEM)
			return fmt.Sprintf(`{url: "https://%s", ca: keys/web.crt, networks: [127.0.0.0/8]}`, authority.Serve(t, http.FileServer(http.Dir(served)))),
				func(name string, text []byte) { write(t, filepath.Join(served, name), text) }
		},
		"s3": func(t *testing.T, s tiny) (string, func(string, []byte)) {
			bucket := s3test.Start(t)
			t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
			bucket.MakeBucket(t, "lists")
			write(t, filepath.Join(s.dir, workspace.KeysDir, "s3.crt"), bucket.CA)
			out, err := s3.OpenDrop(t.Context(), s3.Settings{Bucket: "lists", Prefix: "in", Endpoint: "https://" + bucket.Addr, Region: s3test.Region, PathStyle: true, CA: bucket.CA})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { out.Close() }) // idle connections only
			return fmt.Sprintf(`{url: "s3://lists/in", endpoint: "https://%s", region: %s, path_style: true, ca: keys/s3.crt}`, bucket.Addr, s3test.Region),
				func(name string, text []byte) {
					err := out.Stage(name, func(w io.Writer) error {
						_, err := w.Write(text)
						return err
					})
					if err := errors.Join(err, out.Publish(name)); err != nil {
						t.Fatal(err)
					}
				}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withLists(t)
			settings, put := at(t, s)
			s.set(t, "inboxes: {external-lists: "+settings+"}")
			file := filepath.Base(s.export(besideList, firstNight))
			put(file, []byte(s.feeds[besideList]+"\n"+company("one@a.example")+"\n"))
			s.finish(t, firstNight, pipelines.Part)
			if code := s.stoppedFor(t, firstNight); code != "UOMA-LND-SIDECAR-NONE" {
				t.Error(code)
			}
			put(file+".meta.json", []byte(bought("Mallitieto", "2027-09-30")))
			s.finish(t, firstNight, pipelines.Finished)
			same(t, "providers", s.cells(t, "attribution", "provider"), "Mallitieto")
			same(t, "addresses", s.addresses(t), "one@a.example")
		})
	}
}
