package upsert_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"uoma/connectors/blob"
	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/dataverse"
	"uoma/connectors/outbox"
	"uoma/connectors/remote"
	"uoma/connectors/resttest"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
	"uoma/internal/tlstest"
	"uoma/pipelines/upsert"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

const key = "0012345-KANARIALINTU"

func rows(n int, name string) func(yield func(dataverse.Row, error) bool) {
	return func(yield func(dataverse.Row, error) bool) {
		for i := range n {
			if !yield(dataverse.Row{Token: fmt.Sprintf("token%d", i), Digest: "digest of " + name, Key: []string{fmt.Sprintf("%s%d", key, i)}, Cells: []string{name}}, nil) {
				return
			}
		}
	}
}

// TestThreat_T42_AJournalOnDiskOutlivesItsRun loses the service in the middle of a run at each of its requests; the next run,
// with fewer rows and a journal opened anew, finds what arrived. No key stands anywhere unencrypted.
func TestThreat_T42_AJournalOnDiskOutlivesItsRun(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		book, err := outbox.Open(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		work, err := blob.Open(dir, id, bytes.Repeat([]byte{3}, 32))
		if err != nil {
			t.Fatal(err)
		}
		defer work.Close()
		for _, at := range []int64{1, 2, 7, 13} {
			target := fmt.Sprintf("crm%d", at)
			var asked, lost atomic.Int64
			server := &resttest.DataverseTables{Tables: map[string]*resttest.DataverseTable{"contacts": {Key: "contactid", Alternate: []string{"seamk_studentnumber"},
				Columns: map[string]string{"firstname": "text:50", "seamk_studentnumber": "text:50"}}}}
			server.Every = func(string, string) bool { return asked.Add(1) >= lost.Load() && lost.Load() > 0 }
			s := service(t, server)
			run := func(n int, name string) (dataverse.Outcome, error) {
				w, err := dataverse.NewWriter(s, dataverse.Table{Set: "contacts", ID: "contactid", Key: []string{"seamk_studentnumber"}, Way: dataverse.Upsert, Gone: dataverse.Clear,
					Columns: []dataverse.Column{{Name: "firstname", Kind: dataverse.Text}}}, upsert.NewJournal(book, work, target, "run"), 100)
				if err != nil {
					t.Fatal(err)
				}
				return w.Write(ctx, rows(n, name))
			}
			lost.Store(at)
			if out, err := run(12, "Eino"); at <= 12 && fault.Code(err) != "UOMA-SRC-UNREACHABLE" {
				t.Fatalf("%+v, %v", out, err)
			}
			plain(t, dir)
			lost.Store(0)
			out, err := run(9, "Eino")
			if err != nil || at <= 12 && out.Gone != out.Found-min(out.Found, 9) {
				t.Errorf("lost at %d: %+v, %v", at, out, err)
			}
			_, before := server.Count("contacts")
			if out, err := run(9, "Eino"); err != nil || out.Unchanged != 9 {
				t.Errorf("lost at %d, later: %+v, %v", at, out, err)
			}
			if _, now := server.Count("contacts"); now != before {
				t.Error("rows are sent again")
			}
			for i, r := range server.All("contacts") {
				if stays := i < 9; stays != (r["firstname"] == "Eino") {
					t.Errorf("lost at %d: row %d is %v", at, i, r)
				}
			}
		}
		if left, err := filepath.Glob(filepath.Join(dir, "upsert-*")); err != nil || len(left) != 0 {
			t.Errorf("%v are left, %v", left, err)
		}
		all, err := book.SentRows(ctx, "crm1")
		if err != nil || len(all) != 9 {
			t.Errorf("%d rows in the book, %v", len(all), err)
		}
		if _, err := db.ExecContext(ctx, "UPDATE `sent_row` SET `state` = 'intended' WHERE `token` = 'token0' AND `target` = 'crm1'"); err != nil {
			t.Fatal(err)
		}
		if _, err := upsert.NewJournal(book, work, "crm1", "run").Pending(ctx); fault.Code(err) != "UOMA-CRM-KEYS" {
			t.Errorf("keys that are gone: %v", err)
		}
	})
}

// plain looks for the key of a row in every file.
func plain(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if bytes.Contains(b, []byte(key)) {
			t.Errorf("%s shows a key", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func service(t *testing.T, h *resttest.DataverseTables) *dataverse.Service {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	addr := authority.Serve(t, h)
	s, err := dataverse.Open(t.Context(), dataverse.Settings{Rate: 1e6, Server: remote.Server{URL: "https://" + addr + "/api/data/v9.2", CA: authority.PEM,
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Retry: remote.Retry{Base: time.Millisecond},
		Credentials: remote.Credentials{OAuth: &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: resttest.ID, Secret: resttest.Secret}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // idle connections only
	return s
}
