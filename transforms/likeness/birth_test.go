package likeness

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseDay(t *testing.T) {
	for in, want := range map[string]Day{
		"1985-07-23": NewDay(1985, 7, 23), "1985/7/3": NewDay(1985, 7, 3), "19850723": NewDay(1985, 7, 23), "23071985": NewDay(1985, 7, 23),
		"23.7.1985": NewDay(1985, 7, 23), " 23.07.1985 ": NewDay(1985, 7, 23), "23/7/1985": NewDay(1985, 7, 23), "7/23/1985": NewDay(1985, 7, 23),
		"5/4/1985": NewDay(1985, 4, 5), "23-07-1985": NewDay(1985, 7, 23), "23.7.85": NewDay(1985, 7, 23), "1985-07-23T12:30:00Z": NewDay(1985, 7, 23),
		"1985-07-23 00:00:00": NewDay(1985, 7, 23), "23.7.1985 0:00": NewDay(1985, 7, 23), "19850723T120000Z": 0, "1985": NewDay(1985, 0, 0), "1985-07": NewDay(1985, 7, 0),
		"198507": NewDay(1985, 7, 0), "7/1985": NewDay(1985, 7, 0), "23 Jul 1985": NewDay(1985, 7, 23), "July 23, 1985": NewDay(1985, 7, 23),
		"23 heinäkuuta 1985": 0, "23 marraskuuta 1985": NewDay(1985, 11, 23), "19850732": NewDay(1985, 7, 32), "19851307": NewDay(1985, 13, 7),
		"1900-01-01": 0, "0000-00-00": 0, "": 0, "unknown": 0, "12": 0, "123456789": 0, "1985-07-23-12": 0, "1.2.3.4": 0, "1985-00-00": NewDay(1985, 0, 0),
		"1985-01-01": NewDay(1985, 1, 1),
	} {
		got, ok := ParseDay(in)
		if got != want || ok != (want != 0) {
			t.Errorf("ParseDay(%q) = %d-%d-%d, %v", in, got.Year(), got.Month(), got.Day(), ok)
		}
	}
}

func TestDayKeepsWhatWasTyped(t *testing.T) {
	d := NewDay(1985, 2, 30)
	if d.Full() || d.Day() != 0 || d.Month() != 2 || NewDay(1985, 13, 1).Month() != 0 || !NewDay(2000, 2, 29).Full() || NewDay(1900, 2, 29).Full() {
		t.Error("impossible days are not told")
	}
	if NewDay(-1, 100, 100) != 0 {
		t.Error("a part that has no room is not unknown")
	}
	if n := NewDay(2000, 3, 1).number() - NewDay(2000, 2, 28).number(); n != 2 {
		t.Errorf("from 28 February to 1 March 2000 are %d days", n)
	}
}

func TestBirth(t *testing.T) {
	for _, v := range [][3]string{
		{"1985-07-23", "23.7.1985", "same"}, {"1985-07-03", "1985-03-07", "day and month swapped"}, {"1985-07-23", "19852307", "day and month swapped"},
		{"1985-07-23", "1985-07-22", "one digit"}, {"1985-07-23", "1958-07-23", "one digit"}, {"1985-07-23", "19850732", "one digit"},
		{"1985-07-23", "1885-07-23", "other century"}, {"1912-07-23", "2012-07-23", "other century"}, {"1985", "1985-07-23", "same as far as known"},
		{"1985-07", "1985-07-23", "same as far as known"}, {"1985", "1985", "same as far as known"}, {"1985-01-01", "1985-07-23", "same as far as known"},
		{"1985-01-01", "1985-01-01", "same as far as known"}, {"1985-07-23", "1985-07-08", "within a month"}, {"1985-07-31", "1985-08-09", "within a month"},
		{"1985-07-23", "1985-11-23", "two parts of three"}, {"1985-07-23", "1963-07-23", "two parts of three"}, {"1985-07-23", "1985-12-01", "about a year"},
		{"1985-07-23", "1986-06-12", "about a year"}, {"1984", "1985-07-23", "about a year"}, {"1985-07-23", "1963-11-04", "different"},
		{"1985", "1963-11-04", "different"}, {"", "1985", "different"}, {"", "", "different"},
	} {
		a, _ := ParseDay(v[0])
		b, _ := ParseDay(v[1])
		if got := BirthLevels[Birth(a, b)]; got != v[2] {
			t.Errorf("Birth(%s, %s) is %q, want %q", v[0], v[1], got, v[2])
		}
	}
}

func TestBirthIsSymmetric(t *testing.T) {
	day := rapid.Custom(func(t *rapid.T) Day {
		return NewDay(rapid.SampledFrom([]int{0, 1899, 1900, 1985, 1986, 1958, 2012}).Draw(t, "year"), rapid.IntRange(0, 14).Draw(t, "month"), rapid.IntRange(0, 32).Draw(t, "day"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := day.Draw(t, "a"), day.Draw(t, "b")
		x, y := Birth(a, b), Birth(b, a)
		same := a == b && a.typedInFull() && !a.Weak()
		if x != y || (x == BirthSame) != same || int(x) >= len(BirthLevels) {
			t.Fatalf("Birth(%d, %d) = %d, the other way round %d", a, b, x, y)
		}
	})
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"1985-07-23", "23.7.1985", "7/23/85", "19850732", "23 Jul 1985", "1985-07-23T00:00:00Z", "1900-01-01", "\xff"} {
		f.Add(s, "1985")
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		a, ok := ParseDay(s)
		b, _ := ParseDay(other)
		if ok != (a != 0) || a.Month() > 12 || a.Day() > 31 || a.Year() > 9999 {
			t.Errorf("ParseDay(%q) = %d, %v", s, a, ok)
		}
		if Birth(a, b) != Birth(b, a) || Birth(Day(len(s)), b) != Birth(b, Day(len(s))) {
			t.Errorf("Birth of %q and %q depends on their order", s, other)
		}
	})
}
