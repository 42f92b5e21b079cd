package custody_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/layout"
)

// TestAListOfHoldersComesByEveryTransport: the list of a day is read where it lies, also from a server that lists nothing, and
// nothing of it stays, neither in the workspace nor in the machine's temporary folder. A day without a list is told as such.
func TestAListOfHoldersComesByEveryTransport(t *testing.T) {
	const line = "0004123377;10.11.2026 09:15:00;10.11.2026 10:00:00;canary1@home.example;K;MYL\r\n"
	for _, kind := range []string{"csv", "xlsx"} {
		list := []byte(cardHeader + line)
		if kind == "xlsx" { // is read here and there, and so copied first: into memory
			list = workbookOf(t, cardHeader+line)
		}
		t.Run(kind, func(t *testing.T) { comesByEveryTransport(t, kind, list) })
	}
}

// workbookOf makes a workbook of lines of text, all of whose cells are texts.
func workbookOf(t *testing.T, text string) []byte {
	t.Helper()
	w := excelize.NewFile()
	defer w.Close() // it is in memory
	for i, line := range strings.Split(strings.TrimSpace(text), "\r\n") {
		cells := strings.Split(line, ";")
		must(t, w.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells))
	}
	b, err := w.WriteToBuffer()
	must(t, err)
	return b.Bytes()
}

