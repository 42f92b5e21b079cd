package nightly_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// reservation writes a booking of a user as EXAM gives it; a user 0 is nobody of the institution.
func reservation(id, user int, name, enrolled string) string {
	person := "null"
	if user > 0 {
		person = fmt.Sprintf(`{"id": %d, "firstName": "%s", "lastName": "Alpha%s", "email": "%s@metropolia.example", "userIdentifier": "%d"}`,
			user, name, strings.ToLower(name), strings.ToLower(name), 2_100_000+user)
	}
	return fmt.Sprintf(`{"id": %d, "startAt": "2026-11-10T09:00:00.000+02:00", "endAt": "2026-11-10T11:00:00.000+02:00", "externalRef": null, "user": %s,
  "enrolment": {"id": 1, "enrolledOn": "%s", "noShow": false, "exam": {"id": 7, "name": "Exam"}}}`, id, person, enrolled)
}

// TestABookingHasOneUserAndTheirConsent holds METRO-05, METRO-19, METRO-26 and METRO-69 with the shipped layout and pack.
func TestABookingHasOneUserAndTheirConsent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../transforms/layout/shipped/exam.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newTiny(t, databasetest.OnSQLite, "metropolia_exam", map[string]string{"exam": string(text)})
	records := []string{"id,student,studentFirstName,studentLastName,studentEmail,studentId,courseUnitName,examDate,studentGrade,gradeScale,date"}
	consents := []string{"eppn;terms_accepted_at;terms_version;recording_consent;recording_consent_at;exam_reservation_id"}
	var bookings []string
	for i, x := range []struct{ name, informed, state, asked string }{
		{"Inorder", "2026-11-01T09:00:00+02:00", "given", "2026-11-01T09:05:00+02:00"},
		{"Took back", "2026-11-01T09:00:00+02:00", "withdrawn", "2026-11-09T09:05:00+02:00"},
		{"Noconsent", "", "", ""},
		{"Booked first", "2026-11-03T09:00:00+02:00", "given", "2026-11-03T09:05:00+02:00"},
		{"Asked first", "2026-11-01T09:10:00+02:00", "given", "2026-11-01T09:05:00+02:00"},
	} {
		user := i + 1
		name := strings.ReplaceAll(x.name, " ", "")
		mail := strings.ToLower(name) + "@metropolia.example"
		records = append(records, fmt.Sprintf("%d,%s,%s,Alpha%s,%s,%d,Exam,2026-10-01,4,0-5,2026-10-08", 900+user, mail, name, strings.ToLower(name), mail, 2_100_000+user))
		bookings = append(bookings, reservation(70+user, user, name, "2026-11-02T09:00:00.000+02:00"))
		if x.state != "" {
			consents = append(consents, strings.Join([]string{mail, x.informed, "2026-1", x.state, x.asked, fmt.Sprint(70 + user)}, ";"))
		}
	}
	bookings = append(bookings, reservation(80, 0, "", "2026-11-02T09:00:00.000+02:00"), // of nobody's own
		reservation(71, 5, "Askedfirst", "2026-11-02T09:00:00.000+02:00")) // of two users: nobody knows whose
	write(t, s.export("exam/exam_records_%s.csv", firstNight), []byte(strings.Join(records, "\n")+"\n"))
	write(t, s.export("exam/exam_consents_%s.csv", firstNight), []byte(strings.Join(consents, "\n")+"\n"))
	write(t, s.export("exam/exam_reservations_%s.json", firstNight), []byte("["+strings.Join(bookings, ",\n")+"]\n"))
	write(t, s.export("exam/exam_users_%s.csv", firstNight), []byte("id;eppn;firstName;lastName;email;employeeNumber;roles\n9;rights@metropolia.example;Rita;Rights;rights@metropolia.example;null;TEACHER,ADMIN\n"))
	facts := s.finish(t, firstNight, pipelines.Finished).Facts
	same(t, "rights of a user", s.rights(t), "admin", "teacher")
	var govern nightly.GovernFacts
	var load nightly.LoadFacts
	if err := errors.Join(json.Unmarshal(facts["govern"], &govern), json.Unmarshal(facts["load"], &load)); err != nil {
		t.Fatal(err)
	}
	if govern.People != 6 || !maps.Equal(govern.Broken, map[string]int{"booking": 3}) {
		t.Errorf("%d people, not in order: %v", govern.People, govern.Broken)
	}
	refused := map[string]int64{}
	for _, a := range load.Accounts {
		if a.Feed == "exam/bookings" {
			maps.Copy(refused, a.Reasons)
		}
	}
	if !maps.Equal(refused, map[string]int64{"missing": 1, "duplicate-key": 2}) {
		t.Errorf("bookings refused: %v", refused)
	}
	report, err := os.ReadFile(filepath.Join(s.dir, "reports", "nightly-"+firstNight.String(), "quality.json"))
	if err != nil || !strings.Contains(string(report), `"id": "register.booking.wordOrder"`) {
		t.Errorf("the report says nothing of it: %v", err)
	}
}

