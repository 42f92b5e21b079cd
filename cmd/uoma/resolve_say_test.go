package main

import (
	"bytes"
	"fmt"
	"testing"

	"uoma/pipelines/linker"
	"uoma/transforms/linkage"
)

func TestDependenceIsSaid(t *testing.T) {
	dependence := func(a, b string, lift, bits, error float64, pairs int, once bool) linker.Dependence {
		return linker.Dependence{Dependence: linkage.Dependence{A: a, B: b, Lift: lift, Error: error, Pairs: pairs, Once: once}, Bits: bits}
	}
	home := dependence("address", "phone", 88273.9, 16.43, 0.09, 1570, true)
	var many []linker.Dependence
	many = append(many, home)
	for i := range 10 {
		many = append(many, dependence(fmt.Sprint("n", i), "m", 16, 4, 0.1, 50, false))
	}
	tenth := ""
	for i := range 9 {
		tenth += fmt.Sprintf("      16   4.0     50    twice  n%d, m\n", i)
	}
	const begin = "  two people agree in both so many times oftener than by chance:\n"
	const advice = "  what is counted twice weighs too much: --columns A=ignored leaves a column out, A=text:WHICH,B=text:WHICH makes two columns of text one\n"
	for name, x := range map[string]struct {
		all  []linker.Dependence
		want string
	}{
		"none":        {},
		"independent": {[]linker.Dependence{dependence("sex", "phone", 1.04, 0.06, 0.11, 273, false)}, ""},
		"doubtful":    {[]linker.Dependence{dependence("given names", "sex", 2.8, 1.49, 0.36, 30, false)}, ""},
		"once": {[]linker.Dependence{home, dependence("sex", "phone", 1.04, 0.06, 0.11, 273, false)}, begin +
			"   TIMES  BITS  PAIRS  COUNTED  FEATURES\n" +
			"  88 274  16.4  1 570     once  address, phone\n"},
		"twice": {[]linker.Dependence{home, dependence("room", "desk", 121.6, 6.93, 0.2, 84, false)}, begin +
			"   TIMES  BITS  PAIRS  COUNTED  FEATURES\n" +
			"  88 274  16.4  1 570     once  address, phone\n" +
			"     122   6.9     84    twice  room, desk\n" + advice},
		"many": {many, begin +
			"   TIMES  BITS  PAIRS  COUNTED  FEATURES\n" +
			"  88 274  16.4  1 570     once  address, phone\n" + tenth + advice},
	} {
		var b bytes.Buffer
		(&app{err: &b}).sayDependence(x.all)
		if b.String() != x.want {
			t.Errorf("%s: got\n%swant\n%s", name, b.String(), x.want)
		}
	}
}
