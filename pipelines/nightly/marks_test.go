package nightly_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestThreat_T25_EveryIdentifierLeavesItsMark erases somebody of whom a source gave one record up already, and exports them
// again, under other names and keys and each time with another one of their identifiers. One erasure is killed (SIGKILL) before
// the register commits, and finished by whoever opens the workspace next.
func TestThreat_T25_EveryIdentifierLeavesItsMark(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		identifiers := ", fnr as: fnr; to: person.fnr, orcid as: orcid; to: person.orcid, employee as: employee_number; to: person.employee_number, " +
			"eppn to: person.eppn, student as: student_number; to: person.student_number"
		s := newTiny(t, on, "nmbu", map[string]string{
			"mira": feedLayout("mira", "alumni: user user | "+whoIs+", joined as: instant; to: role.alumnus.from"+identifiers),
			"fs":   feedLayout("fs", "candidates: user user | "+whoIs+identifiers)})
		s.set(t, "temporary_identifiers: true")
		const alumni, candidates = "mira/alumni_%s.csv", "fs/candidates_%s.csv"
		s.feeds[alumni] = "user;family;given;joined;fnr;orcid;employee;eppn;student"
		s.feeds[candidates] = "user;family;given;fnr;orcid;employee;eppn;student"
		const joined, m1 = ";2020-01-01T09:00:00Z;", "m1;Alpha;Anna;2020-01-01T09:00:00Z;14838510117;0000-0000-0000-001X;004711;anna@nmbu.example;"
		s.put(t, alumni, firstNight, m1)
		s.put(t, candidates, firstNight, "f1;Alpha;Anna;14838510117;;;anna@nmbu.example;2100001", "f2;Omega;Olga;;;;;")
		s.finish(t, firstNight, pipelines.Finished)
		const m2 = "m2;Eta;Eva" + joined + ";;;;2100001" // a number of f1, of whom the resolver does not know any more
		s.put(t, alumni, firstNight+1, m1, m2)
		s.put(t, candidates, firstNight+1, "f2;Omega;Olga;;;;;")
		s.finish(t, firstNight+1, pipelines.Finished)
		killed := tiny{s.copy(t), s.feeds}
		s.at(t, func(ws *workspace.Workspace) {
			if out, err := s.eraseKey(ws, newRun(firstNight+1), "mira", "m1"); err != nil || out.Records != 2 || out.Marks != 12 {
				t.Fatalf("%+v %v", out, err)
			}
		})
		child := exec.Command(os.Args[0], "-test.run=^TestEraseAsAChild$", "-test.count=1")
		child.Env = append(os.Environ(), "UOMA_TEST_ERASE="+filepath.Dir(killed.dir))
		if out, err := child.CombinedOutput(); err == nil || child.ProcessState.ExitCode() != -1 {
			t.Fatalf("the child was not killed: %v\n%s", err, out)
		}
		killed.openNight(t)
		for what, s := range map[string]tiny{"erased": s, "erased by one that was killed, and the next": killed} {
			s.onlyOthersAreLeft(t, what)
		}
		for n := canon.Date(2); n < 4; n++ {
			s.put(t, alumni, firstNight+n, m2, "n1;Beta;Berit"+joined+"14838510117;;;;", "n2;Gamma;Gro"+joined+";0000-0000-0000-001X;;;",
				"n3;Delta;Dag"+joined+";;004711;;", "n4;Epsilon;Anna"+joined+";;;anna@nmbu.example;", "n5;Zeta;Siv"+joined+";;;;2100001",
				"n6;Other;Olav"+joined+";0000-0000-0000-0028;004712;olav@nmbu.example;2100002",
				"n7;Another;Else"+joined+";;;anna@nmbu.example;") // a user name that was given to somebody else
			s.put(t, candidates, firstNight+n, "f2;Omega;Olga;;;;;")
			s.finish(t, firstNight+n, pipelines.Finished)
			same(t, "who is there", s.names(t), "Another", "Other", "Omega")
		}
	})
}

// onlyOthersAreLeft looks for rows of an erased person, and for the word that m2 is not to be used, as it bears a mark of
// theirs, before a night finds out.
func (s tiny) onlyOthersAreLeft(t *testing.T, what string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for feed, rows := range sourceRows(t, &ws.Register.View, register.All) {
			if len(rows) > 1 {
				t.Errorf("%s: %s: %d rows are left", what, feed, len(rows))
			}
		}
		told := 0
		for w, err := range ws.Register.KeptWords(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if w.Kind == register.ErasedWord && w.Clause == erasureClause {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%s: %d persons are not to be used", what, told)
		}
	})
}

// TestEraseAsAChild is the child of TestThreat_T25_EveryIdentifierLeavesItsMark, and nothing without it: it is killed before
// the register commits.
func TestEraseAsAChild(t *testing.T) {
	dir := os.Getenv("UOMA_TEST_ERASE")
	if dir == "" {
		return
	}
	ws := siteIn(dir, databasetest.OnSQLite).open(t) // whichever: the stores exist
	pack, layouts := documents(t, ws, firstNight+1)
	n := nightly.New(ws, layouts, pack, nil, func(context.Context, *sqlx.Tx) error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	erasure := newRun(firstNight + 1)
	erasure.Pipeline = "erase"
	_, err := n.Erase(t.Context(), erasure, "nightly", "mira", "m1", erasureClause)
	t.Fatal("it was not killed", err)
}
