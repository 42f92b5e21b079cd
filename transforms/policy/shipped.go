package policy

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

//go:embed policy.schema.json
var schemaSource []byte

//go:embed packs/*.yaml
var shipped embed.FS

//go:embed examples/*.yaml
var shippedExamples embed.FS

// Schema gives the published JSON Schema (draft 2020-12) of a pack's document.
func Schema() []byte { return slices.Clone(schemaSource) }

// Shipped gives the document of a pack that comes with the program, by its id.
func Shipped(id string) ([]byte, bool) {
	src, err := shipped.ReadFile("packs/" + id + ".yaml")
	return src, err == nil
}

// ShippedPack gives a pack of [ShippedIDs]. It is read once, and nobody changes it.
func ShippedPack(id string) (*Pack, error) { return packs()[id]() }

var packs = sync.OnceValue(func() map[string]func() (*Pack, error) {
	readers := map[string]func() (*Pack, error){}
	for _, id := range ShippedIDs() {
		readers[id] = sync.OnceValues(func() (*Pack, error) {
			src, _ := Shipped(id) // it is of the list
			return Parse("policies/"+id+".yaml", src)
		})
	}
	return readers
})

// ShippedExamples gives the examples of a pack that comes with the program, by its id.
func ShippedExamples(id string) ([]byte, bool) {
	src, err := shippedExamples.ReadFile("examples/" + id + ".yaml")
	return src, err == nil
}

// ShippedIDs lists the packs that come with the program, in alphabetical order.
func ShippedIDs() []string {
	var ids []string
	entries, _ := shipped.ReadDir("packs") // the folder is part of the program
	for _, e := range entries {
		ids = append(ids, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return ids
}
