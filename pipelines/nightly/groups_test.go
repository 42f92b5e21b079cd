package nightly_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

const (
	contactsFile = "dynamics365/contacts_%s.csv"
	studentsFile = "peppi/alumnit_%s.csv"
	staffFile    = "reportronic/henkilosto_%s.csv"
)

// newGrouped makes a workspace under SeAMK's pack, of which the periods are decided, with data of every kind for each group.
func newGrouped(t *testing.T) tiny {
	t.Helper()
	const who = whoIs + ", mail as: email; to: email.work, eppn to: person.eppn, role to: role.kind"
	s := newTiny(t, databasetest.OnSQLite, "seamk", map[string]string{
		"dynamics365": feedLayout("dynamics365", "contacts: user user | "+who+", since as: date; to: role.from, until as: date; to: role.to, firm to: org.name, shield as: bool; to: person.protected"),
		"peppi":       feedLayout("peppi", "alumnit: user user | "+who+", programme to: study.programme_name"),
		"reportronic": feedLayout("reportronic", "henkilosto: user user | "+who+", unit to: employment.unit"),
	})
	decidedSeamk(t, s)
	s.feeds[contactsFile], s.feeds[studentsFile], s.feeds[staffFile] = "user;family;given;mail;eppn;role;since;until;firm;shield", "user;family;given;mail;eppn;role;programme", "user;family;given;mail;eppn;role;unit"
	return s
}

// TestClosedListsOfGroupsAreHeldWhenDataIsStored loads people of each group with data of every kind: of a stakeholder (SEAMK-20),
// a contact person (SEAMK-21), an applicant (SEAMK-22), a student (SEAMK-23) and a member of staff (SEAMK-24) no more is
// stored than the group's list has. Of an applicant under an address protection order that alone is kept of the row.
func TestClosedListsOfGroupsAreHeldWhenDataIsStored(t *testing.T) {
	t.Parallel()
	s := newGrouped(t)
	put := func(night canon.Date, hidden string) {
		s.put(t, contactsFile, night, "c1;Sidos;Siru;sidos@a.example;sidos@seamk.example;stakeholder;;;Sidos firm;false", "c2;Yhteys;Yrjo;yhteys@a.example;yhteys@seamk.example;contact;;;Yhteys firm;false",
			"c3;Hakija;Hilla;hakija@a.example;hakija@seamk.example;applicant;;;Hakija firm;false", "c4;Salainen;Sulo;salainen@a.example;salainen@seamk.example;"+hidden+";;;Salainen firm;true")
		s.put(t, studentsFile, night, "p1;Opiskelija;Outi;opiskelija@a.example;opiskelija@seamk.example;student;Nursing", "p2;Sidottu;Sini;sidottu@a.example;sidottu@seamk.example;stakeholder;Forestry", "p3;Yhdys;Ylva;yhdys@a.example;yhdys@seamk.example;contact;Law",
			"p4;Opettaja;Olli;opettaja@a.example;opettaja@seamk.example;staff;Music")
		s.put(t, staffFile, night, "r1;Virkamies;Ville;virkamies@a.example;virkamies@seamk.example;staff;Library", "r2;Harjoittelija;Hanna;harjoittelija@a.example;harjoittelija@seamk.example;student;Kitchen")
	}
	put(firstNight, "applicant")
	s.finish(t, firstNight, pipelines.Finished)
	everybody := []string{"Sidos", "Yhteys", "Opiskelija", "Sidottu", "Yhdys", "Opettaja", "Virkamies", "Harjoittelija"}
	same(t, "names: all but applicants", s.names(t), slices.Clone(everybody)...)
	same(t, "companies: of contact persons", s.cells(t, "org", "name"), "Yhteys firm")
	same(t, "programmes: of students", s.cells(t, "study", "programme_name"), "Nursing")
	same(t, "units: of staff", s.cells(t, "employment", "unit"), "Library")
	same(t, "protected", s.cells(t, "person", "protected"), "", "", "", "", "", "", "false", "false", "true")
	same(t, "roles: of everybody", s.cells(t, "role", "kind"), "applicant", "applicant", "contact", "contact", "staff", "staff", "stakeholder", "stakeholder", "student", "student")
	put(firstNight+1, "contact")
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "who was an applicant is a contact person", s.names(t), append(everybody, "Salainen")...)
	same(t, "companies", s.cells(t, "org", "name"), "Yhteys firm", "Salainen firm")
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+1).String()) })
}

