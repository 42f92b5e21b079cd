package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"uoma/internal/document"
	"uoma/internal/fault"
)

var schema = sync.OnceValue(func() *document.Schema {
	return document.CompileSchema("policy.schema.json", schemaSource)
})

// Parse reads a pack's document. The error is a [fault.List] with every finding at its place: what the schema forbids,
// and when the schema is met, what it cannot express (names that lead nowhere, a category without a period, dates that
// do not exist, a recipient outside the allowed area). file is used in places only.
func Parse(file string, src []byte) (*Pack, error) {
	p := &Pack{}
	if err := document.Decode(file, src, schema(), p); err != nil {
		return nil, err
	}
	c := &checker{pack: p, file: file, src: src}
	c.check()
	if err := c.findings.Err(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(src)
	p.digest = "sha256:" + hex.EncodeToString(sum[:])
	return p, nil
}

var (
	errReference = fault.New("UOMA-POL-REFERENCE", "the name leads nowhere in this pack", "define it, or correct the spelling")
	errTwice     = fault.New("UOMA-POL-TWICE", "the same thing is said twice", "keep one of the two")
	errRetention = fault.New("UOMA-POL-RETENTION", "the category has no retention entry", "add one: data without a period is not loaded")
	errDate      = fault.New("UOMA-POL-DATE", "the date or period is not usable", "write dates as YYYY-MM-DD and periods as P10Y, P6M, P90D or P0D")
	errCountry   = fault.New("UOMA-POL-COUNTRY", "the recipient's country is outside the area that the pack allows", "remove the disclosure, or widen the area with its clause")
	errColumn    = fault.New("UOMA-POL-COLUMN", "the column or table does not fit", "see the canonical tables in docs/reference")
	errConsent   = fault.New("UOMA-POL-CONSENT", "the purpose needs a consent that the pack does not ask for", "add an entry under consents")
)