// TestNoUsersOfEXAMStopNothing has nights without the file of users, which comes now and then: the rest of EXAM is loaded, and the
// rights of before stay.
func TestNoUsersOfEXAMStopNothing(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../transforms/layout/shipped/exam.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newTiny(t, databasetest.OnSQLite, "metropolia_exam", map[string]string{"exam": string(text)})
	const mail = "alpha@metropolia.example"
	night := func(d canon.Date, bookings int, rights ...string) {
		t.Helper()
		var rows []string
		for i := range bookings {
			rows = append(rows, reservation(70+i, 1, "Alpha", "2026-11-02T09:00:00.000+02:00"))
		}
		write(t, s.export("exam/exam_records_%s.csv", d), []byte("id,student,studentFirstName,studentLastName,studentEmail,studentId,courseUnitName,examDate,studentGrade,gradeScale,date\n"+
			"901,"+mail+",Alpha,Alphaalpha,"+mail+",2100001,Exam,2026-10-01,4,0-5,2026-10-08\n"))
		write(t, s.export("exam/exam_consents_%s.csv", d), []byte("eppn;terms_accepted_at;terms_version;recording_consent;recording_consent_at;exam_reservation_id\n"+
			mail+";2026-11-01T09:00:00+02:00;2026-1;given;2026-11-01T09:05:00+02:00;70\n"))
		write(t, s.export("exam/exam_reservations_%s.json", d), []byte("["+strings.Join(rows, ",\n")+"]\n"))
		var landed nightly.LandFacts
		var load nightly.LoadFacts
		facts := s.finish(t, d, pipelines.Finished).Facts
		if err := errors.Join(json.Unmarshal(facts["land"], &landed), json.Unmarshal(facts["load"], &load)); err != nil {
			t.Fatal(err)
		}
		if landed.Partial() || len(landed.Feeds) != 4 {
			t.Errorf("%s: %+v", d, landed)
		}
		s.at(t, func(ws *workspace.Workspace) {
			var n int
			if err := ws.RegisterDB.QueryRow("SELECT COUNT(*) FROM `exam` WHERE `source` = 'exam/bookings'").Scan(&n); err != nil || n != bookings {
				t.Errorf("%s: %d bookings of %d, %v", d, n, bookings, err)
			}
		})
		same(t, d.String()+", rights", s.rights(t), rights...)
	}
	night(firstNight, 1)
	write(t, s.export("exam/exam_users_%s.csv", firstNight+1), []byte("id;eppn;firstName;lastName;email;employeeNumber;roles\n9;rights@metropolia.example;Rita;Rights;rights@metropolia.example;null;TEACHER\n"))
	night(firstNight+1, 2, "teacher")
	night(firstNight+2, 3, "teacher")
}
