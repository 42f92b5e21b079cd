package nightly_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/canon"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// network is a site three of whose systems lie on servers: peppi (CSV) on SFTP, reportronic (XLSX) on S3, and
// student-register (ZIP) on HTTPS, each behind a line that can go bad.
type network struct {
	site
	sftp, s3, https *faultproxy.Proxy
}

// online moves the exports of a site to servers.
func online(t *testing.T, s site) network {
	t.Helper()
	sshd, bucket, authority := sftptest.Start(t), s3test.Start(t), tlstest.NewAuthority(t)
	served := t.TempDir()
	n := network{site: s, sftp: faultproxy.New(t, sshd.Addr), s3: faultproxy.New(t, bucket.Addr),
		https: faultproxy.New(t, authority.Serve(t, http.FileServer(http.Dir(served))))}
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	bucket.MakeBucket(t, "exports")
	out, err := s3.OpenDrop(t.Context(), s3.Settings{Bucket: "exports", Prefix: "reportronic", Endpoint: "https://" + bucket.Addr, Region: s3test.Region, PathStyle: true, CA: bucket.CA})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // idle connections only
	n.move(t, "peppi", func(name string, b []byte) error { return os.WriteFile(filepath.Join(sshd.Dir, name), b, 0o600) })
	n.move(t, "student-register", func(name string, b []byte) error { return os.WriteFile(filepath.Join(served, name), b, 0o600) })
	n.move(t, "reportronic", func(name string, b []byte) error {
		err := out.Stage(name, func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		})
		return errors.Join(err, out.Publish(name))
	})
	for name, b := range map[string][]byte{"peppi": []byte(sshd.Key), "web.crt": authority.PEM, "s3.crt": bucket.CA} {
		write(t, filepath.Join(s.dir, workspace.KeysDir, name), b)
	}
	s.settings(t, fmt.Sprintf(`inboxes:
  peppi: {url: "sftp://%s@%s", host_keys: ["%s"], key: file:keys/peppi}
  reportronic: {url: "s3://exports/reportronic", endpoint: "https://%s", region: %s, path_style: true, ca: keys/s3.crt}
  student-register: {url: "https://%s", ca: keys/web.crt, networks: [127.0.0.0/8]}
`, sshd.User, n.sftp.Addr(), sshd.HostKey, n.s3.Addr(), s3test.Region, n.https.Addr()))
	return n
}

