package nightly_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestQuarantinedRowLeavesWhatStood damages one person's row for a night: what is known of the person stays.
func TestQuarantinedRowLeavesWhatStood(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for name, damage := range map[string]func(rows [][]byte) [][]byte{
			"a required field is missing": func(rows [][]byte) [][]byte {
				cells := bytes.Split(rows[2], []byte(";"))
				cells[3] = nil
				rows[2] = bytes.Join(cells, []byte(";"))
				return rows
			},
			"a second row has the key": func(rows [][]byte) [][]byte {
				rows[3] = bytes.Replace(rows[2], []byte(";fi;fi;"), []byte(";fi;sv;"), 1)
				return rows
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := newSite(t, on)
				text, err := os.ReadFile(s.export(peppiFile, firstNight))
				if err != nil {
					t.Fatal(err)
				}
				lines := bytes.SplitAfter(text, []byte("\n"))
				write(t, s.export(peppiFile, firstNight+1), bytes.Join(damage(bytes.SplitAfter(bytes.Clone(text), []byte("\n"))), nil))
				write(t, s.export(peppiFile, firstNight+2), bytes.Join(lines, nil))
				feed := "peppi/alumnit"
				s.finish(t, firstNight, pipelines.Finished)
				before := s.rowsOf(t, feed)
				s.finish(t, firstNight+1, pipelines.Finished)
				lost := maps.Clone(before)
				for k := range s.rowsOf(t, feed) {
					delete(lost, k)
				}
				if len(lost) > 1 { // the row that the second one took the place of
					t.Errorf("%d rows are gone for one that is wrong", len(lost))
				}
				if name == "a required field is missing" && len(lost) > 0 {
					t.Error("a row that is wrong tonight took away what was right last night")
				}
				s.finish(t, firstNight+2, pipelines.Finished)
				if !maps.Equal(before, s.rowsOf(t, feed)) {
					t.Error("the sound night after ends otherwise")
				}
			})
		}
	})
}

func (s site) rowsOf(t *testing.T, feed string) (rows map[string]bool) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) { rows = sourceRows(t, &ws.Register.View, register.Current)[feed] })
	return rows
}

// TestGuardRaisedForOneNight follows the hint of a stopped source: the same date is run again with a wider guard.
func TestGuardRaisedForOneNight(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		cut(t, s.export(crmFile, firstNight+1), 50)
		s.finish(t, firstNight+1, pipelines.Part)
		shipped, err := os.ReadFile(filepath.Join("..", "..", "transforms", "layout", "shipped", "dynamics365.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		wide := strings.Replace(string(shipped), "  key: [contactid]\n", "  key: [contactid]\n  guard: {removed: 100, shrink: 100}\n", 1)
		write(t, filepath.Join(s.dir, "layouts", "dynamics365.yaml"), []byte(wide))
		s.finish(t, firstNight+1, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+1).String()) })
	})
}

// TestThreat_T31_StaleLeaseIsTakenOver lets a program that sleeps through its lease wake up after another one did its
// work: it writes nothing more.
func TestThreat_T31_StaleLeaseIsTakenOver(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		var after outcome
		s.at(t, func(ws *workspace.Workspace) {
			r := newRun(firstNight)
			r.Progress = sleeper{func() {
				later := newRun(firstNight)
				later.Now = func() time.Time { return time.Now().Add(2 * ledger.LeaseTime) }
				s.at(t, func(other *workspace.Workspace) {
					if out, err := s.execute(context.Background(), other, later); err != nil || out.State != pipelines.Finished {
						t.Errorf("the second program ended %q: %v", out.State, err)
					}
				})
				after = s.outcome(t, r.ID())
			}}
			if _, err := s.execute(context.Background(), ws, r); err == nil {
				t.Error("the program that lost its lease committed its night")
			}
		})
		if got := s.outcome(t, "nightly-"+firstNight.String()); got != after {
			t.Errorf("the program that lost its lease changed%s", got.unlike(after))
		}
	})
}

// sleeper does something between protect and load.
type sleeper struct{ sleep func() }

func (sleeper) Begin(string)          {}
func (sleeper) Advance(int64, string) {}
func (s sleeper) End(stage string, _ time.Duration) {
	if stage == "protect" {
		s.sleep()
	}
}

// TestThreat_T05_ExportThatGrowsWhileItIsRead appends to exports between two reads of them.
func TestThreat_T05_ExportThatGrowsWhileItIsRead(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		before := s.registerDigest(t)
		s.at(t, func(ws *workspace.Workspace) {
			date := firstNight + 1
			pack, layouts := documents(t, ws, date)
			j := ws.NewJournal("test", "", pack.Digest())
			r := newRun(date)
			ctx, err := j.Hold(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			defer j.Free(context.Background())
			n := nightly.New(ws, layouts, pack, growing{nightly.InboxOf{Workspace: ws}, ws.InboxPath()}, j.Check)
			defer n.Close()
			out, err := pipelines.Execute(ctx, r, n.Stages(), j)
			if err != nil {
				t.Fatal(err)
			}
			var landed nightly.LandFacts
			facts(t, out, "land", &landed)
			for _, f := range landed.Feeds {
				if f.Code == "" {
					t.Errorf("%s landed although its export grew", f.Feed)
				}
			}
		})
		if s.registerDigest(t) != before {
			t.Error("exports that grew changed the register")
		}
	})
}

// growing is an inbox of which every file grows as soon as somebody reads it.
type growing struct {
	nightly.Inbox
	dir string
}

func (g growing) Open(ctx context.Context) (nightly.Files, error) {
	in, err := g.Inbox.Open(ctx)
	return growingFiles{in, g.dir}, err
}

type growingFiles struct {
	nightly.Files
	dir string
}

func (g growingFiles) Open(name string) (fs.File, error) {
	f, err := g.Files.Open(name)
	if err != nil {
		return nil, err
	}
	return &growingFile{File: f, path: filepath.Join(g.dir, name)}, nil
}

type growingFile struct {
	fs.File
	path  string
	grown bool
}

func (g *growingFile) grow() error {
	if g.grown {
		return nil
	}
	g.grown = true
	f, err := os.OpenFile(g.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString("one line more\r\n")
	return err
}

func (g *growingFile) Read(p []byte) (int, error) {
	n, err := g.File.Read(p)
	if gerr := g.grow(); gerr != nil {
		return n, gerr
	}
	return n, err
}

func (g *growingFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := g.File.(io.ReaderAt).ReadAt(p, off)
	if gerr := g.grow(); gerr != nil {
		return n, gerr
	}
	return n, err
}
