package custody_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

const examPeople = `operators:
- account: lecturer
  roles: [{role: lecturer, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
- account: administrator
  roles: [{role: exam_administrator, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
- account: officer
  roles: [{role: data_protection_officer, from: 2026-01-01}]
  training: {done: 2026-01-01, valid_until: 2026-12-31}
  secrecy: 2026-01-01
`

// TestARecordingIsLookedAtTogether asks for two people and a reason before anybody learns whose a recording may be: a lecturer,
// and a designated administrator of the exams (METRO-11, METRO-13). Recording, door and exam are compared in a case alone, and
// who, when and why stands in the audit log (METRO-09).
func TestARecordingIsLookedAtTogether(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		ws := s.open(t)
		defer ws.Close()
		ctx := t.Context()
		row := func(table, key string, columns string, values ...any) {
			t.Helper()
			_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `"+table+"` (`source`, `source_key`, `seq`, `record`, `category`, `legal_basis`, `first_seen_run`, "+columns+
				") VALUES ('x/y', ?, 0, ?, 'c', '6(1)(e)', 'n1'"+strings.Repeat(", ?", len(values))+")", append([]any{key, key}, values...)...)
			must(t, err)
		}
		token := func(n string) string { return strings.Repeat("0", 25-len(n)) + n + "0" }
		minute := func(m int) int64 { return now.Add(time.Duration(m) * time.Minute).UnixMicro() }
		recording := func(id string, from, to int, held bool) {
			t.Helper()
			hold := 0
			if held {
				hold = 1
			}
			row("recording", token(id), "`key`, `camera`, `start`, `end`, `hold`", ws.SourceTokens().Token("key", "axis", "recording", id), "ACCC8E", minute(from), minute(to), hold)
		}
		recording("r1", 0, 10, true)
		recording("r2", 0, 10, false)
		recording("r3", 500, 510, true)
		row("exam", token("1"), "`booked_from`, `booked_to`", minute(-60), minute(5)) // person 1
		row("exam", token("2"), "`booked_from`, `booked_to`", minute(11), minute(60)) // after it
		row("access", token("3"), "`time`, `door`", minute(10), "MYL-AQ-D1")          // person 3
		row("access", token("4"), "`time`, `door`", minute(-1), "MYL-AQ-D1")          // before it
		for _, n := range []string{"1", "2", "3", "4"} {
			_, err := ws.RegisterDB.ExecContext(ctx, "INSERT INTO `link` (`record`, `person`, `since_run`) VALUES (?, ?, 'n1')", token(n), workspace.PersonOf(ws.Persons(), token(n)))
			must(t, err)
		}
		ask := func(id, reason, who string) (ledger.Reveal, error) {
			return custody.RequestRecording(ctx, ws, "axis", id, reason, "METRO-13", time.Hour, as(who, 0))
		}
		refused := func(code string, err error) {
			t.Helper()
			if fault.Code(err) != code {
				t.Errorf("%v, want %s", err, code)
			}
		}
		approve := func(n int64, who string) error { _, err := custody.Approve(ctx, ws, n, as(who, 0)); return err }
		show := func(n int64, who string) ([]custody.Person, error) {
			people, _, err := custody.Show(ctx, ws, n, as(who, 0), nil)
			return people, err
		}

		_, err := ask("r1", "misconduct", "lecturer")
		refused("UOMA-RVL-RECORDING", err) // nobody is designated
		must(t, ws.Close())
		must(t, os.WriteFile(filepath.Join(s.dir, workspace.OperatorsFile), []byte(examPeople), 0o600))
		ws = s.open(t)
		for id, code := range map[string]string{"r2": "UOMA-RVL-RECORDING-CASE", "r3": "UOMA-RVL-RECORDING-NOBODY", "r4": "UOMA-RVL-RECORDING-UNKNOWN"} {
			_, err = ask(id, "misconduct", "lecturer")
			refused(code, err)
		}
		_, err = ask("r1", "curious", "lecturer")
		refused("UOMA-RVL-ASK", err)
		r, err := ask("r1", "misconduct", "lecturer")
		must(t, err)
		if got := strings.Join(r.Tokens(), " "); len(r.Tokens()) != 2 || !strings.Contains(got, workspace.PersonOf(ws.Persons(), token("1"))) ||
			!strings.Contains(got, workspace.PersonOf(ws.Persons(), token("3"))) {
			t.Errorf("it may be of %d people", len(r.Tokens()))
		}
		_, err = show(r.Number, "lecturer")
		refused("UOMA-RVL-STATE", err)
		refused("UOMA-RVL-SELF", approve(r.Number, "lecturer"))
		refused("UOMA-RVL-APPROVER", approve(r.Number, "officer")) // no administrator of exams
		must(t, approve(r.Number, "administrator"))
		_, err = show(r.Number, "administrator")
		refused("UOMA-RVL-REQUESTER", err)
		seen, err := show(r.Number, "lecturer")
		must(t, err)
		if len(seen) != 2 || len(seen[0].Entries)+len(seen[1].Entries) != 2 {
			t.Errorf("%d people are shown", len(seen))
		}
		_, err = show(r.Number, "lecturer")
		refused("UOMA-RVL-STATE", err)

		lines, err := ledger.AuditLines(ctx, ws.RegisterDB, ledger.AuditFilter{Limit: 10})
		must(t, err)
		var log []string
		for _, l := range lines {
			log = append(log, l.Actor+" "+string(l.Verb)+" "+l.Reason)
		}
		const why = " 1:misconduct:METRO-13"
		want := []string{"lecturer reveal.shown" + why, "lecturer reveal.shown" + why, "administrator reveal.approved" + why, "lecturer reveal.requested" + why}
		if strings.Join(log, "\n") != strings.Join(want, "\n") || lines[3].Subject != ws.SourceTokens().Token("key", "axis", "recording", "r1") {
			t.Errorf("the audit log:\n%s", strings.Join(log, "\n"))
		}
	})
}
