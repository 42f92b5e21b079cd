package meaning

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/linkage"
)

// Columns of public data sets and of exports as they come.
var files = []struct{ name, columns, want string }{
	{"febrl", "rec_id:rec given_name:given surname:family date_of_birth:compact street_number:house address_1:avenue address_2:line2 suburb:town postcode:post state:region soc_sec_id:number7",
		"record_id given_names family_name birth_date house_number street address_line city postcode region identifier"},
	{"fake_1000", "unique_id:serial first_name:given surname:family dob:birth city:town email:mail cluster:cluster",
		"record_id given_names family_name birth_date city email ignored"},
	{"historical", "unique_id:rec cluster:cluster full_name:titled first_and_surname:full first_name:given surname:family dob:old birth_place:town postcode_fake:british gender:sex occupation:job",
		"record_id ignored ignored ignored given_names family_name birth_date text postcode sex text"},
	{"voters", "voter_reg_num:number7 first_name:given middle_name:middle last_name:family res_street_address:avenue res_city_desc:town zip_code:post gender_code:sex birth_age:age birth_year:birthyr full_phone_number:phone registr_dt:recent",
		"identifier given_names text family_name street city postcode sex number birth_date phone text"},
	{"birth in parts", "id:rec fname:given lname:family by:birthyr bm:month bd:dayno", "record_id given_names family_name birth_date birth_month birth_day"},
	{"parts with names", "id:rec birth_day:dayno birth_month:month birth_year:birthyr sukunimi:family", "record_id birth_day birth_month birth_date family_name"},
	{"parts and the whole", "id:rec dob:birth birth_month:month birth_day:dayno name:full", "record_id birth_date ignored ignored full_name"},
	{"a month and no year", "id:rec name:full birth_month:month", "record_id full_name number"},
	{"numbers beside years of study", "id:rec name:full year:year grade:month points:dayno", "record_id full_name number number number"},
	{"a town", "id:rec fornavn:given by:town", "record_id given_names city"},
	{"papers", "id:serial title:title authors:full venue:job year:year", "record_id text text text number"},
	{"products", "id:serial name:title description:about manufacturer:job price:price", "record_id text text text number"},
	{"peppi", "opiskelijanumero:number7 henkilotunnus:hetu oppijanumero:oid sukunimi:family entinen_sukunimi:family etunimet:given kutsumanimi:given syntymaaika:dotted sukupuoli:sex kotikunta:place lahiosoite:street postinumero:post postitoimipaikka:town maa:same sahkoposti:mail puhelin:dialled muokattu:recent",
		"identifier identifier identifier family_name former_family_name given_names call_name birth_date sex city street postcode city country email phone ignored"},
	{"contacts", "contactid:guid firstname:given lastname:family birthdate:birth gendercode:sexcode governmentid:hetu employeeid:number7 emailaddress1:mail mobilephone:phone address1_line1:street address1_city:town address1_postalcode:post donotemail:flag statecode:flag _masterid_value:guid createdon:recent",
		"record_id given_names family_name birth_date sex identifier identifier email phone street city postcode ignored ignored ignored ignored"},
	{"profiles", "profileId:guid joinedAt:recent familyName:family formerFamilyName:family givenNames:given callName:given birthDate:birth email1:mail email1Type:job phone1:phone homeLine1:street homePostcode:post homeCity:town employer:firm",
		"record_id ignored family_name former_family_name given_names call_name birth_date email text phone street postcode city text"},
	{"swedish", "id:serial Förnamn:given Efternamn:family Födelsedatum:birth Gatuadress:street Postnummer:post Ort:town E-post:mail Telefonnummer:phone Kön:sex",
		"record_id given_names family_name birth_date street postcode city email phone sex"},
	{"norwegian", "id:serial Fornavn:given Etternavn:family Fødselsdato:dotted Adresse:street Postnr:post Poststed:town Epost:mail Mobil:dialled Kjønn:sex",
		"record_id given_names family_name birth_date street postcode city email phone sex"},
	{"german, french, spanish", "Vorname:given nom_de_famille:family fecha_de_nacimiento:birth Straße:street PLZ:post Ville:town correo:mail", "given_names family_name birth_date street postcode city email"},
	{"short names", "rid:rec fname:given lname:family DOB:american addr1:avenue zip:post tel:dialled ssn:ssn src:system", "record_id given_names family_name birth_date street postcode phone identifier source"},
	{"old names", "recid:rec gname:given sname:family SEX:sex", "record_id given_names family_name sex"},
	{"our own", "record_id:rec source:system given_names:given call_name:given family_name:family former_family_name:family birth_date:birth sex:sex street:street postcode:post city:town phone:phone email:mail hetu:hetu oppijanumero:oid student_number:number7 employee_number:number7",
		"record_id source given_names call_name family_name former_family_name birth_date sex street postcode city phone email identifier identifier identifier ignored"},
	{"no names", "c1:rec c2:given c3:family c4:birth c5:avenue c6:town c7:british c8:mail c9:phone c10:hetu c11:sex c12:title c13:flag",
		"record_id given_names family_name birth_date street city postcode email phone identifier sex text ignored"},
	{"no names, codes", "c1:rec c2:dropped c3:staff", "record_id postcode identifier"},
	{"full names", "Nimi:reversed Sähköposti:mail", "full_name email"},
	{"a given name called name", "name:given surname:family", "given_names family_name"},
	{"others' columns", "mother_first_name:given company_name:title next_of_kin:full name:full date_of_birth:birth", "text text text full_name birth_date"},
	{"swapped names", "email:phone phone:mail", "phone email"},
	{"a date that is none", "date:job dob:title", "text text"},
	{"a date that may be a birth", "Date:birth first_name:given", "birth_date given_names"},
	{"dates of events", "dob:birth registration_date:recent date:birth", "birth_date text text"},
	{"no births", "id:serial name:full Hire_Date:birth registr_dt:american DEATHDATE:dotted Startdatum:recent", "record_id full_name text text text text"},
	{"short words of addresses", "id:serial fname:given lname:family stNo:house add1:avenue add2:line2", "record_id given_names family_name house_number street address_line"},
	{"the same twice", "email:mail mail:mail", "email ignored"},
	{"answers", "truth:cluster label:sex cluster_id:cluster true_cluster:cluster gold:serial is_match:flag", "ignored ignored ignored ignored ignored ignored"},
	{"empty", "first_name: notes:", "ignored ignored"},
}

