// Package fault is the one error type of Uoma: what happened, where, what to do next, and a stable code.
//
// Every error that a person may read is a [*Error], made by [New] beside the place that detects it and wrapped with
// [Error.Wrap] around its cause. A message never holds a value taken from data: it names a place (file, line, column,
// table) and a rule. The cause chain is for developers; [Error.Error] prints it only where the cause is one of ours or
// was declared free of personal data by the caller.
//
// This package imports nothing of Uoma and knows nothing of any stage, format or store.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Scope says how far an error reaches: what stops, and what goes on.
type Scope uint8

const (
	// Run stops the whole run. It is the zero value: an error that says nothing stops everything.
	Run Scope = iota
	// Source stops one source; the others go on and the run ends as partial success.
	Source
	// Row sends one row to quarantine; the source goes on.
	Row
)

// Place is where an error was found. Zero fields are unknown. Names are those of configuration (a layout, a table, a
// column), never of people: a file name that came from outside is shown relative to its inbox.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`   // 1-based; for a sheet, the row number
	Column int    `json:"column,omitempty"` // 1-based character position in configuration files, field number in exports
	Field  string `json:"field,omitempty"`  // column name or configuration path
}

// String gives file:line:column and the field, as far as they are known.
func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	if p.Field != "" {
		if b.Len() > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "(%s)", p.Field)
	}
	return b.String()
}

// Error is a failure a person can act on.
type Error struct {
	Code    string // stable, "UOMA-LND-SHRUNK"; listed in docs/errors.md
	Scope   Scope
	Place   Place
	Message string // one plain sentence without a final dot; no personal value
	Hint    string // what to do next; one sentence
	cause   error
}

// New makes an error that stops the run.
func New(code, message, hint string) *Error {
	return &Error{Code: code, Message: message, Hint: hint}
}

// At returns a copy with its place set.
func (e *Error) At(p Place) *Error { c := *e; c.Place = p; return &c }

// For returns a copy with its scope set.
func (e *Error) For(s Scope) *Error { c := *e; c.Scope = s; return &c }

// Wrap returns a copy with a cause. The cause's text is not printed unless it is itself an [*Error]: drivers and
// parsers quote data in their messages.
func (e *Error) Wrap(cause error) *Error { c := *e; c.cause = cause; return &c }

// Because returns a copy whose message ends with the cause's own text. Use it only where that text cannot hold a
// personal value: operating-system errors on our own paths, YAML syntax, network dials.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	if cause != nil {
		c.Message += ": " + cause.Error()
	}
	return &c
}

// Error gives "CODE place: message".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if p := e.Place.String(); p != "" {
		b.WriteString(" " + p)
	}
	b.WriteString(": " + e.Message)
	var inner *Error
	if e.cause != nil && errors.As(e.cause, &inner) && !strings.Contains(e.Message, inner.Message) {
		b.WriteString(": " + inner.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare codes, so that a sentinel made by [New] matches every copy of it.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Code gives the code of the outermost [*Error] in the chain, or "".
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// ScopeOf gives the scope of the outermost [*Error] in the chain; an unknown error stops the run.
func ScopeOf(err error) Scope {
	var e *Error
	if errors.As(err, &e) {
		return e.Scope
	}
	return Run
}
