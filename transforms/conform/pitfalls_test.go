package conform_test

import (
	"strings"
	"testing"

	"uoma/transforms/conform"
)

// TestPitfallsOfSystems holds what the shipped layouts answer to what their systems are known for, where the exports of the
// contract cannot show it: the row that comes of the cells, without what must not come of them.
func TestPitfallsOfSystems(t *testing.T) {
	record := cells{"id": "90011", "student": "s0012345@metropolia.example", "courseUnitName": "Ohjelmointi", "examDate": "2026-10-12", "date": "2026-10-20"}
	cohort := cells{"personlopenr": "1", "studieprogramkode": "M-ECOL", "studierettstatkode": "AKTIV", "terminkode_kull": "HØST", "arstall_kull": "2010"}
	degree := cells{"personlopenr": "1", "studieprogramkode": "M-ECOL", "gradkode": "MASTER", "dato_oppnadd": "2012-06-15", "ar_oppnaelse": "2012"}
	alumnus := cells{"opiskelijanumero": "2100001", "sukunimi": "Esimerkki", "etunimet": "Aino Maria", "turvakielto": "E", "opiskeluoikeus_id": "98765",
		"oppilaitos": "10118", "tila": "3"}
	employee := cells{"HENKILONUMERO": "004711", "SUKUNIMI": "Koe", "ETUNIMET": "Olli", "YKSIKKOKOODI": "4100", "PALVELUSSUHDE_ALKU": "01.08.2023"}
	door := cells{"Tapahtuma_id": "88120045", "Aika": "12.10.2026 08:57:31", "Ovi": "MYL-AQ-D1", "Kortti_nro": "0004123377", "Haltija_tunnus": "s0012345", "Tapahtuma": "SISÄÄN"}
	student := cells{"avain": "12345", "sukunimi": "Esimerkki", "hetu": "010190-"}
	course := cells{"avain": "O1", "opiskelija": "12345", "pvm": "2020-05-01", "myontaja": "10118", "laji": "2", "nimi": "Ohjelmointi"}
	entry := cells{"uid": "s0012345", "eduPersonPrincipalName": "s0012345@metropolia.example", "sn": "Koe"}
	contact := cells{"contactid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "lastname": "Varhainen", "donotemail": "false", "donotbulkemail": "false",
		"donotphone": "false", "donotpostalmail": "false", "donotbulkpostalmail": "false", "donotsendmm": "false"}
	seen := cells{"alumnus_ref": "1044982", "company_name": "Mallipaja Ltd", "source_url": "https://linkedin.example/in/x", "seen_at": "2026-05-11"}
	alumna := donor.with(cells{"CnPrAl_Degree": "BA (Hons)", "CnPrAl_Class_of": "2000"})
	for _, tt := range []struct {
		name, feed string
		row        cells
		table      string
		want       string // of the table's row; "" where there is none
		without    string
	}{
		{"tags in a name", "exam/records", record.with(cells{"courseUnitName": "<p>Ohjel<b>mointi</b> 1 &amp; 2</p>"}), "exam", " name=Ohjelmointi 1 & 2", "<"},
		{"a number that is null", "exam/records", record.with(cells{"studentId": "null"}), "person", " eppn=s0012345@", "student_number="},
		{"a visitor", "exam/records", record.with(cells{"student": "s0012345@muu.example"}), "person", "", ""},
		{"a cohort of the autumn", "fs/programmes", cohort, "study", " start=2010-08-01", ""},
		{"a cohort of the spring", "fs/programmes", cohort.with(cells{"terminkode_kull": "VÅR"}), "study", " start=2010-01-01", ""},
		{"another term is another row", "fs/programmes", cohort.with(cells{"terminkode_kull": "VÅR"}), "study", " row_key=1/M-ECOL/2010-01-01 ", ""},
		{"a term that nobody told of", "fs/programmes", cohort.with(cells{"terminkode_kull": "SOM"}), "study", "", ""},
		{"on leave", "fs/programmes", cohort.with(cells{"studierettstatkode": "PERMISJON"}), "study", " state=1", ""},
		{"one kind of degree of two programmes", "fs/awards", degree, "degree", " row_key=1/MASTER/M-ECOL/", ""},
		{"a degree by its year", "fs/awards", degree.with(cells{"dato_oppnadd": ""}), "degree", " date=2012-01-01", ""},
		{"a woman", "fs/candidates", cells{"personlopenr": "1", "etternavn": "Prøve", "fornavn": "Kari", "status_dod": "N", "kjonn": "K"}, "person", " sex=2", ""},
		{"a migrated number", "peppi/alumnit", alumnus.with(cells{"opiskelijanumero": "2100001Y"}), "person", " student_number=2100001Y ", ""},
		{"a state in words", "peppi/alumnit", alumnus.with(cells{"tila": "Keskeyttänyt"}), "study", " state=5", ""},
		{"a protected person by number", "peppi/alumnit", alumnus.with(cells{"turvakielto": "1", "lahiosoite": "Mallikatu 1"}), "person", " protected=true", ""},
		{"whose address stays out", "peppi/alumnit", alumnus.with(cells{"turvakielto": "true", "lahiosoite": "Mallikatu 1"}), "address", "", ""},
		{"a sex that nobody said", "peppi/alumnit", alumnus.with(cells{"henkilotunnus": "010190-900P"}), "person", " hetu=010190-900P", "sex="},
		{"an institution that lost its zero", "peppi/alumnit", alumnus.with(cells{"oppilaitos": "2506"}), "study", " institution_code=02506", ""},
		{"no end", "pegasos/henkilot", employee.with(cells{"PALVELUSSUHDE_LOPPU": "31.12.2099"}), "employment", " start=2023-08-01", " end="},
		{"a holder without a card", "access-control/events", door.with(cells{"Kortti_nro": ""}), "access", "person_key=s0012345@metropolia.example", "card="},
		{"neither card nor holder", "access-control/events", door.with(cells{"Kortti_nro": "", "Haltija_tunnus": ""}), "access", "", ""},
		{"a card that is none", "access-control/events", door.with(cells{"Kortti_nro": "4,12E+06"}), "access", "", ""},
		{"a birth date for a code", "virta/opiskelijat", student, "person", " birth_date=1990-01-01", "hetu="},
		{"of this century", "virta/opiskelijat", student.with(cells{"hetu": "010101A"}), "person", " birth_date=2001-01-01", "hetu="},
		{"still to come", "virta/opiskelijat", student.with(cells{"hetu": "010199A"}), "person", " source_key=12345", "birth_date="},
		{"no day", "virta/opiskelijat", student.with(cells{"hetu": "310290-"}), "person", " source_key=12345", "birth_date="},
		{"a course that is passed", "virta/suoritukset", course.with(cells{"hyvaksytty": "HYV"}), "exam", " grade=HYV", "scale="},
		{"a course with a number", "virta/suoritukset", course.with(cells{"viisi": "4"}), "exam", " grade=4 scale=Viisiportainen", ""},
		{"a title in three languages", "virta/suoritukset", course.with(cells{"nimi_sv": "Programmering", "nimi_en": "Programming"}), "exam", " name=Ohjelmointi", ""},
		{"a title in two", "virta/suoritukset", course.with(cells{"nimi": "", "nimi_sv": "Programmering", "nimi_en": "Programming"}), "exam", " name=Programmering", ""},
		{"a title in one", "virta/suoritukset", course.with(cells{"nimi": "", "nimi_en": "Programming"}), "exam", " name=Programming", ""},
		{"no title", "virta/suoritukset", course.with(cells{"nimi": ""}), "exam", " key=O1", "name="},
		{"a degree's title", "virta/suoritukset", course.with(cells{"laji": "1", "nimi": "", "nimi_sv": "Ingenjör (YH)"}), "degree", " title=Ingenjör (YH)", ""},
		{"a time with a fraction", "haka/henkilot", entry.with(cells{"modifyTimestamp": "20261101021500.0Z"}), "person", " modified_at=2026-11-01T02:15:00Z", ""},
		{"a degree", "raisers-edge/constituents", alumna.with(cells{"CnPrAl_Status": "Graduated"}), "degree", " title=BA (Hons)", ""},
		{"a degree of which nobody said more", "raisers-edge/constituents", alumna, "degree", " date=2000-01-01", ""},
		{"no degree yet", "raisers-edge/constituents", alumna.with(cells{"CnPrAl_Status": "Current"}), "degree", "", ""},
		{"neither of two sexes", "raisers-edge/constituents", donor.with(cells{"CnBio_Gender": "Other"}), "person", " sex=9", ""},
		{"how old what they say is", "raisers-edge/constituents", donor.with(cells{"CnAdrPrf_DateLastChanged": "05/10/2026"}), "person", " modified_at=2026-10-04T23:00:00Z", ""},
		{"nobody says how old", "raisers-edge/constituents", donor.with(cells{"CnAdrPrf_DateLastChanged": "2026"}), "person", " family_name=Sample ", "modified_at"},
		{"a house in three lines", "raisers-edge/constituents", donor.with(cells{"CnAdrPrf_Addrline1": "Flat 2", "CnAdrPrf_Addrline3": "1 Sample Street"}), "address",
			" line1=Flat 2 line3=1 Sample Street ", ""},
		{"work that was seen on a day", "external-lists-ljmu/linkedin", seen, "employment", " employer=Mallipaja Ltd", "start="},
		{"seen in the summer of London", "external-lists-ljmu/linkedin", seen, "person", " modified_at=2026-05-10T23:00:00Z ", ""},
		{"an id with letters in a list", "external-lists-ljmu/honours", seen.with(cells{"alumnus_ref": "00A7", "source_url": "https://gazette.example/honours"}), "person", " person_key=00A7 ", ""},
		{"and in a newspaper", "external-lists-ljmu/newspapers", seen.with(cells{"alumnus_ref": "00A7", "source_url": "https://echo.example/news"}), "person", " person_key=00A7 ", ""},
		{"and on LJMU Connect", "graduway/users", member(cells{"External ID": "00A7"}), "person", " person_key=00A7 ", ""},
		{"an id that a spreadsheet spoilt", "graduway/users", member(cells{"External ID": "1.04E+06"}), "person", "", ""},
		{"a ban that says nothing", "dynamics365/contacts", contact.with(cells{"donotbulkpostalmail": ""}), "person", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, f := feed(t, tt.feed)
			c, err := conform.New(l, f, settings())
			if err != nil {
				t.Fatal(err)
			}
			o := run(t, c, raw(t, f, 2, tt.row))
			rows := o.table(tt.table)
			switch {
			case tt.want == "" && len(rows) > 0:
				t.Errorf("there is a row: %s", rows)
			case tt.want != "" && (len(rows) != 1 || !strings.Contains(rows[0]+" ", tt.want)):
				t.Errorf("not %q: %s", tt.want, o.text())
			case tt.without != "" && strings.Contains(rows[0], tt.without):
				t.Errorf("with %q: %s", tt.without, rows[0])
			}
		})
	}
}

// A birth date in its own column goes before one in place of a code.
func TestABirthDateInPlaceOfACodeFillsAnEmptyOneAlone(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [id], person: [id],
  columns: [{name: id, required: true}, {name: code, as: hetu-virta, to: person.hetu}, {name: born, as: date, formats: [yyyy-MM-dd], to: person.birth_date}]}]}`
	c, f := parsed(t, src)
	for born, want := range map[string]string{"": " birth_date=1990-01-01", "1991-02-02": " birth_date=1991-02-02"} {
		o := run(t, c, raw(t, f, 2, cells{"id": "1", "code": "010190-", "born": born}))
		if rows := strings.Join(o.table("person"), ""); !strings.Contains(rows, want) || o.invalid("code", "partial") != 1 {
			t.Errorf("%q: %s", born, o.text())
		}
	}
}
