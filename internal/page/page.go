// Package page is the look of the documents that people read and keep, without script or outside request. It must not
// know what stands in them.
package page

import (
	_ "embed"
	"html/template"
)

//go:embed style.css
var style string

// Style gives the style sheet.
func Style() template.CSS { return template.CSS(style) }

// Policy is the content security policy of a page: nothing but its own style.
const Policy = "default-src 'none'; style-src 'unsafe-inline'"
