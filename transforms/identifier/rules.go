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
	"text": text,
	"name": name,
}
