package likeness

// Levels of [Birth].
const (
	BirthYear     Level = iota + 1 // the same year, or within thirteen months
	BirthTwoParts                  // year and day, or month and day
	BirthMonth                     // within 31 days, such as those of one month
	BirthCentury                   // but for the century
	BirthPartial                   // as far as both are known
	BirthSlip                      // one digit typed wrong, or two neighbouring digits swapped
	BirthSwapped                   // day and month in each other's place
	BirthSame
)

// BirthLevels names the levels of [Birth].
var BirthLevels = [...]string{
	"different", "about a year", "two parts of three", "within a month", "other century", "same as far as known", "one digit",
	"day and month swapped", "same",
}

// Birth compares dates of birth. The top level wants equal full dates that are no first of January; two of those agree
// as far as known.
func Birth(a, b Day) Level {
	if a == 0 || b == 0 {
		return Different
	}
	if a == b {
		if a.Weak() || !a.typedInFull() {
			return BirthPartial
		}
		return BirthSame
	}
	if a.typedInFull() && b.typedInFull() {
		if level := mistyped(a, b); level > Different {
			return level
		}
	}
	return agreeing(a, b)
}

// typedInFull tells whether all parts are there, possible or not.
func (d Day) typedInFull() bool {
	year, month, day := d.typed()
	return year > 0 && month > 0 && day > 0
}

// mistyped compares two different dates digit by digit.
func mistyped(a, b Day) Level {
	ya, ma, da := a.typed()
	yb, mb, db := b.typed()
	switch {
	case ya == yb && ma == db && da == mb:
		return BirthSwapped
	case ma == mb && da == db && ya%100 == yb%100:
		return BirthCentury
	case oneDigit(ya*10000+ma*100+da, yb*10000+mb*100+db):
		return BirthSlip
	}
	return Different
}

// oneDigit tells whether two numbers differ in one digit, or by two neighbouring digits swapped.
func oneDigit(a, b int) bool {
	for a%10 == b%10 {
		if a == b {
			return false
		}
		a, b = a/10, b/10
	}
	if a/10 == b/10 {
		return true
	}
	return a/100 == b/100 && a%10 == b/10%10 && b%10 == a/10%10
}

// agreeing compares two different dates part by part.
func agreeing(a, b Day) Level {
	ya, ma, da := a.known()
	yb, mb, db := b.known()
	same, differ := 0, 0
	count := func(x, y int) {
		switch {
		case x == 0 || y == 0:
		case x == y:
			same++
		default:
			differ++
		}
	}
	count(ya, yb)
	count(ma, mb)
	count(da, db)
	switch {
	case differ == 0 && same > 0 && ya == yb:
		return BirthPartial
	case same == 2 && (ya != yb || ma != mb):
		return BirthTwoParts
	case ya == 0 || yb == 0:
		return Different
	}
	return apart(a, b)
}

// Days that dates are apart at most to be a month apart, or about a year.
const (
	aMonth = 31
	aYear  = 366 + aMonth
)

// apart compares two different dates by the time between them.
func apart(a, b Day) Level {
	years := max(a.Year()-b.Year(), b.Year()-a.Year())
	switch {
	case years > 2:
		return Different
	case !a.Full() || !b.Full():
		if years <= 1 {
			return BirthYear
		}
		return Different
	}
	switch days := max(a.number()-b.number(), b.number()-a.number()); {
	case days <= aMonth:
		return BirthMonth
	case days <= aYear:
		return BirthYear
	}
	return Different
}

// known gives the parts that say something: of a first of January the year alone.
func (d Day) known() (year, month, day int) {
	if d.Weak() {
		return d.Year(), 0, 0
	}
	return d.Year(), d.Month(), d.Day()
}
