package linkage

import (
	"testing"

	"uoma/transforms/identifier"
	"uoma/transforms/likeness"
)

// A right identifier has as many letters and digits as it is looked for with, in each of its writings.
func TestRightIdentifiersAreLookedFor(t *testing.T) {
	writings := map[string][]string{
		"hetu":         {"010190-900L", "010190 -900L", " 010190-900L ", "010190\u2013900L", "010190Y900L", "010190A900L"},
		"fnr":          {"01819912345", "018199 12345", "018199-12345"},
		"oppijanumero": {"1.2.246.562.24.91788680052"},
		"orcid":        {"0000-0002-1825-0097", "0000000218250097"},
	}
	all, checks := identifier.Rules(), newChecks()
	for k, x := range checked {
		for _, raw := range writings[x.rule] {
			made := rightly(all[x.rule], &checks.params, raw)
			if made == "" {
				t.Errorf("%s is right with no last sign", x.rule)
			} else if checks.passed(made, len(likeness.FoldCode(made)))>>k&1 == 0 {
				t.Errorf("a right %s is not looked for among those with %d signs", x.rule, len(likeness.FoldCode(made)))
			}
		}
	}
}

// rightly changes the last four signs of an identifier until it is right, "" when none is.
func rightly(rule identifier.Rule, params *identifier.Params, raw string) string {
	const signs = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	right := func(s string) bool { c := rule(s, params); return c.OK() && !c.Null() }
	b := []byte(raw)
	last := len(b) - 1
	for b[last] == ' ' {
		last--
	}
	for i := range len(signs) * len(signs) {
		b[last] = signs[i%len(signs)]
		if right(string(b)) {
			return string(b)
		}
		if i%len(signs) == len(signs)-1 {
			b[last-1] = '0' + byte(i/len(signs)%10)
		}
	}
	return ""
}
