package custody_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/layout"
)

const cardHeader = "Kortti_nro;Luovutettu;Palautettu;Haltija_tunnus;Henkilollisyys_tarkistettu;Aula\r\n"

// TestTheListOfTheDayTellsWhoHeldACard reveals recordings that a case keeps, over lists of temporary cards in every condition.
// Lists are read at the reveal alone, of the day and the day before, by the same text of the card that the doors gave; the audit log has
// it; and nothing of it is anywhere in the workspace afterwards (METRO-08, METRO-09, METRO-35).
func TestTheListOfTheDayTellsWhoHeldACard(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		inbox := filepath.Join(filepath.Dir(s.dir), "inbox")
		must(t, os.MkdirAll(filepath.Join(inbox, "access-control"), 0o700))
		s.settings(t, first+"inbox: ../inbox\nsystems: [access-control]\n")
		must(t, os.WriteFile(filepath.Join(s.dir, workspace.OperatorsFile), []byte(examPeople), 0o600))
		ws := workspacetest.Rotate(t, s.dir, now, workspace.IndexTokens, workspace.PersonTokens)
		defer ws.Close()
		ctx := t.Context()
		row := func(table, source, key, columns string, values ...any) {
			t.Helper()
			_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `"+table+"` (`source`, `source_key`, `seq`, `record`, `category`, `legal_basis`, `first_seen_run`, "+columns+
				") VALUES (?, ?, 0, ?, 'c', '6(1)(e)', 'n1'"+strings.Repeat(", ?", len(values))+")", append([]any{source, key, key}, values...)...)
			must(t, err)
		}
		n := 0
		next := func() string { n++; return fmt.Sprintf("%025d0", n) }
		micro := func(text string) int64 {
			at, err := time.Parse(time.RFC3339, text)
			must(t, err)
			return at.UnixMicro()
		}
		recording := func(id, from, to string) {
			row("recording", "axis/recordings", next(), "`key`, `camera`, `start`, `end`, `hold`", ws.SourceTokens().Token("key", "axis", "recording", id), "ACCC8E", micro(from), micro(to), 1)
		}
		passed := func(card, at string) {
			record := next()
			row("access", "access-control/events", record, "`time`, `door`, `card`", micro(at), "MYL-AQ-D1", ws.SourceTokens().Token("key", "access-control", "card", card))
			_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `link` (`record`, `person`, `since_run`) VALUES (?, ?, 'n1')", record, workspace.PersonOf(ws.Persons(), record))
			must(t, err)
		}
		list := func(day, rows string) {
			must(t, os.WriteFile(filepath.Join(inbox, "access-control", "tilapaiskortit_"+day+".csv"), []byte(rows), 0o600))
		}
		// Of the first day: two holders of one card, a number with zeros before it and one with a code, an own card, and a card
		// that nobody held.
		recording("day", "2026-11-10T07:00:00Z", "2026-11-10T10:00:00Z")
		for _, p := range [][2]string{{"0004123377", "07:30:00"}, {"0004123377", "08:00:00"}, {"0004123377", "09:00:00"}, {"123:23377", "09:10:00"},
			{"0004120001", "09:20:00"}, {"0004123378", "09:30:00"}, {"0004123377", "10:00:01"}} {
			passed(p[0], "2026-11-10T"+p[1]+"Z")
		}
		// The first people are known by name, so that the card without a line is their own.
		list("20261110", cardHeader+"0004123377;10.11.2026 09:15:00;10.11.2026 10:00:00;canary1@metropolia.example;K;MYL \xc4ul\xe4\r\n"+
			"0004123377;10.11.2026 10:00:00;10.11.2026 10:59:59;canary2@home.example;E;MYL\r\n"+
			"123:23377;10.11.2026 08:00:00;;canary3@home.example;;MYL\r\n"+
			"4123377;10.11.2026 08:00:00;;canary4@home.example;K;MYL\r\n"+
			"0004123378;10.11.2026 08:00:00;10.11.2026 08:30:00;canary5@home.example;K;MYL\r\n")
		// Clocks were set back: 3:30 came twice. The first holder brought it back at 3:20, in whichever hour.
		recording("clocks", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z")
		passed("0004120007", "2026-10-25T00:30:00Z")
		passed("0004120007", "2026-10-25T02:30:00Z")
		list("20261025", cardHeader+"0004120007;25.10.2026 02:00:00;25.10.2026 03:20:00;canary6@home.example;K;MYL\r\n"+
			"0004120007;25.10.2026 03:25:00;25.10.2026 03:40:00;canary7@home.example;K;MYL\r\n"+
			"0004120007;25.10.2026 04:15:00;;canary8@home.example;K;MYL\r\n"+
			"0004120007;25.10.2026 03:45:00;25.10.2026 03:50:00;canary10@home.example;K;MYL\r\n")
		// Lists that are not there, cannot be read, or not all.
		for day, rows := range map[string]string{"11": "", "12": strings.Replace(cardHeader, "Palautettu", "Takaisin", 1) + "0004120007;12.11.2026 08:00:00;;canary9@home.example;K;MYL\r\n",
			"17": cardHeader + "0004120007;17.11.2026 08:00:00;;canary9@home.example;K;MYL\r\n0004120007;17.11.2026 08:00:00;soon;canary9@home.example;K;MYL\r\n"} {
			recording("of"+day, "2026-11-"+day+"T07:00:00Z", "2026-11-"+day+"T08:00:00Z")
			passed("0004120007", "2026-11-"+day+"T07:30:00Z")
			if rows != "" {
				list("202611"+day, rows)
			}
		}
		// Cards that were out over midnight, of each of which the two days' lists say something else.
		recording("night", "2026-11-06T05:00:00Z", "2026-11-06T10:00:00Z")
		for _, p := range [][2]string{{"0004125001", "06:00:00"}, {"0004125001", "07:30:00"}, {"0004125001", "09:00:00"}, {"0004125002", "06:10:00"},
			{"0004125002", "07:10:00"}, {"0004125003", "06:20:00"}, {"0004125003", "07:20:00"}, {"0004125004", "06:30:00"}, {"0004125005", "06:40:00"}} {
			passed(p[0], "2026-11-06T"+p[1]+"Z")
		}
		list("20261105", cardHeader+"0004125001;5.11.2026 20:00:00;;canary11@home.example;K;MYL\r\n"+
			"0004125002;5.11.2026 21:00:00;6.11.2026 08:30:00;canary12@home.example;K;MYL\r\n"+
			"0004125003;5.11.2026 22:00:00;;canary13@home.example;K;MYL\r\n"+
			"0004125005;5.11.2026 19:00:00;;canary15@home.example;K;MYL\r\n"+
			"0004125005;5.11.2026 20:00:00;5.11.2026 21:00:00;canary16@home.example;K;MYL\r\n")
		list("20261106", cardHeader+"0004125001;6.11.2026 09:00:00;6.11.2026 10:00:00;canary14@home.example;K;MYL\r\n"+
			"0004125003;5.11.2026 22:00:00;6.11.2026 08:30:00;canary13@home.example;K;MYL\r\n")
		// One of the two lists alone.
		recording("alone", "2026-11-08T05:00:00Z", "2026-11-08T10:00:00Z")
		passed("0004125001", "2026-11-08T06:00:00Z")
		list("20261108", cardHeader+"0004125001;8.11.2026 12:00:00;8.11.2026 13:00:00;canary17@home.example;K;MYL\r\n")
		recording("before", "2026-11-03T05:00:00Z", "2026-11-03T10:00:00Z")
		passed("0004125001", "2026-11-03T06:00:00Z")
		list("20261102", cardHeader+"0004125001;2.11.2026 12:00:00;;canary18@home.example;K;MYL\r\n")
		before := tree(t, s.dir)
		helsinki, err := time.LoadLocation("Europe/Helsinki")
		must(t, err)
		for _, q := range []struct {
			id, code string
			people   int
			want     []string // in the order of time
		}{
			{"day", "", 6, []string{"09:30 canary1@metropolia.example true", "10:00 canary2@home.example false", "11:00 - listed 2026-11-10",
				"11:10 canary3@home.example", "11:30 - listed 2026-11-10"}},
			{"clocks", "", 2, []string{"03:30 canary6@home.example true twice", "03:30 canary7@home.example true twice",
				"03:30 canary10@home.example true twice", "04:30 canary8@home.example true"}},
			{"of11", "UOMA-RVL-HOLDERS-NONE", 1, nil},
			{"of12", "UOMA-RVL-HOLDERS", 1, nil},
			{"night", "", 9, []string{"08:00 canary11@home.example true carried 2026-11-05", "09:30 canary14@home.example true", "11:00 - listed 2026-11-05 2026-11-06",
				"08:10 canary12@home.example true", "09:10 - listed 2026-11-05 2026-11-06", "08:20 canary13@home.example true", "09:20 - listed 2026-11-05 2026-11-06",
				"08:30 - unlisted 2026-11-05 2026-11-06", "08:40 - listed 2026-11-05 2026-11-06"}},
			{"alone", "", 1, []string{"08:00 - listed 2026-11-08"}},
			{"before", "UOMA-RVL-HOLDERS-NONE", 1, []string{"08:00 canary18@home.example true carried 2026-11-02"}},
			{"of17", "UOMA-RVL-HOLDERS", 1, []string{"09:30 canary9@home.example true"}},
		} {
			r, err := custody.RequestRecording(ctx, ws, "axis", q.id, "misconduct", "METRO-13", time.Hour, as("lecturer", 0))
			must(t, err)
			_, err = custody.Approve(ctx, ws, r.Number, as("administrator", 0))
			must(t, err)
			people, missed, err := custody.Show(ctx, ws, r.Number, as("lecturer", 0), openList)
			must(t, err)
			if len(people) != q.people {
				t.Errorf("%s: %d people", q.id, len(people))
			}
			if q.code == "" && len(missed) > 0 || q.code != "" && (len(missed) != 1 || fault.Code(missed[0]) != q.code || missed[0].Hint == "") {
				t.Errorf("%s: %v, want %s", q.id, missed, q.code)
			}
			var got []string
			for _, p := range people {
				for _, c := range p.Cards {
					line := c.At.In(helsinki).Format("15:04 ") + c.Holder + " " + c.Checked
					if c.Holder == "" {
						line = c.At.In(helsinki).Format("15:04 ") + map[bool]string{true: "- listed ", false: "- unlisted "}[c.Listed] + strings.Join(c.Lists, " ")
					}
					if c.Carried != "" {
						line += " carried " + c.Carried
					}
					if line = strings.TrimSpace(line); c.Twice {
						line += " twice"
					}
					got = append(got, line)
					if c.Door != "MYL-AQ-D1" || c.List != "access-control/temporary-cards" {
						t.Errorf("%s: %+v", q.id, c)
					}
				}
			}
			sorted(t, q.id, got, q.want)
			lines, err := ledger.AuditLines(ctx, ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RevealHolders), Reason: fmt.Sprintf("%d:misconduct:METRO-13", r.Number), Limit: 10})
			if err != nil || len(lines) != 2 || lines[0].Actor != "lecturer" || lines[0].Subject != ws.InnerTokens().Token("key", "axis", "recording", q.id) {
				t.Errorf("%s: the audit log has %+v, %v", q.id, lines, err)
			}
		}
		for path := range tree(t, s.dir) {
			if _, there := before[path]; !there {
				t.Errorf("the reveal left a file %s", path)
			}
		}
		for _, db := range []*database.DB{ws.RegisterDB, ws.VaultDB} {
			for table, rows := range workspacetest.Dump(t, db) {
				if strings.Contains(rows, "canary") {
					t.Errorf("a holder is in the table %s", table)
				}
			}
		}
		for path, text := range tree(t, s.dir) {
			if strings.Contains(text, "canary") {
				t.Errorf("a holder is in %s", path)
			}
		}
		// What happened since the request: the case was closed, or others passed the door.
		for id, change := range map[string]func(){"closed": func() {
			_, err := ws.RegisterDB.ExecContext(ctx, "UPDATE `recording` SET `hold` = 0 WHERE `key` = ?", ws.SourceTokens().Token("key", "axis", "recording", "closed"))
			must(t, err)
		}, "later": func() { passed("0004120007", "2026-11-15T08:10:00Z") }} {
			recording(id, "2026-11-15T08:00:00Z", "2026-11-15T09:00:00Z")
			record := next()
			row("exam", "exam/bookings", record, "`booked_from`, `booked_to`", micro("2026-11-15T08:00:00Z"), micro("2026-11-15T09:00:00Z"))
			_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `link` (`record`, `person`, `since_run`) VALUES (?, ?, 'n1')", record, workspace.PersonOf(ws.Persons(), record))
			must(t, err)
			r, err := custody.RequestRecording(ctx, ws, "axis", id, "misconduct", "METRO-13", time.Hour, as("lecturer", 0))
			must(t, err)
			_, err = custody.Approve(ctx, ws, r.Number, as("administrator", 0))
			must(t, err)
			change()
			people, missed, err := custody.Show(ctx, ws, r.Number, as("lecturer", 0), openList)
			if err != nil || len(people) != len(r.Tokens()) || (id == "closed") != (len(missed) == 1 && fault.Code(missed[0]) == "UOMA-RVL-RECORDING-CASE") {
				t.Errorf("%s: %d people, %v, %v", id, len(people), missed, err)
			}
			lines, err := ledger.AuditLines(ctx, ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RevealHolders), Reason: fmt.Sprintf("%d:misconduct:METRO-13", r.Number), Limit: 10})
			if err != nil || len(lines) > 0 {
				t.Errorf("%s: a list was read about nobody of the request: %v, %v", id, lines, err)
			}
		}
		spent, err := custody.RequestRecording(ctx, ws, "axis", "day", "misconduct", "METRO-13", time.Hour, as("lecturer", 0))
		must(t, err)
		if people, _, err := custody.Show(ctx, ws, spent.Number, as("lecturer", 0), openList); fault.Code(err) != "UOMA-RVL-STATE" || people != nil {
			t.Errorf("nobody approved it: %v", err)
		}
	})
}

// sorted compares lines in whatever order the people came.
func sorted(t *testing.T, of string, got, want []string) {
	t.Helper()
	left := map[string]int{}
	for _, x := range got {
		left[x]++
	}
	for _, x := range want {
		left[x]--
	}
	for x, n := range left {
		if n != 0 {
			t.Errorf("%s: %q is told %+d times too often", of, x, n)
		}
	}
}

// tree gives the files of a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	}))
	return out
}

func openList(ctx context.Context, files fs.FS, name string, f *layout.Feed) (custody.Holders, error) {
	return nightly.OpenIn(ctx, files, name, f, func(canon.Rejection) {})
}
