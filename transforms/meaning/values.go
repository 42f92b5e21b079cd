package meaning

import "uoma/transforms/linkage"

// most is the share of values that makes a kind by themselves.
const most = 0.6

// values tells what the values are without the name, the surest kinds first.
func (c *column) values() (linkage.Kind, float64, string) {
	few := min(1, float64(c.filled)/enough)
	for _, try := range []func() (linkage.Kind, float64, string){c.valueCodes, c.valueDates, c.valueSex, c.valueNumbers, c.valueWords} {
		if k, confidence, why := try(); confidence > 0 {
			return k, confidence * few, why
		}
	}
	return linkage.Text, 0.3, "text"
}

func of(share float64, what string) string { return percent(share) + " of values are " + what }

// valueCodes knows what has a form of its own: identity codes, mail addresses.
func (c *column) valueCodes() (linkage.Kind, float64, string) {
	switch {
	case c.share(c.emails) >= most:
		return linkage.Email, 0.95, of(c.share(c.emails), "e-mail addresses")
	case c.national, c.share(c.oids) >= most, c.share(c.ssns) >= most:
		v := c.fitIdentifier()
		return linkage.Identifier, 0.95, of(v.share, v.what)
	case c.share(c.guids) >= most:
		return linkage.Identifier, 0.7, of(c.share(c.guids), "GUIDs")
	}
	return 0, 0, ""
}

func (c *column) valueDates() (linkage.Kind, float64, string) {
	switch {
	case c.mayBeBirths():
		return linkage.BirthDate, 0.8, of(c.share(c.births), "dates as far apart as births")
	case c.share(c.dates-c.years) >= most:
		return linkage.Text, 0.4, of(c.share(c.dates), "dates, but not of birth")
	case c.share(c.years) >= 0.9:
		return linkage.Number, 0.4, of(c.share(c.years), "years")
	}
	return 0, 0, ""
}

func (c *column) valueSex() (linkage.Kind, float64, string) {
	if c.distinct < 2 || c.distinct > 6 || c.share(c.sexWords) < 0.9 || c.filled < 4 || c.share(c.flags) == 1 {
		return 0, 0, ""
	}
	return linkage.Sex, 0.8, of(c.share(c.sexes), "codes of a sex")
}

func (c *column) valueNumbers() (linkage.Kind, float64, string) {
	switch {
	case c.share(c.dialled) >= most && c.share(c.phones) >= 0.8:
		return linkage.Phone, 0.8, of(c.share(c.phones), "telephone numbers")
	case c.share(c.postcodes) >= 0.9 && c.distinctShare() < 0.9 && (c.widthOf >= 4 || c.zeroLed > 0 || c.share(c.digits) < 0.5):
		return linkage.Postcode, 0.6, of(c.share(c.postcodes), "formed as postcodes")
	case c.share(c.codes) >= 0.9 && c.distinctShare() >= 0.3 && c.widthOf >= 5:
		return linkage.Identifier, 0.5, of(c.share(c.codes), "codes of one length, and few repeat")
	case c.share(c.numbers) >= 0.9:
		return linkage.Number, 0.4, of(c.share(c.numbers), "numbers")
	}
	return 0, 0, ""
}

func (c *column) valueWords() (linkage.Kind, float64, string) {
	switch {
	case c.share(c.long) >= 0.3:
		return linkage.Text, 0.6, "long texts"
	case c.share(c.streets) >= most:
		return linkage.Street, 0.7, of(c.share(c.streets), "streets")
	case c.share(c.mixed) >= 0.4 && c.share(c.several) >= most:
		return linkage.FullName, 0.7, of(c.share(c.mixed), "a common given name beside another")
	case c.share(c.given) >= 0.3:
		return linkage.GivenNames, 0.8, of(c.share(c.given), "common given names")
	case c.share(c.cities) >= 0.3:
		return linkage.City, 0.7, of(c.share(c.cities), "large towns")
	case c.share(c.family) >= 0.3 && c.share(c.single) >= 0.7:
		return linkage.FamilyName, 0.6, of(c.share(c.family), "common family names or end as such")
	case c.share(c.codes) >= 0.9 && c.distinctShare() >= 0.3:
		return linkage.Identifier, 0.4, of(c.share(c.codes), "codes, and few repeat")
	}
	return 0, 0, ""
}
