package identifier

// Rules returns every rule by its name in layouts. The map is the caller's own.
func Rules() map[string]Rule {
	rules := make(map[string]Rule, len(cores))
	for n, c := range cores {
		rules[n] = c.rule()
	}
	return rules
}

var cores = map[string]core{
	"hetu":                hetu,
	"hetu-virta":          hetuVirta,
	"oppijanumero":        oppijanumero,
	"ytunnus":             ytunnus,
	"fnr":                 fnr,
	"student_number":      studentNumber,
	"employee_number":     employeeNumber,
	"fs.studentnr":        fsStudent,
	"fs.personlopenummer": fsPerson,
	"virta_avain":         virtaKey,
	"eppn":                eppn,
	"domain":              domain,
	"schac_student":       schacStudent,
	"schac_hetu":          schacHetu,
	"schac_number":        schacNumber,
	"orcid":               orcid,
	"phone":               phone,
	"email":               email,
	"email-delivery":      emailDelivery,
	"postcode":            postcode,
	"municipality":        municipality,
	"country-numeric":     countryNumeric,
	"country-alpha":       countryAlpha,
	"country":             country,
	"language":            language,
	"survey-language":     surveyLanguage,
	"institution":         institution,
	"koulutuskoodi":       degreeCode,
	"ohjausala":           steeringField,
	"guid":                guid,
	"respondent":          respondent,
	"lookup_id":           lookupID,
	"system_id":           systemID,
	"date":                date,
	"partial-date":        partialDate,
	"instant":             instant,
	"decimal":             decimal,
	"credits":             credits,
	"integer":             integer,
	"bool":                boolean,
	"sex":                 sex,
	"text":                text,
	"html":                htmlText,
	"name":                name,
}
