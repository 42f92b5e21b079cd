package nightly_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestRightsEndWithTheDuty takes people with rights in EXAM through nights of the directory: whose entry goes, or tells of no duty
// any more, has a right that is due at once and goes; who still has a duty keeps it, and so does who the directory never knew. With
// a new duty the right comes back. It holds METRO-67.
func TestRightsEndWithTheDuty(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const who = whoIs + ", mail as: email; to: email.institution, eppn as: eppn; to: person.eppn"
		s := newTiny(t, on, "metropolia_exam", map[string]string{
			"exam": feedLayout("exam", "users: user user | "+who+", right to: role.kind"),
			"haka": feedLayout("haka", "henkilot: user user | "+who+", duty to: role.kind, changed as: instant; to: person.modified_at"),
		})
		const users, entries = "exam/users_%s.csv", "haka/henkilot_%s.csv"
		s.feeds[users], s.feeds[entries] = "user;family;given;mail;eppn;right", "user;family;given;mail;eppn;duty;changed"
		gone, changed, stays := "h1;Alpha;Anna;anna@x.example;anna@x.example;staff;2026-01-02T09:00:00Z", "h2;Beta;Bo;bo@x.example;bo@x.example;", "h3;Gamma;Gil;gil@x.example;gil@x.example;teacher;2026-01-02T09:00:00Z"
		day := firstNight.String() + "T09:00:00Z"
		for d, told := range [][]string{{gone, changed + "staff;2026-01-02T09:00:00Z", stays}, {changed + "student;" + day, stays}, {changed + "student;" + day, stays},
			{changed + "staff;" + day, stays}} {
			s.put(t, entries, firstNight+canon.Date(d), told...)
			s.put(t, users, firstNight+canon.Date(d), "1;Alpha;Anna;anna@x.example;anna@x.example;teacher", "2;Beta;Bo;bo@x.example;bo@x.example;admin",
				"3;Gamma;Gil;gil@x.example;gil@x.example;teacher", "4;Delta;Dan;dan@x.example;dan@x.example;admin")
		}
		due := func(night canon.Date, want ...string) {
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				var got []string
				var dues []register.Due
				err := ws.Register.See(t.Context(), func(v *register.View) error {
					for d, err := range v.Retention(t.Context()) {
						if err != nil {
							return err
						}
						if d.Category == "user_right" && d.Due <= night {
							got = append(got, d.Due.String()+" "+d.Action+" "+d.Clause)
							dues = append(dues, d)
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range dues {
					e, err := nightly.Explain(t.Context(), ws, d.Person, "", night)
					if err != nil || !slices.ContainsFunc(e.Data, func(x nightly.ExplainedDatum) bool { return x.Category == "user_right" && x.Due == d.Due.String() }) {
						t.Errorf("what is due is not explained: %v %+v", err, e.Data)
					}
				}
				slices.Sort(got)
				same(t, night.String()+", due", got, want...)
			})
		}
		s.finish(t, firstNight, pipelines.Finished)
		due(firstNight)
		same(t, "rights", s.rights(t), "admin", "admin", "teacher", "teacher")
		s.finish(t, firstNight+1, pipelines.Finished)
		due(firstNight+1, firstNight.String()+" delete METRO-67", (firstNight+1).String()+" delete METRO-67") // told of on the day before; gone
		s.mustApply(t, firstNight+1)
		same(t, "rights of those on duty", s.rights(t), "admin", "teacher")
		s.finish(t, firstNight+2, pipelines.Finished)
		due(firstNight + 2)
		same(t, "rights, exported all the same", s.rights(t), "admin", "teacher")
		s.finish(t, firstNight+3, pipelines.Finished)
		due(firstNight + 3)
		same(t, "rights with a new duty", s.rights(t), "admin", "admin", "teacher")
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+3).String()) })
	})
}