// TestWhatAListLeavesOutComesWithTheGroup follows somebody who applied (SEAMK-22), and whom another system says to be a student
// (SEAMK-23) from a day on, through nights whose exports do not change: on that day what was left out of all their rows comes in.
// When that role is taken back, what is stored stays, and what comes is decided without it. Of whom no role is known nothing is
// left out until the day of one. While no role is taken back each night ends as one on which all that waits is decided anew, and
// as one on which every row is.
func TestWhatAListLeavesOutComesWithTheGroup(t *testing.T) {
	t.Parallel()
	const nights = 5
	day := (firstNight + 2).String()
	carried := newGrouped(t)
	for n := range canon.Date(nights) {
		role := "student;" + day
		if n == nights-1 {
			role = "applicant;"
		}
		carried.put(t, contactsFile, firstNight+n, "c1;Tuleva;Tiia;tuleva@a.example;tuleva@seamk.example;"+role+";;Tuleva firm;false", "c2;Ulkona;Unto;ulkona@a.example;ulkona@seamk.example;applicant;"+day+";;Ulkona firm;false")
		carried.put(t, studentsFile, firstNight+n, "p1;Tuleva;Tiia;tuleva@a.example;tuleva@seamk.example;applicant;Nursing", "p2;Hakija;Hilla;hakija@a.example;hakija@seamk.example;applicant;Forestry")
		carried.put(t, staffFile, firstNight+n, "r1;Tuleva;Tiia;tuleva@a.example;tuleva@seamk.example;applicant;Kitchen", "r2;Ulkona;Unto;ulkona@a.example;ulkona@seamk.example;;Laundry")
	}
	site := carried.site
	site.finish(t, firstNight, pipelines.Finished)
	decided, conformed := site.copy(t), site.copy(t)
	for n, want := range [nights]struct {
		loaded, unchanged               int64
		names, programmes, units, firms []string
	}{
		{6, 0, []string{"Ulkona", "Ulkona"}, nil, []string{"Laundry"}, []string{"Ulkona firm"}},
		{0, 6, []string{"Ulkona", "Ulkona"}, nil, []string{"Laundry"}, []string{"Ulkona firm"}},
		{5, 1, []string{"Tuleva", "Tuleva", "Tuleva"}, []string{"Nursing"}, nil, nil},
		{0, 6, []string{"Tuleva", "Tuleva", "Tuleva"}, []string{"Nursing"}, nil, nil},
		{1, 5, []string{"Tuleva", "Tuleva"}, []string{"Nursing"}, nil, nil},
	} {
		night := firstNight + canon.Date(n)
		if n > 0 {
			site.finish(t, night, pipelines.Finished)
		}
		same(t, "names", site.names(t), want.names...)
		same(t, "programmes", site.cells(t, "study", "programme_name"), want.programmes...)
		same(t, "units", site.cells(t, "employment", "unit"), want.units...)
		same(t, "companies", site.cells(t, "org", "name"), want.firms...)
		var loaded, unchanged int64
		site.at(t, func(ws *workspace.Workspace) {
			for _, a := range balanced(t, ws, "nightly-"+night.String()) {
				loaded, unchanged = loaded+a.Loaded, unchanged+a.Unchanged
			}
		})
		if loaded != want.loaded || unchanged != want.unchanged {
			t.Errorf("night %d: %d loaded and %d unchanged, not %d and %d", n, loaded, unchanged, want.loaded, want.unchanged)
		}
		if n == 0 || n == nights-1 {
			continue
		}
		decided.forgetWhatWaits(t)
		decided.finish(t, night, pipelines.Finished)
		likeness(t, fmt.Sprintf("night %d, what waits decided anew", n), site, decided)
		settings := filepath.Join(conformed.dir, workspace.FileName)
		src, err := os.ReadFile(settings)
		if err != nil {
			t.Fatal(err)
		}
		write(t, settings, fmt.Appendf(src, "# configuration %d\n", n))
		conformed.finish(t, night, pipelines.Finished)
		likeness(t, fmt.Sprintf("night %d, everything decided anew", n), site, conformed)
	}
}

// likeness reports where the stores of two workspaces differ.
func likeness(t *testing.T, what string, a, b site) {
	t.Helper()
	x, y := lasting(t, a), lasting(t, b)
	for _, table := range differences(x, y) {
		t.Errorf("%s: %s: %v and not %v", what, table, linesOnlyIn(x[table], y[table]), linesOnlyIn(y[table], x[table]))
	}
	if a.identity(t) != b.identity(t) {
		t.Errorf("%s: the vault differs", what)
	}
}

