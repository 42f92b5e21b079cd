package meaning

import (
	"strings"

	"uoma/transforms/linkage"
)

// vocabulary lists names of columns by kind, folded: lower case, without accents, spaces and signs. English, Finnish,
// Swedish and Norwegian first, then the German, French and Spanish ones that are seen most.
var vocabulary = index(map[linkage.Kind]string{
	linkage.RecordID: `id recid recordid rowid rownum rownumber rowno rownr row index idx uid uuid guid uniqueid key recordkey recordno recordnumber
		tietueid tietuetunnus rivi rivinro rivinumero radnr radnummer postid radid linjenr lineno linenumber rnum datensatz`,
	linkage.Source: `source src sourcesystem system sourcedataset dataset sourcefile sourcename datasource origin file filename lahde
		lahdejarjestelma jarjestelma kalla kallsystem kilde kildesystem register quelle fuente`,
	linkage.GivenNames: `firstname firstnames first fname fn forename forenames givenname givennames given gname givname christianname etunimi etunimet
		etun fornamn fornavn vorname vornamen prenom prenoms nombre nombres namefirst firstnm frstname fstname`,
	linkage.CallName: `callname callingname nickname nick preferredname knownas alias goesby usualname kutsumanimi kutsuman lempinimi tilltalsnamn
		smeknamn kallenavn tiltalenavn rufname spitzname surnom apodo`,
	linkage.FamilyName: `lastname last lname ln surname sname familyname family famname sukunimi sukun efternamn etternavn slektsnavn familienavn
		nachname familienname nomdefamille nom apellido apellidos namelast lastnm secondname`,
	linkage.FormerName: `formerfamilyname formername formersurname formerlastname previousname previoussurname previouslastname maidenname maiden
		birthname nee oldname oldsurname entinensukunimi entisetsukunimet entinennimi syntymanimi tyttonimi aiempisukunimi tidigareefternamn
		tidigarenamn flicknamn pikenavn tidligereetternavn tidligerenavn geburtsname nomdejeunefille nomdenaissance`,
	linkage.FullName: `fullname name wholename personname completename firstandsurname firstandlastname firstlast namefull nimi kokonimi koko nimet
		henkilonimi namn fulltnamn heltnamn navn fulltnavn helenavn nomcomplet nombrecompleto displayname customername patientname studentname
		employeename membername holdername`,
	linkage.BirthDate: `dateofbirth birthdate birthday dob dateborn born birth birthdt dtofbirth bdate bday birthyear yearofbirth yob byear syntymaaika
		syntymapaiva syntymapvm syntaika spvm syntymavuosi synt syntynyt fodelsedatum fodelsedag fodd fodelsear fodselsdato foedselsdato fodt
		fodselsdag fodselsar fodedato geburtsdatum geburtstag gebdatum gebdat geburtsjahr datedenaissance datenaissance naissance ddn
		fechadenacimiento fechanacimiento nacimiento`,
	linkage.BirthMonth: `birthmonth monthofbirth birthmon birthm dobmonth dobmm mob syntymakuukausi fodelsemanad fodselsmaned geburtsmonat moisnaissance mesnacimiento`,
	linkage.BirthDay:   `birthday2 dayofbirth birthd dobday dobdd fodselsdagnummer geburtstagnummer journaissance dianacimiento`,
	linkage.Sex:        `sex gender sexcode gendercode sukupuoli spuoli kon kjonn kjoenn geschlecht sexe genre sexo genero`,
	linkage.Street: `street streetname streetaddress address address1 addressline1 addr addr1 addrline1 line1 addressline streetaddress1 homeaddress
		residentialaddress postaladdress mailingaddress add1 road osoite katuosoite lahiosoite kotiosoite postiosoite jakeluosoite katu gatuadress
		gata adress adress1 adressrad1 postadress gateadresse gate adresse adresse1 adresselinje1 hjemmeadresse postadresse strasse str anschrift rue
		calle direccion domicilio`,
	linkage.HouseNumber: `streetnumber streetno streetnr streetnum stno stnum stnumber housenumber houseno housenr housenum buildingnumber buildingno talonumero talonro
		gatunummer gatunr husnummer husnr hausnummer hausnr numerorue numerocalle`,
	linkage.AddressLine: `address2 address3 add2 add3 addressline2 addressline3 addr2 addr3 addrline2 line2 line3 streetaddress2 apartment apt flat unit unitnumber
		careof coaddress building village osoite2 osoiterivi2 lisaosoite huoneisto adress2 adressrad2 adresse2 adresselinje2 adresszusatz
		complement complementadresse`,
	linkage.Postcode: `postcode postalcode postcd zip zipcode zip5 zip4 pcode pc postinumero postinro ponro pnro postnummer postnr plz postleitzahl
		codepostal cp codigopostal`,
	linkage.City: `city town suburb locality municipality posttown placeofresidence cityname residence kaupunki kunta kotikunta paikkakunta
		postitoimipaikka ptp ptoimipaikka asuinkunta ort postort stad stadsdel bostadsort kommun hemkommun poststed sted by kommune bosted
		wohnort stadt gemeinde ville commune ciudad localidad municipio`,
	linkage.Region:  `state county province region district stateabbrev statecd countyname maakunta laani lan landskap fylke bundesland kreis departement provincia estado comunidad`,
	linkage.Country: `country countrycode countryname nation maa maakoodi asuinmaa kotimaa land landkod landkode pays pais`,
	linkage.Phone: `phone phoneno phonenumber phonenum telephone telephonenumber telephoneno tel telno telnr mobile mobilephone mobileno mobilenumber cell
		cellphone homephone workphone contactnumber contactphone msisdn gsm puhelin puhelinnumero puhelinnro puh puhnro matkapuhelin kannykka
		kotipuhelin telefon telefonnummer telefonnr mobil mobiltelefon mobilnummer tlf tlfnr handy handynummer telefono movil portable`,
	linkage.Email: `email emailaddress emailaddr emailid mail mailaddress eaddress sahkoposti sahkopostiosoite sposti spostiosoite sposit epost
		epostadress epostadresse mejl mejladress mailadresse mailadress courriel correo correoelectronico`,
	linkage.Identifier: `ssn socsecid socsec socialsecurity socialsecuritynumber socialsecurityno socialsecurityid nin nationalid nationalidnumber
		nationalinsurancenumber nino nhsnumber nhsno personid personnumber personno personalid personalidentitycode personalcode identitycode
		identitynumber idnumber idcard idno taxid tin taxnumber passport passportno passportnumber driverslicense driverlicense licenseno
		licensenumber governmentid employeeid employeeno employeenumber empno empid staffid staffnumber studentid studentno studentnumber
		matriculation matriculationnumber learnerid learnernumber memberid memberno membershipnumber customerid customerno customernumber clientid
		clientno patientid patientno mrn medicalrecordnumber accountno accountnumber voterid voterregnum voterregistrationnumber voterregno ncid
		registrationnumber regno orcid eppn username userid login account externaluseridentifier externalid hetu henkilotunnus
		sotu sosiaaliturvatunnus henkiloid henkilonumero henkilonro tyontekijanumero tyonumero oppijanumero opnro opiskelijanumero
		opiskelijanro opiskelijaavain opiskelijaid asiakasnumero asiakasid jasennumero jasennro kayttajatunnus personnummer personnr
		pnr personbeteckning samordningsnummer anstallningsnummer kundnummer medlemsnummer studentnummer fodselsnummer foedselsnummer fnr dnummer
		ansattnummer ansattnr kundenummer medlemsnr studentnr steuernummer sozialversicherungsnummer matrikelnummer kundennummer
		personalnummer mitgliedsnummer numerosecuritesociale nir dni nif nie curp rut cpf seamkstudentnumber`,
	linkage.Number: `age birthage ageatyearend ageyears alder ika alter edad height weight income salary price cost amount count quantity score year
		vuosi ar aar jahr annee lat latitude lon lng longitude hinta pris preis prix precio`,
	linkage.Text: `birthplace placeofbirth birthcity birthtown birthcountry birthcounty pob syntymapaikka syntymakotikunta fodelseort fodested fodselssted
		geburtsort lieudenaissance lugardenacimiento middlename middlenames midlname mname middleinitial initials initial mi mellannamn
		mellomnavn toinennimi namesuffix suffix namesufx prefix nameprefix salutation honorific title titteli titel tittel occupation
		profession job jobtitle position employer company companyname organisation organization organisationname organizationname department ammatti
		tyonantaja tehtavanimike nimike yrke yrkestitel arbetsgivare stilling beruf race ethnicity ethnic racecode ethniccode maritalstatus
		siviilisaaty party partycd language aidinkieli modersmal morsmal kieli nationality citizenship kansalaisuus medborgarskap statsborgerskap
		deathdate dateofdeath dod hiredate startdate enddate admissiondate admitdate dischargedate registrationdate registrdt enrolmentdate
		enrollmentdate graduationdate issuedate expirydate expirationdate visitdate kuolinpaiva kuolinaika alkupvm loppupvm aloituspvm startdatum
		slutdatum dodsdatum startdato sluttdato dodsdato eintrittsdatum austrittsdatum sterbedatum datededeces
		brand manufacturer product productname description model category authors author venue journal publisher artist album song genretext type
		content comment comments notes note remarks`,
})

