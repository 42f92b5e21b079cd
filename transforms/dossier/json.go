package dossier

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"slices"
)

//go:embed dossier.schema.json
var schemaSource []byte

// Schema gives the JSON Schema of what [JSON] writes.
func Schema() []byte { return slices.Clone(schemaSource) }

// JSON writes a dossier for machines.
func JSON(d *Dossier) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return b.Bytes(), err
}