// TestWhatIsForMembersComesWithTheMembership lets somebody become a member by a row of another feed: what their own row has for
// members comes in, though it is as it was on the night on which the rest of it was stored.
func TestWhatIsForMembersComesWithTheMembership(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": feedLayout("mira",
		"alumni: user user | "+whoIs+", firm to: employment.employer, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted}; to: consent.state, time as: instant; to: consent.time",
		"degrees: user user | user required: true, joined as: instant; to: role.alumnus.from")})
	const alumni, degrees = "mira/alumni_%s.csv", "mira/degrees_%s.csv"
	s.feeds[alumni], s.feeds[degrees] = "user;family;given;firm;purpose;channel;state;time", "user;joined"
	for n := range canon.Date(2) {
		s.put(t, alumni, firstNight+n, "m1;Jasen;Jaana;Firma;member_info;email;granted;2024-01-01T09:00:00Z", "m2;Muu;Maija;Toinen;member_info;email;granted;2024-01-01T09:00:00Z")
	}
	s.put(t, degrees, firstNight, "m2;")
	s.put(t, degrees, firstNight+1, "m2;", "m1;2024-01-01T09:00:00Z")
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "names before", s.names(t))
	same(t, "words before", s.cells(t, "consent", "purpose"), "member_info", "member_info")
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "names", s.names(t), "Jasen")
	same(t, "employers", s.cells(t, "employment", "employer"), "Firma")
	same(t, "words", s.cells(t, "consent", "purpose"), "member_info", "member_info")
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+1).String()) })
}

// TestWhoLeftHasLeftForTheRegister lets somebody leave by a row of which all is for members, while a row of another system still
// makes them one: the register knows that they left, and all of it is due (XAMK-34, XAMK-36).
func TestWhoLeftHasLeftForTheRegister(t *testing.T) {
	t.Parallel()
	const who = whoIs + ", mail as: email; to: email.personal, eppn to: person.eppn"
	s := newTiny(t, databasetest.OnSQLite, "xamk", map[string]string{
		"peppi":         feedLayout("peppi", "alumnit: user user | "+who+", inst to: degree.institution_code, day as: date; to: degree.date"),
		"alumni-portal": feedLayout("alumni-portal", "profiles: user user | "+who+", joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to, firm to: employment.employer, studied as: date; to: role.student.to"),
	})
	const degrees, profiles = "peppi/alumnit_%s.csv", "alumni-portal/profiles_%s.csv"
	s.feeds[degrees], s.feeds[profiles] = "user;family;given;mail;eppn;inst;day", "user;family;given;mail;eppn;joined;left;firm;studied"
	left := ""
	for n := range canon.Date(3) {
		s.put(t, degrees, firstNight+n, "m1;Jasen;Jaana;jasen@a.example;jasen@xamk.example;10118;2021-05-05")
		s.put(t, profiles, firstNight+n, "p1;Jasen;Jaana;jasen@a.example;jasen@xamk.example;2024-01-01T09:00:00Z;"+left+";Firma;2025-05-05")
		left = firstNight.String() + "T09:00:00Z"
	}
	s.finish(t, firstNight, pipelines.Finished)
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "roles: the leaving alone", s.cells(t, "role", "kind"), "alumnus")
	s.at(t, func(ws *workspace.Workspace) {
		if due := planFor(t, ws, firstNight+1); len(due) != 4 { // the leaving itself; name, contact data and degree
			t.Errorf("due: %+v", due)
		}
	})
	s.mustApply(t, firstNight+1)
	s.finish(t, firstNight+2, pipelines.Finished)
	same(t, "names", s.names(t))
	same(t, "degrees", s.cells(t, "degree", "date"))
	same(t, "roles", s.cells(t, "role", "to"))
}

