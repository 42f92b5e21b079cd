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
	errAsked     = fault.New("UOMA-POL-ASKED", "purpose and topic are longer than 64 characters together", "shorten one of them")
	errRetention = fault.New("UOMA-POL-RETENTION", "the category has no retention entry", "add one: data without a period is not loaded")
	errDate      = fault.New("UOMA-POL-DATE", "the date or period is not usable", "write dates as YYYY-MM-DD and periods as P10Y, P6M, P90D or P0D")
	errCountry   = fault.New("UOMA-POL-COUNTRY", "the recipient's country is outside the area that the pack allows", "remove the disclosure, or widen the area with its clause")
	errColumn    = fault.New("UOMA-POL-COLUMN", "the column or table does not fit", "see the canonical tables in docs/reference")
	errUnused    = fault.New("UOMA-POL-PURPOSE", "no purpose needs the category", "name it in a purpose, or take it out: data without a purpose is not held")
	errRule      = fault.New("UOMA-POL-RULE", "the cited rule is not among the pack's rules", "correct the citation, or add the rule with its section and what it says")
	errRefusal   = fault.New("UOMA-POL-REFUSAL", "a refusal names one kind of thing", "name purposes, recipients, bases, or sources and tables; write another refusal for the rest")
	errBasis     = fault.New("UOMA-POL-BASIS", "the notice refuses this legal basis", "let what rests on it rest on another basis, or leave it out")
	errSpecial   = fault.New("UOMA-POL-SPECIAL", "data that can reveal what GDPR 9 protects goes to nobody else", "take the category out of the disclosure")
	errSlots     = fault.New("UOMA-POL-SLOTS", "the pack asks for more than 32 consents", "join topics that are asked for together")
	errConsent   = fault.New("UOMA-POL-CONSENT", "the purpose needs a consent that the pack does not ask for", "add an entry under consents")
)