// answers are words whose columns hold, or give away, who is who.
var answers = words(`cluster clusterid clusters clusterno clustertrue truecluster truth groundtruth truthid truthvalue label labels labelid classlabel
	class gold goldid goldstandard entity entityid entityno trueid trueentity truematch matchid matchgroup ismatch matched match matches dup
	dupid duplicateof isduplicate isdup dedupeid dedupid goldenid goldenrecord masterid mergedinto mergedid target klusteri kluster totuus fasit facit`)

// answerParts give a column away wherever they stand in its name.
var answerParts = words(`cluster truth groundtruth gold label kluster klusteri totuus masterid`)

// moments are words of columns that tell when something happened to the row.
var moments = words(`created updated modified changed timestamp inserted loaded exported imported extracted createdon modifiedon createdat updatedat
	joinedat leftat lastlogin lastmodified validfrom validto muokattu muutettu luotu paivitetty tallennettu andrad uppdaterad skapad endret oppdatert
	opprettet snapshot asof ts`)

// relations are words of columns that tell of somebody or something else than the person.
var relations = words(`mother mothers father fathers parent parents spouse wife husband partner child guardian kin nextofkin emergency employer company
	organisation organization school firm business manager supervisor doctor gp contactperson aiti isa puoliso huoltaja lahiomainen tyonantaja yritys
	organisaatio mor far mamma pappa maka make arbetsgivare foretag skola ektefelle arbeidsgiver foresatt witness owner project projekti`)

// aspects are last words of columns that tell something of a value, not the value.
var aspects = words(`type verified status flag allowed valid count kind format quality missing is has tyyppi tila typ`)

// idWords end the names of columns that hold numbers or codes of things.
var idWords = words(`id no nr num number numero nummer nro ref reference tunnus tunniste identifier avain guid uuid key`)

// dateWords end the names of columns that hold dates of anything.
var dateWords = words(`date pvm paiva datum dato dt day fecha`)

func words(text string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(text) {
		m[w] = true
	}
	return m
}

func index(lists map[linkage.Kind]string) map[string]linkage.Kind {
	m := make(map[string]linkage.Kind)
	for k, text := range lists {
		for _, w := range strings.Fields(text) {
			m[w] = k
		}
	}
	return m
}