// TestARightComesBackWhenTheDutyBegins has a duty that is told of before it begins, in a row that then stays as it is, and people
// of whom the directory says every night something else, or never when: what is due of them stays due from the first day.
func TestARightComesBackWhenTheDutyBegins(t *testing.T) {
	t.Parallel()
	const who = whoIs + ", mail as: email; to: email.institution, eppn as: eppn; to: person.eppn"
	s := newTiny(t, databasetest.OnSQLite, "metropolia_exam", map[string]string{
		"exam": feedLayout("exam", "users: user user | "+who+", right to: role.kind"),
		"haka": feedLayout("haka", "henkilot: user user | "+who+", duty to: role.kind, begins as: date; to: role.from, changed as: instant; to: person.modified_at"),
	})
	pack, _ := policy.Shipped("metropolia_exam") // without a category for which every row has to be read
	write(t, filepath.Join(s.dir, workspace.PolicyDir, "metropolia_exam.yaml"), bytes.ReplaceAll(pack, []byte("anchor: registered, period: P1Y"), []byte("anchor: source_removed, period: P1Y")))
	const users, entries = "exam/users_%s.csv", "haka/henkilot_%s.csv"
	s.feeds[users], s.feeds[entries] = "user;family;given;mail;eppn;right", "user;family;given;mail;eppn;duty;begins;changed"
	for d := range canon.Date(4) {
		later := "h1;Alpha;Anna;anna@x.example;anna@x.example;student;;"
		if d > 0 {
			later = "h1;Alpha;Anna;anna@x.example;anna@x.example;staff;" + (firstNight + 3).String() + ";"
		}
		s.put(t, entries, firstNight+d, later, "h2;Beta;Bo;bo@x.example;bo@x.example;student;;"+(firstNight+d).String()+"T09:00:00Z")
		s.put(t, users, firstNight+d, "1;Alpha;Anna;anna@x.example;anna@x.example;teacher", "2;Beta;Bo;bo@x.example;bo@x.example;admin")
	}
	for d := range canon.Date(4) {
		s.finish(t, firstNight+d, pipelines.Finished)
		due := 0
		s.at(t, func(ws *workspace.Workspace) {
			err := ws.Register.See(t.Context(), func(v *register.View) error {
				for x, err := range v.Retention(t.Context()) {
					if err != nil || x.Category == "user_right" && x.Due != firstNight {
						t.Errorf("night %d: due %v, %v", d, x.Due, err)
					}
					if x.Category == "user_right" {
						due++
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		if d < 2 && due != 2 {
			t.Errorf("night %d: %d rights are due, not 2", d, due)
		}
		switch d {
		case 1:
			s.mustApply(t, firstNight+d)
			same(t, "rights before the duty", s.rights(t))
		case 2:
			same(t, "rights on the day before", s.rights(t))
		case 3:
			same(t, "rights with the duty", s.rights(t), "teacher")
		}
	}
}

// TestADutyThatIsNotLoadedGivesNoRight has a directory whose roles the pack does not take: they bring no right back.
func TestADutyThatIsNotLoadedGivesNoRight(t *testing.T) {
	t.Parallel()
	const who = whoIs + ", mail as: email; to: email.institution, eppn as: eppn; to: person.eppn"
	s := newTiny(t, databasetest.OnSQLite, "metropolia_exam", map[string]string{
		"exam": feedLayout("exam", "users: user user | "+who+", right to: role.kind"),
		"haka": feedLayout("haka", "henkilot: user user | "+who+", duty to: role.kind"),
	})
	pack, _ := policy.Shipped("metropolia_exam")
	write(t, filepath.Join(s.dir, workspace.PolicyDir, "metropolia_exam.yaml"), bytes.ReplaceAll(pack, []byte("{sources: [haka], tables: [person, role, email]"), []byte("{sources: [haka], tables: [person, email]")))
	const users, entries = "exam/users_%s.csv", "haka/henkilot_%s.csv"
	s.feeds[users], s.feeds[entries] = "user;family;given;mail;eppn;right", "user;family;given;mail;eppn;duty"
	for d := range canon.Date(2) {
		s.put(t, entries, firstNight+d, "h1;Alpha;Anna;anna@x.example;anna@x.example;staff")
		s.put(t, users, firstNight+d, "1;Alpha;Anna;anna@x.example;anna@x.example;teacher")
		s.finish(t, firstNight+d, pipelines.Finished)
		if d == 0 {
			s.mustApply(t, firstNight)
		}
		same(t, "rights", s.rights(t))
	}
}

// rights gives the kinds of rights in EXAM, sorted.
func (s site) rights(t testing.TB) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for b, err := range ws.Register.Read(t.Context(), "role", []string{"category", "kind"}, register.All) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				if b.Col(0).Text(i) == "user_right" {
					out = append(out, string(b.Col(1).AppendTo(nil, i)))
				}
			}
		}
	})
	slices.Sort(out)
	return out
}
