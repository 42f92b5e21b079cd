// Package late has what is made when it is first asked for. Every run of the program would else compile what most of them
// never ask for, which is a good part of the time of a short one.
package late

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression; calling it gives it compiled. One that is wrong is a mistake in the program.
type Pattern func() *regexp.Regexp

// Compile makes a pattern of an expression.
func Compile(expression string) Pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// MatchString tells whether a text has a match.
func (p Pattern) MatchString(s string) bool { return p().MatchString(s) }
