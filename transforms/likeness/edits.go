package likeness

// Edits gives how many single slips part two values: bytes inserted, dropped or changed, or two neighbours swapped, no
// byte touched twice (the optimal string alignment distance of Damerau and Levenshtein). More than limit slips are
// limit+1, as are more than bandMost between values longer than 64 bytes.
func Edits(a, b string, limit int) int {
	if len(a) > len(b) || len(a) == len(b) && a > b {
		a, b = b, a
	}
	for len(a) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	for len(a) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	switch {
	case len(b)-len(a) > limit:
		return limit + 1
	case len(a) == 0:
		return len(b)
	case limit <= 0:
		return 1
	case limit == 1:
		return oneSlip(a, b)
	case len(a) <= word:
		return min(editsInWord(a, b, limit), limit+1)
	case len(b)-len(a) > bandMost:
		return limit + 1
	}
	if d := editsInBand(a, b, min(limit, bandMost)); d <= bandMost {
		return d
	}
	return limit + 1
}

// oneSlip gives 1 or 2 for values without a common start or end, of which a is not the longer one.
func oneSlip(a, b string) int {
	if len(a) == 1 && len(b) == 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0] {
		return 1
	}
	return 2
}

// editsInWord gives the distance of a, at most 64 bytes, and b bit by bit (Hyyrö 2003: the columns of the distance matrix
// are the differences between neighbours, one machine word for those that rise and one for those that fall). It stops where each
// byte that is left could take one away, and still more than the limit would remain.
func editsInWord(a, b string, limit int) int {
	var p places
	if !p.of(a) {
		return editsWide(a, b)
	}
	c := column{rise: ^uint64(0), distance: len(a), last: 1 << (len(a) - 1)}
	for i := 0; i < len(b) && c.distance <= limit+len(b)-i; i++ {
		c.next(p[classes[b[i]]&63])
	}
	return c.distance
}

// editsWide is editsInWord for any bytes.
func editsWide(a, b string) int {
	var p wide
	p.of(a)
	c := column{rise: ^uint64(0), distance: len(a), last: 1 << (len(a) - 1)}
	for i := 0; i < len(b); i++ {
		c.next(p[b[i]])
	}
	return c.distance
}

// column is a column of the distance matrix.
type column struct {
	rise, fall uint64 // where the distance is one more, or one less, than in the row before
	diagonal   uint64 // where it is that of the row and column before
	before     uint64 // the places of the byte before
	last       uint64 // the bit of the last row
	distance   int    // in the last row
}

// next moves on by one byte, which stands at the places given.
func (c *column) next(at uint64) {
	swap := (^c.diagonal & at) << 1 & c.before
	c.diagonal = ((at & c.rise) + c.rise) ^ c.rise | at | c.fall | swap
	up := c.fall | ^(c.diagonal | c.rise)
	down := c.diagonal & c.rise
	if up&c.last != 0 {
		c.distance++
	}
	if down&c.last != 0 {
		c.distance--
	}
	up, down = up<<1|1, down<<1
	c.rise = down | ^(c.diagonal | up)
	c.fall = up & c.diagonal
	c.before = at
}

// bandMost bounds how many slips values longer than 64 bytes are told apart by.
const bandMost = 31

// editsInBand gives the distance of long values from the cells within limit of the diagonal (Ukkonen 1985), which are the
// only ones that a distance of limit can pass through. Cell k of row i is that of a[:i] and b[:i+k-limit].
func editsInBand(a, b string, limit int) int {
	const far = 2 * (bandMost + 1)
	width := 2*limit + 1
	var rows [3][2*bandMost + 3]int
	two, one, row := &rows[0], &rows[1], &rows[2]
	for k := range rows[0] {
		two[k], one[k], row[k] = far, far, far
	}
	for k := limit; k < width; k++ {
		one[k] = k - limit
	}
	for i := 1; i <= len(a); i++ {
		least := far
		for k := range width {
			j := i + k - limit
			switch {
			case j < 0 || j > len(b):
				row[k] = far
				continue
			case j == 0:
				row[k] = i
				least = min(least, i)
				continue
			}
			d := one[k]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, one[k+1]+1) // k+1 is width at most, where every row is far
			if k > 0 {
				d = min(d, row[k-1]+1)
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, two[k]+1)
			}
			row[k] = d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
		two, one, row = one, row, two
	}
	return min(one[len(b)-len(a)+limit], limit+1)
}