// move takes the exports of a system out of the inbox.
func (n network) move(t *testing.T, system string, put func(name string, b []byte) error) {
	t.Helper()
	dir := filepath.Join(n.campus, "inbox", system)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d exports of %s, %v", len(entries), system, err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := put(e.Name(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

// run runs a night with little patience.
func (n network) run(t *testing.T, ctx context.Context, date canon.Date) (out pipelines.Outcome, err error) {
	t.Helper()
	ws, err := workspace.Open(t.Context(), n.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ws.Patience = remote.Retry{Base: 5 * time.Millisecond}
	return n.execute(ctx, ws, newRun(date))
}

// TestExportsOfANetworkGiveTheSameNight compares a night over good and bad lines with one over the same files in a folder.
func TestExportsOfANetworkGiveTheSameNight(t *testing.T) {
	local := newSite(t, databasetest.OnSQLite)
	over := online(t, local.again(t))
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for n, f := range []faultproxy.Faults{{}, {Cut: 64 << 10, How: faultproxy.Reset}} {
		date := firstNight + canon.Date(n)
		local.finish(t, date, pipelines.Finished)
		if out, log, err := over.attempt(t, date, true); err != nil || out.State != pipelines.Finished {
			t.Errorf("%s: the dry run ended %q, %v\n%s", date, out.State, err, log)
		}
		for _, p := range []*faultproxy.Proxy{over.sftp, over.s3, over.https} {
			p.Set(f)
		}
		out, err := over.run(t, t.Context(), date)
		if err != nil || out.State != pipelines.Finished {
			t.Fatalf("%s ended %q, %v: %v", date, out.State, err, codes(t, out))
		}
		want, got := local.outcome(t, "nightly-"+date.String()), over.outcome(t, "nightly-"+date.String())
		if want.register != got.register || want.identity != got.identity || want.quarantine != got.quarantine {
			t.Errorf("%s: the night over the network differs", date)
		}
		for _, dir := range []string{temp, over.Work()} {
			for name := range files(t, dir, nil) {
				t.Errorf("%s: %s is left", date, name)
			}
		}
	}
}

// Work gives the folder of spools.
func (s site) Work() string { return filepath.Join(s.dir, workspace.WorkDir) }

// codes gives why feeds did not land, by system.
func codes(t *testing.T, out pipelines.Outcome) map[string]string {
	t.Helper()
	var landed nightly.LandFacts
	facts(t, out, "land", &landed)
	got := map[string]string{}
	for _, f := range landed.Feeds {
		if f.Code != "" && f.Code != "UOMA-LND-SIBLING" {
			got[canon.SystemOf(f.Feed)] = f.Code
		}
	}
	return got
}

// TestThreat_T49_SourcesThatDoNotAnswerStopAlone loses each server in turn: its system is named as failed, nobody of it is
// removed, the others land, and the same date runs again when the server is back.
func TestThreat_T49_SourcesThatDoNotAnswerStopAlone(t *testing.T) {
	over := online(t, newSite(t, databasetest.OnSQLite))
	if out, err := over.run(t, t.Context(), firstNight); err != nil || out.State != pipelines.Finished {
		t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
	}
	for _, lost := range []struct {
		feed   string
		line   *faultproxy.Proxy
		faults faultproxy.Faults
	}{
		{"peppi/alumnit", over.sftp, faultproxy.Faults{Cut: 8000, How: faultproxy.Close}}, // it still lets us in
		{"reportronic/henkilosto", over.s3, faultproxy.Faults{Refuse: true}},
		{"student-register/opiskeluoikeudet", over.https, faultproxy.Faults{Cut: 1000, How: faultproxy.HalfClose}},
	} {
		before := over.rowsOf(t, lost.feed)
		lost.line.Set(lost.faults)
		out, err := over.run(t, t.Context(), firstNight+1)
		lost.line.Set(faultproxy.Faults{})
		if got := codes(t, out); err != nil || out.State != pipelines.Part || len(got) != 1 || got[canon.SystemOf(lost.feed)] != "UOMA-SRC-UNREACHABLE" {
			t.Errorf("%s: ended %q, %v: %v", lost.feed, out.State, err, got)
		}
		if now := over.rowsOf(t, lost.feed); len(before) == 0 || !maps.Equal(before, now) {
			t.Errorf("%s had %d rows and has %d", lost.feed, len(before), len(now))
		}
	}
	if out, err := over.run(t, t.Context(), firstNight+1); err != nil || out.State != pipelines.Finished {
		t.Errorf("when all are back: ended %q, %v: %v", out.State, err, codes(t, out))
	}
}

// TestAStoppedRunDoesNotBlameTheSource cancels a night while an export is under way.
func TestAStoppedRunDoesNotBlameTheSource(t *testing.T) {
	over := online(t, newSite(t, databasetest.OnSQLite))
	over.sftp.Set(faultproxy.Faults{Cut: 1, How: faultproxy.Stall})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for over.sftp.Connections() == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	out, err := over.run(t, ctx, firstNight)
	if err == nil || out.State == pipelines.Part || out.State == pipelines.Finished {
		t.Errorf("ended %q, %v", out.State, err)
	}
}

// far is an inbox whose files lie far away: they cannot be read here and there. seen is called when one of them
// has been read to its end.
type far struct {
	nightly.Inbox
	seen func(name string)
}

func (w far) Open(ctx context.Context) (nightly.Files, error) {
	in, err := w.Inbox.Open(ctx)
	return farFiles{in, w.seen}, err
}

type farFiles struct {
	nightly.Files
	seen func(name string)
}

func (w farFiles) Open(name string) (fs.File, error) {
	f, err := w.Files.Open(name)
	if err != nil {
		return nil, err
	}
	return &farFile{f, func() { w.seen(name) }, 0}, nil
}

type farFile struct {
	file  fs.File
	seen  func()
	stats int
}

func (w *farFile) Read(p []byte) (int, error) { return w.file.Read(p) }
func (w *farFile) Close() error               { return w.file.Close() }
func (w *farFile) Stat() (fs.FileInfo, error) {
	if w.stats++; w.stats > 1 {
		w.seen()
	}
	return w.file.Stat()
}

// TestThreat_T32_CopiesOfExportsAreEncrypted looks at the work folder while formats that jump about read their copies.
func TestThreat_T32_CopiesOfExportsAreEncrypted(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	var copies atomic.Int64
	s.at(t, func(ws *workspace.Workspace) {
		pack, layouts := documents(t, ws, firstNight)
		j := ws.NewJournal("test", "", pack.Digest())
		r := newRun(firstNight)
		ctx, err := j.Hold(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Free(context.Background())
		look := func(name string) {
			if ext := path.Ext(name); ext != ".xlsx" && ext != ".zip" {
				return
			}
			for _, f := range workFiles(t, s.Work()) {
				if !bytes.HasPrefix(f, []byte("age-encryption.org/v1\n")) {
					t.Errorf("while %s is read, a file of work/ begins with %.4q", name, f)
				}
				copies.Add(1)
			}
		}
		n := nightly.New(ws, layouts, pack, far{nightly.InboxOf{Workspace: ws}, look}, j.Check)
		defer n.Close()
		if out, err := pipelines.Execute(ctx, r, n.Stages(), j); err != nil || out.State != pipelines.Finished {
			t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
		}
	})
	if copies.Load() == 0 {
		t.Error("no copy was seen, so the test says nothing")
	}
	for name := range files(t, s.Work(), nil) {
		t.Errorf("work/%s is left", name)
	}
}

// workFiles gives the files of a folder, those that go while we look left out, and those of which nothing is written yet.
func workFiles(t *testing.T, dir string) (out [][]byte) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
				out = append(out, b)
			}
		}
		return nil
	})
	return out
}