func TestGuess(t *testing.T) {
	for _, f := range files {
		t.Run(f.name, func(t *testing.T) {
			header, sample := sampleOf(f.columns)
			got := Guess(header, sample)
			want := strings.Fields(f.want)
			if len(want) != len(got) {
				t.Fatalf("%d columns, %d wanted: %s", len(got), len(want), kindsOf(got))
			}
			for i, c := range got {
				if c.Field.Kind != kindOf(t, want[i]) {
					t.Errorf("%s is %s, not %s: %s", c.Field.Name, c.Field.Kind, want[i], c.Why)
				}
			}
		})
	}
}

func TestGuessFromNamesAlone(t *testing.T) {
	header := []string{"rec_id", "etunimi", "sukunimi", "syntymäaika", "sähköposti", "hetu", "cluster", "full_name", "c9"}
	got := kindsOf(Guess(header, nil))
	if want := "record_id given_names family_name birth_date email identifier ignored ignored text"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// One row cannot tell whether its id is one, so that the name counts.
func TestTheIdOfOneRow(t *testing.T) {
	got := Guess([]string{"id", "first_name"}, [][]string{{"7", "Anna"}})
	if k := got[0].Field.Kind; k != linkage.RecordID {
		t.Errorf("the id is %s: %s", k, got[0].Why)
	}
}

func TestGuessTellsWhy(t *testing.T) {
	header, sample := sampleOf("dob:birth date:job mail:phone cluster:cluster full:full first_name:given surname:family hetu:hetu")
	header[4] = "full_name"
	got := Guess(header, sample)
	for i, want := range []string{
		"name and 100 % of values are dates of birth",
		"named as a date, but not so: text",
		"named as email, but not so: 100 % of values are telephone numbers",
		"the name says that the answer is here",
		"repeats given and family name in 100 % of rows",
		"name and 100 % of values are names, and many are common",
		"name and 100 % of values are names, and many are common",
		"name and 100 % of values are identity codes with a right check character",
	} {
		if got[i].Why != want {
			t.Errorf("%s: %q, not %q", header[i], got[i].Why, want)
		}
	}
	if got[0].Confidence < 0.95 || got[2].Confidence > 0.6 || got[1].Confidence > 0.3 {
		t.Errorf("confidence of a sure, a contradicted and an empty name: %.2f %.2f %.2f", got[0].Confidence, got[2].Confidence, got[1].Confidence)
	}
	if !got[7].Field.Unique {
		t.Error("nobody has two identity codes")
	}
}

func TestContradictionCostsConfidence(t *testing.T) {
	header, good := sampleOf("dob:birth")
	_, half := sampleOf("dob:birth")
	for i := range half {
		if i%2 == 0 {
			half[i][0] = "no date"
		}
	}
	a, b := Guess(header, good)[0], Guess(header, half)[0]
	if b.Confidence >= a.Confidence || b.Field.Kind != linkage.BirthDate {
		t.Errorf("%s %.2f with all dates, %s %.2f with half", a.Field.Kind, a.Confidence, b.Field.Kind, b.Confidence)
	}
}

// A text that stands for no value in a column is told, and one that somebody may be called is not.
func TestBlankTextsAreTold(t *testing.T) {
	header, sample := sampleOf("id:rec first_name:given middle:middle last_name:family")
	for i := range sample {
		sample[i][2] = "NA"
	}
	sample[0][2], sample[1][3], sample[2][3] = "Maria", "Na", "NULL"
	got := Guess(header, sample)
	if len(got[2].Blank) != 1 || got[2].Blank[0] != "NA" || len(got[1].Blank)+len(got[3].Blank) != 0 {
		t.Errorf("got %q, %q, %q", got[1].Blank, got[2].Blank, got[3].Blank)
	}
}

func TestFullNameStaysWhereItSaysMore(t *testing.T) {
	header, sample := sampleOf("full_name:full first_name:given surname:family")
	for i := range sample {
		if i%2 == 0 {
			sample[i][1], sample[i][2] = "", ""
		}
	}
	if k := Guess(header, sample)[0].Field.Kind; k != linkage.FullName {
		t.Errorf("a full name that is often alone is %s", k)
	}
}

func TestFormsOfNames(t *testing.T) {
	for _, name := range []string{"date_of_birth", "DateOfBirth", "dateOfBirth", "DATE OF BIRTH", "Date-of-Birth", "date.of.birth", "dateofbirth", "\ufeffdate_of_birth", "syntymäaika", "Syntymaaika", "FØDSELSDATO", "patient_dob"} {
		if r := readHeader(name); r.kind != linkage.BirthDate || r.strength < hint {
			t.Errorf("%q reads as %s, %.2f", name, r.kind, r.strength)
		}
	}
}

func TestPersonnummer(t *testing.T) {
	for v, want := range map[string]bool{"811228-9874": true, "19811228-9874": true, "8112289874": true, "811228-9873": false, "811328-9874": false, "81122-89874": false, "": false} {
		if got := isPersonnummer(v); got != want {
			t.Errorf("%q: %v", v, got)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		v     string
		year  int
		whole bool
		ok    bool
	}{
		{"1985-07-08", 1985, true, true}, {"19850807", 1985, true, true}, {"8.7.1985", 1985, true, true}, {"07/08/1985", 1985, true, true},
		{"1985", 1985, false, true}, {"1985-07", 1985, false, true}, {"1985-07-08T00:00:00Z", 1985, true, true}, {"8 Jul 1985", 1985, true, true},
		{"01.02.85", 1985, true, true}, {"1985-13-45", 0, false, false}, {"9999999", 0, false, false}, {"", 0, false, false}, {"040 123 4567", 0, false, false},
	} {
		year, whole, ok := parseDate(c.v, shapeOf(c.v))
		if ok != c.ok || ok && (year != c.year || whole != c.whole) {
			t.Errorf("%q: %d %v %v", c.v, year, whole, ok)
		}
	}
}

func TestGuessProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"id", "name", "dob", "email", "x"})), 0, 8).Draw(t, "header")
		sample := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9 .:+-]{0,20}`)), 0, 9), 0, 30).Draw(t, "sample")
		a, b := Guess(header, sample), Guess(header, sample)
		checkGuess(t, header, a)
		if !reflect.DeepEqual(a, b) {
			t.Fatal("two guesses differ")
		}
	})
}

func checkGuess(t interface{ Fatalf(string, ...any) }, header []string, got []Column) {
	if len(got) != len(header) {
		t.Fatalf("%d columns for %d", len(got), len(header))
	}
	ids := 0
	for i, c := range got {
		if c.Field.Name != header[i] || c.Why == "" || c.Confidence < 0 || c.Confidence > 1 || c.Field.Kind >= linkage.Kinds {
			t.Fatalf("column %d: %+v", i, c)
		}
		if c.Field.Kind == linkage.RecordID {
			ids++
		}
	}
	if ids > 1 {
		t.Fatalf("%d columns name the record", ids)
	}
}

func FuzzGuess(f *testing.F) {
	f.Add("rec_id,dob,full_name", "r1,1985-07-08,Anna Specimen\nr2,,")
	f.Add("a\xffb,", "\x00,\xff\n-,+\n")
	f.Add("tel", "+358 40 000000\n(02)")
	f.Fuzz(func(t *testing.T, names, rows string) {
		header := strings.Split(names, ",")
		var sample [][]string
		for line := range strings.SplitSeq(rows, "\n") {
			sample = append(sample, strings.Split(line, ","))
		}
		checkGuess(t, header, Guess(header, sample))
	})
}

func BenchmarkGuess(b *testing.B) {
	header, sample := sampleOf(files[0].columns)
	for b.Loop() {
		Guess(header, sample)
	}
}