func comesByEveryTransport(t *testing.T, kind string, list []byte) {
	name, absent := "tilapaiskortit_20261110."+kind, "tilapaiskortit_20261111."+kind
	for transport, lay := range map[string]func(t *testing.T, keys string) string{
		"sftp": func(t *testing.T, keys string) string {
			sshd := sftptest.Start(t)
			must(t, os.WriteFile(filepath.Join(sshd.Dir, name), list, 0o600))
			must(t, os.WriteFile(filepath.Join(keys, "doors"), []byte(sshd.Key), 0o600))
			return fmt.Sprintf(`{url: "sftp://%s@%s", host_keys: ["%s"], key: file:keys/doors}`, sshd.User, sshd.Addr, sshd.HostKey)
		},
		"s3": func(t *testing.T, keys string) string {
			bucket := s3test.Start(t)
			t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
			bucket.MakeBucket(t, "lists")
			out, err := s3.OpenDrop(t.Context(), s3.Settings{Bucket: "lists", Prefix: "doors", Endpoint: "https://" + bucket.Addr, Region: s3test.Region, PathStyle: true, CA: bucket.CA})
			must(t, err)
			defer out.Close() // idle connections only
			must(t, errors.Join(out.Stage(name, func(w io.Writer) error {
				_, err := w.Write(list)
				return err
			}), out.Publish(name)))
			must(t, os.WriteFile(filepath.Join(keys, "web.crt"), bucket.CA, 0o600))
			return fmt.Sprintf(`{url: "s3://lists/doors", endpoint: "https://%s", region: %s, path_style: true, ca: keys/web.crt}`, bucket.Addr, s3test.Region)
		},
		"https": func(t *testing.T, keys string) string {
			served, authority := t.TempDir(), tlstest.NewAuthority(t)
			must(t, os.WriteFile(filepath.Join(served, name), list, 0o600))
			must(t, os.WriteFile(filepath.Join(keys, "web.crt"), authority.PEM, 0o600))
			return fmt.Sprintf(`{url: "https://%s", ca: keys/web.crt, networks: [127.0.0.0/8]}`, authority.Serve(t, http.FileServer(http.Dir(served))))
		},
	} {
		t.Run(transport, func(t *testing.T) {
			s := newSite(t, databasetest.OnSQLite)
			inbox := filepath.Join(filepath.Dir(s.dir), "inbox")
			must(t, os.MkdirAll(inbox, 0o700))
			server := lay(t, filepath.Join(s.dir, workspace.KeysDir))
			s.settings(t, first+"inbox: ../inbox\nsystems: [access-control]\ninboxes:\n  access-control: "+server+"\n")
			must(t, os.WriteFile(filepath.Join(s.dir, workspace.OperatorsFile), []byte(examPeople), 0o600))
			if kind == "xlsx" {
				text, err := layout.ShippedSource("access-control.yaml")
				must(t, err)
				text = []byte(strings.NewReplacer("tilapaiskortit_{yyyyMMdd}.csv", "tilapaiskortit_{yyyyMMdd}.xlsx",
					"{type: csv, delimiter: \";\", encoding: windows-1252}\n  drop: [Aula]", "{type: xlsx}\n  drop: [Aula]").Replace(string(text)))
				must(t, os.WriteFile(filepath.Join(s.dir, workspace.LayoutDir, "access-control.yaml"), text, 0o600))
			}
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			ws := s.open(t)
			defer ws.Close()
			ws.Patience = remote.Retry{Base: 5 * time.Millisecond}
			ctx := t.Context()
			row := func(table, source, key, columns string, values ...any) {
				t.Helper()
				_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `"+table+"` (`source`, `source_key`, `seq`, `record`, `category`, `legal_basis`, `first_seen_run`, "+columns+
					") VALUES (?, ?, 0, ?, 'c', '6(1)(e)', 'n1'"+strings.Repeat(", ?", len(values))+")", append([]any{source, key, key}, values...)...)
				must(t, err)
			}
			for i, id := range []string{"listed", "unlisted"} {
				day := time.Date(2026, 11, 10+i, 7, 0, 0, 0, time.UTC)
				at := func(minutes int) int64 { return day.Add(time.Duration(minutes) * time.Minute).UnixMicro() }
				row("recording", "axis/recordings", fmt.Sprintf("%025d0", 10+i), "`key`, `camera`, `start`, `end`, `hold`", ws.SourceTokens().Token("key", "axis", "recording", id), "ACCC8E", at(0), at(60), 1)
				record := fmt.Sprintf("%025d0", i)
				row("access", "access-control/events", record, "`time`, `door`, `card`", at(30), "MYL-AQ-D1", ws.SourceTokens().Token("key", "access-control", "card", "0004123377"))
				_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `link` (`record`, `person`, `since_run`) VALUES (?, ?, 'n1')", record, workspace.PersonOf(ws.Persons(), record))
				must(t, err)
			}
			for id, want := range map[string]string{"listed": "canary1@home.example", "unlisted": ""} {
				r, err := custody.RequestRecording(ctx, ws, "axis", id, "misconduct", "METRO-13", time.Hour, as("lecturer", 0))
				must(t, err)
				_, err = custody.Approve(ctx, ws, r.Number, as("administrator", 0))
				must(t, err)
				people, missed, err := custody.Show(ctx, ws, r.Number, as("lecturer", 0), openList)
				must(t, err)
				var holders []string
				for _, p := range people {
					for _, c := range p.Cards {
						holders = append(holders, c.Holder)
					}
				}
				if len(people) != 1 || strings.Join(holders, " ") != want {
					t.Errorf("%s: %d people, holders %q: %v", id, len(people), holders, missed)
				}
				if want == "" && (len(missed) != 1 || fault.Code(missed[0]) != "UOMA-RVL-HOLDERS-NONE" || missed[0].Place.File != "access-control/"+absent) || want != "" && len(missed) > 0 {
					t.Errorf("%s: %v", id, missed)
				}
			}
			for _, dir := range []string{s.dir, inbox, temp} {
				for path, text := range tree(t, dir) {
					if dir == temp || strings.Contains(text, "canary") {
						t.Errorf("%s is left, or has a holder", path)
					}
				}
			}
			for table, rows := range workspacetest.Dump(t, ws.RegisterDB) {
				if strings.Contains(rows, "canary") {
					t.Errorf("a holder is in the table %s", table)
				}
			}
		})
	}
}
