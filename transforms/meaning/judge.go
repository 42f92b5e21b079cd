package meaning

import (
	"fmt"
	"math"

	"uoma/transforms/linkage"
)

// Bounds of agreement between a name and the values.
const (
	agrees      = 0.6 // from here on the values bear the name out
	contradicts = 0.3 // below, the values are something else
)

// enough is how many values make a share trustworthy.
const enough = 20

// verdict is what values say: the share that fits, and what those are.
type verdict struct {
	share float64
	what  string // "dates of birth"; "" when the values fit but tell nothing
}

// judge decides about the column by itself.
func (c *column) judge() {
	c.national = c.share(max(c.hetu, c.fnr, c.swede)) >= 0.7
	switch {
	case c.read.answer:
		c.set(linkage.Ignored, 1, "the name says that the answer is here")
	case c.rows == 0:
		c.judgeName()
	case c.filled == 0:
		c.set(linkage.Ignored, 1, "no value")
	case c.read.strength == 0:
		c.set(c.values())
	default:
		c.judgeBoth()
	}
	c.dropIdle()
}

func (c *column) judgeName() {
	if c.read.strength == 0 {
		c.set(linkage.Text, 0.1, "neither a telling name nor values")
		return
	}
	c.set(c.read.kind, 0.8*c.read.strength, "name alone")
}

func (c *column) judgeBoth() {
	if c.read.dated {
		c.judgeDate()
		return
	}
	v := c.fit(c.read.kind)
	few := min(1, float64(c.filled)/enough)
	switch {
	case v.share >= agrees && v.what == "":
		c.set(c.read.kind, c.read.strength, "name")
	case v.share >= agrees:
		c.set(c.read.kind, c.read.strength+(1-c.read.strength)*0.9*v.share*few, "name and "+percent(v.share)+" of values are "+v.what)
	case v.share >= contradicts:
		c.set(c.read.kind, c.read.strength*(0.4+v.share/2), "name, but only "+percent(v.share)+" of values are "+v.what)
	default:
		k, confidence, why := c.values()
		c.set(k, 0.6*confidence, "named as "+c.read.kind.String()+", but not so: "+why)
	}
}

// judgeDate decides about a column that is named a date of something.
func (c *column) judgeDate() {
	switch {
	case c.share(c.dates) < 0.5:
		k, confidence, why := c.values()
		c.set(k, 0.6*confidence, "named as a date, but not so: "+why)
	case c.mayBeBirths():
		c.set(linkage.BirthDate, 0.55, "named as a date and "+percent(c.share(c.births))+" of values could be dates of birth")
	default:
		c.set(linkage.Text, 0.4, "dates, but not of birth")
	}
}

// mayBeBirths asks for years as far apart as those in which people are born.
func (c *column) mayBeBirths() bool { return c.share(c.births) >= 0.8 && c.spread >= bornApart }

// bornApart is how many years lie between the births of most people at least.
const bornApart = 12

// dropIdle ignores what cannot tell people apart.
func (c *column) dropIdle() {
	if c.kind != linkage.Text && c.kind != linkage.Number && c.kind != linkage.Identifier && c.kind != linkage.Region {
		return
	}
	switch {
	case c.filled >= enough && c.distinct == 1:
		c.set(linkage.Ignored, 0.9, "every value is the same")
	case c.filled >= enough && c.distinct <= 3 && c.flags == c.filled:
		c.set(linkage.Ignored, 0.8, "only yes and no")
	}
}

// fit tells how well the values agree with a kind.
func (c *column) fit(k linkage.Kind) verdict {
	switch k {
	case linkage.BirthDate:
		return verdict{c.share(c.dates), "dates of birth"}
	case linkage.Email:
		return verdict{c.share(c.emails), "e-mail addresses"}
	case linkage.Phone:
		return verdict{c.share(c.phones), "telephone numbers"}
	case linkage.Postcode:
		return verdict{max(c.share(c.postcodes), 0.9*c.share(c.houses)), "postcodes"}
	case linkage.HouseNumber:
		return verdict{c.share(c.houses), "house numbers"}
	case linkage.Number:
		return verdict{c.share(c.numbers), "numbers"}
	case linkage.Sex:
		return c.fitSex()
	case linkage.Street:
		return verdict{1 - c.share(c.numbers+c.emails), c.unless(c.share(c.streets) < 0.5, "streets")}
	case linkage.GivenNames, linkage.CallName:
		return c.fitName(c.given)
	case linkage.FamilyName, linkage.FormerName:
		return c.fitName(c.family)
	case linkage.FullName:
		return c.fitFullName()
	case linkage.BirthMonth:
		return verdict{c.share(c.months), "months"}
	case linkage.BirthDay:
		return verdict{c.share(c.days), "days of a month"}
	case linkage.City, linkage.Country:
		if c.share(c.years) >= most {
			return verdict{0, "places"} // Norwegian by is a town, and elsewhere the birth year
		}
		return verdict{max(c.share(c.wordy), 0.7*c.share(c.codes)), ""}
	case linkage.Region:
		return verdict{1 - c.share(c.flags), ""}
	case linkage.Identifier:
		return c.fitIdentifier()
	case linkage.RecordID:
		return verdict{c.distinctShare(), c.unless(!c.unique(), "different")}
	case linkage.Source:
		return verdict{c.fitSource(), ""}
	}
	return verdict{1, ""}
}

func (c *column) unless(not bool, what string) string {
	if not {
		return ""
	}
	return what
}

func (c *column) fitSex() verdict {
	share := c.share(c.sexes)
	if c.distinct <= 6 && c.filled >= enough {
		share = max(share, 0.8)
	}
	return verdict{share, "codes of a sex"}
}

// fitName takes letters for a name, and common names for certainty.
func (c *column) fitName(common int) verdict {
	if share := c.share(common); share >= 0.3 {
		return verdict{c.share(c.wordy), "names, and many are common"}
	}
	return verdict{c.share(c.wordy), c.unless(c.share(c.wordy) >= agrees, "names")}
}

func (c *column) fitFullName() verdict {
	share := c.share(c.lettered) * (1 - c.share(c.long)) * (1 - c.share(c.emails))
	if c.share(c.mixed) >= 0.3 {
		return verdict{max(share, 0.7), "given and family names"}
	}
	return verdict{share, c.unless(share >= agrees, "names")}
}

func (c *column) fitIdentifier() verdict {
	switch {
	case c.national:
		return verdict{c.share(max(c.hetu, c.fnr, c.swede)), "identity codes with a right check character"}
	case c.share(c.oids) >= 0.7:
		return verdict{c.share(c.oids), "learner numbers with a right check digit"}
	case c.share(c.ssns) >= 0.7:
		return verdict{c.share(c.ssns), "social security numbers"}
	case c.filled >= enough && c.distinctShare() < 0.02, c.share(c.several) > 0.3:
		return verdict{0.1, "identifiers"}
	}
	return verdict{1, ""}
}

func (c *column) fitSource() float64 {
	if c.distinct <= enough || c.distinctShare() <= 0.05 {
		return 1
	}
	return 0.1
}

// percent writes a share; it never rounds up to all.
func percent(share float64) string { return fmt.Sprintf("%d %%", int(math.Floor(share*100+1e-9))) }
