package layout

import "cmp"

// Rest is how a feed's rows are asked of an HTTPS service that gives them in pages of JSON, or in one document of XML. The address and the credentials
// are the settings'.
type Rest struct {
	Path       string            `yaml:"path"`       // below the address of the settings
	Parameters map[string]string `yaml:"parameters"` // of every request
	Headers    map[string]string `yaml:"headers"`
	Body       map[string]any    `yaml:"body"`   // makes every request a POST of this JSON: GraphQL
	Answer     string            `yaml:"answer"` // json, xml
	Rows       string            `yaml:"rows"`   // where a page holds its records; the page is the list when absent
	Each       string            `yaml:"each"`   // path of the rows inside a record, as of a format; empty: it is one
	Errors     string            `yaml:"errors"` // where an answer that looks like a page tells of errors
	Rate       float64           `yaml:"rate"`   // most requests a second
	Paging     Paging            `yaml:"paging"`

	SkipWhenEmpty  []string `yaml:"skip-when-empty"`  // as of a format
	SkipWhenFilled []string `yaml:"skip-when-filled"` // as of a format
}

// Paging is how pages follow each other. Kind says which of the others there are.
type Paging struct {
	Kind      string `yaml:"kind"`      // none, next, link, cursor, page, offset
	Next      string `yaml:"next"`      // where a page holds the address or cursor of the next one
	More      string `yaml:"more"`      // where it says whether there is more
	Total     string `yaml:"total"`     // where it says how many records all pages have
	Parameter string `yaml:"parameter"` // that the cursor, number or offset is sent as
	Size      int    `yaml:"size"`      // rows asked for
	SizeAs    string `yaml:"size-as"`   // the parameter that asks for so many
	First     int    `yaml:"first"`     // number of the first page
}

// OData is how a feed's rows are asked of an OData v4 service: its columns are properties of an entity set.
type OData struct {
	Set     string  `yaml:"set"`
	Filter  string  `yaml:"filter"`  // of all rows when absent
	Size    int     `yaml:"size"`    // rows a page
	Count   bool    `yaml:"count"`   // ask how many rows there are, and compare
	Changes bool    `yaml:"changes"` // ask for what changed since the last night, where that is known
	Rate    float64 `yaml:"rate"`    // most requests a second
}

// tracked checks a feed of which changes are asked for: they name an entity by its key, and are of a whole set.
func (c *checker) tracked(f *Feed, under func(...string) []string) {
	switch o := f.OData; {
	case !o.Changes:
	case o.Filter != "" || o.Count:
		c.find(errChanges, "a set that is filtered or counted has no list of changes", under("odata", "changes")...)
	case len(f.Key) != 1 || len(f.Key[0]) != 1:
		c.find(errChanges, "the key of the feed is not the one column with the entity's own key", under("odata", "changes")...)
	}
}

// Where gives the path of a column in records that name their values.
func (c *Column) Where() string { return cmp.Or(c.Path, c.Name) }
