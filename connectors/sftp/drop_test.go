package sftp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"uoma/internal/faultproxy"
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

// TestNobodysFileIsReplaced has somebody make a file of the same name at any moment while ours gets it, over a line on which that
// takes long: whoever is second is told.
func TestNobodysFileIsReplaced(t *testing.T) {
	server := sftptest.Start(t)
	line := faultproxy.New(t, server.Addr)
	s := settings(server)
	s.Address, s.Idle = line.Addr(), droptest.Idle
	d, err := sftp.OpenDrop(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // nothing was read
	line.Set(faultproxy.Faults{Latency: 10 * time.Millisecond})
	first := map[string]int{}
	for i := range 25 {
		name := fmt.Sprintf("%d.csv", i)
		if err := d.Stage(name, func(w io.Writer) error {
			_, err := io.WriteString(w, "ours")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		theirs, delay := make(chan error), time.Duration(i*i)*time.Millisecond/2
		go func() {
			time.Sleep(delay)
			file, err := os.OpenFile(filepath.Join(server.Dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err == nil {
				_, err = file.WriteString("theirs")
				err = errors.Join(err, file.Close())
			}
			theirs <- err
		}()
		ours, want := d.Publish(name), "ours"
		if err := <-theirs; err == nil {
			want = "theirs"
		}
		first[want]++
		if got, err := os.ReadFile(filepath.Join(server.Dir, name)); err != nil || string(got) != want || errors.Is(ours, drop.ErrExists) != (want == "theirs") {
			t.Errorf("after %v %q lies there instead of %q, and we were told %v, %v", delay, got, want, ours, err)
		}
	}
	if len(first) != 2 {
		t.Errorf("the same was first each time: %v", first)
	}
}
