// Package likeness says how alike two values of one field of a person's record are: names, dates of birth, telephone
// numbers, addresses, identifiers, text.
package likeness
