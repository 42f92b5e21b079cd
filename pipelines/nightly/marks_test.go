package nightly_test

import (
	"os"
	"path/filepath"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestThreat_T25_EveryIdentifierLeavesItsMark erases somebody of whom a source gave one record up already, and exports them
// again, under other names and keys and each time with another one of their identifiers.
func TestThreat_T25_EveryIdentifierLeavesItsMark(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		identifiers := ", fnr as: fnr; to: person.fnr, orcid as: orcid; to: person.orcid, employee as: employee_number; to: person.employee_number, " +
			"eppn to: person.eppn, student as: student_number; to: person.student_number"
		s := newTiny(t, on, "nmbu", map[string]string{
			"mira": feedLayout("mira", "alumni: user user | "+whoIs+", joined as: instant; to: role.alumnus.from"+identifiers),
			"fs":   feedLayout("fs", "candidates: user user | "+whoIs+identifiers)})
		settings := filepath.Join(s.dir, workspace.FileName)
		text, err := os.ReadFile(settings)
		if err != nil {
			t.Fatal(err)
		}
		write(t, settings, append(text, "temporary_identifiers: true\n"...))
		const alumni, candidates = "mira/alumni_%s.csv", "fs/candidates_%s.csv"
		s.feeds[alumni] = "user;family;given;joined;fnr;orcid;employee;eppn;student"
		s.feeds[candidates] = "user;family;given;fnr;orcid;employee;eppn;student"
		const joined = ";2020-01-01T09:00:00Z;"
		s.put(t, alumni, firstNight, "m1;Alpha;Anna"+joined+"14838510117;0000-0000-0000-001X;004711;anna@nmbu.example;", "m2;Eta;Eva"+joined+";;;anna@nmbu.example;")
		s.put(t, candidates, firstNight, "f1;Alpha;Anna;14838510117;;;anna@nmbu.example;2100001", "f2;Omega;Olga;;;;;")
		s.finish(t, firstNight, pipelines.Finished)
		s.put(t, alumni, firstNight+1, "m1;Alpha;Anna"+joined+"14838510117;0000-0000-0000-001X;004711;anna@nmbu.example;", "m2;Eta;Eva"+joined+";;;anna@nmbu.example;")
		s.put(t, candidates, firstNight+1, "f2;Omega;Olga;;;;;")
		s.finish(t, firstNight+1, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) {
			if out, err := s.eraseKey(ws, newRun(firstNight+1), "mira", "m1"); err != nil || out.Records != 2 || out.Marks != 7 {
				t.Fatalf("%+v %v", out, err)
			}
			for feed, rows := range sourceRows(t, &ws.Register.View, register.All) {
				if len(rows) > 1 {
					t.Errorf("%s: %d rows are left", feed, len(rows))
				}
			}
			told := 0 // that m2 bears one of the marks, before a night finds out
			for w, err := range ws.Register.KeptWords(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if w.Kind == register.ErasedWord && w.Clause == erasureClause {
					told++
				}
			}
			if told != 1 {
				t.Errorf("%d persons are not to be used", told)
			}
		})
		for n := canon.Date(2); n < 4; n++ {
			s.put(t, alumni, firstNight+n, "m2;Eta;Eva"+joined+";;;anna@nmbu.example;", "n1;Beta;Berit"+joined+"14838510117;;;;", "n2;Gamma;Gro"+joined+";0000-0000-0000-001X;;;",
				"n3;Delta;Dag"+joined+";;004711;;", "n4;Epsilon;Else"+joined+";;;anna@nmbu.example;", "n5;Zeta;Siv"+joined+";;;;2100001",
				"n6;Other;Olav"+joined+";0000-0000-0000-0028;004712;olav@nmbu.example;2100002")
			s.put(t, candidates, firstNight+n, "f2;Omega;Olga;;;;;")
			s.finish(t, firstNight+n, pipelines.Finished)
			same(t, "who is there", s.names(t), "Other", "Omega")
		}
	})
}
