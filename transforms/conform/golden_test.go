package conform_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The synthetic cast in every shipped feed, with the pitfalls that each system is known for.
func TestGolden(t *testing.T) {
	for name, rows := range cast() {
		t.Run(name, func(t *testing.T) {
			c, f := conformer(t, name)
			got := run(t, c, raw(t, f, 2, rows...)).text()
			path := filepath.Join("testdata", strings.ReplaceAll(name, "/", "_")+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func aino() cells {
	return cells{"opiskelijanumero": "2100001", "henkilotunnus": "010190-900P", "oppijanumero": "1.2.246.562.24.10000000003",
		"sukunimi": "Esimerkki", "etunimet": "Aino *Maria*", "syntymaaika": "1.1.1990", "sukupuoli": "N", "aidinkieli": "fi",
		"asiointikieli": "fi", "kansalaisuus": "246", "kotikunta": "491", "turvakielto": "E", "lahiosoite": "Mallikatu 1 A 2",
		"postinumero": "50100", "postitoimipaikka": "Mikkeli", "maa": "FI", "sahkoposti": "aesim001@student.xamk.example",
		"sahkoposti_oma": "Aino.Esimerkki@mail.example", "puhelin": "040 000 0001", "opiskeluoikeus_id": "98765",
		"oikeuden_tyyppi": "1", "tila": "valmistunut", "aloituspvm": "1.8.2017", "paattymispvm": "31.12.2021",
		"tutkinto_ohjelma_koodi": "LT21K", "tutkinto_ohjelma": "Liiketalous", "koulutuskoodi": "631101", "koulutusala": "5",
		"ryhma": "LTMI17SP", "yksikko": "Liiketalous ja kulttuuri", "koulutuskunta": "491", "valmistumispvm": "15.6.2021",
		"tutkintonimike": "Tradenomi (AMK)", "laajuus_op": "210,0", "keskiarvo": "3,52", "oppilaitos": "10118", "muokattu": "16.6.2021 2:15"}
}

func cast() map[string][]cells {
	olli := cells{"HENKILONUMERO": "004711", "HETU": "070701A912U", "SUKUNIMI": "Koe", "ETUNIMET": "Olli Antti", "KUTSUMANIMI": "Olli",
		"NIMIKE": "Lehtori", "YKSIKKOKOODI": "4100", "YKSIKKO": "Tekniikka", "PALVELUSSUHDE_ALKU": "01.08.2023", "PALVELUSSUHDE_LOPPU": "31.12.9999",
		"TYOSUHTEEN_LAJI": "VA", "SAHKOPOSTI": "olli.koe@xamk.example", "PUHELIN": "0400000004"}
	login := cells{"uid": "s0012345", "eduPersonPrincipalName": "s0012345@metropolia.example", "funetEduPersonEPPNTimeStamp": "20230815", "sn": "Koe",
		"givenName": "Olli", "funetEduPersonGivenNames": "Olli Antti", "mail": "olli.koe@metropolia.example", "mobile": "+358400000004",
		"preferredLanguage": "fi", "employeeNumber": "004711", "eduPersonAffiliation": "employee;member;student",
		"schacPersonalUniqueCode": "urn:schac:personalUniqueCode:int:studentID:metropolia.example:2200002",
		"schacPersonalUniqueID":   "urn:schac:personalUniqueID:fi:hetu:070701A912U", "schacDateOfBirth": "20010707",
		"funetEduPersonLearnerId": "1.2.246.562.24.90000000421", "modifyTimestamp": "20261101021500Z"}
	asa := cells{"opiskelija_avain": "12347", "opiskelijanumero": "0012345", "hetu": "290296-977L", "oppijanumero": "1.2.246.562.24.55555000005",
		"sukunimi": "Näyte-Öhman", "etunimet": "Åsa", "syntymaaika": "1996-02-29", "sukupuoli": "2", "aidinkieli": "sv", "asiointikieli": "sv",
		"kansalaisuus": "246,752", "kotikunta": "091", "turvakielto": "0", "email_oma": "asa+alumni@mail.example", "matkapuhelin": "+358400000003",
		"lahiosoite": "Mallgatan 3", "postinumero": "111 22", "postitoimipaikka": "Stockholm", "maa": "Sverige",
		"markkinointikielto": "1", "luovutuskielto": "0", "muutettu": "2026-11-01T02:15:00+02:00"}
	salla := asa.with(cells{"opiskelija_avain": "12349", "opiskelijanumero": "2100005", "hetu": "301178-999K", "oppijanumero": "1.2.246.562.24.12345678907",
		"sukunimi": "Suojattu", "etunimet": "Salla", "syntymaaika": "1978-11-30", "turvakielto": "1", "kuolinpaiva": "2026-01-02", "maa": "FI", "postinumero": "50100"})
	veikko := cells{"Projektinumero": "21-0045", "Projekti": "Aluekehitys Malli", "Projektin tila": "Käynnissä", "Alkupvm": "d|2025-01-01T00:00:00",
		"Loppupvm": "d|2026-12-31", "Nimi": "Testaaja Veikko", "Rooli": "Yhteyshenkilö", "Tehtävä": "Ohjausryhmän jäsen", "Organisaatio": "Mallipaja Oy",
		"Organisaation Y-tunnus": "9000004-6", "Titteli": "Toimitusjohtaja", "Sähköposti": "veikko@posti.example", "Puhelin": "0400000002",
		"Lähiosoite": "Mallikatu 2", "Postinumero": "n|60320", "Postitoimipaikka": "Seinäjoki", "Maa": "Suomi", "URL": "https://mallipaja.example",
		"Muokattu": "d|2026-11-04T23:10:00"}
	member := cells{"profileId": "11111111-2222-3333-4444-555555555555", "status": "active", "joinedAt": "2020-02-03T00:30:00+02:00",
		"familyName": "Testaaja", "givenNames": "Veikko", "callName": "Veikko", "birthDate": "1985-03-14", "email1": "veikko@posti.example",
		"email1Type": "personal", "email1Verified": "true", "email2": "v.testaaja@mallipaja.example", "phone1": "+358400000002", "phone1Type": "mobile", "homeLine1": "Mallikatu 2",
		"homePostcode": "60320", "homeCity": "Seinäjoki", "homeCountry": "FI", "employer": "Mallipaja Oy", "jobTitle": "Toimitusjohtaja",
		"degreeInstitution": "02506", "degreeTitle": "Insinööri (AMK)", "degreeStartYear": "2008", "degreeGraduationDate": "2012-05-31",
		"degreePlace": "Mikkeli", "language": "fi", "surveyContactAllowed": "false", "updatedAt": "2026-10-30T18:20:11+02:00"}
	eino := cells{"contactid": "{3F2504E0-4F89-41D3-9A0C-0305E82C3301}", "firstname": "Eino", "lastname": "Varhainen", "birthdate": "1992-12-31",
		"gendercode": "1", "governmentid": "311292-9557", "emailaddress1": "eino.varhainen@posti.example", "mobilephone": "+358400000006",
		"address1_line1": "Mallikatu 6", "address1_city": "Seinäjoki", "address1_postalcode": "60320", "address1_country": "Suomi", "jobtitle": "Asiantuntija",
		"donotemail": "true", "donotbulkemail": "true", "donotphone": "false", "donotpostalmail": "false", "donotbulkpostalmail": "true", "donotsendmm": "false",
		"modifiedon": "2026-11-02T08:15:30Z", "seamk_role": "alumni", "seamk_studentnumber": "0012345"}
	point := cells{"msdynmkt_contactpointconsent4id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "msdynmkt_contactpointvalue": "Eino.Varhainen@posti.example",
		"msdynmkt_contactpointtype": "534120000", "_msdynmkt_purposeid_value": "00000000-0000-0000-0000-0000000000A1",
		"msdynmkt_value": "534120002", "msdynmkt_source": "534120005", "modifiedon": "2026-11-02T08:15:30Z"}
	return map[string][]cells{
		"peppi/alumnit": {
			aino(),
			aino().with(cells{"opiskelijanumero": "2100002", "opiskeluoikeus_id": "98766", "henkilotunnus": "140385-901E", "oppijanumero": "", "sukunimi": "Testaaja",
				"etunimet": "Veikko", "syntymaaika": "14.3.1985", "tila": "1", "valmistumispvm": "", "paattymispvm": "31.12.2099", "oppilaitos": "2506", "postinumero": "0100"}),
			aino().with(cells{"opiskelijanumero": "2100005", "opiskeluoikeus_id": "98770", "henkilotunnus": "301178-999K", "oppijanumero": "", "sukunimi": "Suojattu",
				"etunimet": "Salla", "syntymaaika": "30.11.1978", "turvakielto": "K"}),
			aino().with(cells{"henkilotunnus": "140385-901E", "opiskeluoikeus_id": "98771", "sukupuoli": "X", "aidinkieli": "99", "puhelin": "3.58401E+11"}),
			aino().with(cells{"opiskeluoikeus_id": "98772", "turvakielto": ""}),
			aino().with(cells{"opiskeluoikeus_id": "", "sukunimi": "Koe"}),
		},
		"student-register/opiskelijat":      {asa, salla, asa.with(cells{"luovutuskielto": "kenties"})},
		"student-register/opiskeluoikeudet": {{"oikeus_avain": "98765", "opiskelija_avain": "12345", "tyyppi": "1", "alkupvm": "2017-08-01", "tila": "3", "tila_alkupvm": "2021-06-15", "koulutuskoodi": "631101", "ohjausala": "5", "myontaja": "10118"}},
		"student-register/tutkinnot": {
			{"suoritus_avain": "K373315", "opiskelija_avain": "12345", "oikeus_avain": "98765", "laji": "1", "suorituspvm": "2021-06-15", "koulutuskoodi": "631101", "nimi_fi": "Tradenomi (AMK)", "laajuus_op": "210.000000", "arvosana": "4", "asteikko": "Viisiportainen"},
			{"suoritus_avain": "K373316", "opiskelija_avain": "12345", "oikeus_avain": "98765", "laji": "2", "suorituspvm": "2020-01-15", "nimi_fi": "Tilastotiede", "laajuus_op": "5.0", "arvosana": "5"},
		},
		"haka/henkilot":                {login, login.with(cells{"eduPersonAffiliation": "affiliate", "schacPersonalUniqueCode": "null", "schacPersonalUniqueID": ""})},
		"pegasos/henkilot":             {olli, olli.with(cells{"PALVELUSSUHDE_ALKU": "31.02.2023"})},
		"reportronic/projektihenkilot": {veikko, veikko.with(cells{"Henkilönumero": "n|4711", "Nimi": "Koe Olli", "Sähköposti": "", "Rooli": "", "Puhelin": "e|"}), veikko.with(cells{"Projektinumero": "d|2021-02-01"})},
		"reportronic/henkilosto":       {{"Henkilönumero": "n|4711.0", "Sukunimi": "Koe", "Etunimi": "Olli", "Käyttäjätunnus": "okoe", "Sähköposti": "olli.koe@xamk.example", "Yksikkö": "Tekniikka", "Nimike": "Lehtori", "Aktiivinen": "Kyllä", "Muokattu": "4.11.2026 23:10"}},
		"alumni-portal/profiles":       {member, member.with(cells{"profileId": "11111111-2222-3333-4444-555555555556", "status": "pending", "surveyContactAllowed": "true"})},
		"alumni-portal/consents": {
			{"profileId": "11111111-2222-3333-4444-555555555555", "purpose": "newsletter", "channel": "email", "state": "given", "time": "2020-02-03T09:00:00+02:00", "textVersion": "3"},
			{"profileId": "11111111-2222-3333-4444-555555555555", "purpose": "events", "channel": "sms", "state": "not_asked"},
			{"profileId": "11111111-2222-3333-4444-555555555555", "purpose": "gossip", "channel": "sms", "state": "given"},
		},
		"dynamics365/contacts": {eino, eino.with(cells{"contactid": "3f2504e0-4f89-41d3-9a0c-0305e82c3302", "donotphone": ""})},
		"dynamics365/consents": {
			point,
			point.with(cells{"msdynmkt_contactpointconsent4id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee2", "msdynmkt_contactpointvalue": "040 000 0006", "msdynmkt_contactpointtype": "534120001", "msdynmkt_value": "534120001"}),
			point.with(cells{"msdynmkt_contactpointconsent4id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee3", "msdynmkt_contactpointtype": "534120002"}),
		},
	}
}
