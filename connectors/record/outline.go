package record

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Outline is what a document consists of, by its names: for whoever must say where its records are. It holds no value.
// A format tells it what it meets; what is beyond its bounds is passed over.
type Outline struct {
	root  Part
	open  []*Part
	parts int
	full  bool // something was passed over
}

// Part is what stands under one name in one place of a document.
type Part struct {
	Name   string
	Times  int  // how often it came
	Value  bool // it had a value of its own
	Listed bool // it came in a list, or several times in one place
	Parts  []*Part

	space string // its namespace
	now   int    // how often it came in the place that is open
}

// Bounds of an outline: all its parts, and those beside each other.
const (
	maxParts  = 4096
	maxBeside = 512
)

// Enter begins a part and gives it, nil beyond the bounds. listed says that it is an element of a list.
func (o *Outline) Enter(name []byte, space string, listed bool) *Part {
	p := o.part(name, space)
	o.open = append(o.open, p)
	if p == nil {
		return nil
	}
	p.Times++
	p.now++
	p.Listed = p.Listed || listed || p.now > 1
	for _, c := range p.Parts {
		c.now = 0
	}
	return p
}

// part finds or makes the part of a name below the one that is open, nil where there are too many.
func (o *Outline) part(name []byte, space string) *Part {
	at := o.top()
	if at == nil {
		return nil
	}
	for _, c := range at.Parts {
		if c.Name == string(name) && c.space == space {
			return c
		}
	}
	if o.parts == maxParts || len(at.Parts) == maxBeside {
		o.full = true
		return nil
	}
	o.parts++
	p := &Part{Name: string(name), space: space}
	at.Parts = append(at.Parts, p)
	return p
}

func (o *Outline) top() *Part {
	if n := len(o.open); n > 0 {
		return o.open[n-1]
	}
	return &o.root
}

// Leave ends the part that was begun last.
func (o *Outline) Leave() { o.open = o.open[:len(o.open)-1] }

// Value notes that the part that is open has a value.
func (o *Outline) Value() {
	if p := o.top(); p != nil {
		p.Value = true
	}
}

// Root is the document; what it holds stands in its Parts.
func (o *Outline) Root() *Part { return &o.root }

// Place is a part, and the path that leads to it.
type Place struct {
	Path string
	*Part
}

// Records gives the places that look like those of records, the most numerous first: parts that come several times and
// hold others. What is within one of them is none.
func (o *Outline) Records() []Place {
	var out []Place
	o.root.walk("", func(at Place) bool {
		found := at.Listed && len(at.Parts) > 0
		if found {
			out = append(out, at)
		}
		return !found
	})
	slices.SortStableFunc(out, func(a, b Place) int { return b.Times - a.Times })
	return out
}

// Within goes through the places below a part, by the path from it, and descends where it is told to.
func (p *Part) Within(descend func(Place) bool) { p.walk("", descend) }

func (p *Part) walk(path string, descend func(Place) bool) {
	for _, c := range p.Parts {
		if below := (Place{under(path, c.Name), c}); descend(below) {
			c.walk(below.Path, descend)
		}
	}
}

// under is the path of a name below another. A document of JSON has no name.
func under(path, name string) string {
	name = strings.NewReplacer("~", tilde, "/", slash).Replace(name)
	if path == "" || name == "" {
		return path + name
	}
	return path + "/" + name
}

// shownPlaces is how many places a message names.
const shownPlaces = 8

// String names the places that could hold records, or what the document begins with, for messages.
func (o *Outline) String() string {
	places := o.Records()
	if len(places) == 0 {
		o.root.walk("", func(at Place) bool {
			places = append(places, at)
			return at.Path == "" || !strings.Contains(at.Path, "/")
		})
	}
	var names []string
	for _, at := range places {
		if len(names) == shownPlaces {
			names = append(names, "…")
			break
		}
		if at.Path == "" && !at.Listed || strings.ContainsFunc(at.Path, func(r rune) bool { return r <= ' ' || r == '@' }) || manyDigits(at.Path) || len(at.Path) > 200 {
			continue // a key that is a number or an address is somebody's
		}
		name := cmp.Or(at.Path, "a list of records and nothing around it")
		if at.space != "" {
			name += " of " + at.space
		}
		if at.Times > 1 && at.Path != "" {
			name += " (" + strconv.Itoa(at.Times) + " times)"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "it holds nothing that could be rows"
	}
	return "it has " + strings.Join(names, ", ")
}

// Somebodys tells of a name in a document that is more likely the number or the address of somebody, by which records are keyed,
// than what a value is called.
func Somebodys(name string) bool {
	return strings.ContainsRune(strings.TrimPrefix(name, "@"), '@') || manyDigits(name)
}

// manyDigits tells of a name that is more likely the number of somebody.
func manyDigits(s string) bool {
	n := 0
	for _, r := range s {
		if '0' <= r && r <= '9' {
			n++
		}
	}
	return n > 4
}
