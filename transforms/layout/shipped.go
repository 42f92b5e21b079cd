package layout

import (
	"cmp"
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed layout.schema.json
var schemaJSON []byte

//go:embed shipped
var shipped embed.FS

// Schema gives the published JSON Schema of layout files. The slice is the caller's own.
func Schema() []byte { return slices.Clone(schemaJSON) }

// Shipped gives the layouts that come with Uoma, by name of their files. Where several describe one system, each is that of
// another controller, and one may be named after the system alone. They are read once, and nobody changes one.
func Shipped() ([]*Layout, error) {
	all, err := shippedOnce()
	return slices.Clone(all), err
}

var shippedOnce = sync.OnceValues(readShipped)

func readShipped() ([]*Layout, error) {
	files, err := shipped.ReadDir("shipped")
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f fs.DirEntry) bool { return path.Ext(f.Name()) != ".yaml" })
	out, errs := make([]*Layout, len(files)), make([]error, len(files))
	var all sync.WaitGroup // side by side: whatever the program does waits for them
	for i, f := range files {
		all.Go(func() { out[i], errs[i] = readOne(f.Name()) })
	}
	all.Wait()
	return out, cmp.Or(errs...)
}

func readOne(file string) (*Layout, error) {
	src, err := ShippedSource(file)
	if err != nil {
		return nil, err
	}
	l, err := ParseWith(file, src, besideShipped)
	if err != nil {
		return nil, err
	}
	l.name = strings.TrimSuffix(file, ".yaml")
	return l, nil
}

func besideShipped(name string) ([]byte, error) { return shipped.ReadFile(path.Join("shipped", name)) }

// ShippedSource gives the text of a shipped layout's file, "peppi.yaml", for copying into a workspace.
func ShippedSource(file string) ([]byte, error) { return shipped.ReadFile(path.Join("shipped", file)) }

//go:embed templates
var templates embed.FS

// Templates gives the layouts that are for copying into a workspace: of services, whose systems nobody has unless the
// settings name them.
func Templates() (names []string) {
	files, _ := templates.ReadDir("templates") // it is embedded
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// TemplateSource gives the text of a template, "fs.yaml".
func TemplateSource(file string) ([]byte, error) {
	return templates.ReadFile(path.Join("templates", file))
}