// TestWhatLapsedComesBackWithTheMembership ends somebody's membership by a row of another system, which is kept as long as what it
// ends is there, and lets go what the membership was for. They join again, and their own row is
// as it was: its rest comes back.
func TestWhatLapsedComesBackWithTheMembership(t *testing.T) {
	t.Parallel()
	const who = whoIs + ", mail as: email; to: email.personal, eppn to: person.eppn"
	s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{
		"mira": feedLayout("mira", "alumni: user user | "+who+", joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to"),
		"alumni-portal": feedLayout("alumni-portal", "profiles: user user | "+who+
			", firm to: employment.employer, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted}; to: consent.state, time as: instant; to: consent.time"),
	})
	const alumni, profiles = "mira/alumni_%s.csv", "alumni-portal/profiles_%s.csv"
	s.feeds[alumni], s.feeds[profiles] = "user;family;given;mail;eppn;joined;left", "user;family;given;mail;eppn;firm;purpose;channel;state;time"
	for n, days := range []string{"2024-01-01T09:00:00Z;", "2024-01-01T09:00:00Z;" + firstNight.String() + "T09:00:00Z", (firstNight + 2).String() + "T09:00:00Z;"} {
		s.put(t, alumni, firstNight+canon.Date(n), "m1;Jasen;Jaana;jasen@a.example;jasen@nmbu.example;"+days)
		s.put(t, profiles, firstNight+canon.Date(n), "p1;Jasen;Jaana;jasen@a.example;jasen@nmbu.example;Firma;member_info;email;granted;2024-01-01T09:00:00Z")
	}
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "employers", s.cells(t, "employment", "employer"), "Firma")
	s.finish(t, firstNight+1, pipelines.Finished)
	s.mustApply(t, firstNight+1)
	same(t, "employers when left", s.cells(t, "employment", "employer"))
	s.finish(t, firstNight+2, pipelines.Finished)
	same(t, "employers again", s.cells(t, "employment", "employer"), "Firma")
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+2).String()) })
}

// TestAPartStaysWithoutItsPerson takes somebody's own row out of an export: a row of another feed of which a part is stored
// stays, as one does that is stored whole.
func TestAPartStaysWithoutItsPerson(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": feedLayout("mira", "alumni: user user | "+whoIs,
		"words: user user | user required: true, firm to: employment.employer, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted}; to: consent.state, time as: instant; to: consent.time")})
	const alumni, words = "mira/alumni_%s.csv", "mira/words_%s.csv"
	s.feeds[alumni], s.feeds[words] = "user;family;given", "user;firm;purpose;channel;state;time"
	for n := range canon.Date(2) {
		s.put(t, words, firstNight+n, "m1;Firma;member_info;email;granted;2024-01-01T09:00:00Z")
	}
	s.put(t, alumni, firstNight, "m1;Jasen;Jaana", "m2;Muu;Maija", "m3;Kolmas;Kaisa")
	s.put(t, alumni, firstNight+1, "m2;Muu;Maija", "m3;Kolmas;Kaisa")
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "words", s.cells(t, "consent", "purpose"), "member_info")
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "words of somebody who is gone", s.cells(t, "consent", "purpose"), "member_info")
	s.at(t, func(ws *workspace.Workspace) {
		for _, a := range balanced(t, ws, "nightly-"+(firstNight+1).String()) {
			if a.Quarantined > 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}

// TestAPartThatEndedWithAConsentIsDecidedEveryNight ends what a guest's job was kept for by a word of another row, and lets it
// go; the rest of the row is held. They consent anew, and the job comes back, though the row itself is as it ever was.
func TestAPartThatEndedWithAConsentIsDecidedEveryNight(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": feedLayout("mira",
		"events: user user | "+whoIs+", mail as: email; to: email.work, event to: event.key, day as: date; to: event.date, firm to: employment.employer",
		"words: user user | user required: true, purpose to: consent.purpose, channel codes: {email: email}; to: consent.channel, state to: consent.state, time as: instant; to: consent.time")})
	const guests, words = "mira/events_%s.csv", "mira/words_%s.csv"
	s.feeds[guests], s.feeds[words] = "user;family;given;mail;event;day;firm", "user;purpose;channel;state;time"
	for n, c := range []struct {
		state string
		day   canon.Date
		firms []string
	}{
		{"granted", firstNight - 300, []string{"Firma"}}, {"withdrawn", firstNight, nil}, {"withdrawn", firstNight, nil},
		{"granted", firstNight + 3, nil}, {"granted", firstNight + 3, []string{"Firma"}},
	} {
		night := firstNight + canon.Date(n)
		s.put(t, guests, night, "g1;Vieras;Vilma;vieras@a.example;e1;2026-11-01;Firma")
		s.put(t, words, night, "g1;run_event;email;"+c.state+";"+c.day.String()+"T09:00:00Z")
		s.finish(t, night, pipelines.Finished)
		if n == 0 {
			person := s.linkedTo(t)[s.cells(t, "event", "record")[0]]
			s.at(t, func(ws *workspace.Workspace) {
				say(t, ws, person, night, rights.Statement{Kind: register.HoldWord, About: "payment", State: register.Stands})
			})
		}
		if n == 1 {
			s.mustApply(t, night)
		}
		same(t, night.String()+", firms", s.cells(t, "employment", "employer"), c.firms...)
		same(t, night.String()+", events", s.cells(t, "event", "date"), "2026-11-01")
	}
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+4).String()) })
}
