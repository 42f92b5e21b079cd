package sftp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"uoma/connectors/drop"
	"uoma/connectors/drop/droptest"
	"uoma/connectors/remote"
	"uoma/connectors/sftp"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/fault"
)

func TestMain(m *testing.M) {
	droptest.Child(func(text string) (drop.Place, error) {
		var server sftptest.Server
		var key string
		if err := json.Unmarshal([]byte(text), &struct {
			*sftptest.Server
			Key *string
		}{&server, &key}); err != nil {
			return nil, err
		}
		server.Key = remote.Secret(key)
		return sftp.OpenDrop(context.Background(), settings(&server))
	})
	os.Exit(m.Run())
}

// TestThreat_T29_AFileIsLaidAtAServerWholeOrNotAtAll holds a folder of OpenSSH's server to the contract of every place, with and
// without its own rename.
func TestThreat_T29_AFileIsLaidAtAServerWholeOrNotAtAll(t *testing.T) {
	for name, options := range map[string][]string{"with posix-rename": nil, "without": {"-P", "posix-rename"}} {
		t.Run(name, func(t *testing.T) {
			server := sftptest.Start(t, options...)
			_, strange := sftptest.NewKey(t)
			child, err := json.Marshal(struct {
				*sftptest.Server
				Key string
			}{server, string(server.Key)})
			if err != nil {
				t.Fatal(err)
			}
			at := func(change func(*sftp.Settings)) func(context.Context) (drop.Place, error) {
				s := settings(server)
				s.Idle, s.Retry = droptest.Idle, remote.Retry{Base: 10 * time.Millisecond}
				change(&s)
				return func(ctx context.Context) (drop.Place, error) { return sftp.OpenDrop(ctx, s) }
			}
			droptest.Run(t, droptest.Subject{
				Open: func(ctx context.Context, addr string) (drop.Place, error) {
					return at(func(s *sftp.Settings) { s.Address = addr })(ctx)
				},
				Addr: server.Addr, Good: options != nil, Tree: droptest.Tree{Dir: server.Dir}, Child: string(child),
				Wrong: map[string]droptest.Wrong{
					"host key": {Code: "UOMA-SRC-HOST-KEY", Open: at(func(s *sftp.Settings) { s.HostKeys = []string{strange} })},
					"user":     {Code: "UOMA-SRC-LOGIN", Open: at(func(s *sftp.Settings) { s.User = "nobody-here" })},
					"folder":   {Code: "UOMA-DRP-FOLDER", Open: at(func(s *sftp.Settings) { s.Folder = filepath.Join(server.Dir, "none") })},
				},
			})
		})
	}
}

// TestAServerThatTakesNoFile is told at once and as what it is, not as a line that is bad.
func TestAServerThatTakesNoFile(t *testing.T) {
	for name, tt := range map[string]struct {
		options []string
		folder  string
		code    string
	}{
		"read only":         {[]string{"-R"}, "", "UOMA-SRC-DENIED"},
		"no such folder":    {nil, "none", "UOMA-DRP-FOLDER"},
		"no way to write":   {[]string{"-P", "write"}, "", "UOMA-SRC-DENIED"},
		"no way to give it": {[]string{"-P", "rename"}, "", "UOMA-SRC-DENIED"},
		"open to others":    {[]string{"-P", "fsetstat", "-u", "027"}, "", "UOMA-DRP-WRITE"},
	} {
		t.Run(name, func(t *testing.T) {
			server := sftptest.Start(t, tt.options...)
			s := settings(server)
			s.Folder = tt.folder
			s.Retry = remote.Retry{Base: time.Hour} // it is not tried again
			d, err := sftp.OpenDrop(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close() // nothing was read
			err = d.Stage("x.csv", func(w io.Writer) error {
				_, err := io.WriteString(w, "x")
				return err
			})
			if err == nil {
				err = d.Publish("x.csv")
			}
			if fault.Code(err) != tt.code {
				t.Error(err)
			}
		})
	}
}

// TestThreat_T32_FilesAreTheirOwnersAlone looks at the mode that a file has at a server which makes files for everybody, and at
// one that lets nobody change a mode but makes files private.
func TestThreat_T32_FilesAreTheirOwnersAlone(t *testing.T) {
	for name, options := range map[string][]string{"for everybody": {"-u", "000"}, "private": {"-P", "fsetstat", "-u", "077"}} {
		t.Run(name, func(t *testing.T) {
			server := sftptest.Start(t, options...)
			d, err := sftp.OpenDrop(t.Context(), settings(server))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close() // nothing was read
			mode := func(name string) os.FileMode {
				info, err := os.Stat(filepath.Join(server.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return info.Mode()
			}
			err = d.Stage("x.csv", func(w io.Writer) error {
				if m := mode(drop.Beside("x.csv")); m != 0o600 {
					t.Errorf("%v before its first byte", m)
				}
				_, err := io.WriteString(w, "x")
				return err
			})
			if err = errors.Join(err, d.Publish("x.csv")); err != nil || mode("x.csv") != 0o600 {
				t.Errorf("%v, %v", mode("x.csv"), err)
			}
		})
	}
}
