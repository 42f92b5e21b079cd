package resolve

// jaroWinkler gives the Jaro–Winkler similarity of two folded names, 0 to 1 (Winkler 1990: prefix weight 0.1 over at most
// four letters). Names longer than 64 bytes are compared by their first 64.
func jaroWinkler(a, b string) float64 {
	if a == b {
		return 1
	}
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(len(a), len(b))/2 - 1
	var usedA, usedB uint64
	matches := 0
	for i := 0; i < len(a); i++ {
		for j := max(0, i-window); j <= min(len(b)-1, i+window); j++ {
			if usedB&(1<<j) == 0 && a[i] == b[j] {
				usedA |= 1 << i
				usedB |= 1 << j
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	transposed, j := 0, 0
	for i := 0; i < len(a); i++ {
		if usedA&(1<<i) == 0 {
			continue
		}
		for usedB&(1<<j) == 0 {
			j++
		}
		if a[i] != b[j] {
			transposed++
		}
		j++
	}
	m := float64(matches)
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(transposed)/2)/m) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}

// oneEdit tells whether two names differ by one inserted, dropped or changed letter or by two neighbours swapped.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
