package likeness

import "strings"

// lines says on which lines of everydayForms a name stands: line n is 2n where the name is formal and 2n+1 where it is an
// everyday form; the rest is -1.
type lines [8]int16

// everydayIndex gives the lines of each name of everydayForms. It does not change.
var everydayIndex = func() map[string]*lines {
	out := map[string]*lines{}
	add := func(words string, line int) {
		for _, w := range strings.Fields(words) {
			l := out[w]
			if l == nil {
				l = &lines{-1, -1, -1, -1, -1, -1, -1, -1}
				out[w] = l
			}
			for i := range l {
				if l[i] < 0 {
					l[i] = int16(line)
					break
				}
			}
		}
	}
	for n, line := range strings.Split(strings.TrimSpace(everydayForms), "\n") {
		formal, everyday, _ := strings.Cut(line, "|")
		add(formal, 2*n)
		add(everyday, 2*n+1)
	}
	return out
}()

// everyday tells whether one of two names is an everyday form of the other.
func everyday(a, b string) bool {
	x := everydayIndex[a]
	if x == nil {
		return false
	}
	y := everydayIndex[b]
	if y == nil {
		return false
	}
	for _, m := range x {
		for _, n := range y {
			if m >= 0 && m^n == 1 {
				return true
			}
		}
	}
	return false
}
